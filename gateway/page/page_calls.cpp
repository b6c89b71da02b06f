// The routes of the API: session, role, CSRF, size, trail.
#include "fhir/ascii.hpp"
#include "gateway/page/error_answer.hpp"
#include "gateway/page/page_state.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

constexpr std::size_t most_body = 64 << 10;

/// Names go to the trail only when they look like ours: a client could write anything into a path.
std::string name_in(const std::map<std::string, std::string, std::less<>>& path, std::string_view parameter) {
    const auto at = path.find(parameter);
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'; };
    return at != path.end() && at->second.size() <= 64 && std::all_of(at->second.begin(), at->second.end(), plain) ? at->second : std::string();
}

/// What the page asks for by itself does not keep a session on.
bool by_user(const page_request& r) {
    return !r.http.headers.has("X-Background") && !r.target.query.contains("since") && r.target.path != "/api/v1/events" &&
           !(r.target.path == "/api/v1/session" && r.http.method == "GET");
}

/// Whether this is more of what the session looks at already: a part of the worklist, a further page, or what the page asks by itself. A whole worklist never is.
bool asks_again(std::string_view pattern, const page_request& r) {
    const auto& query = r.target.query;
    if (pattern == "/api/v1/trials/{trial}/worklist") {
        const auto since = query.find("since");
        return since != query.end() && since->second.find_first_of("123456789") != since->second.npos;
    }
    const bool pages = pattern == "/api/v1/audit" || pattern == "/api/v1/alerts";
    return r.http.headers.has("X-Background") || (pages && query.contains("before"));
}

http_response not_allowed(const std::string& allow) {
    http_response out = error_answer(405, "This method is not understood here.");
    out.headers.add("Allow", allow);
    return out;
}

/// The body of an answer, each piece made on the API's thread. Ends in the middle when the session has ended or the store cannot be read: nobody takes it for all.
asio::awaitable<void> write_pieces(body_writer& to, api_thread& on, std::function<std::string(store&)> next, std::function<bool()> may) {
    const auto kept = std::make_shared<const std::function<std::string(store&)>>(std::move(next)); // a piece may be made after this has ended
    for (;;) {
        const api_thread::work make = [kept](store& rows) {
            http_response out;
            out.body = (*kept)(rows);
            return out;
        };
        http_response piece = co_await on.run(make);
        if (piece.status != 200 || !may())
            throw std::runtime_error("the answer cannot be finished");
        if (piece.body.empty())
            co_return;
        const bool read = co_await to.write(std::move(piece.body));
        if (!read)
            co_return;
    }
}

/// What runs on the API's thread. Holds copies only: the request may be given up meanwhile.
struct route_run {
    const api_route* route;
    std::string method, body;
    std::map<std::string, std::string, std::less<>> path, query, sources;
    visitor who;
    audit_row row;
    std::shared_ptr<const page_setting> setting;
    page_ground* ground;
    std::function<void()> alerts;
    std::function<void(http_response&, std::function<std::string(store&)>)> in_pieces;
    const trail_keeper* trail;
    std::shared_ptr<recent_looks> looks; ///< of the session; on this thread alone
    bool again;                          ///< the page asks by itself for what somebody looks at: told once in a while
    instant now;                         ///< of sessions

    http_response operator()(store& reading) {
        const api_request request{method, path, query, body, who};
        const api_ground here{reading, ground->writer, *ground->time, ground->faults, setting, ground->wake_worker, ground->wake_outbox, alerts,
                              [this](std::string_view name) {
                                  const auto at = sources.find(name);
                                  return at == sources.end() ? std::string() : at->second;
                              },
                              trail->standing(), in_pieces};
        audit_note note{std::string(route->audited), row.trial, row.subject, {}};
        note.write = [this](store& s, const audit_note& of) {
            for (const audit_row& one : rows_of(of, 0))
                s.audit_add(one);
        };
        std::string why; // a request was refused
        http_response out = handled(request, here, note, why);
        const bool refused = out.status == 403;
        if (note.written || (note.action.empty() && !refused))
            return out;
        if (note.action.empty())
            note.action = "refused";
        if (refused && !why.empty())
            note.detail += (note.detail.empty() ? "" : ", ") + method + ": " + why;
        std::vector<audit_row> rows = rows_of(note, out.status >= 400 ? out.status : 0);
        if (again && out.status < 400 && note.action.starts_with("view-"))
            std::erase_if(rows, [this](const audit_row& one) { return looks->told(one, now); });
        if (rows.empty())
            return out;
        const std::function<void(store&)> keep = [&rows](store& s) {
            for (const audit_row& one : rows)
                s.audit_add(one);
        };
        if (commit_and_wait(ground->writer, keep)) // nobody is shown what the trail does not know
            return out.status >= 500 ? out : error_answer(503, "The store cannot be written just now.");
        if (out.status < 400)
            for (const audit_row& one : rows)
                looks->tell(one, now);
        return out;
    }

