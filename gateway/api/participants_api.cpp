#include "gateway/api/participants_api.hpp"

#include "fhir/search.hpp"
#include "gateway/api/operations.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/core/log.hpp"
#include "gateway/work/enrolment.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace asio = boost::asio;

namespace {

constexpr std::string_view root = "/api/v1/participants";
constexpr std::size_t most_body = 16 << 10;

http_response answer(int status, std::string body) {
    http_response out;
    out.status = status;
    out.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    out.body = std::move(body) + '\n';
    return out;
}

http_response refused(int status, std::string_view why) {
    json_text out;
    out.begin_object().key("error").string(why).end_object();
    http_response r = answer(status, std::string(out.text()));
    if (status == 401)
        r.headers.add("WWW-Authenticate", "Bearer");
    return r;
}

/// Name of the client whose token it is; every token is looked at, so that time says nothing about which one was near.
std::optional<std::string> client_of(const std::vector<api_client>& clients, const http_request& request) {
    const std::string_view given = bearer_of(request);
    std::optional<std::string> out;
    for (const api_client& c : clients)
        if (!given.empty() && same_secret(given, c.token.value))
            out = c.name;
    return out;
}

/// What comes after the root, decoded: {}, {trial, number} or {trial, number, "dose"}.
std::vector<std::string> path_of(std::string_view target) {
    std::vector<std::string> out;
    std::string_view rest = target.substr(0, target.find('?'));
    rest.remove_prefix(root.size());
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const auto end = std::min(rest.find('/'), rest.size());
        out.push_back(fhir::percent_decode(rest.substr(0, end)));
        rest.remove_prefix(end);
    }
    return out;
}

/// An order as it came. `fault` says what is wrong with it.
class order_body {
public:
    order_body(const std::string& text, std::initializer_list<std::string_view> known) {
        const auto tree = parser_.parse_copy(text.empty() ? "{}" : text);
        if (!tree || !tree->is_object()) {
            fault = "the body is no JSON object";
            return;
        }
        content_ = *tree;
        for (const fhir::json::member& m : content_.members())
            if (std::find(known.begin(), known.end(), m.name) == known.end())
                fault = "unknown member '" + std::string(m.name) + "'";
            else if (!m.content.is_string())
                fault = "'" + std::string(m.name) + "' is a string";
    }
    std::string text(std::string_view name) const { return std::string(content_[name].text()); }
    std::string needed(std::string_view name) {
        std::string out = text(name);
        if (out.empty() && fault.empty())
            fault = "'" + std::string(name) + "' is missing";
        return out;
    }
    /// Today where it is left out.
    fhir::date day(std::string_view name, fhir::date today) {
        const std::string given = text(name);
        const auto out = given.empty() ? std::optional(today) : fhir::parse_date(given);
        if (fault.empty() && (!out || *out > today))
            fault = "'" + std::string(name) + "' is no day until today: YYYY-MM-DD";
        return out.value_or(today);
    }
    std::string fault;

private:
    fhir::json::parser parser_;
    fhir::json::value content_;
};

fhir::date today_at(const participants_ground& g) { return g.site.date_of(g.time.now() / second_ms); }

/// An order, ready to be carried out in a transaction.
struct order {
    std::string reason, fault;
    std::function<order_outcome(store&)> carry_out;
    bool creates = false;
};

/// The participation that the path names, in the transaction.
std::function<order_outcome(store&)> about(std::string trial, std::string number, std::function<order_outcome(const participant_row&)> rule) {
    return [trial = std::move(trial), number = std::move(number), rule = std::move(rule)](store& s) -> order_outcome {
        const auto row = s.participant(trial, number);
        return row ? rule(*row) : refusal{refusal::kind::conflict, "it is gone"};
    };
}

order enrolment_order(const participants_ground& g, const http_request& request, const order_author& author) {
    order_body body(request.body, {"trial", "number", "patient", "source", "protocolVersion", "on", "reason"});
    enrolment e{body.needed("trial"), body.needed("number"), body.text("source"), body.needed("patient"), body.text("protocolVersion"),
                body.day("on", today_at(g))};
    const auto& sources = g.config.sources;
    if (e.source.empty() && sources.size() == 1)
        e.source = sources.front().name;
    if (body.fault.empty() && std::none_of(sources.begin(), sources.end(), [&](const source_config& s) { return s.name == e.source; }))
        body.fault = "'source' names one of the configured sources";
    return {body.text("reason"), body.fault, [e, author, &trials = g.trials](store& s) { return enrol(s, trials, e, author); }, true};
}

