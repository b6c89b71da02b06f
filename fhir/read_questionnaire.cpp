#include "fhir/read_types.hpp"

namespace trialgate::fhir::reading {

namespace {

constexpr int most_nested = 32;
constexpr std::size_t most_answers = 100'000;

void read_items(scope& s, json::value parent, int depth, questionnaire_response& out);

void read_item(scope& s, json::value item, int depth, questionnaire_response& out) {
    if (!usable_object(s, item))
        return;
    require(s, item, "linkId");
    questionnaire_answer asked;
    asked.link_id = read_string(s, item, "linkId");
    asked.text = read_string(s, item, "text");

    std::size_t answered = 0;
    for_each(
        s, item, "answer",
        [&](json::value answer) {
            if (!usable_object(s, answer))
                return;
            ++answered;
            out.answers.push_back(asked);
            out.answers.back().value = read_answer_value(s, answer);
            read_items(s, answer, depth + 1, out);
        },
        cardinality::one_or_many
    );
    if (answered == 0)
        out.answers.push_back(std::move(asked));
    read_items(s, item, depth + 1, out);
}

void read_items(scope& s, json::value parent, int depth, questionnaire_response& out) {
    const json::value items = parent["item"];
    if (!present(items))
        return;
    if (depth > most_nested || out.answers.size() > most_answers) {
        s.context.report(
            severity::error, issue_type::too_costly, "item", "nested too deep or too many; left out", items
        );
        return;
    }
    for_each(
        s, parent, "item", [&](json::value item) { read_item(s, item, depth, out); }, cardinality::one_or_many
    );
}

} // namespace

void read_body(scope& s, questionnaire_response& out) {
    const json::value v = s.root;
    require(s, v, "status");
    out.questionnaire = read_token(s, v, "questionnaire");
    out.status =
        read_code(s, v, "status", {"completed", "in-progress", "amended", "entered-in-error", "stopped"});
    read_member(s, v, "subject", out.subject);
    out.authored = read_date_time(s, v, "authored");
    read_items(s, v, 0, out);
}

} // namespace trialgate::fhir::reading
