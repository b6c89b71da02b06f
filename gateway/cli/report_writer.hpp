// The forms in which a screening is given out. Formats are contracts: text is for people and may change, json and csv only grow,
// fhir is FHIR R4 (README, "Formats").
#pragma once

#include "mappings/engine/screening.hpp"

#include <cstdio>
#include <memory>
#include <string>

namespace trialgate::gateway {

struct report_options {
    bool colours = false;
    unsigned width = 100;
    bool details = true;                    ///< text: each patient in full below the table
    std::string zone_name;
    std::vector<std::shared_ptr<const mappings::trial>> trials; ///< titles, settings
};

/// Takes reports one by one, writes to a stream. `finish` must be called once at the end.
class report_writer {
public:
    virtual ~report_writer() = default;
    virtual void add(mappings::trial_report r) = 0;
    virtual void finish() = 0;
};

std::unique_ptr<report_writer> make_text_writer(std::FILE* to, report_options options);
std::unique_ptr<report_writer> make_json_writer(std::FILE* to);
std::unique_ptr<report_writer> make_csv_writer(std::FILE* to);
std::unique_ptr<report_writer> make_fhir_writer(std::FILE* to);

/// One report in full for a person: every criterion with evidence and needs.
std::string explain_text(const mappings::trial_report& r, const report_options& options);

/// "met", "not met", "unknown" in words of the status column and back: "+", "-", "?".
char verdict_sign(mappings::verdict v) noexcept;

} // namespace trialgate::gateway
