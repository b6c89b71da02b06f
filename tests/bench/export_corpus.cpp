#include "tests/bench/export_corpus.hpp"

#include <array>
#include <random>
#include <span>

namespace trialgate::tests {

namespace {

struct coded {
    std::string_view system, code, display, unit;
};

constexpr std::string_view loinc = "http://loinc.org";
constexpr std::string_view snomed = "http://snomed.info/sct";

constexpr std::array of_interest{
    coded{loinc, "14682-9", "Creatinine [Moles/volume] in Serum or Plasma", "umol/L"},
    coded{loinc, "2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL"},
    coded{loinc, "5048-4", "Nuclear Ab [Titer] in Serum by Immunofluorescence", "{titer}"},
    coded{loinc, "33914-3", "Glomerular filtration rate/1.73 sq M.predicted", "mL/min/{1.73_m2}"},
    coded{snomed, "55464009", "Systemic lupus erythematosus (disorder)", "{score}"},
};
constexpr std::array laboratory{
    coded{loinc, "2339-0", "Glucose [Mass/volume] in Blood", "mg/dL"},
    coded{loinc, "6299-2", "Urea nitrogen [Mass/volume] in Blood", "mg/dL"},
    coded{loinc, "2947-0", "Sodium [Moles/volume] in Blood", "mmol/L"},
    coded{loinc, "6298-4", "Potassium [Moles/volume] in Blood", "mmol/L"},
    coded{loinc, "718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL"},
    coded{loinc, "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%"},
    coded{loinc, "6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL"},
    coded{loinc, "777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL"},
};
constexpr std::array vital{
    coded{loinc, "8302-2", "Body Height", "cm"},         coded{loinc, "29463-7", "Body Weight", "kg"},
    coded{loinc, "39156-5", "Body Mass Index", "kg/m2"}, coded{loinc, "8867-4", "Heart rate", "/min"},
    coded{loinc, "9279-1", "Respiratory rate", "/min"},  coded{loinc, "8310-5", "Body temperature", "Cel"},
};
constexpr std::array finding{
    coded{snomed, "430193006", "Medication Reconciliation (procedure)", ""},
    coded{snomed, "710824005", "Assessment of health and social care needs (procedure)", ""},
    coded{snomed, "162673000", "General examination of patient (procedure)", ""},
    coded{snomed, "444814009", "Viral sinusitis (disorder)", ""},
    coded{snomed, "59621000", "Essential hypertension (disorder)", ""},
};

enum class shape : std::uint8_t { synthea, hapi, epic, sorted };

class writer {
public:
    explicit writer(const export_options& options) : options_(options), random_(options.seed) {}

