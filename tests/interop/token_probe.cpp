// Gets access tokens the way the gateway does, for tests/interop/smart.sh.
//
//   token_probe jwks KEY.pem...                     the key set to register with the server
//   token_probe ask BASE CLIENT SCOPE KEY.pem...    asks BASE/Patient/p1, has the token revoked (BASE/revoke), asks again
//
// Prints "OK" and exits with 0, or the error's sentence and 1. Warnings go to standard error.
#include "gateway/core/async.hpp"
#include "gateway/net/oauth.hpp"

#include <iostream>
#include <string_view>

using namespace trialgate::gateway;

namespace {

std::vector<std::shared_ptr<const signing_key>> keys_of(int argc, char** argv, int from) {
    std::vector<std::shared_ptr<const signing_key>> out;
    for (int i = from; i < argc; ++i)
        out.push_back(std::make_shared<const signing_key>(argv[i], ""));
    return out;
}

/// Empty when `path` was answered with `status`.
asio::awaitable<std::string> trouble_with(fhir_client& client, std::string path, int status) {
    fhir_request request;
    request.path = std::move(path);
    const net_result<fhir_answer> answer = co_await client.send(std::move(request));
    if (!answer)
        co_return std::string(to_code(answer.error().code)) + ": " + answer.error().text;
    co_return answer->status == status ? std::string() : "answered " + std::to_string(answer->status);
}

asio::awaitable<std::string> visit(fhir_client& client) {
    static constexpr std::pair<const char*, int> steps[] = {{"Patient/p1", 200}, {"revoke", 204}, {"Patient/p1", 200}};
    for (const auto& [path, status] : steps) {
        std::string trouble = co_await trouble_with(client, path, status);
        if (!trouble.empty())
            co_return trouble;
    }
    co_return std::string();
}

int ask(int argc, char** argv) {
    asio::io_context io{1}; // outlives all that has connections
    oauth_options options;
    options.fhir_base = argv[2];
    options.client_id = argv[3];
    options.scope = argv[4];
    options.keys = keys_of(argc, argv, 5);
    fhir_client_options server;
    server.base = argv[2];
    server.auth = make_oauth(options, system_clock(), [](std::string text) { std::cerr << "warning: " << text << "\n"; });
    const std::unique_ptr<fhir_client> client = make_fhir_client(server, system_clock());
    std::string trouble = "ended early";
    asio::co_spawn(io, visit(*client), [&](std::exception_ptr e, std::string text) {
        trouble = e ? "an exception" : std::move(text);
        io.stop();
    });
    io.run();
    std::cout << (trouble.empty() ? "OK" : trouble) << "\n";
    return trouble.empty() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    try {
        if (verb == "jwks" && argc > 2) {
            std::cout << jwks(keys_of(argc, argv, 2)) << "\n";
            return 0;
        }
        if (verb == "ask" && argc > 5)
            return ask(argc, argv);
    } catch (const std::exception& e) {
        std::cout << e.what() << "\n";
        return 1;
    }
    std::cerr << "usage: token_probe jwks KEY.pem... | token_probe ask BASE CLIENT SCOPE KEY.pem...\n";
    return 2;
}
