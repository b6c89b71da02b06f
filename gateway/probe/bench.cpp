#include "gateway/probe/bench.hpp"

#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/intake/canary.hpp"

#include <algorithm>

namespace trialgate::gateway::probe {

namespace {

constexpr std::size_t most_pages = 6; ///< of one search: enough to see whether it gets on
constexpr std::string_view plain_parameters[] = {"_count", "_sort",     "_summary", "_type",        "_lastUpdated",
                                                 "_since", "_elements", "_total",   "_outputFormat"};

bool is_type_name(std::string_view s) noexcept {
    return s.size() > 2 && s.size() < 40 && s[0] >= 'A' && s[0] <= 'Z' &&
           std::all_of(s.begin(), s.end(), [](unsigned char c) { return std::isalpha(c); });
}

} // namespace

outcome works(std::string reason, std::vector<std::string> evidence) {
    return {verdict::works, std::move(reason), std::move(evidence), {}};
}
outcome limited(std::string reason, std::vector<std::string> evidence) {
    return {verdict::limited, std::move(reason), std::move(evidence), {}};
}
outcome fails(std::string reason, std::vector<std::string> evidence) {
    return {verdict::fails, std::move(reason), std::move(evidence), {}};
}
outcome untested(std::string reason, std::vector<std::string> evidence) {
    return {verdict::untested, std::move(reason), std::move(evidence), {}};
}

std::string shown(std::string_view method, std::string_view url, std::string_view base) {
    const std::string origin(url.substr(0, url.starts_with("http") ? url.find('/', url.find("://") + 3) : 0));
    if (url.starts_with(base))
        url.remove_prefix(base.size());
    else
        url.remove_prefix(origin.size());
    while (url.starts_with('/'))
        url.remove_prefix(1);
    const auto mark = url.find('?');
    std::string_view path = url.substr(0, mark);
    std::string out(method);
    out += ' ';
    std::string_view before;
    while (!path.empty()) {
        const std::string_view one = path.substr(0, path.find('/'));
        const bool plain = is_type_name(one) || one.starts_with('_') || one.starts_with('$') || one.starts_with('.') || one == "metadata" ||
                           one == "smart-configuration" || before == "_history";
        out += plain ? std::string(one) : "{id}";
        before = one;
        path.remove_prefix(std::min(path.size(), one.size() + 1));
        if (!path.empty())
            out += '/';
    }
    char join = '?';
    for (std::string_view rest = mark == url.npos ? std::string_view() : url.substr(mark + 1); !rest.empty();) {
        const std::string_view one = rest.substr(0, rest.find('&'));
        const std::string_view name = one.substr(0, one.find('='));
        const bool plain = std::find(std::begin(plain_parameters), std::end(plain_parameters), name) != std::end(plain_parameters);
        out += join + (plain ? std::string(one) : std::string(name) + "={value}");
        join = '&';
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
    return out;
}

std::vector<std::string> entries_of(fhir::json::value bundle) {
    std::vector<std::string> out;
    for (const auto& e : bundle["entry"].elements()) {
        const auto r = e["resource"];
        if (e["search"]["mode"].text() != "outcome" && e["search"]["mode"].text() != "include" &&
            r["resourceType"].text() != "OperationOutcome" && r)
            out.push_back(std::string(r["resourceType"].text()) + '/' + std::string(r["id"].text()));
    }
    return out;
}

asio::awaitable<reply> bench::ask_by(fhir_client& by, fhir_request r) {
    reply out;
    r.deadline = options.request_deadline;
    out.shown = shown(r.method, r.path, by.base()) + ": ";
    net_result<fhir_answer> got = co_await by.send(std::move(r));
    if (!got) {
        out.error = got.error();
        out.shown += to_code(got.error().code);
        co_return out;
    }
    out.answer = std::move(*got);
    out.shown += std::to_string(out.answer->status);
    out.parser = std::make_shared<fhir::json::parser>();
    if (!out.answer->body.empty()) {
        const auto tree = out.parser->parse_copy(out.answer->body);
        if (tree)
            out.tree = *tree;
        else if (auto& notes_ = book->notes(); !notes_.empty() && notes_.back().body == exchange_note::kind::json)
            notes_.back().broken = true;
    }
    if (!out.ok())
        if (const std::string codes_ = fhir::outcome_codes(out.tree); !codes_.empty())
            out.shown += " (" + codes_ + ")";
    co_return out;
}

asio::awaitable<reply> bench::ask(fhir_request r) { return ask_by(*client, std::move(r)); }
asio::awaitable<reply> bench::ask_as_stranger(fhir_request r) { return ask_by(*stranger, std::move(r)); }
asio::awaitable<reply> bench::get(std::string path) {
    fhir_request r;
    r.path = std::move(path);
    return ask_by(*client, std::move(r));
}

std::string bench::made_by(const reply& r, const std::string& type) const {
    if (const std::string_view id = r.tree["id"].text(); r.type() == type && pull::usable_id(id))
        return std::string(id);
    std::string_view location = r.answer->headers["Location"];
    location = location.substr(0, location.find("/_history"));
    const std::string_view id = location.substr(location.rfind('/') + 1);
    return pull::usable_id(id) ? std::string(id) : std::string();
}

asio::awaitable<reply> bench::write(std::string method, std::string path, std::string body, http_headers more) {
    fhir_request r;
    r.method = method;
    r.path = path;
    r.body = std::move(body);
    r.headers = std::move(more);
    const std::string type = method == "POST" ? path.substr(path.rfind('/') + 1) : path.substr(0, path.find('/'));
    unsure.insert(method == "PUT" ? type : path);
    // Not to be interrupted: what a request has made while nobody waited for its answer could not be removed.
    reply out = co_await asio::co_spawn(co_await asio::this_coro::executor, ask_by(*client, std::move(r)),
                                        asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
    if (out.answer && method == "POST" && type != "Observation")
        unsure.erase(path);
    if (out.ok() && out.status() != 204) {
        const std::string id = made_by(out, type);
        // At the path it was written to: a server may keep Subscriptions elsewhere.
        const std::string where = method == "PUT" ? path : id.empty() ? std::string() : path + '/' + id;
        if (!where.empty() && std::find(written.begin(), written.end(), where) == written.end())
            written.push_back(where);
    }
    co_return out;
}

asio::awaitable<std::vector<std::string>> bench::clean() {
    book->begin_cleaning();
    std::vector<std::string> left;
    // What was created by a request whose answer never came is known by its tag only.
    for (const std::string& path : unsure) {
        const reply r = co_await get(fhir::query(path).add("_tag", tag_query()).add("_count", "100").text());
        for (const auto& e : r.tree["entry"].elements()) {
            const auto tags = e["resource"]["meta"]["tag"].elements();
            const bool ours = std::any_of(tags.begin(), tags.end(), [&](const auto& t) { return t["code"].text() == "probe-" + run; });
            const std::string what = path + '/' + std::string(e["resource"]["id"].text());
            if (ours && std::find(written.begin(), written.end(), what) == written.end())
                written.push_back(what);
        }
    }
    while (!written.empty()) {
        fhir_request r;
        r.method = "DELETE";
        r.path = written.back();
        const reply gone = co_await ask(std::move(r));
        if (!gone.ok() && gone.status() != 404 && gone.status() != 410)
            left.push_back(written.back().substr(0, written.back().rfind('/')) + " (" + gone.shown + ")");
        written.pop_back();
    }
    co_return left;
}

asio::awaitable<void> bench::walk_pages() {
    if (walk)
        co_return;
    page_walk w;
    w.type = walk_type;
    std::set<std::string> asked;
    std::string url = walk_type + "?_count=2";
    const auto base_parts = parse_url(client->base());
    while (w.pages.size() < most_pages) {
        const reply r = co_await get(url);
        w.evidence.push_back(r.shown);
        fhir::issue_list ignored;
        const auto read = r.ok() ? fhir::read_page(r.tree, ignored) : fhir::result<fhir::page>(fhir::issue{});
        if (!read) {
            w.stopped = r.error ? r.error->text : "page " + std::to_string(w.pages.size() + 1) + " is no Bundle (" + r.shown + ")";
            break;
        }
        page_walk::page p;
        p.link = std::string(read->next);
        p.asked = r.answer->url;
        p.entries = entries_of(r.tree);
        p.total = read->total;
        for (const auto& e : r.tree["entry"].elements())
            p.updated.emplace_back(e["resource"]["meta"]["lastUpdated"].text());
        asked.insert(r.answer->url);
        w.pages.push_back(p);
        if (p.link.empty()) {
            w.ended = true;
            break;
        }
        w.relative = w.relative || (!p.link.starts_with("http://") && !p.link.starts_with("https://"));
        url = fhir::resolve_url(p.link, p.asked);
        const auto parts = parse_url(url);
        if (!client->same_origin(url)) {
            w.other_scheme = parts && base_parts && parts->host == base_parts->host && parts->scheme != base_parts->scheme;
            w.foreign = !w.other_scheme;
            w.stopped = w.other_scheme ? "the link has another scheme than the server" : "the link leads to another server";
            break;
        }
        if (asked.contains(url)) {
            w.repeated = true;
            w.stopped = "the link leads back to a page that was read";
            break;
        }
    }
    walk = std::move(w);
}

asio::awaitable<void> bench::pause(std::chrono::milliseconds d) {
    if (!book->rules().paced)
        co_return;
    asio::steady_timer timer(co_await asio::this_coro::executor, d);
    co_await timer.async_wait(asio::use_awaitable);
}

void bench::claim(const std::string& what, bool claimed, bool worked, const std::string& instead) {
    if (!claimed)
        return;
    ++claims_looked_at;
    if (!worked)
        claims_broken.try_emplace(what, instead);
}

outcome bench::trouble(const reply& r, std::string what) const {
    if (r.error && r.error->code == net_errc::refused)
        return untested(r.error->text, {r.shown});
    if (r.error)
        return fails(what + ": " + r.error->text, {r.shown});
    return fails(what + ": the server answers " + std::to_string(r.status()) +
                     (r.ok() && !r.tree ? " with something that is not JSON"
                      : r.ok()          ? " with " + std::string(r.type().empty() ? "no resource" : r.type())
                                        : ""),
                 {r.shown});
}

std::string bench::tag_query() const { return std::string(canary_tag_system) + "|probe-" + run; }
std::string bench::identifier(std::string_view name) const { return "urn:trialgate:probe|" + run + '-' + std::string(name); }

std::string bench::synthetic(std::string_view note, std::string_view id) const {
    json_text t;
    t.begin_object().key("resourceType").string("Observation");
    if (!id.empty())
        t.key("id").string(id);
    t.key("meta").begin_object().key("tag").begin_array();
    t.begin_object().key("system").string(canary_tag_system).key("code").string("probe").end_object();
    t.begin_object().key("system").string(canary_tag_system).key("code").string("probe-" + run).end_object();
    t.end_array().end_object();
    t.key("identifier").begin_array().begin_object().key("system").string("urn:trialgate:probe");
    t.key("value").string(run + '-' + std::string(note.substr(0, note.find(' ')))).end_object().end_array();
    t.key("status").string("entered-in-error");
    t.key("code").begin_object().key("text").string("trialgate probe " + std::string(note)).end_object();
    t.end_object();
    return std::string(t.text());
}

} // namespace trialgate::gateway::probe
