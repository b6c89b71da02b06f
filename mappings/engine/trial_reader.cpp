#include "mappings/engine/trial_reader.hpp"

#include "mappings/engine/spelling.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace json = fhir::json;

namespace {

// Settings that the engine itself reads; a trial need not declare them.
constexpr std::string_view coded_findings = "codedFindings";
constexpr std::string_view history_complete = "historyComplete";

constexpr std::array<std::pair<std::string_view, decided_by>, 3> deciders{
    {{"record", decided_by::record},
     {"record-or-clinician", decided_by::record_or_clinician},
     {"clinician", decided_by::clinician}}};

std::string shown(json::value v) {
    if (v.is_boolean())
        return v.as_bool() ? "true" : "false";
    if (!v.is_array())
        return std::string(v.text());
    std::string out;
    for (const json::value& e : v.elements())
        out += (out.empty() ? "" : ", ") + shown(e);
    return out;
}

} // namespace

void trial_reader::error(const node& at, std::string_view code, std::string text, std::string hint) const {
    at.file->report(problem::level::error, code, at.at, std::move(text), std::move(hint));
}

void trial_reader::warn(const node& at, std::string_view code, std::string text, std::string hint) const {
    at.file->report(problem::level::warning, code, at.at, std::move(text), std::move(hint));
}

bool trial_reader::wrong_type(const node& n, std::string_view wanted) const {
    error(
        n, "wrong-type", "expected " + std::string(wanted) + ", found " + std::string(kind_name(n.content))
    );
    return false;
}

trial_reader::members::members(trial_reader& reader, const node& object, std::string_view what)
    : reader_(reader), object_(object), what_(what), asked_{"$comment"} {
    if (object && !object.content.is_object())
        reader_.wrong_type(object, what);
}

trial_reader::node trial_reader::members::take(std::string_view name) {
    asked_.push_back(name);
    const value v = object_.content[name];
    return v ? reader_.resolve({object_.file, v, v}) : node{};
}

trial_reader::node trial_reader::members::need(std::string_view name) {
    if (object_.content.is_object() && !has(name))
        reader_.error(object_, "missing-member", what_ + " needs '" + std::string(name) + "'");
    return take(name);
}

void trial_reader::members::finish() {
    if (forgiven_)
        return;
    for (const json::member& m : object_.content.members())
        if (std::find(asked_.begin(), asked_.end(), m.name) == asked_.end())
            object_.file->report(
                problem::level::error, "unknown-member", m,
                what_ + " has no member '" + std::string(m.name) + "'", nearest_hint(m.name, asked_)
            );
}

std::optional<trial> trial_reader::read() {
    file_ = std::make_unique<json_file>(source_, problems_);
    const value root = file_->root();
    if (!root)
        return std::nullopt;
    const node whole{file_.get(), root, root};
    if (!root.is_object()) {
        wrong_type(whole, "a trial, which is an object");
        return std::nullopt;
    }
    trial out;
    members m(*this, whole, "a trial");
    m.take("$schema");
    out.id = text(m.need("id"));
    out.title = text(m.need("title"));
    out.identifiers = texts(m.take("identifiers"));
    texts(m.take("sources"));
    read_versions(m, out);
    read_settings(m.take("settings"));
    out.consider = concepts(m.need("consider"));
    if (root["consider"] && out.consider.empty() && root["consider"].size() == 0 &&
        root["consider"].is_array())
        error(
            {file_.get(), root["consider"], root["consider"]}, "empty-list",
            "a trial that considers nobody finds nobody"
        );
    read_criteria(m.need("criteria"), out);
    read_notes(m.take("notes"), out);
    read_visits(m.take("visits"), out);
    read_safety(m.take("safety"), out);
    read_visit_alerts(m.take("visitAlerts"), out.alerts);
    m.finish();
    report_unused_settings();
    for (const std::string& name : setting_order_) {
        const setting& s = settings_.find(name)->second;
        out.settings.push_back({s.name, shown(s.given ? *s.given : s.declared), s.sentence});
    }
    return out;
}

