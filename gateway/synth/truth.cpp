#include "gateway/core/json_text.hpp"
#include "gateway/synth/truth.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

namespace trialgate::gateway::synth {

using fhir::date;

namespace {

answer any_of(answer a, answer b) noexcept {
    if (a == answer::met || b == answer::met)
        return answer::met;
    return a == answer::not_met && b == answer::not_met ? answer::not_met : answer::unknown;
}

/// The births that the record leaves possible.
fhir::date_range birth_of(const course& c) {
    const fhir::year_month_day at = fhir::civil(c.born);
    if (c.born_shown == shown::day)
        return {c.born, c.born};
    const date first = *fhir::make_date(at.year, c.born_shown == shown::month ? at.month : 1, 1);
    return {first, fhir::add_months(first, c.born_shown == shown::month ? 1 : 12) - 1};
}

class teller {
public:
    teller(const course& c, const dialect& in, date today) : c_(c), in_(in), today_(today) {}

    truth tell() {
        if (c_.died || c_.why >= diagnosis::cutaneous)
            return {};
        truth out;
        out.criteria = {
            age(),
            classification(),
            serology(),
            kidney(),
            therapy_(),
            activity(),
            person("consent", analyte::consent),
            person("visit-adherence", analyte::attendance)};
        out.status = status(out.criteria);
        return out;
    }

private:
    // ---- what the record shows ----------------------------------------------------------------------------------------------

    bool within(date on, int days) const noexcept { return on >= today_ - days && on <= today_; }

    /// Results that can be read for at least as much.
    std::vector<const measured*> all(analyte what, reads least) const {
        std::vector<const measured*> out;
        if (in_.readable(what) >= least)
            for (const measured& m : c_.results)
                if (m.what == what)
                    out.push_back(&m);
        return out;
    }
    bool any(analyte what, reads least, const std::function<bool(const measured&)>& fits) const {
        const auto here = all(what, least);
        return std::any_of(here.begin(), here.end(), [&](const measured* m) { return fits(*m); });
    }

    bool coded(finding what) const {
        return std::any_of(in_.findings.begin(), in_.findings.end(), [what](const finding_style& s) {
            return s.what == what && !s.named.system.empty();
        });
    }
    bool on_record(finding what) const {
        return coded(what) && std::any_of(c_.findings.begin(), c_.findings.end(), [what](const found& f) { return f.what == what; });
    }
    bool near(finding what, date on, int before, int after) const {
        return coded(what) && std::any_of(c_.findings.begin(), c_.findings.end(), [&](const found& f) {
                   return f.what == what && f.since >= on - before && f.since <= on + after;
               });
    }
    bool taking(std::initializer_list<drug> which, date on, int before, int after = 0) const {
        return std::any_of(c_.drugs.begin(), c_.drugs.end(), [&](const taken& t) {
            return std::find(which.begin(), which.end(), t.what) != which.end() && t.from <= on + after && t.until >= on - before;
        });
    }
    bool cytotoxic(date on) const {
        return taking({drug::azathioprine, drug::mycophenolate, drug::methotrexate, drug::cyclophosphamide}, on, 30);
    }

    // ---- criteria -----------------------------------------------------------------------------------------------------------

    criterion_truth age() const {
        const fhir::date_range born = birth_of(c_);
        const int oldest = fhir::completed_years(born.first, today_), youngest = fhir::completed_years(born.last, today_);
        criterion_truth out{"age", answer::unknown, false, {}};
        if (youngest >= 18 && oldest <= 75)
            out.is = answer::met;
        else if (oldest < 18 || youngest > 75)
            out.is = answer::not_met;
        out.for_good = youngest > 75;
        return out;
    }

    void prove(const std::string& item) { items_.insert(item); }
    void prove(std::string_view score, std::string_view item) {
        if (!item.empty())
            prove(std::string(score) + '/' + std::string(item));
    }

