// After enrolment: the visits that come, and the alerts with what they are seen against.
#include "gateway/page/answers.hpp"
#include "gateway/page/timeline.hpp"
#include "gateway/store/alert_message.hpp"
#include "gateway/work/outlook.hpp"
#include "mappings/followup/trend.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace trialgate::gateway {

namespace {

outlook outlook_of(const api_ground& ground) {
    return {ground.reading, ground.setting->evaluation, ground.setting->config->calendar, ground.time.now(), today_of(ground)};
}

/// Who people of participations and alerts are now. Both stay with the name under which they were told; records may have been merged since.
class people_now {
public:
    explicit people_now(const api_ground& ground) : ground_(ground) {}

    struct person {
        std::string subject;
        bool page = false; ///< the person can be opened in that trial: it considered them
    };
    const person& of(const std::string& trial, const std::string& source, const std::string& patient) {
        const auto [known, fresh] = known_.try_emplace({trial, source, patient});
        if (fresh) {
            const std::string now = ground_.reading.survivor(source, patient);
            known->second = {pseudonym_of(ground_.setting->evaluation.pseudonym_key, source, now),
                             find_trial(*ground_.setting, trial) && ground_.reading.decision(source, now, trial)};
        }
        return known->second;
    }

private:
    const api_ground& ground_;
    std::map<std::array<std::string, 3>, person> known_;
};

void write_person_of(json_text& out, const people_now::person& p) { out.key("subject").string(p.subject).key("page").boolean(p.page); }

void write_visit_of(json_text& out, people_now& people, const participant_row& row, const mappings::visit_standing& s) {
    out.begin_object();
    write_visit(out, row, s);
    write_person_of(out, people.of(row.trial, row.source, row.patient));
    out.end_object();
}

http_response visits(const api_request& request, const api_ground& ground, audit_note& note) {
    const std::int64_t days = query_number(request, "days", 28, 1, 3'660);
    const auto only = request.query.find("trial");
    const bool all = only == request.query.end() || only->second.empty();
    if (!all && !find_trial(*ground.setting, only->second))
        throw api_error(404, "There is no such trial.");
    if (!all)
        note.trial = only->second;
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
            for (mappings::visit_standing& s : at.coming(row, at.as_of(), at.as_of() + static_cast<std::int32_t>(days - 1), outlook::missed_ones::shown))
                entries.push_back({row, std::move(s)});
    });
    const auto place = [](const entry& e) {
        const mappings::visit_state is = e.visit.state;
        return std::pair(is == mappings::visit_state::overdue ? 0 : is == mappings::visit_state::missed ? 2 : 1, day_of(e.visit));
    };
    std::stable_sort(entries.begin(), entries.end(), [&](const entry& a, const entry& b) { return place(a) < place(b); });
    people_now people(ground);
    json_text out;
    out.begin_object().key("today").string(to_string(at.as_of())).key("visits").begin_array();
    for (const entry& e : entries) {
        note.trials.insert(e.row.trial);
        write_visit_of(out, people, e.row, e.visit);
    }
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
    people_now people(ground);
    const people_now::person& who = people.of(row->trial, row->source, row->patient);
    note.subject = who.subject;
    outlook at = outlook_of(ground);
    json_text out;
    out.begin_object().key("today").string(to_string(at.as_of())).key("participant").string(row->number);
    write_person_of(out, who);
    out.key("state").string(row->state).key("since").string(to_string(row->since)).key("visits").begin_array();
    for (const mappings::visit_standing& s : at.visits(*trial.source, *row))
        write_visit_of(out, people, *row, s);
    out.end_array().end_object();
    return json_answer(std::string(out.text()));
}

// ---- alerts ----------------------------------------------------------------------------------------------------------

struct shown_alert {
    alert_row row;
    std::string subject;            ///< who it is about now
    bool page = false;
    std::shared_ptr<fhir::json::parser> parser = std::make_shared<fhir::json::parser>();
    std::optional<fhir::json::value> detail;
    std::string analyte;            ///< empty: about none
};

