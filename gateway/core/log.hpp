// Structured log lines for operators. What goes in is ours: names from the configuration, counts, codes, durations. Never anything out of a
// resource, a URL's path or query, or a patient's key (P8).
//
//   log_info("source.ready", {{"source", name}, {"delivery", "topic-r4"}});
//   2026-03-15T10:00:00.123Z info source.ready source=ehr delivery=topic-r4
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace trialgate::gateway {

enum class log_level : std::uint8_t { debug, info, warning, error };

/// One field; numbers are written as they are, text is quoted when it has spaces.
struct log_field {
    std::string_view name;
    std::string value;
    bool bare = false; ///< a number or truth value: without quotes in JSON
    log_field(std::string_view n, std::string_view v) : name(n), value(v) {}
    log_field(std::string_view n, const char* v) : name(n), value(v) {}
    log_field(std::string_view n, const std::string& v) : name(n), value(v) {}
    template <class N>
        requires std::is_arithmetic_v<N>
    log_field(std::string_view n, N v) : name(n), value(std::to_string(v)), bare(true) {
        if constexpr (std::is_floating_point_v<N>)
            bare = std::isfinite(v); // JSON has no word for the others
        else if constexpr (std::is_same_v<N, bool>)
            value = v ? "true" : "false";
    }
};

/// From any thread. `event` is a stable dotted name.
void log_event(log_level level, std::string_view event, std::initializer_list<log_field> fields = {});
inline void log_debug(std::string_view event, std::initializer_list<log_field> f = {}) { log_event(log_level::debug, event, f); }
inline void log_info(std::string_view event, std::initializer_list<log_field> f = {}) { log_event(log_level::info, event, f); }
inline void log_warning(std::string_view event, std::initializer_list<log_field> f = {}) { log_event(log_level::warning, event, f); }
inline void log_error(std::string_view event, std::initializer_list<log_field> f = {}) { log_event(log_level::error, event, f); }

/// Lines go to standard error, as text or (journald, log collectors) as JSON. Default: text, info.
void set_log(log_level least, bool json);
/// Writes what is buffered.
void flush_log();

} // namespace trialgate::gateway
