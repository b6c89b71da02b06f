#include "fhir/decimal.hpp"

#include <catch2/catch.hpp>
#include <compare>
#include <limits>
#include <random>
#include <string>

using namespace trialgate::fhir;

namespace {

decimal number(std::string_view text) {
    const auto read = parse_decimal(text);
    REQUIRE(read.has_value());
    return *read;
}

bool written_as(std::string_view text, std::int64_t mantissa, int exponent) {
    const auto read = parse_decimal(text);
    return read && read->mantissa == mantissa && read->exponent == exponent;
}

constexpr ratio one{};

} // namespace

TEST_CASE("decimal: a number is read as written") {
    CHECK(written_as("8.20", 820, -2));
    CHECK(written_as("0", 0, 0));
    CHECK(written_as("0.010", 10, -3));
    CHECK(written_as("-0.5", -5, -1));
    CHECK(written_as("-0.0", 0, -1));
    CHECK(written_as("120", 120, 0));
    CHECK(written_as("1.5e3", 15, 2));
    CHECK(written_as("1.5E+03", 15, 2));
    CHECK(written_as("15e-1", 15, -1));
    CHECK(written_as("007", 7, 0));
}

TEST_CASE("decimal: what laboratories send beyond JSON is read too") {
    CHECK(written_as("+3.5", 35, -1));
    CHECK(written_as(".5", 5, -1));
    CHECK(written_as("-.5", -5, -1));
    CHECK(written_as("5.", 5, 0));
    CHECK(written_as("5.e2", 5, 2));
}

TEST_CASE("decimal: any other text is no number") {
    for (const auto* text : {"",     " ",   "-",     "+",     ".",   "-.", "e5",  ".e5",     "1e",
                             "1e+",  "1e-", "1e5.0", "1.2.3", "1,5", " 1", "1 ",  "--1",     "+-1",
                             "0x10", "NaN", "inf",   "1e5e5", "1_0", "<5", "1/2", "\xC2\xBD"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_decimal(text).has_value());
    }
    CHECK_FALSE(parse_decimal(std::string_view("1\0", 2)).has_value());
}

TEST_CASE("decimal: beyond 18 significant digits the rest is cut and the loss is told") {
    bool exact = false;
    CHECK(parse_decimal("123456789012345678", &exact)->mantissa == 123456789012345678);
    CHECK(exact);
    const auto cut = parse_decimal("1234567890123456789", &exact);
    CHECK(cut->mantissa == 123456789012345678);
    CHECK(cut->exponent == 1);
    CHECK_FALSE(exact);
    const auto fraction = parse_decimal("-0.0001234567890123456789", &exact);
    CHECK(fraction->mantissa == -123456789012345678);
    CHECK(fraction->exponent == -21);
    CHECK_FALSE(exact);
    CHECK(parse_decimal("8.20", &exact).has_value());
    CHECK(exact);
}