    void coded_items() {
        const bool infected_lung = on_record(finding::pneumonia) || on_record(finding::tuberculosis);
        const bool young_red_cells = any(analyte::reticulocytes, reads::sign, [](const measured& m) { return m.value > 20; });
        for (const found& f : c_.findings)
            for (const finding_style& s : in_.findings) {
                if (s.what != f.what || s.named.system.empty())
                    continue;
                if (f.what != finding::hemolysis || young_red_cells)
                    prove("acr-1997", s.acr);
                if (s.slicc != "S6" || !infected_lung)
                    prove("slicc-2012", s.slicc);
                if (f.active && within(f.since, 30))
                    prove("sledai-2k", s.index);
            }
    }

    void antibody_items() {
        const result_style* ana = in_.style_of(analyte::ana);
        for (const measured* m : all(analyte::ana, reads::number)) {
            const bool positive = m->value >= 160 || (m->value >= 80 && ana->interpretation);
            if (positive)
                prove("slicc-2012/S12");
            if (positive && c_.why != diagnosis::drug_induced && !taking({drug::hydralazine}, m->on, 365, 30))
                prove("acr-1997/A11");
        }
        for (const measured* m : all(analyte::dsdna, reads::sign)) {
            if (m->value <= 100)
                continue;
            prove("acr-1997/A10");
            if (in_.dsdna == assay::reference_method || (in_.dsdna == assay::number && m->value >= 200))
                prove("slicc-2012/S13");
            if (within(m->on, 30))
                prove("sledai-2k/21");
        }
        for (const measured* m : all(analyte::sm, reads::sign))
            if (m->value) {
                prove("acr-1997/A10");
                prove("slicc-2012/S14");
            }
        for (const measured* m : all(analyte::cardiolipin, reads::sign)) {
            if (m->value > 15)
                prove("acr-1997/A10");
            if (m->value >= 40 && in_.readable(analyte::cardiolipin) == reads::number)
                prove("slicc-2012/S15");
        }
        for (const measured* m : all(analyte::lupus_anticoagulant, reads::sign))
            if (m->value && !taking({drug::warfarin}, m->on, 7)) {
                prove("acr-1997/A10");
                prove("slicc-2012/S15");
            }
        for (const analyte what : {analyte::c3, analyte::c4})
            for (const measured* m : all(what, reads::sign))
                if (m->value < scale_of(what).low) {
                    prove("slicc-2012/S16");
                    if (within(m->on, 30))
                        prove("sledai-2k/20");
                }
        if (any(analyte::coombs, reads::sign, [](const measured& m) { return m.value != 0; }) && !on_record(finding::hemolysis))
            prove("slicc-2012/S17");
    }

    /// At least two days, so many days apart.
    static bool twice(std::vector<date> days, int apart) {
        const auto [first, last] = std::minmax_element(days.begin(), days.end());
        return !days.empty() && *last - *first >= apart;
    }

    void blood_items() {
        std::vector<date> few_white, few_lymphocytes;
        for (const measured* m : all(analyte::white_cells, reads::number)) {
            if (m->value >= 40)
                continue;
            few_white.push_back(m->on);
            if (cytotoxic(m->on))
                continue;
            prove("slicc-2012/S10");
            if (m->value < 30 && within(m->on, 30))
                prove("sledai-2k/24");
        }
        for (const measured* m : all(analyte::lymphocytes, reads::number)) {
            if (m->value < 15)
                few_lymphocytes.push_back(m->on);
            const auto infected = [&](finding f) { return near(f, m->on, 14, 7); };
            if (m->value < 10 && !cytotoxic(m->on) && !taking({drug::steroid}, m->on, 30) && !infected(finding::pneumonia) &&
                !infected(finding::urinary_infection) && !infected(finding::tuberculosis))
                prove("slicc-2012/S10");
        }
        if (twice(few_white, 1) || twice(few_lymphocytes, 1))
            prove("acr-1997/A9");
        for (const measured* m : all(analyte::platelets, reads::number))
            if (m->value < 100 && !cytotoxic(m->on)) {
                prove("acr-1997/A9");
                prove("slicc-2012/S11");
                if (within(m->on, 30))
                    prove("sledai-2k/23");
            }
    }

