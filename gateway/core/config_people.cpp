// "people": the relay, and whom mails tell of alerts.
#include "gateway/core/config_reader.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

constexpr duration_ms day_ms = 24 * hour_ms;

/// "07:30" as minutes of the day.
std::optional<int> clock_time(std::string_view text) noexcept {
    const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : -1; };
    if (text.size() != 5 || text[2] != ':')
        return std::nullopt;
    for (const std::size_t at : {0u, 1u, 3u, 4u})
        if (digit(at) < 0)
            return std::nullopt;
    const int hour = digit(0) * 10 + digit(1), minute = digit(3) * 10 + digit(4);
    return hour < 24 && minute < 60 ? std::optional(hour * 60 + minute) : std::nullopt;
}

/// What can be written between angle brackets of an SMTP command without any quoting.
bool plain_address(std::string_view text) noexcept {
    const auto at = text.find('@');
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-/=?^_`{|}~.@").find(c) != std::string_view::npos;
    };
    return at != text.npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == text.npos && text.size() <= 254 &&
           std::all_of(text.begin(), text.end(), fits);
}

bool host_name(std::string_view text) noexcept {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
    };
    return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), fits);
}

} // namespace

bool config_reader::address(value v, std::string& into) const {
    auto t = text(v);
    if (!t)
        return false;
    if (!plain_address(*t)) {
        error("bad-address", v, "expected a mail address", "e.g. \"coordinator@example.org\", without a name or angle brackets");
        return false;
    }
    into = std::move(*t);
    return true;
}

void config_reader::read_relay(value v, relay_config& into) {
    using security = relay_config::security;
    object m(*this, v, "'relay'");
    const value host = m.need("host");
    if (auto t = text(host)) {
        if (host_name(*t))
            into.host = std::move(*t);
        else
            error("bad-address", host, "expected the name of a host", "e.g. \"mail.example.org\"; the port is a member of its own");
    }
    m.one_of("security", into.how, {{"none", security::none}, {"starttls", security::starttls}, {"tls", security::tls}});
    into.port = into.how == security::tls ? 465 : into.how == security::none ? 25 : 587;
    m.number("port", into.port, 1, 65'535);
    m.text("user", into.user);
    read_secret(m.take("secret"), into.password, 1, level::error);
    address(m.need("from"), into.from);
    const value ca = m.take("ca");
    if (const auto written = text(ca)) {
        into.ca = path(*written);
        file_text(ca, into.ca);
    }
    m.span("deadline", into.deadline, second_ms, 10 * minute_ms);
    m.span("firstRetry", into.first_retry, 10, hour_ms);
    m.span("longestRetry", into.longest_retry, 10, day_ms);
    m.span("giveUpAfter", into.give_up_after, second_ms, 30 * day_ms);
    m.finish();
    if (!v.is_object())
        return;
    if (v["user"] && !v["secret"])
        error("missing-member", v, "'user' needs its 'secret'", R"(e.g. {"file": "secrets/mail"})");
    if (v["secret"] && !v["user"])
        error("missing-member", v, "'secret' needs its 'user'");
    if (into.how == security::none && v["ca"])
        warn("not-used", v["ca"], "'ca' is not used without TLS");
    if (into.how == security::none && !into.host.empty() && !is_loopback(into.host)) {
        if (v["user"])
            error("not-protected", v["security"], "the password would go to another machine in the clear",
                  "\"security\": \"starttls\" or \"tls\"");
        else
            warn("not-protected", v["security"],
                 "mails go to another machine in the clear; they hold no patient data, but screening numbers",
                 "\"security\": \"starttls\" or \"tls\"");
    }
}

void config_reader::read_tiers(value v, subscriber_config& into) const {
    using when = subscriber_config::when;
    into.tiers[0] = {when::how::immediate};
    into.tiers[1] = into.tiers[2] = {when::how::digest, 7 * 60 + 30};
    if (!v)
        return;
    if (!v.is_object())
        return wrong_type(v, "an object with T1, T2 and T3");
    constexpr std::string_view names[] = {"T1", "T2", "T3"};
    for (const fhir::json::member& m : v.members()) {
        const auto at = std::find(std::begin(names), std::end(names), m.name);
        if (at == std::end(names)) {
            file_.report(mappings::problem::level::error, "unknown-member", m, "'tiers' has no member '" + std::string(m.name) + "'",
                         "T1, T2, T3");
            continue;
        }
        const auto written = text(m.content);
        if (!written)
            continue;
        when& it = into.tiers[at - std::begin(names)];
        if (*written == "immediate")
            it = {when::how::immediate};
        else if (*written == "never")
            it = {when::how::never};
        else if (const auto minute = clock_time(*written))
            it = {when::how::digest, *minute};
        else
            error("wrong-type", m.content, "expected \"immediate\", \"never\" or the time of a daily digest",
                  "e.g. \"07:30\", in the site's time zone");
    }
    if (into.tiers[0].is == when::how::never && v["T1"])
        warn("never-told", v["T1"], "this person is never told of alerts of tier T1, which somebody has to look at at once");
}

subscriber_config config_reader::read_subscriber(value v) {
    subscriber_config out;
    object m(*this, v, "a subscriber");
    name(m.need("name"), out.name, person_names_);
    address(m.need("address"), out.address);
    m.text("role", out.role);
    m.texts("trials", out.trials);
    read_tiers(m.take("tiers"), out);
    const value quiet = m.take("quietHours");
    if (const auto written = text(quiet)) {
        const auto from = clock_time(std::string_view(*written).substr(0, 5));
        const auto to = written->size() == 11 && (*written)[5] == '-' ? clock_time(std::string_view(*written).substr(6)) : std::nullopt;
        if (!from || !to || *from == *to)
            error("wrong-type", quiet, "expected two different times of the day", "e.g. \"22:00-06:00\", in the site's time zone");
        else
            out.quiet.emplace(*from, *to);
    }
    m.number("mailsADay", out.mails_a_day, 1, 1000);
    const value escalate = m.take("escalate");
    if (escalate) {
        object e(*this, escalate, "'escalate'");
        e.need("after");
        e.span("after", out.escalate_after, minute_ms, 7 * day_ms);
        if (auto to = text(e.need("to")))
            out.escalate_to = std::move(*to);
        e.finish();
    }
    m.finish();
    if (v["trials"].is_array() && v["trials"].size() == 0)
        error("empty-list", v["trials"], "somebody of no trial is told nothing", "leave 'trials' out for all");
    return out;
}

void config_reader::check_escalations(value subscribers, const people_config& all) const {
    for (const value& one : subscribers.elements()) {
        const value to = one["escalate"]["to"];
        if (!to.is_string() || to.text().empty())
            continue;
        if (to.text() == one["name"].text())
            error("bad-escalation", to, "an alert escalates to somebody else");
        else if (!person_names_.contains(std::string(to.text()))) {
            std::vector<std::string> names;
            for (const subscriber_config& s : all.subscribers)
                names.push_back(s.name);
            error("unknown-person", to, "there is no subscriber '" + std::string(to.text()) + "'",
                  mappings::nearest_hint(to.text(), names));
        }
    }
}

void config_reader::read_people(value v, people_config& into) {
    if (!v)
        return;
    object m(*this, v, "'people'");
    read_relay(m.need("relay"), into.relay);
    const value link = m.take("link");
    if (auto t = text(link)) {
        std::string shown = *t;
        for (const std::string_view name : {"{participant}", "{trial}", "{alert}"})
            for (auto at = shown.find(name); at != shown.npos; at = shown.find(name))
                shown.replace(at, name.size(), "x");
        if (const web_url u = split_url(shown); !u.fault.empty() || shown.find_first_of("{}") != shown.npos)
            error("bad-url", link, u.fault.empty() ? "the link has a part in braces that is not known" : u.fault,
                  "e.g. https://study.example.org/subjects/{participant}; also {trial} and {alert}");
        else
            into.link = std::move(*t);
    }
    m.span("gather", into.gather, 0, hour_ms);
    m.span("spacing", into.spacing, 0, day_ms);
    const value list = m.take("subscribers");
    if (list && !list.is_array())
        wrong_type(list, "a list of subscribers");
    for (const value& one : list.elements())
        into.subscribers.push_back(read_subscriber(one));
    m.finish();
    check_escalations(list, into);
    if (v.is_object() && into.subscribers.empty())
        warn("nobody-told", list ? list : v, "there is no subscriber: nobody is told of alerts");
}

} // namespace trialgate::gateway
