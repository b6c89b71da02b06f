// What people decide: they confirm criteria, mark people, comment, and propose what local codes mean. Each is durable before it is answered; the worker looks
// at it right after.
#include "gateway/page/answers.hpp"
#include "gateway/page/proposals.hpp"
#include "gateway/work/enrolment.hpp"
#include "gateway/work/judgement.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

constexpr std::size_t longest_text = 2000, longest_code = local_code::longest_code;

constexpr std::pair<std::string_view, judgement_kind> kinds[] = {
    {"criterion", judgement_kind::criterion}, {"mark", judgement_kind::mark}, {"comment", judgement_kind::comment}, {"mapping", judgement_kind::mapping}};

std::string reason_of(const api_body& body, bool needed) { return text_of(body, "reason", needed, longest_text, true); }

std::string_view role_in(const visitor& who, std::string_view trial) {
    return to_code(who.may.has(role::investigator, trial) ? role::investigator : role::coordinator);
}

/// Only of people who are listed: of nobody else there is anything to decide.
void need_listed(const decision_row& d) {
    if (d.status.empty())
        throw api_error(409, "This person is not listed in this trial any more.");
}

void read_criterion(const api_body& body, const api_request& request, const mappings::trial& trial, const decision_row& d, judgement_row& out) {
    if (!request.who.may.may(permission::confirm, trial.id))
        throw api_error(403, "Only an investigator of this trial decides a criterion.");
    need_listed(d);
    out.what = body.needed("what", longest_code);
    out.value = body.needed("value", longest_code);
    const auto at = std::find_if(trial.criteria.begin(), trial.criteria.end(), [&](const mappings::trial::top& c) { return c.root.id == out.what; });
    if (at == trial.criteria.end())
        throw api_error(400, "'what' is no criterion of this trial.");
    if (out.value != "met" && out.value != "not-met")
        throw api_error(400, "'value' is 'met' or 'not-met'.");
    out.asked = at->root.text;
    out.reason = reason_of(body, true);
}

/// A mark, and the participation that it begins when it bears a number.
std::optional<enrolment> read_mark(const api_body& body, const api_ground& ground, const decision_row& d, judgement_row& out) {
    need_listed(d);
    out.value = body.needed("value", longest_code);
    if (subject_status_of_mark(out.value).empty())
        throw api_error(400, "'value' is one of not-interested, screened, enrolled, excluded.");
    out.reason = reason_of(body, true);
    const std::string number = text_of(body, "number", false, longest_code, false), on = body.text("on", longest_code);
    if (number.empty() && !on.empty())
        throw api_error(400, "'on' belongs to a number.");
    if (number.empty())
        return std::nullopt;
    if (out.value != "screened" && out.value != "enrolled")
        throw api_error(400, "Only who is screened or enrolled has a number.");
    const fhir::date today = today_of(ground);
    const auto day = on.empty() ? std::optional(today) : fhir::parse_date(on);
    if (!day || *day > today)
        throw api_error(400, "'on' is no day until today: YYYY-MM-DD.");
    return enrolment{d.trial, number, d.source, d.patient, {}, *day};
}

/// As FHIR's type code has it: no white space at its ends, none but single blanks within.
bool is_code(std::string_view text) noexcept {
    return !text.empty() && text.front() != ' ' && text.back() != ' ' && text.find("  ") == text.npos;
}

std::string mapping_text(const fhir::json::value& v) {
    json_text out;
    out.begin_object();
    for (const char* member : {"system", "code", "display", "concept"})
        out.key(member).string(v[member].text());
    out.end_object();
    return std::string(out.text());
}

