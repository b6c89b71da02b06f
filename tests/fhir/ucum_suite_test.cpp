// The published functional tests, read in place: they are not part of the project. A result agrees when it is
// the expected one at the precision of the expected one ("25" of 25.2), as the suite writes its outcomes; at
// most 18 digits are compared.
#include "fhir/ucum.hpp"
#include "tests/support/shared.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using trialgate::fhir::decimal;
using trialgate::fhir::parse_decimal;
namespace ucum = trialgate::fhir::ucum;

namespace {

using attributes = std::map<std::string, std::string>;
using integer = boost::multiprecision::cpp_int;
using rational = boost::multiprecision::cpp_rational;

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string without_comments(std::string xml) {
    for (auto from = xml.find("<!--"); from != std::string::npos; from = xml.find("<!--", from)) {
        const auto to = xml.find("-->", from);
        xml.erase(from, to == std::string::npos ? std::string::npos : to + 3 - from);
    }
    return xml;
}

/// Named entities of XML and decimal references below U+0800, which is all that the suite has.
std::string decoded(const std::string& raw) {
    static const std::map<std::string, std::string> named = {
        {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}};
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto end = raw[i] == '&' ? raw.find(';', i) : std::string::npos;
        if (end == std::string::npos) {
            out += raw[i];
            continue;
        }
        const std::string name = raw.substr(i + 1, end - i - 1);
        if (name.front() == '#') {
            const int code = std::stoi(name.substr(1));
            if (code >= 0x80)
                out += static_cast<char>(0xC0 | (code >> 6));
            out += static_cast<char>(code >= 0x80 ? 0x80 | (code & 0x3F) : code);
        } else {
            out += named.at(name);
        }
        i = end;
    }
    return out;
}

std::vector<attributes> cases_of(const std::string& xml, const std::string& section) {
    const auto begin = xml.find("<" + section + ">");
    const auto end = xml.find("</" + section + ">");
    REQUIRE(begin != std::string::npos);
    std::vector<attributes> found;
    for (auto at = xml.find("<case", begin); at < end; at = xml.find("<case", at + 1)) {
        attributes one;
        for (auto pos = at + 5; xml[pos] != '/' && xml[pos] != '>';) {
            const auto name = xml.find_first_not_of(" \t\r\n", pos);
            if (xml[name] == '/' || xml[name] == '>')
                break;
            const auto open = xml.find('"', name);
            const auto close = xml.find('"', open + 1);
            const auto name_end = xml.find_first_of("= \t", name);
            one[xml.substr(name, name_end - name)] = decoded(xml.substr(open + 1, close - open - 1));
            pos = close + 1;
        }
        found.push_back(std::move(one));
    }
    return found;
}

rational exact(const std::string& text) {
    const auto e = text.find_first_of("eE");
    int exponent = e == std::string::npos ? 0 : std::stoi(text.substr(e + 1));
    std::string digits = text.substr(0, e);
    if (const auto point = digits.find('.'); point != std::string::npos) {
        exponent -= static_cast<int>(digits.size() - point - 1);
        digits.erase(point, 1);
    }
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    const integer scale = boost::multiprecision::pow(integer(10), static_cast<unsigned>(std::abs(exponent)));
    return exponent < 0 ? rational(integer(digits), scale) : rational(integer(digits) * scale);
}

/// Half a unit in the last digit of `expected`, of its 18th digit when it has more.
rational tolerance(const std::string& expected) {
    const auto e = expected.find_first_of("eE");
    int last = e == std::string::npos ? 0 : std::stoi(expected.substr(e + 1));
    int significant = 0;
    for (const char c : expected.substr(0, e))
        if ((c != '0' || significant > 0) && c != '.')
            ++significant;
    if (const auto point = expected.substr(0, e).find('.'); point != std::string::npos)
        last -= static_cast<int>(expected.substr(0, e).size() - point - 1);
    last += std::max(0, significant - 18);
    const integer scale = boost::multiprecision::pow(integer(10), static_cast<unsigned>(std::abs(last)));
    return (last < 0 ? rational(1, scale) : rational(scale)) / 2;
}

void check_agrees(const decimal& got, const std::string& expected) {
    INFO("got " << got.to_string() << ", expected " << expected);
    CHECK(abs(exact(got.to_string()) - exact(expected)) <= tolerance(expected));
}

ucum::unit parsed(const std::string& text) {
    INFO("unit " << text);
    const auto u = ucum::parse(text.empty() ? "1" : text);
    REQUIRE(u.has_value());
    return *u;
}

} // namespace

TEST_CASE("ucum: all cases of the published functional tests pass") {
    const auto shared = trialgate::tests::shared_folder("published UCUM functional tests");
    if (!shared)
        return;
    const std::string xml = without_comments(read_file(*shared / "data/ucum/UcumFunctionalTests.xml"));
    std::map<std::string, std::size_t> ran;

    for (const auto& c : cases_of(xml, "validation")) {
        INFO(c.at("id") << " " << c.at("unit"));
        CHECK(ucum::parse(c.at("unit")).has_value() == (c.at("valid") == "true"));
        ++ran["validation"];
    }
    for (const auto& c : cases_of(xml, "displayNameGeneration")) {
        INFO(c.at("id") << " " << c.at("unit"));
        const auto name = ucum::display(c.at("unit"));
        REQUIRE(name.has_value());
        CHECK(*name == c.at("display"));
        ++ran["displayNameGeneration"];
    }
    for (const auto& c : cases_of(xml, "conversion")) {
        INFO(c.at("id"));
        const auto value =
            ucum::convert(*parse_decimal(c.at("value")), parsed(c.at("srcUnit")), parsed(c.at("dstUnit")));
        REQUIRE(value.has_value());
        check_agrees(*value, c.at("outcome"));
        ++ran["conversion"];
    }
    for (const std::string section : {"multiplication", "division"})
        for (const auto& c : cases_of(xml, section)) {
            INFO(section << " " << c.at("id"));
            const auto combine = section == "division" ? ucum::divide : ucum::multiply;
            const auto both = combine(
                *parse_decimal(c.at("v1")), parsed(c.at("u1")), *parse_decimal(c.at("v2")), parsed(c.at("u2"))
            );
            REQUIRE(both.has_value());
            const auto value = ucum::convert(both->first, parsed(both->second), parsed(c.at("uRes")));
            REQUIRE(value.has_value());
            check_agrees(*value, c.at("vRes"));
            ++ran[section];
        }

    std::size_t total = 0;
    for (const auto& [section, count] : ran) {
        std::cout << "UCUM functional tests: " << section << " " << count << "\n";
        total += count;
    }
    std::cout << "UCUM functional tests: " << total << " in all\n";
    CHECK(total >= 573);
}
