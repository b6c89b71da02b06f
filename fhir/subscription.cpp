#include "fhir/subscription.hpp"

#include <algorithm>

namespace trialgate::fhir {

namespace {

constexpr std::string_view backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/";

/// Writes one JSON object, member by member. Values of `raw` are JSON already.
class writer {
public:
    writer& raw(std::string_view name, std::string_view value) {
        if (!value.empty()) {
            text_ += text_.empty() ? "{" : ",";
            text_.append(json::quote(name)).append(":").append(value);
        }
        return *this;
    }
    writer& text(std::string_view name, std::string_view value) { return value.empty() ? *this : raw(name, json::quote(value)); }
    writer& number(std::string_view name, std::uint32_t value) { return raw(name, std::to_string(value)); }
    /// Empty when nothing was written.
    std::string done() const { return text_.empty() ? text_ : text_ + "}"; }

private:
    std::string text_;
};

std::string array(const std::vector<std::string>& items) {
    std::string out;
    for (const std::string& i : items)
        out.append(out.empty() ? "[" : ",").append(i);
    return out.empty() ? out : out + "]";
}

std::string extension(std::string_view url, std::string_view member, std::string_view json_value) {
    return writer{}.text("url", url).raw(member, json_value).done();
}

std::string extensions(const std::vector<std::string>& items) { return items.empty() ? "" : writer{}.raw("extension", array(items)).done(); }

std::string headers_of(const subscription_request& r) { return r.header.empty() || r.websocket ? "" : array({json::quote(r.header)}); }

std::string secret_extension(const subscription_request& r) {
    if (r.hmac_secret.empty())
        return {};
    return array({extension(
        "https://www.medplum.com/fhir/StructureDefinition/subscription-secret", "valueString", json::quote(r.hmac_secret)
    )});
}

// fhir-protocol.md, 1.1; extensions of HAPI: 1.4.
std::string write_criteria(const subscription_request& r) {
    writer channel;
    if (r.send_deletes && !r.websocket)
        channel.raw(
            "extension",
            array({extension("http://hapifhir.io/fhir/StructureDefinition/subscription-send-delete-messages", "valueBoolean", "true")})
        );
    channel.text("type", r.websocket ? "websocket" : "rest-hook");
    if (!r.websocket) {
        channel.text("endpoint", r.endpoint);
        channel.text("payload", r.content == "empty" ? "" : "application/fhir+json");
        channel.raw("header", headers_of(r));
    }
    writer out;
    out.text("resourceType", "Subscription").text("id", r.id).raw("extension", secret_extension(r));
    out.text("status", r.status).text("end", r.end).text("reason", r.reason).text("criteria", r.criteria);
    return out.raw("channel", channel.done()).done();
}

// fhir-protocol.md, 2.1. The guide defines the same profile for R4 and R4B.
std::string write_backport(const subscription_request& r) {
    std::vector<std::string> filters;
    for (const std::string& f : r.filters)
        filters.push_back(extension(std::string(backport) + "backport-filter-criteria", "valueString", json::quote(f)));
    writer channel;
    channel.raw(
        "extension", array({
                         extension(std::string(backport) + "backport-heartbeat-period", "valueUnsignedInt", std::to_string(r.heartbeat)),
                         extension(std::string(backport) + "backport-timeout", "valueUnsignedInt", std::to_string(r.timeout)),
                         extension(std::string(backport) + "backport-max-count", "valuePositiveInt", std::to_string(r.max_count)),
                     })
    );
    channel.text("type", r.websocket ? "websocket" : "rest-hook").text("endpoint", r.websocket ? "" : r.endpoint);
    channel.text("payload", "application/fhir+json");
    channel.raw(
        "_payload", extensions({extension(std::string(backport) + "backport-payload-content", "valueCode", json::quote(r.content))})
    );
    channel.raw("header", headers_of(r));
    writer out;
    out.text("resourceType", "Subscription").text("id", r.id);
    out.raw("meta", writer{}.raw("profile", array({json::quote(std::string(backport) + "backport-subscription")})).done());
    out.raw("extension", secret_extension(r));
    out.text("status", r.status).text("end", r.end).text("reason", r.reason).text("criteria", r.topic);
    return out.raw("_criteria", extensions(filters)).raw("channel", channel.done()).done();
}

/// "Observation?category=laboratory&code:in=x" as elements of R5's filterBy.
void add_filters(std::string_view filter, std::vector<std::string>& out) {
    const std::size_t question = filter.find('?');
    const std::string_view type = question == std::string_view::npos ? std::string_view{} : filter.substr(0, question);
    std::string_view rest = question == std::string_view::npos ? filter : filter.substr(question + 1);
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        const std::size_t equals = one.find('=');
        if (equals == std::string_view::npos)
            continue;
        const std::string_view name = one.substr(0, equals);
        const std::size_t colon = name.find(':');
        writer w;
        w.text("resourceType", type).text("filterParameter", name.substr(0, colon));
        if (colon != std::string_view::npos)
            w.text("modifier", name.substr(colon + 1));
        out.push_back(w.text("value", one.substr(equals + 1)).done());
    }
}

// fhir-protocol.md, 2.2.
std::string write_r5(const subscription_request& r) {
    std::vector<std::string> filters;
    for (const std::string& f : r.filters)
        add_filters(f, filters);
    std::string parameters;
    if (const std::size_t colon = r.header.find(':'); colon != std::string::npos && !r.websocket) {
        const std::size_t value = r.header.find_first_not_of(' ', colon + 1);
        parameters = array({writer{}
                                .text("name", std::string_view(r.header).substr(0, colon))
                                .text("value", value == std::string::npos ? std::string_view{} : std::string_view(r.header).substr(value))
                                .done()});
    }
    writer out;
    out.text("resourceType", "Subscription").text("id", r.id).raw("extension", secret_extension(r));
    out.text("status", r.status).text("topic", r.topic).text("end", r.end).text("reason", r.reason).raw("filterBy", array(filters));
    out.raw(
        "channelType", writer{}
                           .text("system", "http://terminology.hl7.org/CodeSystem/subscription-channel-type")
                           .text("code", r.websocket ? "websocket" : "rest-hook")
                           .done()
    );
    out.text("endpoint", r.websocket ? "" : r.endpoint).raw("parameter", parameters);
    out.number("heartbeatPeriod", r.heartbeat).number("timeout", r.timeout).text("contentType", "application/fhir+json");
    return out.text("content", r.content).number("maxCount", r.max_count).done();
}

/// "Encounter" of "Encounter" and of "http://hl7.org/fhir/StructureDefinition/Encounter".
std::string_view type_name(std::string_view said) noexcept {
    const std::size_t slash = said.rfind('/');
    return slash == std::string_view::npos ? said : said.substr(slash + 1);
}

void add_type(topic_view& to, std::string_view said) {
    const std::string_view type = type_name(said);
    if (!type.empty() && std::find(to.resources.begin(), to.resources.end(), type) == to.resources.end())
        to.resources.emplace_back(type);
}

std::string_view value_text(json::value extension_) noexcept {
    for (const char* member : {"valueUri", "valueUrl", "valueCanonical", "valueCode", "valueString"})
        if (extension_[member].is_string())
            return extension_[member].text();
    return {};
}

/// "resourceTrigger" of ".../4.3/StructureDefinition/extension-SubscriptionTopic.resourceTrigger", of any release.
std::string_view topic_field(std::string_view url) noexcept {
    constexpr std::string_view mark = "/StructureDefinition/extension-SubscriptionTopic.";
    const std::size_t at = url.find(mark);
    return at == std::string_view::npos ? std::string_view{} : url.substr(at + mark.size());
}

topic_view wrapped_topic(json::value basic, std::string_view& status) {
    topic_view out;
    for (const json::value e : basic["modifierExtension"].elements())
        if (topic_field(e["url"].text()) == "status")
            status = value_text(e);
    for (const json::value e : basic["extension"].elements()) {
        const std::string_view field = topic_field(e["url"].text());
        if (field == "url")
            out.url = value_text(e);
        else if (field == "resourceTrigger" || field == "eventTrigger")
            for (const json::value part : e["extension"].elements())
                if (part["url"].text() == "resource")
                    add_type(out, value_text(part));
    }
    return out;
}

} // namespace

