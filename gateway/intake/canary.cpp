#include "gateway/intake/canary.hpp"

#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"

#include <charconv>

namespace trialgate::gateway {

namespace {

/// The category that criteria ask for, as "system|code" or "code"; nothing when they ask for anything else.
std::optional<std::string> category_asked(std::string_view criteria) {
    std::string category;
    std::string_view rest = criteria.substr(std::min(criteria.size(), criteria.find('?')));
    if (!rest.empty())
        rest.remove_prefix(1);
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        if (!one.starts_with("category=") || !category.empty())
            return std::nullopt;
        category = fhir::percent_decode(one.substr(9));
        category.resize(std::min(category.size(), category.find(','))); // any of them will do
    }
    return category;
}

std::string memory_text(const canary_memory& m) { return std::to_string(m.written) + ' ' + m.id; }

std::string id_of_created(const fhir_answer& answer) {
    fhir::json::parser parser;
    if (const auto parsed = parser.parse_copy(answer.body); parsed && (*parsed)["resourceType"].text() == "Observation")
        if (pull::usable_id((*parsed)["id"].text()))
            return std::string((*parsed)["id"].text());
    std::string_view location = answer.headers["Location"];
    location = location.substr(0, location.find("/_history"));
    const std::string_view id = location.substr(location.rfind('/') + 1);
    return pull::usable_id(id) ? std::string(id) : std::string();
}

} // namespace

std::optional<std::string> canary_resource(const wanted_subscription& wanted, instant now) {
    std::optional<std::string> category = "";
    if (!wanted.observations || (!wanted.topic() && !(category = category_asked(wanted.criteria))))
        return std::nullopt;
    std::string out = R"({"resourceType":"Observation","meta":{"tag":[{"system":)" + fhir::json::quote(canary_tag_system) + R"(,"code":)" +
                      fhir::json::quote(canary_tag) + R"(}]},"status":"entered-in-error",)";
    if (!category->empty()) {
        const std::size_t bar = category->find('|');
        const std::string system =
            bar == std::string::npos ? "http://terminology.hl7.org/CodeSystem/observation-category" : category->substr(0, bar);
        const std::string code = bar == std::string::npos ? *category : category->substr(bar + 1);
        out += R"("category":[{"coding":[{)";
        if (!system.empty())
            out += R"("system":)" + fhir::json::quote(system) + ',';
        out += R"("code":)" + fhir::json::quote(code) + "}]}],";
    }
    // The time makes each one new: a server need not tell of an update that changes nothing.
    return out + R"("code":{"text":"trialgate connection test"},"issued":)" + fhir::json::quote(to_text(now)) + '}';
}

std::string canary_value(std::string_view source, std::string_view name) {
    return "canary/" + std::string(source) + '/' + std::string(name);
}

canary_memory load_canary(store& from, std::string_view source, std::string_view name) {
    canary_memory out;
    const auto text = from.value(canary_value(source, name));
    if (!text)
        return out;
    const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), out.written);
    if (failed != std::errc{} || end == text->data() + text->size())
        return out;
    if (const std::string_view id(end + 1, text->data() + text->size()); pull::usable_id(id))
        out.id = id;
    return out;
}

asio::awaitable<subscription_event> write_canary(
    intake_services& services, source_state& source, wanted_subscription wanted, std::string& id
) {
    subscription_event e;
    e.at = services.time.now();
    e.what = subscription_event::kind::canary_refused;
    const auto body = canary_resource(wanted, e.at);
    if (!body)
        co_return e;
    fhir_request r;
    r.method = "POST";
    r.path = "Observation";
    r.body = *body;
    const pull::asked a = co_await pull::ask(services, source, std::move(r));
    if (a.what == pull::meaning::later)
        e.what = subscription_event::kind::canary_failed;
    if (a.what != pull::meaning::ok) {
        log_warning("subscription.canary-not-written",
                    {{"source", source.config.name}, {"subscription", wanted.name}, {"status", a.answer.status}});
        co_return e;
    }
    e.what = subscription_event::kind::canary_written;
    id = id_of_created(a.answer);
    const std::string name = canary_value(source.config.name, wanted.name), text = memory_text({e.at, id});
    const std::function<void(store&)> work = [name, text](store& into) { into.value_put(name, text); };
    co_await pull::keep(services, {}, work);
    co_return e;
}

asio::awaitable<void> remove_canary(intake_services& services, source_state& source, std::string name) {
    canary_memory known = load_canary(services.reading, source.config.name, name);
    if (known.id.empty())
        co_return;
    fhir_request r;
    r.method = "DELETE";
    r.path = "Observation/" + known.id;
    const pull::asked a = co_await pull::ask(services, source, std::move(r));
    if (a.what == pull::meaning::later)
        co_return;
    known.id.clear();
    const std::string value = canary_value(source.config.name, name), text = memory_text(known);
    const std::function<void(store&)> work = [value, text](store& into) { into.value_put(value, text); };
    co_await pull::keep(services, {}, work);
}

} // namespace trialgate::gateway
