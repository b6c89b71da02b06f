#include "gateway/core/url.hpp"

#include <catch2/catch.hpp>

using namespace trialgate::gateway;

TEST_CASE("A URL is taken apart and its default port filled in") {
    const auto url = parse_url("HTTPS://FHIR.Example.org/r4/Patient?name=a%20b|c#part");
    REQUIRE(url);
    CHECK(url->scheme == "https");
    CHECK(url->host == "fhir.example.org");
    CHECK(url->port == "443");
    CHECK(url->target == "/r4/Patient?name=a%20b|c");
    CHECK(url->origin() == "https://fhir.example.org:443");
    CHECK(url->secure());
    CHECK(parse_url("http://h")->port == "80");
    CHECK(parse_url("ws://h")->port == "80");
    CHECK(parse_url("wss://h")->port == "443");
    CHECK(parse_url("http://h:8080")->port == "8080");
    CHECK(parse_url("http://h:/")->port == "80");
    CHECK(parse_url("http://h:0080")->port == "80");
    CHECK(parse_url("http://h?x=1")->target == "/?x=1");
    CHECK(parse_url("http://h#x")->target == "/");
}

TEST_CASE("An IPv6 host loses its brackets and gets them back where a URL needs them") {
    const auto url = parse_url("http://[2001:DB8::1]:81/x");
    REQUIRE(url);
    CHECK(url->host == "2001:db8::1");
    CHECK(url->port == "81");
    CHECK(url->authority() == "[2001:db8::1]");
    CHECK(url->origin() == "http://[2001:db8::1]:81");
}

TEST_CASE("What is no plain absolute URL is refused") {
    const std::string bad = GENERATE(as<std::string>(), "", "h", "/x", "ftp://h/", "http://", "http:///x", "http://:80/", "http://user@h/", "http://u:p@h/",
                                     "http://h:0/", "http://h:65536/", "http://h:8x/", "http://h:99999999999/", "http://[::1", "http://[]/", "http://[::1]x/",
                                     "http://[h]/", "http://h/a b", "http://h/\r\nX: y", "http://h/\tx", "http://h\\x/", "http://h%2f/", "http://h/\x7f");
    CAPTURE(bad);
    CHECK_FALSE(parse_url(bad));
    CHECK_FALSE(parse_url(std::string_view("http://h/\0x", 11)));
}

TEST_CASE("Loopback is known by its names and addresses only") {
    for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.255.1.9", "::1", "[::1]"})
        CHECK(is_loopback(host));
    for (const char* host : {"", "localhost.example.org", "127.example.org", "127.1", "127.0.0.", "128.0.0.1", "0.0.0.0", "::", "::2", "127.0.0.1.evil"})
        CHECK_FALSE(is_loopback(host));
}
