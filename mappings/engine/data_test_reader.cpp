#include "mappings/engine/trial_reader.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace json = fhir::json;

namespace {

template <class Enum>
using choice = std::pair<std::string_view, Enum>;

constexpr std::array<choice<sex>, 3> sexes{
    {{"female", sex::female}, {"male", sex::male}, {"other", sex::other}}};
constexpr std::array<choice<relation>, 4> relations{
    {{">=", relation::at_least}, {">", relation::above}, {"<=", relation::at_most}, {"<", relation::below}}};
constexpr std::array<choice<finding>, 3> findings{
    {{"positive", finding::positive}, {"negative", finding::negative}, {"equivocal", finding::equivocal}}};
constexpr std::array<choice<bool>, 2> sides{{{"below", true}, {"above", false}}};
constexpr std::array<choice<bool>, 2> picks{{{"any", false}, {"latest", true}}};
constexpr std::array<choice<coincidence::effect>, 3> effects{
    {{"ignore", coincidence::effect::ignore},
     {"cause", coincidence::effect::cause},
     {"note", coincidence::effect::note}}};
constexpr std::array<choice<coded>, 3> coded_kinds{
    {{"finding", coded::finding}, {"proof", coded::proof}, {"support", coded::support}}};
constexpr std::array<choice<change_test::direction>, 3> directions{
    {{"rise", change_test::direction::rise},
     {"fall", change_test::direction::fall},
     {"either", change_test::direction::either}}};

void replace_if(int& to, std::optional<int> given) {
    if (given)
        to = *given;
}

} // namespace

bool trial_reader::read_age(const node& n, criterion& into) {
    members m(*this, n, "an age test");
    age_test test;
    replace_if(test.min, whole(m.take("min"), 0, 200));
    replace_if(test.max, whole(m.take("max"), 0, 200));
    m.finish();
    if (n.content.is_object() && !m.has("min") && !m.has("max"))
        error(n, "missing-member", "an age test needs 'min' or 'max'");
    if (test.min >= 0 && test.max >= 0 && test.min > test.max)
        warn(
            n, "unreachable-criterion",
            "nobody is at least " + std::to_string(test.min) + " and at most " + std::to_string(test.max)
        );
    into.test = test;
    return true;
}

bool trial_reader::read_sex(const node& n, criterion& into) {
    into.test = sex_test{one_of<sex>(n, sexes).value_or(sex::unknown)};
    return true;
}

bool trial_reader::read_observation(const node& n, criterion& into) {
    members m(*this, n, "an observation test");
    if (!n.content.is_object())
        return true;
    observation_test test;
    const node what = m.need("concept");
    test.concepts = concepts(what);
    if (what.content.is_array() && what.content.size() == 0)
        error(what, "empty-list", "a test of no concept is never met");
    read_observation_rule(m, test);
    test.within = look_back(m.take("within"));
    test.latest = one_of<bool>(m.take("pick"), picks).value_or(false);
    const node occasions = m.take("occasions");
    replace_if(test.occasions, whole(occasions, 1, 1000));
    if (occasions && test.occasions > 1 && test.latest)
        warn(
            occasions, "unreachable-criterion",
            "the latest result alone cannot be " + std::to_string(test.occasions) + " occasions"
        );
    replace_if(test.gap_days, day_count(m.take("gap")));
    test.disproves = truth(m.take("disproves")).value_or(true);
    read_coincidences(m.take("coincides"), test);
    m.finish();
    into.test = std::move(test);
    return true;
}

