#include "gateway/intake/subscription_calls.hpp"

#include "fhir/instant.hpp"
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"

#include <charconv>

namespace trialgate::gateway {

namespace {

using event = subscription_event;
constexpr unsigned most_list_pages = 10;

event simple(event::kind k) {
    event e;
    e.what = k;
    return e;
}

event seen(const fhir::subscription_view& v) {
    event e;
    e.what = event::kind::found;
    e.id = v.id;
    e.status = v.status;
    e.end = fhir::parse_instant(v.end).value_or(0);
    return e;
}

/// What an answer other than 2xx means.
event failure(const pull::asked& a) {
    event e;
    e.what = event::kind::refused;
    if (a.what == pull::meaning::later || (a.what == pull::meaning::denied && a.answer.status == 0))
        e.what = event::kind::failed;
    else if (a.what == pull::meaning::gone || a.what == pull::meaning::missing)
        e.what = event::kind::gone;
    else if (a.answer.status == 405 || a.answer.status == 501)
        e.what = event::kind::unsupported;
    else if (a.answer.status == 409 || a.answer.status == 412)
        e.what = event::kind::failed; // somebody else writes it just now
    e.retry_after = a.retry_after;
    return e;
}

std::optional<fhir::subscription_view> view_of(const std::string& body) {
    fhir::json::parser parser;
    const auto parsed = parser.parse_copy(body);
    return parsed ? fhir::read_subscription(*parsed) : std::nullopt;
}

/// The id in "https://ehr/fhir/Subscription/77/_history/1".
std::string id_in(std::string_view location) {
    if (const std::size_t history = location.find("/_history"); history != std::string_view::npos)
        location = location.substr(0, history);
    return std::string(location.substr(location.rfind('/') + 1));
}

std::optional<std::int64_t> number_of(fhir::json::value v) {
    std::int64_t n = 0;
    const std::string_view text = v.text();
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
    return failed == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(n) : std::nullopt;
}

std::string status_in(fhir::json::value r, std::optional<std::int64_t>& total) {
    if (r["resourceType"].text() == "SubscriptionStatus") {
        total = number_of(r["eventsSinceSubscriptionStart"]);
        return std::string(r["status"].text());
    }
    std::string status;
    if (r["resourceType"].text() != "Parameters")
        return status;
    for (const fhir::json::value p : r["parameter"].elements()) {
        const std::string_view name = p["name"].text();
        if (name == "status")
            status = p["valueCode"] ? p["valueCode"].text() : p["valueString"].text();
        else if (name == "events-since-subscription-start")
            for (const char* member : {"valueString", "valueUnsignedInt", "valueInteger", "valueInteger64"})
                if (p[member])
                    total = number_of(p[member]);
    }
    return status;
}

} // namespace

std::string token_value(std::string_view token) { return "hook/" + std::string(token); }

std::string read_status_answer(fhir::json::value v, std::optional<std::int64_t>& total) {
    if (v["resourceType"].text() != "Bundle")
        return status_in(v, total);
    for (const fhir::json::value entry : v["entry"].elements())
        if (std::string status = status_in(entry["resource"], total); !status.empty())
            return status;
    return {};
}

std::string subscription_calls::endpoint_of(const std::string& public_url, const subscription_row& row) {
    std::string_view base = public_url;
    while (base.ends_with('/'))
        base.remove_suffix(1);
    return std::string(base) + "/in/" + row.token + '/' + row.name;
}

fhir::subscription_request subscription_calls::request(
    const subscription_row& row, const wanted_subscription& wanted, const std::string& endpoint, instant end
) const {
    fhir::subscription_request r = request_of(wanted, source_.config);
    r.id = row.id;
    r.endpoint = endpoint;
    if (!row.secret.empty())
        r.header = "Authorization: Bearer " + row.secret;
    if (end != 0)
        r.end = to_text(end);
    if (wanted.websocket)
        r.reason += ' ' + row.token; // without an endpoint it is recognised by this
    return r;
}

asio::awaitable<pull::asked> subscription_calls::send(std::string method, std::string tail, std::string body) {
    fhir_request r;
    r.method = std::move(method);
    r.path = source_.config.subscription_path + tail;
    r.body = std::move(body);
    if (r.method == "GET")
        r.headers.add("Cache-Control", "no-cache");
    else if (!r.body.empty())
        r.headers.add("Prefer", "return=representation");
    co_return co_await pull::ask(services_, source_, std::move(r));
}

asio::awaitable<pull::asked> subscription_calls::put_in_place(std::string method, std::string tail, fhir::subscription_request wanted) {
    pull::asked a = co_await send(method, tail, fhir::write_subscription(wanted));
    // HAPI (R4, HAPI-0011) refuses a topic without filters, which the guide allows. One without parameters holds nobody back there.
    const bool named = a.answer.body.find("backport-filter-criteria") != std::string::npos;
    if (a.what != pull::meaning::ok && named && !wanted.topic.empty() && wanted.filters.empty()) {
        wanted.filters = {"Patient?"};
        a = co_await send(std::move(method), std::move(tail), fhir::write_subscription(wanted));
    }
    co_return a;
}

asio::awaitable<std::optional<std::vector<fhir::subscription_view>>> subscription_calls::list(std::string path, pull::asked& failed) {
    std::vector<fhir::subscription_view> out;
    fhir::json::parser parser;
    for (unsigned page = 0; page < most_list_pages && !path.empty(); ++page) {
        pull::asked a = co_await pull::get(services_, source_, path);
        if (a.what != pull::meaning::ok) {
            failed = std::move(a);
            co_return std::nullopt;
        }
        path.clear();
        const auto parsed = parser.parse_copy(a.answer.body);
        if (!parsed)
            break;
        fhir::issue_list ignored;
        const auto read = fhir::read_page(*parsed, ignored);
        if (!read)
            break;
        for (const fhir::bundle_entry& e : read->content.entries)
            if (auto view = fhir::read_subscription(e.resource))
                out.push_back(std::move(*view));
        if (!read->next.empty())
            path = fhir::resolve_url(read->next, a.answer.url);
        if (!path.empty() && !source_.client->same_origin(path))
            break;
    }
    co_return out;
}

bool subscription_calls::orphan(const subscription_row& row, const fhir::subscription_view& s, const std::string& public_url) {
    subscription_row any = row;
    any.token.clear();
    const std::string shape = endpoint_of(public_url, any); // ".../in//name"
    const std::size_t gap = shape.size() - row.name.size() - 1;
    const std::string_view prefix = std::string_view(shape).substr(0, gap), suffix = std::string_view(shape).substr(gap);
    if (s.endpoint.size() <= shape.size() || !s.endpoint.starts_with(prefix) || !s.endpoint.ends_with(suffix))
        return false;
    const std::string token = s.endpoint.substr(gap, s.endpoint.size() - shape.size());
    if (token.find('/') != std::string::npos)
        return false;
    const auto owner = services_.reading.value(token_value(token));
    return !owner || *owner == row.source;
}

asio::awaitable<event> subscription_calls::find(subscription_row row, std::string public_url) {
    const std::string endpoint = endpoint_of(public_url, row);
    const fhir::resource_capability* can = source_.can ? source_.can->of("Subscription") : nullptr;
    const bool socket = row.kind == "websocket";
    const auto ours = [&](const fhir::subscription_view& s) {
        return pull::usable_id(s.id) && s.status != "entered-in-error" &&
               (socket ? s.reason.ends_with(' ' + row.token) : s.endpoint == endpoint);
    };
    pull::asked failed;
    event answer = simple(event::kind::not_found);
    std::vector<std::string> surplus;
    std::vector<std::string> searches{source_.config.subscription_path + "?_count=100"};
    if (can && can->has_parameter("url") && !socket)
        searches.insert(searches.begin(), source_.config.subscription_path + "?url=" + fhir::percent_encode(endpoint));
    for (const std::string& search : searches) {
        const auto all = co_await list(search, failed);
        if (!all && failed.what == pull::meaning::later)
            co_return failure(failed);
        if (!all)
            continue; // cannot be searched; creating is worth a try
        for (const fhir::subscription_view& s : *all) {
            if (ours(s) && answer.what == event::kind::not_found)
                answer = seen(s);
            else if (pull::usable_id(s.id) && s.id != answer.id && (ours(s) || (!socket && orphan(row, s, public_url))))
                surplus.push_back(s.id);
        }
        if (answer.what == event::kind::found)
            break;
    }
    for (const std::string& id : surplus) {
        log_info("subscription.surplus", {{"source", row.source}, {"subscription", row.name}});
        co_await send("DELETE", '/' + id, {});
    }
    co_return answer;
}

asio::awaitable<event> subscription_calls::create(subscription_row row, wanted_subscription wanted, std::string endpoint, instant end) {
    row.id.clear();
    const pull::asked a = co_await put_in_place("POST", "", request(row, wanted, endpoint, end));
    if (a.what != pull::meaning::ok) {
        event e = failure(a);
        if (e.what == event::kind::gone || e.what == event::kind::unsupported)
            e.what = event::kind::refused;
        co_return e;
    }
    event e;
    if (const auto view = view_of(a.answer.body))
        e = seen(*view);
    else {
        e.what = event::kind::found;
        e.end = end; // not said otherwise
    }
    if (!pull::usable_id(e.id))
        e.id = id_in(a.answer.headers["Location"]);
    if (!pull::usable_id(e.id))
        e = simple(event::kind::failed); // created, and we do not know what: it is looked for
    co_return e;
}

asio::awaitable<event> subscription_calls::read(std::string id) {
    if (!pull::usable_id(id))
        co_return simple(event::kind::gone);
    const pull::asked a = co_await send("GET", '/' + id, {});
    if (a.what != pull::meaning::ok) {
        event e = failure(a);
        if (e.what == event::kind::unsupported)
            e.what = event::kind::refused;
        co_return e;
    }
    const auto view = view_of(a.answer.body);
    co_return view ? seen(*view) : simple(event::kind::failed);
}

asio::awaitable<event> subscription_calls::ask_status(std::string id, std::optional<std::int64_t>& total, std::string& answer) {
    pull::asked a = co_await send("GET", '/' + id + "/$status", {});
    if (a.what == pull::meaning::later)
        co_return failure(a);
    if (a.what == pull::meaning::ok) {
        fhir::json::parser parser;
        event e = simple(event::kind::found);
        if (const auto parsed = parser.parse_copy(a.answer.body))
            e.status = read_status_answer(*parsed, total);
        if (!e.status.empty()) {
            answer = std::move(a.answer.body);
            co_return e;
        }
    }
    co_return co_await read(std::move(id)); // 404 may mean the operation as well as the Subscription
}

asio::awaitable<event> subscription_calls::update(subscription_row row, wanted_subscription wanted, std::string endpoint, instant end) {
    const pull::asked a = co_await put_in_place("PUT", '/' + row.id, request(row, wanted, endpoint, end));
    if (a.what != pull::meaning::ok)
        co_return failure(a);
    const auto view = view_of(a.answer.body);
    event e = view ? seen(*view) : simple(event::kind::found);
    if (!view)
        e.end = end;
    e.id = row.id;
    co_return e;
}

asio::awaitable<event> subscription_calls::remove(std::string id) {
    const pull::asked a = co_await send("DELETE", '/' + id, {});
    const bool done = a.what == pull::meaning::ok || a.what == pull::meaning::gone || a.what == pull::meaning::missing;
    co_return done ? simple(event::kind::removed) : failure(a);
}

asio::awaitable<event> subscription_calls::switch_off(subscription_row row, wanted_subscription wanted, std::string endpoint) {
    fhir::subscription_request off = request(row, wanted, endpoint, row.ends);
    off.status = "off";
    const pull::asked a = co_await put_in_place("PUT", '/' + row.id, std::move(off));
    const bool done = a.what == pull::meaning::ok || a.what == pull::meaning::gone || a.what == pull::meaning::missing;
    co_return done ? simple(event::kind::removed) : failure(a);
}

} // namespace trialgate::gateway
