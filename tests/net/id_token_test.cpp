// ID tokens: what is genuine is taken, and every single thing that may be wrong with one is refused.
#include "gateway/net/id_token.hpp"
#include "jwk_support.hpp"

using namespace trialgate::tests;

namespace {

constexpr std::int64_t now = 1'773'561'600;
const id_token_rules rules{"https://login.example.org/", "trialgate", "the-nonce", now};

std::string number_of(const key_handle& key, const char* name) {
    BIGNUM* n = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key.get(), name, &n) == 1);
    std::string out(static_cast<std::size_t>(BN_num_bytes(n)), '\0');
    BN_bn2bin(n, reinterpret_cast<unsigned char*>(out.data()));
    BN_free(n);
    if (std::string_view(name) == OSSL_PKEY_PARAM_EC_PUB_X || std::string_view(name) == OSSL_PKEY_PARAM_EC_PUB_Y)
        out.insert(0, 32 - out.size(), '\0');
    return to_base64url(out);
}

std::string jwk(const key_handle& key, const std::string& more = "") {
    if (EVP_PKEY_is_a(key.get(), "RSA"))
        return R"({"kty":"RSA","n":")" + number_of(key, OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" + number_of(key, OSSL_PKEY_PARAM_RSA_E) + "\"" + more + "}";
    return R"({"kty":"EC","crv":"P-256","x":")" + number_of(key, OSSL_PKEY_PARAM_EC_PUB_X) + R"(","y":")" + number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y) + "\"" +
           more + "}";
}

std::string set_of(const std::string& keys) { return R"({"keys":[)" + keys + "]}"; }

std::string signature_of(const key_handle& key, const std::string& algorithm, const std::string& data) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* options = nullptr;
    REQUIRE(EVP_DigestSignInit(context, &options, EVP_sha256(), nullptr, key.get()) == 1);
    if (algorithm == "PS256") {
        REQUIRE(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
        REQUIRE(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
    REQUIRE(EVP_DigestSign(context, nullptr, &size, bytes, data.size()) == 1);
    std::string out(size, '\0');
    REQUIRE(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes, data.size()) == 1);
    out.resize(size);
    EVP_MD_CTX_free(context);
    if (!EVP_PKEY_is_a(key.get(), "EC"))
        return out;
    const auto* at = reinterpret_cast<const unsigned char*>(out.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(out.size()));
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    ECDSA_SIG_free(pair);
    return raw;
}

std::string token(const key_handle& key, const std::string& algorithm, const std::string& claims, const std::string& more = "") {
    const std::string data = to_base64url(R"({"alg":")" + algorithm + "\"" + more + "}") + '.' + to_base64url(claims);
    return data + '.' + to_base64url(signature_of(key, algorithm, data));
}

/// `change` replaces a member; an empty text takes it out.
std::string claims(std::map<std::string, std::string> change = {}) {
    std::map<std::string, std::string> all{{"iss", R"("https://login.example.org")"}, {"aud", R"("trialgate")"}, {"nonce", R"("the-nonce")"},
                                           {"sub", R"("eve")"}, {"exp", std::to_string(now + 300)}, {"iat", std::to_string(now)}};
    for (auto& [name, value] : change)
        all[name] = value;
    std::string out;
    for (const auto& [name, value] : all)
        if (!value.empty())
            out += (out.empty() ? "{\"" : ",\"") + name + "\":" + value;
    return out + '}';
}

const key_handle& rsa() {
    static const key_handle once = new_rsa_key();
    return once;
}
const key_handle& ec() {
    static const key_handle once = new_ec_key("P-256");
    return once;
}

std::string fault(const std::map<std::string, std::string>& change) {
    return check_id_token(token(ec(), "ES256", claims(change)), set_of(jwk(ec())), rules).fault;
}

} // namespace

