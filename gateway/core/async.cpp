#include "gateway/core/async.hpp"

namespace trialgate::gateway {

void task_group::spawn(asio::awaitable<void> task, std::function<void(std::string)> failed) {
    const auto at = tasks_.emplace(tasks_.end());
    asio::co_spawn(executor_, std::move(task),
                   asio::bind_cancellation_slot(at->slot(), [this, at, failed = std::move(failed)](std::exception_ptr e) {
                       // The signal must not be destroyed while it is being emitted: one turn later.
                       asio::post(executor_, [this, at] {
                           tasks_.erase(at);
                           if (tasks_.empty())
                               empty_.cancel();
                       });
                       if (!e)
                           return;
                       try {
                           std::rethrow_exception(e);
                       } catch (const boost::system::system_error& s) {
                           if (s.code() != asio::error::operation_aborted && failed)
                               failed(s.what());
                       } catch (const std::exception& s) {
                           if (failed)
                               failed(s.what());
                       }
                   }));
}

asio::awaitable<void> task_group::stop(std::chrono::milliseconds grace) {
    for (auto type : {asio::cancellation_type::total, asio::cancellation_type::terminal}) {
        for (auto it = tasks_.begin(); it != tasks_.end();)
            (it++)->emit(type);
        if (tasks_.empty())
            co_return;
        if (type == asio::cancellation_type::total)
            empty_.expires_after(grace);
        else
            empty_.expires_at(asio::steady_timer::time_point::max());
        boost::system::error_code ignored;
        co_await empty_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (tasks_.empty())
            co_return;
    }
}

} // namespace trialgate::gateway
