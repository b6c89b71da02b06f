// What a journal row says, in terms of records: which resources, which deletions, what to fetch, which event numbers, what was unreadable.
#pragma once

#include "fhir/notification.hpp"
#include "gateway/input/reader.hpp"
#include "gateway/store/store.hpp"

#include <unordered_map>
#include <unordered_set>

namespace trialgate::gateway {

/// A version of a resource that no trial reads: an older one that was kept is withdrawn.
struct passed_over {
    std::string type, id;
    mappings::version_stamp version;
    std::string subject; ///< told only where an older version may come later
};

/// The numbers of a topic-based notification.
struct told_numbers {
    std::vector<std::int64_t> events;
    std::optional<std::int64_t> total;
};

struct arrived {
    std::vector<mappings::record> records; ///< subjects resolved within the document; deletions are withdrawn records without subject
    std::vector<passed_over> passed;
    std::vector<std::string> to_fetch;     ///< "Observation/o1"
    bool nudge = false;                    ///< something happened that the message does not tell
    std::optional<told_numbers> numbers;
    std::vector<std::pair<std::string, local_code>> codes; ///< person, and what nobody understands of what was fetched of them
    std::vector<quarantine_item> unreadable;
    std::uint64_t irrelevant = 0;          ///< resources that nobody reads
};

/// One a thread.
class arrival_reader final : private record_taker {
public:
    arrival_reader(std::shared_ptr<const mappings::network> net, const fhir::time_zone& site);
    ~arrival_reader() override;
    /// Never fails: what cannot be read is in `unreadable`. `order` continues the numbering that tells versions without number or time apart.
    arrived read(const journal_row& row, std::uint64_t& order);

private:
    void add(mappings::record r) override;
    void superseded(std::string_view type, std::string_view id, const mappings::version_stamp& stamp, std::string_view text) override;
    void alias(std::string_view from, std::string_view to) override;
    void unmapped(const mappings::record& of, std::span<const fhir::coding> codes) override;
    void read_hook(const journal_row& row);
    void use(const fhir::notification& n, const journal_row& row);
    void unreadable(const std::string& reason, const std::string& path, std::string_view part);

    std::shared_ptr<const mappings::network> net_;
    fhir::scan::interest_set wanted_;
    reader reader_;
    fhir::json::parser hook_parser_, subject_parser_;
    const journal_row* row_ = nullptr;
    arrived out_;
    std::uint64_t* order_ = nullptr;
    std::unordered_map<std::string, std::string> aliases_;
    std::unordered_set<std::string> told_codes_; ///< of this row: person, type, system, code
};

} // namespace trialgate::gateway
