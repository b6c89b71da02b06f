#include "fhir/read_types.hpp"

namespace trialgate::fhir::reading {

namespace {

const time_zone& utc() {
    static const time_zone zone = time_zone::fixed(0);
    return zone;
}

bool surely_before(const date_time& a, const date_time& b) {
    if (a.offset && b.offset) {
        const auto first = a.instant(utc());
        const auto second = b.instant(utc());
        if (first && second)
            return *first < *second;
    }
    // A day is one of its zone, which is not known here: a day of difference proves nothing.
    return a.days(utc()).last + 1 < b.days(utc()).first;
}

comparator read_comparator(scope& s, json::value v, bool& understood) {
    const json::value sent = v["comparator"];
    if (!present(sent))
        return comparator::none;
    const std::string_view code = read_code(s, v, "comparator", {"<", "<=", ">=", ">", "ad"});
    if (code == "<")
        return comparator::less;
    if (code == "<=")
        return comparator::less_or_equal;
    if (code == ">=")
        return comparator::greater_or_equal;
    if (code == ">")
        return comparator::greater;
    if (code == "ad")
        return comparator::sufficient;
    understood = sent.is_string() && sent.text().empty();
    return comparator::none;
}

// False when the limit is there and cannot be read: what it bounds would otherwise look open to that side.
bool read_limit(scope& s, json::value v, std::string_view name, std::optional<quantity>& out) {
    read_member(s, v, name, out);
    return !present(v[name]) || (out && (out->value || !present(v[name]["value"])));
}

bool read_limit(scope& s, json::value v, std::string_view name, std::optional<date_time>& out) {
    out = read_date_time(s, v, name);
    return !present(v[name]) || out;
}

} // namespace

bool read_into(scope& s, json::value v, coding& out) {
    if (!usable_object(s, v))
        return false;
    out.system = read_token(s, v, "system");
    out.code = read_token(s, v, "code");
    out.display = read_string(s, v, "display");
    return !out.system.empty() || !out.code.empty() || !out.display.empty();
}

bool read_into(scope& s, json::value v, codeable_concept& out) {
    if (!usable_object(s, v))
        return false;
    read_list(s, v, "coding", out.codings);
    out.text = read_string(s, v, "text");
    return true;
}

bool read_into(scope& s, json::value v, identifier& out) {
    if (!usable_object(s, v))
        return false;
    out.system = read_token(s, v, "system");
    out.value = read_token(s, v, "value");
    return !out.value.empty();
}

bool read_into(scope& s, json::value v, annotation& out) {
    if (!usable_object(s, v))
        return false;
    out.text = read_string(s, v, "text");
    return !out.text.empty();
}

json::value find_contained(const scope& s, std::string_view literal) noexcept {
    if (literal.size() < 2 || literal.front() != '#')
        return {};
    const auto contained = s.root["contained"].elements();
    for (std::size_t i = 0; i < contained.size() && i < contained_limit; ++i) {
        const json::value id = contained[i]["id"];
        // DSTU2 wrote the '#' into the id too, and so do some servers.
        if (id.is_string() && (id.text() == literal.substr(1) || id.text() == literal))
            return contained[i];
    }
    return {};
}

bool read_into(scope& s, json::value v, reference& out) {
    if (!usable_object(s, v))
        return false;
    out = parse_reference(read_token(s, v, "reference"));
    out.display = read_string(s, v, "display");
    read_member(s, v, "identifier", out.logical);

    // "#" alone is the containing resource itself.
    if (out.is_contained() && out.literal.size() > 1 && !find_contained(s, out.literal))
        s.context.report(
            severity::warning, issue_type::structure, "reference", "points to no contained resource", v["reference"],
            std::string(out.literal)
        );

    std::string_view type = read_token(s, v, "type");
    constexpr std::string_view definitions = "http://hl7.org/fhir/StructureDefinition/";
    if (type.starts_with(definitions))
        type.remove_prefix(definitions.size());
    if (out.type.empty())
        out.type = type;
    else if (!type.empty() && type != out.type)
        s.context.report(
            severity::warning, issue_type::invariant, "type", "another type than the reference itself says", v["type"],
            std::string(type)
        );
    return true;
}

bool read_into(scope& s, json::value v, quantity& out) {
    if (!usable_object(s, v))
        return false;
    out.value = read_decimal(s, v, "value", &out.value_exact);
    bool understood = true;
    out.compare = read_comparator(s, v, understood);
    // A number whose comparator is lost would be read as that very number.
    if (!understood)
        out.value.reset();
    out.unit = read_string(s, v, "unit");
    out.system = read_token(s, v, "system");
    out.code = read_token(s, v, "code");
    return true;
}

bool read_into(scope& s, json::value v, range& out) {
    if (!usable_object(s, v))
        return false;
    const bool low = read_limit(s, v, "low", out.low);
    const bool high = read_limit(s, v, "high", out.high);
    return low && high;
}

bool read_into(scope& s, json::value v, rational& out) {
    if (!usable_object(s, v))
        return false;
    const bool numerator = read_limit(s, v, "numerator", out.numerator);
    const bool denominator = read_limit(s, v, "denominator", out.denominator);
    return numerator && denominator;
}

bool read_into(scope& s, json::value v, period& out) {
    if (!usable_object(s, v))
        return false;
    const bool start = read_limit(s, v, "start", out.start);
    const bool end = read_limit(s, v, "end", out.end);
    if (!start || !end)
        return false;
    if (!out.start || !out.end || !surely_before(*out.end, *out.start))
        return true;
    s.context.report(severity::error, issue_type::invariant, {}, "a period that ends before it starts", v);
    return false;
}

bool read_into(scope& s, json::value v, reference_range& out) {
    if (!usable_object(s, v))
        return false;
    const bool low = read_limit(s, v, "low", out.low);
    const bool high = read_limit(s, v, "high", out.high);
    if (!low || !high)
        return false;
    read_member(s, v, "type", out.type);
    read_list(s, v, "appliesTo", out.applies_to);
    read_member(s, v, "age", out.age);
    out.text = read_string(s, v, "text");
    return true;
}

void read_concepts(
    scope& s, json::value parent, std::string_view name, std::vector<codeable_concept>& out
) {
    for_each(s, parent, name, [&](json::value v) {
        if (!usable_object(s, v) || !present(v["concept"]))
            return;
        const step here(s.context, "concept");
        if (codeable_concept read; read_into(s, v["concept"], read))
            out.push_back(std::move(read));
    });
}

} // namespace trialgate::fhir::reading