shown_alert shown_as(const api_request& request, const api_ground& ground, people_now& people, alert_row row) {
    shown_alert out;
    const people_now::person& who = people.of(row.trial, row.source, row.patient);
    std::tie(out.subject, out.page) = std::tie(who.subject, who.page);
    const auto tree = out.parser->parse_copy(shows_identity(request, ground, out.subject) ? row.body_with_references : row.body);
    if (tree && tree->is_object()) {
        out.detail = *tree;
        out.analyte = (*tree)["details"]["analyte"].text();
    }
    out.row = std::move(row);
    return out;
}

/// Courses of the analytes that alerts are about; a participant is read and evaluated once, however many alerts and analytes there are of them.
class trends {
public:
    trends(const api_ground& ground, const std::vector<shown_alert>& alerts) {
        std::map<std::pair<std::string, std::string>, std::set<std::string>> wanted; // by trial and number
        for (const shown_alert& a : alerts)
            if (!a.analyte.empty())
                wanted[{a.row.trial, a.row.number}].insert(a.analyte);
        outlook at = outlook_of(ground);
        for (const auto& [who, analytes] : wanted)
            make(ground, at, who.first, who.second, analytes);
    }

    void write(json_text& out, const shown_alert& a) const {
        out.key("trend").begin_array();
        if (const auto known = made_.find({a.row.trial, a.row.number, a.analyte}); known != made_.end() && !known->second.empty())
            out.json(known->second);
        out.end_array();
    }

private:
    void make(const api_ground& ground, outlook& at, const std::string& trial_id, const std::string& number, const std::set<std::string>& analytes) {
        const mappings::compiled_trial* trial = at.trial(trial_id);
        const auto row = trial ? ground.reading.participant(trial_id, number) : std::nullopt;
        if (!row)
            return;
        const mappings::participant who = participant_of(*row);
        at.each_record_of(*row, [&](const evaluated_person& p) {
            const mappings::safety_case one{*trial->source, who, p.data, ground.setting->trials->codes(), at.as_of(), ground.setting->site};
            for (const std::string& analyte : analytes)
                made_[{trial_id, number, analyte}] += elements(mappings::trend_of(one, analyte), one.codes);
        });
    }

    static std::string elements(const mappings::trend& course, const mappings::catalog& codes) {
        std::string text;
        for (const mappings::trend_point& point : course.points) {
            json_text one;
            one.begin_object().key("date").string(point.date);
            write_value_and_unit(one, *point.result, codes);
            one.key("text").string(point.result->text).key("grade");
            point.grade ? one.number(*point.grade) : one.null();
            one.key("beforeDose").boolean(point.before_dose).end_object();
            text += (text.empty() ? "" : ",") + std::string(one.text());
        }
        return text;
    }

    std::map<std::array<std::string, 3>, std::string> made_; ///< elements of the array, by trial, number and analyte
};

void write_alert(json_text& out, const shown_alert& shown, const trends& courses) {
    const alert_row& a = shown.row;
    out.begin_object().key("id").number(a.id).key("trial").string(a.trial).key("participant").string(a.number);
    write_person_of(out, {shown.subject, shown.page});
    out.key("kind").string(a.kind).key("tier").number(a.tier).key("title").string(a.title).key("open").boolean(a.open);
    write_instant(out, "raised", a.raised);
    write_instant(out, "changed", a.changed);
    write_instant(out, "withdrawn", a.withdrawn);
    write_instant(out, "acknowledged", a.acknowledged);
    out.key("acknowledgedBy").string(a.acknowledged_by);
    write_instant(out, "snoozedUntil", a.snoozed_until);
    write_instant(out, "escalated", a.escalated);
    out.key("detail");
    shown.detail ? out.copy(*shown.detail) : out.begin_object().end_object();
    courses.write(out, shown);
    out.end_object();
}

constexpr std::size_t most_closed = 200; ///< alerts of one answer that holds closed ones, too