void read_mapping(const api_body& body, const api_ground& ground, judgement_row& out) {
    const fhir::json::value v = body["value"];
    const auto part = [&](std::string_view name, bool needed, std::size_t most) {
        const std::string text(v[name].text());
        const bool other_kind = v[name] && !v[name].is_string();
        if (other_kind || text.size() > most * 4 || characters(text, name, false) > most || (needed && text.empty()))
            throw api_error(400, "'" + std::string(name) + "' of a mapping is a text of " + (needed ? "1 to " : "at most ") + std::to_string(most) + " characters.");
        return text;
    };
    if (!v.is_object())
        throw api_error(400, "'value' of a mapping is an object with system, code, display and concept.");
    const std::string system = part("system", true, local_code::longest_system), code = part("code", true, longest_code);
    const std::string display = part("display", false, local_code::longest_display), meaning = part("concept", true, longest_code);
    if (system.find(' ') != system.npos)
        throw api_error(400, "'system' of a mapping is a URI.");
    if (!is_code(code))
        throw api_error(400, "'code' of a mapping has no blanks at its ends and no two in a row.");
    if (ground.setting->trials->codes().find(meaning) == mappings::concept_id::none)
        throw api_error(400, "'concept' of a mapping is no concept of the library.");
    out.value = mapping_text(v);
    out.reason = reason_of(body, false);
}

http_response answer_with(const api_request& request, const api_ground& ground, std::int64_t id, int status) {
    const auto row = ground.reading.judgement(id);
    if (!row)
        throw api_error(404, "It is gone.");
    json_text out;
    out.begin_object().key("judgement");
    write_judgement(out, *row, request.who);
    out.end_object();
    return json_answer(std::string(out.text()), status);
}

/// The rules' words, which stand behind a colon elsewhere, as a sentence.
std::string sentence(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    return text + '.';
}

/// The judgement, and with it what begins by it; nothing of both when a rule refuses.
std::int64_t store_judgement(const api_ground& ground, const judgement_row& row, const std::optional<enrolment>& begins, audit_note& note) {
    std::int64_t id = 0;
    std::optional<refusal> refused;
    const std::string detail = note.detail;
    const order_author author{"page " + attribution(row.name, row.by), row.at};
    commit(ground, note, [&](store& s) {
        refused.reset();
        if (begins) {
            const order_outcome outcome = enrol(s, *ground.setting->trials, *begins, author);
            if (const auto* no = std::get_if<refusal>(&outcome)) {
                refused = *no;
                return false;
            }
            const auto& change = std::get<participation_change>(outcome);
            s.participant_put(change.after);
            s.participant_note_add(change.after.trial, change.after.number, {author.at, author.by, change.what});
        }
        id = s.judgement_add(row);
        note.detail = detail + " #" + std::to_string(id);
        return true;
    });
    if (refused)
        throw api_error(refused->what == refusal::kind::conflict ? 409 : 400, sentence(refused->text));
    return id;
}

/// By which a repeated request is known; empty when it has none.
std::string key_of(const api_body& body) {
    std::string out = body.text("key", longest_code);
    const auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; };
    if (!out.empty() && (out.size() < 16 || out.size() > 64 || !std::all_of(out.begin(), out.end(), plain)))
        throw api_error(400, "'key' is 16 to 64 letters, digits and hyphens.");
    return out;
}

/// Whether `body` says that. A number is not compared: it belongs to the participation.
bool says(const api_body& body, const judgement_row& said) {
    const auto kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& k) { return k.second == said.kind; });
    const std::string value = said.kind == judgement_kind::mapping ? mapping_text(body["value"]) : body.text("value");
    return body.text("kind") == kind->first && body.text("what") == said.what && value == said.value && body.text("reason", 4 * longest_text) == said.reason;
}

/// The answer to the first request was lost: what was stored then, and nothing happens.
http_response said_before(const api_request& request, const api_ground& ground, const decision_row& d, const judgement_row& said, const api_body& body,
                          audit_note& note) {
    const bool same_person = said.source == d.source && ground.reading.survivor(said.source, said.patient) == ground.reading.survivor(d.source, d.patient);
    if (!same_person || said.trial != d.trial || !says(body, said))
        throw api_error(409, "This 'key' was used for something else.");
    note.detail = "again #" + std::to_string(said.id);
    return answer_with(request, ground, said.id, 200);
}

