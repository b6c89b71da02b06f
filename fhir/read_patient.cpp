#include "fhir/read_types.hpp"

namespace trialgate::fhir::reading {

namespace {

std::optional<date_time> read_birth_date(scope& s) {
    auto born = read_date_time(s, s.root, "birthDate");
    if (!born || born->precise != precision::second)
        return born;
    // A birth date is the date as written: converted to another zone it would be a day off.
    s.context.report(
        severity::warning, issue_type::value, "birthDate", "a date is expected; the time is left out",
        s.root["birthDate"]
    );
    born->precise = precision::day;
    born->second_of_day = 0;
    born->offset.reset();
    return born;
}

void read_deceased(scope& s, patient& out) {
    const json::value v = s.root;
    const auto flag = read_bool(s, v, "deceasedBoolean");
    out.deceased_on = read_date_time(s, v, "deceasedDateTime");
    // A date that cannot be read still says that the person died.
    const bool dated = v["deceasedDateTime"].is_string();
    out.deceased = flag.value_or(false) || dated;

    if (flag && dated)
        s.context.report(
            *flag ? severity::warning : severity::error, issue_type::invariant, "deceased[x]",
            "both a boolean and a date; the person is taken for deceased", v["deceasedDateTime"]
        );
    else if (!dated && v["_deceasedDateTime"].size() > 0)
        s.context.report(
            severity::warning, issue_type::informational, "deceasedDateTime",
            "without a value: the person is not taken for deceased", v["_deceasedDateTime"]
        );
}

} // namespace

void read_body(scope& s, patient& out) {
    const json::value v = s.root;
    out.active = read_bool(s, v, "active");
    out.gender = read_code(s, v, "gender", {"male", "female", "other", "unknown"});
    out.birth_date = read_birth_date(s);
    read_deceased(s, out);
    for_each(s, v, "link", [&](json::value link) {
        if (!usable_object(s, link))
            return;
        require(s, link, "other");
        require(s, link, "type");
        patient_link read;
        read_member(s, link, "other", read.other);
        read.type = read_code(s, link, "type", {"replaced-by", "replaces", "refer", "seealso"});
        out.links.push_back(std::move(read));
    });
}

} // namespace trialgate::fhir::reading
