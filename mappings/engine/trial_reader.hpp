// Reads a trial's JSON. Internal to read_trial; trial_reader.cpp has the trial itself, visit_reader.cpp its visits, trial_values.cpp
// settings, numbers, durations, limits and concepts, test_reader.cpp the tests that are made of tests,
// data_test_reader.cpp those that look at data, trial_safety.cpp what is watched after the dose.
//
// Every branch of every `byVersion` is read, so that a mistake in a version that is not chosen is found
// today; what is kept is the chosen version.
#pragma once

#include "mappings/engine/duration.hpp"
#include "mappings/engine/json_file.hpp"
#include "mappings/engine/spelling.hpp"
#include "mappings/engine/trial_file.hpp"

#include <deque>
#include <set>

namespace trialgate::mappings {

class trial_reader {
public:
    trial_reader(
        const source_file& file, std::span<const source_file> scores, const catalog& codes,
        const trial_options& chosen, std::vector<problem>& problems
    )
        : source_(file), scores_(scores), codes_(codes), chosen_(chosen), problems_(problems) {}
    std::optional<trial> read();

private:
    using value = fhir::json::value;

    /// A value with the place to which its problems belong: the value itself, or the "$name" that stands for
    /// it.
    struct node {
        const json_file* file = nullptr;
        value content;
        value at;
        explicit operator bool() const noexcept { return static_cast<bool>(content); }
    };
    /// The members of an object; what nobody asked for is unknown.
    class members {
    public:
        members(trial_reader& reader, const node& object, std::string_view what);
        /// The member with settings replaced; missing when absent.
        node take(std::string_view name);
        /// As `take`, with a report when absent.
        node need(std::string_view name);
        bool has(std::string_view name) const { return static_cast<bool>(object_.content[name]); }
        const node& object() const noexcept { return object_; }
        void finish();
        /// Nothing is unknown any more: what is wrong with the object has been said.
        void forgive() noexcept { forgiven_ = true; }

    private:
        trial_reader& reader_;
        node object_;
        std::string what_;
        std::vector<std::string_view> asked_;
        bool forgiven_ = false;
    };
    struct setting {
        const json_file* file;
        value declared;             ///< the default
        std::optional<value> given; ///< by the options
        std::string sentence, name;
        const fhir::json::member* where;
        bool used = false;
    };
    /// Where a test stands: how its id is made and where ids must differ.
    struct place {
        std::string prefix; ///< "serology", "acr-1997"; empty at the top
        std::set<std::string>* ids = nullptr;
        std::vector<std::string> scores; ///< being read, outermost first
    };

    // trial_reader.cpp
    void read_versions(members& root, trial& into);
    void read_settings(const node& declared);
    void apply_options();
    void read_criteria(const node& list, trial& into);
    void read_criterion(const node& entry, trial& into, std::set<std::string>& ids);
    void read_notes(const node& list, trial& into);
    void read_note(const node& entry, trial& into, std::set<std::string>& ids);
    // trial_safety.cpp
    void read_safety(const node& n, trial& into);
    void read_tiers(const node& list, safety_plan& into);
    void read_rules(const node& list, safety_plan& into);
    void read_rule(const node& entry, safety_plan& into, std::set<std::string>& ids);
    std::optional<urgency> read_tier(const node& n);

    // trial_reader.cpp
    void report_unused_settings();
    /// False when the entry has `versions` and the chosen one is not among them.
    bool in_version(members& entry);
    std::vector<std::string> texts(const node& list);
    std::string text(const node& n);

    // trial_values.cpp
    node resolve(node n);
    std::optional<bool> truth(const node& n);
    std::optional<fhir::decimal> number(const node& n);
    std::optional<int> whole(const node& n, int least, int most);
    std::optional<span_of_time> span(const node& n);
    window look_back(const node& n);
    /// Days; months are refused because their length is not fixed.
    std::optional<int> day_count(const node& n);
    std::vector<concept_id> concepts(const node& n);
    std::vector<std::vector<concept_id>> concept_lists(const node& n);
    void add_concept(const node& n, std::vector<concept_id>& to);
    void add_code(const node& n, std::vector<concept_id>& to);
    std::optional<fhir::decimal> limit(const node& n, std::span<const concept_id> what);
    std::optional<fhir::decimal> limit_of(const node& n, const analyte& a);
    template <class Enum>
    std::optional<Enum> one_of(const node& n, std::span<const std::pair<std::string_view, Enum>> choices);