http_response judge_person(const api_request& request, const api_ground& ground, audit_note& note) {
    const mappings::trial& trial = *trial_of(request, ground).source;
    const decision_row d = decision_of(request, ground);
    const api_body body(request.body, {"kind", "what", "value", "reason", "number", "on", "key"});
    const std::string kind = body.needed("kind", longest_code);
    const auto known = std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& k) { return k.first == kind; });
    if (known == std::end(kinds))
        throw api_error(400, "'kind' is one of criterion, mark, comment, mapping.");
    note.detail = kind;
    judgement_row row;
    row.source = d.source;
    row.patient = d.patient;
    row.trial = trial.id;
    row.by = request.who.id;
    row.name = request.who.name;
    row.role = role_in(request.who, trial.id);
    row.at = ground.time.now();
    row.kind = known->second;
    row.key = key_of(body);
    if (const auto said = row.key.empty() ? std::nullopt : ground.reading.judgement_by_key(row.by, row.key))
        return said_before(request, ground, d, *said, body, note);
    std::optional<enrolment> begins;
    switch (row.kind) {
    case judgement_kind::criterion:
        read_criterion(body, request, trial, d, row);
        note.detail += " " + row.what + " " + row.value;
        break;
    case judgement_kind::mark:
        begins = read_mark(body, ground, d, row);
        note.detail += " " + row.value;
        break;
    case judgement_kind::comment: row.reason = reason_of(body, true); break;
    case judgement_kind::mapping: read_mapping(body, ground, row); break;
    }
    const std::int64_t id = store_judgement(ground, row, begins, note);
    if (ground.wake_worker)
        ground.wake_worker();
    return answer_with(request, ground, id, 201);
}

http_response undo(const api_request& request, const api_ground& ground, audit_note& note) {
    const decision_row d = decision_of(request, ground);
    const std::int64_t id = path_id(request);
    const std::vector<judgement_row> all = ground.reading.judgements_of(d.source, d.patient, d.trial);
    const auto row = std::find_if(all.begin(), all.end(), [&](const judgement_row& j) { return j.id == id; });
    if (row == all.end())
        throw api_error(404, "There is no such judgement of this person.");
    note.detail = "#" + std::to_string(id);
    if (row->by != request.who.id && !request.who.may.has(role::investigator, d.trial))
        throw api_error(403, "Only an investigator undoes what somebody else decided.");
    if (!row->undone_by.empty())
        throw api_error(409, "It has been undone already.");
    const speaker by{request.who.id, request.who.name};
    const instant at = ground.time.now();
    if (!commit(ground, note, [&](store& s) { return s.judgement_undo(id, by, at); }))
        throw api_error(409, "It has been undone already.");
    if (ground.wake_worker)
        ground.wake_worker();
    return answer_with(request, ground, id, 200);
}

http_response proposals(const api_request& request, const api_ground& ground, audit_note& note) {
    const rights& may = request.who.may;
    if (!may.has(role::coordinator, "") && !may.has(role::investigator, "") && !may.has(role::operator_, ""))
        throw api_error(403, "Proposals are for coordinators, investigators and operators.");
    constexpr std::size_t at_a_time = 500;
    std::vector<judgement_row> all;
    const bool every_trial = may.has(role::operator_, "");
    for (std::int64_t after = 0;;) {
        std::vector<judgement_row> some = ground.reading.judgements_after(after, judgement_kind::mapping, at_a_time);
        if (some.empty())
            break;
        after = some.back().id;
        for (judgement_row& j : some) {
            const bool mine = may.may(permission::view_people, j.trial);
            if (j.undone_by.empty() && (mine || every_trial)) // of other people's trials the codes alone
                all.push_back(mine ? std::move(j) : without_display(std::move(j)));
        }
    }
    note.detail = "mapping proposals";
    http_response out = json_answer(proposals_map(all, ground.time.now()));
    out.headers.set("Content-Type", "application/fhir+json");
    return out;
}

} // namespace

std::vector<api_route> judgement_routes() {
    return {
        {"POST", "/api/v1/trials/{trial}/people/{subject}/judgements", permission::judge, "judge", judge_person},
        {"POST", "/api/v1/trials/{trial}/people/{subject}/judgements/{id}/undo", permission::judge, "undo", undo},
        {"GET", "/api/v1/mappings/proposals", permission::any, "export", proposals},
    };
}

} // namespace trialgate::gateway
