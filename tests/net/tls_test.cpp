#include "net_support.hpp"
#include "tests/support/source_folder.hpp"

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <iostream>

using namespace trialgate::tests;
using Catch::Matchers::Contains;

namespace {

/// Answers with the subject of the client's certificate.
asio::awaitable<http_response> who(http_request request) {
    http_response out;
    out.body = request.client_certificate.empty() ? "nobody" : request.client_certificate;
    co_return out;
}

std::string https(const http_server& server, const std::string& host = "localhost") {
    return "https://" + host + ':' + std::to_string(server.port()) + '/';
}

std::unique_ptr<http_server> secure_server(asio::io_context& io, std::shared_ptr<tls_context> context) {
    http_server_options options;
    options.tls = std::move(context);
    return listen(io.get_executor(), options, who);
}

net_result<http_response> ask(asio::io_context& io, const std::string& url, const tls_files& files) {
    std::optional<net_result<http_response>> out;
    const auto talk = [&]() -> asio::awaitable<void> {
        http_client_options options;
        options.tls = tls(tls_context::role::client, files);
        const auto client = make_http_client(options);
        out.emplace(co_await client->send(get(url), patience));
    };
    run(io, talk());
    return std::move(*out);
}

/// The highest version of TLS that a client offers and whether the server took it.
bool accepts(asio::io_context& io, const http_server& server, int version) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_cipher_list(context.native_handle(), "ALL:@SECLEVEL=0"); // so that it is not the client that refuses
    SSL_CTX_set_min_proto_version(context.native_handle(), version);
    SSL_CTX_set_max_proto_version(context.native_handle(), version);
    bool accepted = false;
    const auto talk = [&]() -> asio::awaitable<void> {
        asio::ssl::stream<tcp::socket> stream(io, context);
        const tcp::endpoint to(asio::ip::address_v4::loopback(), server.port());
        co_await stream.next_layer().async_connect(to, asio::use_awaitable);
        error_code ec;
        co_await stream.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, ec));
        accepted = !ec;
    };
    run(io, talk());
    return accepted;
}

} // namespace

TEST_CASE("A server with a certificate of the trusted CA is believed by name and by address") {
    const certificates& certs = any_certificates();
    asio::io_context io;
    const auto server = secure_server(io, tls(tls_context::role::server, certs.server()));
    CHECK(value_of(ask(io, https(*server), certs.client())).body == "nobody");
    CHECK(value_of(ask(io, https(*server, "127.0.0.1"), certs.client())).body == "nobody");
}

TEST_CASE("IPv6 literals are asked and verified") {
    const certificates& certs = any_certificates();
    asio::io_context io;
    http_server_options options;
    options.address = "[::1]:0";
    options.tls = tls(tls_context::role::server, certs.server());
    std::unique_ptr<http_server> server;
    try {
        server = listen(io.get_executor(), options, who);
    } catch (const std::runtime_error& e) {
        std::cerr << "skipped: IPv6 (" << e.what() << ")\n";
        return;
    }
    CHECK(value_of(ask(io, https(*server, "[::1]"), certs.client())).status == 200);
}

TEST_CASE("A certificate that is not right is refused before anything is sent") {
    const certificates& certs = any_certificates();
    const certificates others;
    asio::io_context io;
    tls_files own = certs.server(), trust = certs.client();
    std::string reason;
    SECTION("of another CA") {
        trust = others.client();
        reason = "issuer certificate";
    }
    SECTION("of no CA of the system") {
        trust.ca.clear();
        reason = "issuer certificate";
    }
    SECTION("for another name") {
        own = certs.server("other.example");
        reason = "ostname mismatch";
    }
    SECTION("expired") {
        others.make_expired("localhost");
        own = others.server();
        trust = others.client();
        reason = "expired";
    }
    const auto server = secure_server(io, tls(tls_context::role::server, own));
    const net_error e = error_of(ask(io, https(*server), trust));
    CHECK(e.code == net_errc::tls);
    CHECK_FALSE(e.maybe_sent);
    CHECK_THAT(e.text, Contains(reason) && Contains("localhost:"));
    CHECK(server->counted().requests == 0);
}

