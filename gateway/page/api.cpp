#include "gateway/page/api.hpp"

#include "gateway/page/answers.hpp"
#include "gateway/page/events.hpp"
#include "gateway/store/alert_stamp.hpp"
#include "gateway/store/message.hpp"
#include "gateway/work/judgement.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace trialgate::gateway {

http_response json_answer(std::string body, int status) {
    http_response out;
    out.status = status;
    out.headers = {{"Content-Type", "application/json"}};
    out.body = std::move(body);
    return out;
}

const mappings::compiled_trial* find_trial(const page_setting& setting, std::string_view id) noexcept {
    const auto all = setting.trials->trials();
    const auto at = std::find_if(all.begin(), all.end(), [&](const mappings::compiled_trial& t) { return t.source->id == id; });
    return at == all.end() ? nullptr : &*at;
}

namespace {

std::string_view parameter(const api_request& request, std::string_view name) {
    const auto at = request.path.find(name);
    return at == request.path.end() ? std::string_view() : std::string_view(at->second);
}

} // namespace

const mappings::compiled_trial& trial_of(const api_request& request, const api_ground& ground) {
    const mappings::compiled_trial* out = find_trial(*ground.setting, parameter(request, "trial"));
    if (!out)
        throw api_error(404, "There is no such trial.");
    return *out;
}

decision_row decision_of(const api_request& request, const api_ground& ground) {
    const std::string& trial = trial_of(request, ground).source->id;
    auto out = ground.reading.decision_of_subject(parameter(request, "subject"), trial);
    if (!out)
        throw api_error(404, "Nobody of that name is known in this trial.");
    return *std::move(out);
}

bool shows_identity(const api_request& request, const api_ground& ground, std::string_view subject) {
    return ground.setting->config->page.shows == page_config::identity::reference || request.who.revealed.contains(std::string(subject));
}

std::map<std::string, std::int64_t> alerts_stamps(store& rows, const page_setting& setting) {
    std::map<std::string, std::int64_t> out;
    for (const mappings::compiled_trial& t : setting.trials->trials())
        out.emplace(t.source->id, std::strtoll(rows.value(alerts_stamp_name(t.source->id)).value_or("").c_str(), nullptr, 10));
    return out;
}

std::int64_t alerts_stamp_of(store& rows, const page_setting& setting, const rights& may) {
    return newest_of(alerts_stamps(rows, setting), may);
}

fhir::date today_of(const api_ground& ground) { return ground.setting->site.date_of(ground.time.now() / second_ms); }

namespace {

std::int64_t number_of(std::string_view text, std::int64_t least, std::int64_t most, std::string_view name) {
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || out < least || out > most)
        throw api_error(400, "'" + std::string(name) + "' is a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".");
    return out;
}

} // namespace

std::int64_t query_number(const api_request& request, std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
    const auto at = request.query.find(name);
    return at == request.query.end() ? otherwise : number_of(at->second, least, most, name);
}

std::int64_t path_id(const api_request& request) {
    std::int64_t out = 0;
    const std::string_view text = parameter(request, "id");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || out < 1)
        throw api_error(404, "There is no such thing.");
    return out;
}

http_response done() {
    http_response out;
    out.status = 204;
    return out;
}

bool commit(const api_ground& ground, audit_note& note, const std::function<bool(store&)>& work) {
    bool changed = false;
    const bool audited = note.write && !note.action.empty();
    const std::function<void(store&)> whole = [&](store& s) {
        changed = work(s);
        if (changed && audited)
            note.write(s, note);
    };
    const commit_outcome failed = commit_and_wait(ground.writer, whole);
    note.written = !failed && changed && audited;
    if (!failed)
        return changed;
    throw api_error(503, failed->what_kind() == store_error::kind::full ? "The store is full: nothing was changed."
                                                                       : "The store cannot be written just now: nothing was changed.");
}

api_body::api_body(const std::string& text, std::initializer_list<std::string_view> known) {
    const auto tree = parser_.parse_copy(text.empty() ? std::string_view("{}") : std::string_view(text));
    if (!tree || !tree->is_object())
        throw api_error(400, "The body is no JSON object.");
    content_ = *tree;
    for (const fhir::json::member& m : content_.members())
        if (std::find(known.begin(), known.end(), m.name) == known.end())
            throw api_error(400, "The body has a member that is not known here.");
}

