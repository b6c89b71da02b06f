#include "gateway/outbox/delivery_fsm.hpp"

namespace trialgate::gateway {

namespace {

constexpr std::uint32_t least_attempts = 5;
constexpr unsigned failures_to_open = 5;

} // namespace

delivery_step after_attempt(const outbox_row& row, const delivery_result& result, const sink_config& sink, instant now, double random) {
    using outcome = delivery_result::is;
    delivery_step next;
    next.attempts = row.attempts;
    next.error = result.why;
    if (result.what == outcome::delivered || result.what == outcome::overruled) {
        next.what = delivery_step::is::delivered;
        return next;
    }
    const bool tried = result.what == outcome::never || result.because != delivery_result::cause::not_tried;
    if (tried)
        ++next.attempts;
    const bool too_old = tried && now - row.created > sink.give_up_after && next.attempts >= least_attempts;
    if (result.what == outcome::never || too_old) {
        next.what = delivery_step::is::dead;
        return next;
    }
    const std::uint32_t exponent = next.attempts > 0 ? next.attempts - 1 : 0;
    next.not_before = now + std::max(backoff(exponent, sink.first_retry, sink.longest_retry, random), std::min(result.wait, longest_wait));
    return next;
}

delivery_result of_status(int status, std::optional<duration_ms> retry_after, std::string_view codes) {
    delivery_result out;
    out.why = std::to_string(status);
    if (!codes.empty())
        out.why += ' ' + std::string(codes);
    if (status >= 200 && status < 300) {
        out.what = delivery_result::is::delivered;
        return out;
    }
    out.wait = std::max<duration_ms>(retry_after.value_or(0), 0);
    if (status == 409 || status == 412) {
        out.because = delivery_result::cause::message;
        return out;
    }
    const bool transient = status == 408 || status == 425 || status == 429 || status == 401 || status == 403 || status == 407 || status >= 500;
    // A redirect is an address that an operator has to mend, as credentials are.
    if (!transient && status >= 400)
        out.what = delivery_result::is::never;
    return out;
}

delivery_result of_error(const net_error& error) {
    delivery_result out;
    out.why = to_code(error.code);
    if (error.code == net_errc::refused || error.code == net_errc::cancelled)
        out.because = delivery_result::cause::not_tried;
    return out;
}

sink_health::change sink_health::saw(const delivery_result& result, instant now, double random) noexcept {
    using outcome = delivery_result::is;
    if (result.what == outcome::later && result.because == delivery_result::cause::not_tried) {
        hold(now + std::max(first_, std::min(result.wait, longest_wait)));
        return change::none;
    }
    if (result.what != outcome::later || result.because == delivery_result::cause::message) {
        failures_ = probes_ = 0;
        return std::exchange(open_, false) ? change::closed : change::none;
    }
    if (result.wait > 0)
        hold(now + std::min(result.wait, longest_wait));
    ++failures_;
    const bool was_open = open_;
    if (was_open && now < probe_at_)
        return change::none; // begun before it opened
    if (!was_open && failures_ < failures_to_open)
        return change::none;
    open_ = true;
    probes_ = was_open ? std::min(probes_ + 1, 30u) : 0;
    const duration_ms pause = std::min(longest_, first_ << std::min(probes_, 20u));
    probe_at_ = now + pause / 2 + static_cast<duration_ms>(static_cast<double>(pause) / 2 * random);
    return was_open ? change::none : change::opened;
}

std::size_t sink_health::may_begin(instant now, std::size_t running, std::size_t most) const noexcept {
    if (opens_at(now) != 0)
        return 0;
    if (open_)
        return running == 0 ? 1 : 0;
    return running < most ? most - running : 0;
}

instant sink_health::opens_at(instant now) const noexcept {
    const instant at = std::max(held_until_, open_ ? probe_at_ : 0);
    return at > now ? at : 0;
}

} // namespace trialgate::gateway
