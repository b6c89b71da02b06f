// The inside of the page. For gateway/page/page*.cpp only: page.cpp starts, stops and serves files, page_calls.cpp runs the routes of the API,
// page_login.cpp logs in and out.
#pragma once

#include "gateway/core/async.hpp"
#include "gateway/page/api_thread.hpp"
#include "gateway/page/assets.hpp"
#include "gateway/page/events.hpp"
#include "gateway/page/login_limit.hpp"
#include "gateway/page/oidc.hpp"
#include "gateway/page/page.hpp"
#include "gateway/page/route_table.hpp"
#include "gateway/page/session_store.hpp"

#include <atomic>
#include <set>

namespace trialgate::gateway {

/// What a browser keeps of a login that it has begun. Each login has its own: of two tabs both can finish.
struct begun_cookie {
    std::string name, content;
};

/// One request, looked at.
struct page_request {
    explicit page_request(http_request from) : http(std::move(from)), target(http.target) {}
    http_request http;
    request_target target;
    std::string address;    ///< of the client, through a proxy too
    bool at_this_machine = false;
    std::string origin;     ///< "https://page.example.org:443": as the client knows us
    std::string base;       ///< the same as it was written, for links back
    std::string session_id; ///< as its cookie says
    std::vector<begun_cookie> logins; ///< that this browser has begun, oldest first
};

/// What everybody is sent, whatever the answer.
http_headers page_headers(bool secure);
/// The values of a cookie, in the order in which they come: another path or host may have put one of the same name.
std::vector<std::string> cookies_of(const http_headers& headers, std::string_view name);
/// Cookies whose names begin so, in the order in which they come.
std::vector<begun_cookie> cookies_below(const http_headers& headers, std::string_view start);
/// What a request is about, as far as its path says.
struct concerned {
    std::string trial, subject;
};

struct page::state {
    state(asio::any_io_executor executor, page_config c, page_ground g);

    asio::any_io_executor on;
    const page_config fixed; ///< address, certificates, public URL
    page_config config;      ///< the rest
    page_ground ground;
    session_store sessions;
    login_limit local_logins{10, 200}, oidc_logins{10, login_limit::unlimited};
    login_limit strangers{10, 200}; ///< what any web page can make a browser do: counts for nothing but how much of it is written down
    event_hub hub;
    assets files;
    route_table routes;
    std::shared_ptr<oidc_login> oidc; ///< another one after a reload that changes who vouches for users, or how
    std::shared_ptr<const page_setting> setting;
    std::atomic<std::int64_t> operations = 0;
    page_stamps stamps;
    bool secure = false; ///< browsers speak TLS, with us or a proxy
    std::string url;
    std::set<std::string> origins;
    std::shared_ptr<tls_context> tls;
    trail_keeper trail;      ///< for the API's thread
    std::unique_ptr<api_thread> thread;
    std::unique_ptr<http_server> server;
    std::unique_ptr<task_group> tasks;

    // page.cpp
    void open();
    void know_origins();
    asio::awaitable<http_response> answer(http_request request);
    asio::awaitable<http_response> route(page_request r);
    bool recognise(page_request& r);
    http_response file(const page_request& r) const;
    asio::awaitable<void> watch();
    asio::awaitable<void> tick();

    // page_calls.cpp
    /// Our API is called by our page: what the browser says of where a request comes from must not say otherwise.
    bool comes_from_us(const page_request& r) const;
    asio::awaitable<http_response> call(page_request r);
    asio::awaitable<http_response> run_route(page_request r, route_table::found found, session who);
    asio::awaitable<http_response> forbid(const page_request& r, const session& who, std::string action, concerned of, std::string why);
    http_response events(const page_request& r);
    audit_row row_of(const page_request& r, const visitor& who, std::string action) const;
    /// False: it could not be stored.
    asio::awaitable<bool> record(audit_row row);
    std::string cookie_name() const;
    /// Of the login with this state.
    std::string login_cookie_name(std::string_view of) const;
    std::string session_cookie(std::string_view id) const;
    std::string login_cookie(const std::string& name, std::string_view content) const;

    // page_login.cpp
    asio::awaitable<http_response> session_calls(page_request r);
    http_response tell_session(const page_request& r);
    asio::awaitable<http_response> login_locally(page_request r);
    asio::awaitable<http_response> failed_link(const page_request& r, bool ours, bool fits);
    bool worth_writing(const page_request& r);
    asio::awaitable<http_response> log_out(page_request r);
    asio::awaitable<http_response> begin_oidc(page_request r);
    asio::awaitable<http_response> finish_oidc(page_request r);
    /// Who vouches for a new session: the local link (nothing), or a provider, and which session of the same browser ends with it.
    struct voucher {
        std::shared_ptr<oidc_login> provider = {};
        std::string before = {};
    };
    /// Nothing: the session has begun, and `out` carries its cookie.
    asio::awaitable<std::optional<oidc_fault>> welcome(const page_request& r, session s, voucher by, http_response& out);
    /// Whether who vouched still does, with the rights that the configuration gives now.
    bool stands(session& s, const voucher& by) const;
    asio::awaitable<http_response> failed_oidc(const page_request& r, const oidc_fault& fault, const visitor& who);
    http_response not_logged_in() const;
};

} // namespace trialgate::gateway