TEST_CASE("A name of a certificate does not vouch for an address") {
    const certificates& certs = any_certificates();
    asio::io_context io;
    const auto server = secure_server(io, tls(tls_context::role::server, certs.server("other.example")));
    const net_error e = error_of(ask(io, https(*server, "127.0.0.1"), certs.client()));
    CHECK(e.code == net_errc::tls);
    CHECK_THAT(e.text, Contains("IP address mismatch"));
}

TEST_CASE("TLS older than 1.2 is refused") {
    const certificates& certs = any_certificates();
    asio::io_context io;
    const auto server = secure_server(io, tls(tls_context::role::server, certs.server()));
    CHECK_FALSE(accepts(io, *server, TLS1_VERSION));
    CHECK_FALSE(accepts(io, *server, TLS1_1_VERSION));
    CHECK(server->counted().tls_failures == 2);
    CHECK(accepts(io, *server, TLS1_2_VERSION));
    CHECK(accepts(io, *server, TLS1_3_VERSION));
}

TEST_CASE("A client that does not shake hands is cut off") {
    const certificates& certs = any_certificates();
    asio::io_context io;
    http_server_options options;
    options.tls = tls(tls_context::role::server, certs.server());
    options.header_timeout = milliseconds(30);
    const auto server = listen(io.get_executor(), options, who);
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end end(io.get_executor());
        co_await end.connect(server->port());
        const std::string heard = co_await end.hear_all();
        CHECK(heard.empty());
    };
    run(io, talk());
    CHECK(server->counted().timeouts == 1);
}

TEST_CASE("Mutual TLS: the client's certificate is required, or welcome, and its subject known") {
    const certificates& certs = any_certificates();
    static const certificates others;
    asio::io_context io;
    tls_files strict = certs.server();
    strict.ca = certs.file("ca.pem");
    strict.require_client_certificate = GENERATE(true, false);
    const auto server = secure_server(io, tls(tls_context::role::server, strict));
    tls_files known = certs.client();
    known.certificate = certs.file("client.pem");
    known.key = certs.file("client.key");
    CHECK_THAT(value_of(ask(io, https(*server), known)).body, Contains("CN=client"));
    tls_files stranger = certs.client();
    stranger.certificate = others.file("client.pem");
    stranger.key = others.file("client.key");
    CHECK(error_of(ask(io, https(*server), stranger)).code == net_errc::tls);
    const auto nobody = ask(io, https(*server), certs.client());
    if (strict.require_client_certificate)
        CHECK(error_of(nobody).code == net_errc::tls);
    else
        CHECK(value_of(nobody).body == "nobody");
}

TEST_CASE("Renewed certificates are used by new connections, while old connections go on") {
    const certificates certs;
    asio::io_context io;
    const auto context = tls(tls_context::role::server, certs.server());
    const auto server = secure_server(io, context);
    const auto first = context->expires();
    CHECK(first > 0);
    const auto talk = [&]() -> asio::awaitable<void> {
        http_client_options options;
        options.tls = tls(tls_context::role::client, certs.client());
        const auto client = make_http_client(options);
        auto before = co_await client->send(get(https(*server)), patience);
        CHECK(value_of(std::move(before)).status == 200);
        certs.make("--new-ca --days 10");
        CHECK(context->reload().empty());
        CHECK(context->expires() < first);
        auto kept = co_await client->send(get(https(*server)), patience);
        CHECK(value_of(std::move(kept)).status == 200);
    };
    run(io, talk());
    CHECK(server->counted().connections == 1);
    CHECK(value_of(ask(io, https(*server), certs.client())).status == 200); // trusts the new CA only
}

TEST_CASE("A renewal that cannot be used keeps what was there and says why") {
    const certificates certs;
    asio::io_context io;
    const auto context = tls(tls_context::role::server, certs.server());
    std::vector<std::string> told;
    context->on_renewal([&](const std::string& problem) { told.push_back(problem); });
    const auto server = secure_server(io, context);
    const auto expires = context->expires();
    certs.write("localhost.pem", "half a cert");
    CHECK_THAT(context->reload(), Contains("localhost.pem"));
    REQUIRE(told.size() == 1);
    CHECK_THAT(told[0], Contains("localhost.pem"));
    CHECK_THAT(context->problem(), Contains("localhost.pem"));
    CHECK(context->expires() == expires);
    CHECK(value_of(ask(io, https(*server), certs.client())).status == 200);
    certs.make("localhost");
    CHECK(context->reload().empty());
    CHECK(context->problem().empty());
    CHECK(told.back().empty());
}

