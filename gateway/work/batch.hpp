// Some journal rows, worked in together: which people they concern, what changed of them, and everything that has to be written.
// Reads through one connection, writes nothing until `write`, which runs inside one transaction.
#pragma once

#include "gateway/work/arrivals.hpp"
#include "gateway/work/decide.hpp"
#include "gateway/work/followup_diff.hpp"
#include "gateway/work/participation.hpp"
#include "gateway/work/worker.hpp"

#include <array>
#include <set>
#include <unordered_set>

namespace trialgate::gateway {

/// (source, key) of everybody of whom something is kept.
class known_people {
public:
    known_people() = default;
    /// Everybody in the store; reads all of them, a thousand at a time.
    explicit known_people(store& all);
    bool has(std::string_view source, std::string_view key) const { return keys_.contains(joined(source, key)); }
    void add(std::string_view source, std::string_view key) { keys_.insert(joined(source, key)); }
    std::size_t size() const noexcept { return keys_.size(); }

private:
    static std::string joined(std::string_view source, std::string_view key) {
        std::string out(source);
        out += '\n';
        out += key;
        return out;
    }
    std::unordered_set<std::string> keys_;
};

class work_batch {
public:
    work_batch(const worker_options& options, store& reading, known_people& known, instant now, fhir::date today);

    /// One journal row. `what` is what an arrival_reader made of it.
    void take(const journal_row& row, arrived what);
    /// A row that cannot even be worked on: quarantined whole.
    void refuse(const journal_row& row, const std::string& reason);
    /// To be evaluated again, because of the date or of other trials.
    void due(const std::string& source, const std::string& key);
    void take(const human_decision& d);
    /// A participation that was put since it was looked at last: the person is kept and fetched from now on, whoever considers them.
    void take(const participant_row& p);
    /// Something that a person said on the page, or took back.
    void take(const judgement_row& j);
    /// Evaluates everybody concerned. After all `take`s.
    void decide();
    /// After `decide`: something that was said waits no longer. False while all of it is about people whose history is still fetched.
    bool looked_at_judgements() const noexcept { return !judged_.empty() || !read_.empty(); }
    /// All effects, in one transaction. May be called again when the transaction is repeated.
    void write(store& to);

    struct figures {
        std::map<std::string, std::map<std::string, std::uint64_t>> events;    ///< source, outcome
        std::map<std::string, std::map<std::string, std::uint64_t>> decisions; ///< trial, status
        std::vector<std::pair<std::string, std::string>> told;                 ///< for people who watch: event, detail
        std::set<std::pair<std::string, job_kind>> jobs;
        std::uint64_t gaps = 0;
        bool outbox = false, alerts = false, worklist = false;
    };
    /// After `write`.
    const figures& counted() const noexcept { return counted_; }
    /// Everybody of whom something is kept now and who was concerned.
    void each_person(const std::function<void(const std::string& source, const std::string& key)>& visit) const;

    /// Everything a coordinator reads about this person today, of every trial in the network's order; empty when nothing is kept of that name
    /// or it is another person's. Reads only.
    std::vector<mappings::trial_report> reports_of(const std::string& source, const std::string& key);

    /// The person of that name today, with everything that is kept of them; nobody as for `reports_of`. Reads only.
    void look_at(const std::string& source, const std::string& key, const std::function<void(const evaluated_person&)>& each);

    /// The person of a participation, with everything that is kept of them; nobody when nothing is. Reads only.
    void look_at(const participant_row& row, const std::function<void(const evaluated_person&)>& each);

private:
    struct person {
        patient_row row;
        person_records records;
        std::set<std::string> references; ///< new ones, to be remembered
        std::vector<std::string> events;  ///< what this batch changed of what is known: "Observation/o1 v2"
        bool stored = false, touched = false, evaluate = false;
        bool loaded = false; ///< the history has been fetched just now
    };
    using person_key = std::pair<std::string, std::string>;

