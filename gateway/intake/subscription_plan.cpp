#include "gateway/intake/subscription_plan.hpp"

#include "fhir/ascii.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

/// The last part of a topic's URL as a name: "http://e.org/topics/New-Lab|1.0" is "new-lab".
std::string slug(std::string_view url) {
    url = url.substr(0, url.find('|'));
    while (!url.empty() && url.back() == '/')
        url.remove_suffix(1);
    std::string out;
    for (const char c : fhir::lower(url.substr(url.rfind('/') + 1)))
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out += c;
        else if (!out.empty() && out.back() != '-')
            out += '-';
    out.resize(std::min<std::size_t>(out.size(), 40));
    while (!out.empty() && out.back() == '-')
        out.pop_back();
    return out.empty() ? "topic" : out;
}

/// A few letters that depend on the URL alone (FNV-1a), so that equal slugs of different topics get names that do not depend on their order.
std::string letters_of(std::string_view url) {
    std::uint32_t h = 2166136261u;
    for (const char c : url)
        h = (h ^ static_cast<unsigned char>(c)) * 16777619u;
    std::string out;
    for (int i = 0; i < 5; ++i, h /= 26)
        out += static_cast<char>('a' + h % 26);
    return out;
}

fhir::subscription_style topic_style(fhir::release r) noexcept {
    if (r == fhir::release::r5)
        return fhir::subscription_style::r5;
    return r == fhir::release::r4b ? fhir::subscription_style::backport_r4b : fhir::subscription_style::backport_r4;
}

std::string topic_kind(fhir::release r) {
    if (r == fhir::release::r5)
        return "topic-r5";
    return r == fhir::release::r4b ? "topic-r4b" : "topic-r4";
}

/// Types that are needed and that the server has. A statement that lists no types says nothing about them.
std::set<std::string> needed_types(const fhir::capability& can, const std::set<std::string>& types) {
    std::set<std::string> out;
    for (const std::string& t : types)
        if (can.resources.empty() || can.of(t))
            out.insert(t);
    return out;
}

bool creates_subscriptions(const source_config& config, const fhir::capability& can) {
    if (config.subscription_path != "Subscription")
        return true; // another service, of which this statement says nothing
    const fhir::resource_capability* s = can.of("Subscription");
    return s && s->create;
}

const fhir::topic_view* find_topic(const std::vector<fhir::topic_view>& offered, std::string_view url) {
    const auto same = [&](const fhir::topic_view& t) { return t.url.substr(0, t.url.find('|')) == url.substr(0, url.find('|')); };
    const auto found = std::find_if(offered.begin(), offered.end(), same);
    return found == offered.end() ? nullptr : &*found;
}

struct chosen_topics {
    std::vector<std::string> urls;
    std::set<std::string> left; ///< needed and not covered
};

/// Takes again and again the topic that covers most of what is left (the usual approximation of the smallest cover), earlier URLs first.
chosen_topics cover(const std::vector<fhir::topic_view>& offered, std::set<std::string> needed) {
    chosen_topics out{{}, std::move(needed)};
    std::vector<fhir::topic_view> sorted = offered;
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.url < b.url; });
    while (!out.left.empty()) {
        const fhir::topic_view* best = nullptr;
        std::size_t most = 0;
        for (const fhir::topic_view& t : sorted) {
            const auto covers = static_cast<std::size_t>(
                std::count_if(t.resources.begin(), t.resources.end(), [&](const std::string& r) { return out.left.contains(r); })
            );
            if (covers > most) {
                most = covers;
                best = &t;
            }
        }
        if (!best)
            break;
        out.urls.push_back(best->url);
        for (const std::string& r : best->resources)
            out.left.erase(r);
    }
    return out;
}

chosen_topics choose_topics(
    const source_config& config, const fhir::capability& can, const std::vector<fhir::topic_view>& offered, std::set<std::string> needed
) {
    if (config.topics.empty() && !offered.empty())
        return cover(offered, std::move(needed));
    // Topics that the statement names without saying what triggers them cannot be weighed: only a person who told us to use topics wants them all.
    chosen_topics out{config.topics, std::move(needed)};
    if (out.urls.empty() && config.how != delivery::automatic)
        out.urls = can.topics;
    for (const std::string& url : out.urls)
        if (const fhir::topic_view* known = find_topic(offered, url))
            for (const std::string& r : known->resources)
                out.left.erase(r);
    return out;
}

void add_topics(subscription_plan& plan, const source_config& config, fhir::release release,
                const std::vector<fhir::topic_view>& offered, chosen_topics chosen, bool websocket) {
    std::sort(chosen.urls.begin(), chosen.urls.end());
    chosen.urls.erase(std::unique(chosen.urls.begin(), chosen.urls.end()), chosen.urls.end());
    for (const std::string& url : chosen.urls) {
        wanted_subscription w;
        w.name = slug(url);
        const auto same_slug = [&](const std::string& other) { return slug(other) == w.name; };
        if (std::count_if(chosen.urls.begin(), chosen.urls.end(), same_slug) > 1)
            w.name += '-' + letters_of(url);
        w.kind = websocket ? "websocket" : topic_kind(release);
        w.style = topic_style(release);
        w.criteria = url;
        w.websocket = websocket;
        w.content = config.payload ? "full-resource" : "id-only";
        const fhir::topic_view* known = find_topic(offered, url);
        w.observations = known && std::find(known->resources.begin(), known->resources.end(), "Observation") != known->resources.end();
        plan.wanted.push_back(std::move(w));
    }
    plan.polled = std::move(chosen.left);
}

