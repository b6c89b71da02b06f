// The long form of an expression: names for codes, operators as in arithmetic.
#include "fhir/ucum.hpp"
#include "fhir/ucum_grammar.hpp"

namespace trialgate::fhir::ucum {
namespace {

class name_writer final : public detail::expression_events {
public:
    detail::refusal on_operator(char op) override {
        if (out.empty())
            out = "1";
        out += op == '.' ? " * " : " / ";
        return nullptr;
    }
    detail::refusal on_open() override {
        out += '(';
        return nullptr;
    }
    detail::refusal on_close() override {
        out += ')';
        return nullptr;
    }
    detail::refusal on_number(std::uint64_t number, int) override {
        out += std::to_string(number);
        return nullptr;
    }
    detail::refusal on_symbol(detail::symbol s, int written_exponent, int) override {
        out += '(';
        if (s.prefix_index)
            out += detail::prefixes()[*s.prefix_index].name;
        out += detail::definitions()[s.atom_index].name;
        if (written_exponent != 1)
            out += " ^ " + std::to_string(written_exponent);
        out += ')';
        return nullptr;
    }
    detail::refusal on_annotation(std::string_view with_braces, bool alone) override {
        if (!alone)
            out += ' ';
        out += with_braces;
        return nullptr;
    }

    std::string out;
};

} // namespace

result<std::string> display(std::string_view text) {
    if (text.empty())
        return std::string("(unity)");
    if (auto valid = parse(text); !valid)
        return std::move(valid).error();
    name_writer names;
    if (auto problem = detail::read_expression(text, names))
        return std::move(*problem);
    return std::move(names.out);
}

} // namespace trialgate::fhir::ucum
