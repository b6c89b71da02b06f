// How the readers of resources read elements. Internal to fhir/.
//
// Every function looks up one element by name in `parent`, puts its name on the issue path and reports what is wrong with it.
// Common to all of them:
//   absent, JSON null, or `_name` with extensions only    nothing is read, no issue (see `require`)
//   JSON of another type than FHIR says                   error, nothing is read
//   a modifierExtension inside                            error: it may negate the element, so the element is left out
//   one object where FHIR has a list                      warning, read as a list of one
// Reading never costs more than the size of the input: lists are cut at `list_limit` with an error.
#pragma once

#include "fhir/resources.hpp"

#include <initializer_list>
#include <span>
#include <utility>

namespace trialgate::fhir::reading {

using step = read_context::step;

inline constexpr std::size_t list_limit = 10'000;
inline constexpr std::size_t contained_limit = 1'000;

/// What all readers of one resource share.
struct scope {
    read_context& context;
    json::value root; ///< the outermost resource: its `contained` is what "#id" points into
};

inline bool present(json::value v) noexcept { return v && !v.is_null(); }

// Primitives. Texts are empty when absent.

std::string_view read_string(scope& s, json::value parent, std::string_view name);
/// For code, uri, id: white space around it is cut, with a warning.
std::string_view read_token(scope& s, json::value parent, std::string_view name);
/// A code of a required value set; another one is an error and left out.
std::string_view
read_code(scope& s, json::value parent, std::string_view name, std::initializer_list<std::string_view> allowed);
std::optional<bool> read_bool(scope& s, json::value parent, std::string_view name);
/// A JSON number, or with a warning a string that is one. `exact` as in parse_decimal.
std::optional<decimal> read_decimal(scope& s, json::value parent, std::string_view name, bool* exact = nullptr);
std::optional<std::int64_t> read_integer(scope& s, json::value parent, std::string_view name);
/// date, dateTime or instant. A time without zone is kept, with a warning.
std::optional<date_time> read_date_time(scope& s, json::value parent, std::string_view name);

// Data types. `v` is present and already on the path. False: unusable, reported, `out` is not to be used.

bool read_into(scope& s, json::value v, coding& out);
bool read_into(scope& s, json::value v, codeable_concept& out);
bool read_into(scope& s, json::value v, identifier& out);
bool read_into(scope& s, json::value v, reference& out);
bool read_into(scope& s, json::value v, quantity& out);
// What has limits is unusable when one of them is there and cannot be read: it would look open to that side.
bool read_into(scope& s, json::value v, range& out);
bool read_into(scope& s, json::value v, rational& out);
bool read_into(scope& s, json::value v, period& out); ///< also unusable when it surely ends before it starts
bool read_into(scope& s, json::value v, reference_range& out);
bool read_into(scope& s, json::value v, annotation& out);
bool read_into(scope& s, json::value v, dosage& out);

/// True when `v` is an object that holds no modifierExtension; else reports.
bool usable_object(scope& s, json::value v);
/// True when there is something in `v`'s modifierExtension. No modifier extension is known to this project, so each forbids use.
bool has_modifier(json::value v) noexcept;

/// For an element that changes the meaning of the whole resource (FHIR's "modifier elements") and is there, but cannot be read: absent, it
/// would turn a refuted diagnosis into a confirmed one. Makes the resource unusable, with a fatal issue.
void forbid(scope& s, resource_header& header, std::string_view name);

/// Reports `required` (error) unless `name` is there, be it only as `_name` with the reason why the value is absent.
void require(scope& s, json::value parent, std::string_view name);
/// As above for an element with several spellings; `shown` is the name that the issue gets.
void require_any(
    scope& s, json::value parent, std::string_view shown, std::initializer_list<std::string_view> names
);

// One element of a complex type.

template <class Type>
void read_member(scope& s, json::value parent, std::string_view name, Type& out) {
    const json::value v = parent[name];
    if (!present(v))
        return;
    const step here(s.context, name);
    if (Type read{}; read_into(s, v, read))
        out = std::move(read);
}

template <class Type>
void read_member(scope& s, json::value parent, std::string_view name, std::optional<Type>& out) {
    const json::value v = parent[name];
    if (!present(v))
        return;
    const step here(s.context, name);
    if (Type read{}; read_into(s, v, read))
        out = std::move(read);
}

// Lists.

enum class cardinality : std::uint8_t {
    many,        ///< a list in every FHIR version
    one_or_many, ///< single in some version: one object is no issue
};

namespace detail {
void report_not_a_list(scope& s, json::value v);
void report_single(scope& s, json::value v);
void report_cut(scope& s, std::string_view name, json::value first_left_out, std::size_t limit);
} // namespace detail

/// Calls `read(element)` for each element that is present, with the path on it.
template <class Function>
void for_each(
    scope& s, json::value parent, std::string_view name, Function&& read, cardinality c = cardinality::many,
    std::size_t limit = list_limit
) {
    const json::value v = parent[name];
    if (!present(v))
        return;
    if (!v.is_array()) {
        const step here(s.context, name);
        if (!v.is_object())
            return detail::report_not_a_list(s, v);
        if (c == cardinality::many)
            detail::report_single(s, v);
        return read(v);
    }
    const auto elements = v.elements();
    if (elements.size() > limit)
        detail::report_cut(s, name, elements[limit], limit);
    for (std::size_t i = 0; i < elements.size() && i < limit; ++i) {
        if (!present(elements[i]))
            continue;
        const step here(s.context, name, static_cast<int>(i));
        read(elements[i]);
    }
}

/// Appends what is usable to `out`, which allocates only when there is something.
template <class Type>
void read_list(
    scope& s, json::value parent, std::string_view name, std::vector<Type>& out,
    cardinality c = cardinality::many
) {
    for_each(
        s, parent, name,
        [&](json::value v) {
            if (Type read{}; read_into(s, v, read))
                out.push_back(std::move(read));
        },
        c
    );
}

/// The `concept` of each CodeableReference of a list (R5).
void read_concepts(
    scope& s, json::value parent, std::string_view name, std::vector<codeable_concept>& out
);

// Choice elements: value[x] and its like.

struct choice {
    std::string_view name;   ///< "valueQuantity"; empty when there is none
    std::string_view type;   ///< "Quantity"
    json::value content;
    explicit operator bool() const noexcept { return !name.empty(); }
};

/// The one element of `parent` whose name is `prefix` and a type. Two of them contradict each other: error, and none is returned.
choice find_choice(scope& s, json::value parent, std::string_view prefix);

/// Reports that the type of a choice is not read: warning.
void report_left_out(scope& s, const choice& c);

using time_or_period = std::variant<std::monostate, date_time, period>;

observation_value read_value(scope& s, json::value parent, std::string_view prefix);
/// The value[x] of an answer: the types of an Observation, and Coding, decimal, date, uri.
observation_value read_answer_value(scope& s, json::value parent);
time_or_period read_time_or_period(scope& s, json::value parent, std::string_view prefix);
event_time read_event_time(scope& s, json::value parent, std::string_view prefix);

/// medication[x] (R4) or `medication` (R5); item[x] or `item` of an ingredient. A contained Medication is resolved.
medication_choice read_medication_choice(scope& s, json::value parent, std::string_view prefix);
/// An ingredient list: of each its item; inactive ingredients are left out.
std::vector<medication_choice> read_ingredients(scope& s, json::value medication);

/// The contained resource that `literal` ("#id") names; missing when there is none.
json::value find_contained(const scope& s, std::string_view literal) noexcept;

/// Everything of the header; false, with a fatal issue, when the resource must not be used.
bool read_header(scope& s, resource_header& out);

// Bodies of resources: everything but the header and the identifiers.

void read_body(scope& s, patient& out);
void read_body(scope& s, observation& out);
void read_body(scope& s, condition& out);
void read_body(scope& s, medication_request& out);
void read_body(scope& s, medication_statement& out);
void read_body(scope& s, medication_dispense& out);
void read_body(scope& s, medication_administration& out);
void read_body(scope& s, medication& out);
void read_body(scope& s, procedure& out);
void read_body(scope& s, encounter& out);
void read_body(scope& s, appointment& out);
void read_body(scope& s, diagnostic_report& out);
void read_body(scope& s, specimen& out);
void read_body(scope& s, consent& out);
void read_body(scope& s, research_study& out);
void read_body(scope& s, research_subject& out);
void read_body(scope& s, questionnaire_response& out);

} // namespace trialgate::fhir::reading