bool trial_reader::read_observation_rule(members& m, observation_test& into) {
    int rules = 0;
    node last;
    for (const auto& [name, op] : relations)
        if (m.has(name)) {
            ++rules;
            last = m.take(name);
            limit_test test{op, limit(last, into.concepts).value_or(fhir::decimal{}), {}};
            if (const node unsure = m.take("unsureFrom")) {
                test.unsure_from = limit(unsure, into.concepts);
                const bool upward = op == relation::at_least || op == relation::above;
                if (test.unsure_from &&
                    (upward ? *test.unsure_from > test.limit : *test.unsure_from < test.limit))
                    error(
                        unsure, "bad-number",
                        "'unsureFrom' lies on the side where the test is met; it leads up to the limit"
                    );
            }
            into.test = std::move(test);
        }
    if (m.has("finding")) {
        ++rules;
        last = m.take("finding");
        into.test = finding_test{one_of<finding>(last, findings).value_or(finding::positive)};
    }
    if (m.has("range")) {
        ++rules;
        last = m.take("range");
        read_range(m, last, into);
    }
    if (rules == 0)
        error(
            m.object(), "missing-member",
            "an observation test needs a limit ('>=', '>', '<=', '<'), 'finding' or 'range'"
        );
    else if (rules > 1)
        error(
            last, "unknown-member", "an observation test has one rule: a limit, 'finding' or 'range'",
            "use 'all' for two"
        );
    return true;
}

void trial_reader::read_range(members& m, const node& side, observation_test& into) {
    range_test test;
    test.below = one_of<bool>(side, sides).value_or(false);
    const auto multiple = [&](std::string_view name, fhir::decimal& to) {
        const node n = m.take(name);
        const auto d = number(n);
        if (!d)
            return false;
        if (d->mantissa <= 0)
            error(n, "bad-number", "a multiple of a limit is above zero");
        to = *d;
        return true;
    };
    multiple("times", test.times);
    if (!multiple("timesByImmunoassay", test.times_by_immunoassay))
        test.times_by_immunoassay = test.times;
    into.test = test;
}

void trial_reader::read_coincidences(const node& list, observation_test& into) {
    if (list && !list.content.is_array())
        wrong_type(list, "a list of coincidences");
    for (const value& e : list.content.elements()) {
        const node entry = resolve({list.file, e, e});
        members m(*this, entry, "a coincidence");
        if (!entry.content.is_object())
            continue;
        coincidence c;
        c.with = concepts(m.need("concept"));
        c.days_before = day_count(m.take("before")).value_or(0);
        c.days_after = day_count(m.take("after")).value_or(0);
        c.what = one_of<coincidence::effect>(m.need("effect"), effects).value_or(coincidence::effect::ignore);
        const bool wants_note = c.what == coincidence::effect::note;
        if (const node raised = wants_note ? m.need("note") : m.take("note")) {
            c.raised = find_note(text(raised));
            if (c.raised == note::count_) {
                nearest_name near(raised.content.text());
                for (unsigned i = 0; i < static_cast<unsigned>(note::count_); ++i)
                    near.consider(mappings::id(static_cast<note>(i)));
                error(
                    raised, "unknown-note",
                    "the engine has no note '" + std::string(raised.content.text()) + "'", near.hint()
                );
            }
        }
        m.finish();
        into.coincides.push_back(std::move(c));
    }
}

bool trial_reader::read_condition(const node& n, const place& at, criterion& into) {
    members m(*this, n, "a condition test");
    if (!n.content.is_object())
        return true;
    condition_test test;
    const node what = m.take("concept");
    test.counts = concepts(what);
    if (what.content.is_array() && what.content.size() == 0)
        error(what, "empty-list", "a test of no concept is never met");
    test.supports = concepts(m.take("supports"));
    test.causes = concepts(m.take("causes"));
    if (!m.has("concept") && !m.has("supports"))
        error(n, "missing-member", "a condition test needs 'concept' or 'supports'");
    else if (!m.has("concept") && test.supports.empty())
        warn(n, "unreachable-criterion", "no concept can meet or support this condition");
    test.within = look_back(m.take("within"));
    test.current = truth(m.take("current")).value_or(false);
    test.kind = one_of<coded>(m.take("coded"), coded_kinds).value_or(coded::finding);
    if (test.kind == coded::finding)
        test.kind = finding_counts_as_;
    if (m.has("with"))
        read_parts(m.take("with"), at, into);
    m.finish();
    into.test = std::move(test);
    return true;
}

