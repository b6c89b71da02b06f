#include "fhir/ucum_table.hpp"

#include "fhir/ucum_build.hpp"

#include <array>
#include <utility>
#include <vector>

namespace trialgate::fhir::ucum::detail {
namespace {

constexpr definition rows[] = {
#define UCUM_PREFIX(code, name, value)
#define UCUM_BASE(code, name) {code, name, "1", "", "", true, false},
#define UCUM_UNIT(code, name, value, unit, metric, arbitrary)                                                \
    {code, name, value, unit, "", metric, arbitrary},
#define UCUM_SPECIAL(code, name, function, value, unit, metric)                                              \
    {code, name, value, unit, function, metric, false},
#include "fhir/ucum_table.inc"
#undef UCUM_PREFIX
#undef UCUM_BASE
#undef UCUM_UNIT
#undef UCUM_SPECIAL
};

struct prefix_row {
    std::string_view code;
    std::string_view name;
    std::string_view value;
};

constexpr prefix_row prefix_rows[] = {
#define UCUM_PREFIX(code, name, value) {code, name, value},
#define UCUM_BASE(code, name)
#define UCUM_UNIT(code, name, value, unit, metric, arbitrary)
#define UCUM_SPECIAL(code, name, function, value, unit, metric)
#include "fhir/ucum_table.inc"
#undef UCUM_PREFIX
#undef UCUM_BASE
#undef UCUM_UNIT
#undef UCUM_SPECIAL
};

constexpr std::size_t slot_count = 1024;
constexpr std::uint16_t no_row = 0xffff;
static_assert(std::size(rows) < slot_count / 2, "the hash table of symbols is too full");

constexpr std::size_t hash(std::string_view text) noexcept {
    std::uint32_t h = 2166136261U;
    for (const char c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
    return (h ^ (h >> 15)) % slot_count;
}

constexpr auto slots = [] {
    std::array<std::uint16_t, slot_count> table{};
    table.fill(no_row);
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        std::size_t slot = hash(rows[i].code);
        while (table[slot] != no_row)
            slot = (slot + 1) % slot_count;
        table[slot] = static_cast<std::uint16_t>(i);
    }
    return table;
}();

std::uint16_t find_row(std::string_view code) noexcept {
    for (std::size_t slot = hash(code);; slot = (slot + 1) % slot_count) {
        const std::uint16_t row = slots[slot];
        if (row == no_row || rows[row].code == code)
            return row;
    }
}

function function_of(std::string_view name) noexcept {
    static constexpr std::pair<std::string_view, function> names[] = {
        {"Cel", function::cel},        {"degF", function::deg_f},
        {"degRe", function::deg_re},   {"tanTimes100", function::tan_100},
        {"100tan", function::tan_100}, {"hpX", function::hp_x},
        {"hpC", function::hp_c},       {"hpM", function::hp_m},
        {"hpQ", function::hp_q},       {"pH", function::ph},
        {"ln", function::ln},          {"lg", function::lg},
        {"lgTimes2", function::lg_2},  {"ld", function::ld},
        {"sqrt", function::sqrt},
    };
    for (const auto& [text, f] : names)
        if (text == name)
            return f;
    return function::none;
}

bool multiply_by(magnitude& to, std::string_view value) {
    const auto number = parse_decimal(value);
    if (!number || number->mantissa <= 0)
        return false;
    to.multiply_ten(number->exponent);
    return to.multiply(static_cast<std::uint64_t>(number->mantissa), 1);
}

std::array<prefix, std::size(prefix_rows)> make_prefixes() {
    std::array<prefix, std::size(prefix_rows)> made{};
    for (std::size_t i = 0; i < made.size(); ++i) {
        made[i] = {prefix_rows[i].code, prefix_rows[i].name, {}};
        static_cast<void>(multiply_by(made[i].value, prefix_rows[i].value));
    }
    return made;
}

/// False when the definition leans on an atom that is not resolved yet.
bool resolve(std::size_t index, std::vector<atom_form>& forms) {
    const definition& row = rows[index];
    atom_form form;
    if (row.unit.empty()) {
        form.ratio.dimension.at(index) = 1;
    } else if (row.code == "[pi]") {
        form.ratio.scale.multiply_pi(1);
    } else {
        form_builder builder{forms};
        if (read_expression(row.unit, builder) || !multiply_by(builder.built.ratio.scale, row.value))
            return false;
        form.ratio = builder.built.ratio;
        form.special = function_of(row.function_name);
        const bool is_own_dimension = row.arbitrary && row.unit == "1";
        if (is_own_dimension && !form.ratio.arbitrary.multiply(static_cast<std::uint16_t>(index), 1))
            return false;
    }
    form.resolved = true;
    forms[index] = form;
    return true;
}

std::vector<atom_form> resolve_all() {
    std::vector<atom_form> forms(std::size(rows));
    // The essence defines some units before those they are made of, so one pass is not enough.
    for (bool progress = true; progress;) {
        progress = false;
        for (std::size_t i = 0; i < forms.size(); ++i)
            if (!forms[i].resolved && resolve(i, forms))
                progress = true;
    }
    return forms;
}

} // namespace

std::span<const definition> definitions() noexcept {
    return rows;
}

std::span<const prefix> prefixes() noexcept {
    static const auto made = make_prefixes();
    return made;
}

std::span<const atom_form> atom_forms() {
    static const auto resolved = resolve_all();
    return resolved;
}

std::optional<symbol> find_symbol(std::string_view text) noexcept {
    if (const std::uint16_t row = find_row(text); row != no_row)
        return symbol{std::nullopt, row};
    for (const std::size_t length : {std::size_t{1}, std::size_t{2}}) {
        if (text.size() <= length)
            break;
        const std::uint16_t row = find_row(text.substr(length));
        if (row == no_row || !rows[row].metric)
            continue;
        for (std::size_t i = 0; i < std::size(prefix_rows); ++i)
            if (prefix_rows[i].code == text.substr(0, length))
                return symbol{static_cast<std::uint16_t>(i), row};
    }
    return std::nullopt;
}

} // namespace trialgate::fhir::ucum::detail
