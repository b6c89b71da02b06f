#include "mappings/engine/trial_given.hpp"

#include "mappings/engine/spelling.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace json = fhir::json;
using json::quote;
using json::value;

namespace {

std::string member(std::string_view name, const std::string& content) {
    return ", \"" + std::string(name) + "\": " + content;
}

/// "http://loinc.org|5048-4".
std::string coding(std::string_view text) {
    const std::size_t bar = text.find('|');
    if (bar == std::string_view::npos)
        return "{\"code\": " + quote(text) + '}';
    return "{\"system\": " + quote(text.substr(0, bar)) + ", \"code\": " + quote(text.substr(bar + 1)) + '}';
}

/// A code, "text:words", or a list of these, as CodeableConcept.
std::string codeable(value v, value text = {}) {
    std::string codings, words(text.text());
    const auto add = [&](value one) {
        if (one.text().starts_with("text:"))
            words = one.text().substr(5);
        else if (one.is_object())
            codings += (codings.empty() ? "" : ", ") + to_json(one);
        else
            codings += (codings.empty() ? "" : ", ") + coding(one.text());
    };
    if (v.is_array())
        std::for_each(v.elements().begin(), v.elements().end(), add);
    else if (v)
        add(v);
    std::string out;
    if (!codings.empty())
        out = "\"coding\": [" + codings + ']';
    if (!words.empty())
        out += (out.empty() ? "" : ", ") + std::string("\"text\": ") + quote(words);
    return '{' + out + '}';
}

std::string coded_in(std::string_view system, value code) {
    return "{\"coding\": [{\"system\": " + quote(system) + ", \"code\": " + quote(code.text()) + "}]}";
}

std::string quantity(value number, value unit) {
    return "{\"value\": " + to_json(number) + (unit ? ", \"unit\": " + quote(unit.text()) : "") + '}';
}

std::string period(value from, value to) {
    std::string out;
    if (from)
        out = "\"start\": " + quote(from.text());
    if (to)
        out += (out.empty() ? "" : ", ") + std::string("\"end\": ") + quote(to.text());
    return '{' + out + '}';
}

std::string days(value count) {
    return "{\"value\": " + to_json(count) +
           R"(, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"})";
}

/// The members value[x] or dataAbsentReason of an Observation, with a leading comma.
std::string observation_value(value v, value unit) {
    if (v.is_string())
        return member("valueString", quote(v.text()));
    if (v.is_boolean())
        return member("valueBoolean", to_json(v));
    if (v.is_number())
        return member("valueQuantity", quantity(v, unit));
    if (v["ratio"])
        return member(
            "valueRatio", "{\"numerator\": {\"value\": " + to_json(v["ratio"][std::size_t{0}]) +
                              "}, \"denominator\": {\"value\": " + to_json(v["ratio"][std::size_t{1}]) + "}}"
        );
    if (v["range"])
        return member(
            "valueRange", "{\"low\": " + quantity(v["range"][std::size_t{0}], v["unit"]) +
                              ", \"high\": " + quantity(v["range"][std::size_t{1}], v["unit"]) + '}'
        );
    if (v["absent"])
        return member(
            "dataAbsentReason",
            coded_in("http://terminology.hl7.org/CodeSystem/data-absent-reason", v["absent"])
        );
    if (v["coding"] || (v["text"] && !v["value"]))
        return member("valueCodeableConcept", codeable(v["coding"], v["text"]));
    return member("valueQuantity", to_json(v));
}

std::string reference_range(value r, value unit) {
    std::string out;
    for (const char* end : {"low", "high"})
        if (r[end])
            out += (out.empty() ? "" : ", ") + ('"' + std::string(end) + "\": ") +
                   quantity(r[end], r["unit"] ? r["unit"] : unit);
    if (r["text"])
        out += (out.empty() ? "" : ", ") + std::string("\"text\": ") + quote(r["text"].text());
    return '{' + out + '}';
}

} // namespace

