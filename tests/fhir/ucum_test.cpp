#include "fhir/ucum.hpp"
#include "fhir/ucum_table.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using trialgate::fhir::decimal;
using trialgate::fhir::issue;
using trialgate::fhir::issue_type;
using trialgate::fhir::parse_decimal;
using trialgate::fhir::ratio;
namespace ucum = trialgate::fhir::ucum;

namespace {

decimal number(const char* text) {
    const auto d = parse_decimal(text);
    REQUIRE(d);
    return *d;
}

ucum::unit unit(std::string_view text) {
    const auto u = ucum::parse(text);
    INFO("unit " << text);
    REQUIRE(u.has_value());
    return *u;
}

/// The converted value as text, or the sentence of the error in angle brackets.
std::string converted(const char* value, std::string_view from, std::string_view to) {
    const auto d = ucum::convert(number(value), unit(from), unit(to));
    return d ? d->to_string() : "<" + d.error().text + ">";
}

bool comparable(std::string_view a, std::string_view b) {
    return ucum::comparable(unit(a), unit(b));
}

issue refused(std::string_view text) {
    const auto u = ucum::parse(text);
    INFO("unit " << text);
    REQUIRE(u.has_error());
    CHECK(u.error().type == issue_type::code_invalid);
    return u.error();
}

std::string hint(std::string_view text) {
    const std::string sentence = refused(text).text;
    const auto from = sentence.find("did you mean \"");
    if (from == std::string::npos)
        return "";
    return sentence.substr(from + 14, sentence.rfind('"') - from - 14);
}

std::optional<ratio> factor(std::string_view from, std::string_view to) {
    return ucum::factor(unit(from), unit(to));
}

} // namespace

TEST_CASE("ucum: limits that decide a criterion convert without an error in the last digit") {
    CHECK(converted("3", "10*3/uL", "10*9/L") == "3");
    CHECK(converted("3.0", "10*3/uL", "10*9/L") == "3.0");
    CHECK(converted("1.5", "10*3/uL", "10*9/L") == "1.5");
    CHECK(converted("100", "10^3/uL", "10*9/L") == "100");
    CHECK(converted("30", "mL/min/{1.73_m2}", "mL/min/{1.73_m2}") == "30");
    CHECK(converted("30", "mL/min/{1.73_m2}", "mL/min") == "30");
    CHECK(number("38.0") == *ucum::convert(number("100.4"), unit("[degF]"), unit("Cel")));
    CHECK(number("100.4") == *ucum::convert(number("38"), unit("Cel"), unit("[degF]")));
    CHECK(converted("3000", "/uL", "10*9/L") == "3.000");
    CHECK(converted("3000", "/mm3", "10*9/L") == "3.000");
    CHECK(converted("4", "10*6/L", "10*9/L") == "0.004");
}

TEST_CASE("ucum: the exact conversions of the clinical reference that need no analyte") {
    CHECK(factor("10*3/uL", "10*9/L") == ratio{1, 1});
    CHECK(factor("/uL", "10*9/L") == ratio{1, 1000});
    CHECK(factor("/mm3", "10*9/L") == ratio{1, 1000});
    CHECK(factor("10*6/L", "10*9/L") == ratio{1, 1000});
    CHECK(factor("g/L", "g/dL") == ratio{1, 10});
    CHECK(factor("mg/dL", "mg/L") == ratio{10, 1});
    CHECK(factor("g/(24.h)", "mg/(24.h)") == ratio{1000, 1});
    CHECK(factor("mg/d", "mg/(24.h)") == ratio{1, 1});
    CHECK(factor("mg/mg", "mg/g") == ratio{1000, 1});
    CHECK(factor("g/g", "mg/g") == ratio{1000, 1});
    CHECK(factor("g/mol", "mg/mmol") == ratio{1, 1});
    CHECK(factor("g/L", "mg/dL") == ratio{100, 1});
    CHECK(factor("k[IU]/L", "[IU]/mL") == ratio{1, 1});
    CHECK(factor("[IU]/L", "m[IU]/mL") == ratio{1, 1});
    CHECK(factor("meq/L", "mmol/L") == ratio{1, 1});
    CHECK(factor("mmol/L", "umol/L") == ratio{1000, 1});
    CHECK(converted("56.56", "g/mol", "mg/mmol") == "56.56");
    CHECK(converted("0.5", "g/g", "mg/g") == "500");
}

