// Writes JSON, compact, in one pass. A thin face of RapidJSON's writer that keeps it out of headers.
#pragma once

#include "fhir/json.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace trialgate::gateway {

class json_text {
public:
    json_text();
    ~json_text();
    json_text& begin_object();
    json_text& end_object();
    json_text& begin_array();
    json_text& end_array();
    json_text& key(std::string_view name);
    json_text& string(std::string_view value);
    json_text& boolean(bool value);
    json_text& number(std::int64_t value);
    json_text& null();
    /// A value that is JSON already.
    json_text& json(std::string_view value);
    /// A parsed value, numbers as they were written.
    json_text& copy(fhir::json::value value);
    /// What was written so far; valid until the next call.
    std::string_view text() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