void trial_reader::read_versions(members& root, trial& into) {
    const node list = root.take("versions");
    versions_ = texts(list);
    into.versions = versions_;
    const node otherwise = root.take("defaultVersion");
    if (otherwise) {
        version_ = text(otherwise);
        if (!version_.empty() && std::find(versions_.begin(), versions_.end(), version_) == versions_.end())
            error(
                otherwise, "unknown-version", "'" + version_ + "' is not among 'versions'",
                nearest_hint(version_, versions_)
            );
    } else if (!versions_.empty()) {
        version_ = versions_.back();
    }
    if (!chosen_.version.empty()) {
        if (std::find(versions_.begin(), versions_.end(), chosen_.version) == versions_.end())
            error(
                list ? list : root.object(), "unknown-version",
                "the trial has no version '" + chosen_.version + "'", nearest_hint(chosen_.version, versions_)
            );
        version_ = chosen_.version;
    }
    into.version = version_;
}

void trial_reader::read_settings(const node& declared) {
    if (declared && !declared.content.is_object())
        wrong_type(declared, "an object of settings");
    for (const json::member& m : declared.content.members()) {
        const std::string name(m.name);
        const auto [at, fresh] = settings_.try_emplace(name);
        if (!fresh)
            continue;
        setting& s = at->second;
        members entry(*this, {declared.file, m.content, m.content}, "a setting");
        s.name = name;
        s.file = declared.file;
        s.where = &m;
        s.declared = entry.need("default").content;
        s.sentence = text(entry.take("sentence"));
        const std::vector<std::string> choices = texts(entry.take("choices"));
        entry.finish();
        setting_order_.push_back(name);
        if (const auto given = chosen_.settings.find(name); given != chosen_.settings.end()) {
            auto& parser = option_parsers_.emplace_back();
            auto parsed = parser.parse_copy(given->second);
            if (!parsed)
                parsed = parser.parse_copy(json::quote(given->second));
            if (parsed && (parsed->is_array() || !s.declared.is_array()) && parsed->is_object() == s.declared.is_object())
                s.given = *parsed;
            else
                error({declared.file, m.content, m.content}, "wrong-type",
                      "the setting '" + name + "' was given as " + given->second + ", which is not of the kind of its default", "as in " + shown(s.declared));
        }
        const std::string value_in_force = shown(s.given ? *s.given : s.declared);
        if (!choices.empty() && std::find(choices.begin(), choices.end(), value_in_force) == choices.end())
            error(
                {declared.file, m.content, m.content}, "wrong-type",
                "'" + value_in_force + "' is not among the choices of '" + name + "'",
                nearest_hint(value_in_force, choices)
            );
        if (name == coded_findings || name == history_complete)
            s.used = true;
    }
    apply_options();
}

void trial_reader::apply_options() {
    std::string said;
    if (const auto given = chosen_.settings.find(std::string(coded_findings));
        given != chosen_.settings.end())
        said = given->second;
    else if (const auto s = settings_.find(coded_findings); s != settings_.end())
        said = shown(s->second.declared);
    if (said.empty())
        return;
    static constexpr std::string_view known[] = {"count", "support"};
    if (said != "count" && said != "support") {
        const auto s = settings_.find(coded_findings);
        const node at = s == settings_.end() ? node{file_.get(), file_->root(), file_->root()}
                                             : node{s->second.file, s->second.declared, s->second.declared};
        error(
            at, "wrong-type", "'codedFindings' is count or support, not '" + said + "'",
            nearest_hint(said, known)
        );
    }
    finding_counts_as_ = said == "support" ? coded::support : coded::finding;
}

void trial_reader::report_unused_settings() {
    std::vector<std::string_view> names{coded_findings, history_complete};
    for (const auto& [name, s] : settings_) {
        names.push_back(name);
        if (!s.used && s.file == file_.get())
            s.file->report(
                problem::level::warning, "unused-setting", *s.where, "no test uses the setting '" + name + "'"
            );
    }
    for (const auto& [name, given] : chosen_.settings)
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            const value at = file_->root()["settings"] ? file_->root()["settings"] : file_->root();
            error(
                {file_.get(), at, at}, "unknown-setting", "the trial has no setting '" + name + "'",
                nearest_hint(name, names)
            );
        }
}