TEST_CASE("ucum: mass and amount of substance do not compare") {
    CHECK_FALSE(comparable("mg/mmol", "mg/g"));
    CHECK_FALSE(comparable("umol/L", "mg/dL"));
    CHECK_FALSE(comparable("mL/min", "mL"));
    CHECK(converted("1", "umol/L", "mg/dL") == "<the units are not comparable>");
    CHECK_FALSE(factor("umol/L", "mg/dL"));
}

TEST_CASE("ucum: an arbitrary unit compares with itself only") {
    CHECK(comparable("[IU]/mL", "k[IU]/L"));
    CHECK(comparable("[IU]", "[iU]"));
    CHECK_FALSE(comparable("[IU]", "U"));
    CHECK_FALSE(comparable("[IU]/mL", "[arb'U]/mL"));
    CHECK_FALSE(comparable("[GPL'U]/mL", "[MPL'U]/mL"));
    CHECK_FALSE(comparable("[IU]", "1"));
    CHECK_FALSE(comparable("[IU].[arb'U]", "[arb'U]"));
    CHECK(comparable("[IU].[arb'U]", "[arb'U].[IU]"));
    CHECK(comparable("[IU].[arb'U]/[IU]", "[arb'U]"));
    CHECK(converted("50", "k[IU]/L", "[IU]/mL") == "50");
    CHECK(comparable("U/L", "umol/min/L"));
}

TEST_CASE("ucum: every unit string of the clinical reference is what UCUM makes of it") {
    CHECK(comparable("K/uL", "K/L"));
    CHECK(comparable("G/L", "Wb/m2/L"));
    CHECK(comparable("F", "C/V"));
    CHECK(factor("mg/24.h", "mg.h") == ratio{1, 24});
    CHECK(factor("mL/min/1.73", "mL/min") == ratio{73, 1});
    CHECK(converted("52", "mL/min/1.73", "mL/min") == "3796");
    CHECK(factor("mL/min/(1.73)", "mL/min") == ratio{1, 73});
    CHECK_FALSE(comparable("U/mL", "[IU]/mL"));
    CHECK(unit("mg/d").text() == "mg/d");

    for (const char* text :
         {"k/uL",
          "mL/min/1.73m2",
          "mL/min/1.73 m2",
          "mL/min/1.73m^2",
          "mL/min/1.73sqm",
          "\xC2\xB5mol/L",
          "\xCE\xBCmol/L",
          "IU/mL",
          "IU/L",
          "x10E3/uL",
          "10e3/uL",
          "X10(3)/uL",
          "thou/uL",
          "10\xC2\xB3/\xC2\xB5L",
          "#/uL",
          "/hpf",
          "#/HPF",
          "/HPF",
          "p/hpf",
          "mm/hr",
          "mEq/L",
          "mg/24hr",
          "mg/24 h",
          "mg/(24.hr)",
          "g/24h",
          "GPL",
          "MPL",
          "APL",
          "SGU",
          "CH50 U/mL",
          "AI",
          "Ratio",
          "Units"})
        refused(text);

    for (const char* text : {"10*3/uL",    "10^3/uL",    "10*9/L",
                             "10*6/L",     "/uL",        "/mm3",
                             "g/dL",       "g/L",        "mmol/L",
                             "mg/dL",      "mg/L",       "umol/L",
                             "[IU]/mL",    "k[IU]/L",    "m[IU]/mL",
                             "U/L",        "U/ml",       "{titer}",
                             "{ratio}",    "{index}",    "{unit}",
                             "[arb'U]/mL", "/[HPF]",     "/[LPF]",
                             "mm/h",       "mg/g",       "g/g",
                             "mg/mg",      "mg/mmol",    "g/mol",
                             "Cel",        "[degF]",     "mL/min/{1.73_m2}",
                             "meq/L",      "mg/(24.h)",  "g/(24.h)",
                             "[GPL'U]/mL", "[MPL'U]/mL", "[APL'U]/mL"})
        unit(text);
}