std::string to_json(value v) {
    switch (v.type()) {
    case json::kind::missing:
    case json::kind::null:
        return "null";
    case json::kind::boolean:
        return v.as_bool() ? "true" : "false";
    case json::kind::number:
        return std::string(v.text());
    case json::kind::string:
        return quote(v.text());
    case json::kind::array: {
        std::string out = "[";
        for (const value& e : v.elements())
            out += (out.size() > 1 ? ", " : "") + to_json(e);
        return out + ']';
    }
    case json::kind::object: {
        std::string out = "{";
        for (const json::member& m : v.members())
            out += (out.size() > 1 ? ", " : "") + quote(m.name) + ": " + to_json(m.content);
        return out + '}';
    }
    }
    return "null";
}

/// The members of an item; what nobody asked for is a mistake.
class given_reader::fields {
public:
    fields(const json_file& file, value item) : file_(file), item_(item) {}
    value take(std::string_view name) {
        asked_.push_back(name);
        return item_[name];
    }
    value item() const noexcept { return item_; }
    bool has(std::string_view name) const { return static_cast<bool>(item_[name]); }
    /// One text of a few, the first when absent.
    std::string_view one_of(std::string_view name, std::initializer_list<std::string_view> allowed) {
        const value v = take(name);
        if (!v)
            return *allowed.begin();
        const auto found = std::find(allowed.begin(), allowed.end(), v.text());
        if (found != allowed.end())
            return *found;
        file_.report(
            problem::level::error, "wrong-type", v,
            "'" + std::string(v.text()) + "' is no value of '" + std::string(name) + "'",
            nearest_hint(v.text(), allowed)
        );
        return *allowed.begin();
    }
    void finish() const {
        for (const json::member& m : item_.members())
            if (std::find(asked_.begin(), asked_.end(), m.name) == asked_.end())
                file_.report(
                    problem::level::error, "unknown-member", m,
                    "this item has no member '" + std::string(m.name) + "'", nearest_hint(m.name, asked_)
                );
    }

private:
    const json_file& file_;
    value item_;
    std::vector<std::string_view> asked_;
};

void given_reader::read(value list, std::vector<given_resource>& to) {
    if (list && !list.is_array())
        file_.report(
            problem::level::error, "wrong-type", list,
            "expected a list of what is given, found " + std::string(kind_name(list))
        );
    for (const value& item : list.elements())
        read_item(item, to);
}

void given_reader::read_item(value item, std::vector<given_resource>& to) {
    static constexpr std::array<std::string_view, 7> kinds{"lab",     "condition", "drug",  "procedure",
                                                           "patient", "resource",  "delete"};
    fields f(file_, item);
    const std::size_t first = to.size();
    if (f.has("lab"))
        read_lab(f, to);
    else if (f.has("condition"))
        read_condition(f, to);
    else if (f.has("drug"))
        read_drug(f, to);
    else if (f.has("procedure"))
        read_procedure(f, to);
    else if (f.has("patient"))
        read_patient(f, to);
    else if (f.has("resource"))
        to.push_back({to_json(f.take("resource")), {}, item});
    else if (f.has("delete"))
        to.push_back({{}, std::string(f.take("delete").text()), item});
    else {
        nearest_name near(item.members().empty() ? std::string_view{} : item.members().front().name);
        for (const std::string_view kind : kinds)
            near.consider(kind);
        file_.report(
            problem::level::error, "unknown-item", item,
            "an item is one of lab, condition, drug, procedure, patient, resource, delete", near.hint()
        );
        return;
    }
    f.finish();
    for (std::size_t i = first; i < to.size(); ++i)
        to[i].at = item;
}

