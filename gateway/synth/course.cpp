#include "gateway/synth/course.hpp"
#include "gateway/synth/random.hpp"

#include <algorithm>
#include <set>

namespace trialgate::gateway::synth {

using fhir::date;

namespace {

/// How active the disease is now.
enum class activity : std::uint8_t { quiet, serologic, mild, flare };

/// No call asks for two random numbers among its arguments: their order would be the compiler's.
class maker {
public:
    maker(std::uint64_t seed, std::uint64_t number, date as_of)
        : random_(splitmix64(seed).next() ^ splitmix64(number * 2 + 1).next()), today_(as_of) {
        c_.number = number;
    }

    course make(int controls) {
        c_.control = random_.percent(controls);
        c_.female = random_.percent(c_.control ? 60 : 88);
        birth();
        c_.control ? why_control() : why_case();
        c_.diagnosed = since(random_.weighted({2, 3, 5}) == 0 ? random_.between(60, 364) : random_.between(365, 7300));
        treatment();
        extra_drugs();
        first_findings();
        first_antibodies();
        visits();
        answers();
        if (random_.percent(2))
            c_.died = date{today_ - static_cast<std::int32_t>(random_.between(1, 400))};
        return std::move(c_);
    }

private:
    bool lupus() const noexcept { return !c_.control; }
    /// The disease itself stands in the record, so that its own manifestations can be coded with it.
    bool established() const noexcept { return c_.why == diagnosis::listed || c_.why == diagnosis::remission; }

    /// So many days ago, but never in childhood before ten.
    date since(std::int64_t days) const noexcept {
        return std::min(today_ - 20, std::max(today_ - static_cast<std::int32_t>(days), fhir::add_months(c_.born, 120)));
    }

    void birth() {
        const auto aged = [&](int years) { return fhir::add_months(today_, -12 * years); };
        switch (random_.weighted({82, 4, 6, 1, 1, 1, 1})) {
        case 0:
            c_.born = aged(19) - static_cast<std::int32_t>(random_.between(0, 56 * 365));
            break;
        case 1:
            c_.born = aged(12) - static_cast<std::int32_t>(random_.between(0, 5 * 365));
            break;
        case 2:
            c_.born = aged(77) - static_cast<std::int32_t>(random_.between(0, 10 * 365));
            break;
        case 3:
            c_.born = aged(18);
            break; // a birthday today
        case 4:
            c_.born = aged(18) + 1;
            break; // tomorrow
        case 5:
            c_.born = aged(76);
            break;
        default:
            c_.born = aged(76) + 1;
            break;
        }
        c_.born_shown = static_cast<shown>(random_.weighted({93, 4, 3}));
    }

    void why_case() {
        static constexpr diagnosis all[] = {diagnosis::listed,           diagnosis::remission,   diagnosis::encounters,
                                            diagnosis::single_encounter, diagnosis::provisional, diagnosis::unclear,
                                            diagnosis::refuted};
        c_.why = all[random_.weighted({78, 3, 5, 4, 4, 3, 3})];
    }
    void why_control() {
        static constexpr diagnosis all[] = {diagnosis::none, diagnosis::cutaneous, diagnosis::other_disease, diagnosis::drug_induced};
        c_.why = all[random_.weighted({40, 20, 30, 10})];
    }

    // ---- drugs -----------------------------------------------------------------------------------------------------------

    drug background() {
        static constexpr drug all[] = {drug::hydroxychloroquine, drug::azathioprine,     drug::mycophenolate,
                                       drug::methotrexate,       drug::cyclophosphamide, drug::tacrolimus};
        return all[random_.weighted({50, 14, 16, 10, 4, 6})];
    }
    void take(drug what, std::int64_t from, std::int64_t until = -1) {
        const date ended = until < 0 ? date::highest() : today_ - static_cast<std::int32_t>(until);
        c_.drugs.push_back({what, today_ - static_cast<std::int32_t>(from), ended});
    }

