// Special units: those that a function, not a factor, leads to a ratio scale.
#include "fhir/ucum.hpp"

#include <catch2/catch.hpp>
#include <string>

using trialgate::fhir::decimal;
using trialgate::fhir::parse_decimal;
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

} // namespace

TEST_CASE("ucum: temperatures convert exactly in every direction") {
    CHECK(converted("0", "Cel", "K") == "273.15");
    CHECK(converted("-40", "[degF]", "Cel") == "-40");
    CHECK(converted("98.6", "[degF]", "K") == "310.15");
    CHECK(converted("80", "[degRe]", "Cel") == "100");
    CHECK(converted("212", "[degF]", "[degRe]") == "80");
    CHECK(converted("491.67", "[degR]", "Cel") == "0");
    CHECK(converted("37500", "mCel", "Cel") == "37.5");
    CHECK(converted("37.50", "Cel", "Cel") == "37.50");
    CHECK(converted("3.7", "10.Cel", "Cel") == "37");
    CHECK(converted("100", "[degF]", "Cel") == "37.7777777777777778");
    CHECK_FALSE(ucum::factor(unit("[degF]"), unit("Cel")));
    CHECK_FALSE(ucum::comparable(unit("Cel"), unit("m")));
}

TEST_CASE("ucum: the functions of the other special units, there and back") {
    CHECK(converted("7", "[pH]", "mol/L") == "1e-7");
    CHECK(converted("7.4", "[pH]", "nmol/L") == "39.8107170553497251");
    CHECK(converted("100", "nmol/L", "[pH]") == "7");
    CHECK(converted("20", "dB", "B") == "2");
    CHECK(converted("3", "B", "1") == "1000");
    CHECK(converted("1", "Np", "1") == "2.71828182845904524");
    CHECK(converted("94", "dB[SPL]", "Pa").substr(0, 7) == "1.00237");
    CHECK(converted("2", "B[SPL]", "uPa") == "200");
    CHECK(converted("6", "B[V]", "V") == "1000");
    CHECK(converted("6", "B[mV]", "V") == "1");
    CHECK(converted("6", "B[uV]", "mV") == "1");
    CHECK(converted("2", "B[10.nV]", "nV") == "100");
    CHECK(converted("3", "B[W]", "kW") == "1");
    CHECK(converted("3", "B[kW]", "MW") == "1");
    CHECK(converted("3", "B[kW]", "B[W]") == "6");
    CHECK(converted("8", "bit_s", "1") == "256");
    CHECK(converted("256", "1", "bit_s") == "8");
    CHECK(converted("3", "[m/s2/Hz^(1/2)]", "m2/s4/Hz") == "9");
    CHECK(converted("9", "m2/s4/Hz", "[m/s2/Hz^(1/2)]") == "3");
    CHECK(converted("100", "%[slope]", "deg") == "45");
    CHECK(converted("45", "deg", "%[slope]") == "100");
    CHECK(converted("100", "[p'diop]", "deg") == "45");
    CHECK(converted("6", "[hp'_X]", "1") == "0.000001");
    CHECK(converted("3", "[hp'_C]", "1") == "0.000001");
    CHECK(converted("2", "[hp'_M]", "1") == "0.000001");
    CHECK(converted("1", "[hp'_Q]", "1") == "0.00002");
    CHECK(converted("0.000001", "1", "[hp'_C]") == "3");
}

TEST_CASE("ucum: outside the domain of a function there is no value") {
    CHECK(converted("-1", "mol/L", "[pH]").front() == '<');
    CHECK(converted("0", "mol/L", "[pH]").front() == '<');
    CHECK(converted("1e9", "B", "1").front() == '<');
    CHECK(converted("91", "deg", "%[slope]").front() == '<');
    CHECK(converted("-1", "[m/s2/Hz^(1/2)]", "m2/s4/Hz").front() == '<');
    CHECK(converted("1e30000", "Cel", "K").front() == '<');
    CHECK(converted("1e32767", "km", "m").front() == '<');
}
