// The routes of the API and gateway/page/openapi.json say the same; tests/scenario/test_page_api.py holds the answers of the real program against it.
#include "gateway/core/library.hpp"
#include "gateway/page/api.hpp"
#include "tests/support/source_folder.hpp"

#include "fhir/json.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

std::string_view word(permission p) {
    switch (p) {
    case permission::any: return "any";
    case permission::view_people: return "view_people";
    case permission::judge: return "judge";
    case permission::confirm: return "confirm";
    case permission::reveal: return "reveal";
    case permission::view_operations: return "view_operations";
    case permission::operate: return "operate";
    case permission::view_audit: return "view_audit";
    }
    return "";
}

std::vector<api_route> every_route() {
    std::vector<api_route> out;
    for (auto part : {worklist_routes, patient_routes, judgement_routes, followup_routes, operations_routes, audit_routes})
        for (api_route& r : part())
            out.push_back(std::move(r));
    return out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// Those in braces, of a pattern.
std::set<std::string> parameters_of(std::string_view pattern) {
    std::set<std::string> out;
    for (auto at = pattern.find('{'); at != pattern.npos; at = pattern.find('{', at + 1))
        out.emplace(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
    return out;
}

} // namespace

TEST_CASE("openapi: every route is described, with the permission that it needs, and nothing else is") {
    const std::string text = read_file(test::source_folder() + "/gateway/page/openapi.json").value_or("");
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(text);
    REQUIRE(tree.has_value());
    std::set<std::string> routes;
    for (const api_route& r : every_route()) {
        INFO(r.method << ' ' << r.pattern);
        routes.insert(lower(r.method) + ' ' + std::string(r.pattern));
        const auto described = (*tree)["paths"][r.pattern][lower(r.method)];
        REQUIRE(described.is_object());
        CHECK(described["x-permission"].text() == word(r.needs));
        for (const char* anybody : {"401", "403", "421"})
            CHECK(described["responses"][anybody].is_object());
        std::set<std::string> parameters;
        for (const fhir::json::value& p : described["parameters"].elements())
            if (p["in"].text() == "path")
                parameters.emplace(p["name"].text());
        CHECK(parameters == parameters_of(r.pattern));
    }
    // What the listener answers by itself, before any route.
    const std::set<std::string> own{"get /api/v1/openapi.json", "get /api/v1/session", "delete /api/v1/session", "post /api/v1/session/local", "get /api/v1/events",
                                    "get /login/oidc", "get /login/oidc/callback"};
    for (const fhir::json::member& path : (*tree)["paths"].members())
        for (const fhir::json::member& method : path.content.members()) {
            const std::string name = std::string(method.name) + ' ' + std::string(path.name);
            INFO(name);
            CHECK(routes.contains(name) != own.contains(name));
        }
}

TEST_CASE("openapi: no pattern of a route hides another") {
    std::set<std::string> seen;
    for (const api_route& r : every_route()) {
        std::string shape(r.method);
        bool inside = false;
        for (const char c : r.pattern) {
            inside = c == '{' || (inside && c != '}');
            if (!inside)
                shape += c;
        }
        INFO(shape);
        CHECK(seen.insert(shape).second);
    }
}
