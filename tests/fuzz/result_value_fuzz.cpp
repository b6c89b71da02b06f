// Any text as a value, its range and its interpretation (parts separated by '|'), for every kind of analyte: nothing crashes, and what is
// called usable is whole.
#include "mappings/engine/reference_range.hpp"
#include "mappings/engine/result_value.hpp"
#include "mappings/engine/text_number.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

void require(bool fact) {
    if (!fact)
        std::abort();
}

const catalog& words() {
    static const std::shared_ptr<const catalog> loaded = [] {
        const std::array<source_file, 1> files{
            {{"words.json", R"({"words": {"positive": ["positive", "pos"], "negative": ["negative", "not detected", "normal"],
              "equivocal": ["borderline"], "noResult": ["see note"]}})"}}};
        std::vector<problem> problems;
        return catalog::load(files, {}, problems);
    }();
    return *loaded;
}

std::array<analyte, 6> analytes() {
    std::array<analyte, 6> out;
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i].kind = static_cast<analyte_kind>(i);
    analyte& quantity = out[0];
    quantity.unit = "mg/dL";
    quantity.units["umol/L"] = {{5, 442}, {}, false};
    quantity.units["F"] = {{5, 9}, {32, 0}, true};
    quantity.plausible_min = fhir::decimal{2, -1};
    quantity.plausible_max = fhir::decimal{20, 0};
    quantity.without_unit = analyte::no_unit::by_range;
    out[1].unit = "{titer}";
    out[1].screening_dilution = 80;
    out[2].screening_dilution = 40;
    out[3].scale = {{"neg", {0, 0}}, {"trace", {5, -1}}, {"1+", {1, 0}}, {"2+", {2, 0}}, {"30 mg/dl", {1, 0}}};
    out[4].unit = "/[HPF]";
    out[4].words["tntc"] = {fhir::decimal{50, 0}, std::nullopt, true, false};
    out[5].integer = true;
    return out;
}

void check(const read_result& r, const analyte* about) {
    require(r.text.size() <= 60);
    if (!r.said)
        return;
    if (r.found.has_value) {
        require(!written::is_empty(r.found.value));
        require(r.found.value.low || r.found.value.high);
        require(about != nullptr);
    }
    require(!(r.found.use == usability::value_unusable && r.found.has_value));
    require(!(r.found.use == usability::unit_unusable && r.found.has_value));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::array<analyte, 6> known = analytes();
    std::string_view all(reinterpret_cast<const char*>(data), size);
    std::array<std::string_view, 3> parts;
    for (std::string_view& p : parts) {
        const std::size_t end = std::min(all.find('|'), all.size());
        p = all.substr(0, end);
        all.remove_prefix(std::min(end + 1, all.size()));
    }
    const std::array<fhir::codeable_concept, 1> flags{{{{}, parts[2]}}};
    std::array<fhir::reference_range, 1> ranges;
    ranges[0].text = parts[1];
    for (std::size_t i = 0; i <= known.size(); ++i) {
        const analyte* about = i == known.size() ? nullptr : &known[i];
        const fhir::observation_value as_text = parts[0];
        check(read_result_of({as_text, flags, ranges}, about, words()), about);
        const fhir::observation_value as_concept = fhir::codeable_concept{{}, parts[0]};
        check(read_result_of({as_concept, flags, ranges}, about, words()), about);
        fhir::quantity q;
        q.value = fhir::parse_decimal(parts[0], &q.value_exact);
        q.unit = parts[1];
        q.code = parts[2];
        const fhir::observation_value as_quantity = q;
        check(read_result_of({as_quantity, flags, ranges}, about, words()), about);
    }
    const result_limits limits = read_range_text(parts[1], false, words());
    for (const result_band& b : limits.bands)
        require(!written::is_empty(b.span) && b.means != finding::none);
    return 0;
}