    void treatment() {
        c_.treated = lupus() ? static_cast<therapy>(random_.weighted({50, 12, 4, 9, 6, 4, 3, 2, 4, 2, 4})) : therapy::none;
        const drug first = background();
        switch (c_.treated) {
        case therapy::long_running:
            take(first, random_.percent(15) ? random_.one_of({84, 85, 90}) : random_.between(91, 2500));
            break;
        case therapy::two_drugs: {
            take(drug::hydroxychloroquine, random_.between(200, 2500));
            const drug other = random_.percent(50) ? drug::mycophenolate : drug::azathioprine;
            take(other, random_.between(5, 400));
            break;
        }
        case therapy::supply_ended: {
            const std::int64_t until = random_.between(3, 30);
            take(drug::hydroxychloroquine, random_.between(300, 900), until);
            break;
        }
        case therapy::recent:
            take(first, random_.percent(30) ? random_.one_of({82, 83}) : random_.between(7, 81));
            break;
        case therapy::stopped: {
            const std::int64_t until = random_.between(61, 400);
            take(first, until + random_.between(100, 900), until);
            break;
        }
        case therapy::switched: {
            // Longer ago than the accepted gap: until then the first drug still stands for both.
            const std::int64_t change = random_.between(31, 60);
            take(drug::methotrexate, change + random_.between(56, 75), change);
            take(drug::azathioprine, change);
            break;
        }
        case therapy::never_dispensed:
            take(drug::hydroxychloroquine, random_.between(120, 500));
            c_.drugs.back().dispensed = false;
            take(drug::steroid, random_.between(30, 300));
            break;
        case therapy::travel:
            take(drug::chloroquine, 60, 33);
            break;
        case therapy::steroid_alone:
            take(drug::steroid, random_.between(30, 900));
            break;
        case therapy::biologic_alone:
            take(drug::belimumab, random_.between(60, 600));
            break;
        case therapy::none:
            break;
        }
    }

    void extra_drugs() {
        if (lupus() && c_.treated < therapy::never_dispensed) {
            if (random_.percent(45)) {
                const std::int64_t from = random_.between(40, 900);
                take(drug::steroid, from, random_.percent(50) ? random_.between(0, from - 10) : -1);
            }
            if (random_.percent(8)) {
                const drug biologic = random_.percent(60) ? drug::belimumab : drug::rituximab;
                take(biologic, random_.between(60, 500));
            }
        }
        if (c_.why == diagnosis::drug_induced)
            take(drug::hydralazine, random_.between(100, 700));
        if (c_.treated != therapy::never_dispensed && random_.percent(5))
            take(drug::warfarin, random_.between(30, 1500));
    }

    // ---- findings --------------------------------------------------------------------------------------------------------

    void find(finding what, date on, bool active) {
        if (on <= today_)
            c_.findings.push_back({what, on, active});
    }

    void first_findings() {
        struct chance {
            finding what;
            int percent;
        };
        static constexpr chance lupus_like[] = {
            {finding::rash, 30},     {finding::subacute, 10},         {finding::discoid, 10},     {finding::photosensitivity, 35},
            {finding::ulcers, 25},   {finding::hair_loss, 25},        {finding::arthritis, 60},   {finding::pericarditis, 10},
            {finding::effusion, 10}, {finding::seizure, 4},           {finding::hemolysis, 6},    {finding::nephritis, 20},
            {finding::pneumonia, 6}, {finding::urinary_infection, 8}, {finding::tuberculosis, 1}, {finding::pregnancy, 3}};
        static constexpr chance others[] = {
            {finding::pneumonia, 8}, {finding::urinary_infection, 10}, {finding::pregnancy, 4}, {finding::photosensitivity, 4}};
        const auto draw = [&](const chance& each) {
            const bool here = random_.percent(each.percent);
            const bool active = random_.percent(40);
            const std::int64_t later = random_.between(0, 60);
            if ((each.what == finding::rash || each.what == finding::nephritis) && !established())
                return;
            if (each.what == finding::pregnancy && !c_.female)
                return;
            if (here)
                find(each.what, std::min(today_ - 40, c_.diagnosed + static_cast<std::int32_t>(later)), active);
        };
        if (lupus() || c_.why == diagnosis::drug_induced)
            for (const chance& each : lupus_like)
                draw(each);
        else
            for (const chance& each : others)
                draw(each);
        if (c_.why == diagnosis::cutaneous)
            find(random_.percent(50) ? finding::discoid : finding::subacute, c_.diagnosed, true);
        if (c_.why == diagnosis::other_disease)
            find(random_.percent(50) ? finding::sclerosis : finding::sjogren, c_.diagnosed, true);
    }

    /// What a flare brings in the last weeks.
    void flare(date on) {
        static constexpr finding all[] = {finding::arthritis,    finding::subacute, finding::ulcers, finding::hair_loss, finding::effusion,
                                          finding::pericarditis, finding::seizure,  finding::stroke, finding::vasculitis};
        const std::int64_t n = random_.between(1, 3);
        std::set<std::size_t> chosen;
        for (std::int64_t i = 0; i < n; ++i)
            chosen.insert(random_.weighted({40, 12, 12, 12, 8, 6, 4, 3, 3}));
        for (const std::size_t at : chosen)
            find(all[at], on, true);
        if (random_.percent(10))
            find(finding::urinary_infection, on, true);
    }

    // ---- results ---------------------------------------------------------------------------------------------------------

