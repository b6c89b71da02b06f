#include "gateway/net/answer_text.hpp"

#include "fhir/ascii.hpp"

#include <boost/beast/http/status.hpp>

#include <charconv>
#include <ctime>

namespace trialgate::gateway {

namespace {

bool is(std::string_view name, std::string_view other) noexcept {
    return fhir::same_word(name, other);
}

/// Those that say how the message is framed.
bool ours(std::string_view name) noexcept {
    return is(name, "Content-Length") || is(name, "Transfer-Encoding") || is(name, "Connection") || is(name, "Date");
}

bool within_its_line(std::string_view text) noexcept {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void append_number(std::string& out, std::size_t n) {
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
}

std::string_view reason(int status) noexcept {
    const auto text = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
    return {text.data(), text.size()};
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", made once a second.
std::string_view http_date() {
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    thread_local std::time_t made = 0;
    thread_local char text[64];
    thread_local std::size_t length = 0;
    const std::time_t now = std::time(nullptr);
    if (now != made || length == 0) {
        std::tm at{};
        gmtime_r(&now, &at);
        char pattern[48];
        std::snprintf(pattern, sizeof pattern, "%s, %%d %s %%Y %%H:%%M:%%S GMT", days[at.tm_wday % 7], months[at.tm_mon % 12]);
        length = std::strftime(text, sizeof text, pattern, &at);
        made = now;
    }
    return {text, length};
}

} // namespace

void head_of(const http_response& response, bool to_head_request, bool keep_alive, std::string& out, body_end end) {
    const int status = response.status >= 100 && response.status <= 999 ? response.status : 500;
    out.assign("HTTP/1.1 ");
    append_number(out, static_cast<std::size_t>(status));
    out += ' ';
    out += reason(status);
    out += "\r\nDate: ";
    out += http_date();
    for (const auto& [name, value] : response.headers) {
        if (ours(name) || !within_its_line(name) || !within_its_line(value))
            continue;
        out += "\r\n";
        out += name;
        out += ": ";
        out += value;
    }
    const std::string_view said = response.headers["Content-Length"];
    if (end != body_end::by_length) {
        if (end == body_end::chunked)
            out += "\r\nTransfer-Encoding: chunked";
    } else if (to_head_request && response.body.empty() && !said.empty() && within_its_line(said)) {
        out += "\r\nContent-Length: "; // the handler knows how long the body would be
        out += said;
    } else if (may_have_body(status)) {
        out += "\r\nContent-Length: ";
        append_number(out, response.body.size());
    }
    out += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
}

bool may_have_body(int status) noexcept {
    return status >= 200 && status != 204 && status != 304;
}

http_response short_answer(int status) {
    std::string text = std::to_string(status) + ' ' + std::string(reason(status)) + '\n';
    http_headers headers{{"Content-Type", "text/plain; charset=utf-8"}};
    if (status == 503)
        headers.add("Retry-After", "5");
    return {status, std::move(headers), std::move(text)};
}

} // namespace trialgate::gateway