std::string api_body::text(std::string_view name, std::size_t most) const {
    const fhir::json::value v = content_[name];
    if (!v)
        return {};
    if (!v.is_string() || v.text().size() > most)
        throw api_error(400, "'" + std::string(name) + "' is a text of at most " + std::to_string(most) + " bytes.");
    return std::string(v.text());
}

std::string api_body::needed(std::string_view name, std::size_t most) const {
    std::string out = text(name, most);
    if (out.find_first_not_of(" \t\r\n") == out.npos)
        throw api_error(400, "'" + std::string(name) + "' is missing.");
    return out;
}

std::int64_t api_body::number(std::string_view name, std::int64_t least, std::int64_t most) const {
    return number_of(content_[name].is_number() ? content_[name].text() : std::string_view(), least, most, name);
}

std::size_t characters(std::string_view text, std::string_view name, bool lines) {
    std::size_t out = 0;
    for (std::size_t n = 0; n < text.size(); ++out) {
        const auto c = static_cast<unsigned char>(text[n]);
        const std::size_t length = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
        bool good = length > 0 && n + length <= text.size();
        for (std::size_t i = 1; good && i < length; ++i)
            good = (static_cast<unsigned char>(text[n + i]) & 0xC0) == 0x80;
        const bool control = c < 0x20 || c == 0x7F || (c == 0xC2 && good && static_cast<unsigned char>(text[n + 1]) < 0xA0);
        if (!good || (control && !(lines && (c == '\n' || c == '\r' || c == '\t'))))
            throw api_error(400, "'" + std::string(name) + "' holds characters that are no text.");
        n += length;
    }
    return out;
}

std::string text_of(const api_body& body, std::string_view name, bool needed, std::size_t most, bool lines) {
    std::string out = needed ? body.needed(name, most * 4) : body.text(name, most * 4);
    if (characters(out, name, lines) > most)
        throw api_error(400, "'" + std::string(name) + "' has at most " + std::to_string(most) + " characters.");
    return out;
}

report_names names_for(const api_request& request, const api_ground& ground, const decision_row& of) {
    if (shows_identity(request, ground, of.subject))
        return {};
    return {of.subject, [key = ground.setting->evaluation.pseudonym_key, source = of.source](std::string_view reference) {
                return hidden_reference(key, source, reference);
            }};
}

std::string attribution(std::string_view name, std::string_view id) {
    return name.empty() || name == id ? std::string(id) : std::string(name) + " (" + std::string(id) + ')';
}

void write_judgement(json_text& out, const judgement_row& row, const visitor& who) {
    static constexpr std::string_view kinds[] = {"criterion", "mark", "comment", "mapping"};
    out.begin_object().key("id").number(row.id).key("kind").string(kinds[static_cast<std::size_t>(row.kind)]).key("what").string(row.what);
    out.key("value");
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(row.value);
    if (row.kind == judgement_kind::mapping && tree && tree->is_object())
        out.copy(*tree);
    else
        out.string(row.value);
    out.key("reason").string(row.reason).key("by").string(row.name).key("role").string(row.role).key("at").string(to_text(row.at));
    out.key("undone");
    if (row.undone_by.empty())
        out.null();
    else
        out.begin_object().key("by").string(row.undone_name.empty() ? row.undone_by : row.undone_name).key("at").string(to_text(row.undone)).end_object();
    const bool may = who.may.may(permission::judge, row.trial) && (row.by == who.id || who.may.has(role::investigator, row.trial));
    out.key("mayUndo").boolean(row.undone_by.empty() && may).end_object();
}

std::string_view decided_word(const decision_row& of) {
    const deciding_word word = deciding_word_of(of);
    return word.status.empty() ? "" : word.on_page ? "page" : "study";
}

void write_day(json_text& out, std::string_view name, const std::optional<fhir::date>& day) {
    out.key(name);
    day ? out.string(to_string(*day)) : out.null();
}

void write_instant(json_text& out, std::string_view name, instant at) {
    out.key(name);
    at ? out.string(to_text(at)) : out.null();
}

} // namespace trialgate::gateway
