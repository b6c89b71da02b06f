// The head of an answer as text.
#pragma once

#include "gateway/net/http.hpp"

namespace trialgate::gateway {

/// Where the body ends. RFC 9112, section 6.3
enum class body_end : std::uint8_t { by_length, chunked, by_close };

/// Replaces `out`. Lengths, Date and Connection are ours to say; header values with line ends are left out.
void head_of(const http_response& response, bool to_head_request, bool keep_alive, std::string& out, body_end end = body_end::by_length);

/// RFC 9110, section 6.4.1
bool may_have_body(int status) noexcept;

/// "431 Request Header Fields Too Large" as text/plain.
http_response short_answer(int status);

} // namespace trialgate::gateway