bool trial_reader::in_version(members& entry) {
    const node list = entry.take("versions");
    if (!list)
        return true;
    bool in = false;
    if (!list.content.is_array())
        return wrong_type(list, "a list of versions") || true;
    if (list.content.size() == 0)
        warn(list, "unreachable-criterion", "in no version of the trial");
    for (const value& v : list.content.elements()) {
        if (std::find(versions_.begin(), versions_.end(), v.text()) == versions_.end())
            error(
                {list.file, v, v}, "unknown-version",
                "the trial has no version '" + std::string(v.text()) + "'", nearest_hint(v.text(), versions_)
            );
        in = in || v.text() == version_;
    }
    return in;
}

void trial_reader::read_criteria(const node& list, trial& into) {
    if (!list)
        return;
    if (!list.content.is_array()) {
        wrong_type(list, "a list of criteria");
        return;
    }
    if (list.content.size() == 0)
        error(list, "empty-list", "a trial without criteria would take everybody");
    std::set<std::string> ids;
    for (const value& e : list.content.elements())
        read_criterion({list.file, e, e}, into, ids);
}

void trial_reader::read_criterion(const node& entry, trial& into, std::set<std::string>& ids) {
    members m(*this, entry, "a criterion");
    if (!entry.content.is_object())
        return;
    const bool in = in_version(m);
    trial::top top;
    const node who = m.need("decidedBy");
    if (const auto chosen = one_of<decided_by>(who, deciders))
        top.who = *chosen;
    m.need("id");
    m.need("text");
    m.need("test");
    m.take("needs");
    std::optional<criterion> root = entry.content["test"] ? read_members(m, {"", &ids, {}}) : std::nullopt;
    m.finish();
    if (!root || !in)
        return;
    top.root = std::move(*root);
    into.criteria.push_back(std::move(top));
}

void trial_reader::read_notes(const node& list, trial& into) {
    if (list && !list.content.is_array())
        wrong_type(list, "a list of notes");
    std::set<std::string> ids;
    for (const value& e : list.content.elements())
        read_note({list.file, e, e}, into, ids);
}

void trial_reader::read_note(const node& entry, trial& into, std::set<std::string>& ids) {
    members m(*this, entry, "a note");
    if (!entry.content.is_object())
        return;
    trial_note n;
    const node id = m.need("id");
    n.id = text(id);
    n.sentence = text(m.need("sentence"));
    const bool in = in_version(m);
    const node on = m.take("on");
    n.on = text(on);
    if (!n.id.empty() && !ids.insert(n.id).second)
        error(id, "duplicate-id", "a note '" + n.id + "' is given twice");

    bool there = in;
    if (!n.on.empty()) {
        std::vector<std::string> known;
        for (const value& c : file_->root()["criteria"].elements())
            known.emplace_back(c["id"].text());
        if (std::find(known.begin(), known.end(), n.on) == known.end())
            error(
                on, "unknown-note", "the note is on '" + n.on + "', which is no criterion",
                nearest_hint(n.on, known)
            );
        there = there && std::any_of(into.criteria.begin(), into.criteria.end(), [&n](const trial::top& t) {
                    return t.root.id == n.on;
                });
    }
    if (m.has("when")) {
        std::set<std::string> within;
        n.when = read_test(m.take("when"), {"", &within, {}});
        there = there && n.when.has_value();
    } else if (!n.id.empty() && find_note(n.id) == note::count_) {
        nearest_name near(n.id);
        for (unsigned i = 0; i < static_cast<unsigned>(note::count_); ++i)
            near.consider(mappings::id(static_cast<note>(i)));
        error(
            id, "unknown-note",
            "a note without 'when' gives words to a note of the engine, which has none '" + n.id + "'",
            near.hint()
        );
    }
    m.finish();
    if (there)
        into.notes.push_back(std::move(n));
}

std::vector<std::string> trial_reader::texts(const node& list) {
    std::vector<std::string> out;
    if (list && !list.content.is_array())
        wrong_type(list, "a list of strings");
    for (const value& e : list.content.elements()) {
        if (!e.is_string())
            wrong_type({list.file, e, e}, "a string");
        out.emplace_back(e.text());
    }
    return out;
}

std::string trial_reader::text(const node& n) {
    if (n && (!n.content.is_string() || n.content.text().empty()))
        wrong_type(n, "a text");
    return std::string(n.content.text());
}

} // namespace trialgate::mappings
