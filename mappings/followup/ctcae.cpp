#include "mappings/followup/ctcae.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace {

enum class truth : std::uint8_t { no, perhaps, yes, unknown };

/// Of an edge printed in several units the one in the unit of the result.
const grading_bound::amount& in_own_unit(const grading_bound& bound, const fhir::ratio& factor) {
    const auto own = std::find_if(bound.amounts.begin(), bound.amounts.end(), [&](const auto& a) { return a.factor == factor; });
    return own == bound.amounts.end() ? bound.amounts.front() : *own;
}

/// Where an edge lies for this result; nothing when what it refers to is not known.
std::optional<exact_span> place_of(const grading_bound& bound, const measurement& now, const measurement* baseline) {
    using base = grading_bound::base;
    if (bound.of == base::number) {
        const auto& a = in_own_unit(bound, now.factor);
        const auto at = exact::of(a.value, a.factor);
        return at ? std::optional(exact_span::point(*at)) : std::nullopt;
    }
    const auto multiple = exact::of(bound.times);
    if (!multiple)
        return std::nullopt;
    if (bound.of == base::baseline)
        return baseline && baseline->readable() ? scaled(baseline->value, *multiple) : std::nullopt;
    const std::optional<exact>& limit = bound.of == base::lower_limit ? now.lower : now.upper;
    auto at = limit ? times(*limit, *multiple) : std::nullopt;
    if (at && !bound.amounts.empty()) {
        const auto more = exact::of(bound.amounts.front().value, bound.amounts.front().factor);
        at = more ? plus(*at, *more) : std::nullopt;
    }
    return at ? std::optional(exact_span::point(*at)) : std::nullopt;
}

truth passes(edge side, const exact_span& value, const std::optional<exact_span>& at) {
    if (!at)
        return truth::unknown;
    const bool upward = side == edge::above || side == edge::from;
    const exact_span& higher = upward ? value : *at;
    const exact_span& lower = upward ? *at : value;
    const bool strict = side == edge::above || side == edge::below;
    if (strict ? surely_above(higher, lower) : surely_at_least(higher, lower))
        return truth::yes;
    return (strict ? perhaps_above(higher, lower) : perhaps_at_least(higher, lower)) ? truth::perhaps : truth::no;
}

bool looks_at_baseline(const grading_arm& arm) {
    return std::any_of(arm.steps.begin(), arm.steps.end(),
                       [](const grading_step& s) { return s.bound.of == grading_bound::base::baseline; });
}

/// Above its own upper limit; unknown without that limit.
truth abnormal(const measurement* baseline) {
    if (!baseline || !baseline->readable() || !baseline->upper)
        return truth::unknown;
    return passes(edge::above, baseline->value, exact_span::point(*baseline->upper));
}

struct tally {
    int least = 0, firm = 0, perhaps = 0, unknown = 0;
    std::string_view rule;
    bool beyond_floor = false;

    void take(const grading_arm& arm, const measurement& now, const measurement* baseline) {
        bool within_limits = false;
        int absolute = 0;
        for (const grading_step& s : arm.steps) {
            const truth t = passes(s.side, now.value, place_of(s.bound, now, baseline));
            if (t == truth::yes) {
                if (s.grade > firm) {
                    firm = s.grade;
                    rule = s.said;
                }
                least = std::max(least, s.milder);
                if (s.bound.of == grading_bound::base::number)
                    absolute = std::max(absolute, s.grade);
            } else if (t == truth::perhaps) {
                perhaps = std::max(perhaps, s.grade);
            } else if (t == truth::unknown) {
                unknown = std::max(unknown, s.grade);
            } else if (s.bound.of == grading_bound::base::lower_limit || s.bound.of == grading_bound::base::upper_limit) {
                within_limits = within_limits || s.bound.amounts.empty();
            }
        }
        beyond_floor = beyond_floor || (within_limits && absolute > 0);
    }
};

grade_result result_of(const tally& t) {
    grade_result out;
    out.least = t.least;
    out.most = std::max({t.firm, t.perhaps, t.unknown});
    if (t.firm == 0 && out.most > 0) {
        out.why = t.perhaps > 0 ? ungradable::imprecise : ungradable::no_limits;
        return out;
    }
    out.grade = std::max(t.firm, t.perhaps);
    out.value_is_bound = t.perhaps > t.firm;
    out.symptoms = !out.value_is_bound && t.least < t.firm;
    out.limits_missing = t.unknown > *out.grade;
    out.limit_beyond_floor = t.beyond_floor;
    out.rule = std::string(t.rule);
    return out;
}

