#include "gateway/outbox/fhir_shapes.hpp"

#include "fhir/datetime.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/outbox/shape_json.hpp"

#include <algorithm>
#include <set>

namespace trialgate::gateway {

using fhir::json::value;

namespace {

constexpr std::size_t most_evidence = 100; ///< a report of a score with many items; servers limit the size of a resource

struct findings {
    std::vector<std::string> evidence; ///< References, as JSON
    std::vector<std::string> needs;
    std::optional<fhir::date> changes_on;
};

class report_reader {
public:
    report_reader(const shape_rules& rules, const message& m) {
        // References of a hospital mean nothing on another server unless they are absolute.
        if (m.patient_url.size() > m.patient.size() && m.patient_url.ends_with(m.patient))
            base_ = m.patient_url.substr(0, m.patient_url.size() - m.patient.size());
        const std::string& text = rules.references && !m.report_with_references.empty() ? m.report_with_references : m.report;
        literal_ = rules.references && !m.report_with_references.empty();
        fhir::json::parser parser;
        const auto tree = parser.parse_copy(text.empty() ? std::string_view("null") : std::string_view(text));
        if (!tree)
            return;
        out.changes_on = fhir::parse_date((*tree)["changesOn"].text());
        for (const value& c : (*tree)["criteria"].elements())
            criterion(c, 0);
    }
    findings out;

private:
    void criterion(value c, int depth) {
        for (const value& need : c["needs"].elements())
            if (need.is_string() && seen_.insert("n" + std::string(need.text())).second)
                out.needs.emplace_back(need.text());
        for (const value& e : c["evidence"].elements())
            item(e);
        if (depth < 16)
            for (const value& p : c["parts"].elements())
                criterion(p, depth + 1);
    }
    void item(value e) {
        std::string to(e["reference"].text());
        if (to.empty() || out.evidence.size() == most_evidence)
            return;
        const std::string_view version = e["version"].text(), display = e["text"].text();
        if (literal_ && !version.empty())
            to += "/_history/" + std::string(version);
        if (!seen_.insert("e" + to).second)
            return;
        if (!literal_) {
            out.evidence.push_back(logical_json("urn:trialgate:evidence", to, {}, display));
            return;
        }
        if (to.find("://") == std::string::npos && !to.starts_with("urn:"))
            to.insert(0, base_);
        out.evidence.push_back(display.empty() ? object_json({{"reference", to}}) : object_json({{"reference", to}, {"display", display}}));
    }

