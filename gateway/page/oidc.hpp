// Login by OpenID Connect: authorisation code with PKCE (S256), state bound to the browser by a cookie, nonce, ID token checked against the issuer's keys.
// https://openid.net/specs/openid-connect-core-1_0.html, RFC 7636, RFC 9700
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/net/http_client.hpp"
#include "gateway/page/access.hpp"

#include <list>

namespace trialgate::gateway {

/// How a login ended. `why` is a code for the page, `text` a sentence for the log; neither holds anything of the user.
struct oidc_fault {
    std::string why, text;
};

struct oidc_user {
    std::string id;   ///< "oidc:ISSUER|SUB"
    std::string name; ///< as shown
    user_claims claims;
};

/// Logins that were begun and are not finished. Pure.
class pending_logins {
public:
    static constexpr duration_ms lifetime = 10 * minute_ms;
    static constexpr std::size_t most = 1'000; ///< beyond it the oldest is forgotten
    struct login {
        std::string state, browser, nonce, verifier, redirect_uri; ///< `browser`: value of the cookie
        instant until = 0;
    };
    login begin(std::string redirect_uri, instant now);
    /// Once: nothing when it is not known, too old, or was begun by another browser.
    std::optional<login> take(std::string_view state, std::string_view browser, instant now);

private:
    std::list<login> all_;
};

/// What the claims of an ID token, with those of userinfo (empty: not asked), say of the user. `group_claim` is a name or a path with dots.
oidc_user read_user(std::string_view claims, std::string_view userinfo, const std::string& issuer, const std::string& group_claim);
/// Whether the claims of an ID token tell the groups.
bool tells_groups(std::string_view claims, const std::string& group_claim);

/// For one executor.
class oidc_login {
public:
    oidc_login(page_config::oidc_config config, std::shared_ptr<clock> time);
    ~oidc_login();

    struct begun {
        std::string location; ///< where the browser goes
        std::string browser;  ///< value of the cookie that it brings back
    };
    /// Asks the issuer where it is, the first time.
    boost::asio::awaitable<std::variant<begun, oidc_fault>> begin(std::string redirect_uri);
    /// `query` is that of the callback.
    boost::asio::awaitable<std::variant<oidc_user, oidc_fault>> finish(std::map<std::string, std::string, std::less<>> query, std::string browser);

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace trialgate::gateway
