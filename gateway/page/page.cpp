#include "gateway/page/page.hpp"

#include "fhir/ascii.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/log.hpp"
#include "gateway/page/error_answer.hpp"
#include "gateway/page/local_link.hpp"
#include "gateway/page/page_state.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace trialgate::gateway {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds least_between_events{250}, most_between_pieces{15'000};

std::vector<api_route> all_routes() {
    std::vector<api_route> out;
    for (auto* const some : {worklist_routes, patient_routes, judgement_routes, followup_routes, operations_routes, audit_routes})
        for (api_route& one : some())
            out.push_back(std::move(one));
    return out;
}

auto ways(const page_config::oidc_config& c) { return std::tie(c.issuer, c.client_id, c.client_secret.value, c.scope, c.groups_claim, c.user_claim, c.ca); }
/// What a session of it stands for; with another secret or other CAs its user is the same.
auto identity(const page_config::oidc_config& c) { return std::tie(c.issuer, c.client_id, c.groups_claim, c.user_claim); }

/// What our own proxy has added: the last value of the last line. Everything before it may have been written by the client. Nothing without such a line.
std::optional<std::string> last_forwarded(const http_headers& headers) {
    std::optional<std::string> out;
    for (const auto& [name, value] : headers)
        if (fhir::same_word(name, "X-Forwarded-For"))
            out = value.substr(value.find_last_of(',') + 1);
    return out;
}

} // namespace

http_headers page_headers(bool secure) {
    http_headers out{
        {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
                                    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "accelerometer=(), autoplay=(), camera=(), display-capture=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), "
                               "microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), usb=()"},
        {"Cache-Control", "no-store"}};
    if (secure)
        out.add("Strict-Transport-Security", "max-age=31536000");
    return out;
}

page::state::state(asio::any_io_executor executor, page_config c, page_ground g)
    : on(executor), fixed(std::move(c)), config(fixed), ground(std::move(g)), files(embedded_files()), routes(all_routes()),
      secure(fixed.plain || !fixed.tls.certificate.empty()) {}

void page::state::open() {
    if (!fixed.tls.certificate.empty()) {
        tls = std::make_shared<tls_context>(tls_context::role::server, fixed.tls);
        tls->on_renewal([&faults = ground.faults](const std::string& problem) {
            if (problem.empty())
                faults.clear("tls.page");
            else
                faults.raise("tls.page", "the changed certificate files of page cannot be used, the old ones stay in use: " + problem);
        });
    }
    http_server_options o;
    o.address = fixed.address;
    o.tls = tls;
    o.allow_plain_remote = fixed.plain;
    o.most_body_bytes = 256 << 10; // the API takes less, and says so in its own words
    o.most_connections_per_peer = fixed.plain ? o.most_connections : o.most_connections_per_peer;
    o.always = page_headers(secure);
    server = listen(on, std::move(o), [this](http_request r) { return answer(std::move(r)); });
    know_origins();
}

void page::state::know_origins() {
    const std::string host = fixed.address.substr(0, fixed.address.rfind(':')), port = ':' + std::to_string(server->port());
    const std::string scheme = tls ? "https://" : "http://";
    const bool everywhere = host.empty() || host == "0.0.0.0" || host == "[::]" || host == "::";
    url = scheme + (everywhere || (tls && is_loopback(host)) ? "localhost" : host) + port;
    for (const std::string& one : {url, scheme + "localhost" + port, scheme + "127.0.0.1" + port, scheme + "[::1]" + port, fixed.public_url})
        if (const auto parts = parse_url(one))
            origins.insert(parts->origin());
}

/// Whom the request is from and for. False: it is for somebody else; a name that was made to lead to this address (DNS rebinding) would make foreign pages
/// ours.
bool page::state::recognise(page_request& r) {
    const std::string host(r.http.headers["Host"]);
    for (const std::string scheme : {secure ? "https://" : "http://", "http://"}) {
        const auto parts = host.empty() || !r.origin.empty() ? std::nullopt : parse_url(scheme + host);
        if (!parts || parts->target != "/" || !origins.contains(parts->origin()))
            continue;
        r.origin = parts->origin();
        r.base = scheme + host;
    }
    r.address = r.http.peer;
    if (fixed.plain)
        if (const auto last = last_forwarded(r.http.headers))
            r.address = client_address(*last);
    r.at_this_machine = is_loopback(r.http.peer) && !r.http.headers.has("X-Forwarded-For") && !r.http.headers.has("Forwarded");
    for (const std::string& one : cookies_of(r.http.headers, cookie_name()))
        if (sessions.alive(one, ground.sessions->now())) {
            r.session_id = one;
            break;
        }
    r.logins = cookies_below(r.http.headers, login_cookie_name({}));
    return !r.origin.empty();
}

asio::awaitable<http_response> page::state::answer(http_request request) {
    page_request r(std::move(request));
    if (!recognise(r))
        co_return error_answer(421, "This address is not the page's.");
    if (!setting)
        co_return error_answer(503, "The gateway is starting.");
    co_return co_await route(std::move(r));
}

