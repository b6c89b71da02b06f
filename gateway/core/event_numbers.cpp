#include "gateway/core/event_numbers.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace trialgate::gateway {

namespace {

constexpr duration_ms memory = 30 * minute_ms;
constexpr std::int64_t first_numbers = 1;  // a counter that begins anew shows 0 (handshake, heartbeat) or 1
constexpr std::int64_t surely_beyond = 8;
constexpr std::int64_t goes_on_within = 1'000;
constexpr std::size_t most_runs = 1'000;
constexpr std::size_t most_announcements = 16;
constexpr std::int64_t most = std::int64_t{1} << 62; // no counter gets there; keeps sums from overflowing

constexpr std::string_view format = "n1 ";

/// Numbers with single separators between them.
class number_reader {
public:
    explicit number_reader(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}
    bool number(std::int64_t& out) {
        const auto [next, error] = std::from_chars(at_, end_, out);
        at_ = next;
        return error == std::errc{} && out <= most && out >= -most;
    }
    bool skip(char c) {
        if (at_ == end_ || *at_ != c)
            return false;
        ++at_;
        return true;
    }
    bool done() const { return at_ == end_; }

private:
    const char* at_;
    const char* end_;
};

} // namespace

event_numbers::event_numbers(std::string_view text) {
    if (!read(text))
        *this = event_numbers();
}

// "n1 contiguous settled settling marked given-up restarted mixed-until totals in-this-one[b][f];first-last@since,...;total@told,..."
std::string event_numbers::text() const {
    std::string out(format);
    for (const std::int64_t n : {contiguous_, settled_, settling_, marked_, given_up_, restarted_, mixed_until_, std::int64_t{totals_}})
        out += std::to_string(n) + ' ';
    out += std::to_string(in_this_one_) + (began_in_this_one_ ? "b" : "") + (fresh_in_this_one_ ? "f;" : ";");
    for (const auto& [first, r] : above_)
        out += std::to_string(first) + '-' + std::to_string(r.last) + '@' + std::to_string(r.since) + ',';
    out += ';';
    for (const auto& [value, told] : announced_)
        out += std::to_string(value) + '@' + std::to_string(told) + ',';
    return out;
}

bool event_numbers::read(std::string_view text) {
    if (!text.starts_with(format))
        return false;
    number_reader in(text.substr(format.size()));
    std::int64_t totals = 0;
    for (std::int64_t* n : {&contiguous_, &settled_, &settling_, &marked_, &given_up_, &restarted_, &mixed_until_, &totals})
        if (!in.number(*n) || !in.skip(' '))
            return false;
    totals_ = totals != 0;
    if (!in.number(in_this_one_))
        return false;
    began_in_this_one_ = in.skip('b');
    fresh_in_this_one_ = in.skip('f');
    if (contiguous_ < 0 || !in.skip(';'))
        return false;
    std::int64_t last = contiguous_;
    while (!in.skip(';')) {
        std::int64_t first = 0;
        run r{};
        if (!in.number(first) || !in.skip('-') || !in.number(r.last) || !in.skip('@') || !in.number(r.since) || !in.skip(','))
            return false;
        if (first <= last + 1 || r.last < first || above_.size() == most_runs)
            return false;
        last = r.last;
        above_.emplace_hint(above_.end(), first, r);
    }
    while (!in.done()) {
        std::int64_t value = 0, told = 0;
        if (!in.number(value) || !in.skip('@') || !in.number(told) || !in.skip(','))
            return false;
        if (value <= last || announced_.size() == most_announcements)
            return false;
        last = value;
        announced_.emplace_hint(announced_.end(), value, told);
    }
    return true;
}

std::int64_t event_numbers::highest() const noexcept {
    if (!announced_.empty())
        return announced_.rbegin()->first;
    return above_.empty() ? contiguous_ : above_.rbegin()->second.last;
}

void event_numbers::move_marks(instant now) {
    if (marked_ != 0 && now - marked_ < memory)
        return;
    settled_ = marked_ != 0 && now - marked_ >= 2 * memory ? highest() : settling_;
    settling_ = highest();
    marked_ = now;
}

bool event_numbers::counts_anew(std::int64_t low, bool began) const noexcept {
    return low < settled_ || ((began || low <= first_numbers) && contiguous_ - low >= surely_beyond);
}

void event_numbers::restart(std::int64_t at, instant now) {
    given_up_ = highest();
    restarted_ = now;
    contiguous_ = at;
    above_.clear();
    announced_.clear();
    settled_ = settling_ = 0;
    marked_ = now;
    in_this_one_ = 0;
    began_in_this_one_ = fresh_in_this_one_ = false;
}

