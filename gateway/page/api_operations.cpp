// What an operator sees: sources, quarantine, outbox, faults. Nothing of it is about a patient: contents of messages are never sent.
#include "gateway/page/answers.hpp"
#include "gateway/store/figures.hpp"
#include "gateway/store/upkeep.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

void write_subscriptions(json_text& out, const std::vector<subscription_row>& all) {
    out.key("subscriptions").begin_array();
    for (const subscription_row& s : all) {
        out.begin_object().key("name").string(s.name).key("kind").string(s.kind).key("status").string(s.status);
        write_instant(out, "lastHeard", s.last_heard);
        write_instant(out, "ends", s.ends);
        out.end_object();
    }
    out.end_array();
}

/// What is known of a source only in memory; nothing of it when it does not run.
class live_knowledge {
public:
    live_knowledge(const api_ground& ground, const std::string& source) {
        std::string live = ground.live_source ? ground.live_source(source) : std::string();
        if (const auto tree = parser_.parse_copy(live.starts_with('{') ? live : '{' + live + '}'))
            tree_ = *tree;
    }
    fhir::json::value operator[](const char* name) const { return tree_ ? (*tree_)[name] : fhir::json::value(); }

    /// When the source was heard last by what is known here or in the store.
    instant heard(const std::vector<subscription_row>& subscriptions) const {
        const fhir::json::value last = (*this)["lastHeard"];
        instant out = last.is_number() ? std::strtoll(std::string(last.text()).c_str(), nullptr, 10) : 0;
        for (const subscription_row& r : subscriptions)
            out = std::max(out, r.last_heard);
        return out;
    }

private:
    fhir::json::parser parser_;
    std::optional<fhir::json::value> tree_;
};

void write_source(json_text& out, const figures::source& s, const api_ground& ground, const std::vector<fault_row>& faults) {
    const live_knowledge known(ground, s.name);
    const bool reachable = std::none_of(faults.begin(), faults.end(), [&](const fault_row& f) { return f.key == "source." + s.name + ".unreachable"; });
    out.begin_object().key("name").string(s.name);
    for (const source_config& c : ground.setting->config->sources)
        if (c.name == s.name)
            out.key("url").string(c.url);
    out.key("answers").boolean(reachable && known["answers"].as_bool(true)); // what it said of itself once does not mean that it answers now
    write_instant(out, "lastHeard", known.heard(s.subscriptions));
    out.key("jobs").begin_object();
    for (std::size_t n = 0; n < job_kinds.size(); ++n)
        out.key(job_kinds[n].second).number(s.jobs[n]);
    out.end_object();
    write_subscriptions(out, s.subscriptions);
    out.end_object();
}

http_response operations(const api_request&, const api_ground& ground, audit_note&) {
    const figures f = gather(ground.reading, *ground.setting->config);
    const std::vector<fault_row> faults = ground.faults.current();
    json_text out;
    out.begin_object().key("at").string(to_text(ground.time.now()));
    out.key("journal").begin_object().key("rows").number(f.journal.rows).key("bytes").number(f.journal.bytes);
    write_instant(out, "oldest", f.journal.oldest);
    out.end_object().key("patients").number(f.patients).key("sources").begin_array();
    for (const figures::source& s : f.sources)
        write_source(out, s, ground, faults);
    out.end_array().key("sinks").begin_array();
    for (const auto& [name, c] : f.sinks) {
        out.begin_object().key("name").string(name).key("waiting").number(c.waiting).key("dead").number(c.dead);
        write_instant(out, "oldest", c.oldest);
        out.end_object();
    }
    out.end_array().key("quarantine").number(f.quarantined).key("faults").begin_array();
    for (const fault_row& r : faults) {
        out.begin_object().key("key").string(r.key).key("text").string(r.text).key("times").number(static_cast<std::int64_t>(r.times));
        write_instant(out, "since", r.since);
        write_instant(out, "last", r.last);
        out.end_object();
    }
    out.end_array().key("mail").begin_object().key("waiting");
    out.number(ground.reading.mail_count_of(mail_state::waiting) + ground.reading.mail_count_of(mail_state::sending));
    out.key("dead").number(ground.reading.mail_count_of(mail_state::dead)).end_object().end_object();
    return json_answer(std::string(out.text()));
}

/// Whether faults say that nothing can be heard of a source at all. Of others, as of a Subscription that is refused, people who look at patients need
/// not know: what it would tell is asked for.
bool is_silent(const std::string& source, const std::vector<fault_row>& faults) {
    return std::any_of(faults.begin(), faults.end(), [&](const fault_row& f) {
        const std::string start = "source." + source + '.';
        return f.key == start + "unreachable" || f.key == start + "no-token" || f.key == start + "metadata";
    });
}