bool trial_reader::read_diagnosis(const node& n, criterion& into) {
    members m(*this, n, "a diagnosis test");
    if (!n.content.is_object())
        return true;
    diagnosis_test test;
    test.include = concepts(m.need("include"));
    test.review = concepts(m.take("review"));
    test.exclude = concepts(m.take("exclude"));
    replace_if(test.encounter_days, whole(m.take("encounterDays"), 1, 1000));
    m.finish();
    if (test.include.empty() && test.review.empty() && n.content["include"].is_array() &&
        n.content["include"].size() == 0)
        warn(n, "unreachable-criterion", "no concept can make or support this diagnosis");
    into.test = std::move(test);
    return true;
}

bool trial_reader::read_procedure(const node& n, criterion& into) {
    members m(*this, n, "a procedure test");
    if (!n.content.is_object())
        return true;
    procedure_test test;
    const node what = m.need("concept");
    test.concepts = concepts(what);
    if (what.content.is_array() && what.content.size() == 0)
        error(what, "empty-list", "a test of no concept is never met");
    test.within = look_back(m.take("within"));
    m.finish();
    into.test = std::move(test);
    return true;
}

bool trial_reader::read_drug(const node& n, criterion& into) {
    members m(*this, n, "a drug test");
    if (!n.content.is_object())
        return true;
    drug_test test;
    const node what = m.need("concept");
    test.drugs = concepts(what);
    if (what.content.is_array() && what.content.size() == 0)
        error(what, "empty-list", "a test of no concept is never met");
    test.within = look_back(m.take("within"));
    m.finish();
    into.test = std::move(test);
    return true;
}

bool trial_reader::read_exposure(const node& n, criterion& into) {
    members m(*this, n, "an exposure test");
    if (!n.content.is_object())
        return true;
    exposure_test test;
    const node drugs = m.need("drugs");
    test.drugs = concept_lists(drugs);
    if (drugs.content.is_array() && drugs.content.size() == 0)
        error(drugs, "empty-list", "an exposure to no drug is never met");
    replace_if(test.at_least_days, day_count(m.need("atLeast")));
    read_gaps(m, test);
    if (const node courses = m.take("shortCourses")) {
        members shorts(*this, courses, "'shortCourses'");
        test.short_course_drugs = concepts(shorts.need("concepts"));
        const node days = shorts.need("days");
        replace_if(
            test.short_course_days, days.content.is_number() ? whole(days, 0, 10000) : day_count(days)
        );
        shorts.finish();
    }
    test.other_drugs = concepts(m.take("otherDrugs"));
    replace_if(test.stable_dose_days, day_count(m.take("stableDose")));
    if (const node complete = m.take("historyComplete")) {
        test.history_complete = truth(complete).value_or(false);
    } else if (const auto given = chosen_.settings.find("historyComplete"); given != chosen_.settings.end()) {
        test.history_complete = given->second == "true";
    } else if (const auto s = settings_.find("historyComplete"); s != settings_.end()) {
        test.history_complete =
            truth({s->second.file, s->second.declared, s->second.declared}).value_or(false);
    }
    m.finish();
    into.test = std::move(test);
    return true;
}

void trial_reader::read_gaps(members& m, exposure_test& into) {
    constexpr int usual_gap = 30; // clinical reference 7.3
    into.max_gap.assign(into.drugs.size(), day_count(m.take("maxGap")).value_or(usual_gap));
    const node special = m.take("maxGapFor");
    if (special && !special.content.is_object())
        wrong_type(special, "an object of spans of time by concept");
    for (const json::member& entry : special.content.members()) {
        const concept_id c = codes_.find(entry.name);
        const auto days = day_count(resolve({special.file, entry.content, entry.content}));
        const auto ingredient =
            std::find_if(into.drugs.begin(), into.drugs.end(), [c](const auto& members_of_drug) {
                return c != concept_id::none &&
                       std::find(members_of_drug.begin(), members_of_drug.end(), c) != members_of_drug.end();
            });
        if (ingredient == into.drugs.end()) {
            nearest_name near(entry.name);
            for (const auto& drug : into.drugs)
                for (const concept_id known : drug)
                    near.consider(codes_.id(known));
            special.file->report(
                problem::level::error, "unknown-concept", entry,
                "'" + std::string(entry.name) + "' is none of 'drugs'", near.hint()
            );
        } else if (days) {
            into.max_gap[static_cast<std::size_t>(ingredient - into.drugs.begin())] = *days;
        }
    }
}