TEST_CASE("decimal: cutting zeros loses nothing") {
    bool exact = false;
    CHECK(parse_decimal("1.000000000000000000000000", &exact) == decimal{1, 0});
    CHECK(exact);
    CHECK(parse_decimal("1" + std::string(40, '0'), &exact) == decimal{1, 40});
    CHECK(exact);
    CHECK(parse_decimal("0." + std::string(40, '0') + "1", &exact) == decimal{1, -41});
    CHECK(exact);
    CHECK(parse_decimal(std::string(10'000, '0') + "5", &exact) == decimal{5, 0});
    CHECK(exact);
}

TEST_CASE("decimal: an exponent beyond 16 bits is no number, except of zero") {
    CHECK(written_as("1e32767", 1, 32767));
    CHECK(written_as("1e-32768", 1, -32768));
    CHECK(written_as("0.1e32768", 1, 32767));
    CHECK_FALSE(parse_decimal("1e32768").has_value());
    CHECK_FALSE(parse_decimal("1e-32769").has_value());
    CHECK_FALSE(parse_decimal("1e99999999999999999999999").has_value());
    CHECK_FALSE(parse_decimal("1e-99999999999999999999999").has_value());
    CHECK(number("0e99999999999999999999999") == decimal{0, 0});
    CHECK(number("0.00e-99999999999999999999999") == decimal{0, 0});
}

TEST_CASE("decimal: equality is by value") {
    CHECK(number("8.20") == number("8.2"));
    CHECK(number("8.20") != number("8.21"));
    CHECK(number("100") == number("1e2"));
    CHECK(number("-0") == number("0.000"));
    CHECK(number("0e300") == number("0e-300"));
}

TEST_CASE("decimal: order holds across exponents and signs") {
    const char* ascending[] = {
        "-1e32767",
        "-1e300",
        "-123456789012345678",
        "-100",
        "-99.99",
        "-1e-300",
        "0",
        "1e-32768",
        "1e-300",
        "2e-300",
        "0.1",
        "0.99999999999999999",
        "1",
        "1.00000000000000001",
        "2.9999",
        "3.0",
        "29.999999999999996",
        "30",
        "999999999999999999",
        "1e18",
        "1e300",
        "999999999999999999e300",
        "1e32767"};
    const auto n = std::size(ascending);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            CAPTURE(ascending[i], ascending[j]);
            CHECK((number(ascending[i]) <=> number(ascending[j])) == (i <=> j));
            CHECK(compare_scaled(number(ascending[i]), one, number(ascending[j]), one) == (i <=> j));
        }
}

TEST_CASE("decimal: order holds for every mantissa, not only for what is read") {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    CHECK(decimal{least, 0} < decimal{most, 0});
    CHECK(decimal{least, 0} < decimal{-most, 0});
    CHECK(decimal{least, 32767} < decimal{most, 32767});
    CHECK(decimal{most, 0} < decimal{1, 19});
    CHECK(decimal{9, 18} < decimal{most, 0});
    CHECK(compare_scaled({least, 0}, {most, 1}, {most, 0}, {most, 1}) == std::strong_ordering::less);
    CHECK(compare_scaled({most, 40}, {most, 1}, {most, 40}, {most - 1, 1}) == std::strong_ordering::greater);
}

TEST_CASE("decimal: a laboratory limit is decided exactly (clinical reference 8.2)") {
    const auto scaled = [](const char* a, ratio f, const char* limit) {
        return compare_scaled(number(a), f, number(limit), one);
    };
    const auto equal = std::strong_ordering::equal;
    const auto less = std::strong_ordering::less;
    const auto greater = std::strong_ordering::greater;
    const ratio thousand_per_ul_to_billion_per_l{1, 1};
    CHECK(scaled("3", thousand_per_ul_to_billion_per_l, "3.0") == equal);
    CHECK(scaled("4", thousand_per_ul_to_billion_per_l, "4.0") == equal);
    CHECK(scaled("100", thousand_per_ul_to_billion_per_l, "100") == equal);
    CHECK(scaled("1.5", thousand_per_ul_to_billion_per_l, "1.5") == equal);
    CHECK(scaled("2.99", thousand_per_ul_to_billion_per_l, "3.0") == less);
    CHECK(scaled("3000", {1, 1000}, "3.0") == equal);
    CHECK(scaled("2999", {1, 1000}, "3.0") == less);
    CHECK(scaled("30", one, "30") == equal);

    const ratio mg_per_mmol_to_mg_per_g{884, 100};
    CHECK(scaled("56.56", mg_per_mmol_to_mg_per_g, "500") == less);
    CHECK(scaled("56.57", mg_per_mmol_to_mg_per_g, "500") == greater);
    CHECK(scaled("50", mg_per_mmol_to_mg_per_g, "442") == equal);
    CHECK(scaled("0.5", {1000, 1}, "500") == equal);

    const ratio umol_per_l_to_mg_per_dl{10, 884};
    CHECK(scaled("88.4", umol_per_l_to_mg_per_dl, "1") == equal);
    CHECK(scaled("176.8", umol_per_l_to_mg_per_dl, "2.0") == equal);
    CHECK(scaled("176.7", umol_per_l_to_mg_per_dl, "2.0") == less);
    CHECK(scaled("100", {10, 171}, "5.8479532163742690") == greater);

    // 100.4 [degF] is 38.0 Cel: (F - 32) x 5/9 compared without rounding
    CHECK(scaled("68.4", {5, 9}, "38.0") == equal);
}

TEST_CASE("decimal: compare_scaled stays exact where 128 bits overflow") {
    const std::int64_t big = 4'611'686'018'427'387'904;
    const decimal a{999'999'999'999'999'999, 0};
    CHECK(compare_scaled(a, {big, big - 1}, a, {big, big - 1}) == std::strong_ordering::equal);
    CHECK(compare_scaled(a, {big, big - 1}, a, {big - 1, big - 2}) == std::strong_ordering::less);
    CHECK(
        compare_scaled(a, {big, big - 1}, {999'999'999'999'999'998, 0}, {big, big - 1}) ==
        std::strong_ordering::greater
    );
    CHECK(compare_scaled({1, 55}, {1, big}, {big, 0}, {big, 1}) == std::strong_ordering::less);
    CHECK(compare_scaled({1, 56}, {1, big}, {big, 0}, {big, 1}) == std::strong_ordering::greater);
    CHECK(compare_scaled({-1, 56}, {1, big}, {-big, 0}, {big, 1}) == std::strong_ordering::less);
    CHECK(compare_scaled({1, 32767}, {1, big}, {big, -32768}, {big, 1}) == std::strong_ordering::greater);
    CHECK(compare_scaled({0, 32767}, {1, big}, {big, -32768}, {big, 1}) == std::strong_ordering::less);
    CHECK(compare_scaled({0, 32767}, {1, big}, {0, 0}, {big, 1}) == std::strong_ordering::equal);
}

TEST_CASE("decimal: random numbers print and read back equal, and compare the same either way round") {
    std::mt19937_64 random(20260315);
    const auto draw = [&random] {
        const auto mantissa =
            static_cast<std::int64_t>(random() % 2'000'000'000'000'000'000) - 1'000'000'000'000'000'000;
        return decimal{
            mantissa >> (random() % 60), static_cast<std::int16_t>(static_cast<int>(random() % 81) - 40)};
    };
    for (int i = 0; i < 20'000; ++i) {
        const decimal a = draw();
        const decimal b = draw();
        const std::string text = a.to_string();
        CAPTURE(text);
        const auto again = parse_decimal(text);
        REQUIRE(again.has_value());
        REQUIRE(*again == a);
        REQUIRE((a <=> b) == (0 <=> (b <=> a)));
        REQUIRE((a <=> b) == compare_scaled(a, one, b, one));
        const ratio f{
            static_cast<std::int64_t>(random() % 1'000'000 + 1),
            static_cast<std::int64_t>(random() % 1'000'000 + 1)};
        REQUIRE((a <=> b) == compare_scaled(a, f, b, f));
    }
}

TEST_CASE("decimal: ordinary numbers print as written, others with an exponent") {
    CHECK(number("8.20").to_string() == "8.20");
    CHECK(number("-0.5").to_string() == "-0.5");
    CHECK(number("120").to_string() == "120");
    CHECK(number("1e30").to_string() == "1e30");
    CHECK(number("1.5e3").to_string() == "1500");
    CHECK(number("0.00").to_string() == "0.00");
    CHECK(number("0").to_string() == "0");
    CHECK(number("0e5").to_string() == "0");
    CHECK(number(".5").to_string() == "0.5");
    CHECK(number("0.0001").to_string() == "0.0001");
    CHECK(number("1.20e-30").to_string() == "1.20e-30");
    CHECK(number("-12e40").to_string() == "-1.2e41");
    CHECK(number("123456789012345678").to_string() == "123456789012345678");
    CHECK(decimal{std::numeric_limits<std::int64_t>::min(), 0}.to_string() == "-9.223372036854775808e18");
}

TEST_CASE("decimal: integers are told from fractions by value") {
    CHECK(number("5").is_integer());
    CHECK(number("5.00").is_integer());
    CHECK(number("-5e10").is_integer());
    CHECK(number("0.00").is_integer());
    CHECK(number("0e-300").is_integer());
    CHECK_FALSE(number("5.01").is_integer());
    CHECK_FALSE(number("1e-300").is_integer());
    CHECK(decimal{1'000'000'000'000'000'000, -18}.is_integer());
    CHECK_FALSE(decimal{1'000'000'000'000'000'000, -19}.is_integer());
    CHECK_FALSE(decimal{std::numeric_limits<std::int64_t>::min(), -32768}.is_integer());
}

TEST_CASE("decimal: the approximation is the nearest double") {
    CHECK(number("8.20").approximate() == 8.2);
    CHECK(number("-0.1").approximate() == -0.1);
    CHECK(number("1e300").approximate() == 1e300);
    CHECK(number("1e-400").approximate() == 0.0);
    CHECK(number("1e400").approximate() == std::numeric_limits<double>::infinity());
    CHECK(number("-1e400").approximate() == -std::numeric_limits<double>::infinity());
    CHECK(number("0e32767").approximate() == 0.0);
}