TEST_CASE("ucum: an unknown symbol is named by its place and answered with the nearest known one") {
    const issue found = refused("mg/DL");
    CHECK(found.offset == 3);
    CHECK(found.theirs == "DL");
    CHECK(found.text == "not a known unit; did you mean \"dL\"?");

    CHECK(hint("mm/hr") == "h");
    CHECK(hint("IU/mL") == "[IU]");
    CHECK(hint("mIU/mL") == "m[IU]");
    CHECK(hint("kIU/L") == "k[IU]");
    CHECK(hint("mEq/L") == "meq");
    CHECK(hint("/hpf") == "[HPF]");
    CHECK(hint("\xC2\xB5mol/L") == "umol");
    CHECK(hint("\xCE\xBCg/mL") == "ug");
    CHECK(hint("mmHg") == "mm[Hg]");
    CHECK(hint("cmH2O") == "cm[H2O]");
    CHECK(hint("mcg/mL") == "ug");
    CHECK(hint("°C") == "Cel");
    CHECK(hint("[IUU]") == "[IU]");
    CHECK(hint("thou/uL") == "10*3");
    CHECK(hint("mool/L") == "mol");
    CHECK(hint("GPL") == "[GPL'U]");
    CHECK(hint("kg[H20]").empty());
}

TEST_CASE("ucum: the text of an error never repeats the data") {
    for (const char* text :
         {"Mueller/mL", "m{a b}", "12h", "m/s^2", "(kg.Anna", "[Berta", "m2anna", "anna+4"}) {
        const issue found = refused(text);
        CHECK(found.text.find("ueller") == std::string::npos);
        CHECK(found.text.find("nna") == std::string::npos);
        CHECK(found.text.find("erta") == std::string::npos);
        CHECK(found.offset <= std::string_view(text).size());
    }
}

TEST_CASE("ucum: each kind of malformed expression has its own sentence and offset") {
    const struct {
        const char* text;
        std::uint32_t offset;
        const char* part;
    } cases[] = {
        {"", 0, "empty"},
        {"m/", 2, "not followed"},
        {"/", 1, "not followed"},
        {"m..s", 2, "before the operator"},
        {"()", 1, "before the closing"},
        {"(m", 0, "not closed"},
        {"m)", 1, "without an opening"},
        {"g/24h", 2, "joined"},
        {"10+3/ul", 0, "no exponent"},
        {"m{a", 1, "not closed"},
        {"m{a{b}}", 3, "brace inside"},
        {"m{a b}", 3, "white space"},
        {"rad2{\xE9\x8C\xA0}", 5, "printable ASCII"},
        {"{a}rad2{b}", 3, "follows its unit"},
        {"m{a}{b}", 4, "one annotation"},
        {"(m){b}", 3, "one annotation"},
        {"mg /dL", 2, "white space"},
        {" mg", 0, "white space"},
        {"mg ", 2, "white space"},
        {"ug(8.h)", 2, "operator is missing"},
        {"m2kg", 2, "operator is missing"},
        {"m+", 1, "not followed by an exponent"},
        {"m1000", 1, "exponent of more"},
        {"1234567890123456789", 0, "more than 18 digits"},
        {"mg/0", 3, "not a unit"},
        {"[IU", 0, "bracket"},
        {"Cel2", 0, "special"},
        {"m/Cel", 2, "special"},
        {"Cel/min", 4, "special"},
        {"(/m)", 1, "before the operator"},
        {"}", 0, "brace"},
        {"-1", 0, "sign"},
    };
    for (const auto& c : cases) {
        INFO(c.text);
        const issue found = refused(c.text);
        CHECK(found.offset == c.offset);
        CHECK_THAT(found.text, Catch::Contains(c.part));
    }
}