// resourceType, id, meta, subject and what all kinds share; the closing brace is left to the caller.
std::string given_reader::start(fields& f, std::string_view type) {
    ++count_;
    const value id = f.take("id");
    std::string out = "{\"resourceType\": " + quote(type) +
                      member("id", id ? quote(id.text()) : quote("given-" + std::to_string(count_)));
    const value version = f.take("version"), updated = f.take("updated");
    if (version || updated) {
        out += ", \"meta\": {";
        if (version)
            out += "\"versionId\": " + quote(version.text());
        if (updated)
            out += (version ? ", " : "") + std::string("\"lastUpdated\": ") + quote(updated.text());
        out += '}';
    }
    if (const value identifier = f.take("identifier"))
        out += member(
            "identifier",
            "[{\"system\": \"urn:example:identifier\", \"value\": " + quote(identifier.text()) + "}]"
        );
    out += member("subject", "{\"reference\": \"Patient/" + std::string(patient) + "\"}");
    return out;
}

void given_reader::read_lab(fields& f, std::vector<given_resource>& to) {
    std::string out = start(f, "Observation");
    const std::string number = std::to_string(count_);
    out += member(
        "status", quote(f.one_of(
                      "status", {"final", "registered", "preliminary", "amended", "corrected", "cancelled",
                                 "entered-in-error", "unknown"}
                  ))
    );
    out += member("code", codeable(f.take("lab"), f.take("text")));
    if (const value on = f.take("on"))
        out += member("effectiveDateTime", quote(on.text()));
    if (const value issued = f.take("issued"))
        out += member("issued", quote(issued.text()));
    const value unit = f.take("unit");
    if (const value v = f.take("value"))
        out += observation_value(v, unit);
    if (const value r = f.take("range")) {
        std::string all;
        if (r.is_array())
            for (const value& one : r.elements())
                all += (all.empty() ? "" : ", ") + reference_range(one, unit);
        else
            all = reference_range(r, unit);
        out += member("referenceRange", '[' + all + ']');
    }
    if (const value said = f.take("interpretation"))
        out += member(
            "interpretation",
            '[' + coded_in("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", said) + ']'
        );
    if (const value method = f.take("method"))
        out += member("method", codeable({}, method));
    if (const value note = f.take("note"))
        out += member("note", "[{\"text\": " + quote(note.text()) + "}]");
    if (const value specimen = f.take("specimen")) {
        const bool elsewhere = specimen.text().starts_with("Specimen/");
        const std::string id =
            elsewhere ? std::string(specimen.text().substr(9)) : "given-" + number + "-specimen";
        out += member("specimen", "{\"reference\": " + quote("Specimen/" + id) + '}');
        if (!elsewhere)
            to.push_back(
                {"{\"resourceType\": \"Specimen\", \"id\": " + quote(id) +
                     member("type", codeable({}, specimen)) +
                     member("subject", "{\"reference\": \"Patient/" + std::string(patient) + "\"}") + '}',
                 {},
                 {}}
            );
    }
    to.push_back({out + '}', {}, {}});
}

void given_reader::read_condition(fields& f, std::vector<given_resource>& to) {
    std::string out = start(f, "Condition");
    out += member("code", codeable(f.take("condition"), f.take("text")));
    constexpr std::array<std::array<std::string_view, 2>, 2> statuses{
        {{"verification", "verificationStatus"}, {"clinical", "clinicalStatus"}}};
    for (const auto& [name, element] : statuses)
        if (const value v = f.take(name))
            out += member(
                element,
                coded_in(
                    name == "verification" ? "http://terminology.hl7.org/CodeSystem/condition-ver-status"
                                           : "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    v
                )
            );
    if (const value category = f.take("category"))
        out += member(
            "category",
            '[' + coded_in("http://terminology.hl7.org/CodeSystem/condition-category", category) + ']'
        );
    if (const value on = f.take("on"))
        out += member("onsetDateTime", quote(on.text()));
    if (const value abated = f.take("abated"))
        out += member("abatementDateTime", quote(abated.text()));
    if (const value recorded = f.take("recorded"))
        out += member("recordedDate", quote(recorded.text()));
    to.push_back({out + '}', {}, {}});
}

