#include "gateway/intake/runners.hpp"

#include "mappings/engine/network.hpp"

namespace trialgate::gateway {

namespace {

using namespace mappings;

/// Which kinds of facts are looked at. In doubt more: a type too many costs a few requests, one too few costs a patient.
struct needs {
    const catalog& codes;
    bool observations = false, conditions = false, procedures = false, medications = false, answers = false;

    void observe(std::span<const concept_id> concepts) {
        observations = observations || !concepts.empty();
        for (const concept_id c : concepts)
            // Scores and a clinician's answers come in forms as often as in Observations.
            if (const analyte* a = codes.analyte_of(c); !a || a->kind == analyte_kind::score)
                answers = true;
    }
    /// A concept of which only the codes are known: what has no analyte can be coded in a Condition or a Procedure.
    void anything(std::span<const concept_id> concepts) {
        for (const concept_id c : concepts)
            if (codes.analyte_of(c))
                observe({&c, 1});
            else
                conditions = procedures = true;
    }

    void visited(const visit_evidence& done) {
        for (const required_result& r : done.results)
            for (const required_result::part& p : r.parts)
                observe(p.concepts);
        if (!done.procedures.empty()) // a dose may be either
            procedures = medications = true;
    }

    void operator()(const observation_test& t) {
        observe(t.concepts);
        for (const coincidence& c : t.coincides) {
            anything(c.with);
            medications = medications || !c.with.empty();
        }
    }
    void operator()(const egfr_test& t) {
        const std::vector<concept_id> all = concepts_of(t);
        observe(all);
    }
    void operator()(const change_test& t) { observe(t.concepts); }
    void operator()(const condition_test&) { conditions = procedures = true; }
    void operator()(const diagnosis_test&) { conditions = true; }
    void operator()(const procedure_test&) { procedures = true; }
    void operator()(const exposure_test&) { medications = true; }
    void operator()(const drug_test&) { medications = true; }
    void operator()(const person_test& t) {
        if (t.answer != concept_id::none)
            observations = answers = true;
    }
    void operator()(const age_test&) {}
    void operator()(const sex_test&) {}
    void operator()(const logic_test&) {}
    void operator()(const count_test&) {}
    void operator()(const score_test&) {}
    void operator()(const prefer_test&) {}
    void operator()(const unless_test&) {}
};

void visit_all(needs& n, const criterion& c) {
    std::visit(n, c.test);
    for (const criterion& part : c.parts)
        visit_all(n, part);
}

} // namespace

std::set<std::string> types_read(const mappings::network& net) {
    needs n{net.codes()};
    for (node_id i = 0; i < net.size(); ++i)
        std::visit(n, net[i].test);
    for (const compiled_trial& t : net.trials()) {
        n.anything(t.source->consider);
        for (const visit& v : t.source->visits)
            if (v.done)
                n.visited(*v.done);
        if (const auto& safety = t.source->safety) {
            n.observations = n.observations || safety->grading || !safety->signals.empty();
            for (const safety_rule& r : safety->rules)
                visit_all(n, r.when);
        }
    }
    // Who the person is, whether they may be looked at, and whether a study has them already.
    std::set<std::string> out{"Patient", "Consent", "ResearchSubject"};
    if (!net.encounter_types().empty())
        out.insert("Encounter");
    if (!net.appointment_types().empty())
        out.insert("Appointment");
    if (n.observations)
        out.insert({"Observation", "DiagnosticReport"}); // a report without Observations says that there is a result to read
    if (n.answers)
        out.insert("QuestionnaireResponse");
    if (n.conditions)
        out.insert("Condition");
    if (n.procedures)
        out.insert("Procedure");
    if (n.medications)
        out.insert({"MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration", "Medication"});
    return out;
}

std::vector<std::string> consider_codes(const mappings::network& net) {
    std::set<std::string> out;
    net.codes().for_each_code([&](std::string_view, std::string_view code, concept_id c) {
        if (!net.considering(c).empty())
            out.emplace(code);
    });
    return {out.begin(), out.end()};
}

} // namespace trialgate::gateway
