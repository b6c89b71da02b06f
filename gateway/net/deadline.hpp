// A deadline that costs an assignment to move: the hot path moves it several times a request.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace trialgate::gateway {

/// Calls `act` once the deadline has passed, and again every few milliseconds until it is moved: an operation that is between two steps
/// when it is cancelled would go on with the next step. For one executor.
class deadline {
public:
    using time_point = std::chrono::steady_clock::time_point;

    deadline(boost::asio::any_io_executor on, std::function<void()> act);
    ~deadline(); ///< `act` is not called any more
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    void set(time_point at);
    void in(std::chrono::milliseconds from_now) { set(std::chrono::steady_clock::now() + from_now); }
    void clear() { set(time_point::max()); }
    /// True once `act` was called for the deadline that is set.
    bool passed() const noexcept;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace trialgate::gateway
