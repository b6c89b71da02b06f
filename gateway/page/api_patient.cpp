// One person in one trial: the report with its evidence, what people said, how it came about, the timeline, and who it is.
#include "gateway/core/json_text.hpp"
#include "gateway/page/answers.hpp"
#include "gateway/page/timeline.hpp"
#include "gateway/work/batch.hpp"
#include "gateway/work/judgement.hpp"

#include "fhir/search.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

using namespace mappings;

constexpr std::string_view decided_by_word(decided_by who) noexcept {
    return who == decided_by::record ? "record" : who == decided_by::record_or_clinician ? "record-or-clinician" : "clinician";
}

void write_notes(json_text& out, const std::vector<shown_note>& notes) {
    out.key("notes").begin_array();
    for (const shown_note& n : notes)
        out.begin_object().key("id").string(n.id).key("text").string(n.sentence).end_object();
    out.end_array();
}

void write_confirmation(json_text& out, const judgement_row* said, verdict machine) {
    out.key("confirmed");
    if (!said)
        return void(out.null());
    out.begin_object().key("judgement").number(said->id).key("value").string(said->value).key("by").string(said->name);
    out.key("at").string(to_text(said->at)).key("reason").string(said->reason).key("machine").string(to_code(machine)).end_object();
}

/// The members of report_json and, beside them, words. With `said` the verdict is the person's, and it stays until they take it back.
void write_criterion(json_text& out, const criterion_report& c, const report_names& names, const judgement_row* said) {
    out.begin_object().key("id").string(c.id).key("text").string(c.text).key("decidedBy").string(decided_by_word(c.who));
    out.key("verdict").string(said ? std::string_view(said->value) : to_code(c.is.is)).key("reason");
    c.is.is == verdict::unknown && !said ? out.string(to_code(c.is.why)) : out.null();
    out.key("explanation").string(c.explanation);
    write_day(out, "changesOn", said ? std::nullopt : c.changes_on);
    out.key("needs").begin_array();
    if (!said)
        for (const std::string& n : c.needs)
            out.string(n);
    out.end_array();
    write_notes(out, c.notes);
    out.key("evidence").begin_array();
    for (const evidence_item& e : c.evidence) {
        const evidence_item shown = shown_evidence(e, names);
        out.begin_object().key("reference").string(shown.reference).key("version");
        shown.version.empty() ? out.null() : out.string(shown.version);
        out.key("date");
        shown.date.empty() ? out.null() : out.string(shown.date);
        out.key("text").string(shown.text).key("what").string(shown.what).key("verification").string(shown.verification).end_object();
    }
    out.end_array().key("parts").begin_array();
    for (const criterion_report& p : c.parts)
        write_criterion(out, p, names, nullptr);
    out.end_array();
    write_confirmation(out, said, c.is.is);
    out.end_object();
}

/// URL of the person in the hospital's own system; empty when the site gave none.
std::string link_of(const api_ground& ground, std::string_view patient) {
    std::string link = ground.setting->config->page.ehr_link;
    constexpr std::string_view type = "Patient/", place = "{id}";
    if (!patient.starts_with(type))
        return {};
    const std::string id = fhir::percent_encode(patient.substr(type.size()));
    for (auto at = link.find(place); at != link.npos; at = link.find(place, at + id.size()))
        link.replace(at, place.size(), id);
    return link;
}

void write_identity_members(json_text& out, const api_ground& ground, const decision_row& d) {
    out.begin_object().key("source").string(d.source).key("reference").string(d.patient).key("link").string(link_of(ground, d.patient)).end_object();
}

void write_person(json_text& out, const person_data* p, fhir::date today, bool identity) {
    static constexpr const char* sexes[] = {nullptr, "female", "male", "other"};
    out.key("person").begin_object().key("sex");
    const char* sex = p ? sexes[static_cast<std::size_t>(p->gender)] : nullptr;
    sex ? out.string(sex) : out.null();
    out.key("born");
    const bool known = p && p->birth_known;
    if (!known)
        out.null();
    else
        out.string(identity ? to_string(p->birth) : to_string(p->birth).substr(0, 4));
    out.key("age");
    // Of a birth date that is known by the year alone there may be two answers: none is given.
    const bool one = known && fhir::completed_years(p->birth.first, today) == fhir::completed_years(p->birth.last, today);
    one ? out.number(fhir::completed_years(p->birth.first, today)) : out.null();
    out.end_object();
}

