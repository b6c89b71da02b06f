// Reports as FHIR R4: one collection Bundle with the ResearchStudy of each trial and, a patient, a ResearchSubject, a Flag, a
// GuidanceResponse with one Parameters, and a Task with what is missing. Shapes: http://hl7.org/fhir/R4/researchsubject.html and so on.
#include "gateway/core/json_text.hpp"
#include "gateway/cli/report_writer.hpp"

#include <set>

namespace trialgate::gateway {

using namespace mappings;

namespace {

/// ResearchSubject.status that is pushed; design.md section 3. Empty: none.
std::string_view subject_status(trial_status s) {
    switch (s) {
    case trial_status::eligible: return "eligible";
    case trial_status::likely: return "candidate";
    case trial_status::possible: return "potential-candidate";
    case trial_status::not_now:
    case trial_status::ineligible: return "ineligible";
    }
    return "";
}

/// FHIR ids: [A-Za-z0-9-.]{1,64}. Deterministic, so that the same report gives the same resources.
std::string make_id(std::string_view kind, const trial_report& r) {
    std::uint64_t hash = 14695981039346656037ull;
    for (std::string_view part : {std::string_view(r.patient), std::string_view("|"), std::string_view(r.trial)})
        for (unsigned char c : part)
            hash = (hash ^ c) * 1099511628211ull;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    return std::string(kind) + '-' + digits;
}

class fhir_report_writer final : public report_writer {
public:
    explicit fhir_report_writer(std::FILE* to) : to_(to) {
        out_.begin_object();
        out_.key("resourceType").string("Bundle").key("type").string("collection").key("entry").begin_array();
    }

    void add(trial_report r) override {
        if (!r.status)
            return;
        study(r);
        // Whom the study already knows, a person has decided about; an inactive record waits for one. Neither is a new candidate.
        for (const shown_note& n : r.notes)
            if (n.id == id(note::already_in_study) || n.id == id(note::inactive))
                return;
        // Of "not-now" and "ineligible" a study hears only about people whom it was told of before, which a batch cannot know.
        if (*r.status <= trial_status::possible)
            subject(r);
        flag(r);
        guidance(r);
        task(r);
    }

    void finish() override {
        out_.end_array().end_object();
        std::fwrite(out_.text().data(), 1, out_.text().size(), to_);
        std::fputc('\n', to_);
    }

private:
    void begin(std::string_view type, std::string_view id) {
        out_.begin_object();
        out_.key("fullUrl").string("https://trialgate.invalid/fhir/" + std::string(type) + "/" + std::string(id));
        out_.key("resource").begin_object();
        out_.key("resourceType").string(type).key("id").string(id);
    }
    void end() { out_.end_object().end_object(); }

    void reference(const char* key, std::string_view to) { out_.key(key).begin_object().key("reference").string(to).end_object(); }
    void text(const char* key, std::string_view words) { out_.key(key).begin_object().key("text").string(words).end_object(); }
    void identifier(std::string_view kind, const trial_report& r) {
        out_.key("identifier").begin_array().begin_object();
        out_.key("system").string("urn:trialgate:" + std::string(kind)).key("value").string(r.trial + ":" + r.patient);
        out_.end_object().end_array();
    }

    void study(const trial_report& r) {
        if (!studies_.insert(r.trial).second)
            return;
        begin("ResearchStudy", r.trial);
        out_.key("status").string("active").key("title").string(r.trial);
        end();
    }

    void subject(const trial_report& r) {
        begin("ResearchSubject", make_id("rs", r));
        identifier("research-subject", r);
        out_.key("status").string(subject_status(*r.status));
        reference("study", "ResearchStudy/" + r.trial);
        reference("individual", r.patient);
        end();
    }

    void flag(const trial_report& r) {
        begin("Flag", make_id("flag", r));
        identifier("flag", r);
        const bool open = *r.status <= trial_status::possible;
        out_.key("status").string(open ? "active" : "inactive");
        out_.key("category").begin_array().begin_object().key("coding").begin_array().begin_object();
        out_.key("system").string("http://terminology.hl7.org/CodeSystem/flag-category").key("code").string("research");
        out_.end_object().end_array().end_object().end_array();
        out_.key("code").begin_object().key("coding").begin_array().begin_object();
        out_.key("system").string("urn:trialgate:status").key("code").string(to_code(*r.status));
        out_.end_object().end_array().key("text").string(r.trial + ": " + std::string(to_code(*r.status))).end_object();
        reference("subject", r.patient);
        out_.key("period").begin_object().key("start").string(to_string(r.as_of));
        if (r.changes_on) // the last day on which the flag surely holds
            out_.key("end").string(to_string(*r.changes_on - 1));
        out_.end_object();
        end();
    }

    void guidance(const trial_report& r) {
        bool open = false;
        for (const criterion_report& c : r.criteria)
            open |= c.is.is == verdict::unknown;
        begin("GuidanceResponse", make_id("gr", r));
        identifier("guidance-response", r);
        out_.key("moduleUri").string("urn:trialgate:trial:" + r.trial + ":" + r.version);
        out_.key("status").string(open ? "data-requested" : "success");
        reference("subject", r.patient);
        out_.key("occurrenceDateTime").string(to_string(r.as_of));
        out_.key("note").begin_array();
        for (const criterion_report& c : r.criteria) {
            std::string words = c.id + ": " + std::string(to_code(c.is.is));
            if (c.is.is == verdict::unknown)
                words += " (" + std::string(to_code(c.is.why)) + ")";
            out_.begin_object().key("text").string(words + ". " + c.explanation).end_object();
        }
        out_.end_array();
        end();
    }

    void task(const trial_report& r) {
        bool any = false;
        for (const criterion_report& c : r.criteria)
            any |= !c.needs.empty();
        if (!any || *r.status > trial_status::possible)
            return;
        begin("Task", make_id("task", r));
        identifier("task", r);
        out_.key("status").string("requested").key("intent").string("proposal");
        text("code", "Review trial eligibility");
        reference("focus", (*r.status == trial_status::not_now ? "Flag/" + make_id("flag", r) : "ResearchSubject/" + make_id("rs", r)));
        reference("for", r.patient);
        out_.key("authoredOn").string(to_string(r.as_of));
        if (r.changes_on)
            out_.key("restriction").begin_object().key("period").begin_object().key("end").string(to_string(*r.changes_on - 1)).end_object().end_object();
        out_.key("input").begin_array();
        for (const criterion_report& c : r.criteria) {
            for (const std::string& n : c.needs) {
                out_.begin_object();
                text("type", "needed for " + c.id);
                out_.key("valueString").string(n).end_object();
            }
            for (const evidence_item& e : c.evidence) {
                out_.begin_object();
                text("type", "evidence for " + c.id);
                out_.key("valueReference").begin_object();
                out_.key("reference").string(e.reference + (e.version.empty() ? "" : "/_history/" + e.version));
                out_.key("display").string(e.text).end_object().end_object();
            }
        }
        out_.end_array();
        end();
    }

    std::FILE* to_;
    json_text out_;
    std::set<std::string> studies_;
};

} // namespace

std::unique_ptr<report_writer> make_fhir_writer(std::FILE* to) { return std::make_unique<fhir_report_writer>(to); }

} // namespace trialgate::gateway
