#include "mappings/engine/json_file.hpp"

#include "mappings/engine/code_check.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_set>

namespace trialgate::mappings {

namespace json = fhir::json;

namespace {

// A scalar knows where it ends; people look where it begins.
std::size_t string_begin(std::string_view text, std::size_t end) noexcept {
    std::size_t at = std::min(end, text.size());
    if (at > 0 && text[at - 1] == '"')
        --at;
    while (at > 0) {
        if (text[at - 1] != '"') {
            --at;
            continue;
        }
        std::size_t slashes = 0;
        while (at >= 2 + slashes && text[at - 2 - slashes] == '\\')
            ++slashes;
        --at;
        if (slashes % 2 == 0)
            return at;
    }
    return 0;
}

std::size_t value_begin(std::string_view text, json::value v) noexcept {
    const std::size_t end = std::min<std::size_t>(v.offset(), text.size());
    switch (v.type()) {
    case json::kind::string:
        return string_begin(text, end);
    case json::kind::number:
        return end - std::min(end, v.text().size());
    case json::kind::boolean:
        return end - std::min<std::size_t>(end, v.as_bool() ? 4 : 5);
    case json::kind::null:
        return end - std::min<std::size_t>(end, 4);
    default:
        return end;
    }
}

std::optional<fhir::ratio> as_ratio(fhir::decimal d) noexcept {
    constexpr std::int64_t most = 1'000'000'000'000'000'000;
    if (d.mantissa <= 0)
        return std::nullopt;
    fhir::ratio r{d.mantissa, 1};
    for (int i = d.exponent; i < 0; ++i) {
        if (r.denominator > most / 10)
            return std::nullopt;
        r.denominator *= 10;
    }
    for (int i = 0; i < d.exponent; ++i) {
        if (r.numerator > most / 10)
            return std::nullopt;
        r.numerator *= 10;
    }
    const std::int64_t common = std::gcd(r.numerator, r.denominator);
    return fhir::ratio{r.numerator / common, r.denominator / common};
}

} // namespace

std::string to_string(const problem& p) {
    std::string out = p.file;
    if (p.line != 0)
        out += ':' + std::to_string(p.line) + ':' + std::to_string(p.column);
    out += p.level_ == problem::level::error ? ": error: " : ": warning: ";
    out += p.text;
    if (!p.hint.empty())
        out += " (" + p.hint + ')';
    return out;
}

json_file::json_file(const source_file& source, std::vector<problem>& problems)
    : source_(&source), problems_(&problems) {
    const auto parsed = parser_.parse_copy(source.text, json::dialect::with_comments);
    if (!parsed) {
        problems.push_back(
            made(problem::level::error, "bad-json", parsed.error().offset, parsed.error().text, {})
        );
        return;
    }
    root_ = *parsed;
    find_duplicate_keys();
}

void json_file::find_duplicate_keys() {
    std::vector<json::value> open{root_};
    std::unordered_set<std::string_view> seen;
    while (!open.empty()) {
        const json::value v = open.back();
        open.pop_back();
        seen.clear();
        for (const json::member& m : v.members()) {
            if (!seen.insert(m.name).second)
                report(
                    problem::level::error, "duplicate-key", m,
                    "'" + std::string(m.name) + "' is given twice in one object"
                );
            open.push_back(m.content);
        }
        for (const json::value& e : v.elements())
            open.push_back(e);
    }
}

void json_file::report(
    problem::level level, std::string_view code, json::value at, std::string text, std::string hint
) const {
    problems_->push_back(made(level, code, value_begin(source_->text, at), std::move(text), std::move(hint)));
}

void json_file::report(
    problem::level level, std::string_view code, const json::member& at, std::string text, std::string hint
) const {
    problems_->push_back(
        made(level, code, string_begin(source_->text, at.offset), std::move(text), std::move(hint))
    );
}

void json_file::report_to(
    std::vector<problem>& to, std::string_view code, json::value at, std::string text, std::string hint
) const {
    to.push_back(
        made(problem::level::error, code, value_begin(source_->text, at), std::move(text), std::move(hint))
    );
}

void json_file::report_to(
    std::vector<problem>& to, std::string_view code, const json::member& at, std::string text,
    std::string hint
) const {
    to.push_back(made(
        problem::level::error, code, string_begin(source_->text, at.offset), std::move(text), std::move(hint)
    ));
}

problem json_file::made(
    problem::level level, std::string_view code, std::size_t offset, std::string text, std::string hint
) const {
    const fhir::line_column at = fhir::locate(source_->text, offset);
    return {level, std::string(code), source_->name, at.line, at.column, std::move(text), std::move(hint)};
}

bool has_error(std::span<const problem> problems) noexcept {
    return std::any_of(problems.begin(), problems.end(), [](const problem& p) {
        return p.level_ == problem::level::error;
    });
}

void sort_problems(std::vector<problem>& problems, std::size_t first) {
    std::map<std::string, std::size_t> order;
    for (std::size_t i = first; i < problems.size(); ++i)
        order.try_emplace(problems[i].file, order.size());
    std::stable_sort(
        problems.begin() + static_cast<std::ptrdiff_t>(first), problems.end(),
        [&order](const problem& a, const problem& b) {
            return std::make_tuple(order[a.file], a.line, a.column) <
                   std::make_tuple(order[b.file], b.line, b.column);
        }
    );
}

std::string_view kind_name(json::value v) noexcept {
    switch (v.type()) {
    case json::kind::missing:
        return "nothing";
    case json::kind::null:
        return "null";
    case json::kind::boolean:
        return "true or false";
    case json::kind::number:
        return "a number";
    case json::kind::string:
        return "a string";
    case json::kind::array:
        return "a list";
    case json::kind::object:
        return "an object";
    }
    return "nothing";
}

std::optional<fhir::ratio> parse_ratio(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    const auto part = [](std::string_view digits) -> std::optional<fhir::ratio> {
        digits = trimmed(digits);
        if (digits.empty() || digits.front() < '0' || digits.front() > '9')
            return std::nullopt;
        bool exact = true;
        const auto parsed = fhir::parse_decimal(digits, &exact);
        return parsed && exact ? as_ratio(*parsed) : std::nullopt;
    };
    const auto above = part(text.substr(0, slash));
    if (!above || slash == std::string_view::npos)
        return above;
    const auto below = part(text.substr(slash + 1));
    if (!below)
        return std::nullopt;
    const std::int64_t across = std::gcd(above->numerator, below->numerator);
    const std::int64_t down = std::gcd(above->denominator, below->denominator);
    fhir::ratio out;
    if (__builtin_mul_overflow(above->numerator / across, below->denominator / down, &out.numerator) ||
        __builtin_mul_overflow(above->denominator / down, below->numerator / across, &out.denominator))
        return std::nullopt;
    return out;
}

} // namespace trialgate::mappings
