#include "fhir/read_types.hpp"

namespace trialgate::fhir::reading {

namespace {

// A contained resource may be forbidden as any other; then it says nothing about what contains it.
bool usable_contained(scope& s, json::value v) {
    if (!present(v["implicitRules"]) && !has_modifier(v))
        return true;
    s.context.report(
        severity::error, issue_type::not_supported, {}, "a contained resource with implicitRules or a modifierExtension", v
    );
    return false;
}

void append_ingredient(const codeable_concept& ingredient, codeable_concept& out) {
    out.codings.insert(out.codings.end(), ingredient.codings.begin(), ingredient.codings.end());
    if (ingredient.codings.empty() && !ingredient.text.empty())
        out.codings.push_back({{}, {}, ingredient.text});
}

/// Whether what a contained Medication consists of is looked at too. Its ingredients are not looked into further: they may
/// point back at it.
enum class ingredients : std::uint8_t { expand, ignore };

medication_choice read_choice(scope& s, json::value parent, std::string_view prefix, ingredients depth);

template <class Function>
void for_each_active_ingredient(scope& s, json::value medication, Function&& read) {
    for_each(s, medication, "ingredient", [&](json::value ingredient) {
        if (usable_object(s, ingredient) && read_bool(s, ingredient, "isActive").value_or(true))
            read(ingredient);
    });
}

void read_form(scope& s, json::value medication, codeable_concept& out) {
    read_member(s, medication, "form", out);
    read_member(s, medication, "doseForm", out);
}

void read_medication(scope& s, json::value target, medication_choice& out, ingredients depth) {
    read_form(s, target, out.form);
    if (!out.concept_.empty())
        return;
    read_member(s, target, "code", out.concept_);
    if (!out.concept_.codings.empty() || depth == ingredients::ignore)
        return;
    for_each_active_ingredient(s, target, [&](json::value ingredient) {
        append_ingredient(read_choice(s, ingredient, "item", ingredients::ignore).concept_, out.concept_);
    });
}

/// `code` is a CodeableConcept in R4 and a CodeableReference in R5.
void read_substance(scope& s, json::value target, codeable_concept& out) {
    if (!present(target["code"]["concept"]))
        return read_member(s, target, "code", out);
    const step here(s.context, "code");
    if (usable_object(s, target["code"]))
        read_member(s, target["code"], "concept", out);
}

void read_contained(scope& s, json::value target, medication_choice& out, ingredients depth) {
    const step here(s.context, "resolve()");
    const std::string_view type = target["resourceType"].text();
    if (!usable_contained(s, target))
        return;
    if (type == "Medication")
        read_medication(s, target, out, depth);
    else if (type != "Substance")
        s.context.report(
            severity::warning, issue_type::structure, {}, "a contained resource that is no Medication", target
        );
    else if (out.concept_.empty())
        read_substance(s, target, out.concept_);
}

void read_reference(
    scope& s, json::value parent, std::string_view name, medication_choice& out, ingredients depth
) {
    reference read;
    read_member(s, parent, name, read);
    if (!read.is_contained()) {
        out.reference_ = read;
        return;
    }
    out.reference_.display = read.display;
    if (const json::value target = find_contained(s, read.literal)) {
        const step here(s.context, name);
        read_contained(s, target, out, depth);
    }
}

medication_choice read_choice(scope& s, json::value parent, std::string_view prefix, ingredients depth) {
    medication_choice out;
    const json::value both = parent[prefix];
    if (present(both)) {
        const step here(s.context, prefix);
        if (usable_object(s, both)) {
            read_member(s, both, "concept", out.concept_);
            read_reference(s, both, "reference", out, depth);
        }
        return out;
    }
    const choice c = find_choice(s, parent, prefix);
    if (!c)
        return out;
    if (c.type == "CodeableConcept")
        read_member(s, parent, c.name, out.concept_);
    else if (c.type == "Reference")
        read_reference(s, parent, c.name, out, depth);
    else
        report_left_out(s, c);
    return out;
}

} // namespace

medication_choice read_medication_choice(scope& s, json::value parent, std::string_view prefix) {
    return read_choice(s, parent, prefix, ingredients::expand);
}

std::vector<medication_choice> read_ingredients(scope& s, json::value medication) {
    std::vector<medication_choice> out;
    for_each_active_ingredient(s, medication, [&](json::value ingredient) {
        require_any(s, ingredient, "item[x]", {"itemCodeableConcept", "itemReference", "item"});
        out.push_back(read_medication_choice(s, ingredient, "item"));
    });
    return out;
}

void read_body(scope& s, medication& out) {
    read_member(s, s.root, "code", out.code);
    read_form(s, s.root, out.form);
    out.ingredients = read_ingredients(s, s.root);
}

namespace {

void read_repeat(scope& s, json::value repeat, dosage& out) {
    const choice bounds = find_choice(s, repeat, "bounds");
    if (bounds.type == "Period")
        read_member(s, repeat, bounds.name, out.bounds);
    else if (bounds.type == "Duration")
        read_member(s, repeat, bounds.name, out.bounds_length);
    else if (bounds)
        report_left_out(s, bounds);
    out.frequency = read_decimal(s, repeat, "frequency");
    out.period_length = read_decimal(s, repeat, "period");
    out.period_unit = read_code(s, repeat, "periodUnit", {"s", "min", "h", "d", "wk", "mo", "a"});
}

void read_timing(scope& s, json::value parent, dosage& out) {
    const json::value timing = parent["timing"];
    if (!present(timing))
        return;
    const step here(s.context, "timing");
    if (!usable_object(s, timing) || !present(timing["repeat"]))
        return;
    const step inner(s.context, "repeat");
    if (usable_object(s, timing["repeat"]))
        read_repeat(s, timing["repeat"], out);
}

bool is_ordered(json::value dose_and_rate) noexcept {
    for (const json::value c : dose_and_rate["type"]["coding"].elements())
        if (c["code"].text() == "ordered")
            return true;
    return false;
}

/// One dose, or of several the only one that is "ordered" (the others are calculated from it).
void read_dose(scope& s, json::value parent, dosage& out) {
    std::size_t doses = 0, ordered = 0;
    std::optional<quantity> any, by_order;
    for_each(s, parent, "doseAndRate", [&](json::value element) {
        std::optional<quantity> read;
        if (usable_object(s, element))
            read_member(s, element, "doseQuantity", read);
        if (!read)
            return;
        ++doses;
        any = read;
        if (is_ordered(element)) {
            ++ordered;
            by_order = read;
        }
    });
    if (doses == 1)
        out.dose = any;
    else if (ordered == 1)
        out.dose = by_order;
    else if (doses > 1)
        s.context.report(
            severity::warning, issue_type::invariant, "doseAndRate", "more than one dose; none is used",
            parent["doseAndRate"]
        );
    // Where STU3 had it.
    if (doses == 0)
        read_member(s, parent, "doseQuantity", out.dose);
}

} // namespace

bool read_into(scope& s, json::value v, dosage& out) {
    if (!usable_object(s, v))
        return false;
    out.text = read_string(s, v, "text");
    // R5 splits asNeeded[x] into asNeeded and asNeededFor.
    out.as_needed = read_bool(s, v, "asNeededBoolean").value_or(false) ||
                    read_bool(s, v, "asNeeded").value_or(false) || present(v["asNeededCodeableConcept"]) ||
                    v["asNeededFor"].size() > 0;
    read_member(s, v, "route", out.route);
    read_timing(s, v, out);
    read_dose(s, v, out);
    return true;
}

} // namespace trialgate::fhir::reading