    void measure(analyte what, date on, std::int64_t value) {
        const auto same = [&](const measured& m) { return m.what == what && m.on == on; };
        if (on <= today_ && std::none_of(c_.results.begin(), c_.results.end(), same))
            c_.results.push_back({what, on, value});
    }

    std::int64_t titer(bool positive) {
        return positive ? random_.one_of({160, 160, 320, 640, 1280, 80}) : random_.one_of({40, 40, 40, 80});
    }
    std::int64_t antibody(bool positive) {
        if (!positive)
            return random_.percent(10) ? 100 : random_.between(5, 95);
        return random_.percent(10) ? random_.one_of({101, 199, 200}) : random_.between(110, 1500);
    }

    void first_antibodies() {
        const bool tested = lupus() || random_.percent(50);
        ana_positive_ = lupus() ? random_.percent(92) : random_.percent(15);
        dsdna_positive_ = lupus() && random_.percent(55);
        low_complement_ = lupus() && random_.percent(45);
        if (!tested)
            return;
        const date on = std::min(c_.diagnosed, today_ - 20);
        measure(analyte::ana, on, titer(ana_positive_));
        if (random_.percent(85))
            measure(analyte::dsdna, on, antibody(dsdna_positive_));
        if (random_.percent(60))
            measure(analyte::sm, on, lupus() && random_.percent(20));
        if (random_.percent(35))
            measure(analyte::cardiolipin, on, random_.percent(60) ? random_.between(2, 15) : random_.one_of({16, 39, 40, 55, 82}));
        if (random_.percent(30))
            measure(analyte::lupus_anticoagulant, on, random_.percent(25));
        if (random_.percent(20))
            measure(analyte::coombs, on, random_.percent(30));
        for (const analyte infection : {analyte::hbsag, analyte::hcv, analyte::hiv})
            if (random_.percent(30))
                measure(infection, on, random_.percent(2));
    }

    date recent_day() {
        if (random_.percent(12))
            return today_ - static_cast<std::int32_t>(random_.one_of({0, 29, 30, 31, 89, 90, 91}));
        switch (random_.weighted({70, 15, 15})) {
        case 0:
            return today_ - static_cast<std::int32_t>(random_.between(1, 28));
        case 1:
            return today_ - static_cast<std::int32_t>(random_.between(32, 88));
        default:
            return today_ - static_cast<std::int32_t>(random_.between(92, 500));
        }
    }

    void visits() {
        const auto now = lupus() ? static_cast<activity>(random_.weighted({30, 25, 25, 20})) : activity::quiet;
        few_white_cells_ = lupus() && random_.percent(30);
        few_platelets_ = lupus() && random_.percent(12);
        kidney();
        date on = recent_day();
        const date last = on;
        const std::int64_t visits = random_.between(1, 5);
        for (std::int64_t n = 0; n < visits; ++n) {
            // Between two days of a flare's own work-up a week passes, else months.
            visit(on, n < 2 ? now : activity::mild);
            on = on - static_cast<std::int32_t>(n == 0 && now == activity::flare ? random_.between(6, 9) : random_.between(60, 150));
        }
        // A drug counts as a cause for a month: counts on the days around its end.
        for (const taken& t : c_.drugs)
            if (t.until != date::highest() && random_.percent(60))
                blood(t.until + static_cast<std::int32_t>(random_.one_of({29, 30, 31})));
        if (now == activity::flare)
            flare(std::min(today_, last + static_cast<std::int32_t>(random_.between(0, 3))));
        if (lupus())
            recent_serology();
        if (lupus() && random_.percent(55))
            measure(analyte::activity_score, last, score(now));
    }

    std::int64_t score(activity now) {
        switch (now) {
        case activity::quiet:
            return random_.between(0, 4);
        case activity::serologic:
            return random_.between(2, 6);
        case activity::mild:
            return random_.between(4, 9);
        case activity::flare:
            break;
        }
        return random_.percent(15) ? random_.one_of({5, 6}) : random_.between(6, 24);
    }

    void recent_serology() {
        const date half_year = fhir::add_months(today_, -6);
        if (random_.percent(70)) {
            const date on = random_.percent(8) ? half_year - static_cast<std::int32_t>(random_.between(0, 1))
                                               : today_ - static_cast<std::int32_t>(random_.between(1, 300));
            measure(analyte::ana, on, titer(ana_positive_ && random_.percent(85)));
        }
    }

    void kidney() {
        switch (random_.weighted({80, 10, 6, 4})) {
        case 0:
            creatinine_ = c_.female ? random_.between(44, 90) : random_.between(55, 105);
            break;
        case 1:
            creatinine_ = c_.female ? random_.between(95, 125) : random_.between(110, 160);
            break;
        case 2:
            creatinine_ = c_.female ? random_.between(250, 400) : random_.between(300, 500);
            break;
        default: // around the limit of 30
            creatinine_ = c_.female ? 150 : 190;
            while (egfr_tenths(creatinine_, fhir::completed_years(c_.born, today_), c_.female) > 330)
                ++creatinine_;
            creatinine_ += random_.between(0, 20);
        }
        if (creatinine_ >= 250)
            find(finding::kidney_stage_4, today_ - 100, true);
    }