/// {"by": "record", "events": ["Observation/o1 v2"], "judgement": 12} with resources under the names that may be shown.
void write_cause(json_text& out, const std::string& cause, const report_names& names) {
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(cause);
    out.begin_object().key("by").string(tree && (*tree)["by"].is_string() ? (*tree)["by"].text() : "record").key("events").begin_array();
    if (tree)
        for (const fhir::json::value& e : (*tree)["events"].elements()) {
            const std::string_view whole = e.text();
            const auto end = std::min(whole.find(' '), whole.size());
            const std::string reference(whole.substr(0, end));
            out.string((names.reference ? names.reference(reference) : reference) + std::string(whole.substr(end)));
        }
    out.end_array();
    if (tree && (*tree)["judgement"].is_number())
        out.key("judgement").copy((*tree)["judgement"]);
    out.end_object();
}

/// Of who is not listed: that they are not, and since when.
void write_history(json_text& out, const api_ground& ground, const decision_row& d, bool listed, const report_names& names) {
    constexpr std::size_t most = 500;
    out.key("history").begin_array();
    for (const history_row& h : ground.reading.history_of(d.source, d.patient, d.trial, most)) {
        if (!listed && !h.status.empty())
            continue;
        out.begin_object().key("at").string(to_text(h.at)).key("status").string(h.status).key("strip").string(h.strip).key("cause");
        write_cause(out, h.cause, names);
        out.key("sameCriteria").boolean(h.made_with == ground.setting->fingerprint).end_object();
    }
    out.end_array();
}

/// Codes that nobody knew when the record was fetched and nobody knows now: the maps may have become others since.
void write_local_codes(json_text& out, const api_ground& ground, const std::vector<local_code>& codes) {
    out.key("localCodes").begin_array();
    for (const local_code& c : codes)
        if (ground.setting->trials->codes().lookup(c.system, c.code).empty())
            out.begin_object().key("type").string(c.type).key("system").string(c.system).key("code").string(c.code).key("display").string(c.display).end_object();
    out.end_array();
}

void write_participations(json_text& out, const api_ground& ground, const decision_row& d) {
    out.key("participations").begin_array();
    for (const participant_row& p : ground.reading.participants_of_person(d.source, d.patient)) {
        if (p.trial != d.trial)
            continue;
        out.begin_object().key("number").string(p.number).key("state").string(p.state).key("since").string(to_string(p.since));
        out.key("anchors").begin_object();
        for (const auto& [name, point] : decode_anchors(p.anchors))
            out.key(name).string(to_string(point.on));
        out.end_object().end_object();
    }
    out.end_array();
}

bool takes_part(const api_ground& ground, const decision_row& d) {
    const std::vector<participant_row> all = ground.reading.participants_of_person(d.source, d.patient);
    return std::any_of(all.begin(), all.end(), [&](const participant_row& p) { return p.trial == d.trial && goes_on(participant_of(p).state); });
}

/// What the record says today. A name that is another person's by now has no criteria.
struct found_person {
    std::optional<trial_report> report;
    std::optional<person_data> about; ///< nothing of somebody who is not listed: who opted out is shown as little as who was never here
    bool listed() const noexcept { return report && report->status; }
};

void each_evaluated(const api_ground& ground, const decision_row& d, const std::function<void(const evaluated_person&, trial_index)>& each) {
    known_people none; // only writing asks for it
    const auto trials = ground.setting->trials->trials();
    work_batch(ground.setting->evaluation, ground.reading, none, ground.time.now(), today_of(ground)).look_at(d.source, d.patient, [&](const evaluated_person& p) {
        for (trial_index t = 0; t < trials.size(); ++t)
            if (trials[t].source->id == d.trial)
                each(p, t);
    });
}

/// Pseudonym of who this is now; empty when it is nobody else, or somebody who cannot be opened in this trial.
std::string survivor_of(const api_ground& ground, const decision_row& d) {
    const std::string now = ground.reading.survivor(d.source, d.patient);
    const auto row = now == d.patient ? std::nullopt : ground.reading.decision(d.source, now, d.trial);
    return row ? row->subject : std::string();
}

void write_head(json_text& out, const api_request& request, const api_ground& ground, const decision_row& d, const compiled_trial& trial) {
    const bool identity = shows_identity(request, ground, d.subject);
    out.key("subject").string(d.subject).key("label").string(identity ? std::string_view(d.patient) : std::string_view(d.subject).substr(0, 8));
    out.key("trial").string(d.trial).key("title").string(trial.source->title).key("protocolVersion").string(trial.source->version);
    out.key("asOf").string(to_string(today_of(ground)));
    out.key("mark").string(d.mark).key("human").string(d.human).key("contradiction").string(d.contradiction);
    out.key("decided").string(decided_word(d)).key("mergedInto");
    const std::string into = survivor_of(ground, d);
    into.empty() ? out.null() : out.string(into);
    out.key("identity");
    identity ? write_identity_members(out, ground, d) : void(out.null());
}

