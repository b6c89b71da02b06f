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

bool runs(const participation_of& p) noexcept {
    const auto s = mappings::participation_state_of(p.state);
    return s && goes_on(*s);
}

/// What the rows of one trial show beside the decision, read at once for all of them.
class beside_decisions {
public:
    beside_decisions(store& rows, std::string_view trial, std::int64_t seen, std::string_view user) {
        for (const comment_count& c : rows.comment_counts(trial))
            of_[key(c)].comments = c.comments;
        // Oldest first: of several participations the one that runs counts, else the last.
        for (participation_of& p : rows.participations_in(trial))
            if (person& one = of_[key(p)]; !one.study || runs(p) || !runs(*one.study))
                one.study = std::move(p);
        if (seen != 0)
            for (const named_person& p : rows.judged_since(trial, seen, user))
                of_[key(p)].judged = true;
    }

    struct person {
        std::int64_t comments = 0;
        std::optional<participation_of> study; ///< the one that runs, else the one that ended last
        bool judged = false;                   ///< somebody else than the visitor said something since the visitor has looked
    };
    const person& of(const decision_row& d) const {
        static const person nothing;
        const auto at = of_.empty() ? of_.end() : of_.find(key(d));
        return at == of_.end() ? nothing : at->second;
    }

private:
    template <class Row> static std::string key(const Row& of) { return of.source + '\n' + of.patient; }
    std::unordered_map<std::string, person> of_;
};

/// "status|strip" as the visitor saw it; "|": this person was not listed then. Empty: it is as it was, or the visitor has not looked at this trial yet. The strip
/// is empty when it was of other criteria.
std::string seen_as(store& rows, const decision_row& d, std::int64_t seen) {
    if (seen == 0 || d.stamp <= seen || d.status.empty())
        return {};
    const auto then = rows.history_at(d.source, d.patient, d.trial, seen);
    if (!then || then->status.empty())
        return "|";
    const bool comparable = then->made_with == d.made_with;
    if (then->status == d.status && (!comparable || then->strip == d.strip))
        return {};
    return then->status + '|' + (comparable ? then->strip : std::string());
}

/// Of who is not listed nothing of the record is told.
void write_row(json_text& out, const decision_row& d, const beside_decisions::person& beside, const std::string& was, bool identity) {
    const bool listed = !d.status.empty();
    out.begin_array().string(d.subject).string(d.status).string(listed ? std::string_view(d.strip) : std::string_view());
    d.changes_on == fhir::date::highest() || !listed ? out.null() : out.string(to_string(d.changes_on));
    out.number(d.changed).string(was).string(d.mark).string(d.human).number(beside.comments).number(d.stamp);
    out.string(identity ? std::string_view(d.patient) : std::string_view(d.subject).substr(0, 8)).string(d.contradiction);
    out.string(decided_word(d));
    const auto& study = beside.study;
    out.string(study ? study->number : std::string_view()).string(study ? study->state : std::string_view()).boolean(beside.judged).end_array();
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
    if (!decisions.empty())
        stamp = std::max(stamp, decisions.back().stamp);
    const std::int64_t seen = seen_by(rows, trial, request.who.id);
    json_text out;
    out.begin_object().key("stamp").number(stamp).key("today").string(to_string(today_of(ground)));
    out.key("madeWith").string(ground.setting->fingerprint);
    out.key("seen").number(seen).key("rows").begin_array();
    if (!decisions.empty()) {
        const beside_decisions beside(rows, trial, seen, request.who.id);
        for (const decision_row& d : decisions) {
            const beside_decisions::person& of = beside.of(d);
            // Who is not listed is not forgotten while people have to do with them.
            if (changes || !d.status.empty() || !d.contradiction.empty() || (of.study && runs(*of.study)))
                write_row(out, d, of, seen_as(rows, d, seen), shows_identity(request, ground, d.subject));
        }
    }
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
