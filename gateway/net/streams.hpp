// The two kinds of byte streams, plain and TLS, named without their (heavy) definitions.
#pragma once

#include "gateway/net/http.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>
#include <memory>

namespace boost::asio {
template <typename Protocol, typename Executor>
class basic_stream_socket;
namespace ip {
class tcp;
}
namespace ssl {
template <typename Stream>
class stream;
}
} // namespace boost::asio

namespace trialgate::gateway {

using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>;
using tls_socket = boost::asio::ssl::stream<tcp_socket>;

/// An open connection: one of the two. Closed when destroyed.
struct link {
    std::unique_ptr<tcp_socket> plain;
    std::unique_ptr<tls_socket> tls;

    explicit link(std::unique_ptr<tcp_socket> s) noexcept;
    explicit link(std::unique_ptr<tls_socket> s) noexcept;
    link(link&&) noexcept;
    link& operator=(link&&) noexcept;
    ~link();
    tcp_socket& socket() const noexcept;
};

void close(tcp_socket& socket) noexcept;
void close(tls_socket& socket) noexcept;
/// False when the other side has closed it, or has sent something that nobody asked for.
bool still_idle(const link& l) noexcept;

/// An error of a connection that was open, in words: `where` is "host:port".
net_error failed(const boost::system::error_code& why, const std::string& where);
net_error timed_out(const std::string& where, std::string_view doing);

} // namespace trialgate::gateway