void given_reader::read_drug(fields& f, std::vector<given_resource>& to) {
    const std::string_view as = f.one_of("as", {"statement", "request", "dispense", "administration"});
    const bool request = as == "request", statement = as == "statement", dispense = as == "dispense";
    std::string out = start(
        f, request     ? "MedicationRequest"
           : statement ? "MedicationStatement"
           : dispense  ? "MedicationDispense"
                       : "MedicationAdministration"
    );
    const value drug = f.take("drug"), text = f.take("text");
    if (drug.text().starts_with("Medication/"))
        out += member("medicationReference", "{\"reference\": " + quote(drug.text()) + '}');
    else
        out += member("medicationCodeableConcept", codeable(drug, text));
    const value from = f.take("from"), end = f.take("to"), status = f.take("status"),
                supply = f.take("daysSupply");
    const std::string_view usual = request     ? "active"
                                   : statement ? (end ? "completed" : "active")
                                               : "completed";
    out += member("status", quote(status ? status.text() : usual));
    const value route = f.take("route");
    std::string dosage = route ? "\"route\": " + codeable({}, route) : std::string{};
    if (request) {
        const value intent = f.take("intent"), authored = f.take("authored");
        out += member("intent", quote(intent ? intent.text() : "order"));
        if (f.take("doNotPerform").as_bool())
            out += member("doNotPerform", "true");
        if (authored || from)
            out += member("authoredOn", quote((authored ? authored : from).text()));
        if (authored && (from || end))
            dosage += (dosage.empty() ? "" : ", ") +
                      std::string("\"timing\": {\"repeat\": {\"boundsPeriod\": ") + period(from, end) + "}}";
        std::string dispensing;
        if (!authored && end)
            dispensing = "\"validityPeriod\": " + period(from, end);
        if (supply)
            dispensing +=
                (dispensing.empty() ? "" : ", ") + std::string("\"expectedSupplyDuration\": ") + days(supply);
        if (const value repeats = f.take("repeats"))
            dispensing += (dispensing.empty() ? "" : ", ") + std::string("\"numberOfRepeatsAllowed\": ") +
                          to_json(repeats);
        if (!dispensing.empty())
            out += member("dispenseRequest", '{' + dispensing + '}');
    } else if (dispense) {
        if (from)
            out += member("whenHandedOver", quote(from.text()));
        if (supply)
            out += member("daysSupply", days(supply));
    } else if (from || end) {
        const bool moment = !statement && from && !end;
        out += moment ? member("effectiveDateTime", quote(from.text()))
                      : member("effectivePeriod", period(from, end));
    }
    if (const value dose = f.take("dosage"))
        out += member(request || dispense ? "dosageInstruction" : "dosage", to_json(dose));
    else if (!dosage.empty())
        out += request || dispense ? member("dosageInstruction", "[{" + dosage + "}]")
               : statement         ? member("dosage", "[{" + dosage + "}]")
                                   : member("dosage", '{' + dosage + '}');
    to.push_back({out + '}', {}, {}});
}

void given_reader::read_procedure(fields& f, std::vector<given_resource>& to) {
    std::string out = start(f, "Procedure");
    const value status = f.take("status");
    out += member("status", quote(status ? status.text() : "completed"));
    out += member("code", codeable(f.take("procedure"), f.take("text")));
    const value on = f.take("on"), from = f.take("from"), end = f.take("to");
    if (on)
        out += member("performedDateTime", quote(on.text()));
    else if (from || end)
        out += member("performedPeriod", period(from, end));
    to.push_back({out + '}', {}, {}});
}

void given_reader::read_patient(fields& f, std::vector<given_resource>& to) {
    const value about = f.take("patient");
    std::string out = "{\"resourceType\": \"Patient\"";
    if (!about["id"])
        out += member("id", quote(patient));
    for (const json::member& m : about.members())
        out += member(m.name, to_json(m.content));
    to.push_back({out + '}', {}, {}});
}

} // namespace trialgate::mappings
