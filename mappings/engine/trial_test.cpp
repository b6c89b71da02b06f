#include "mappings/engine/trial_test.hpp"

#include "fhir/resources.hpp"
#include "mappings/engine/code_check.hpp"
#include "mappings/engine/extract.hpp"
#include "mappings/engine/spelling.hpp"
#include "mappings/engine/trial_given.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace json = fhir::json;
using json::value;

namespace {

constexpr std::array<std::string_view, 10> file_members{
    "$schema", "trial", "version", "zone", "asOf", "settings", "patients", "tests", "$comment", "sources"};
constexpr std::array<std::string_view, 10> test_members{"name",    "from", "given",  "asOf", "settings",
                                                        "version", "zone", "expect", "then", "$comment"};
constexpr std::array<std::string_view, 5> step_members{"name", "given", "asOf", "expect", "$comment"};
constexpr std::array<std::string_view, 6> criterion_members{"verdict", "reason",   "changesOn",
                                                            "notes",   "notNotes", "parts"};

std::string shown(const std::optional<fhir::date>& d) {
    return d ? to_string(*d) : "never";
}

std::string list_of(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& n : names)
        out += (out.empty() ? "" : ", ") + n;
    return out.empty() ? "none" : out;
}

const seen_criterion* find(const std::vector<seen_criterion>& in, std::string_view id) {
    for (const seen_criterion& c : in) {
        if (c.id == id)
            return &c;
        if (const seen_criterion* below = find(c.parts, id))
            return below;
    }
    return nullptr;
}

void ids_of(const std::vector<seen_criterion>& in, nearest_name& near) {
    for (const seen_criterion& c : in) {
        near.consider(c.id);
        ids_of(c.parts, near);
    }
}

/// Compares what was expected with what was seen.
class comparison {
public:
    comparison(const json_file& file, std::vector<problem>& differences)
        : file_(file), differences_(differences) {}

    void patient(value expect, const seen_patient& seen) {
        for (const json::member& m : expect.members()) {
            if (m.name == "status")
                equal(
                    m.content, "status", m.content.is_null() ? "null" : std::string(m.content.text()),
                    seen.status.value_or("null")
                );
            else if (m.name == "changesOn")
                day(m.content, "changesOn", seen.changes_on);
            else if (m.name == "notes" || m.name == "notNotes")
                notes(m.content, "", m.name == "notes", seen.notes);
            else if (m.name != "$comment")
                criterion(m, seen.criteria);
        }
    }

private:
    void criterion(const json::member& expect, const std::vector<seen_criterion>& among) {
        const seen_criterion* seen = find(among, expect.name);
        const std::string id(expect.name);
        if (seen == nullptr) {
            nearest_name near(id);
            ids_of(among, near);
            note(expect, "there is no criterion '" + id + "'", near.hint());
            return;
        }
        const std::string because = seen->reason.empty() ? "" : " (" + seen->reason + ")";
        for (const json::member& m : expect.content.members()) {
            if (m.name == "verdict")
                equal(m.content, id + ": verdict", std::string(m.content.text()), seen->verdict, because);
            else if (m.name == "reason")
                equal(
                    m.content, id + ": reason", m.content.is_null() ? "null" : std::string(m.content.text()),
                    seen->reason.empty() ? "null" : seen->reason
                );
            else if (m.name == "changesOn")
                day(m.content, id + ": changesOn", seen->changes_on);
            else if (m.name == "notes" || m.name == "notNotes")
                notes(m.content, id + ": ", m.name == "notes", seen->notes);
            else if (m.name == "parts")
                for (const json::member& part : m.content.members())
                    criterion(part, seen->parts);
        }
    }

    void equal(
        value at, const std::string& what, const std::string& wanted, const std::string& seen,
        const std::string& more = {}
    ) {
        if (wanted != seen)
            note(at, what + " is " + seen + more + ", expected " + wanted);
    }

    void day(value at, const std::string& what, const std::optional<fhir::date>& seen) {
        const auto wanted = at.is_null() ? std::optional<fhir::date>{} : fhir::parse_date(at.text());
        if (wanted != seen)
            note(
                at, what + " is " + shown(seen) + ", expected " +
                        (at.is_null() ? "never" : std::string(at.text()))
            );
    }

    void notes(value list, const std::string& what, bool wanted, const std::vector<std::string>& seen) {
        for (const value& n : list.elements())
            if ((std::find(seen.begin(), seen.end(), n.text()) != seen.end()) != wanted)
                note(
                    n, what + (wanted ? "no note '" : "unwanted note '") + std::string(n.text()) +
                           "'; the notes are: " + list_of(seen)
                );
    }

    template <class Place>
    void note(const Place& at, std::string text, std::string hint = {}) {
        std::vector<problem> one;
        file_.report_to(one, "difference", at, std::move(text), std::move(hint));
        differences_.insert(differences_.end(), one.begin(), one.end());
    }

