// Which route a request is for. Pure.
#pragma once

#include "gateway/page/api.hpp"

namespace trialgate::gateway {

/// Path and query of a request's target, decoded. A parameter that stands twice has its first value.
struct request_target {
    explicit request_target(std::string_view target);
    std::string path; ///< as sent
    std::map<std::string, std::string, std::less<>> query;
};

class route_table {
public:
    explicit route_table(std::vector<api_route> routes);

    struct found {
        const api_route* route = nullptr;
        std::map<std::string, std::string, std::less<>> path;
        std::string allow; ///< without a route: methods that this path has; empty: there is no such path
    };
    /// HEAD is answered by GET's route.
    found find(std::string_view method, std::string_view path) const;
    const std::vector<api_route>& all() const noexcept { return routes_; }

private:
    std::vector<api_route> routes_;
    std::vector<std::vector<std::string_view>> segments_; ///< of each route's pattern
};

} // namespace trialgate::gateway