http_response sources(const api_request& request, const api_ground& ground, audit_note&) {
    if (!request.who.may.may(permission::view_people, "") && !request.who.may.may(permission::view_operations, ""))
        throw api_error(403, "Your role shows neither people nor operations.");
    const std::vector<fault_row> faults = ground.faults.current();
    json_text out;
    out.begin_object().key("sources").begin_array();
    for (const source_config& s : ground.setting->config->sources) {
        out.begin_object().key("name").string(s.name);
        write_instant(out, "lastHeard", live_knowledge(ground, s.name).heard(ground.reading.subscriptions(s.name)));
        out.key("trouble").boolean(is_silent(s.name, faults)).end_object();
    }
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

constexpr std::int64_t most_items = 1'000;

http_response quarantine(const api_request& request, const api_ground& ground, audit_note&) {
    const std::int64_t limit = query_number(request, "limit", 200, 1, most_items);
    std::int64_t after = query_number(request, "after", 0, 0, std::int64_t{1} << 62);
    json_text out;
    out.begin_object().key("items").begin_array();
    for (std::int64_t left = limit; left > 0;) {
        const auto page = ground.reading.quarantine_list(after, static_cast<std::size_t>(std::min<std::int64_t>(left, 50))); // bodies come along
        for (const quarantine_item& q : page) {
            out.begin_object().key("id").number(q.id).key("source").string(q.original.source).key("kind").string(to_code(q.original.kind));
            out.key("reason").string(q.reason).key("path").string(q.path).key("at").string(to_text(q.at));
            out.key("bytes").number(static_cast<std::int64_t>(q.original.body.size())).end_object();
        }
        if (page.empty())
            break;
        left -= static_cast<std::int64_t>(page.size());
        after = page.back().id;
    }
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

/// One message by its id, in one transaction; 404 when it is gone.
http_response change(const api_request& request, const api_ground& ground, audit_note& note, const char* what, bool (*how)(store&, std::int64_t),
                     const std::function<void()>& then) {
    const std::int64_t id = path_id(request);
    note.detail = std::string(what) + ' ' + std::to_string(id);
    if (!commit(ground, note, [&](store& s) { return how(s, id); }))
        throw api_error(404, "There is no such message any more.");
    if (then)
        then();
    return done();
}

http_response replay(const api_request& request, const api_ground& ground, audit_note& note) {
    return change(request, ground, note, "quarantine", quarantine_replay, ground.wake_worker);
}
http_response drop_quarantined(const api_request& request, const api_ground& ground, audit_note& note) {
    return change(request, ground, note, "quarantine", quarantine_drop, {});
}

http_response outbox(const api_request& request, const api_ground& ground, audit_note&) {
    const std::int64_t limit = query_number(request, "limit", 500, 1, most_items);
    std::int64_t after = query_number(request, "after", 0, 0, std::int64_t{1} << 62);
    const auto asked = request.query.find("state");
    if (asked != request.query.end() && asked->second != "dead" && asked->second != "waiting")
        throw api_error(400, "'state' is dead or waiting.");
    json_text out;
    out.begin_object().key("messages").begin_array();
    for (std::int64_t shown = 0; shown < limit;) {
        const auto page = ground.reading.outbox_list("", after, 500);
        for (const outbox_row& r : page) {
            if ((asked != request.query.end() && asked->second != to_code(r.state)) || shown == limit)
                continue;
            ++shown;
            out.begin_object().key("id").number(r.id).key("sink").string(r.sink).key("subject").string(std::string_view(r.subject).substr(0, 8));
            out.key("trial").string(r.trial).key("kind").string(r.kind).key("created").string(to_text(r.created)).key("state").string(to_code(r.state));
            out.key("attempts").number(r.attempts);
            write_instant(out, "notBefore", r.state == outbox_state::waiting ? r.not_before : 0);
            out.key("error").string(r.error).end_object();
        }
        if (page.empty())
            break;
        after = page.back().id;
    }
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

http_response retry(const api_request& request, const api_ground& ground, audit_note& note) {
    return change(request, ground, note, "outbox", outbox_retry, ground.wake_outbox);
}
http_response drop_outgoing(const api_request& request, const api_ground& ground, audit_note& note) {
    return change(request, ground, note, "outbox", outbox_drop, ground.wake_outbox);
}

} // namespace

std::vector<api_route> operations_routes() {
    return {
        {"GET", "/api/v1/operations", permission::view_operations, "", operations, true},
        {"GET", "/api/v1/sources", permission::any, "", sources, true},
        {"GET", "/api/v1/operations/quarantine", permission::view_operations, "", quarantine},
        {"POST", "/api/v1/operations/quarantine/{id}/replay", permission::operate, "replay", replay},
        {"POST", "/api/v1/operations/quarantine/{id}/drop", permission::operate, "drop", drop_quarantined},
        {"GET", "/api/v1/operations/outbox", permission::view_operations, "", outbox},
        {"POST", "/api/v1/operations/outbox/{id}/retry", permission::operate, "retry", retry},
        {"POST", "/api/v1/operations/outbox/{id}/drop", permission::operate, "drop", drop_outgoing},
    };
}

} // namespace trialgate::gateway