    // visit_reader.cpp
    void read_visits(const node& list, trial& into);
    void read_visit(const node& entry, trial& into, std::set<std::string>& ids);
    void read_visit_alerts(const node& n, visit_alerts& into);
    std::optional<visit_evidence> read_evidence(const node& n, const std::string& own_code);
    std::optional<visit_evidence::meetings>
    read_meetings(const node& n, const std::string& own_code, std::initializer_list<const char*> statuses);
    void read_required(const node& entry, std::vector<required_result>& into);
    /// `earliest`, `target` and `latest` of an object that is a window, or has one.
    void read_days(members& m, visit_window& into, std::string_view whose);
    std::string read_anchor(const node& n, const std::set<std::string>& ids);

    // test_reader.cpp
    // All of these give nothing, or false, for a test that the chosen version leaves out; what is wrong is
    // reported and kept as far as it goes, so that the lists around it keep their length.
    std::optional<criterion> read_test(const node& n, const place& at);
    std::optional<criterion> read_members(members& m, const place& at);
    std::optional<criterion> read_by_version(const node& branches, const place& at);
    bool read_kind(members& m, const place& at, criterion& into);
    bool read_parts(const node& list, const place& at, criterion& into);
    /// Makes `inner` the test of `into`, which may have an id and words of its own.
    static void adopt(criterion& into, criterion inner);
    bool read_logic(members& m, const place& at, criterion& into);
    bool read_count(members& m, const place& at, criterion& into);
    bool read_score(members& m, const place& at, criterion& into);
    bool read_pair(members& m, const place& at, criterion& into);
    bool read_nested(members& m, const place& at, criterion& into);
    bool read_use(members& m, const place& at, criterion& into);
    bool read_person(members& m, criterion& into);
    std::optional<criterion>
    read_score_file(const json_file& file, const std::string& name, const place& used_at);
    const json_file* score_file(const node& name);
    void unknown_test(members& m);

    // data_test_reader.cpp
    bool read_age(const node& n, criterion& into);
    bool read_sex(const node& n, criterion& into);
    bool read_observation(const node& n, criterion& into);
    bool read_observation_rule(members& m, observation_test& into);
    void read_range(members& m, const node& side, observation_test& into);
    void read_coincidences(const node& list, observation_test& into);
    bool read_condition(const node& n, const place& at, criterion& into);
    bool read_diagnosis(const node& n, criterion& into);
    bool read_procedure(const node& n, criterion& into);
    bool read_exposure(const node& n, criterion& into);
    void read_gaps(members& m, exposure_test& into);
    bool read_drug(const node& n, criterion& into);
    bool read_egfr(const node& n, criterion& into);
    bool read_change(const node& n, criterion& into);

    void error(const node& at, std::string_view code, std::string text, std::string hint = {}) const;
    void warn(const node& at, std::string_view code, std::string text, std::string hint = {}) const;
    bool wrong_type(const node& n, std::string_view wanted) const;

    const source_file& source_;
    std::span<const source_file> scores_;
    const catalog& codes_;
    const trial_options& chosen_;
    std::vector<problem>& problems_;

    std::unique_ptr<json_file> file_;
    std::map<std::string, std::unique_ptr<json_file>, std::less<>> score_files_;
    std::map<std::string, setting, std::less<>> settings_;
    std::vector<std::string> setting_order_;
    std::deque<fhir::json::parser> option_parsers_;
    std::vector<std::string> versions_;
    std::string version_;
    coded finding_counts_as_ = coded::finding;
    int depth_ = 0;
};

template <class Enum>
std::optional<Enum>
trial_reader::one_of(const node& n, std::span<const std::pair<std::string_view, Enum>> choices) {
    if (!n)
        return std::nullopt;
    std::string list;
    nearest_name near(n.content.text());
    for (const auto& [name, meant] : choices) {
        if (n.content.is_string() && n.content.text() == name)
            return meant;
        near.consider(name);
        list += (list.empty() ? "" : ", ") + std::string(name);
    }
    error(n, "wrong-type", "expected one of " + list, near.hint());
    return std::nullopt;
}

} // namespace trialgate::mappings
