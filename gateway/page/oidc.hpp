// Login by OpenID Connect: authorisation code with PKCE (S256), state bound to the browser by a cookie, nonce, ID token checked against the issuer's keys.
// https://openid.net/specs/openid-connect-core-1_0.html, RFC 7636, RFC 9700
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/net/http_client.hpp"
#include "gateway/page/access.hpp"

#include <map>

namespace trialgate::gateway {

/// How a login ended. `why` is a code for the page, `text` a sentence for the log; neither holds anything of the user.
struct oidc_fault {
    std::string why, text;
    bool begun_here = true; ///< false: no login that this browser began; any web page can send a browser to the callback
};

struct oidc_user {
    std::string id;   ///< "oidc:ISSUER|SUB"
    std::string name; ///< as shown
    user_claims claims;
    std::string before; ///< as `begin` was told
};

/// Logins that were begun and are not finished. What belongs to one is in the cookie of its browser, which nobody else can read, change or make: however many
/// are begun, none of them pushes another one out. Good for this process.
class pending_logins {
public:
    static constexpr duration_ms lifetime = 10 * minute_ms;
    static constexpr std::size_t most = 10'000; ///< that are finished within that time; beyond it no other one is
    struct login {
        std::string state, nonce, verifier, redirect_uri, before;
        instant until = 0;
        std::string cookie = {};
    };
    pending_logins();
    /// `before`: something to be remembered with it, of one line.
    login begin(std::string redirect_uri, instant now, std::string before = {}) const;
    /// Once: nothing when `cookie` is of no login with this state, too old, or was taken before.
    std::optional<login> take(std::string_view state, std::string_view cookie, instant now);

private:
    std::string key_;
    std::map<std::string, instant, std::less<>> taken_; ///< states, until they are too old anyway
};

/// What the claims of an ID token, with those of userinfo (empty: not asked), say of the user. Claims are a name or a path with dots. What is shown as the
/// user's name decides on nothing: users may choose it (OpenID Connect Core, section 5.7).
oidc_user read_user(std::string_view claims, std::string_view userinfo, const page_config::oidc_config& config);
/// Whether the claims of an ID token say all that access can depend on.
bool tells_enough(std::string_view claims, const page_config::oidc_config& config);

/// For one executor.
class oidc_login {
public:
    oidc_login(page_config::oidc_config config, std::shared_ptr<clock> time);
    ~oidc_login();

    struct begun {
        std::string location; ///< where the browser goes
        std::string state;    ///< of this login, which comes back with it
        std::string cookie;   ///< that the browser brings back
    };
    /// Asks the issuer where it is, the first time. `before` comes back with the user who logs in.
    boost::asio::awaitable<std::variant<begun, oidc_fault>> begin(std::string redirect_uri, std::string before);
    /// `query` is that of the callback; `cookies` are all that the browser brings of this login's name.
    boost::asio::awaitable<std::variant<oidc_user, oidc_fault>> finish(std::map<std::string, std::string, std::less<>> query, std::vector<std::string> cookies);

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace trialgate::gateway
