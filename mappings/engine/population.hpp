// The patients of one run: every version of every resource that was read goes in, in any order, and comes out as one history a patient.
//
// Law: any order and any duplication of the same versions gives the same patients. Hence nothing is decided before `finish`: which
// version holds, who was merged into whom and what a reference means depend on what may still come.
//
//   population all(&codes);
//   for (each resource) all.add(extract(resource, with));
//   all.finish();
//   all.for_each_patient([](const patient_data& p) { ... });
//
// Memory is that of the encoded records (record_codec.hpp), some 25 bytes for a laboratory result. Not thread-safe.
#pragma once

#include "mappings/engine/record.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

namespace trialgate::mappings {

struct participation {
    participation_data data;
    /// What the ResearchStudy says of itself, or the identifier by which it was referred to.
    std::vector<std::string> study_identifiers;
};

/// Everything known about one patient.
struct patient_data {
    std::string key;                          ///< "Patient/p1"; as in record::subject when the patient is not among the data
    std::optional<person_data> person;        ///< nothing: no Patient seen, or it was deleted
    /// One a resource, its latest version, ordered by type and id; those of the records merged into this one included. fact::record is the index.
    std::vector<record> records;
    note_set notes;                           ///< those of the records, and deceased, inactive, restricted, merged
    std::vector<consent_data> consents;
    std::vector<participation> participations;
    bool merged_away = false;                 ///< then `records` is empty: all is with the survivor
    std::string survivor;                     ///< key of the survivor when merged away
};

class population {
public:
    /// `codes` (may be nullptr, must outlive this) tells which kinds of specimen an analyte is measured in; without it a
    /// kind that is known only from the Specimen resource is not judged.
    explicit population(const catalog* codes = nullptr) : codes_(codes) {}

    /// One version of one resource. Records that say nothing and withdraw nothing are ignored.
    void add(record r);

    /// A version that was not read because no trial reads such a thing: an older one that was kept is withdrawn.
    ///
    /// 16 bytes are remembered (hash of type and id, packed stamp), for a kept older version may still come. Not remembered is a version number of 1
    /// or 0: nothing is older than that. So an export of first versions costs nothing here; one without any meta costs 16 bytes a resource.
    void superseded(std::string_view type, std::string_view id, const version_stamp& stamp);

    /// Two names of one resource: a Bundle's fullUrl ("urn:uuid:...") and "Patient/p1". A name that is given to two resources names none.
    void alias(std::string_view from, std::string_view to);

    /// To be called once, after the last addition.
    void finish();

    /// In ascending order of key; the data are valid during the call only. After `finish`.
    void for_each_patient(const std::function<void(const patient_data&)>& visit) const;

    struct counts {
        std::size_t records = 0;             ///< versions added that say something
        std::size_t patients = 0;            ///< after finish: survivors
        std::size_t without_patient = 0;     ///< records that name no patient: not used
        std::size_t unresolved_subjects = 0; ///< patients known by a name only that no Patient bears
    };
    const counts& counted() const noexcept { return counts_; }
    /// Bytes of encoded records.
    std::size_t stored_bytes() const noexcept;

private:
    struct skipped {
        std::uint64_t resource; ///< hash of type and id
        std::uint64_t stamp;
    };
    struct definition {
        version_stamp version;
        definition_data data;
        bool ambiguous = false; ///< as a name of two
    };
    struct group {
        std::vector<std::string> stored; ///< keys of `stored_`
        std::vector<std::string> persons; ///< keys of the Patients merged into this one
        std::string survivor;            ///< set for a key that was merged away
    };

    void flush();
    void contest();
    void settle_definitions();
    void name_definitions();
    void settle_persons();
    void settle_patients();
    std::string named(std::string_view key) const;
    const definition* defined(std::string_view key) const;
    bool holds(const record& r) const;
    void each_stored(const std::function<void(const std::string&, record&)>& visit) const;
    patient_data gather(const std::string& key, const group& g) const;
    void resolve(record& r) const;

    const catalog* codes_;
    counts counts_;
    std::vector<record> pending_;
    std::unordered_map<std::string, std::string> stored_; ///< by key as sent: chunks of encoded records, each after its length
    std::vector<skipped> skipped_;
    std::vector<std::pair<std::uint64_t, version_stamp>> skipped_in_full_; ///< stamps that do not fit in 64 bits
    std::unordered_map<std::string, std::string> aliases_; ///< empty: ambiguous
    std::map<std::string, std::vector<definition>, std::less<>> definitions_;
    std::unordered_map<std::string, std::string> definition_names_; ///< identifier: -> Type/id; empty: ambiguous
    std::unordered_map<std::uint64_t, version_stamp> winners_;      ///< of resources seen in more than one version
    std::map<std::string, person_data> persons_;
    std::map<std::string, group> groups_;
};

/// Of several versions of one resource the one that holds. When all have a number that decides, else when all have a time that, else the order of
/// reading: unlike `supersedes`, which knows but two, this is an order for any number of them. `stamps` not empty.
const version_stamp& latest(const std::vector<version_stamp>& stamps) noexcept;

} // namespace trialgate::mappings