    export_corpus run() {
        for (const coded& c : of_interest)
            out_.codes.push_back(c.code);
        out_.text.reserve(options_.bytes + 16'384);
        while (out_.text.size() < options_.bytes) {
            ++out_.resources;
            one_resource();
            out_.text += '\n';
        }
        return std::move(out_);
    }

private:
    static constexpr std::uint64_t per_million = 1'000'000;

    std::uint64_t upto(std::uint64_t n) { return random_() % n; }
    void put(std::string_view s) { out_.text += s; }
    void put(std::string_view a, std::string_view b, std::string_view c) {
        out_.text += a;
        out_.text += b;
        out_.text += c;
    }
    template <std::size_t N>
    const coded& any(const std::array<coded, N>& all) {
        return all[upto(N)];
    }

    std::string uuid() {
        static constexpr char hex[] = "0123456789abcdef";
        std::string id = "00000000-0000-4000-8000-000000000000";
        for (char& c : id)
            if (c == '0')
                c = hex[upto(16)];
        return id;
    }
    std::string time() {
        const auto two = [this](std::uint64_t from, std::uint64_t n) {
            std::string s = std::to_string(from + upto(n));
            return s.size() < 2 ? "0" + s : s;
        };
        return "20" + two(10, 16) + "-" + two(1, 12) + "-" + two(1, 28) + "T" + two(0, 24) + ":" +
               two(0, 60) + ":" + two(0, 60) + "+01:00";
    }
    std::string decimal() { return std::to_string(upto(300)) + "." + std::to_string(upto(10'000)); }

    void concept_of(std::string_view key, const coded& c) {
        put(",\"", key, "\":");
        bare_concept(c);
    }
    void bare_concept(const coded& c) {
        put(R"({"coding":[{"system":")", c.system, R"(","code":")");
        put(c.code, R"(","display":")", c.display);
        if (how_ == shape::epic) {
            put(R"("},{"system":"urn:oid:1.2.840.114350.1.13.861.1.7.5.737384.21","code":")");
            put(std::to_string(1'000'000 + upto(1'000'000)), R"(","display":")", c.display);
        }
        put(R"("}],"text":")", c.display, "\"}");
    }
    void reference_to(std::string_view key, std::string_view type) {
        put(",\"", key, R"(":{"reference":")");
        put(how_ == shape::synthea ? "urn:uuid:" : type, how_ == shape::synthea ? "" : "/", uuid());
        if (how_ == shape::epic)
            put(R"(","display":"Example, Person )", std::to_string(upto(100'000)), "");
        put("\"}");
    }

    // "<div ...>" with what narratives hold: escaped quotation marks, escapes of letters beyond ASCII, now
    // and then codes as text.
    void narrative(std::uint64_t rows) {
        put(R"(,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><table class=\"hapiPropertyTable\">)"
        );
        for (; rows > 0; --rows) {
            put(R"(<tr><td style=\"width:30%\">Measured</td><td>)", time(),
                R"( \u00e9tat stable, r\u00e9f. )");
            put(upto(20) == 0 ? R"(\"code\":\"14682-9\")" : "within limits", "</td></tr>\\n", "");
        }
        put(R"(</table></div>"})");
    }

    void open(std::string_view type) {
        const std::string id = uuid();
        put(R"({"resourceType":")", type, R"(","id":")");
        put(id, "\"", "");
        if (how_ == shape::synthea)
            put(R"(,"meta":{"profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-)", type,
                "\"]}");
        if (how_ == shape::hapi) {
            put(R"(,"meta":{"versionId":")", std::to_string(1 + upto(9)), R"(","lastUpdated":")");
            put(time(), R"(","source":"#)", uuid().substr(0, 16));
            put(R"(","profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-)", type, "\"]}");
        }
        if (how_ == shape::epic)
            identifiers(2);
    }
    void identifiers(std::uint64_t n) {
        put(",\"identifier\":[");
        for (std::uint64_t i = 0; i < n; ++i) {
            put(i == 0 ? "" : ",",
                R"({"use":"usual","system":"urn:oid:1.2.840.114350.1.13.861.1.7.2.798268","value":")", "");
            put(upto(50) == 0 ? "2160-0" : std::to_string(upto(1'000'000'000)), "\"}", "");
        }
        put("]");
    }

    void value_of(const coded& c) {
        put(R"(,"valueQuantity":{"value":)", decimal(), R"(,"unit":")");
        put(c.unit, R"(","system":"http://unitsofmeasure.org","code":")", c.unit);
        put("\"}");
    }

    void observation(const coded& c, std::string_view category, bool with_narrative) {
        open("Observation");
        if (with_narrative)
            narrative(4 + upto(8));
        put(R"(,"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":")"
        );
        put(category, R"(","display":")", category);
        put("\"}]}]");
        concept_of("code", c);
        reference_to("subject", "Patient");
        reference_to("encounter", "Encounter");
        put(R"(,"effectiveDateTime":")", time(), R"(","issued":")");
        put(time(), "\"", "");
        if (c.code == "8867-4")
            blood_pressure();
        else
            value_of(c);
        if (how_ != shape::synthea) {
            put(R"(,"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N","display":"Normal"}],"text":"Normal"}])"
            );
            put(R"(,"referenceRange":[{"low":{"value":)", decimal(), R"(,"unit":")");
            put(c.unit, R"("},"high":{"value":)", decimal());
            put(R"(,"unit":")", c.unit, R"("},"text":"see the handbook of the laboratory"}])");
            reference_to("specimen", "Specimen");
        }
        put("}");
    }
    void blood_pressure() {
        put(R"(,"component":[)");
        for (const coded& part :
             {coded{loinc, "8480-6", "Systolic Blood Pressure", "mm[Hg]"},
              coded{loinc, "8462-4", "Diastolic Blood Pressure", "mm[Hg]"}}) {
            put(part.code == "8480-6" ? "" : ",", R"({"code":)", "");
            bare_concept(part);
            value_of(part);
            put("}");
        }
        put("]");
    }

    // Members in the order of the alphabet, as servers write that keep resources in a binary JSON column.
    void sorted_observation(const coded& c) {
        put(R"({"category":[{"coding":[{"code":"laboratory","system":"http://terminology.hl7.org/CodeSystem/observation-category"}]}])"
        );
        concept_of("code", c);
        put(R"(,"effectiveDateTime":")", time(), "\"");
        reference_to("encounter", "Encounter");
        put(R"(,"id":")", uuid(), R"(","meta":{"lastUpdated":")");
        put(time(), R"(","versionId":")", std::to_string(upto(9)));
        put(R"("},"resourceType":"Observation","status":"final")");
        reference_to("subject", "Patient");
        value_of(c);
        put("}");
    }

    void simple(std::string_view type, const coded& c) {
        open(type);
        if (how_ == shape::hapi)
            narrative(3 + upto(5));
        put(R"(,"status":"completed")");
        concept_of(type == "Immunization" ? "vaccineCode" : "code", c);
        reference_to("subject", "Patient");
        reference_to("encounter", "Encounter");
        put(R"(,"performedPeriod":{"start":")", time(), R"(","end":")");
        put(time(), "\"}", "");
        reference_to("recorder", "Practitioner");
        reference_to("location", "Location");
        put(R"(,"note":[{"text":"Seen on the ward; \"no complaints\". Follow-up as agreed, see letter of )",
            time(), "\"}]}");
    }

    void report(const coded& c) {
        open("DiagnosticReport");
        narrative(6 + upto(10));
        put(R"(,"status":"final")");
        concept_of("code", c);
        reference_to("subject", "Patient");
        put(R"(,"result":[)");
        for (std::uint64_t i = 0, n = 4 + upto(12); i < n; ++i) {
            put(i == 0 ? "" : ",", R"({"reference":"Observation/)", uuid());
            put(R"(","display":")", any(laboratory).display, "\"}");
        }
        put("]}");
    }

    void medication_request() {
        open("MedicationRequest");
        put(R"(,"status":"active","intent":"order")");
        concept_of(
            "medicationCodeableConcept",
            {"http://www.nlm.nih.gov/research/umls/rxnorm", "314076", "lisinopril 10 MG Oral Tablet", ""}
        );
        reference_to("subject", "Patient");
        reference_to("encounter", "Encounter");
        reference_to("requester", "Practitioner");
        put(R"(,"authoredOn":")", time(),
            R"(","dosageInstruction":[{"sequence":1,"text":"Take one tablet daily","timing":{"repeat":{"frequency":1,"period":1.0,"periodUnit":"d"}},"asNeededBoolean":false,"doseAndRate":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/dose-rate-type","code":"ordered","display":"Ordered"}]},"doseQuantity":{"value":1.0}}]}])"
        );
        put(R"(,"dispenseRequest":{"numberOfRepeatsAllowed":3,"quantity":{"value":30,"unit":"tablet"}}})");
    }

    void encounter() {
        open("Encounter");
        put(R"(,"status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"type":[)"
        );
        bare_concept(any(finding));
        put("]");
        reference_to("subject", "Patient");
        put(R"(,"participant":[{"type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"PPRF","display":"primary performer"}],"text":"primary performer"}],"period":{"start":")",
            time(), R"(","end":")");
        put(time(), "\"}", "");
        reference_to("individual", "Practitioner");
        put("}]");
        put(R"(,"period":{"start":")", time(), R"(","end":")");
        put(time(), "\"}", "");
        reference_to("serviceProvider", "Organization");
        put("}");
    }

    void bill(std::string_view type, std::uint64_t items) {
        open(type);
        put(R"(,"status":"active","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"institutional"}]},"use":"claim")"
        );
        reference_to("patient", "Patient");
        put(R"(,"billablePeriod":{"start":")", time(), R"(","end":")");
        put(time(), R"("},"item":[)", "");
        for (std::uint64_t i = 0; i < items; ++i) {
            put(i == 0 ? "" : ",", R"({"sequence":)", std::to_string(i + 1));
            concept_of("productOrService", any(finding));
            put(R"(,"servicedPeriod":{"start":")", time(),
                R"("},"locationCodeableConcept":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/ex-serviceplace","code":"21","display":"Inpatient Hospital"}]},"net":{"value":)"
            );
            put(decimal(),
                R"(,"currency":"USD"},"adjudication":[{"category":{"coding":[{"system":"https://bluebutton.cms.gov/resources/codesystem/adjudication","code":"line_coinsrnc_amt","display":"Line Beneficiary Coinsurance Amount"}]},"amount":{"value":)",
                decimal());
            put(R"(,"currency":"USD"}}]})");
        }
        put(R"(],"total":{"value":)", decimal(), R"(,"currency":"USD"}})");
    }

    void one_resource() {
        const auto way = upto(100);
        how_ = way < 40 ? shape::synthea : way < 70 ? shape::hapi : way < 96 ? shape::epic : shape::sorted;
        if (static_cast<double>(upto(per_million)) <
            options_.of_interest * static_cast<double>(per_million)) {
            ++out_.of_interest;
            return wanted_resource();
        }
        if (how_ == shape::sorted)
            return sorted_observation(any(laboratory));
        const auto kind = upto(100);
        if (kind < 26)
            observation(any(vital), "vital-signs", how_ == shape::hapi && upto(4) == 0);
        else if (kind < 54)
            observation(any(laboratory), "laboratory", how_ == shape::hapi && upto(3) == 0);
        else if (kind < 65)
            encounter();
        else if (kind < 73)
            bill("Claim", 3 + upto(4));
        else if (kind < 79)
            bill("ExplanationOfBenefit", 5 + upto(5));
        else if (kind < 84)
            simple("Procedure", any(finding));
        else if (kind < 88)
            simple("Condition", any(finding));
        else if (kind < 94)
            medication_request();
        else if (kind < 98)
            report(any(laboratory));
        else
            simple(
                "Immunization", {"http://hl7.org/fhir/sid/cvx", "140",
                                 "Influenza, seasonal, injectable, preservative free", ""}
            );
    }
    void wanted_resource() {
        const coded& c = any(of_interest);
        if (how_ == shape::sorted)
            sorted_observation(c);
        else if (c.system == snomed)
            simple("Condition", c);
        else if (upto(10) == 0)
            report(c);
        else
            observation(c, "laboratory", how_ == shape::hapi && upto(3) == 0);
    }

    export_options options_;
    std::mt19937_64 random_;
    export_corpus out_;
    shape how_ = shape::synthea;
};

} // namespace

export_corpus make_export(const export_options& options) {
    return writer(options).run();
}

} // namespace trialgate::tests
