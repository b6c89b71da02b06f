// One run over files: load the library, read the records, evaluate every patient. Shared by screen and explain.
#pragma once

#include "gateway/cli/verbs.hpp"
#include "gateway/input/reader.hpp"
#include "mappings/engine/screening.hpp"

namespace trialgate::gateway {

/// "2026-03-15", or an instant, which is a date at the site; empty is today. Nothing (and a message) for anything else.
std::optional<fhir::date> as_of_date(const std::string& text, const fhir::time_zone& site);

class batch {
public:
    explicit batch(screening_options options) : options_(std::move(options)) {}

    /// Loads and reads; nothing on success, else the exit code with which to end (messages are printed).
    std::optional<exit_code> prepare();

    /// Calls `use` for every report that is to be shown, patients in order of key and trials in order of the library.
    /// `only`: one patient's key, or empty.
    void each_report(const std::string& only, const std::function<void(mappings::trial_report)>& use);

    /// The summary on standard error, and the exit code of the run.
    exit_code finish();

    const library& loaded() const noexcept { return library_; }
    const fhir::time_zone& site() const noexcept { return *site_; }
    fhir::date as_of() const noexcept { return as_of_; }
    const screening_options& options() const noexcept { return options_; }
    std::uint64_t patients() const noexcept { return patients_; }

private:
    screening_options options_;
    library library_;
    std::optional<fhir::time_zone> site_;
    fhir::date as_of_;
    std::shared_ptr<const mappings::network> net_;
    std::optional<mappings::population> people_;
    reading read_;
    std::uint64_t patients_ = 0, listed_ = 0;
};

} // namespace trialgate::gateway