    void urine_items() {
        std::vector<date> high;
        for (const measured* m : all(analyte::protein, reads::number)) {
            if (m->value >= 500)
                prove("slicc-2012/S7");
            if (m->value > 500) {
                high.push_back(m->on);
                if (within(m->on, 30))
                    prove("sledai-2k/13");
            }
        }
        if (twice(high, 7))
            prove("acr-1997/A7");
        for (const measured* m : all(analyte::red_cell_casts, reads::number))
            if (m->value > 0) {
                prove("acr-1997/A7");
                prove("slicc-2012/S7");
                if (within(m->on, 30))
                    prove("sledai-2k/11");
            }
        const auto clean = [&](const measured& m) {
            return m.value > 5 && within(m.on, 30) && !near(finding::urinary_infection, m.on, 7, 7);
        };
        if (any(analyte::urine_red_cells, reads::number, clean))
            prove("sledai-2k/12");
        if (any(analyte::urine_white_cells, reads::number, clean))
            prove("sledai-2k/14");
    }

    static int number_of(std::string_view item) {
        int n = 0;
        const std::string_view digits = item.substr(item.find_first_of("0123456789", item.find('/')));
        std::from_chars(digits.data(), digits.data() + digits.size(), n);
        return n;
    }

    criterion_truth classification() {
        coded_items();
        antibody_items();
        blood_items();
        urine_items();
        criterion_truth out{"sle-classification", answer::unknown, false, {}};
        int older = 0, clinical = 0, immunologic = 0;
        for (const std::string& item : items_) {
            if (item.starts_with("sledai"))
                continue;
            out.proven.insert(item);
            if (item.starts_with("acr"))
                ++older;
            else
                ++(number_of(item) <= 11 ? clinical : immunologic);
        }
        const bool enough = older >= 4 || (clinical + immunologic >= 4 && clinical >= 1 && immunologic >= 1);
        if (c_.why == diagnosis::refuted || c_.why == diagnosis::drug_induced) {
            out.is = answer::not_met;
            out.for_good = true;
        } else if (c_.why <= diagnosis::encounters && enough)
            out.is = answer::met;
        return out;
    }

    criterion_truth serology() const {
        const date since = fhir::add_months(today_, -6);
        answer titer = answer::unknown, dna = answer::unknown;
        for (const measured* m : all(analyte::ana, reads::number))
            if (m->on >= since && titer != answer::met)
                titer = m->value >= 160 ? answer::met : answer::not_met;
        for (const measured* m : all(analyte::dsdna, reads::sign))
            if (m->on >= since && dna != answer::met)
                dna = m->value > 100 ? answer::met : answer::not_met;
        return {"serology", any_of(titer, dna), false, {}};
    }

    criterion_truth kidney() const {
        criterion_truth out{"renal-function", answer::unknown, false, {}};
        std::set<date, std::greater<>> days;
        for (const analyte what : {analyte::egfr, analyte::creatinine})
            for (const measured* m : all(what, reads::number))
                if (within(m->on, 90))
                    days.insert(m->on);
        for (const date day : days) {
            const auto on_day = [&](analyte what) -> std::optional<std::int64_t> {
                for (const measured* m : all(what, reads::number))
                    if (m->on == day)
                        return m->value;
                return std::nullopt;
            };
            if (const auto reported = on_day(analyte::egfr)) {
                out.is = *reported >= 30 ? answer::met : answer::not_met;
                break;
            }
            const auto creatinine = on_day(analyte::creatinine);
            if (!creatinine || fhir::completed_years(birth_of(c_).last, day) < 18)
                continue; // the equation is for adults
            const std::int64_t computed = egfr_tenths(*creatinine, fhir::completed_years(c_.born, day), c_.female);
            out.is = computed >= 310 ? answer::met : computed < 290 ? answer::not_met : answer::unknown;
            break;
        }
        out.for_good = out.is == answer::not_met && lasting();
        return out;
    }

