#include "gateway/net/http.hpp"

#include <catch2/catch.hpp>

using namespace trialgate::gateway;

TEST_CASE("Header names compare without case and keep order and repetition") {
    http_headers headers{{"Link", "a"}, {"X", "1"}, {"link", "b"}};
    CHECK(headers["LINK"] == "a");
    CHECK(headers["none"].empty());
    CHECK(headers.has("x"));
    headers.set("lInK", "c");
    CHECK(std::distance(headers.begin(), headers.end()) == 2);
    CHECK(headers["link"] == "c");
    headers.set("New", "n");
    CHECK(headers["new"] == "n");
    headers.remove("LINK");
    CHECK_FALSE(headers.has("link"));
}