    person& load(const std::string& source, const std::string& key);
    person& create(const std::string& source, const std::string& key);
    bool known(const std::string& source, const std::string& key) const;
    void record_arrived(const std::string& source, mappings::record r);
    void passed(const std::string& source, const passed_over& p);
    void define(const std::string& source, mappings::record r);
    void apply(const std::string& source, const std::string& key, mappings::record r);
    void note_links(const std::string& source, const std::string& key, const mappings::person_data& p);
    std::string key_of(const std::string& source, const mappings::record& r);
    std::vector<std::string> owners(const std::string& source, const std::string& reference);
    void add_job(const std::string& source, job_kind kind, std::string target, instant not_before);
    void count(const std::string& source, std::string_view outcome, std::uint64_t by = 1);
    std::vector<std::string> component(const std::string& source, const std::string& key);
    std::vector<mappings::record> definitions_of(const std::string& source, const std::vector<std::string>& keys);
    void decide_person(const std::string& source, const std::vector<std::string>& keys);
    void evaluate_person(const std::string& source, const std::vector<std::string>& keys, const std::function<void(const evaluated_person&)>& each);
    /// What was found out of one person in one trial.
    struct finding {
        mappings::standing now;
        std::string strip;
        fhir::date changes_on = fhir::date::highest();
        said_by_people people;
        std::vector<const judgement_row*> fresh; ///< said or taken back since the last decision
        const std::vector<std::string>* keys = nullptr;
    };
    void decided(const person_key& who, const std::string& trial, finding found, const std::function<mappings::trial_report()>& report);
    // batch_people.cpp
    /// Whose every name of a component is now: itself, the survivor of merged records, or the only one whom the records describe.
    std::map<std::string, std::string> bearers_of(const std::string& source, const std::vector<std::string>& keys);
    std::map<std::string, std::vector<judgement_row>> judgements_of(const std::string& source, const std::map<std::string, std::string>& bearers);
    finding found_of(const evaluated_person& p, mappings::trial_index t, const std::vector<judgement_row>& said);
    void remember(const std::optional<decision_row>& before, decision_row& after, const finding& found);
    std::string cause_of(const std::optional<decision_row>& before, const decision_row& after, const finding& found, std::string_view says);
    void write_people(store& to);
    void tell(const decision_row& row, const transition& t, const mappings::trial_report& r, const std::string& previous);
    void write_numbers(store& to);
    // batch_follow.cpp
    std::vector<participant_row> participants_of(const std::string& source, const std::string& key);
    void study_says(const human_decision& h, const person_key& who);
    void put(participation_change change, const person_key& who);
    /// First date on which alerts can differ with no new data. `follow_alone` is for people of one name, the other for linked names.
    fhir::date follow_alone(const std::string& source, const mappings::patient_data& data);
    fhir::date follow(const std::string& source, const std::vector<std::string>& keys);
    void bearers(const std::string& source, const std::vector<std::string>& keys, const std::vector<participant_row>& rows,
                 const std::function<void(const participant_row&, const evaluated_person&)>& each);
    fhir::date follow_one(const participant_row& row, const mappings::patient_data& data);
    /// Of what was told about somebody who withdrew or died: what happened, as the record has it now. Nothing new, and nothing to do any more.
    mappings::followup what_remains(const mappings::trial& trial, mappings::participant who, const mappings::patient_data& data,
                                    const std::vector<alert_row>& known);
    /// A participation after what the record says of it: Day 0, death.
    participant_row as_recorded(participant_row row, const mappings::trial& trial, const mappings::patient_data& data);
    void alert(alert_change change);
    void write_followed(store& to);

    const worker_options& options_;
    store& reading_;
    known_people& known_;
    instant now_;
    fhir::date today_;
    std::map<person_key, person> people_;
    std::vector<std::pair<person_key, std::optional<local_code>>> codes_; ///< in order of arrival; nothing: all about the person has been fetched
    std::map<person_key, mappings::record> definitions_;        ///< (source, "Medication/m1")
    std::set<std::array<std::string, 3>> links_;                ///< source, a, b
    std::vector<quarantine_item> unreadable_;
    std::vector<std::int64_t> done_;
    std::map<std::tuple<std::string, job_kind, std::string>, instant> jobs_;
    std::vector<std::tuple<std::string, std::string, told_numbers, duration_ms>> numbers_; ///< source, channel
    std::map<std::pair<person_key, std::string>, decision_row> decisions_;                 ///< by person and trial
    std::map<std::string, person_key> subjects_;
    std::vector<outbox_row> messages_;
    std::vector<human_decision> humans_;
    std::map<std::pair<person_key, std::string>, std::string> study_said_; ///< by person and trial: what a person newly decided in the study system
    std::vector<judgement_row> judged_;         ///< said or taken back, of people of whom nothing is kept
    std::map<std::int64_t, std::int64_t> read_; ///< judgements that were decided with, and their `unread` then
    std::vector<history_row> history_;
    std::map<person_key, std::string> bearers_; ///< of names of people who have several
    std::vector<participant_row> looked_at_;
    std::map<std::pair<std::string, std::string>, participant_row> participants_; ///< changed here, by trial and number
    std::vector<std::tuple<std::string, std::string, participant_note>> trail_;   ///< trial, number
    std::vector<alert_row> alerts_;
    figures counted_;
};

} // namespace trialgate::gateway
