// What concerns the person's place in research: consent, studies, and the person in a study.
#include "fhir/read_types.hpp"

#include <algorithm>
#include <array>

namespace trialgate::fhir::reading {

namespace {

void read_provision(scope& s, json::value provision, consent& out) {
    if (!usable_object(s, provision))
        return;
    if (out.decision.empty())
        out.decision = read_code(s, provision, "type", {"deny", "permit"});
    if (!out.valid)
        read_member(s, provision, "period", out.valid);
    if (provision["provision"].size() > 0)
        s.context.report(
            severity::warning, issue_type::not_supported, "provision", "exceptions to the decision, which are not read",
            provision["provision"]
        );
}

} // namespace

void read_body(scope& s, consent& out) {
    const json::value v = s.root;
    require(s, v, "status");
    out.status = read_code(
        s, v, "status",
        {"active", "draft", "proposed", "rejected", "inactive", "entered-in-error", "not-done", "unknown"}
    );
    read_member(s, v, "scope", out.scope);
    read_list(s, v, "category", out.category);
    read_member(s, v, "patient", out.patient);
    if (out.patient.empty())
        read_member(s, v, "subject", out.patient);
    out.date_ = read_date_time(s, v, "dateTime");
    if (!out.date_)
        out.date_ = read_date_time(s, v, "date");
    read_list(s, v, "sourceReference", out.sources, cardinality::one_or_many);
    out.decision = read_code(s, v, "decision", {"deny", "permit"});
    read_member(s, v, "period", out.valid);

    const json::value provision = v["provision"];
    if (provision.is_array() && provision.size() > 0) {
        // R5: a list of exceptions to `decision`, without a type of their own.
        s.context.report(
            severity::warning, issue_type::not_supported, "provision", "exceptions to the decision, which are not read",
            provision
        );
    } else if (present(provision)) {
        const step here(s.context, "provision");
        read_provision(s, provision, out);
    }
}

void read_body(scope& s, research_study& out) {
    const json::value v = s.root;
    require(s, v, "status");
    out.status = read_code(
        s, v, "status",
        {"active", "administratively-completed", "approved", "closed-to-accrual",
         "closed-to-accrual-and-intervention", "completed", "disapproved", "in-review",
         "temporarily-closed-to-accrual", "temporarily-closed-to-accrual-and-intervention", "withdrawn", "draft",
         "retired", "unknown"}
    );
    out.title = read_string(s, v, "title");
}

namespace {

constexpr std::array<std::string_view, 13> subject_states{
    "candidate",  "eligible",
    "follow-up",  "ineligible",
    "not-registered", "off-study",
    "on-study",   "on-study-intervention",
    "on-study-observation", "pending-on-study",
    "potential-candidate",  "screening",
    "withdrawn"};

struct progress {
    std::string_view state;
    std::optional<date_time> start;
    bool ended = false;
};

/// The word of a subjectState that R4 knows too; empty, with an issue, for another one.
std::string_view read_state(scope& s, json::value element) {
    codeable_concept state;
    read_member(s, element, "subjectState", state);
    for (const coding& c : state.codings)
        if (std::find(subject_states.begin(), subject_states.end(), c.code) != subject_states.end())
            return *std::find(subject_states.begin(), subject_states.end(), c.code);
    s.context.report(
        severity::warning, issue_type::code_invalid, "subjectState", "a state that R4 has no word for",
        element["subjectState"]
    );
    return {};
}

bool surely_after(const progress& a, const progress& b) {
    if (!a.start || !b.start)
        return false;
    static const time_zone utc = time_zone::fixed(0);
    const auto first = a.start->instant(utc);
    const auto second = b.start->instant(utc);
    if (first && second)
        return *first > *second;
    return a.start->days(utc).first > b.start->days(utc).last;
}

/// The state that surely began last; of states whose order cannot be told, the only one that has not ended. Otherwise none.
const progress* latest(const std::vector<progress>& all) {
    for (const progress& p : all)
        if (std::all_of(all.begin(), all.end(), [&](const progress& q) { return &p == &q || surely_after(p, q); }))
            return &p;
    const auto open = [](const progress& p) { return !p.ended; };
    if (std::count_if(all.begin(), all.end(), open) != 1)
        return nullptr;
    return &*std::find_if(all.begin(), all.end(), open);
}

void read_progress(scope& s, research_subject& out) {
    constexpr std::size_t most = 1000;
    std::vector<progress> all;
    for_each(
        s, s.root, "progress",
        [&](json::value element) {
            if (!usable_object(s, element) || !present(element["subjectState"]))
                return;
            progress read;
            read.state = read_state(s, element);
            read.start = read_date_time(s, element, "startDate");
            read.ended = present(element["endDate"]);
            all.push_back(read);
        },
        cardinality::many, most
    );
    if (all.empty())
        return;
    const progress* const last = latest(all);
    if (last)
        out.status = last->state;
    else
        s.context.report(
            severity::warning, issue_type::invariant, "progress", "which state is the latest cannot be told",
            s.root["progress"]
        );
}

} // namespace

void read_body(scope& s, research_subject& out) {
    const json::value v = s.root;
    require(s, v, "status");
    require(s, v, "study");
    require_any(s, v, "individual", {"individual", "subject"});

    const std::string_view sent = read_code(
        s, v, "status",
        {"candidate", "eligible", "follow-up", "ineligible", "not-registered", "off-study", "on-study",
         "on-study-intervention", "on-study-observation", "pending-on-study", "potential-candidate", "screening",
         "withdrawn", "draft", "active", "retired", "unknown"}
    );
    // draft, active, retired and unknown are R5's and say how far the record is, not the person.
    if (std::find(subject_states.begin(), subject_states.end(), sent) != subject_states.end())
        out.status = sent;
    else
        read_progress(s, out);

    read_member(s, v, "period", out.period_);
    read_member(s, v, "study", out.study);
    read_member(s, v, "individual", out.individual);
    if (out.individual.empty())
        read_member(s, v, "subject", out.individual);
}

} // namespace trialgate::fhir::reading
