#include "gateway/core/crypto.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace trialgate::gateway;
using namespace std::string_literals;

TEST_CASE("SHA-256 gives the published digests") { // FIPS 180-2, appendix B
    CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sha256("a\0b"s) != sha256("a"));
}

TEST_CASE("HMAC with SHA-256 gives the values of RFC 4231") {
    struct row {
        std::string key, data, mac;
    };
    std::string counting;
    for (char c = 1; c <= 25; ++c)
        counting += c;
    const row rows[] = {
        {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {std::string(20, '\xaa'), std::string(50, '\xdd'), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {counting, std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {std::string(131, '\xaa'),
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by "
         "the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (const row& r : rows)
        CHECK(to_hex(hmac_sha256(r.key, r.data)) == r.mac);
    CHECK(hmac_sha256("", "").size() == 32);
    CHECK(hmac_sha256({}, "x") == hmac_sha256("", "x"));
}

TEST_CASE("Base64 and hexadecimal are those of RFC 4648") {
    const std::pair<const char*, const char*> rows[] = {{"", ""},           {"f", "Zg=="},         {"fo", "Zm8="},      {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : rows) {
        CHECK(to_base64(plain) == encoded);
        CHECK(from_base64(encoded) == plain);
        std::string bare = encoded;
        bare.erase(std::min(bare.find('='), bare.size()));
        CHECK(to_base64url(plain) == bare);
        CHECK(from_base64(bare) == plain);
    }
    CHECK(to_base64("\xfb\xff\xfe") == "+//+");
    CHECK(to_base64url("\xfb\xff\xfe") == "-__-");
    CHECK(from_base64("-__-") == "\xfb\xff\xfe");
    CHECK(from_base64("+//+") == "\xfb\xff\xfe");
    CHECK(to_hex("foobar") == "666f6f626172");
    CHECK(from_hex("666F6f626172") == "foobar");
    CHECK(from_hex("") == "");
    for (const char* bad : {"6", "6g", "0x66", "66 ", "6-"})
        CHECK_FALSE(from_hex(bad));
}

TEST_CASE("What is no base64 is refused, so that one value has one spelling") {
    for (const char* bad : {"A", "Zg=", "Zg===", "Zm8==", "Zm9v=", "=", "==", "Z=g=", "Zm 8=", "Zm8=\n", "Zm9vY", "Zh==", "Zm9=", "Zm\x80v"}) {
        CAPTURE(bad);
        CHECK_FALSE(from_base64(bad));
    }
}

TEST_CASE("All bytes survive base64 and hexadecimal") {
    std::string all;
    for (int i = 0; i < 256; ++i)
        all += static_cast<char>(i);
    for (std::size_t cut = 0; cut < 4; ++cut) {
        const std::string part = all.substr(cut);
        CHECK(from_base64(to_base64(part)) == part);
        CHECK(from_base64(to_base64url(part)) == part);
        CHECK(from_hex(to_hex(part)) == part);
    }
}

TEST_CASE("Secrets are the same only when every byte is") {
    const std::string secret = "s3cret\0tail"s;
    CHECK(same_secret(secret, std::string(secret)));
    CHECK(same_secret("", {}));
    for (std::size_t i = 0; i < secret.size(); ++i)
        for (const char flip : {'\x01', '\x80'}) {
            std::string other = secret;
            other[i] = static_cast<char>(other[i] ^ flip);
            CHECK_FALSE(same_secret(secret, other));
        }
    CHECK_FALSE(same_secret(secret, secret.substr(0, secret.size() - 1)));
    CHECK_FALSE(same_secret(secret, ""));
    CHECK_FALSE(same_secret(secret, "s3cret"));
}

TEST_CASE("Random tokens have the length asked for and do not repeat") {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string token = random_token(16);
        CHECK(from_base64(token).value().size() == 16);
        seen.insert(token);
    }
    CHECK(seen.size() == 1000);
    CHECK(random_token(0).empty());
}

TEST_CASE("What is sealed is read with its key alone, and only as it was written") {
    const std::string key = sha256("k"), text = "state\nnonce\0 and more"s;
    const std::string sealed = seal_text(key, text);
    CHECK(open_sealed(key, sealed) == text);
    CHECK(seal_text(key, text) != sealed); // another nonce each time
    CHECK(open_sealed(key, seal_text(key, "")) == "");
    CHECK_FALSE(open_sealed(sha256("other"), sealed));
    for (std::size_t n = 0; n < sealed.size(); ++n) {
        std::string other = sealed;
        other[n] = other[n] == 'A' ? 'B' : 'A';
        CHECK_FALSE(open_sealed(key, other));
    }
    for (const std::string& wrong : {""s, "AAAA"s, sealed.substr(0, sealed.size() - 4), sealed + "AAAA", "no base64!"s})
        CHECK_FALSE(open_sealed(key, wrong));
    CHECK_THROWS(seal_text("short", text));
}
