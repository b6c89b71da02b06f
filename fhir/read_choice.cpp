#include "fhir/read_types.hpp"

namespace trialgate::fhir::reading {

namespace {

bool starts_type_name(char c) noexcept { return c >= 'A' && c <= 'Z'; }

template <class Type, class Variant>
void read_alternative(scope& s, const choice& c, Variant& out) {
    const step here(s.context, c.name);
    if (Type read{}; read_into(s, c.content, read))
        out = std::move(read);
}

template <class Optional, class Variant>
void take(const Optional& read, Variant& out) {
    if (read)
        out = *read;
}

template <class Variant>
void take_string(std::string_view read, Variant& out) {
    if (!read.empty())
        out = read;
}

/// False when the type is none of Observation.value[x].
bool read_observation_type(scope& s, json::value parent, const choice& c, observation_value& out) {
    if (c.type == "Quantity")
        read_alternative<quantity>(s, c, out);
    else if (c.type == "CodeableConcept")
        read_alternative<codeable_concept>(s, c, out);
    else if (c.type == "String")
        take_string(read_string(s, parent, c.name), out);
    else if (c.type == "Boolean")
        take(read_bool(s, parent, c.name), out);
    else if (c.type == "Integer")
        take(read_integer(s, parent, c.name), out);
    else if (c.type == "Range")
        read_alternative<range>(s, c, out);
    else if (c.type == "Ratio")
        read_alternative<rational>(s, c, out);
    else if (c.type == "DateTime")
        take(read_date_time(s, parent, c.name), out);
    else if (c.type == "Period")
        read_alternative<period>(s, c, out);
    else
        return false;
    return true;
}

} // namespace

choice find_choice(scope& s, json::value parent, std::string_view prefix) {
    choice found;
    for (const json::member& m : parent.members()) {
        if (m.name.size() <= prefix.size() || !m.name.starts_with(prefix) ||
            !starts_type_name(m.name[prefix.size()]) || !present(m.content) || m.name == found.name)
            continue;
        if (found) {
            s.context.report(
                severity::error, issue_type::invariant, std::string(prefix) + "[x]",
                "more than one type of the same element, so none is used", m.content
            );
            return {};
        }
        found = {m.name, m.name.substr(prefix.size()), m.content};
    }
    return found;
}

void report_left_out(scope& s, const choice& c) {
    s.context.report(
        severity::warning, issue_type::not_supported, c.name, "an element of this type is not read", c.content
    );
}

observation_value read_value(scope& s, json::value parent, std::string_view prefix) {
    observation_value out;
    const choice c = find_choice(s, parent, prefix);
    if (c && !read_observation_type(s, parent, c, out))
        report_left_out(s, c);
    return out;
}

observation_value read_answer_value(scope& s, json::value parent) {
    observation_value out;
    const choice c = find_choice(s, parent, "value");
    if (!c || read_observation_type(s, parent, c, out))
        return out;
    if (c.type == "Coding") {
        const step here(s.context, c.name);
        if (coding read; read_into(s, c.content, read))
            out = codeable_concept{{read}, {}};
    } else if (c.type == "Decimal") {
        quantity number;
        number.value = read_decimal(s, parent, c.name, &number.value_exact);
        if (number.value)
            out = number;
    } else if (c.type == "Date") {
        take(read_date_time(s, parent, c.name), out);
    } else if (c.type == "Uri") {
        take_string(read_token(s, parent, c.name), out);
    } else {
        report_left_out(s, c);
    }
    return out;
}

time_or_period read_time_or_period(scope& s, json::value parent, std::string_view prefix) {
    time_or_period out;
    const choice c = find_choice(s, parent, prefix);
    if (!c)
        return out;
    if (c.type == "DateTime" || c.type == "Instant")
        take(read_date_time(s, parent, c.name), out);
    else if (c.type == "Period")
        read_alternative<period>(s, c, out);
    else
        report_left_out(s, c);
    return out;
}

event_time read_event_time(scope& s, json::value parent, std::string_view prefix) {
    event_time out;
    const choice c = find_choice(s, parent, prefix);
    if (!c)
        return out;
    if (c.type == "DateTime")
        take(read_date_time(s, parent, c.name), out);
    else if (c.type == "Age")
        read_alternative<quantity>(s, c, out);
    else if (c.type == "Period")
        read_alternative<period>(s, c, out);
    else if (c.type == "Range")
        read_alternative<range>(s, c, out);
    else if (c.type == "String")
        take_string(read_string(s, parent, c.name), out);
    else
        report_left_out(s, c);
    return out;
}

} // namespace trialgate::fhir::reading