std::string write_subscription(const subscription_request& r) {
    switch (r.style) {
    case subscription_style::r4_criteria:
        return write_criteria(r);
    case subscription_style::backport_r4:
    case subscription_style::backport_r4b:
        return write_backport(r);
    case subscription_style::r5:
        break;
    }
    return write_r5(r);
}

std::optional<subscription_view> read_subscription(json::value v) {
    if (v["resourceType"].text() != "Subscription")
        return std::nullopt;
    subscription_view out;
    out.id = v["id"].text();
    out.status = v["status"].text();
    out.error = v["error"].text();
    out.criteria_or_topic = v["criteria"].is_string() ? v["criteria"].text() : v["topic"].text();
    out.endpoint = v["channel"].is_object() ? v["channel"]["endpoint"].text() : v["endpoint"].text();
    out.end = v["end"].text();
    out.reason = v["reason"].text();
    return out;
}

std::vector<topic_view> read_topics(json::value searchset) {
    std::vector<topic_view> out;
    for (const json::value entry : searchset["entry"].elements()) {
        const json::value r = entry["resource"];
        topic_view found;
        std::string_view status = r["status"].text();
        if (r["resourceType"].text() == "Basic")
            found = wrapped_topic(r, status);
        else if (r["resourceType"].text() == "SubscriptionTopic") {
            found.url = r["url"].text();
            for (const char* trigger : {"resourceTrigger", "eventTrigger"})
                for (const json::value t : r[trigger].elements())
                    add_type(found, t["resource"].text());
        }
        if (!found.url.empty() && status != "retired" && status != "entered-in-error")
            out.push_back(std::move(found));
    }
    return out;
}

} // namespace trialgate::fhir
