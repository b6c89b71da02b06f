#include "gateway/core/json_text.hpp"
#include "gateway/synth/chart.hpp"
#include "gateway/synth/result_text.hpp"

#include <algorithm>
#include <optional>

namespace trialgate::gateway::synth {

using fhir::date;

namespace {

constexpr std::string_view terms = "http://terminology.hl7.org/CodeSystem/";

void write_codes(json_text& out, std::initializer_list<code> codes, std::string_view text = {}) {
    out.begin_object();
    if (codes.size() != 0) {
        out.key("coding").begin_array();
        for (const code& c : codes) {
            out.begin_object().key("system").string(c.system).key("code").string(c.value);
            if (!c.display.empty())
                out.key("display").string(c.display);
            out.end_object();
        }
        out.end_array();
    }
    if (!text.empty())
        out.key("text").string(text);
    out.end_object();
}

void write_term(json_text& out, std::string_view key, std::string_view system, std::string_view value) {
    const std::string url = std::string(terms) + std::string(system);
    out.key(key);
    write_codes(out, {{url, value, {}}});
}

class writer {
public:
    writer(const course& c, const dialect& in, release shape, std::uint64_t seed, date as_of)
        : c_(c), in_(in), r5_(shape == release::r5), today_(as_of), patient_(patient_id(seed, c.number)) {}

    std::vector<resource_text> write() {
        patient();
        disease();
        for (const found& f : c_.findings)
            observed(f);
        for (const measured& m : c_.results)
            if (const result_style* s = in_.style_of(m.what))
                result(m, *s);
        for (const taken& t : c_.drugs)
            if (const drug_style* s = in_.style_of(t.what))
                medication(t, *s);
        return std::move(all_);
    }

private:
    /// Opens a resource; `id` is empty for the Patient.
    json_text& begin(std::string_view type, std::string_view kind) {
        out_.emplace();
        all_.push_back({type, kind.empty() ? patient_ : patient_ + '-' + std::string(kind) + std::to_string(++n_), {}});
        out_->begin_object().key("resourceType").string(type).key("id").string(all_.back().id);
        out_->key("meta").begin_object().key("security").begin_array().begin_object();
        out_->key("system")
            .string(std::string(terms) + "v3-ActReason")
            .key("code")
            .string("HTEST")
            .key("display")
            .string("test health data");
        out_->end_object().end_array().end_object();
        return *out_;
    }
    void end() {
        out_->end_object();
        all_.back().json = out_->text();
    }
    void subject() { out_->key("subject").begin_object().key("reference").string("Patient/" + patient_).end_object(); }

    std::string moment(date on) const {
        std::string out = fhir::to_string(on) + "T00:15:00" + std::string(in_.offset);
        out[11] = static_cast<char>('0' + in_.visit_hour / 10);
        out[12] = static_cast<char>('0' + in_.visit_hour % 10);
        return out;
    }

    void patient() {
        json_text& out = begin("Patient", "");
        out.key("identifier")
            .begin_array()
            .begin_object()
            .key("system")
            .string("urn:trialgate:synth")
            .key("value")
            .string(patient_)
            .end_object()
            .end_array();
        out.key("active").boolean(true);
        out.key("name")
            .begin_array()
            .begin_object()
            .key("family")
            .string("Synthetic")
            .key("given")
            .begin_array()
            .string("Person " + std::to_string(c_.number));
        out.end_array().end_object().end_array();
        out.key("gender").string(c_.female ? "female" : "male");
        out.key("birthDate")
            .string(fhir::to_string(c_.born).substr(
                0, c_.born_shown == shown::day     ? 10
                   : c_.born_shown == shown::month ? 7
                                                   : 4
            ));
        if (c_.died)
            out.key("deceasedDateTime").string(fhir::to_string(*c_.died));
        end();
    }

    struct entry {
        std::string_view state = "active", verification = "confirmed", category = "problem-list-item";
    };