void write_verdicts(json_text& out, const trial& of, const std::optional<trial_report>& r,
                    const std::vector<judgement_row>& judgements, const report_names& names) {
    const standing_judgements said = standing_judgements_of(judgements, of.id);
    const bool listed = r && r->status;
    out.key("status");
    listed ? out.string(to_code(judge(of, outcomes_of(*r), said).status)) : out.null();
    out.key("machineStatus");
    listed ? out.string(to_code(*r->status)) : out.null();
    std::optional<fhir::date> changes;
    const std::size_t shown = r ? std::min(r->criteria.size(), of.criteria.size()) : 0;
    const auto on = [&](std::size_t n) { return judgement_on(said, of.criteria[n].root); };
    for (std::size_t n = 0; n < shown; ++n)
        if (const auto d = r->criteria[n].changes_on; d && !on(n) && (!changes || *d < *changes))
            changes = d;
    write_day(out, "changesOn", changes);
    write_notes(out, r ? r->notes : std::vector<shown_note>{{std::string(id(note::merged)), std::string(sentence(note::merged))}});
    out.key("criteria").begin_array();
    for (std::size_t n = 0; n < shown; ++n)
        write_criterion(out, r->criteria[n], names, on(n));
    out.end_array();
}

http_response person(const api_request& request, const api_ground& ground, audit_note& note_) {
    const compiled_trial& trial = trial_of(request, ground);
    const decision_row d = decision_of(request, ground);
    note_.trial = d.trial;
    note_.subject = d.subject;
    const report_names names = names_for(request, ground, d);
    found_person found;
    each_evaluated(ground, d, [&](const evaluated_person& p, trial_index t) {
        found.report = p.report(t);
        if (found.listed())
            found.about = p.data.person;
    });
    const std::vector<judgement_row> judgements = ground.reading.judgements_of(d.source, d.patient, d.trial);
    json_text out;
    out.begin_object();
    write_head(out, request, ground, d, trial);
    write_person(out, found.about ? &*found.about : nullptr, today_of(ground), shows_identity(request, ground, d.subject));
    write_verdicts(out, *trial.source, found.report, judgements, names);
    out.key("judgements").begin_array();
    for (const judgement_row& j : judgements)
        write_judgement(out, j, request.who);
    out.end_array();
    write_history(out, ground, d, found.listed(), names);
    write_local_codes(out, ground, found.listed() ? ground.reading.local_codes_of(d.source, d.patient) : std::vector<local_code>());
    write_participations(out, ground, d);
    out.end_object();
    return json_answer(std::string(out.text()));
}

http_response timeline(const api_request& request, const api_ground& ground, audit_note& note_) {
    const compiled_trial& trial = trial_of(request, ground);
    const decision_row d = decision_of(request, ground);
    note_.trial = d.trial;
    note_.subject = d.subject;
    const report_names names = names_for(request, ground, d);
    std::string body;
    each_evaluated(ground, d, [&](const evaluated_person& p, trial_index t) {
        const trial_report report = p.report(t);
        if (report.status)
            body = timeline_json(trial, p, report, ground.setting->trials->codes(), names);
    });
    if (body.empty())
        body = empty_timeline_json(today_of(ground));
    return json_answer(std::move(body));
}

http_response reveal(const api_request& request, const api_ground& ground, audit_note& note_) {
    const decision_row d = decision_of(request, ground);
    note_.trial = d.trial;
    note_.subject = d.subject;
    if (d.status.empty() && !takes_part(ground, d))
        throw api_error(409, "This person is not listed in this trial any more: there is no reason to know who it is.");
    note_.detail = text_of(api_body(request.body, {"reason"}), "reason", true, 500, true);
    json_text out;
    write_identity_members(out, ground, d);
    return json_answer(std::string(out.text()));
}

http_response concepts(const api_request&, const api_ground& ground, audit_note&) {
    const catalog& codes = ground.setting->trials->codes();
    json_text out;
    out.begin_object().key("concepts").begin_array();
    for (std::size_t n = 1; n < codes.size(); ++n) {
        const auto c = static_cast<concept_id>(n);
        // What no trial reads needs no mapping; a group has no codes of its own.
        if (codes.members(c).size() == 1 && ground.setting->trials->reads(c))
            out.begin_object().key("id").string(codes.id(c)).key("title").string(codes.title(c)).end_object();
    }
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

} // namespace

std::vector<api_route> patient_routes() {
    return {
        {"GET", "/api/v1/trials/{trial}/people/{subject}", permission::view_people, "view-patient", person},
        {"GET", "/api/v1/trials/{trial}/people/{subject}/timeline", permission::view_people, "view-patient", timeline},
        {"POST", "/api/v1/trials/{trial}/people/{subject}/reveal", permission::reveal, "reveal", reveal},
        {"GET", "/api/v1/concepts", permission::any, "", concepts},
    };
}

} // namespace trialgate::gateway
