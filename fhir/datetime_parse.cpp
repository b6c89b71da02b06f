#include "fhir/datetime.hpp"

namespace trialgate::fhir {

namespace {

/// Reads a text from left to right; every function leaves it alone where it says no.
class cursor {
public:
    explicit cursor(std::string_view text) noexcept : rest_(text) {}

    bool at_end() const noexcept { return rest_.empty(); }

    bool take(char c) noexcept {
        if (!rest_.starts_with(c))
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// Exactly `count` digits at this place (more may follow).
    std::optional<int> number(std::size_t count) noexcept {
        if (rest_.size() < count)
            return std::nullopt;
        int n = 0;
        for (const char c : rest_.substr(0, count)) {
            if (!is_digit(c))
                return std::nullopt;
            n = n * 10 + (c - '0');
        }
        rest_.remove_prefix(count);
        return n;
    }

    /// As above, and at most `most`.
    std::optional<int> number(std::size_t count, int most) noexcept {
        const std::string_view before = rest_;
        const auto n = number(count);
        if (!n || *n <= most)
            return n;
        rest_ = before;
        return std::nullopt;
    }

    /// At least one digit, all that there are: whether one of them is not 0.
    std::optional<bool> fraction() noexcept {
        const std::string_view digits = rest_.substr(0, rest_.find_first_not_of("0123456789"));
        if (digits.empty())
            return std::nullopt;
        rest_.remove_prefix(digits.size());
        return digits.find_first_not_of('0') != std::string_view::npos;
    }

private:
    static constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

    std::string_view rest_;
};

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view white_space = " \t\r\n";
    const std::size_t first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

bool read_calendar(cursor& in, date_time& out) noexcept {
    const auto year = in.number(4);
    if (!year)
        return false;
    out.precise = precision::year;
    out.at = {*year, 1, 1};
    if (in.take('-')) {
        const auto month = in.number(2);
        if (!month)
            return false;
        out.precise = precision::month;
        out.at.month = static_cast<unsigned>(*month);
        if (in.take('-')) {
            const auto day = in.number(2);
            if (!day)
                return false;
            out.precise = precision::day;
            out.at.day = static_cast<unsigned>(*day);
        }
    }
    return make_date(out.at.year, out.at.month, out.at.day).has_value();
}

bool move_to_next_day(date_time& out) noexcept {
    const auto day = make_date(out.at.year, out.at.month, out.at.day);
    if (!day)
        return false;
    out.at = civil(*day + 1);
    return out.at.year <= 9999;
}

bool read_clock(cursor& in, date_time& out) noexcept {
    const auto hour = in.number(2, 24);
    if (!hour || !in.take(':'))
        return false;
    const auto minute = in.number(2, 59);
    if (!minute)
        return false;
    int second = 0;
    bool fraction = false;
    if (in.take(':')) {
        const auto whole = in.number(2, 60);
        if (!whole)
            return false;
        second = *whole;
        if (in.take('.')) {
            const auto part = in.fraction();
            if (!part)
                return false;
            fraction = *part;
        }
    }
    out.precise = precision::second;
    if (*hour == 24)
        return *minute == 0 && second == 0 && !fraction && move_to_next_day(out);
    // A leap second belongs to the day on which it is written.
    out.second_of_day = *hour * 3600 + *minute * 60 + (second == 60 ? 59 : second);
    return true;
}

bool read_zone(cursor& in, date_time& out) noexcept {
    if (in.take('Z')) {
        out.offset = 0;
        return true;
    }
    const bool west = in.take('-');
    if (!west && !in.take('+'))
        return false;
    constexpr int farthest_hour = 14; // Kiribati
    const auto hour = in.number(2, farthest_hour);
    in.take(':');
    const auto minute = in.number(2, 59);
    if (!hour || !minute || (*hour == farthest_hour && *minute != 0))
        return false;
    const int seconds = *hour * 3600 + *minute * 60;
    out.offset = west ? -seconds : seconds;
    return true;
}

} // namespace

std::optional<date> parse_date(std::string_view text) noexcept {
    cursor in(text);
    date_time read;
    if (!read_calendar(in, read) || read.precise != precision::day || !in.at_end())
        return std::nullopt;
    return make_date(read.at.year, read.at.month, read.at.day);
}

std::optional<date_time> parse_date_time(std::string_view text) noexcept {
    cursor in(trim(text));
    date_time out;
    if (!read_calendar(in, out))
        return std::nullopt;
    if (in.at_end())
        return out;
    if (out.precise != precision::day || (!in.take('T') && !in.take(' ')) || !read_clock(in, out))
        return std::nullopt;
    if (!in.at_end() && !(read_zone(in, out) && in.at_end()))
        return std::nullopt;
    return out;
}

} // namespace trialgate::fhir