    /// Every reported estimate of the last three months and more is below the limit.
    bool lasting() const {
        std::vector<const measured*> newest = all(analyte::egfr, reads::number);
        std::sort(newest.begin(), newest.end(), [](const measured* a, const measured* b) { return a->on > b->on; });
        for (const measured* m : newest) {
            if (m->value >= 30)
                return false;
            if (newest.front()->on - m->on >= 90)
                return true;
        }
        return false;
    }

    criterion_truth therapy_() const {
        answer is = answer::unknown;
        switch (c_.treated) {
        case therapy::long_running:
        case therapy::two_drugs:
        case therapy::supply_ended:
            is = answer::met;
            break;
        case therapy::recent:
            is = answer::not_met;
            break;
        // Without supplies on record nobody can tell that this one never was.
        case therapy::never_dispensed:
            is = in_.drugs_as == drug_form::order_and_supply ? answer::unknown : answer::met;
            break;
        default:
            break;
        }
        return {"background-therapy", is, false, {}};
    }

    criterion_truth activity() const {
        criterion_truth out{"disease-activity", answer::unknown, false, {}};
        int points = 0;
        for (const std::string& item : items_)
            if (item.starts_with("sledai")) {
                out.proven.insert(item);
                const int n = number_of(item);
                points += n <= 8 ? 8 : n <= 14 ? 4 : n <= 21 ? 2 : 1;
            }
        const measured* total = nullptr;
        for (const measured* m : all(analyte::activity_score, reads::number))
            if (within(m->on, 30) && (!total || m->on > total->on))
                total = m;
        if (total && total->value < 6)
            out.is = points >= 6 ? answer::unknown : answer::not_met; // findings against the total: a person decides
        else if (total || points >= 6)
            out.is = answer::met;
        return out;
    }

    criterion_truth person(std::string_view id, analyte what) const {
        for (const measured* m : all(what, reads::number))
            return {id, m->value ? answer::met : answer::not_met, false, {}};
        return {id, answer::unknown, false, {}};
    }

    static std::string_view status(const std::vector<criterion_truth>& criteria) {
        const auto some = [&](auto fits) { return std::any_of(criteria.begin(), criteria.end(), fits); };
        if (some([](const criterion_truth& c) { return c.is == answer::not_met && c.for_good; }))
            return "ineligible";
        if (some([](const criterion_truth& c) { return c.is == answer::not_met; }))
            return "not-now";
        if (!some([](const criterion_truth& c) { return c.is == answer::unknown; }))
            return "eligible";
        static constexpr std::string_view by_record[] = {"age", "serology", "renal-function", "background-therapy"};
        const bool open = some([](const criterion_truth& c) {
            return c.is == answer::unknown && std::find(std::begin(by_record), std::end(by_record), c.id) != std::end(by_record);
        });
        return open ? "possible" : "likely";
    }

    const course& c_;
    const dialect& in_;
    date today_;
    std::set<std::string> items_;
};

std::string_view word(answer a) noexcept {
    return a == answer::met ? "met" : a == answer::not_met ? "not-met" : "unknown";
}

} // namespace

truth truth_of(const course& c, const dialect& in, date as_of) {
    return teller(c, in, as_of).tell();
}

std::string truth_json(const truth& t, std::string_view patient, const dialect& in, date as_of) {
    json_text out;
    out.begin_object().key("patient").string(patient).key("trial").string(truth_trial).key("protocolVersion").string(truth_version);
    out.key("asOf").string(fhir::to_string(as_of)).key("dialect").string(in.name).key("status");
    t.status.empty() ? out.null() : out.string(t.status);
    out.key("criteria").begin_array();
    for (const criterion_truth& c : t.criteria) {
        out.begin_object().key("id").string(c.id).key("verdict").string(word(c.is)).key("proven").begin_array();
        for (const std::string& item : c.proven)
            out.string(item);
        out.end_array().end_object();
    }
    out.end_array().end_object();
    return std::string(out.text());
}

} // namespace trialgate::gateway::synth
