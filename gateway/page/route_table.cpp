#include "gateway/page/route_table.hpp"

#include "fhir/search.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto end = text.find(at);
        out.push_back(text.substr(0, end));
        if (end == text.npos)
            return out;
        text.remove_prefix(end + 1);
    }
}

bool is_parameter(std::string_view segment) noexcept { return segment.size() > 2 && segment.front() == '{' && segment.back() == '}'; }

bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path) {
    return pattern.size() == path.size() && std::equal(pattern.begin(), pattern.end(), path.begin(), [](std::string_view want, std::string_view have) {
               return is_parameter(want) ? !have.empty() : want == have;
           });
}

} // namespace

request_target::request_target(std::string_view target) {
    target = target.substr(0, target.find('#'));
    const auto question = target.find('?');
    path = target.substr(0, question);
    if (question == target.npos || question + 1 == target.size())
        return;
    for (const std::string_view one : split(target.substr(question + 1), '&')) {
        const auto equals = one.find('=');
        query.emplace(fhir::percent_decode(one.substr(0, equals), true),
                      equals == one.npos ? std::string() : fhir::percent_decode(one.substr(equals + 1), true));
    }
}

route_table::route_table(std::vector<api_route> routes) : routes_(std::move(routes)) {
    for (const api_route& r : routes_)
        segments_.push_back(split(r.pattern, '/'));
}

route_table::found route_table::find(std::string_view method, std::string_view path) const {
    if (method == "HEAD")
        method = "GET";
    found out;
    const auto asked = split(path, '/');
    for (std::size_t n = 0; n < routes_.size(); ++n) {
        if (!fits(segments_[n], asked))
            continue;
        if (routes_[n].method != method) {
            if (out.allow.find(routes_[n].method) == std::string::npos)
                out.allow += (out.allow.empty() ? "" : ", ") + std::string(routes_[n].method) + (routes_[n].method == "GET" ? ", HEAD" : "");
            continue;
        }
        out.route = &routes_[n];
        out.allow.clear();
        for (std::size_t i = 0; i < asked.size(); ++i)
            if (const std::string_view name = segments_[n][i]; is_parameter(name))
                out.path.emplace(name.substr(1, name.size() - 2), fhir::percent_decode(asked[i]));
        return out;
    }
    return out;
}

} // namespace trialgate::gateway
