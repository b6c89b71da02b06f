// Alerts about participants as resources; which type for which kind and why: README, "Alerts".
#include "gateway/outbox/shape_json.hpp"

#include "fhir/datetime.hpp"

#include <algorithm>

namespace trialgate::gateway {

using fhir::json::value;

namespace {

enum class as : std::uint8_t { appointment, task, communication, issue };

as type_of(std::string_view kind) noexcept {
    if (kind == "upcoming")
        return as::appointment;
    if (kind == "due" || kind == "closing" || kind == "overdue")
        return as::task;
    if (kind == "done-incomplete")
        return as::communication;
    return as::issue; // missed, out-of-window; everything about safety, also kinds to come
}

/// What a message says, read once. Views into `parser`'s tree.
struct alert_words {
    explicit alert_words(const message& m) {
        const auto tree = parser.parse_copy(m.alert.empty() ? std::string_view("{}") : std::string_view(m.alert));
        if (tree)
            all = *tree;
        withdrawn = !m.flag;
    }
    std::string_view operator[](const char* name) const { return all[name].text(); }

    fhir::json::parser parser;
    value all;
    bool withdrawn = false;
};

/// Title, text and what is missing, for a person to read.
std::string sentence(const alert_words& a) {
    std::string out(a["title"]);
    if (const std::string_view text = a["text"]; !text.empty() && text != out)
        out += (out.empty() ? "" : ". ") + std::string(text);
    for (const value& what : a.all["missing"].elements())
        out += "\n- " + std::string(what.text());
    return out;
}

std::vector<std::string> evidence(const shape_rules& rules, const message& m, const alert_words& a) {
    std::string base;
    if (m.patient_url.size() > m.patient.size() && m.patient_url.ends_with(m.patient))
        base = m.patient_url.substr(0, m.patient_url.size() - m.patient.size());
    std::vector<std::string> out;
    for (const value& e : a.all["evidence"].elements()) {
        std::string to(e["reference"].text());
        const std::string_view display = e["text"].text();
        if (to.empty())
            continue;
        const std::string_view version = e["version"].text();
        if (!rules.references) {
            const std::string shown = std::string(display) + (version.empty() ? "" : ", version " + std::string(version));
            out.push_back(logical_json("urn:trialgate:evidence", to, {}, shown));
            continue;
        }
        if (!version.empty())
            to += "/_history/" + std::string(version);
        if (to.find("://") == std::string::npos && !to.starts_with("urn:"))
            to.insert(0, base);
        out.push_back(display.empty() ? object_json({{"reference", to}}) : object_json({{"reference", to}, {"display", display}}));
    }
    return out;
}

std::string window_json(const alert_words& a) {
    return json_of([&](json_text& out) {
        out.begin_object();
        if (!a["earliest"].empty())
            out.key("start").string(a["earliest"]);
        if (!a["latest"].empty())
            out.key("end").string(a["latest"]);
        out.end_object();
    });
}

std::string reference_list(std::string_view to) { return to.empty() ? std::string() : '[' + object_json({{"reference", to}}) + ']'; }

/// Who has seen it: Annotation.
std::string notes_json(const alert_words& a) {
    if (a["acknowledgedBy"].empty())
        return {};
    return '[' + object_json({{"authorString", a["acknowledgedBy"]}, {"time", a["acknowledgedAt"]}, {"text", "acknowledged"}}) + ']';
}

/// Task and CommunicationRequest.
std::string_view priority(std::string_view tier) noexcept { return tier == "T1" ? "stat" : tier == "T2" ? "urgent" : "routine"; }

shape appointment(const shape_rules& rules, const message& m, const alert_words& a, std::string& status) {
    status = a.withdrawn ? "cancelled" : "proposed";
    shape out;
    out.type = "Appointment";
    out.members = {{"description", text_json(a["title"])}};
    // A visit booked from this proposal bears the type, by which it counts as that visit when it comes back (mappings/followup/README.md).
    const std::string visit(a.all["details"]["visit"].text());
    out.members.emplace_back("appointmentType", visit.empty() ? std::string() : concept_json("urn:trialgate:visit", m.trial + '/' + visit, a["title"]));
    out.members.emplace_back("created", text_json(a["raised"]));
    const std::string window = window_json(a);
    out.members.emplace_back("requestedPeriod", window == "{}" ? std::string() : '[' + window + ']');
    out.members.emplace_back("participant", json_of([&](json_text& to) {
                                 to.begin_array().begin_object();
                                 to.key("actor").json(person_json(rules, m)).key("status").string("needs-action").end_object().end_array();
                             }));
    if (rules.r5) {
        out.members.emplace_back("subject", person_json(rules, m));
        out.members.emplace_back("note", notes_json(a));
    } else if (const std::string_view by = a["acknowledgedBy"]; by.empty()) {
        out.members.emplace_back("comment", std::string());
    } else {
        out.members.emplace_back("comment", text_json("acknowledged by " + std::string(by) + " at " + std::string(a["acknowledgedAt"])));
    }
    return out;
}

shape task(const shape_rules& rules, const message& m, const alert_words& a, std::string_view subject, std::string& status) {
    status = a.withdrawn ? "cancelled" : a["acknowledgedBy"].empty() ? "requested" : "received";
    shape out;
    out.type = "Task";
    out.members = {{"intent", text_json("proposal")},
                   {"priority", text_json(priority(a["tier"]))},
                   {"code", concept_json("urn:trialgate:alert-kind", a["kind"], a["title"])},
                   {"description", text_json(sentence(a))},
                   {"focus", subject.empty() ? std::string() : object_json({{"reference", subject}})},
                   {"for", person_json(rules, m)},
                   {"authoredOn", text_json(a["raised"])},
                   {"note", notes_json(a)}};
    const std::string window = window_json(a);
    out.members.emplace_back("restriction", window == "{}" ? std::string() : "{\"period\":" + window + '}');
    out.members.emplace_back("input", unless_empty(json_of([&](json_text& to) {
                                 to.begin_array();
                                 for (const std::string& reference : evidence(rules, m, a))
                                     to.begin_object()
                                         .key("type")
                                         .json(R"({"text":"evidence"})")
                                         .key("valueReference")
                                         .json(reference)
                                         .end_object();
                                 to.end_array();
                             })));
    return out;
}

shape communication(const shape_rules& rules, const message& m, const alert_words& a, std::string_view subject, std::string& status) {
    status = a.withdrawn ? "revoked" : "active";
    shape out;
    out.type = "CommunicationRequest";
    const std::string words = text_json(sentence(a));
    out.members = {{"priority", text_json(priority(a["tier"]))},
                   {"category", '[' + concept_json("urn:trialgate:alert-kind", a["kind"], a["title"]) + ']'},
                   {"subject", person_json(rules, m)},
                   {"about", reference_list(subject)},
                   {"authoredOn", text_json(a["raised"])},
                   {"note", notes_json(a)}};
    // R5 has no contentString, and says what is intended.
    out.members.emplace_back("payload",
                             rules.r5 ? R"([{"contentCodeableConcept":{"text":)" + words + "}}]" : R"([{"contentString":)" + words + "}]");
    if (rules.r5)
        out.members.emplace_back("intent", text_json("proposal"));
    return out;
}

shape issue(const shape_rules& rules, const message& m, const alert_words& a, std::string_view subject, std::string& status) {
    // What the record no longer says was never so; R5 knows no other status for it either.
    status = a.withdrawn ? "entered-in-error" : rules.r5 || a["changed"] == a["raised"] ? "final" : "corrected";
    const std::string_view tier = a["tier"];
    shape out;
    out.type = "DetectedIssue";
    out.members = {{"code", concept_json("urn:trialgate:alert-kind", a["kind"], a["title"])},
                   {"severity", text_json(tier == "T1" ? "high" : tier == "T2" ? "moderate" : "low")},
                   {rules.r5 ? "subject" : "patient", person_json(rules, m)},
                   {"identifiedDateTime", text_json(a["raised"])},
                   {"implicated", reference_list(subject)},
                   {"detail", text_json(sentence(a))}};
    out.members.emplace_back("evidence", unless_empty(json_of([&](json_text& to) {
                                 to.begin_array();
                                 for (const std::string& reference : evidence(rules, m, a))
                                     to.begin_object().key("detail").begin_array().json(reference).end_array().end_object();
                                 to.end_array();
                             })));
    out.members.emplace_back("mitigation", a["acknowledgedBy"].empty() ? std::string() : json_of([&](json_text& to) {
                                 to.begin_array().begin_object().key("action").json(R"({"text":"acknowledged"})");
                                 to.key("date")
                                     .string(a["acknowledgedAt"])
                                     .key("author")
                                     .json(object_json({{"display", a["acknowledgedBy"]}}));
                                 to.end_object().end_array();
                             }));
    return out;
}

} // namespace

shape alert_resource(const shape_rules& rules, const message& m, std::string_view subject) {
    const alert_words a(m);
    std::string status;
    shape out;
    switch (type_of(a["kind"])) {
    case as::appointment: out = appointment(rules, m, a, status); break;
    case as::task: out = task(rules, m, a, subject, status); break;
    case as::communication: out = communication(rules, m, a, subject, status); break;
    case as::issue: out = issue(rules, m, a, subject, status); break;
    }
    out.members.insert(out.members.begin(), {"status", text_json(status)});
    out.id = id_of("tg-at", {a["id"]});
    out.identifier_system = "urn:trialgate:participant-alert";
    out.identifier_value = a["id"];
    out.written = written_mark(m, status);
    return out;
}

} // namespace trialgate::gateway
