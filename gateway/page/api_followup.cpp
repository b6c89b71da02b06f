// After enrolment: the visits that come, and the alerts with what they are seen against.
#include "gateway/page/answers.hpp"
#include "gateway/page/timeline.hpp"
#include "gateway/store/alert_message.hpp"
#include "gateway/work/outlook.hpp"
#include "mappings/followup/trend.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

outlook outlook_of(const api_ground& ground) {
    return {ground.reading, ground.setting->evaluation, ground.setting->config->calendar, ground.time.now(), today_of(ground)};
}

void write_visit_of(json_text& out, const api_ground& ground, const participant_row& row, const mappings::visit_standing& s) {
    out.begin_object();
    write_visit(out, row, s);
    out.key("subject").string(pseudonym_of(ground.setting->evaluation.pseudonym_key, row.source, row.patient)).end_object();
}

http_response visits(const api_request& request, const api_ground& ground, audit_note&) {
    const std::int64_t days = query_number(request, "days", 28, 1, 3'660);
    const auto only = request.query.find("trial");
    const bool all = only == request.query.end() || only->second.empty();
    if (!all && !find_trial(*ground.setting, only->second))
        throw api_error(404, "There is no such trial.");
    if (!all && !request.who.may.may(permission::view_people, only->second))
        throw api_error(403, "This trial is not yours to see.");
    struct entry {
        participant_row row;
        mappings::visit_standing visit;
    };
    outlook at = outlook_of(ground);
    std::vector<entry> entries;
    each_participant(ground.reading, [&](const participant_row& row) {
        if ((all || row.trial == only->second) && request.who.may.may(permission::view_people, row.trial))
            for (mappings::visit_standing& s : at.coming(row, at.as_of(), at.as_of() + static_cast<std::int32_t>(days - 1)))
                entries.push_back({row, std::move(s)});
    });
    const auto place = [](const entry& e) { return std::pair(e.visit.state != mappings::visit_state::overdue, day_of(e.visit)); };
    std::stable_sort(entries.begin(), entries.end(), [&](const entry& a, const entry& b) { return place(a) < place(b); });
    json_text out;
    out.begin_object().key("today").string(to_string(at.as_of())).key("visits").begin_array();
    for (const entry& e : entries)
        write_visit_of(out, ground, e.row, e.visit);
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

http_response visits_of_one(const api_request& request, const api_ground& ground, audit_note& note) {
    const mappings::compiled_trial& trial = trial_of(request, ground);
    const auto number = request.path.find("number");
    const auto row = ground.reading.participant(trial.source->id, number == request.path.end() ? "" : std::string_view(number->second));
    if (!row)
        throw api_error(404, "Nobody of that number takes part in this trial.");
    note.trial = row->trial;
    note.subject = pseudonym_of(ground.setting->evaluation.pseudonym_key, row->source, row->patient);
    outlook at = outlook_of(ground);
    json_text out;
    out.begin_object().key("today").string(to_string(at.as_of())).key("participant").string(row->number).key("subject").string(note.subject);
    out.key("state").string(row->state).key("since").string(to_string(row->since)).key("visits").begin_array();
    for (const mappings::visit_standing& s : at.visits(*trial.source, *row))
        write_visit_of(out, ground, *row, s);
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

// ---- alerts ----------------------------------------------------------------------------------------------------------

/// Trends of alerts; a participant is read once, however many alerts there are of them.
class trends {
public:
    explicit trends(const api_ground& ground) : ground_(ground), at_(outlook_of(ground)) {}

    void write(json_text& out, const alert_row& a, std::string_view analyte) {
        out.key("trend").begin_array();
        if (!analyte.empty()) {
            const auto [known, fresh] = made_.try_emplace(a.trial + '\n' + a.number + '\n' + std::string(analyte));
            if (fresh)
                known->second = make(a, analyte);
            if (!known->second.empty())
                out.json(known->second);
        }
        out.end_array();
    }

private:
    /// The elements of the array; empty when there are none.
    std::string make(const alert_row& a, std::string_view analyte) {
        std::string text;
        const mappings::compiled_trial* trial = at_.trial(a.trial);
        const auto row = trial ? ground_.reading.participant(a.trial, a.number) : std::nullopt;
        if (!row)
            return text;
        const mappings::participant who = participant_of(*row);
        at_.each_record_of(*row, [&](const evaluated_person& p) {
            const mappings::trend t =
                mappings::trend_of({*trial->source, who, p.data, ground_.setting->trials->codes(), at_.as_of(), ground_.setting->site}, analyte);
            for (const mappings::trend_point& point : t.points) {
                json_text one;
                one.begin_object().key("date").string(point.date);
                write_value_and_unit(one, *point.result);
                one.key("text").string(point.result->text).key("grade");
                point.grade ? one.number(*point.grade) : one.null();
                one.key("beforeDose").boolean(point.before_dose).end_object();
                text += (text.empty() ? "" : ",") + std::string(one.text());
            }
        });
        return text;
    }

    const api_ground& ground_;
    outlook at_;
    std::map<std::string, std::string> made_;
};

void write_alert(json_text& out, const api_request& request, const api_ground& ground, const alert_row& a, trends& courses) {
    out.begin_object().key("id").number(a.id).key("trial").string(a.trial).key("participant").string(a.number).key("subject").string(a.subject);
    out.key("kind").string(a.kind).key("tier").number(a.tier).key("title").string(a.title).key("open").boolean(a.open);
    write_instant(out, "raised", a.raised);
    write_instant(out, "changed", a.changed);
    write_instant(out, "withdrawn", a.withdrawn);
    write_instant(out, "acknowledged", a.acknowledged);
    out.key("acknowledgedBy").string(a.acknowledged_by);
    write_instant(out, "snoozedUntil", a.snoozed_until);
    write_instant(out, "escalated", a.escalated);
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(shows_identity(request, ground, a.subject) ? a.body_with_references : a.body);
    out.key("detail");
    std::string analyte;
    if (tree && tree->is_object()) {
        out.copy(*tree);
        analyte = (*tree)["details"]["analyte"].text();
    } else {
        out.begin_object().end_object();
    }
    courses.write(out, a, analyte);
    out.end_object();
}

http_response alerts(const api_request& request, const api_ground& ground, audit_note&) {
    const bool closed = query_number(request, "closed", 0, 0, 1) == 1;
    trends courses(ground);
    json_text out;
    out.begin_object().key("stamp").number(ground.reading.alerts_stamp()).key("alerts").begin_array();
    std::int64_t after = 0;
    for (auto some = ground.reading.alerts_after(after, !closed, 500); !some.empty(); some = ground.reading.alerts_after(after, !closed, 500)) {
        after = some.back().id;
        for (const alert_row& a : some)
            if (request.who.may.may(permission::view_people, a.trial))
                write_alert(out, request, ground, a, courses);
    }
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

/// The alert of {id}; one of a trial that is not the visitor's is as if it were not there.
alert_row alert_of(const api_request& request, const api_ground& ground, audit_note& note) {
    auto a = ground.reading.alert(path_id(request));
    if (!a || !request.who.may.may(permission::judge, a->trial))
        throw api_error(404, "There is no such alert.");
    note.trial = a->trial;
    note.subject = a->subject;
    note.detail = "alert " + std::to_string(a->id);
    return *std::move(a);
}

http_response changed(const api_ground& ground, bool there) {
    if (!there)
        throw api_error(409, "The alert is withdrawn or acknowledged already.");
    if (ground.alerts_changed)
        ground.alerts_changed();
    return done();
}

http_response acknowledge_alert(const api_request& request, const api_ground& ground, audit_note& note) {
    const alert_row a = alert_of(request, ground, note);
    const api_body body(request.body, {});
    const gateway_config& config = *ground.setting->config;
    bool there = false;
    commit(ground, [&](store& s) { there = acknowledge(s, a.id, request.who.name, ground.time.now(), config.sinks, config.sources); });
    if (there && ground.wake_outbox)
        ground.wake_outbox();
    return changed(ground, there);
}

http_response snooze(const api_request& request, const api_ground& ground, audit_note& note) {
    const alert_row a = alert_of(request, ground, note);
    const std::int64_t hours = api_body(request.body, {"hours"}).number("hours", 1, 336);
    note.detail += ", " + std::to_string(hours) + " h";
    bool there = false;
    commit(ground, [&](store& s) { there = s.alert_snooze(a.id, ground.time.now() + hours * hour_ms); });
    return changed(ground, there);
}

} // namespace

std::vector<api_route> followup_routes() {
    return {
        {"GET", "/api/v1/visits", permission::view_people, "view-visits", visits},
        {"GET", "/api/v1/trials/{trial}/participants/{number}/visits", permission::view_people, "view-visits", visits_of_one},
        {"GET", "/api/v1/alerts", permission::view_people, "view-alerts", alerts},
        {"POST", "/api/v1/alerts/{id}/acknowledge", permission::judge, "acknowledge", acknowledge_alert},
        {"POST", "/api/v1/alerts/{id}/snooze", permission::judge, "snooze", snooze},
    };
}

} // namespace trialgate::gateway
