#include "mappings/engine/interpretation.hpp"

#include "fhir/ascii.hpp"
#include "mappings/engine/reference_range.hpp"
#include "mappings/engine/text_number.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace {

using namespace written;

enum class flag : std::uint8_t {
    positive, negative, equivocal, low, high, normal, abnormal, off_scale_low, off_scale_high, failed
};

struct flag_code {
    std::string_view code;
    flag means;
};

// v3 ObservationInterpretation and v2-0078 use the same letters for these.
constexpr auto flag_codes = std::to_array<flag_code>({
    {"POS", flag::positive},  {"DET", flag::positive},     {"RR", flag::positive},       {"NEG", flag::negative},
    {"ND", flag::negative},   {"NR", flag::negative},      {"WR", flag::equivocal},      {"E", flag::equivocal},
    {"IND", flag::equivocal}, {"L", flag::low},            {"LL", flag::low},            {"LU", flag::low},
    {"H", flag::high},        {"HH", flag::high},          {"HU", flag::high},           {"N", flag::normal},
    {"A", flag::abnormal},    {"AA", flag::abnormal},      {"<", flag::off_scale_low},   {">", flag::off_scale_high},
    {"QCF", flag::failed},    {"H*", flag::high},          {"L*", flag::low},
});

constexpr auto flag_words = std::to_array<flag_code>({
    {"high", flag::high},                      {"critically high", flag::high},
    {"critical high", flag::high},             {"significantly high", flag::high},
    {"above high normal", flag::high},         {"above reference range", flag::high},
    {"low", flag::low},                        {"critically low", flag::low},
    {"critical low", flag::low},               {"significantly low", flag::low},
    {"below low normal", flag::low},           {"below reference range", flag::low},
    {"normal", flag::normal},                  {"within reference range", flag::normal},
    {"within normal limits", flag::normal},    {"abnormal", flag::abnormal},
    {"critical abnormal", flag::abnormal},     {"critically abnormal", flag::abnormal},
    {"off scale low", flag::off_scale_low},    {"off scale high", flag::off_scale_high},
});

// Qualifier values: clinical reference 9.2; reactive, weakly positive and the answers about ranges from the same hierarchy.
constexpr auto snomed_flags = std::to_array<flag_code>({
    {"10828004", flag::positive},   {"260373001", flag::positive},  {"52101004", flag::positive},
    {"11214006", flag::positive},   {"260385009", flag::negative},  {"260415000", flag::negative},
    {"2667000", flag::negative},    {"131194007", flag::negative},  {"42425007", flag::equivocal},
    {"419984006", flag::equivocal}, {"82334004", flag::equivocal},  {"260408008", flag::equivocal},
    {"17621005", flag::normal},     {"263654008", flag::abnormal},  {"75540009", flag::high},
    {"62482003", flag::low},        {"281302008", flag::high},      {"281300000", flag::low},
    {"281301001", flag::normal},    {"373066001", flag::positive},  {"373067005", flag::negative},
});

constexpr auto loinc_flags = std::to_array<flag_code>({
    {"LA6576-8", flag::positive},  {"LA6577-6", flag::negative},   {"LA11882-0", flag::positive},
    {"LA11883-8", flag::negative}, {"LA11884-6", flag::equivocal}, {"LA11885-3", flag::equivocal},
    {"LA9663-1", flag::equivocal}, {"LA15255-5", flag::positive},  {"LA15256-3", flag::negative},
    {"LA6626-1", flag::normal},    {"LA33-6", flag::positive},     {"LA32-8", flag::negative},
});

template <class Table>
std::optional<flag> in(const Table& table, std::string_view code) {
    const auto at = std::find_if(table.begin(), table.end(), [code](const flag_code& f) { return f.code == code; });
    return at == table.end() ? std::nullopt : std::optional<flag>(at->means);
}

bool is_interpretation_system(std::string_view system) {
    // The terminology server's names, those of older versions of FHIR, and OIDs. Interfaces leave the system out, too.
    return system.empty() || system.find("ObservationInterpretation") != std::string_view::npos ||
           system.find("observation-interpretation") != std::string_view::npos || system.ends_with("v2-0078") ||
           system.ends_with("v2/0078") || system.ends_with("2.16.840.1.113883.5.83") ||
           system.ends_with("2.16.840.1.113883.12.78") || system == "HL70078";
}