asio::awaitable<http_response> page::state::route(page_request r) {
    const std::string& path = r.target.path;
    if (path.starts_with("/api/"))
        co_return co_await call(std::move(r));
    if (r.http.method != "GET" && r.http.method != "HEAD") {
        http_response out = error_answer(405, "GET is understood here.");
        out.headers.add("Allow", "GET, HEAD");
        co_return out;
    }
    if (path == "/login/oidc" || path == "/login/oidc/callback") {
        if (!oidc || r.http.method == "HEAD")
            co_return error_answer(404, "There is nothing here.");
        if (path == "/login/oidc")
            co_return co_await begin_oidc(std::move(r));
        co_return co_await finish_oidc(std::move(r));
    }
    co_return file(r);
}

/// An asset, or the page itself: its own paths are read by the browser.
http_response page::state::file(const page_request& r) const {
    constexpr std::string_view below = "/assets/";
    const std::string_view path = r.target.path;
    const bool asset = path.starts_with(below), other = path == "/favicon.ico" || path == "/robots.txt" || path.starts_with("/.well-known/");
    auto out = asset ? files.answer(path.substr(below.size()), r.http.headers) : other ? std::nullopt : files.answer("index.html", r.http.headers);
    return out ? *std::move(out) : error_answer(404, "There is nothing here.");
}

asio::awaitable<void> page::state::watch() {
    asio::steady_timer pause(on);
    for (;;) {
        co_await hub.bell().wait(*ground.time, std::numeric_limits<instant>::max());
        const auto now = std::make_shared<page_stamps>(stamps);
        now->operations = operations;
        const auto seen = setting;
        const api_thread::work look = [now, seen](store& s) {
            const std::int64_t newest = s.decisions_stamp();
            std::map<std::string, std::int64_t> of_trials;
            for (const mappings::compiled_trial& t : seen->trials->trials()) {
                const auto before = now->worklists.find(t.source->id);
                const bool first = before == now->worklists.end();
                of_trials[t.source->id] = first || !s.decisions_since(t.source->id, before->second, 1).empty() ? newest : before->second;
            }
            now->worklists = std::move(of_trials);
            now->alerts = alerts_stamps(s, *seen);
            return http_response{};
        };
        const http_response looked = co_await thread->run(look);
        if (looked.status == 200) {
            stamps = *now;
            hub.tell(stamps);
        } else {
            hub.ring(); // again soon
        }
        pause.expires_after(least_between_events);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> page::state::tick() {
    asio::steady_timer pause(on);
    for (;;) {
        pause.expires_after(most_between_pieces);
        co_await pause.async_wait(asio::use_awaitable);
        hub.ring(); // `trialgate alerts` and `trialgate participants` change the store from another process
        thread->look();
        hub.tick();
    }
}

page::page(asio::any_io_executor on, page_config config, page_ground ground) : state_(std::make_unique<state>(on, std::move(config), std::move(ground))) {
    state_->open();
}

page::~page() {
    if (state_->thread)
        state_->thread->stop();
}

void page::use(std::shared_ptr<const page_setting> setting) {
    state& s = *state_;
    const page_config& now = setting->config->page;
    if (now.oidc.issuer.empty())
        s.oidc.reset();
    else if (!s.oidc || ways(s.config.oidc) != ways(now.oidc))
        s.oidc = std::make_shared<oidc_login>(now.oidc, s.ground.sessions);
    const bool same = identity(s.config.oidc) == identity(now.oidc);
    s.config = now;
    s.sessions.limits(now.session, now.idle);
    s.sessions.reconsider(now.access, now.local_login, same && !now.oidc.issuer.empty());
    const bool first = !s.setting;
    s.setting = std::move(setting);
    if (first) {
        s.thread = std::make_unique<api_thread>(open_sqlite(s.ground.data), [&s](store& rows) { return s.trail.step(rows, s.ground.sessions->now()); });
        s.tasks = std::make_unique<task_group>(s.on);
        const auto ended = [](std::string why) { log_error("page.ended", {{"why", why}}); };
        s.tasks->spawn(hearing_total(s.watch()), ended);
        s.tasks->spawn(hearing_total(s.tick()), ended);
    }
    s.hub.ring();
    s.hub.tick(); // sessions may have ended
}

asio::awaitable<void> page::stop(milliseconds grace) {
    state& s = *state_;
    co_await s.server->stop(grace);
    if (s.tasks)
        co_await s.tasks->stop(milliseconds(0));
    if (s.thread)
        s.thread->stop();
    const std::function<void(store&)> forget = [](store& rows) { put_page_url(rows, {}); };
    (void)co_await committed(s.ground.writer, forget);
}

asio::awaitable<std::optional<std::string>> page::new_link() {
    state& s = *state_;
    const std::string token = random_token(32), url = s.url;
    const bool local = s.config.local_login;
    const std::function<void(store&)> keep = [token, url, local, now = s.ground.sessions->now()](store& rows) {
        put_page_url(rows, url);
        if (local)
            put_link(rows, token, now);
    };
    const commit_outcome failed = co_await committed(s.ground.writer, keep);
    co_return failed || !local ? std::nullopt : std::optional(link_text(url, token));
}

void page::decisions_changed() { state_->hub.ring(); }
void page::alerts_changed() { state_->hub.ring(); }
void page::operations_changed() {
    ++state_->operations;
    state_->hub.ring();
}

const std::string& page::url() const noexcept { return state_->url; }
http_server::figures page::counted() const noexcept { return state_->server->counted(); }
const std::shared_ptr<tls_context>& page::tls() const noexcept { return state_->tls; }

} // namespace trialgate::gateway
