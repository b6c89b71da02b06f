// The link that logs in once: for a first try, and for machines without an identity provider. The store keeps the hash of its token and until when it opens,
// so that `trialgate page` can make a new one for a gateway that runs.
#pragma once

#include "gateway/store/store.hpp"

namespace trialgate::gateway {

inline constexpr duration_ms link_opens_for = 15 * minute_ms;

/// In a transaction: from now on this token logs in, once, and no other one does.
void put_link(store& s, std::string_view token, instant now);
/// In a transaction: whether `token` logs in. When it does, it does not again.
bool take_link(store& s, std::string_view token, instant now);

/// Where a running gateway's page listens: "http://127.0.0.1:8080"; empty: nowhere. Kept in the store by the gateway.
void put_page_url(store& s, std::string_view url);
std::string page_url(store& s);

/// What is printed: the address, and what follows '#' in it, which browsers send to nobody.
std::string link_text(std::string_view url, std::string_view token);

} // namespace trialgate::gateway
