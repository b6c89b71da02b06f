#include "mappings/engine/specimen_kind.hpp"

#include "fhir/ascii.hpp"
#include "mappings/engine/text_number.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace trialgate::mappings {

namespace {

using entry = std::pair<std::string_view, std::string_view>;

constexpr auto codes = std::to_array<entry>({
    // SNOMED CT
    {"119364003", "serum"}, {"119361006", "plasma"}, {"119297000", "blood"}, {"122555007", "blood"},
    {"122552005", "blood"}, {"258580003", "blood"}, {"122575003", "urine"}, {"258450006", "csf"},
    {"418564007", "pleural"}, {"122571007", "pericardial"}, {"168139001", "peritoneal"}, {"119332005", "synovial"},
    {"119339001", "stool"}, {"119342007", "saliva"}, {"119359002", "marrow"},
    // HL7 v2 table 0487
    {"SER", "serum"}, {"PLAS", "plasma"}, {"BLD", "blood"}, {"BLDV", "blood"}, {"BLDA", "blood"}, {"BLDC", "blood"},
    {"UR", "urine"}, {"URC", "urine"}, {"CSF", "csf"}, {"PLR", "pleural"}, {"STL", "stool"}, {"SAL", "saliva"},
    {"TISS", "tissue"},
});

// Beginnings of words; those that tell more first ("pleural fluid", "blood serum", "urine sediment").
constexpr auto words = std::to_array<entry>({
    {"csf", "csf"}, {"cerebrospinal", "csf"}, {"spinal fluid", "csf"}, {"liquor", "csf"}, {"lcr", "csf"},
    {"pleura", "pleural"}, {"pericard", "pericardial"}, {"peritone", "peritoneal"}, {"ascit", "peritoneal"},
    {"synovia", "synovial"}, {"joint fluid", "synovial"}, {"bone marrow", "marrow"}, {"stool", "stool"},
    {"feces", "stool"}, {"faeces", "stool"}, {"saliva", "saliva"}, {"biops", "tissue"}, {"tissue", "tissue"},
    {"urin", "urine"}, {"orina", "urine"}, {"harn", "urine"}, {"serum", "serum"}, {"suero", "serum"},
    {"s\xC3\xA9rum", "serum"}, {"siero", "serum"}, {"plasma", "plasma"}, {"blood", "blood"}, {"blut", "blood"},
    {"sangre", "blood"}, {"sang", "blood"}, {"vollblut", "blood"},
});

} // namespace

std::string_view specimen_kind(std::string_view raw) {
    const std::string text = fhir::lower(written::plain_text(raw.substr(0, 200)));
    for (const auto& [word, kind] : words)
        for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
            if (at == 0 || !written::is_letter(text[at - 1]))
                return kind;
    return {};
}

std::string_view specimen_kind(const fhir::codeable_concept& type) {
    for (const fhir::coding& c : type.codings)
        for (const auto& [code, kind] : codes)
            if (c.code == code)
                return kind;
    for (const fhir::coding& c : type.codings)
        if (const auto kind = specimen_kind(c.display); !kind.empty())
            return kind;
    return specimen_kind(type.text);
}

} // namespace trialgate::mappings