    void visit(date on, activity now) {
        if (random_.percent(92))
            blood(on);
        if (random_.percent(90))
            filtration(on);
        if (random_.percent(75))
            urine(on, now);
        if (random_.percent(70)) {
            const bool low = low_complement_ && now != activity::quiet;
            measure(analyte::c3, on, low ? random_.between(40, 89) : random_.between(90, 170));
            measure(analyte::c4, on, low && random_.percent(60) ? random_.between(2, 9) : random_.between(10, 38));
        }
        if (random_.percent(lupus() ? 65 : 2))
            measure(analyte::dsdna, on, antibody(dsdna_positive_ && now != activity::quiet));
        if (c_.female && random_.percent(15))
            measure(analyte::hcg, on, random_.percent(5));
    }

    void blood(date on) {
        std::int64_t cells = random_.between(45, 98);
        if (few_white_cells_)
            cells = random_.percent(20) ? random_.one_of({30, 40, 29, 39}) : random_.between(18, 48);
        measure(analyte::white_cells, on, cells);
        measure(analyte::lymphocytes, on, std::max<std::int64_t>(3, cells * random_.between(20, 38) / 100));
        std::int64_t platelets = random_.between(150, 380);
        if (few_platelets_)
            platelets = random_.percent(20) ? random_.one_of({99, 100}) : random_.between(35, 140);
        measure(analyte::platelets, on, platelets);
        const bool hemolysis =
            std::any_of(c_.findings.begin(), c_.findings.end(), [](const found& f) { return f.what == finding::hemolysis; });
        measure(analyte::hemoglobin, on, hemolysis ? random_.between(75, 115) : random_.between(108, 155));
        if (hemolysis && random_.percent(60))
            measure(analyte::reticulocytes, on, random_.percent(70) ? random_.between(25, 90) : random_.between(6, 20));
    }

    void filtration(date on) {
        std::int64_t value = creatinine_ + creatinine_ * random_.between(-3, 3) / 100;
        const int age = fhir::completed_years(c_.born, on);
        const auto near = [&](std::int64_t limit) {
            const std::int64_t away = egfr_tenths(value, age, c_.female) - limit;
            return away > -8 && away < 8;
        };
        // What is computed from creatinine alone is unsure from 29 to 31; how a hospital rounds must not move anybody over these lines.
        while (near(290) || near(300) || near(310))
            ++value;
        measure(analyte::creatinine, on, value);
        if (age >= 18 && random_.percent(75))
            measure(analyte::egfr, on, (egfr_tenths(value, age, c_.female) + 5) / 10);
    }

    void urine(date on, activity now) {
        const bool kidney =
            std::any_of(c_.findings.begin(), c_.findings.end(), [](const found& f) { return f.what == finding::nephritis; });
        const bool leaks = kidney && now != activity::quiet && random_.percent(75);
        measure(
            analyte::protein, on,
            leaks ? (random_.percent(15) ? random_.one_of({499, 500, 501}) : random_.between(520, 4000)) : random_.between(30, 300)
        );
        const bool sediment = (kidney || now == activity::flare) && random_.percent(40);
        measure(analyte::urine_red_cells, on, sediment ? random_.between(5, 40) : random_.between(0, 5));
        measure(analyte::urine_white_cells, on, sediment && random_.percent(50) ? random_.between(5, 30) : random_.between(0, 5));
        measure(analyte::red_cell_casts, on, sediment && leaks && random_.percent(40) ? random_.between(1, 4) : 0);
    }

    /// What only a clinician knows.
    void answers() {
        if (!lupus())
            return;
        const date on = today_ - static_cast<std::int32_t>(random_.between(0, 20));
        const bool asked = random_.percent(16);
        if (asked)
            measure(analyte::consent, on, random_.percent(80));
        if (random_.percent(asked ? 80 : 4))
            measure(analyte::attendance, on, random_.percent(85));
    }

    random_numbers random_;
    date today_;
    course c_;
    bool ana_positive_ = false, dsdna_positive_ = false, low_complement_ = false, few_white_cells_ = false, few_platelets_ = false;
    std::int64_t creatinine_ = 70;
};

} // namespace

course make_course(std::uint64_t seed, std::uint64_t number, int controls, date as_of) {
    return maker(seed, number, as_of).make(controls);
}

} // namespace trialgate::gateway::synth
