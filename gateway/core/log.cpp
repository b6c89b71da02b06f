#include "gateway/core/log.hpp"

#include "fhir/json.hpp"
#include "gateway/core/clock.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace trialgate::gateway {

namespace {

// A value of ours is a name or a code; what is longer came from elsewhere by mistake and must not flood the log.
constexpr std::size_t most_value_bytes = 2'000;

std::atomic<log_level> least_level{log_level::info};
std::atomic<bool> as_json{false};

/// spdlog brings the lock and the writing of whole lines; what stands in a line is made here, because its patterns know no fields.
spdlog::logger& lines() {
    static spdlog::logger* const once = [] {
        auto* made = new spdlog::logger("trialgate", std::make_shared<spdlog::sinks::stderr_sink_mt>()); // lives until the process ends
        made->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n"));
        made->set_level(spdlog::level::trace);
        return made;
    }();
    return *once;
}

std::string_view name_of(log_level l) noexcept {
    static constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
    return names[static_cast<std::size_t>(l)];
}

bool needs_quotes(std::string_view value) noexcept {
    return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
               const auto u = static_cast<unsigned char>(c);
               return u <= 0x20 || u >= 0x7f || c == '"' || c == '=' || c == '\\' || c == '{' || c == '[';
           });
}

/// A code point that moves the cursor or turns the direction of text though it is no ASCII control character.
bool steers(char32_t c) noexcept {
    return (c >= 0x7f && c <= 0x9f) || c == 0x61c || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0xfeff;
}

/// JSON's escapes, and those of `steers`: a line of the log stays one line whatever a value holds.
std::string quoted(std::string_view value) {
    const std::string safe = fhir::json::quote(value.substr(0, most_value_bytes)); // valid UTF-8 from here on
    std::string out;
    out.reserve(safe.size());
    for (std::size_t at = 0; at < safe.size();) {
        const auto first = static_cast<unsigned char>(safe[at]);
        const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        char32_t c = length == 1 ? first : first & (0xffu >> (length + 1));
        for (std::size_t n = 1; n < length && at + n < safe.size(); ++n)
            c = c << 6 | (static_cast<unsigned char>(safe[at + n]) & 0x3fu);
        if (steers(c)) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c) & 0xffffu);
            out += escape.data();
        } else {
            out.append(safe, at, length);
        }
        at += length;
    }
    return out;
}

std::string text_line(std::string_view time, log_level level, std::string_view event, std::initializer_list<log_field> fields) {
    std::string line;
    line.reserve(96);
    line.append(time).append(1, ' ').append(name_of(level)).append(1, ' ').append(event);
    for (const log_field& f : fields) {
        line.append(1, ' ').append(f.name).append(1, '=');
        line += needs_quotes(f.value) || f.value.size() > most_value_bytes ? quoted(f.value) : f.value;
    }
    return line;
}

std::string json_line(std::string_view time, log_level level, std::string_view event, std::initializer_list<log_field> fields) {
    std::string line;
    line.reserve(160);
    line.append("{\"time\":\"").append(time).append("\",\"level\":\"").append(name_of(level)).append("\",\"event\":").append(quoted(event));
    for (const log_field& f : fields)
        line.append(1, ',').append(quoted(f.name)).append(1, ':').append(f.bare ? f.value : quoted(f.value));
    return line += '}';
}

} // namespace

void log_event(log_level level, std::string_view event, std::initializer_list<log_field> fields) {
    if (level < least_level.load(std::memory_order_relaxed))
        return;
    using namespace std::chrono;
    // The line says when it was written, which is the machine's time also where the domain's clock stands still.
    const std::string time = to_text(duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
    const std::string line = as_json.load(std::memory_order_relaxed) ? json_line(time, level, event, fields) : text_line(time, level, event, fields);
    lines().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void set_log(log_level least, bool json) {
    least_level = least;
    as_json = json;
}

void flush_log() { lines().flush(); }

} // namespace trialgate::gateway
