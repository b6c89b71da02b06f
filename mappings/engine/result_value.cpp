#include "mappings/engine/result_value.hpp"

#include "mappings/engine/coded.hpp"
#include "mappings/engine/interpretation.hpp"
#include "mappings/engine/reference_range.hpp"
#include "mappings/engine/result_reading.hpp"
#include "mappings/engine/text_number.hpp"
#include "mappings/engine/titer.hpp"

namespace trialgate::mappings {

namespace {

using outcome = value_reading::outcome;

/// Weighs the parts of one result against each other.
class weighing {
public:
    weighing(const result_source& from, const analyte* about, const catalog& codes)
        : from_(from), about_(about), codes_(codes), flags_(read_interpretation(from.interpretation, codes)),
          read_(read_value(from.value, about, codes)) {}

    read_result run() {
        out_.text = text_of_value(from_.value, about_);
        fact_.low = flags_.low;
        fact_.high = flags_.high;
        switch (read_.what) {
        case outcome::number: number(); break;
        case outcome::word: word(read_.said); break;
        case outcome::unreadable: unreadable(); break;
        case outcome::no_result:
        case outcome::nothing: interpretation_alone(); break;
        }
        if (!out_.said)
            return out_;
        // Invariant obs-6: a value and the reason why there is none exclude each other.
        if (from_.data_absent || flags_.failed)
            unusable(usability::value_unusable);
        if (flags_.contradictory || read_.contradictory)
            unusable(usability::conflicting);
        return out_;
    }

private:
    bool is(analyte_kind k) const { return about_ && about_->kind == k; }
    // Where an abnormal result is a positive one.
    bool serology() const { return !about_ || is(analyte_kind::presence) || is(analyte_kind::titer); }

    void unusable(usability why) {
        if (fact_.use == usability::usable || why == usability::conflicting)
            fact_.use = why;
        if (why != usability::conflicting)
            fact_.has_value = false;
    }

    void number() {
        out_.said = true;
        if (!take_unit())
            return;
        fact_.value = read_.value;
        fact_.factor = read_.unit.rule.factor;
        fact_.has_value = true;
        open_off_scale();
        if (!shift(fact_.value, read_.unit.rule.offset) || (about_ && !plausible(*about_, fact_.value, fact_.factor))) {
            unusable(usability::value_unusable);
            return;
        }
        if (read_.unit.rule.by_alias)
            out_.notes.add(note::unit_by_alias);
        const value_unit unit{read_.unit.rule, read_.unit_text};
        weigh(read_ranges(from_.ranges, about_, unit, read_.titer, codes_));
    }

    // False when the number has no usable unit.
    bool take_unit() {
        if (read_.unit_irrelevant && read_.unit.state == unit_state::fits)
            return true;
        const bool refuses = is(analyte_kind::quantity);
        if (read_.unit.state == unit_state::unusable) {
            if (is(analyte_kind::presence)) {
                // Only compared with the range that came with it.
                read_.unit = {unit_state::fits, {}};
                return true;
            }
            unusable(usability::unit_unusable);
            return false;
        }
        if (read_.unit.state == unit_state::fits)
            return true;
        read_.unit.rule = {};
        if (!refuses) {
            if (is(analyte_kind::count))
                out_.notes.add(note::unit_missing);
            return true;
        }
        if (about_->without_unit == analyte::no_unit::accept)
            return true;
        out_.notes.add(note::unit_missing);
        if (about_->without_unit == analyte::no_unit::by_range) {
            const result_limits limits = read_ranges(from_.ranges, about_, {}, false, codes_);
            if (canonical_by_range(*about_, read_.value, limits.normal))
                return true;
        }
        unusable(usability::unit_unusable);
        return false;
    }

    // ">" and "<" as interpretation: the instrument ends at this number.
    void open_off_scale() {
        interval& v = fact_.value;
        if (!v.low || !v.high || *v.low != *v.high || flags_.off_scale_low == flags_.off_scale_high)
            return;
        if (flags_.off_scale_high) {
            v.high.reset();
        } else {
            v.low.reset();
            if (read_.titer) {
                v.low = fhir::decimal{0, 0};
                v.low_open = true;
            }
        }
    }

