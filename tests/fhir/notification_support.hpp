// A notification from text, and the parts that notifications are made of.
#pragma once

#include "fhir/notification.hpp"

#include "tests/support/resource_text.hpp"

namespace trialgate::tests {

using namespace trialgate::fhir;

/// A request with its body, read. Text "" is a request without body.
struct told {
    explicit told(std::string_view text, notification_request request = {"POST", "", ""}) : read(notification{}) {
        if (!text.empty()) {
            auto tree = parser.parse_copy(text);
            INFO(text.substr(0, 300));
            REQUIRE(tree.has_value());
            root = *tree;
        }
        read = read_notification(request, root, issues);
    }
    const notification* operator->() const {
        REQUIRE(read.has_value());
        return &*read;
    }
    /// "Type/id" of what came, deletions with a minus.
    std::vector<std::string> came() const {
        std::vector<std::string> out;
        for (const bundle_entry& e : (*this)->entries)
            out.push_back(
                e.deleted ? "-" + std::string(e.target.type) + "/" + std::string(e.target.id)
                          : std::string(e.resource["resourceType"].text()) + "/" + std::string(e.resource["id"].text())
            );
        return out;
    }
    bool clean() const { return issues.issues.empty(); }

    json::parser parser;
    json::value root;
    issue_list issues;
    result<notification> read;
};

using names = std::vector<std::string>;

inline const std::string a_result = R"({"resourceType":"Observation","id":"o1","meta":{"versionId":"3"},"status":"final","code":{"text":"x"}})";

inline std::string topic_bundle(std::string_view type, std::string_view first, std::string_view others = "") {
    return R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[{"fullUrl":"urn:uuid:0b4f36ce-1f2e-4f3e-9d1a-52c1f6a3a001","resource":)" +
           std::string(first) + "}" + (others.empty() ? "" : ",") + std::string(others) + "]}";
}

inline std::string parameters(std::string_view type, std::string_view more) {
    return R"({"resourceType":"Parameters","parameter":[{"name":"subscription","valueReference":{"reference":"https://ehr.example.org/fhir/Subscription/77"}},
        {"name":"topic","valueCanonical":"http://example.org/topics/t"},{"name":"status","valueCode":"active"},{"name":"type","valueCode":")" +
           std::string(type) + "\"}" + (more.empty() ? "" : ",") + std::string(more) + "]}";
}

inline std::string status(std::string_view type, std::string_view more) {
    return R"({"resourceType":"SubscriptionStatus","status":"active","type":")" + std::string(type) +
           R"(","subscription":{"reference":"Subscription/77"},"topic":"http://example.org/topics/t")" + (more.empty() ? "" : ",") + std::string(more) + "}";
}

} // namespace trialgate::tests