std::optional<exact> canonical(const std::optional<fhir::decimal>& limit, const fhir::ratio& factor) {
    return limit ? exact::of(*limit, factor) : std::nullopt;
}

} // namespace

std::string_view to_code(ungradable why) noexcept {
    static constexpr std::array<std::string_view, 8> codes{"none",    "unreadable", "unit",      "contradictory",
                                                           "spoiled", "no-limits",  "imprecise", "uncorrected"};
    return codes[static_cast<std::size_t>(why)];
}

std::string_view sentence(ungradable why) noexcept {
    static constexpr std::array<std::string_view, 8> words{
        "",
        "it holds no number that can be used",
        "its unit is missing or does not fit",
        "it contradicts itself",
        "a remark says that the specimen was hemolyzed",
        "the limits of the laboratory were not sent with it",
        "it is a bound, not a number, and can be normal or not",
        "there is no albumin of the same day to correct it by"};
    return words[static_cast<std::size_t>(why)];
}

measurement measurement_of(const observation_fact& result, bool spoiled) {
    measurement out;
    switch (result.use) {
    case usability::usable:
    case usability::pending: break;
    case usability::unit_unusable: out.why = ungradable::unit; return out;
    case usability::conflicting: out.why = ungradable::contradictory; return out;
    case usability::value_unusable: return out;
    }
    if (!result.has_value || (!result.value.low && !result.value.high))
        return out;
    out.factor = result.factor;
    out.value = {canonical(result.value.low, result.factor), canonical(result.value.high, result.factor), result.value.low_open,
                 result.value.high_open};
    // An end that does not fit an exact fraction must not become an open one.
    if (out.value.low.has_value() != result.value.low.has_value() || out.value.high.has_value() != result.value.high.has_value())
        return out;
    out.lower = canonical(result.range_low, result.factor);
    out.upper = canonical(result.range_high, result.factor);
    if (out.upper && *out.upper <= exact()) // "0 - 0" is how some laboratories send no limits
        out.lower = out.upper = std::nullopt;
    out.why = spoiled ? ungradable::spoiled : ungradable::none;
    return out;
}

measurement corrected(const measurement& value, const measurement& by, const grading_correction& rule) {
    measurement out = value;
    if (!value.readable())
        return out;
    out.why = ungradable::uncorrected;
    if (!by.readable())
        return out;
    const auto factor = exact::of(rule.times), from = exact::of(rule.from);
    // The more of the other, the less is added: the ends change places.
    const auto moved = [&](const std::optional<exact>& end, const std::optional<exact>& other) -> std::optional<exact> {
        if (!end || !other || !factor || !from)
            return std::nullopt;
        const auto lacking = minus(*from, *other);
        const auto added = lacking ? times(*lacking, *factor) : std::nullopt;
        return added ? plus(*end, *added) : std::nullopt;
    };
    out.value.low = moved(value.value.low, by.value.high);
    out.value.high = moved(value.value.high, by.value.low);
    out.value.low_open = value.value.low_open || by.value.high_open;
    out.value.high_open = value.value.high_open || by.value.low_open;
    if (out.value.low || out.value.high)
        out.why = ungradable::none;
    return out;
}

grade_result grade(const grading_term& term, const measurement& now, const measurement* baseline) {
    using when = grading_arm::when;
    if (!now.readable()) {
        grade_result out;
        out.why = now.why;
        for (const grading_arm& arm : term.arms)
            for (const grading_step& s : arm.steps)
                out.most = std::max(out.most, s.grade);
        return out;
    }
    const bool known = baseline && baseline->readable();
    const truth was = abnormal(baseline);
    tally t;
    bool missing = false;
    for (const grading_arm& arm : term.arms) {
        if (arm.applies == when::baseline_abnormal) {
            missing = missing || (was != truth::yes && was != truth::no);
            if (was != truth::yes)
                continue;
        } else if (arm.applies == when::baseline_normal && was == truth::yes) {
            continue;
        } else if (looks_at_baseline(arm) && !known) {
            missing = true;
            continue;
        }
        t.take(arm, now, baseline);
    }
    grade_result out = result_of(t);
    out.baseline_missing = missing;
    return out;
}

bool beyond(const safety_limit& limit, const measurement& now, bool perhaps) {
    if (!now.readable())
        return false;
    const truth t = passes(limit.side, now.value, place_of(limit.bound, now, nullptr));
    return t == truth::yes || (perhaps && (t == truth::perhaps || t == truth::unknown));
}

} // namespace trialgate::mappings