    void condition(std::span<const code> codes, std::string_view text, date on, const entry& how) {
        json_text& out = begin("Condition", "c");
        write_term(out, "clinicalStatus", "condition-clinical", how.state);
        write_term(out, "verificationStatus", "condition-ver-status", how.verification);
        out.key("category").begin_array();
        write_codes(out, {{"http://terminology.hl7.org/CodeSystem/condition-category", how.category, {}}});
        out.end_array();
        out.key("code").begin_object();
        if (!codes.empty()) {
            out.key("coding").begin_array();
            for (const code& c : codes)
                out.begin_object().key("system").string(c.system).key("code").string(c.value).key("display").string(c.display).end_object();
            out.end_array();
        }
        if (!text.empty())
            out.key("text").string(text);
        out.end_object();
        subject();
        out.key("onsetDateTime").string(fhir::to_string(on)).key("recordedDate").string(fhir::to_string(std::min(today_, on + 2)));
        end();
    }

    void disease() {
        const date on = c_.diagnosed;
        switch (c_.why) {
        case diagnosis::listed:
            condition(in_.disease, "", on, {});
            break;
        case diagnosis::remission:
            condition(in_.remission, "", on, {.state = "remission"});
            break;
        case diagnosis::encounters:
            condition(in_.disease, "", on + 9, {.category = "encounter-diagnosis"});
            [[fallthrough]];
        case diagnosis::single_encounter:
            condition(in_.disease, "", on, {.category = "encounter-diagnosis"});
            break;
        case diagnosis::provisional:
            condition(in_.disease, "", on, {.verification = "provisional"});
            break;
        case diagnosis::unclear: {
            const bool none = in_.unclear.data() == in_.disease.data(); // no code for it: suspected is all one can say
            condition(in_.unclear, "", on, {.verification = none ? "unconfirmed" : "confirmed"});
            break;
        }
        case diagnosis::refuted:
            condition(in_.disease, "", on, {.state = "inactive", .verification = "refuted"});
            break;
        case diagnosis::drug_induced:
            condition(in_.drug_induced, "", on, {});
            break;
        default:
            break;
        }
    }

    void observed(const found& f) {
        std::vector<code> codes;
        std::string_view text;
        for (const finding_style& s : in_.findings)
            if (s.what == f.what) {
                if (s.named.system.empty())
                    text = s.named.display;
                else
                    codes.push_back(s.named);
            }
        if (!codes.empty() || !text.empty())
            condition(codes, text, f.since, {.state = f.active ? "active" : "resolved"});
    }

    void result(const measured& m, const result_style& s) {
        json_text& out = begin("Observation", "o");
        out.key("status").string("final").key("category").begin_array();
        const bool asked = s.as == form::answer || m.what == analyte::activity_score;
        write_codes(out, {{"http://terminology.hl7.org/CodeSystem/observation-category", asked ? "survey" : "laboratory", {}}});
        out.end_array().key("code");
        const std::string_view text = s.named.system == in_.local_system ? s.named.display : std::string_view{};
        write_codes(out, {s.named}, text);
        subject();
        out.key("effectiveDateTime").string(moment(m.on));
        write_result(out, m, s, in_.language);
        end();
    }

    // ---- drugs --------------------------------------------------------------------------------------------------------------

    void drug_code(const drug_style& s) {
        json_text& out = *out_;
        if (r5_)
            out.key("medication").begin_object().key("concept");
        else
            out.key("medicationCodeableConcept");
        if (s.named.system.empty())
            write_codes(out, {}, s.named.display);
        else
            write_codes(out, {s.named});
        if (r5_)
            out.end_object();
    }
    bool over(const taken& t) const noexcept { return t.until != date::highest(); }

    void medication(const taken& t, const drug_style& s) {
        if (in_.drugs_as == drug_form::statement)
            return statement(t, s);
        order(t, s);
        if (in_.drugs_as == drug_form::order_and_supply && t.dispensed)
            supplies(t, s);
    }

    void statement(const taken& t, const drug_style& s) {
        json_text& out = begin("MedicationStatement", "m");
        out.key("status").string(r5_ ? "recorded" : over(t) ? "completed" : "active");
        drug_code(s);
        subject();
        out.key("effectivePeriod").begin_object().key("start").string(fhir::to_string(t.from));
        if (over(t))
            out.key("end").string(fhir::to_string(t.until));
        out.end_object();
        if (r5_) {
            // What is over was taken while it lasted; "stopped" would say that somebody broke it off.
            out.key("adherence").begin_object().key("code");
            write_codes(out, {{"http://hl7.org/fhir/CodeSystem/medication-statement-adherence", "taking", {}}});
            out.end_object();
        }
        end();
    }