bool trial_reader::read_egfr(const node& n, criterion& into) {
    members m(*this, n, "an egfr test");
    if (!n.content.is_object())
        return true;
    egfr_test test;
    test.reported = concept_lists(m.take("reported"));
    std::vector<concept_id> scales;
    for (const auto& rank : test.reported)
        scales.insert(scales.end(), rank.begin(), rank.end());
    const auto value_of = [&](const node& v) { return v.content.is_number() ? number(v) : limit(v, scales); };
    if (const auto found = value_of(m.need("limit")))
        test.limit = *found;
    test.within = look_back(m.take("within"));
    test.old_formula = concepts(m.take("oldFormula"));
    const node pairs = m.take("racePairs");
    if (pairs && !pairs.content.is_array())
        wrong_type(pairs, "a list of pairs of concepts");
    for (const value& e : pairs.content.elements()) {
        std::vector<concept_id> both;
        for (const value& one : e.elements())
            add_concept(resolve({pairs.file, one, one}), both);
        if (e.size() != 2)
            wrong_type({pairs.file, e, e}, "a pair of concepts");
        else if (both.size() == 2)
            test.race_pairs.emplace_back(both[0], both[1]);
    }
    test.creatinine = concepts(m.take("creatinine"));
    test.cystatin_c = concepts(m.take("cystatinC"));
    if (const node band = m.take("borderline")) {
        if (band.content.is_array() && band.content.size() == 2) {
            const value low = band.content[std::size_t{0}], high = band.content[std::size_t{1}];
            test.borderline_low = value_of(resolve({band.file, low, low})).value_or(test.borderline_low);
            test.borderline_high = value_of(resolve({band.file, high, high})).value_or(test.borderline_high);
            if (test.borderline_low > test.borderline_high)
                error(band, "bad-number", "the lower end of 'borderline' is above the upper");
        } else {
            wrong_type(band, "two numbers");
        }
    }
    replace_if(test.persistent_days, day_count(m.take("persistent")));
    m.finish();
    if (scales.empty() && test.creatinine.empty() && test.cystatin_c.empty() && !m.has("reported") &&
        !m.has("creatinine") && !m.has("cystatinC"))
        warn(
            n, "unreachable-criterion",
            "without 'reported', 'creatinine' or 'cystatinC' there is nothing to look at"
        );
    into.test = std::move(test);
    return true;
}

bool trial_reader::read_change(const node& n, criterion& into) {
    members m(*this, n, "a change test");
    if (!n.content.is_object())
        return true;
    change_test test;
    const node what = m.need("concept");
    test.concepts = concepts(what);
    if (what.content.is_array() && what.content.size() == 0)
        error(what, "empty-list", "a test of no concept is never met");
    const node factor = m.need("factor");
    if (const auto d = number(factor)) {
        test.factor = d->approximate();
        if (*d <= fhir::decimal{1, 0})
            error(factor, "bad-number", "a change by a factor of one or less is no change");
    }
    replace_if(test.within_days, day_count(m.need("within")));
    test.way = one_of<change_test::direction>(m.take("direction"), directions)
                   .value_or(change_test::direction::rise);
    test.lookback = look_back(m.take("lookback"));
    m.finish();
    into.test = std::move(test);
    return true;
}

} // namespace trialgate::mappings
