#include "tests/net/jwk_support.hpp"

#include "gateway/net/jwk.hpp"
#include "tests/support/shared.hpp"

#include <sstream>

using namespace trialgate::tests;

namespace {

std::string set_of(const signing_key& key) { return R"({"keys":[)" + key.public_jwk() + "]}"; }

std::string text_of(const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
}

std::string trouble_with(const std::string& file) {
    try {
        signing_key key(file, "");
    } catch (const std::runtime_error& e) {
        return e.what();
    }
    return {};
}

} // namespace

TEST_CASE("A JWT of either algorithm verifies with the published key, and with no other") {
    const key_folder folder;
    const std::pair<key_handle, const char*> rows[] = {{new_ec_key(), "ES384"}, {new_rsa_key(), "RS384"}};
    for (const auto& [pair, algorithm] : rows) {
        const signing_key key(folder.write("key.pem", pair), "k1");
        CHECK(key.algorithm() == algorithm);
        CHECK(key.kid() == "k1");
        const std::string jwt = key.jwt(R"({"iss":"trialgate"})");
        const read_jwt parts = split_jwt(jwt);
        CHECK(parts.header == R"({"alg":")" + std::string(algorithm) + R"(","kid":"k1","typ":"JWT"})");
        CHECK(parts.claims == R"({"iss":"trialgate"})");
        CHECK(parts.signature.size() == (std::string_view(algorithm) == "ES384" ? 96 : 256));
        CHECK(verifies(jwt, set_of(key)));
        std::string forged = jwt;
        forged[forged.find('.') + 3] ^= 1;
        CHECK_FALSE(verifies(forged, set_of(key)));
        const signing_key other(folder.write("other.pem", algorithm == std::string_view("ES384") ? new_ec_key() : new_rsa_key()), "k1");
        CHECK_FALSE(verifies(jwt, set_of(other)));
    }
}

TEST_CASE("An ES384 signature is 96 bytes also when its numbers begin with zeros") {
    const key_folder folder;
    const signing_key key(folder.write("key.pem", new_ec_key()), "");
    int short_numbers = 0;
    for (int i = 0; i < 2000 && short_numbers < 3; ++i) { // each half begins with a zero byte once in 256
        const std::string jwt = key.jwt(std::to_string(i));
        const std::string signature = split_jwt(jwt).signature;
        REQUIRE(signature.size() == 96);
        if (signature[0] == 0 || signature[48] == 0) {
            ++short_numbers;
            CHECK(verifies(jwt, set_of(key)));
        }
    }
    CHECK(short_numbers > 0);
}

TEST_CASE("The published key has the members of its type and never a private one") {
    const key_folder folder;
    json::parser parser;
    const signing_key ec(folder.write("ec.pem", new_ec_key()), "");
    json::value jwk = parser.parse_copy(ec.public_jwk()).value();
    CHECK(jwk["kty"].text() == "EC");
    CHECK(jwk["crv"].text() == "P-384");
    CHECK(jwk["alg"].text() == "ES384");
    CHECK(jwk["use"].text() == "sig");
    CHECK(jwk["key_ops"][0].text() == "verify");
    CHECK(jwk["kid"].text() == ec.kid());
    CHECK(from_base64(jwk["x"].text()).value().size() == 48);
    CHECK(from_base64(jwk["y"].text()).value().size() == 48);
    CHECK(jwk.size() == 8);

    const signing_key rsa(folder.write("rsa.pem", new_rsa_key()), "key \"2\"");
    jwk = parser.parse_copy(rsa.public_jwk()).value();
    CHECK(jwk["kty"].text() == "RSA");
    CHECK(jwk["alg"].text() == "RS384");
    CHECK(jwk["e"].text() == "AQAB");
    CHECK(from_base64(jwk["n"].text()).value().size() == 256);
    CHECK(jwk["kid"].text() == "key \"2\"");
    CHECK(jwk.size() == 7);
    for (const char* secret : {"d", "p", "q", "dp", "dq", "qi"})
        CHECK_FALSE(jwk[secret]);
}