    const json_file& file_;
    std::vector<problem>& differences_;
};

class runner {
public:
    runner(const source_file& file, const trial_test_setting& with, std::vector<problem>& problems)
        : problems_(problems), file_(file, problems), with_(with) {}

    std::vector<trial_test_result> run() {
        std::vector<trial_test_result> out;
        const value root = file_.root();
        if (!root)
            return out;
        known_members(root, file_members);
        if (!root["tests"].is_array())
            error(root["tests"] ? root["tests"] : root, "missing-member", "'tests' lists the tests");
        for (const value& test : root["tests"].elements())
            if (with_.only.empty() || test["name"].text().find(with_.only) != std::string_view::npos)
                run_test(test, out);
        return out;
    }

private:
    void run_test(value test, std::vector<trial_test_result>& out) {
        const std::size_t before = problems_.size();
        known_members(test, test_members);
        trial_test_result result;
        result.name = test["name"].text();
        if (result.name.empty())
            error(test, "missing-member", "a test needs a 'name'");
        result.line = fhir::locate(file_.source().text, test.offset()).line;
        check_expectations(test);
        const auto of = trial_for(test);
        const auto zone = zone_of(test);
        given_reader reader(file_);
        std::vector<given_resource> given;
        add_base(test["from"], reader, given);
        reader.read(test["given"], given);
        std::vector<record> records;
        if (!of || !zone || has_error(std::span(problems_).subspan(before)))
            return;
        std::optional<fhir::date> as_of = date_of(test["asOf"] ? test["asOf"] : file_.root()["asOf"], test);
        step(test, given, {of, *zone}, as_of, records, result);
        for (const value& next : test["then"].elements()) {
            known_members(next, step_members);
            given.clear();
            reader.read(next["given"], given);
            if (next["asOf"])
                as_of = date_of(next["asOf"], next);
            step(next, given, {of, *zone}, as_of, records, result);
        }
        if (!has_error(std::span(problems_).subspan(before)))
            out.push_back(std::move(result));
    }

    struct frame {
        std::shared_ptr<const trial> of;
        const fhir::time_zone& zone;
    };

    void step(
        value at, const std::vector<given_resource>& given, const frame& in, std::optional<fhir::date> as_of,
        std::vector<record>& records, trial_test_result& result
    ) {
        if (!as_of)
            return;
        for (const given_resource& g : given)
            add_record(g, in.zone, records);
        if (at["expect"])
            comparison(file_, result.differences)
                .patient(at["expect"], with_.evaluate(in.of, records, in.zone, *as_of));
    }

    void add_record(const given_resource& g, const fhir::time_zone& zone, std::vector<record>& records) {
        record r;
        if (!g.deleted.empty()) {
            r = deletion(fhir::parse_reference(g.deleted), {}, {});
        } else {
            const auto parsed = parser_.parse_copy(g.json);
            if (!parsed) {
                error(g.at, "bad-json", "this does not make a resource: " + parsed.error().text);
                return;
            }
            fhir::issue_list issues;
            const fhir::resource resource = fhir::read_resource(*parsed, issues);
            for (const fhir::issue& i : issues.issues)
                if (i.severity_ == fhir::severity::fatal)
                    error(g.at, "unusable-resource", i.path + ": " + i.text);
            r = extract(resource, {*with_.codes, zone, {}});
        }
        r.version.read = ++read_;
        records.push_back(std::move(r));
    }

    void add_base(value from, given_reader& reader, std::vector<given_resource>& given) {
        const auto add = [&](value name) {
            const value base = file_.root()["patients"][name.text()];
            if (base) {
                reader.read(base, given);
                return;
            }
            nearest_name near(name.text());
            for (const json::member& m : file_.root()["patients"].members())
                near.consider(m.name);
            error(
                name, "unknown-patient", "'patients' has no '" + std::string(name.text()) + "'", near.hint()
            );
        };
        if (from.is_array())
            std::for_each(from.elements().begin(), from.elements().end(), add);
        else if (from)
            add(from);
    }

    // A trial is read once for each version and settings that the tests ask for.
    std::shared_ptr<const trial> trial_for(value test) {
        trial_options chosen;
        chosen.version = (test["version"] ? test["version"] : file_.root()["version"]).text();
        for (const value settings : {file_.root()["settings"], test["settings"]})
            for (const json::member& m : settings.members())
                chosen.settings[std::string(m.name)] =
                    m.content.is_string() ? std::string(m.content.text()) : to_json(m.content);
        std::string key = chosen.version;
        for (const auto& [name, given] : chosen.settings)
            key += '\n' + name + '=' + given;
        const auto [at, fresh] = trials_.try_emplace(key);
        if (fresh) {
            if (auto read = read_trial(with_.trial, with_.scores, *with_.codes, chosen, problems_))
                at->second = std::make_shared<const trial>(std::move(*read));
            else
                return nullptr;
            if (const value named = file_.root()["trial"]; named && named.text() != at->second->id)
                error(
                    named, "unknown-trial",
                    "these are tests of '" + std::string(named.text()) + "', the trial is '" +
                        at->second->id + "'"
                );
        } else if (!at->second) {
            error(test, "unusable-trial", "the trial could not be read with this version and these settings");
        }
        return at->second;
    }