void add_criteria(subscription_plan& plan, const source_config& config, const std::set<std::string>& needed, bool websocket) {
    for (const std::string& type : needed) {
        const auto told = config.criteria.find(type);
        wanted_subscription w;
        w.name = fhir::lower(type);
        w.kind = websocket ? "websocket" : "rest-hook";
        w.criteria = told == config.criteria.end() ? type + "?" : told->second; // HAPI refuses criteria without a question mark
        w.websocket = websocket;
        w.content = config.payload ? "full-resource" : "empty";
        w.observations = type == "Observation";
        if (w.criteria.empty())
            plan.polled.insert(type); // an empty one in the configuration: none for this type
        else
            plan.wanted.push_back(std::move(w));
    }
}

} // namespace

fhir::release release_of(const source_config& config, const fhir::capability* can) noexcept {
    if (config.fhir_version.starts_with("4.3") || config.fhir_version.starts_with("4.1"))
        return fhir::release::r4b;
    if (config.fhir_version.starts_with("5"))
        return fhir::release::r5;
    if (config.fhir_version.starts_with("4") || !can || can->version == fhir::release::unknown)
        return fhir::release::r4;
    return can->version;
}

std::vector<std::string> topic_searches(const source_config& config, const fhir::capability& can) {
    if (config.how == delivery::poll || config.how == delivery::rest_hook)
        return {};
    std::vector<std::string> out;
    const auto searchable = [&](std::string_view type) {
        const fhir::resource_capability* r = can.of(type);
        return r && r->search;
    };
    if (searchable("SubscriptionTopic"))
        out.push_back("SubscriptionTopic?_count=200");
    else if (can.backport && searchable("Basic"))
        out.push_back("Basic?code=http://hl7.org/fhir/fhir-types%7CSubscriptionTopic&_count=200");
    return out;
}

subscription_plan plan_subscriptions(
    const source_config& config, const fhir::capability& can, const std::set<std::string>& types,
    const std::vector<fhir::topic_view>& offered
) {
    subscription_plan plan;
    const fhir::release release = release_of(config, &can);
    const std::set<std::string> needed = needed_types(can, types);
    const bool criteria_possible = release == fhir::release::r4 || release == fhir::release::r4b;
    chosen_topics topics = choose_topics(config, can, offered, needed);
    switch (config.how) {
    case delivery::poll:
        plan.polled = needed;
        return plan;
    case delivery::topic:
        if (topics.urls.empty())
            plan.why_none = "the configuration asks for topic subscriptions, and the server offers no topic for what the trials read";
        add_topics(plan, config, release, offered, std::move(topics), false);
        break;
    case delivery::rest_hook:
        if (criteria_possible)
            add_criteria(plan, config, needed, false);
        else
            plan.why_none = "the configuration asks for criteria subscriptions, which this release of FHIR does not have";
        break;
    case delivery::websocket:
        if (!topics.urls.empty())
            add_topics(plan, config, release, offered, std::move(topics), true);
        else if (criteria_possible && !can.websocket_url.empty())
            add_criteria(plan, config, needed, true);
        else
            plan.why_none = "the configuration asks for WebSockets, and the server names neither topics nor a WebSocket address";
        break;
    case delivery::automatic:
        if (const bool told = !config.topics.empty(); told || creates_subscriptions(config, can)) {
            const bool some = !topics.urls.empty();
            if (told || (some && (topics.left.empty() || can.backport || !criteria_possible)))
                add_topics(plan, config, release, offered, std::move(topics), false);
            else if (criteria_possible)
                add_criteria(plan, config, needed, false);
        }
        break;
    }
    if (plan.wanted.empty())
        plan.polled = needed;
    // HAPI (8.8) takes `parameter` of an R5 Subscription and sends no header: it would meet 401 for ever.
    if (release == fhir::release::r5 && can.software.starts_with("HAPI"))
        for (wanted_subscription& w : plan.wanted)
            w.header = false;
    std::sort(plan.wanted.begin(), plan.wanted.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return plan;
}

fhir::subscription_request request_of(const wanted_subscription& wanted, const source_config& config) {
    fhir::subscription_request r;
    r.style = wanted.style;
    r.status = config.subscription_status;
    (wanted.topic() ? r.topic : r.criteria) = wanted.criteria;
    r.websocket = wanted.websocket;
    r.content = wanted.content;
    r.hmac_secret = config.hmac.value;
    r.heartbeat = static_cast<std::uint32_t>(std::clamp<duration_ms>(config.heartbeat / second_ms, 1, 86'400));
    return r;
}

} // namespace trialgate::gateway