/// Of the visitor's trials: all that are open, oldest first, or the newest before an id, whether open or not, and one more when there are more.
std::vector<alert_row> alerts_of(const api_request& request, const api_ground& ground, bool closed, std::int64_t before) {
    constexpr std::size_t some = 500;
    std::vector<alert_row> out;
    std::int64_t at = closed ? before : 0;
    const auto next = [&] { return closed ? ground.reading.alerts_before(at, most_closed + 1) : ground.reading.alerts_after(at, true, some); };
    for (auto rows = next(); !rows.empty(); rows = next()) {
        at = rows.back().id;
        for (alert_row& a : rows) {
            if (closed && out.size() > most_closed)
                return out;
            if (request.who.may.may(permission::view_people, a.trial))
                out.push_back(std::move(a));
        }
    }
    return out;
}

http_response alerts(const api_request& request, const api_ground& ground, audit_note& note) {
    constexpr std::int64_t newest = std::numeric_limits<std::int64_t>::max();
    const bool closed = query_number(request, "closed", 0, 0, 1) == 1;
    const std::int64_t before = query_number(request, "before", newest, 1, newest);
    const std::int64_t stamp = alerts_stamp_of(ground.reading, *ground.setting, request.who.may); // before the rows: what changes in between comes again
    std::vector<alert_row> rows = alerts_of(request, ground, closed, before);
    const bool more = closed && rows.size() > most_closed;
    if (more)
        rows.resize(most_closed);
    people_now people(ground);
    std::vector<shown_alert> shown;
    for (alert_row& a : rows)
        shown.push_back(shown_as(request, ground, people, std::move(a)));
    const trends courses(ground, shown);
    json_text out;
    out.begin_object().key("stamp").number(stamp).key("alerts").begin_array();
    for (const shown_alert& a : shown) {
        note.trials.insert(a.row.trial);
        write_alert(out, a, courses);
    }
    out.end_array().key("older");
    more ? out.number(shown.back().row.id) : out.null();
    out.end_object();
    return json_answer(std::string(out.text()));
}

http_response alerts_waiting(const api_request& request, const api_ground& ground, audit_note&) {
    std::int64_t waiting = 0;
    for (const alert_count& c : ground.reading.alerts_waiting(ground.time.now()))
        if (request.who.may.may(permission::view_people, c.trial))
            waiting += c.alerts;
    json_text out;
    out.begin_object().key("waiting").number(waiting).end_object();
    return json_answer(std::string(out.text()));
}

/// The alert of {id}; one of a trial that is not the visitor's is as if it were not there.
alert_row alert_of(const api_request& request, const api_ground& ground, audit_note& note) {
    auto a = ground.reading.alert(path_id(request));
    if (!a || !request.who.may.may(permission::judge, a->trial))
        throw api_error(404, "There is no such alert.");
    note.trial = a->trial;
    note.subject = people_now(ground).of(a->trial, a->source, a->patient).subject;
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
    const bool there =
        commit(ground, note, [&](store& s) { return acknowledge(s, a.id, attribution(request.who.name, request.who.id), ground.time.now(), config.sinks, config.sources); });
    if (there && ground.wake_outbox)
        ground.wake_outbox();
    return changed(ground, there);
}

http_response snooze(const api_request& request, const api_ground& ground, audit_note& note) {
    const alert_row a = alert_of(request, ground, note);
    const std::int64_t hours = api_body(request.body, {"hours"}).number("hours", 1, 336);
    note.detail += ", " + std::to_string(hours) + " h";
    const bool there = commit(ground, note, [&](store& s) { return s.alert_snooze(a.id, ground.time.now() + hours * hour_ms); });
    return changed(ground, there);
}

} // namespace

std::vector<api_route> followup_routes() {
    return {
        {"GET", "/api/v1/visits", permission::view_people, "view-visits", visits},
        {"GET", "/api/v1/trials/{trial}/participants/{number}/visits", permission::view_people, "view-visits", visits_of_one},
        {"GET", "/api/v1/alerts", permission::view_people, "view-alerts", alerts},
        {"GET", "/api/v1/alerts/count", permission::view_people, "", alerts_waiting},
        {"POST", "/api/v1/alerts/{id}/acknowledge", permission::judge, "acknowledge", acknowledge_alert},
        {"POST", "/api/v1/alerts/{id}/snooze", permission::judge, "snooze", snooze},
    };
}

} // namespace trialgate::gateway