order dose_order(const participants_ground& g, const http_request& request, const std::vector<std::string>& path, const order_author& author) {
    order_body body(request.body, {"on", "at", "reason"});
    mappings::anchor_point point{body.day("on", today_at(g))};
    if (const std::string given = body.text("at"); !given.empty()) {
        const auto at = fhir::parse_date_time(given);
        point.at = at && at->precise == fhir::precision::second ? at->instant(g.site) : std::nullopt;
        if (body.fault.empty() && (!point.at || *point.at > g.time.now() / second_ms))
            body.fault = "'at' is no time of the past: YYYY-MM-DDThh:mm:ss with a zone";
        if (point.at)
            point.on = g.site.date_of(*point.at);
    }
    const std::string reason = body.text("reason");
    return {reason, body.fault, about(path[0], path[1], [=](const participant_row& row) { return dosed(row, point, !reason.empty(), author); })};
}

order end_order(const participants_ground& g, const http_request& request, const std::vector<std::string>& path, const order_author& author) {
    order_body body(request.body, {"as", "on", "reason"});
    const auto as = mappings::participation_state_of(body.needed("as"));
    if (!as && body.fault.empty())
        body.fault = "'as' is one of withdrawn, ended-early, completed, screen-failure, died";
    const fhir::date on = body.day("on", today_at(g));
    return {body.text("reason"), body.fault,
            about(path[0], path[1], [=](const participant_row& row) { return ended(row, *as, on, author); })};
}

http_response listed(const participants_ground& g, const http_request& request) {
    const auto question = request.target.find('?');
    const std::string_view asked = question == std::string::npos ? std::string_view() : std::string_view(request.target).substr(question + 1);
    if (!asked.empty() && (!asked.starts_with("trial=") || asked.find('&') != asked.npos))
        return refused(400, "the only parameter is trial=ID");
    const std::string only = asked.empty() ? "" : fhir::percent_decode(asked.substr(6));
    json_text out;
    out.begin_object().key("participants").begin_array();
    std::string trial, number;
    for (auto some = g.reading.participants_after(trial, number, 500); !some.empty(); some = g.reading.participants_after(trial, number, 500)) {
        std::tie(trial, number) = std::pair(some.back().trial, some.back().number);
        for (const participant_row& row : some)
            if (only.empty() || row.trial == only)
                out.json(participant_json(row, nullptr));
    }
    out.end_array().end_object();
    return answer(200, std::string(out.text()));
}

asio::awaitable<http_response> carried_out(const participants_ground& g, order o) {
    order_outcome outcome = refusal{};
    const std::function<void(store&)> work = [&](store& s) {
        outcome = o.carry_out(s);
        if (const auto* change = std::get_if<participation_change>(&outcome)) {
            const participant_row& row = change->after;
            s.participant_put(row);
            s.participant_note_add(row.trial, row.number,
                                   {row.changed, row.set_by, o.reason.empty() ? change->what : change->what + ": " + o.reason});
        }
    };
    const commit_outcome failed = co_await committed(g.writer, work);
    if (failed)
        co_return refused(503, "it could not be stored; try again");
    if (const auto* no = std::get_if<refusal>(&outcome))
        co_return refused(no->what == refusal::kind::unusable ? 400 : 409, no->text);
    const participant_row& row = std::get<participation_change>(outcome).after;
    log_info("participant.ordered", {{"by", row.set_by}, {"trial", row.trial}, {"state", row.state}});
    if (g.changed)
        g.changed();
    co_return answer(o.creates ? 201 : 200, participant_json(row, nullptr));
}

} // namespace

bool is_participants_target(std::string_view target) noexcept {
    return target.starts_with(root) && (target.size() == root.size() || target[root.size()] == '/' || target[root.size()] == '?');
}

asio::awaitable<http_response> answer_participants(const participants_ground& g, http_request request) {
    if (g.config.api_clients.empty())
        co_return refused(404, "there is nothing here");
    const auto client = client_of(g.config.api_clients, request);
    if (!client)
        co_return refused(401, "a token of this gateway's configuration is needed");
    if (request.body.size() > most_body)
        co_return refused(413, "an order is small");
    const order_author author{"api " + *client, g.time.now()};
    const std::vector<std::string> path = path_of(request.target);
    const bool get = request.method == "GET", post = request.method == "POST";
    if (!get && !post)
        co_return refused(405, "GET and POST are understood here");
    order o;
    if (path.empty()) {
        if (get)
            co_return listed(g, request);
        o = enrolment_order(g, request, author);
    } else {
        const bool acts = path.size() == 3 && (path[2] == "dose" || path[2] == "end");
        const auto row = path.size() == 2 || acts ? g.reading.participant(path[0], path[1]) : std::nullopt;
        if (!row)
            co_return refused(404, "there is no such participant");
        if (get != !acts)
            co_return refused(405, acts ? "an order is a POST" : "a participant changes by POST to .../dose or .../end");
        if (get) {
            const auto trail = g.reading.participant_notes(row->trial, row->number);
            co_return answer(200, participant_json(*row, &trail));
        }
        o = path[2] == "dose" ? dose_order(g, request, path, author) : end_order(g, request, path, author);
    }
    if (!o.fault.empty())
        co_return refused(400, o.fault);
    http_response out = co_await carried_out(g, std::move(o));
    co_return out;
}

} // namespace trialgate::gateway