TEST_CASE("ID tokens by RS256, PS256 and ES256 are taken, by the key that fits") {
    const std::string keys = set_of(jwk(new_rsa_key(), R"(,"kid":"old")") + ',' + jwk(rsa(), R"(,"kid":"r","use":"sig")") + ',' + jwk(ec(), R"(,"kid":"e","alg":"ES256")"));
    for (const auto& [key, algorithm, kid] : {std::tuple{rsa(), "RS256", "r"}, {rsa(), "PS256", "r"}, {ec(), "ES256", "e"}}) {
        const auto with_kid = check_id_token(token(key, algorithm, claims(), R"(,"kid":")" + std::string(kid) + '"'), keys, rules);
        CHECK(with_kid.fault == "");
        CHECK(with_kid.claims == claims());
        CHECK(check_id_token(token(key, algorithm, claims()), keys, rules).ok());
    }
}

TEST_CASE("An ID token without a genuine signature is refused") {
    const std::string keys = set_of(jwk(rsa(), R"(,"kid":"r")") + ',' + jwk(ec(), R"(,"kid":"e")")), good = token(rsa(), "RS256", claims());
    const auto refused = [&](const std::string& text) {
        const auto outcome = check_id_token(text, keys, rules);
        CHECK(outcome.claims == "");
        return outcome.fault;
    };
    CHECK(refused(token(new_rsa_key(), "RS256", claims())) == "the signature of the ID token is wrong");
    CHECK(refused(good.substr(0, good.find('.')) + '.' + to_base64url(claims({{"sub", R"("adm")"}})) + good.substr(good.rfind('.'))) ==
          "the signature of the ID token is wrong");
    const std::string none = to_base64url(R"({"alg":"none"})") + '.' + to_base64url(claims()) + '.';
    CHECK(refused(none) == "the ID token is not signed by RS256, PS256 or ES256");
    CHECK(refused(to_base64url(R"({"alg":"HS256"})") + '.' + to_base64url(claims()) + '.' + to_base64url(hmac_sha256(jwk(rsa()), "x"))) ==
          "the ID token is not signed by RS256, PS256 or ES256");
    CHECK(refused(token(rsa(), "RS256", claims(), R"(,"crit":["b64"])")) == "the ID token asks for what is not known here");
    CHECK(refused(good.substr(0, good.rfind('.') + 1)) == "the signature of the ID token is wrong");
    for (const std::string& text : {std::string(), std::string("."), std::string("a.b"), std::string("a.b.c.d"), good + ".x", "!" + good, std::string(40'000, 'a')})
        CHECK(refused(text) == "the ID token is no signed token");
    const std::string weak = set_of(jwk(new_rsa_key(1024)));
    CHECK(check_id_token(good, weak, rules).other_key);
}

TEST_CASE("A key that is not in the set asks for the set again") {
    const auto outcome = check_id_token(token(ec(), "ES256", claims(), R"(,"kid":"new")"), set_of(jwk(ec(), R"(,"kid":"old")")), rules);
    CHECK(outcome.other_key);
    CHECK(outcome.fault == "no key of the issuer fits the ID token");
    CHECK(check_id_token(token(ec(), "ES256", claims()), set_of(jwk(ec(), R"(,"use":"enc")")), rules).other_key);
    CHECK(check_id_token(token(ec(), "ES256", claims()), "no JSON", rules).other_key);
    CHECK(check_id_token(token(new_ec_key("P-256"), "ES256", claims()), set_of(jwk(ec())), rules).other_key); // the name of a key says nothing of it
}

TEST_CASE("An ID token is for us, of this login and of now") {
    CHECK(fault({}) == "");
    CHECK(fault({{"iss", R"("https://evil.example.org")"}}) == "the ID token is of another issuer");
    CHECK(fault({{"iss", ""}}) == "the ID token is of another issuer");
    CHECK(fault({{"aud", R"("another")"}}) == "the ID token is for another client");
    CHECK(fault({{"aud", R"(["another"])"}}) == "the ID token is for another client");
    CHECK(fault({{"aud", ""}}) == "the ID token is for another client");
    CHECK(fault({{"aud", R"(["trialgate"])"}}) == "");
    CHECK(fault({{"aud", R"(["trialgate", "another"])"}}) == "the ID token was issued to another client");
    CHECK(fault({{"aud", R"(["trialgate", "another"])"}, {"azp", R"("trialgate")"}}) == "");
    CHECK(fault({{"azp", R"("another")"}}) == "the ID token was issued to another client");
    CHECK(fault({{"nonce", R"("another")"}}) == "the ID token is of another login");
    CHECK(fault({{"nonce", ""}}) == "the ID token is of another login");
    CHECK(fault({{"exp", std::to_string(now - 59)}}) == "");
    CHECK(fault({{"exp", std::to_string(now - 60)}}) == "the ID token has expired");
    CHECK(fault({{"exp", ""}}) == "the ID token has expired");
    CHECK(fault({{"exp", R"("9999999999")"}}) == "the ID token has expired");
    CHECK(fault({{"iat", std::to_string(now + 60)}}) == "");
    CHECK(fault({{"iat", std::to_string(now + 61)}}) == "the ID token is of the future");
    CHECK(fault({{"nbf", std::to_string(now + 61)}}) == "the ID token is of the future");
    CHECK(fault({{"sub", ""}}) == "the ID token names nobody");
    CHECK(fault({{"sub", R"("")"}}) == "the ID token names nobody");
    id_token_rules without = rules;
    without.nonce.clear();
    CHECK(check_id_token(token(ec(), "ES256", claims({{"nonce", R"("")"}})), set_of(jwk(ec())), without).fault == "the ID token is of another login");
}