    bool literal_ = false;
    std::string base_;
    std::set<std::string> seen_;
};

/// Task.input: what is missing, and what the status rests upon.
std::string inputs_json(const findings& found, const message& m) {
    return json_of([&](json_text& out) {
        out.begin_array();
        const auto input = [&](std::string_view type, std::string_view name, const std::string& json) {
            out.begin_object().key("type").begin_object().key("text").string(type).end_object().key(name).json(json).end_object();
        };
        if (!m.human.empty())
            input("decision", "valueString", text_json(m.human));
        for (const std::string& need : found.needs)
            input("needs", "valueString", text_json(need));
        for (const std::string& reference : found.evidence)
            input("evidence", "valueReference", reference);
        out.end_array();
    });
}

/// The Provenance agent: this program.
std::string agents_json() {
    return json_of([](json_text& out) {
        out.begin_array().begin_object();
        out.key("type").json(concept_json("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "assembler"));
        out.key("who").json(logical_json("urn:trialgate:device", "trialgate", {}, "trialgate"));
        out.end_object().end_array();
    });
}

std::string sentence_of(const message& m) { return m.trial + ": " + (m.status.empty() ? "no longer listed" : m.status); }

} // namespace

std::string id_of(std::string_view prefix, std::initializer_list<std::string_view> parts) {
    std::string all;
    for (std::string_view p : parts)
        (all.empty() ? all : all += '|') += p;
    return std::string(prefix) + '-' + to_hex(sha256(all)).substr(0, 32);
}

std::string study_id(std::string_view trial) {
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
    const bool fits = !trial.empty() && trial.size() <= 64 && std::all_of(trial.begin(), trial.end(), allowed);
    const bool digits = trial.find_first_not_of("0123456789") == std::string_view::npos; // HAPI refuses those as client ids
    return fits && !digits ? std::string(trial) : id_of("tg-st", {trial});
}

shape study_shape(const shape_rules&, const message& m) {
    shape out{"ResearchStudy", study_id(m.trial), {}, "urn:trialgate:study", m.trial, {}, {}};
    out.members = {{"status", text_json("active")}, {"title", text_json(m.trial)}};
    return out;
}

shape subject_shape(const shape_rules& rules, const message& m, std::string_view study) {
    shape out{"ResearchSubject", id_of("tg-rs", {m.subject, m.trial}), {}, std::string(subject_system), m.trial + ':' + m.subject, {}, {}};
    const std::string status = m.subject_status.empty() ? "ineligible" : m.subject_status;
    if (rules.r5) {
        out.members.emplace_back("status", text_json("active"));
        out.members.emplace_back("progress", json_of([&](json_text& to) {
                                     to.begin_array().begin_object();
                                     to.key("subjectState").json(concept_json("http://terminology.hl7.org/CodeSystem/research-subject-state", status));
                                     to.key("startDate").string(to_text(m.occurred)).end_object().end_array();
                                 }));
    } else
        out.members.emplace_back("status", text_json(status));
    out.members.emplace_back("study", object_json({{"reference", study}}));
    out.members.emplace_back(rules.r5 ? "subject" : "individual", person_json(rules, m));
    out.written = written_mark(m, status);
    return out;
}

shape flag_shape(const shape_rules& rules, const message& m, value theirs) {
    shape out{"Flag", id_of("tg-fl", {m.subject, m.trial}), {}, "urn:trialgate:flag", m.trial + ':' + m.subject, {}, {}};
    const std::string_view was = theirs["status"].text();
    const std::string_view start = theirs["period"]["start"].text(), end = theirs["period"]["end"].text();
    out.written = m.flag ? "active" : "inactive";
    out.members.emplace_back("status", text_json(out.written));
    out.members.emplace_back("category", '[' + concept_json("http://terminology.hl7.org/CodeSystem/flag-category", "research") + ']');
    out.members.emplace_back("code", concept_json("urn:trialgate:status", m.status.empty() ? "none" : m.status, sentence_of(m)));
    out.members.emplace_back("subject", person_json(rules, m));
    const std::string now = to_text(m.occurred);
    const std::string from(!start.empty() && (was == "active" || !m.flag) ? start : std::string_view(now));
    if (m.flag)
        out.members.emplace_back("period", object_json({{"start", from}}));
    else
        out.members.emplace_back("period", object_json({{"start", from}, {"end", was == "inactive" && !end.empty() ? end : std::string_view(now)}}));
    return out;
}

shape task_shape(const shape_rules& rules, const message& m, std::string_view subject) {
    shape out{"Task", id_of("tg-ta", {m.subject, m.trial}), {}, "urn:trialgate:task", m.trial + ':' + m.subject, {}, {}};
    const findings found = report_reader(rules, m).out;
    out.written = m.flag ? "requested" : "cancelled";
    out.members = {{"status", text_json(out.written)},
                   {"intent", text_json("proposal")},
                   {"priority", text_json("routine")},
                   {"code", object_json({{"text", "Review trial eligibility"}})},
                   {"description", text_json(sentence_of(m))},
                   {"focus", object_json({{"reference", subject}})},
                   {"for", person_json(rules, m)},
                   {"authoredOn", text_json(to_text(m.occurred))}};
    const bool ends = m.flag && found.changes_on;
    out.members.emplace_back(
        "restriction", ends ? "{\"period\":" + object_json({{"end", to_string(*found.changes_on - 1)}}) + '}' : std::string());
    out.members.emplace_back("input", unless_empty(inputs_json(found, m)));
    return out;
}

shape provenance_shape(const shape_rules& rules, const message& m, const std::vector<std::string>& targets) {
    const std::string id = id_of("tg-pv", {m.key});
    shape out{"Provenance", id, {}, {}, {}, {{"urn:trialgate:provenance", id}}, {}};
    const findings found = report_reader(rules, m).out;
    out.members.emplace_back("target", json_of([&](json_text& to) {
                                 to.begin_array();
                                 for (const std::string& t : targets)
                                     to.json(object_json({{"reference", t}}));
                                 to.end_array();
                             }));
    out.members.emplace_back("recorded", text_json(to_text(m.occurred)));
    out.members.emplace_back("agent", agents_json());
    out.members.emplace_back("entity", unless_empty(json_of([&](json_text& to) {
                                 to.begin_array();
                                 for (const std::string& reference : found.evidence)
                                     to.begin_object().key("role").string("source").key("what").json(reference).end_object();
                                 to.end_array();
                             })));
    return out;
}

shape alert_shape(const shape_rules& rules, const message& m, std::string_view subject) {
    const std::string id = id_of("tg-al", {m.key});
    shape out{"Task", id, {}, "urn:trialgate:alert", id, {}, "requested"};
    out.members = {{"status", text_json("requested")},
                   {"intent", text_json("proposal")},
                   {"priority", text_json("urgent")},
                   {"code", object_json({{"text", m.kind == "status" ? "Another person decided otherwise" : "Evidence contradicts the study's decision"}})},
                   {"description", text_json(m.text)}};
    if (!subject.empty())
        out.members.emplace_back("focus", object_json({{"reference", subject}}));
    out.members.emplace_back("for", person_json(rules, m));
    out.members.emplace_back("authoredOn", text_json(to_text(m.occurred)));
    out.members.emplace_back("input", unless_empty(inputs_json(report_reader(rules, m).out, m)));
    return out;
}

} // namespace trialgate::gateway