bool event_numbers::old_count_goes_on(std::int64_t number, instant now) {
    if (given_up_ == 0 || number <= given_up_ || number - given_up_ > goes_on_within || number <= contiguous_ + 1)
        return false;
    if (now - restarted_ > 2 * memory) {
        given_up_ = 0;
        return false;
    }
    contiguous_ = given_up_;
    above_.clear();
    announced_.clear();
    given_up_ = 0;
    mixed_until_ = now + memory;
    return true;
}

/// Joins what has become contiguous, and forgets what is no longer news.
void event_numbers::absorb() {
    while (!above_.empty() && above_.begin()->first <= contiguous_ + 1) {
        contiguous_ = std::max(contiguous_, above_.begin()->second.last);
        above_.erase(above_.begin());
    }
    const std::int64_t seen = above_.empty() ? contiguous_ : above_.rbegin()->second.last;
    announced_.erase(announced_.begin(), announced_.upper_bound(seen));
}

void event_numbers::add(std::int64_t number, instant now) {
    if (number == contiguous_ + 1) {
        contiguous_ = number;
        return absorb();
    }
    run grown{number, now};
    std::int64_t first = number;
    auto next = above_.upper_bound(number);
    if (next != above_.begin()) {
        if (const auto before = std::prev(next); before->second.last + 1 == number) {
            first = before->first;
            grown.since = std::min(grown.since, before->second.since);
            above_.erase(before);
        }
    }
    if (next != above_.end() && next->first == number + 1) {
        grown = {next->second.last, std::min(grown.since, next->second.since)};
        above_.erase(next);
    }
    above_.emplace(first, grown);
    if (above_.size() > most_runs) {
        const instant since = earliest_above();
        const std::int64_t top = highest();
        above_.clear();
        announced_ = {{top, since}};
    }
    absorb();
}

event_numbers::finding event_numbers::event(std::int64_t number, instant now) {
    if (number < 1 || number > most)
        return finding::duplicate;
    move_marks(now);
    in_this_one_ = std::max(in_this_one_, number);
    began_in_this_one_ = began_in_this_one_ || number <= first_numbers;
    old_count_goes_on(number, now);
    if (number <= contiguous_) {
        if (totals_ || now < mixed_until_ || !counts_anew(number, false))
            return finding::duplicate;
        restart(number, now);
        return finding::restarted;
    }
    if (const auto next = above_.upper_bound(number); next != above_.begin() && std::prev(next)->second.last >= number)
        return finding::duplicate;
    add(number, now);
    fresh_in_this_one_ = true;
    return finding::fresh;
}

bool event_numbers::total(std::int64_t events_since_start, instant now) {
    const std::int64_t with = std::exchange(in_this_one_, 0);
    const bool began = std::exchange(began_in_this_one_, false);
    const bool fresh = std::exchange(fresh_in_this_one_, false);
    if (events_since_start < 0 || events_since_start > most || events_since_start < with)
        return false;
    totals_ = true;
    move_marks(now);
    old_count_goes_on(events_since_start, now);
    if (events_since_start < contiguous_) {
        if (fresh || now < mixed_until_ || !counts_anew(events_since_start, began))
            return false;
        restart(events_since_start, now);
        return true;
    }
    if (events_since_start > highest()) {
        if (announced_.size() == most_announcements)
            announced_.erase(std::prev(announced_.end()));
        announced_.emplace(events_since_start, now);
    }
    return false;
}

instant event_numbers::earliest_above() const noexcept {
    instant earliest = std::numeric_limits<instant>::max();
    for (const auto& [first, r] : above_)
        earliest = std::min(earliest, r.since);
    return announced_.empty() ? earliest : std::min(earliest, announced_.begin()->second);
}

std::optional<instant> event_numbers::due(duration_ms patience) const {
    if (above_.empty() && announced_.empty())
        return std::nullopt;
    return earliest_above() + patience;
}

std::optional<event_numbers::hole> event_numbers::overdue(instant now, duration_ms patience) const {
    const auto when = due(patience);
    if (!when || *when > now)
        return std::nullopt;
    if (!above_.empty())
        return hole{contiguous_ + 1, above_.begin()->first - 1};
    // Of several totals the last that is old enough: what a later one added may be on its way.
    std::int64_t last = contiguous_;
    for (const auto& [value, told] : announced_)
        if (told + patience <= now)
            last = value;
    return hole{contiguous_ + 1, last};
}

void event_numbers::closed_through(std::int64_t last) {
    if (last <= contiguous_ || last > most)
        return;
    for (auto at = above_.begin(); at != above_.end() && at->first <= last + 1; at = above_.erase(at))
        last = std::max(last, at->second.last);
    contiguous_ = last;
    absorb();
}

} // namespace trialgate::gateway
