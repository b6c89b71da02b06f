#include "gateway/net/streams.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <sys/socket.h>

namespace trialgate::gateway {

namespace asio = boost::asio;

link::link(std::unique_ptr<tcp_socket> s) noexcept : plain(std::move(s)) {}
link::link(std::unique_ptr<tls_socket> s) noexcept : tls(std::move(s)) {}
link::link(link&&) noexcept = default;
link& link::operator=(link&&) noexcept = default;
link::~link() = default;

tcp_socket& link::socket() const noexcept {
    return plain ? *plain : tls->next_layer();
}

void close(tcp_socket& socket) noexcept {
    boost::system::error_code ignored;
    socket.close(ignored);
}

void close(tls_socket& socket) noexcept {
    close(socket.next_layer());
}

bool still_idle(const link& l) noexcept {
    char byte = 0;
    const auto n = ::recv(l.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

net_error failed(const boost::system::error_code& why, const std::string& where) {
    if (why == asio::error::operation_aborted)
        return {net_errc::cancelled, false, where + ": cancelled"};
    if (why == asio::error::eof || why == asio::ssl::error::stream_truncated)
        return {net_errc::closed, false, where + " closed the connection in the middle"};
    if (why.category() == asio::error::get_ssl_category())
        return {net_errc::tls, false, "TLS with " + where + ": " + why.message()};
    return {net_errc::closed, false, where + ": " + why.message()};
}

net_error timed_out(const std::string& where, std::string_view doing) {
    return {net_errc::timeout, false, where + ": out of time while " + std::string(doing)};
}

} // namespace trialgate::gateway
