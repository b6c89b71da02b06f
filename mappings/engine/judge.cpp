#include "mappings/engine/judge.hpp"

namespace trialgate::mappings {

namespace {

constexpr judgement pass{verdict::met, reason::none};
constexpr judgement fail{verdict::not_met, reason::none};

judgement unsure(reason r) { return {verdict::unknown, r}; }

struct side {
    bool all_at_least, all_above, all_at_most, all_below;
};

/// How the whole interval (value x factor) lies to a canonical limit (limit x scale).
side compare(const observation_fact& r, const fhir::decimal& limit, const fhir::ratio& scale) {
    side s{};
    if (r.value.low) {
        const auto c = compare_scaled(*r.value.low, r.factor, limit, scale);
        s.all_at_least = c >= 0;
        s.all_above = c > 0 || (c == 0 && r.value.low_open);
    }
    if (r.value.high) {
        const auto c = compare_scaled(*r.value.high, r.factor, limit, scale);
        s.all_at_most = c <= 0;
        s.all_below = c < 0 || (c == 0 && r.value.high_open);
    }
    return s;
}

judgement judge_limit(const observation_fact& r, const limit_test& t) {
    const bool upward = t.op == relation::at_least || t.op == relation::above;
    if (!r.has_value) {
        // "negative" is below any limit that asks for much; "positive" proves nothing about how much.
        if (r.found == finding::negative)
            return upward ? fail : pass;
        return unsure(r.found == finding::none ? reason::value_unusable : reason::imprecise);
    }
    const side s = compare(r, t.limit, {});
    bool passes = false, fails = false;
    switch (t.op) {
    case relation::at_least: passes = s.all_at_least, fails = s.all_below; break;
    case relation::above: passes = s.all_above, fails = s.all_at_most; break;
    case relation::at_most: passes = s.all_at_most, fails = s.all_above; break;
    case relation::below: passes = s.all_below, fails = s.all_at_least; break;
    }
    if (passes)
        return pass;
    if (t.unsure_from) {
        const side u = compare(r, *t.unsure_from, {});
        fails = upward ? u.all_below : u.all_above;
    }
    return fails ? fail : unsure(reason::imprecise);
}

/// The multiple as an exact factor: 2 -> 2/1, 1.5 -> 15/10.
fhir::ratio scale_of(const fhir::decimal& times) {
    fhir::ratio out{times.mantissa > 0 ? times.mantissa : 1, 1};
    for (int e = times.exponent; e < 0 && e > -18; ++e)
        out.denominator *= 10;
    for (int e = times.exponent; e > 0 && e < 18; --e)
        out.numerator *= 10;
    return out;
}

judgement judge_above(const observation_fact& r, const range_test& t) {
    const bool stricter = t.times_by_immunoassay != t.times;
    const bool one = t.times == fhir::decimal{1, 0};
    if (r.has_value && r.range_high) {
        const auto against = [&](const fhir::decimal& times) {
            fhir::ratio scale = scale_of(times);
            observation_fact reported = r;
            reported.factor = {}; // the range is in the reported unit too
            const side s = compare(reported, *r.range_high, scale);
            // "Above the limit", but "at least twice the limit" (clinical reference 2, S13).
            if (times == fhir::decimal{1, 0})
                return s.all_above ? pass : s.all_at_most ? fail : unsure(reason::imprecise);
            return s.all_at_least ? pass : s.all_below ? fail : unsure(reason::imprecise);
        };
        // Bands say more than a single limit: an equivocal band is above the negatives and still not positive.
        if (r.found == finding::equivocal && one)
            return fail;
        if (!stricter || r.method == assay::reference)
            return against(t.times);
        const judgement strict = against(t.times_by_immunoassay);
        if (r.method == assay::immunoassay || strict.is == verdict::met)
            return strict;
        const judgement mild = against(t.times);
        return mild.is == verdict::not_met ? fail : unsure(reason::imprecise);
    }
    if (r.found == finding::negative || r.low)
        return fail;
    if (r.found == finding::equivocal)
        return fail;
    if (r.found == finding::positive || r.high) {
        if (!one || (stricter && r.method != assay::reference))
            return unsure(reason::imprecise);
        return pass;
    }
    return unsure(reason::value_unusable);
}

judgement judge_below(const observation_fact& r, const range_test&) {
    if (r.has_value && r.range_low) {
        observation_fact reported = r;
        reported.factor = {};
        const side s = compare(reported, *r.range_low, {});
        return s.all_below ? pass : s.all_at_least ? fail : unsure(reason::imprecise);
    }
    if (r.low)
        return pass;
    if (r.high || r.found == finding::negative)
        return fail;
    return unsure(reason::value_unusable);
}

judgement judge_finding(const observation_fact& r, const finding_test& t) {
    if (r.found == finding::none)
        return unsure(reason::value_unusable);
    return r.found == t.wanted ? pass : fail;
}

} // namespace

judgement judge(const observation_fact& r, const observation_test& test) {
    switch (r.use) {
    case usability::usable: break;
    case usability::pending: return unsure(reason::pending);
    case usability::unit_unusable: return unsure(reason::unit_unusable);
    case usability::value_unusable: return unsure(reason::value_unusable);
    case usability::conflicting: return unsure(reason::conflicting);
    }
    if (const auto* limit = std::get_if<limit_test>(&test.test))
        return judge_limit(r, *limit);
    if (const auto* range = std::get_if<range_test>(&test.test))
        return range->below ? judge_below(r, *range) : judge_above(r, *range);
    return judge_finding(r, std::get<finding_test>(test.test));
}

std::string rule_text(const observation_test& test, const analyte* about) {
    if (const auto* limit = std::get_if<limit_test>(&test.test)) {
        static constexpr const char* signs[] = {">=", ">", "<=", "<"};
        const std::string number = limit->limit.to_string();
        if (about && about->kind == analyte_kind::titer)
            return std::string("limit ") + signs[static_cast<int>(limit->op)] + " 1:" + number;
        std::string unit = about ? about->unit : std::string{};
        if (unit.starts_with('{') || unit == "1")
            unit.clear();
        return std::string("limit ") + signs[static_cast<int>(limit->op)] + ' ' + number + (unit.empty() ? "" : " " + unit);
    }
    if (const auto* range = std::get_if<range_test>(&test.test)) {
        if (range->below)
            return "asked: below the laboratory's range";
        if (range->times_by_immunoassay != range->times)
            return "asked: above the laboratory's range, by immunoassay " + range->times_by_immunoassay.to_string() +
                   " times its upper limit";
        if (range->times != fhir::decimal{1, 0})
            return "asked: above " + range->times.to_string() + " times the laboratory's upper limit";
        return "asked: above the laboratory's range";
    }
    switch (std::get<finding_test>(test.test).wanted) {
    case finding::positive: return "asked: positive";
    case finding::negative: return "asked: negative";
    default: return "asked: equivocal";
    }
}

} // namespace trialgate::mappings