    void order(const taken& t, const drug_style& s) {
        json_text& out = begin("MedicationRequest", "r");
        out.key("status").string(over(t) ? "completed" : "active").key("intent").string("order");
        drug_code(s);
        subject();
        out.key("authoredOn").string(fhir::to_string(t.from));
        if (over(t)) {
            out.key("dosageInstruction").begin_array().begin_object().key("timing").begin_object().key("repeat").begin_object();
            out.key("boundsPeriod")
                .begin_object()
                .key("start")
                .string(fhir::to_string(t.from))
                .key("end")
                .string(fhir::to_string(t.until))
                .end_object();
            out.end_object().end_object().end_object().end_array();
        }
        end();
    }

    /// A supply each quarter, those of the last nine months.
    void supplies(const taken& t, const drug_style& s) {
        const date last = over(t) ? t.until : today_;
        for (date on = std::max(t.from, last - 270); on < last || (on == last && !over(t)); on = on + 90) {
            json_text& out = begin("MedicationDispense", "d");
            out.key("status").string("completed");
            drug_code(s);
            subject();
            const std::int32_t days = over(t) ? std::min(90, last - on) : 90;
            out.key("daysSupply")
                .begin_object()
                .key("value")
                .number(days)
                .key("unit")
                .string("days")
                .key("system")
                .string("http://unitsofmeasure.org");
            out.key("code").string("d").end_object();
            out.key("whenHandedOver").string(fhir::to_string(on));
            end();
        }
    }

    const course& c_;
    const dialect& in_;
    bool r5_;
    date today_;
    std::string patient_;
    std::vector<resource_text> all_;
    std::optional<json_text> out_;
    int n_ = 0;
};

} // namespace

std::string patient_id(std::uint64_t seed, std::uint64_t number) {
    return "synth-" + std::to_string(seed) + '-' + std::to_string(number);
}

std::vector<resource_text> chart_of(const course& c, const dialect& in, release shape, std::uint64_t seed, date as_of) {
    return writer(c, in, shape, seed, as_of).write();
}

std::string bundle_of(const std::vector<resource_text>& all) {
    json_text out;
    out.begin_object().key("resourceType").string("Bundle").key("type").string("transaction").key("entry").begin_array();
    for (const resource_text& r : all) {
        const std::string path = std::string(r.type) + '/' + r.id;
        out.begin_object().key("fullUrl").string("https://hospital.example.org/fhir/" + path).key("resource").json(r.json);
        out.key("request").begin_object().key("method").string("PUT").key("url").string(path).end_object().end_object();
    }
    out.end_array().end_object();
    return std::string(out.text());
}

std::string site_map_of(const dialect& in) {
    if (in.map.empty())
        return {};
    json_text out;
    out.begin_object().key("resourceType").string("ConceptMap").key("id").string("synth-" + std::string(in.name));
    out.key("url").string("urn:trialgate:synth:concept-map:" + std::string(in.name)).key("status").string("active");
    out.key("title").string("Local codes of an invented hospital").key("group").begin_array();
    std::vector<std::string_view> targets;
    for (const dialect::mapped& m : in.map)
        if (std::find(targets.begin(), targets.end(), m.target_system) == targets.end())
            targets.push_back(m.target_system);
    for (const std::string_view target : targets) {
        out.begin_object().key("source").string(in.local_system).key("target").string(target).key("element").begin_array();
        for (const dialect::mapped& m : in.map)
            if (m.target_system == target) {
                out.begin_object().key("code").string(m.local).key("target").begin_array().begin_object();
                out.key("code").string(m.target).key("equivalence").string("equivalent").end_object().end_array().end_object();
            }
        out.end_array().end_object();
    }
    out.end_array().end_object();
    return std::string(out.text());
}

} // namespace trialgate::gateway::synth