    std::optional<fhir::time_zone> zone_of(value test) {
        const value said = test["zone"] ? test["zone"] : file_.root()["zone"];
        if (!said)
            return fhir::time_zone::fixed(0);
        auto zone = parse_fixed_zone(said.text());
        if (!zone)
            error(said, "bad-zone", "a zone is written \"+03:00\"");
        return zone;
    }

    std::optional<fhir::date> date_of(value v, value otherwise_at) {
        const auto d = fhir::parse_date(v.text());
        if (!d)
            error(
                v ? v : otherwise_at, v ? "bad-date" : "missing-member", "'asOf' needs a day, as YYYY-MM-DD"
            );
        return d;
    }

    // A misspelt expectation would pass for ever.
    void check_expectations(value test) {
        check_expect(test["expect"]);
        for (const value& next : test["then"].elements())
            check_expect(next["expect"]);
        if (!test["expect"] && test["then"].size() == 0)
            error(test, "missing-member", "a test without 'expect' proves nothing");
    }
    void check_expect(value expect) {
        static constexpr std::string_view statuses[] = {
            "eligible", "likely", "possible", "not-now", "ineligible"};
        for (const json::member& m : expect.members()) {
            if (m.name == "status")
                one_of(m.content, statuses);
            else if (m.name == "changesOn")
                check_day(m.content);
            else if (m.name == "notes" || m.name == "notNotes")
                check_list(m.content);
            else if (m.name != "$comment")
                check_criterion(m.content);
        }
    }
    void check_criterion(value expect) {
        static constexpr std::string_view verdicts[] = {"met", "not-met", "unknown"};
        if (!expect.is_object()) {
            error(
                expect, "wrong-type",
                "what is expected of a criterion is an object, such as {\"verdict\": \"met\"}"
            );
            return;
        }
        known_members(expect, criterion_members);
        if (expect["verdict"])
            one_of(expect["verdict"], verdicts);
        if (expect["reason"]) {
            std::vector<std::string_view> reasons;
            for (auto r = static_cast<unsigned>(reason::needs_person);
                 r <= static_cast<unsigned>(reason::pending); ++r)
                reasons.push_back(to_code(static_cast<reason>(r)));
            one_of(expect["reason"], reasons);
        }
        check_day(expect["changesOn"]);
        check_list(expect["notes"]);
        check_list(expect["notNotes"]);
        for (const json::member& part : expect["parts"].members())
            check_criterion(part.content);
    }
    void check_day(value v) {
        if (v && !v.is_null() && !fhir::parse_date(v.text()))
            error(v, "bad-date", "expected a day as YYYY-MM-DD, or null");
    }
    void check_list(value v) {
        if (v && !v.is_array())
            error(v, "wrong-type", "expected a list of notes");
    }
    template <class Names>
    void one_of(value v, const Names& names) {
        if (v.is_null())
            return;
        if (std::find(std::begin(names), std::end(names), v.text()) == std::end(names))
            error(
                v, "wrong-type", "'" + std::string(v.text()) + "' is not possible here",
                nearest_hint(v.text(), names)
            );
    }

    template <std::size_t N>
    void known_members(value object, const std::array<std::string_view, N>& names) {
        for (const json::member& m : object.members())
            if (std::find(names.begin(), names.end(), m.name) == names.end())
                file_.report(
                    problem::level::error, "unknown-member", m,
                    "there is no member '" + std::string(m.name) + "' here", nearest_hint(m.name, names)
                );
    }

    void error(value at, std::string_view code, std::string text, std::string hint = {}) {
        file_.report(problem::level::error, code, at, std::move(text), std::move(hint));
    }

    std::vector<problem>& problems_;
    json_file file_;
    const trial_test_setting& with_;
    json::parser parser_;
    std::map<std::string, std::shared_ptr<const trial>> trials_;
    std::uint64_t read_ = 0;
};

} // namespace

std::optional<fhir::time_zone> parse_fixed_zone(std::string_view text) {
    if (text == "Z" || text == "UTC")
        return fhir::time_zone::fixed(0);
    const auto digit = [&text](std::size_t i) {
        return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -100;
    };
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return std::nullopt;
    const int hours = digit(1) * 10 + digit(2), minutes = digit(4) * 10 + digit(5);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return std::nullopt;
    return fhir::time_zone::fixed((text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60));
}

std::vector<trial_test_result>
run_trial_tests(const source_file& file, const trial_test_setting& with, std::vector<problem>& problems) {
    const std::size_t first = problems.size();
    auto out = runner(file, with, problems).run();
    sort_problems(problems, first);
    return out;
}

} // namespace trialgate::mappings
