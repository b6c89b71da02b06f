#include "fhir/ucum_grammar.hpp"

#include <algorithm>

namespace trialgate::fhir::ucum::detail {
namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_blank(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool ends_symbol(char c) noexcept {
    return is_digit(c) || is_blank(c) || std::string_view("./(){}+-").find(c) != std::string_view::npos;
}

class reader {
public:
    reader(std::string_view text, expression_events& events) : text_(text), events_(events) {}

    std::optional<issue> read() {
        if (text_.empty()) {
            fail(0, 0, "an empty text is not a unit");
        } else if (text_.size() > longest_expression) {
            fail(0, 0, "longer than any unit expression");
        } else if (main_term() && pos_ != text_.size()) {
            fail(pos_, 1, "a closing parenthesis without an opening one");
        }
        return std::move(problem_);
    }

private:
    char peek() const noexcept { return pos_ < text_.size() ? text_[pos_] : '\0'; }
    bool at_end() const noexcept { return pos_ >= text_.size(); }

    bool fail(std::size_t at, std::size_t length, std::string sentence) {
        issue found;
        found.type = issue_type::code_invalid;
        found.text = std::move(sentence);
        found.theirs = std::string(text_.substr(at, length));
        found.offset = static_cast<std::uint32_t>(at);
        problem_ = std::move(found);
        return false;
    }

    bool accepted(refusal r, std::size_t from) { return r == nullptr || fail(from, pos_ - from, r); }

    bool main_term() {
        if (peek() != '/')
            return term(1);
        ++pos_;
        return accepted(events_.on_operator('/'), 0) && term(1, -1);
    }

    bool term(int outer_sign, int first_sign = 1) {
        if (!component(outer_sign * first_sign))
            return false;
        while (!at_end() && peek() != ')') {
            const char op = peek();
            if (op != '.' && op != '/')
                return fail_after_component();
            if (!accepted(events_.on_operator(op), pos_++))
                return false;
            if (!component(op == '/' ? -outer_sign : outer_sign))
                return false;
        }
        return true;
    }

    bool component(int sign) {
        if (at_end())
            return fail(pos_, 0, pos_ == 0 ? "a unit is missing" : "the operator is not followed by a unit");
        const char c = peek();
        if (c == '{')
            return annotation(true);
        if (c == '(')
            return parentheses(sign);
        if (c == ')')
            return fail(pos_, 1, "a unit is missing before the closing parenthesis");
        if (c == '.' || c == '/')
            return fail(pos_, 1, "a unit is missing before the operator");
        if (is_blank(c))
            return fail(pos_, 1, "white space is not allowed in a unit");
        if (c == '}')
            return fail(pos_, 1, "a closing brace without an opening one");
        if (c == '+' || c == '-')
            return fail(pos_, 1, "a sign without a unit before it");
        const bool power_of_ten = text_.substr(pos_, 3) == "10*" || text_.substr(pos_, 3) == "10^";
        return is_digit(c) && !power_of_ten ? number(sign) : simple_unit(sign, power_of_ten);
    }

    bool parentheses(int sign) {
        const std::size_t from = pos_;
        if (++depth_ > deepest_nesting)
            return fail(from, 1, "parentheses nested too deep");
        ++pos_;
        if (!accepted(events_.on_open(), from) || !term(sign))
            return false;
        if (peek() != ')')
            return fail(from, 1, "the parenthesis is not closed");
        ++pos_;
        --depth_;
        return accepted(events_.on_close(), from);
    }

    bool number(int sign) {
        const std::size_t from = pos_;
        std::uint64_t value = 0;
        for (; is_digit(peek()); ++pos_) {
            if (value > 99'999'999'999'999'999U)
                return fail(from, run_length(from), "a number of more than 18 digits");
            value = value * 10 + static_cast<std::uint64_t>(peek() - '0');
        }
        if (peek() == '+' || peek() == '-')
            return fail(
                from, run_length(from),
                "a number has no exponent; powers of ten are written \"10*3\" or \"10*-3\""
            );
        if (!at_end() && !ends_symbol(peek()))
            return fail(from, run_length(from), "a number and a unit are joined by \".\", as in \"24.h\"");
        if (value == 0)
            return fail(from, pos_ - from, "the number 0 is not a unit");
        return accepted(events_.on_number(value, sign), from) && attached_annotation();
    }

    bool simple_unit(int sign, bool power_of_ten) {
        const std::size_t from = pos_;
        if (power_of_ten) {
            pos_ += 3;
        } else if (!skip_symbol()) {
            return fail(from, text_.size() - from, "the square bracket is not closed");
        }
        const std::string_view written = text_.substr(from, pos_ - from);
        const auto known = find_symbol(written);
        if (!known)
            return fail_unknown(from, written);
        int exponent = 1;
        if (!read_exponent(exponent))
            return false;
        return accepted(events_.on_symbol(*known, exponent, sign), from) && attached_annotation();
    }

    /// Brackets may hold what elsewhere ends a symbol: B[10.nV], [m/s2/Hz^(1/2)].
    bool skip_symbol() noexcept {
        while (!at_end() && !ends_symbol(peek())) {
            if (peek() == '[') {
                pos_ = text_.find(']', pos_);
                if (pos_ == std::string_view::npos)
                    return false;
            }
            ++pos_;
        }
        return true;
    }

    bool read_exponent(int& exponent) {
        const std::size_t from = pos_;
        const char sign = peek();
        if (sign == '+' || sign == '-')
            ++pos_;
        if (!is_digit(peek()))
            return pos_ == from || fail(from, 1, "the sign is not followed by an exponent");
        exponent = 0;
        for (; is_digit(peek()); ++pos_) {
            exponent = exponent * 10 + (peek() - '0');
            if (exponent > largest_exponent)
                return fail(from, run_length(from), "an exponent of more than 999");
        }
        if (sign == '-')
            exponent = -exponent;
        return true;
    }

    bool attached_annotation() { return peek() != '{' || annotation(false); }

    bool annotation(bool alone) {
        const std::size_t from = pos_;
        const std::size_t close = text_.find('}', from);
        if (close == std::string_view::npos)
            return fail(from, text_.size() - from, "the annotation is not closed");
        for (std::size_t i = from + 1; i < close; ++i) {
            const char c = text_[i];
            if (c == '{')
                return fail(i, 1, "a brace inside an annotation");
            if (is_blank(c))
                return fail(i, 1, "white space is not allowed in an annotation");
            if (c < '!' || c > '~')
                return fail(i, 1, "an annotation holds printable ASCII characters only");
        }
        pos_ = close + 1;
        return accepted(events_.on_annotation(text_.substr(from, pos_ - from), alone), from);
    }

    std::size_t run_length(std::size_t from) const noexcept {
        const auto rest = text_.substr(from);
        const auto end = std::find_if(rest.begin(), rest.end(), [](char c) {
            return is_blank(c) || c == '.' || c == '/' || c == '(' || c == ')' || c == '{';
        });
        return std::max<std::size_t>(1, static_cast<std::size_t>(end - rest.begin()));
    }

    bool fail_after_component() {
        const char c = peek();
        const char before = text_[pos_ - 1];
        if (is_blank(c))
            return fail(pos_, 1, "white space is not allowed in a unit");
        if (c == '(')
            return fail(pos_, 1, "an operator is missing before the parenthesis");
        if (c == '{')
            return fail(pos_, run_length(pos_), "only one annotation, and it follows a unit or a number");
        if (before == '}')
            return fail(
                pos_, run_length(pos_), "an annotation follows its unit; an operator is missing after it"
            );
        return fail(pos_, run_length(pos_), "an operator is missing between two units");
    }

    bool fail_unknown(std::size_t from, std::string_view written) {
        // "mmH2O" is read as mmH, 2, O: the whole run is what the sender meant as one symbol.
        const std::string_view run = text_.substr(from, std::max(written.size(), run_length(from)));
        std::string near = respelt_symbol(run);
        const std::string_view shown = near.empty() ? written : run;
        if (near.empty())
            near = nearest_symbol(written);
        std::string sentence = "not a known unit";
        if (!near.empty())
            sentence += "; did you mean \"" + near + "\"?";
        return fail(from, shown.size(), std::move(sentence));
    }

    std::string_view text_;
    expression_events& events_;
    std::size_t pos_ = 0;
    int depth_ = 0;
    std::optional<issue> problem_;
};

} // namespace

std::optional<issue> read_expression(std::string_view text, expression_events& events) {
    return reader(text, events).read();
}

} // namespace trialgate::fhir::ucum::detail