std::optional<flag> flag_of(const fhir::coding& c, const catalog& codes) {
    const std::string_view known = codes.system(c.system);
    const std::string_view system = known.empty() ? c.system : known;
    if (system == "http://snomed.info/sct")
        return in(snomed_flags, c.code);
    if (system == "http://loinc.org")
        return in(loinc_flags, c.code);
    return std::nullopt;
}

std::optional<flag> flag_of_finding(finding f) {
    switch (f) {
    case finding::positive: return flag::positive;
    case finding::negative: return flag::negative;
    case finding::equivocal: return flag::equivocal;
    case finding::none: break;
    }
    return std::nullopt;
}

std::optional<flag> flag_of_words(std::string_view raw, const catalog& codes) {
    if (raw.empty())
        return std::nullopt;
    const std::string text = plain_text(raw);
    if (const auto as_code = in(flag_codes, text))
        return as_code;
    if (const auto as_word = in(flag_words, fhir::lower(text)))
        return as_word;
    return flag_of_finding(finding_of(codes.result_word(text)));
}

void add(interpretation& out, flag f) {
    const auto say = [&out](finding found) {
        if (out.found != finding::none && out.found != found)
            out.contradictory = true;
        out.found = found;
    };
    switch (f) {
    case flag::positive: say(finding::positive); break;
    case flag::negative: say(finding::negative); break;
    case flag::equivocal: say(finding::equivocal); break;
    case flag::low: out.low = true; break;
    case flag::high: out.high = true; break;
    case flag::normal: out.normal = true; break;
    case flag::abnormal: out.abnormal = true; break;
    case flag::off_scale_low: out.low = out.off_scale_low = true; break;
    case flag::off_scale_high: out.high = out.off_scale_high = true; break;
    case flag::failed: out.failed = true; break;
    }
}

finding answer_of(std::optional<flag> f) {
    if (!f)
        return finding::none;
    switch (*f) {
    case flag::positive:
    case flag::abnormal: return finding::positive;
    case flag::negative:
    case flag::normal: return finding::negative;
    case flag::equivocal: return finding::equivocal;
    default: return finding::none;
    }
}

finding answer_of_words(std::string_view text, const catalog& codes) {
    const std::string word = fhir::lower(plain_text(text));
    if (word == "yes" || word == "y")
        return finding::positive;
    if (word == "no" || word == "n")
        return finding::negative;
    return finding_of(codes.result_word(text));
}

} // namespace

finding interpretation::for_presence() const noexcept {
    if (found != finding::none)
        return found;
    if (high)
        return finding::positive;
    if (low)
        return finding::negative;
    return abnormal ? finding::positive : normal ? finding::negative : finding::none;
}

interpretation read_interpretation(std::span<const fhir::codeable_concept> all, const catalog& codes) {
    interpretation out;
    for (const fhir::codeable_concept& each : all) {
        bool understood = false;
        for (const fhir::coding& c : each.codings) {
            std::optional<flag> f = is_interpretation_system(c.system) ? in(flag_codes, c.code) : flag_of(c, codes);
            if (!f)
                f = flag_of_words(c.display, codes);
            if (f)
                add(out, *f);
            understood = understood || f;
        }
        if (understood)
            continue;
        if (const auto f = flag_of_words(each.text, codes))
            add(out, *f);
    }
    if ((out.low && out.high) || (out.normal && (out.abnormal || out.low || out.high)) ||
        (out.normal && out.found == finding::positive) || (out.abnormal && out.found == finding::negative))
        out.contradictory = true;
    return out;
}

coded_finding read_coded_finding(const fhir::codeable_concept& value, const catalog& codes) {
    coded_finding out;
    const auto say = [&out](finding f) {
        if (f == finding::none)
            return;
        if (out.found != finding::none && out.found != f)
            out.contradictory = true;
        out.found = f;
    };
    bool coded = false;
    for (const fhir::coding& c : value.codings) {
        std::optional<flag> f = flag_of(c, codes);
        if (!f && !c.system.empty() && is_interpretation_system(c.system))
            f = in(flag_codes, c.code);
        coded = coded || answer_of(f) != finding::none;
        say(answer_of(f));
    }
    say(answer_of_words(value.text, codes));
    if (!coded)
        for (const fhir::coding& c : value.codings)
            say(answer_of_words(c.display.empty() ? c.code : c.display, codes));
    if (out.found == finding::none)
        out.no_result = codes.result_word(value.text) == catalog::word::no_result ||
                        std::any_of(value.codings.begin(), value.codings.end(), [&](const fhir::coding& c) {
                            return codes.result_word(c.display) == catalog::word::no_result;
                        });
    return out;
}

} // namespace trialgate::mappings