TEST_CASE("Files that cannot be used are named with the reason") {
    const certificates certs;
    const auto use = [&](tls_files files) { tls_context(tls_context::role::server, std::move(files)); };
    tls_files files = certs.server();
    SECTION("missing") {
        files.certificate = certs.file("none.pem");
        CHECK_THROWS_WITH(use(files), Contains("none.pem") && Contains("No such file"));
    }
    SECTION("key of another certificate") {
        files.key = certs.file("client.key");
        CHECK_THROWS_WITH(use(files), Contains("client.key") && Contains("does not belong") && Contains("localhost.pem"));
    }
    SECTION("encrypted key") {
        REQUIRE(shell("openssl pkey -in '" + files.key + "' -aes256 -passout pass:secret -out '" + certs.file("locked.key") + "'"));
        files.key = certs.file("locked.key");
        CHECK_THROWS_WITH(use(files), Contains("locked.key") && Contains("encrypted"));
    }
    SECTION("no PEM") {
        certs.write("empty.pem", "");
        files.certificate = certs.file("empty.pem");
        CHECK_THROWS_WITH(use(files), Contains("empty.pem") && Contains("PEM"));
    }
    SECTION("key where a certificate should be") {
        files.certificate = files.key;
        CHECK_THROWS_WITH(use(files), Contains("localhost.key"));
    }
    SECTION("CA") {
        files.ca = certs.file("client.key");
        CHECK_THROWS_WITH(use(files), Contains("CA file") && Contains("client.key"));
    }
    SECTION("no key") {
        files.key.clear();
        CHECK_THROWS_WITH(use(files), Contains("no key"));
    }
    SECTION("client certificates required without a CA") {
        files.require_client_certificate = true;
        CHECK_THROWS_WITH(use(files), Contains("CA file"));
    }
    SECTION("nothing at all") { CHECK_THROWS_WITH(use({}), Contains("certificate")); }
}

TEST_CASE("certs/make.sh keeps the CA, renews leaf certificates and keeps keys private") {
    const certificates certs;
    const auto text = [&](const std::string& name) {
        std::ifstream in(certs.file(name));
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const std::string ca = text("ca.pem"), leaf = text("localhost.pem");
    certs.make("localhost");
    CHECK(text("ca.pem") == ca);
    CHECK(text("localhost.pem") != leaf);
    certs.make("--new-ca");
    CHECK(text("ca.pem") != ca);
    for (const char* name : {"ca.key", "localhost.key", "client.key"})
        CHECK(std::filesystem::status(certs.file(name)).permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    std::filesystem::remove(certs.file("ca.key"));
    const std::string again = trialgate::test::source_folder() + "/certs/make.sh --to '" + certs.path().string() + "'";
    CHECK_FALSE(shell(again));
    CHECK_FALSE(shell(again + " --new-ca --days 826"));
    CHECK_FALSE(shell(again + " --new-ca ../evil"));
    CHECK_FALSE(shell(again + " --new-ca 'x=a\nb'"));
}

TEST_CASE("certs/make-signing-key.sh makes keys for both algorithms and overwrites none") {
    const temporary_folder folder;
    const std::string make = trialgate::test::source_folder() + "/certs/make-signing-key.sh --to '" + folder.path().string() + "'";
    REQUIRE(shell(make + " ec"));
    REQUIRE(shell(make + " --rsa rsa"));
    CHECK(shell("openssl pkey -in '" + folder.file("ec.key") + "' -noout -text | grep -q secp384r1"));
    CHECK(shell("openssl pkey -in '" + folder.file("rsa.key") + "' -noout -text | grep -q '3072 bit'"));
    CHECK(std::filesystem::status(folder.file("ec.key")).permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK_FALSE(shell(make + " ec"));
}