TEST_CASE("A key set holds all keys in their order") {
    const key_folder folder;
    const auto first = folder.key("a.pem", new_ec_key(), "a"), second = folder.key("b.pem", new_rsa_key(), "b");
    CHECK(jwks({first, second}) == R"({"keys":[)" + first->public_jwk() + "," + second->public_jwk() + "]}");
    CHECK(jwks({}) == R"({"keys":[]})");
    CHECK(verifies(second->jwt("{}"), jwks({first, second})));
}

TEST_CASE("A key set URL stands in the header when there is one") {
    const key_folder folder;
    const signing_key key(folder.write("key.pem", new_ec_key()), "k");
    CHECK(split_jwt(key.jwt("{}", "https://gw.example.org/.well-known/jwks.json")).header ==
          R"({"alg":"ES384","kid":"k","typ":"JWT","jku":"https://gw.example.org/.well-known/jwks.json"})");
}

TEST_CASE("The thumbprint is that of RFC 7638") {
    CHECK(jwk_thumbprint({{"kty", "RSA"},
                          {"e", "AQAB"},
                          {"n", "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
                                "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
                                "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
                                "kEgU8awapJzKnqDKgw"}}) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    const key_folder folder;
    const signing_key key(folder.write("key.pem", new_ec_key()), "");
    json::parser parser;
    const json::value jwk = parser.parse_copy(key.public_jwk()).value();
    const std::string text = R"({"crv":"P-384","kty":"EC","x":")" + std::string(jwk["x"].text()) + R"(","y":")" + std::string(jwk["y"].text()) + "\"}";
    CHECK(key.kid() == to_base64url(sha256(text)));
}

TEST_CASE("A key can be moved") {
    const key_folder folder;
    signing_key key(folder.write("key.pem", new_ec_key()), "k");
    const signing_key moved(std::move(key));
    CHECK(moved.kid() == "k");
    CHECK(verifies(moved.jwt("{}"), set_of(moved)));
}

TEST_CASE("A file that is no usable key is named, with the reason") {
    const key_folder folder;
    const std::string absent = folder.file("absent.pem");
    CHECK(trouble_with(absent) == absent + ": cannot be read");
    const std::string nothing = folder.write("nothing.pem", "no key");
    CHECK(trouble_with(nothing) == nothing + ": holds no private key in PEM form, or one with a passphrase");
    const std::string locked = folder.write("locked.pem", new_ec_key(), "passphrase");
    CHECK(trouble_with(locked) == locked + ": holds no private key in PEM form, or one with a passphrase");
    const std::string curve = folder.write("p256.pem", new_ec_key("P-256"));
    CHECK(trouble_with(curve) == curve + ": neither an EC key on P-384 nor an RSA key");
    const std::string edwards = folder.write("ed.pem", owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")));
    CHECK(trouble_with(edwards) == edwards + ": neither an EC key on P-384 nor an RSA key");
    const std::string small = folder.write("small.pem", new_rsa_key(1024));
    CHECK(trouble_with(small) == small + ": an RSA key must have 2048 bits or more");
}

TEST_CASE("The published example keys of SMART sign and verify") {
    const auto shared = shared_folder("example keys of SMART");
    if (!shared)
        return;
    const key_folder folder;
    for (const char* algorithm : {"ES384", "RS384"}) {
        const std::filesystem::path with_d = *shared / "data/smart" / (std::string(algorithm) + ".private.json");
        const std::filesystem::path without_d = *shared / "data/smart" / (std::string(algorithm) + ".public.json");
        if (!std::filesystem::exists(with_d) || !std::filesystem::exists(without_d)) {
            std::cerr << "skipped: example key of SMART for " << algorithm << "\n";
            continue;
        }
        json::parser parser;
        const json::value secret = parser.parse_copy(text_of(with_d)).value()["keys"][1];
        REQUIRE(secret["d"].is_string());
        const auto key = folder.key("key.pem", key_of_jwk(secret), std::string(secret["kid"].text()));
        CHECK(key->algorithm() == algorithm);
        CHECK(verifies(key->jwt(R"({"iss":"x"})"), text_of(without_d)));
        json::parser ours_parser, theirs_parser;
        const json::value ours = ours_parser.parse_copy(key->public_jwk()).value();
        const json::value theirs = theirs_parser.parse_copy(text_of(without_d)).value()["keys"][0];
        for (const char* member : {"kty", "crv", "x", "y", "n", "e", "alg", "kid"})
            CHECK(ours[member].text() == theirs[member].text());
    }
}
