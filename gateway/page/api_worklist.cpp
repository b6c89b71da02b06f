// The worklist: trials, who is listed in one, what changed since, and what a user has seen of it.
#include "gateway/page/answers.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace trialgate::gateway {

namespace {

std::string_view to_code(mappings::decided_by who) noexcept {
    switch (who) {
    case mappings::decided_by::record: return "record";
    case mappings::decided_by::record_or_clinician: return "record-or-clinician";
    case mappings::decided_by::clinician: break;
    }
    return "clinician";
}

http_response trials(const api_request& request, const api_ground& ground, audit_note&) {
    json_text out;
    out.begin_object().key("trials").begin_array();
    for (const mappings::compiled_trial& t : ground.setting->trials->trials()) {
        const mappings::trial& trial = *t.source;
        if (!request.who.may.may(permission::view_people, trial.id))
            continue;
        out.begin_object().key("id").string(trial.id).key("title").string(trial.title).key("version").string(trial.version);
        out.key("criteria").begin_array();
        for (const mappings::trial::top& c : trial.criteria) {
            out.begin_object().key("id").string(c.root.id).key("text").string(c.root.text);
            out.key("decidedBy").string(to_code(c.who)).end_object();
        }
        out.end_array().key("counts").begin_object();
        for (const status_count& c : ground.reading.decision_counts(trial.id))
            out.key(c.status.empty() ? "not-listed" : c.status).number(c.people);
        out.end_object().end_object();
    }
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

std::string seen_name(std::string_view trial, std::string_view user) { return "page.seen/" + std::string(trial) + '/' + std::string(user); }

std::int64_t seen_by(store& rows, std::string_view trial, std::string_view user) {
    const auto text = rows.value(seen_name(trial, user));
    return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

/// Comments of one trial by person.
class comments {
public:
    explicit comments(const std::vector<comment_count>& counts) {
        for (const comment_count& c : counts)
            of_.emplace(c.source + '\n' + c.patient, c.comments);
    }
    std::int64_t of(const decision_row& d) const {
        if (of_.empty())
            return 0;
        const auto at = of_.find(d.source + '\n' + d.patient);
        return at == of_.end() ? 0 : at->second;
    }

private:
    std::unordered_map<std::string, std::int64_t> of_;
};

/// The running participations of one trial by person; of several the one that began last.
class in_study {
public:
    explicit in_study(std::vector<participation_of> all) {
        for (participation_of& p : all)
            if (runs(p.state))
                of_.insert_or_assign(p.source + '\n' + p.patient, std::move(p));
    }
    /// Nothing when there is none.
    const participation_of* of(const decision_row& d) const {
        const auto at = of_.empty() ? of_.end() : of_.find(d.source + '\n' + d.patient);
        return at == of_.end() ? nullptr : &at->second;
    }

private:
    static bool runs(std::string_view state) noexcept {
        const auto s = mappings::participation_state_of(state);
        return s && goes_on(*s);
    }
    std::unordered_map<std::string, participation_of> of_;
};

void write_row(json_text& out, const decision_row& d, std::int64_t comment_count, const participation_of* study, bool identity) {
    out.begin_array().string(d.subject).string(d.status).string(d.strip);
    d.changes_on == fhir::date::highest() ? out.null() : out.string(to_string(d.changes_on));
    out.number(d.changed).string(d.was).string(d.mark).string(d.human).number(comment_count).number(d.stamp);
    out.string(identity ? std::string_view(d.patient) : std::string_view(d.subject).substr(0, 8)).string(d.contradiction);
    out.string(decided_word(d)).string(study ? study->number : std::string_view()).string(study ? study->state : std::string_view()).end_array();
}

http_response worklist(const api_request& request, const api_ground& ground, audit_note& note) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr std::size_t everybody = 10'000'000;
    const std::string& trial = trial_of(request, ground).source->id;
    note.trial = trial;
    const bool changes = request.query.contains("since");
    const std::int64_t since = query_number(request, "since", 0, 0, most);
    store& rows = ground.reading;
    // The stamp is read before the rows: what is put between the two comes again with the next delta, and nothing is missed.
    std::int64_t stamp = rows.decisions_stamp();
    const std::vector<decision_row> decisions = rows.decisions_since(trial, since, everybody);
    const comments said(decisions.empty() ? std::vector<comment_count>() : rows.comment_counts(trial));
    const in_study study(decisions.empty() ? std::vector<participation_of>() : rows.participations_in(trial));
    if (!decisions.empty())
        stamp = std::max(stamp, decisions.back().stamp);
    json_text out;
    out.begin_object().key("stamp").number(stamp).key("today").string(to_string(today_of(ground)));
    out.key("madeWith").string(ground.setting->fingerprint);
    out.key("seen").number(seen_by(rows, trial, request.who.id)).key("rows").begin_array();
    for (const decision_row& d : decisions)
        if (changes || !d.status.empty())
            write_row(out, d, said.of(d), study.of(d), shows_identity(request, ground, d.subject));
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

http_response seen(const api_request& request, const api_ground& ground, audit_note& note) {
    const std::string& trial = trial_of(request, ground).source->id;
    note.trial = trial;
    const std::int64_t stamp = api_body(request.body, {"stamp"}).number("stamp", 0, std::numeric_limits<std::int64_t>::max());
    if (stamp > ground.reading.decisions_stamp())
        throw api_error(400, "'stamp' is one that the worklist gave.");
    commit(ground, note, [&](store& s) {
        // Two windows of one user: what was seen in one stays seen.
        const bool more = seen_by(s, trial, request.who.id) < stamp;
        if (more)
            s.value_put(seen_name(trial, request.who.id), std::to_string(stamp));
        return more;
    });
    return done();
}

} // namespace

std::vector<api_route> worklist_routes() {
    return {
        {"GET", "/api/v1/trials", permission::any, "", trials},
        {"GET", "/api/v1/trials/{trial}/worklist", permission::view_people, "view-list", worklist},
        {"POST", "/api/v1/trials/{trial}/seen", permission::view_people, "", seen},
    };
}

} // namespace trialgate::gateway
