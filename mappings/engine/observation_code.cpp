#include "mappings/engine/observation_code.hpp"

#include "fhir/ascii.hpp"
#include "mappings/engine/text_number.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace {

using namespace written;

std::vector<concept_id> analytes_of(const fhir::coding& c, const catalog& codes) {
    std::vector<concept_id> out;
    for (const meaning& m : codes.lookup(c.system, c.code))
        if (codes.analyte_of(m.concept_))
            out.push_back(m.concept_);
    return out;
}

bool includes(concept_id group, concept_id one, const catalog& codes) {
    const auto members = codes.members(group);
    return group == one || std::find(members.begin(), members.end(), one) != members.end();
}

// "dsdna.presence" and "dsdna.titer" are one analyte where the library has a group "dsdna" that includes both; "creatinine.serum" and
// "creatinine.urine" are not, because no group joins them.
bool joined(concept_id a, concept_id b, const catalog& codes) {
    const std::string_view one = codes.id(a), other = codes.id(b);
    const std::string_view stem = one.substr(0, one.find('.'));
    if (other.substr(0, other.find('.')) != stem)
        return false;
    const concept_id group = codes.find(stem);
    return group != concept_id::none && includes(group, a, codes) && includes(group, b, codes);
}

bool compatible(const std::vector<concept_id>& a, const std::vector<concept_id>& b, const catalog& codes) {
    return std::any_of(a.begin(), a.end(), [&](concept_id x) {
        return std::any_of(b.begin(), b.end(), [&](concept_id y) {
            return includes(x, y, codes) || includes(y, x, codes) || joined(x, y, codes);
        });
    });
}

// A whole word, or where `word` ends in '*' the beginning of one.
bool has_word(std::string_view text, std::string_view word) {
    const bool beginning = word.ends_with('*');
    if (beginning)
        word.remove_suffix(1);
    const auto in_word = [text](std::size_t i) { return i < text.size() && (is_letter(text[i]) || is_digit(text[i])); };
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
        if ((at == 0 || !in_word(at - 1)) && (beginning || !in_word(at + word.size())))
            return true;
    return false;
}

constexpr auto reference_words = std::to_array<std::string_view>(
    {"crithidia*", "clift*", "farr", "ria", "radioimmuno*", "radioligand*", "ifa", "iif", "ifat", "iift",
     "immunofluor*", "indirect fluorescen*"}
);
constexpr auto immunoassay_words = std::to_array<std::string_view>(
    {"elisa*", "eia", "clia", "cmia", "eclia", "feia", "fia", "immunoassay*", "multiplex*", "luminex*", "chemilumin*",
     "enzyme*", "immunoenz*", "fluoroenzyme*", "alegria*", "bead*", "immunoblot*"}
);

} // namespace

code_match match_code(const fhir::codeable_concept& code, const extraction& with, note_set& notes) {
    code_match out{meanings_of(code, with, notes), false};
    if (out.meanings.size() < 2)
        return out;
    std::vector<std::vector<concept_id>> each;
    for (const fhir::coding& c : code.codings)
        if (auto about = analytes_of(c, with.codes); !about.empty())
            each.push_back(std::move(about));
    for (std::size_t i = 0; i < each.size() && !out.conflicting; ++i)
        for (std::size_t k = i + 1; k < each.size() && !out.conflicting; ++k)
            out.conflicting = !compatible(each[i], each[k], with.codes);
    return out;
}

assay assay_of(const fhir::codeable_concept& method) {
    std::string text = fhir::lower(plain_text(method.text.substr(0, 300)));
    for (const fhir::coding& c : method.codings) {
        text += ' ';
        text += fhir::lower(plain_text(c.display.substr(0, 300)));
        text += ' ';
        text += fhir::lower(c.code.substr(0, 60));
    }
    const auto any = [&text](const auto& words) {
        return std::any_of(words.begin(), words.end(), [&text](std::string_view w) { return has_word(text, w); });
    };
    const bool reference = any(reference_words), immunoassay = any(immunoassay_words);
    if (reference == immunoassay)
        return assay::unknown;
    return reference ? assay::reference : assay::immunoassay;
}

} // namespace trialgate::mappings