TEST_CASE("ucum: size, depth and number of factors are limited") {
    CHECK(ucum::parse(std::string(32, '(') + "m" + std::string(32, ')')).has_value());
    CHECK_THAT(refused(std::string(33, '(') + "m" + std::string(33, ')')).text, Catch::Contains("too deep"));
    CHECK_THAT(refused(std::string(100'000, '(')).text, Catch::Contains("longer"));
    CHECK_THAT(
        refused("11.13.17.19.23.29.31.37.41.43.47.53.59.61").text, Catch::Contains("too many different")
    );
    CHECK_THAT(refused("[IU].[arb'U].[PFU].[CFU].[FFU]").text, Catch::Contains("too many"));
    CHECK(converted("1", "m999.m999/m999", "m999") == "1");
    CHECK(converted("1", "km999", "m999") == "1e2997");
    CHECK(converted("1", "[mi_i]999.[lb_av]999", "m999.g999").front() == '<');
}

TEST_CASE("ucum: from left to right, a/b.c is (a/b).c") {
    CHECK(factor("s/m.mg", "s.m-1.g") == ratio{1, 1000});
    CHECK(factor("m/(s.s)", "m/s2") == ratio{1, 1});
    CHECK(factor("m/(s/g)", "m.g/s") == ratio{1, 1});
    CHECK(factor("/m/s", "m-1.s-1") == ratio{1, 1});
    CHECK(factor("/(m/(s/m))", "s.m-2") == ratio{1, 1});
    CHECK(factor("10*-3", "1") == ratio{1, 1000});
    CHECK(factor("10*+3{a}", "1") == ratio{1000, 1});
    CHECK(factor("m0", "1") == ratio{1, 1});
    CHECK(factor("KiBy", "bit") == ratio{8192, 1});
    CHECK(factor("dar", "m2") == ratio{10, 1});
}

TEST_CASE("ucum: a prefix stands before metric atoms only") {
    refused("k[in_i]");
    refused("mmin");
    refused("k%");
    refused("kk");
    CHECK(comparable("daar", "m2"));
    CHECK(comparable("cd", "cd"));
    CHECK_FALSE(comparable("cd", "d"));
    CHECK(comparable("Pa", "N/m2"));
}

TEST_CASE("ucum: every unit of the table is understood, alone and with every prefix it may take") {
    CHECK(ucum::detail::definitions().size() == 312);
    CHECK(ucum::detail::prefixes().size() == 24);
    for (const auto& d : ucum::detail::definitions()) {
        unit(d.code);
        for (const auto& p : ucum::detail::prefixes()) {
            const std::string joined = std::string(p.code) + std::string(d.code);
            INFO(joined);
            CHECK(ucum::parse(joined).has_value() >= d.metric);
        }
    }
}

TEST_CASE("ucum: results are rounded to 18 digits, half to even, and keep written digits where they can") {
    CHECK(converted("1", "m", "[ft_i]") == "3.28083989501312336");
    CHECK(converted("2", "1", "3") == "0.666666666666666667");
    CHECK(converted("-2", "1", "3") == "-0.666666666666666667");
    CHECK(converted("999999999999999999", "1", "2") == "500000000000000000");
    CHECK(converted("8.20", "g/dL", "g/L") == "82.0");
    CHECK(converted("5", "g/L", "mg/L") == "5000");
    CHECK(converted("0", "[in_i]", "m") == "0");
    CHECK(converted("1", "[pi]", "1") == "3.14159265358979324");
    CHECK(converted("180", "deg", "[pi].rad") == "1");
    CHECK_FALSE(factor("deg", "rad"));
    CHECK(factor("circ", "deg") == ratio{360, 1});
    CHECK(factor("[ft_i]", "[in_i]") == ratio{12, 1});
    CHECK_FALSE(factor("Ym", "ym"));
}

TEST_CASE("ucum: products and quotients come in base units") {
    const auto product = ucum::multiply(number("1.5"), unit("kg"), number("2"), unit("m"));
    REQUIRE(product.has_value());
    CHECK(product->first == number("3000"));
    CHECK(product->second == "m.g");
    const auto quotient = ucum::divide(number("1"), unit("[IU]"), number("-2"), unit("mL"));
    REQUIRE(quotient.has_value());
    CHECK(quotient->first == number("-500000"));
    CHECK(quotient->second == "m-3.[iU]");
    CHECK(ucum::divide(number("1"), unit("m"), number("1"), unit("m"))->second == "1");
    CHECK(ucum::divide(number("1"), unit("m"), number("0"), unit("m")).has_error());
    CHECK(ucum::multiply(number("1"), unit("Cel"), number("1"), unit("m")).has_error());
}

TEST_CASE("ucum: long names") {
    CHECK(*ucum::display("mm") == "(millimeter)");
    CHECK(*ucum::display("m/s2") == "(meter) / (second ^ 2)");
    CHECK(*ucum::display("/L") == "1 / (liter)");
    CHECK(*ucum::display("mg/(24.h)") == "(milligram) / (24 * (hour))");
    CHECK(*ucum::display("mg/g{creat}") == "(milligram) / (gram) {creat}");
    CHECK(ucum::display("mm/hr").has_error());
    CHECK(ucum::display("Cel.m").has_error());
}

TEST_CASE("ucum: first use from many threads at once is safe") {
    std::vector<std::thread> threads;
    std::vector<int> good(4);
    for (std::size_t i = 0; i < good.size(); ++i)
        threads.emplace_back([&good, i] { good[i] = ucum::parse("mmol/L").has_value() ? 1 : 0; });
    for (auto& t : threads)
        t.join();
    CHECK(good == std::vector<int>{1, 1, 1, 1});
}