    void weigh(const result_limits& limits) {
        fact_.range_low = limits.normal.low;
        fact_.range_high = limits.normal.high;
        if (is(analyte_kind::ordinal) || is(analyte_kind::score))
            return;
        finding by_range = weigh_limits(limits, fact_.value);
        if (!serology() && by_range == finding::negative && limits.bands.empty() &&
            !written::contains(limits.normal, fact_.value))
            by_range = finding::none;
        fact_.found = by_range;
        agree(read_.said, limits);
        agree(serology() ? flags_.for_presence() : flags_.found, limits);
        if (!is(analyte_kind::titer))
            compare_flags(limits);
    }

    // One more statement about the same result.
    void agree(finding said, const result_limits& limits) {
        if (said == finding::none || said == fact_.found)
            return;
        const bool mild = (said == finding::equivocal && fact_.found == finding::positive) ||
                          (said == finding::positive && fact_.found == finding::equivocal);
        if (fact_.found == finding::none) {
            fact_.found = said;
        } else if (mild && limits.bands.empty()) {
            // A plain range does not tell weakly positive from positive.
            fact_.found = finding::equivocal;
        } else {
            unusable(usability::conflicting);
        }
    }

    // The flags of a quantity against its range. On the limit itself both are right: rounding.
    void compare_flags(const result_limits& limits) {
        const interval& normal = limits.normal;
        const interval at_least{normal.low, std::nullopt, true, false}, at_most{std::nullopt, normal.high, false, true};
        const bool above_low = normal.low && written::contains(at_least, fact_.value);
        const bool below_high = normal.high && written::contains(at_most, fact_.value);
        const bool under = normal.low && written::entirely_above({normal.low, std::nullopt, false, false}, fact_.value);
        const bool over = normal.high && written::entirely_above(fact_.value, {std::nullopt, normal.high, false, false});
        if ((flags_.low && above_low) || (flags_.high && below_high) || (flags_.normal && (under || over)))
            unusable(usability::conflicting);
        else if (flags_.normal && fact_.found == finding::none)
            fact_.found = finding::negative;
    }

    void word(finding said) {
        out_.said = true;
        if (is(analyte_kind::score) || (!serology() && read_.bare_normal)) {
            unusable(usability::value_unusable);
            return;
        }
        fact_.found = said;
        agree(serology() ? flags_.for_presence() : flags_.found, {});
        screen(fact_.found);
    }

    // A screen at 1:80 that is positive proves a titer of at least 1:80, and no more.
    void screen(finding said) {
        if (!about_ || about_->screening_dilution <= 0)
            return;
        const fhir::decimal dilution{about_->screening_dilution, 0};
        if (said == finding::positive)
            fact_.value = {dilution, std::nullopt, false, false};
        else if (said == finding::negative)
            fact_.value = {fhir::decimal{0, 0}, dilution, true, true};
        else
            return;
        fact_.has_value = true;
    }

    void unreadable() {
        out_.said = true;
        if (flags_.found != finding::none && !is(analyte_kind::score) && !is(analyte_kind::ordinal)) {
            word(flags_.found);
            return;
        }
        unusable(usability::value_unusable);
    }

    void interpretation_alone() {
        // "Not performed" with a flag is still not performed; outright words are a result.
        const bool outright = flags_.found != finding::none;
        if (from_.data_absent || flags_.empty() || (read_.what == outcome::no_result && !outright))
            return;
        const finding said = serology() ? flags_.for_presence() : flags_.found;
        out_.said = true;
        if (out_.text.empty() && !from_.interpretation.empty())
            out_.text = compact_text(text_of(from_.interpretation.front()));
        if (said != finding::none) {
            read_.bare_normal = false;
            word(said);
        } else if (!flags_.low && !flags_.high) {
            unusable(usability::value_unusable);
        }
    }

    const result_source& from_;
    const analyte* about_;
    const catalog& codes_;
    const interpretation flags_;
    value_reading read_;
    read_result out_;
    observation_fact& fact_ = out_.found;
};

} // namespace

read_result read_result_of(const result_source& from, const analyte* about, const catalog& codes) {
    return weighing(from, about, codes).run();
}

} // namespace trialgate::mappings
