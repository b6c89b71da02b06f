// Logging in and out: the local link, and OpenID Connect.
#include "gateway/core/json_text.hpp"
#include "gateway/core/log.hpp"
#include "gateway/page/answers.hpp"
#include "gateway/page/error_answer.hpp"
#include "gateway/page/local_link.hpp"
#include "gateway/page/page_state.hpp"

namespace trialgate::gateway {

namespace {

http_response wait_first(duration_ms left) {
    http_response out = error_answer(429, "Too many logins have failed; wait a little.");
    out.headers.set("Retry-After", std::to_string(std::max<duration_ms>(1, (left + second_ms - 1) / second_ms)));
    return out;
}

http_response sent_to(std::string where) {
    http_response out;
    out.status = 302;
    out.headers.add("Location", std::move(where));
    return out;
}

constexpr std::size_t most_begun = 4; ///< logins that one browser keeps; the oldest go

/// Of the login that a callback is about.
std::string state_of(const page_request& r) {
    const auto at = r.target.query.find("state");
    return at == r.target.query.end() ? std::string() : at->second;
}

void write_roles(json_text& out, const rights& may) {
    out.key("roles").begin_object();
    for (const auto& [trial, roles] : may.of_trial) {
        out.key(trial).begin_array();
        for (const role r : roles)
            out.string(to_code(r));
        out.end_array();
    }
    out.end_object();
}

} // namespace

http_response page::state::not_logged_in() const {
    json_text out;
    out.begin_object().key("error").string("Nobody is logged in.").key("login").begin_object();
    out.key("oidc").boolean(oidc != nullptr).key("local").boolean(config.local_login).end_object().end_object();
    return json_answer(std::string(out.text()), 401);
}

http_response page::state::tell_session(const page_request& r) {
    const session* s = sessions.find(r.session_id, ground.sessions->now(), false);
    if (!s)
        return not_logged_in();
    json_text out;
    out.begin_object().key("user").begin_object().key("name").string(s->who.name).end_object();
    write_roles(out, s->who.may);
    out.key("csrf").string(s->csrf).key("ends").string(to_text(s->ends));
    out.key("identity").string(config.shows == page_config::identity::reference ? "reference" : "pseudonym");
    out.key("version").string(TRIALGATE_VERSION).end_object();
    return json_answer(std::string(out.text()));
}

asio::awaitable<http_response> page::state::session_calls(page_request r) {
    const bool local = r.target.path == "/api/v1/session/local";
    const std::string& method = r.http.method;
    if (local && method == "POST")
        co_return co_await login_locally(std::move(r));
    if (!local && method == "DELETE")
        co_return co_await log_out(std::move(r));
    if (!local && (method == "GET" || method == "HEAD"))
        co_return tell_session(r);
    http_response out = error_answer(405, "This method is not understood here.");
    out.headers.add("Allow", local ? "POST" : "GET, HEAD, DELETE");
    co_return out;
}

bool page::state::stands(session& s, const voucher& by) const {
    if (s.local)
        return config.local_login;
    s.who.may = rights_of(config.access, s.claims);
    return oidc && oidc == by.provider;
}

/// A new session, whatever the browser brought along: an id that was put there before the login is of no use to anybody. Arguments outlive the call.
asio::awaitable<std::optional<oidc_fault>> page::state::welcome(const page_request& r, session s, voucher by, http_response& out) {
    const oidc_fault changed{"state", "the configuration of logins was changed meanwhile"}, without_role{"no-role", "the user has no role"};
    const oidc_fault unwritten{"store", "the store cannot be written"};
    for (const bool written : {false, true}) { // a reload may have come in between: as it is when the session begins
        if (!stands(s, by))
            co_return changed;
        if (s.who.may.none())
            co_return without_role;
        if (written)
            break;
        audit_row row = row_of(r, s.who, "login");
        row.role = s.who.may.roles_in("");
        row.detail = s.local ? "local link" : "OpenID Connect";
        const bool kept = co_await record(std::move(row));
        if (!kept)
            co_return unwritten;
    }
    sessions.end(r.session_id);
    sessions.end_marked(by.before);
    const std::string id = sessions.begin(std::move(s), ground.sessions->now());
    out.headers.add("Set-Cookie", session_cookie(id));
    hub.tick();
    co_return std::nullopt;
}

asio::awaitable<http_response> page::state::login_locally(page_request r) {
    const instant now = ground.sessions->now();
    if (!config.local_login)
        co_return error_answer(404, "There is no local login here.");
    const auto left = r.at_this_machine ? local_logins.wait(r.address, now) : std::nullopt;
    if (left)
        co_return wait_first(*left);
    const bool ours = r.at_this_machine && comes_from_us(r); // anything else may be any web page's doing, or anybody's: nobody else waits for it
    std::string token;
    bool fits = ours && r.http.headers["Content-Type"].starts_with("application/json") && r.http.body.size() < 1'000;
    try {
        token = fits ? api_body(r.http.body, {"token"}).needed("token") : std::string();
    } catch (const api_error&) {
        fits = false;
    }
    const auto taken = std::make_shared<bool>(false);
    if (fits) {
        const std::function<void(store&)> take = [taken, token, now](store& s) { *taken = take_link(s, token, now); };
        const commit_outcome failed = co_await committed(ground.writer, take);
        if (failed)
            co_return error_answer(503, "The store cannot be written just now.");
    }
    if (!*taken) {
        if (ours)
            local_logins.failed(r.address, now);
        http_response refused = co_await failed_link(r, ours, fits);
        co_return refused;
    }
    session s;
    s.local = true;
    s.who.id = "local";
    s.who.name = "local";
    s.who.address = r.address;
    s.who.may = every_right();
    const voucher link;
    http_response out = done();
    const std::optional<oidc_fault> fault = co_await welcome(r, std::move(s), link, out);
    if (!fault)
        co_return out;
    if (fault->why == "store")
        co_return error_answer(503, "The store cannot be written just now.");
    http_response refused = co_await failed_link(r, ours, false);
    co_return refused;
}

/// The argument outlives the call: who calls waits for it.
asio::awaitable<http_response> page::state::failed_link(const page_request& r, bool ours, bool fits) {
    visitor nobody;
    nobody.name = "local link";
    if (ours || worth_writing(r)) {
        audit_row row = row_of(r, nobody, "login");
        row.refused = true;
        row.detail = fits ? "the local link was used, or is too old" : "a local login that may not be";
        (void)co_await record(std::move(row));
        log_warning("page.login-failed", {{"by", "local link"}});
    }
    const char* why = fits ? "This link was used already, or is too old. `trialgate page` prints a new one." : "This is not allowed from here.";
    co_return error_answer(fits ? 401 : 403, why);
}

/// Whether the trail and the log tell what any web page can make a browser do: not without end.
bool page::state::worth_writing(const page_request& r) {
    const instant now = ground.sessions->now();
    const bool out = !strangers.wait(r.address, now);
    if (out)
        strangers.failed(r.address, now);
    return out;
}

asio::awaitable<http_response> page::state::log_out(page_request r) {
    const session* s = sessions.find(r.session_id, ground.sessions->now(), true);
    if (!s)
        co_return not_logged_in();
    const session who = *s;
    const concerned nobody;
    if (!comes_from_us(r) || r.http.headers["X-CSRF-Token"] != who.csrf)
        co_return co_await forbid(r, who, "logout", nobody, "The request does not come from this page: load it again.");
    sessions.end(r.session_id);
    hub.tick(); // its streams end
    audit_row row = row_of(r, who.who, "logout");
    row.role = who.who.may.roles_in("");
    (void)co_await record(std::move(row));
    http_response out = done();
    out.headers.add("Set-Cookie", session_cookie({}));
    co_return out;
}

asio::awaitable<http_response> page::state::begin_oidc(page_request r) {
    if (oidc_logins.wait(r.address, ground.sessions->now()))
        co_return sent_to("/#login=failed&why=often");
    const std::string base = fixed.public_url.empty() ? r.base : fixed.public_url;
    // The session's cookie does not come along when the issuer sends the browser back: what ends then is remembered now.
    std::string before = r.session_id.empty() ? std::string() : session_store::mark_of(r.session_id);
    auto outcome = co_await oidc->begin(base + "/login/oidc/callback", std::move(before));
    if (const auto* fault = std::get_if<oidc_fault>(&outcome)) {
        log_warning("page.login-failed", {{"by", "oidc"}, {"why", fault->text}});
        co_return sent_to("/#login=failed&why=" + fault->why);
    }
    const oidc_login::begun& begun = std::get<oidc_login::begun>(outcome);
    http_response out = sent_to(begun.location);
    for (std::size_t n = 0; n + most_begun <= r.logins.size(); ++n)
        out.headers.add("Set-Cookie", login_cookie(r.logins[n].name, {}));
    out.headers.add("Set-Cookie", login_cookie(login_cookie_name(begun.state), begun.cookie));
    co_return out;
}

/// The arguments outlive the call: who calls waits for it.
asio::awaitable<http_response> page::state::failed_oidc(const page_request& r, const oidc_fault& fault, const visitor& who) {
    if (fault.begun_here || worth_writing(r)) {
        log_warning("page.login-failed", {{"by", "oidc"}, {"why", fault.text}});
        audit_row row = row_of(r, who, "login");
        row.refused = true;
        row.detail = "OpenID Connect: " + fault.text;
        (void)co_await record(std::move(row));
    }
    http_response out = sent_to("/#login=failed&why=" + fault.why);
    if (fault.begun_here) // else there may be one that goes on
        out.headers.add("Set-Cookie", login_cookie(login_cookie_name(state_of(r)), {}));
    co_return out;
}

asio::awaitable<http_response> page::state::finish_oidc(page_request r) {
    if (oidc_logins.wait(r.address, ground.sessions->now()))
        co_return sent_to("/#login=failed&why=often");
    visitor who;
    const std::string name = login_cookie_name(state_of(r));
    std::vector<std::string> cookies;
    for (const begun_cookie& one : r.logins)
        if (one.name == name)
            cookies.push_back(one.content);
    voucher by{oidc, {}}; // as it is now
    auto outcome = co_await by.provider->finish(r.target.query, std::move(cookies));
    std::optional<oidc_fault> fault;
    http_response out = sent_to("/");
    out.headers.add("Set-Cookie", login_cookie(name, {}));
    if (const auto* refused = std::get_if<oidc_fault>(&outcome)) {
        fault = *refused;
    } else {
        oidc_user user = std::get<oidc_user>(std::move(outcome));
        session s;
        s.claims = std::move(user.claims);
        s.who.id = std::move(user.id);
        s.who.name = std::move(user.name);
        s.who.address = r.address;
        by.before = std::move(user.before);
        who = s.who;
        fault = co_await welcome(r, std::move(s), by, out);
    }
    if (!fault)
        co_return out;
    if (fault->why == "store")
        co_return error_answer(503, "The store cannot be written just now.");
    if (fault->begun_here)
        oidc_logins.failed(r.address, ground.sessions->now());
    http_response refused = co_await failed_oidc(r, *fault, who);
    co_return refused;
}

} // namespace trialgate::gateway