    std::vector<audit_row> rows_of(const audit_note& note, int status) const {
        std::vector<audit_row> out;
        const std::set<std::string> alone{note.trial};
        for (const std::string& trial : note.trials.empty() ? alone : note.trials) {
            audit_row& one = out.emplace_back(row);
            one.role = who.may.roles_in(trial);
            one.action = note.action;
            one.trial = trial;
            one.subject = note.subject;
            one.detail = note.detail;
            one.refused = status == 403;
            one.status = status;
            if (status != 0 && !one.refused)
                one.detail += (one.detail.empty() ? "" : ", ") + ("answered " + std::to_string(status));
        }
        return out;
    }

    http_response handled(const api_request& request, const api_ground& here, audit_note& note, std::string& why) const {
        try {
            return route->handle(request, here, note);
        } catch (const api_error& e) {
            why = e.what();
            return error_answer(e.status(), why);
        }
    }
};

} // namespace

std::vector<begun_cookie> cookies_below(const http_headers& headers, std::string_view start) {
    std::vector<begun_cookie> out;
    for (const auto& [header, value] : headers) {
        if (!fhir::same_word(header, "Cookie"))
            continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const auto end = std::min(rest.find(';'), rest.size());
            std::string_view one = rest.substr(0, end);
            one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
            if (const auto equals = one.find('='); one.starts_with(start) && equals != one.npos)
                out.push_back({std::string(one.substr(0, equals)), std::string(one.substr(equals + 1))});
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return out;
}

std::vector<std::string> cookies_of(const http_headers& headers, std::string_view name) {
    std::vector<std::string> out;
    for (begun_cookie& one : cookies_below(headers, name))
        if (one.name == name)
            out.push_back(std::move(one.content));
    return out;
}

bool page::state::comes_from_us(const page_request& r) const {
    const http_headers& headers = r.http.headers;
    if (headers.has("Sec-Fetch-Site") && headers["Sec-Fetch-Site"] != "same-origin")
        return false;
    if (!headers.has("Origin"))
        return true;
    const auto from = parse_url(headers["Origin"]);
    return from && from->target == "/" && origins.contains(from->origin());
}

std::string page::state::cookie_name() const {
    // Cookies know hosts and no ports: without TLS there may be another gateway on this machine.
    return secure ? "__Host-trialgate" : "trialgate-" + std::to_string(server->port());
}

std::string page::state::login_cookie_name(std::string_view of) const { return cookie_name() + "-login-" + std::string(of.substr(0, 8)); }

/// Without content: the browser forgets it.
std::string page::state::session_cookie(std::string_view id) const {
    return cookie_name() + '=' + std::string(id) + "; Path=/; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "") + (id.empty() ? "; Max-Age=0" : "");
}

/// Lax: it comes along when the issuer sends the browser back.
std::string page::state::login_cookie(const std::string& name, std::string_view content) const {
    const duration_ms left = content.empty() ? 0 : pending_logins::lifetime;
    return name + '=' + std::string(content) + "; Path=/; HttpOnly; SameSite=Lax" + (secure ? "; Secure" : "") + "; Max-Age=" + std::to_string(left / second_ms);
}

audit_row page::state::row_of(const page_request& r, const visitor& who, std::string action) const {
    audit_row out;
    out.at = ground.time->now();
    out.by = who.id;
    out.name = who.name;
    out.address = r.address;
    out.action = std::move(action);
    return out;
}

asio::awaitable<bool> page::state::record(audit_row row) {
    const std::function<void(store&)> keep = [row = std::move(row)](store& s) { s.audit_add(row); };
    const commit_outcome failed = co_await committed(ground.writer, keep);
    co_return !failed;
}

asio::awaitable<http_response> page::state::forbid(const page_request& r, const session& who, std::string action, concerned of, std::string why) {
    audit_row row = row_of(r, who.who, action.empty() ? "refused" : std::move(action));
    row.role = who.who.may.roles_in(of.trial);
    row.trial = std::move(of.trial);
    row.subject = std::move(of.subject);
    row.refused = true;
    row.status = 403;
    row.detail = r.http.method + ": " + why;
    (void)co_await record(std::move(row));
    co_return error_answer(403, why);
}

asio::awaitable<http_response> page::state::call(page_request r) {
    const std::string& path = r.target.path;
    const bool reads = r.http.method == "GET" || r.http.method == "HEAD";
    if (reads && !r.http.body.empty())
        co_return error_answer(400, "A GET has no body.");
    if (path == "/api/v1/session" || path == "/api/v1/session/local")
        co_return co_await session_calls(std::move(r));
    if (path == "/api/v1/openapi.json" || path == "/api/v1/events") {
        if (!reads)
            co_return not_allowed("GET, HEAD");
        if (path == "/api/v1/events")
            co_return events(r);
        auto file = files.answer("openapi.json", r.http.headers);
        co_return file ? *std::move(file) : error_answer(404, "There is nothing here.");
    }
    route_table::found found = routes.find(r.http.method, path);
    if (!found.route)
        co_return found.allow.empty() ? error_answer(404, "There is nothing here.") : not_allowed(found.allow);
    const session* s = sessions.find(r.session_id, ground.sessions->now(), by_user(r));
    if (!s)
        co_return not_logged_in();
    const session who = *s; // it may end while we wait
    const concerned of{name_in(found.path, "trial"), name_in(found.path, "subject")};
    const std::string action(found.route->audited);
    if (!reads && (!comes_from_us(r) || r.http.headers["X-CSRF-Token"] != who.csrf))
        co_return co_await forbid(r, who, action, of, "The request does not come from this page: load it again.");
    if (!r.http.body.empty() && !r.http.headers["Content-Type"].starts_with("application/json"))
        co_return co_await forbid(r, who, action, of, "The body must be application/json.");
    if (!who.who.may.may(found.route->needs, found.path.contains("trial") ? found.path["trial"] : std::string()))
        co_return co_await forbid(r, who, action, of, "Your roles do not allow this.");
    if (r.http.body.size() > most_body)
        co_return error_answer(413, "The request is too large.");
    co_return co_await run_route(std::move(r), std::move(found), who);
}

asio::awaitable<http_response> page::state::run_route(page_request r, route_table::found found, session who) {
    const api_route& route = *found.route;
    const bool operates = route.needs == permission::operate;
    audit_row row = row_of(r, who.who, {});
    row.trial = name_in(found.path, "trial");
    row.subject = name_in(found.path, "subject");
    const std::string subject = row.subject;
    const std::string method = r.http.method == "HEAD" ? "GET" : r.http.method;
    const std::function<void()> alerts = [this] {
        if (ground.alerts_changed)
            ground.alerts_changed();
        hub.ring();
    };
    const auto in_pieces = [this, id = r.session_id](http_response& of, std::function<std::string(store&)> next) {
        of.stream = [this, id, next = std::move(next)](body_writer& to) {
            return write_pieces(to, *thread, next, [this, id] { return sessions.alive(id, ground.sessions->now()); });
        };
    };
    const bool again = asks_again(route.pattern, r);
    route_run run{&route, method, std::move(r.http.body), std::move(found.path), std::move(r.target.query), {}, who.who, std::move(row), setting, &ground, alerts,
                  in_pieces, &trail, who.looks, again, ground.sessions->now()};
    if (route.live && ground.live_sources)
        for (auto& [name, members] : ground.live_sources())
            run.sources.emplace(name, std::move(members));
    const api_thread::work work = std::move(run);
    http_response out = co_await thread->run(work);
    if (route.audited == "reveal" && out.status == 200)
        if (session* s = sessions.find(r.session_id, ground.sessions->now(), false))
            s->who.revealed.insert(subject);
    if (r.http.method != "GET" && r.http.method != "HEAD" && out.status < 300) {
        operations += operates ? 1 : 0;
        hub.ring();
    }
    co_return out;
}

http_response page::state::events(const page_request& r) {
    if (!sessions.alive(r.session_id, ground.sessions->now()))
        return not_logged_in();
    http_response out;
    out.headers = {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}}; // nginx would hold it back
    out.stream = [this, id = r.session_id](body_writer& to) {
        return hub.stream(to, id, [this, id]() -> const rights* {
            const session* s = sessions.find(id, ground.sessions->now(), false);
            return s ? &s->who.may : nullptr;
        });
    };
    return out;
}

} // namespace trialgate::gateway
