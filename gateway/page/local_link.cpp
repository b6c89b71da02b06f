#include "gateway/page/local_link.hpp"

#include "gateway/core/crypto.hpp"

#include <charconv>

namespace trialgate::gateway {

namespace {

constexpr std::string_view link = "page/once", address = "page/url";

} // namespace

void put_link(store& s, std::string_view token, instant now) {
    s.value_put(link, to_hex(sha256(token)) + ' ' + std::to_string(now + link_opens_for));
}

bool take_link(store& s, std::string_view token, instant now) {
    const std::string kept = s.value(link).value_or("");
    const auto space = kept.find(' ');
    instant until = 0;
    if (token.empty() || space == kept.npos ||
        std::from_chars(kept.data() + space + 1, kept.data() + kept.size(), until).ec != std::errc() || now >= until ||
        until - now > link_opens_for || // the clock was set back
        !same_secret(to_hex(sha256(token)), std::string_view(kept).substr(0, space)))
        return false;
    s.value_remove(link);
    return true;
}

void put_page_url(store& s, std::string_view url) {
    if (url.empty())
        s.value_remove(address);
    else
        s.value_put(address, url);
}

std::string page_url(store& s) { return s.value(address).value_or(""); }

std::string link_text(std::string_view url, std::string_view token) {
    return std::string(url) + "/#once=" + std::string(token);
}

} // namespace trialgate::gateway
