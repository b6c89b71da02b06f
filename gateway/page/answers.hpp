// What handlers of the API share beside api.hpp: reading parameters and bodies strictly, writing answers. No sentence names what the client sent: it
// may be about a patient.
#pragma once

#include "gateway/core/json_text.hpp"
#include "gateway/core/report_json.hpp"
#include "gateway/page/api.hpp"

namespace trialgate::gateway {

/// Nothing when the configuration has no such trial.
const mappings::compiled_trial* find_trial(const page_setting& setting, std::string_view id) noexcept;

/// A parameter of the query; `otherwise` without it, api_error 400 when it is no number in the range.
std::int64_t query_number(const api_request& request, std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most);
/// The parameter {id}: api_error 404 unless it is a positive number.
std::int64_t path_id(const api_request& request);

/// 204.
http_response done();

/// A change and its row of the trail in one transaction: when this returns true, both are durable. `work` as for committer::submit; it returns whether it changed
/// anything. False: it did not, and the router tells the trail how the request was answered. api_error 503 when nothing was written: nothing was changed then.
/// What `work` makes of `note` stands in the row; it sets, for it may be run again.
bool commit(const api_ground& ground, audit_note& note, const std::function<bool(store&)>& work);

/// The JSON object of a request. Every function throws api_error 400.
class api_body {
public:
    api_body(const std::string& text, std::initializer_list<std::string_view> known);
    /// Empty when it is not there.
    std::string text(std::string_view name, std::size_t most = 4'000) const;
    /// More than white space.
    std::string needed(std::string_view name, std::size_t most = 4'000) const;
    std::int64_t number(std::string_view name, std::int64_t least, std::int64_t most) const;
    fhir::json::value operator[](std::string_view name) const noexcept { return content_[name]; }

private:
    fhir::json::parser parser_;
    fhir::json::value content_;
};

/// Characters of a text, each well-formed and none a control character; line breaks and tabs only where `lines`. api_error 400 otherwise.
std::size_t characters(std::string_view text, std::string_view name, bool lines);
/// A member of a body that people wrote: at most `most` of such characters.
std::string text_of(const api_body& body, std::string_view name, bool needed, std::size_t most, bool lines);

/// How this person's resources are named to who asks: as they are when the person's identity may be shown, else as in messages under pseudonyms.
report_names names_for(const api_request& request, const api_ground& ground, const decision_row& of);

/// Who did something, for one text that stands alone: "Ann (4711)". Names are not unique, ids are.
std::string attribution(std::string_view name, std::string_view id);

/// What somebody said of a person, as an object; the same wherever it is shown.
void write_judgement(json_text& out, const judgement_row& row, const visitor& who);

/// Whose decision about this person holds: "page", "study", or nothing when nobody decided.
std::string_view decided_word(const decision_row& of);

/// null when there is none.
void write_day(json_text& out, std::string_view name, const std::optional<fhir::date>& day);
/// null for 0.
void write_instant(json_text& out, std::string_view name, instant at);

} // namespace trialgate::gateway
