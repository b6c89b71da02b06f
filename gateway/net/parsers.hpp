// HTTP messages out of bytes. The grammar is Beast's; what is kept goes straight into our own types.
#pragma once

#include "gateway/net/http.hpp"

#include <memory>

namespace trialgate::gateway {

/// One request after the other. Give it bytes with `put` until `done` or `failed`; then `restart` for the next.
class request_reader {
public:
    request_reader(std::size_t most_header_bytes, std::size_t most_body_bytes);
    ~request_reader();

    void restart();
    /// Returns how many bytes were used; the rest is to be offered again together with more.
    std::size_t put(std::string_view bytes);
    bool header_done() const noexcept;
    bool done() const noexcept;
    /// The status to refuse with (400, 413, 431, 501, 505); 0 while all is well.
    int failed() const noexcept;

    http_request& request() noexcept;
    bool keep_alive() const noexcept;
    bool http11() const noexcept;
    bool wants_upgrade() const noexcept; ///< to a WebSocket

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// One answer.
class answer_reader {
public:
    answer_reader(std::size_t most_header_bytes, bool to_head_request);
    ~answer_reader();

    std::size_t put(std::string_view bytes);
    /// The other side sends no more: the end of an answer without length, or `failed`.
    void end_of_stream();
    bool header_done() const noexcept;
    bool done() const noexcept;
    /// Why it is no answer; empty while all is well.
    const std::string& failed() const noexcept;
    bool too_large() const noexcept; ///< headers beyond the limit

    http_response& head() noexcept; ///< with an empty body
    std::string& body() noexcept;   ///< what arrived and was not taken yet
    bool keep_alive() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// True when the comma-separated `list` has `token`, without regard to case.
bool has_token(std::string_view list, std::string_view token) noexcept;

} // namespace trialgate::gateway
