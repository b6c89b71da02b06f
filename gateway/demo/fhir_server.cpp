#include "gateway/demo/fhir_server.hpp"

#include "fhir/instant.hpp"
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/json_text.hpp"

#include <algorithm>
#include <charconv>

namespace trialgate::gateway {

namespace {

constexpr std::size_t page_size = 50, largest_page = 200;
constexpr const char* types[] = {"Patient", "Observation", "Condition", "MedicationRequest", "MedicationStatement", "MedicationDispense",
                                 "MedicationAdministration", "Medication", "Procedure", "Encounter", "Appointment", "Consent",
                                 "DiagnosticReport", "Specimen", "QuestionnaireResponse", "ResearchStudy", "ResearchSubject", "Flag",
                                 "Task", "Provenance", "Subscription", "CommunicationRequest", "DetectedIssue"};

http_response fhir_answer_of(int status, std::string body) {
    http_response out;
    out.status = status;
    out.headers.set("Content-Type", "application/fhir+json");
    out.body = std::move(body);
    return out;
}

http_response outcome(int status, std::string_view code) {
    json_text t;
    t.begin_object().key("resourceType").string("OperationOutcome").key("issue").begin_array().begin_object();
    t.key("severity").string("error").key("code").string(code).end_object().end_array().end_object();
    return fhir_answer_of(status, std::string(t.text()));
}

struct listener_row {
    std::string id, criteria_type, endpoint;
    std::vector<std::string> headers;
    bool payload = false, deletes = false;
};

} // namespace

struct demo_server::state {
    asio::any_io_executor executor;
    demo_server_options options;
    std::shared_ptr<clock> time;
    fhir_shelf shelf;
    std::unique_ptr<http_client> client;
    std::unique_ptr<http_server> server;
    task_group tasks;
    std::map<std::string, std::vector<shelf_match>> pages; ///< by token: what is left of a search
    std::uint64_t next_page = 0, deliveries = 0;
    std::vector<listener_row> listeners;

    state(asio::any_io_executor on, demo_server_options o, std::shared_ptr<clock> t)
        : executor(on), options(std::move(o)), time(t), shelf(t), tasks(on) {
        http_client_options c;
        c.tls = options.trust;
        client = make_http_client(std::move(c));
        http_server_options s;
        s.tls = options.tls;
        server = listen(on, s, [this](http_request r) -> asio::awaitable<http_response> { co_return answer(r); });
    }

    std::string base() const { return std::string(options.tls ? "https" : "http") + "://localhost:" + std::to_string(server->port()) + "/fhir"; }

    http_response answer(const http_request& r);
    http_response read(const std::string& type, const std::string& id);
    http_response write(const http_request& r, const std::string& type, const std::string& id);
    http_response search(const std::string& type, std::string_view query);
    http_response history(const std::string& type, std::string_view query);
    http_response page(std::vector<shelf_match> matches, std::size_t count, std::string_view kind, std::string_view self);
    http_response stored(const std::string& type, const std::string& id, bool created);
    http_response capability() const;
    void wrote(std::string_view method, const std::string& type, const std::string& id);
    void subscribe(const std::string& id);
    void notify(std::string_view method, const std::string& type, const std::string& id);
    asio::awaitable<void> deliver(listener_row to, std::string method, std::string type, std::string id, std::string text);
};

http_response demo_server::state::answer(const http_request& r) {
    std::string_view rest = r.target;
    const auto mark = rest.find('?');
    const std::string_view query = mark == rest.npos ? std::string_view() : rest.substr(mark + 1);
    rest = rest.substr(0, mark);
    if (!rest.starts_with("/fhir"))
        return outcome(404, "not-found");
    rest.remove_prefix(5);
    std::vector<std::string> parts;
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const auto slash = rest.find('/');
        if (const auto part = rest.substr(0, slash); !part.empty())
            parts.push_back(fhir::percent_decode(part));
        rest = slash == rest.npos ? std::string_view() : rest.substr(slash);
    }
    if (parts.size() == 1 && parts[0] == "metadata")
        return capability();
    if (!options.token.empty() && !same_secret(r.headers["Authorization"], "Bearer " + options.token))
        return outcome(401, "login");
    if (parts.empty()) {
        const auto parameters = query_parameters(query);
        for (const auto& [name, token] : parameters)
            if (name == "_getpages") {
                const auto left = pages.find(token);
                if (left == pages.end())
                    return outcome(410, "not-found");
                std::vector<shelf_match> matches = std::move(left->second);
                pages.erase(left);
                return page(std::move(matches), page_size, "searchset", "");
            }
        return outcome(400, "not-supported");
    }
    if (std::find(std::begin(types), std::end(types), parts[0]) == std::end(types))
        return outcome(404, "not-supported");
    const std::string id = parts.size() > 1 ? parts[1] : "";
    if (r.method == "GET")
        return id == "_history" ? history(parts[0], query) : id.empty() ? search(parts[0], query) : read(parts[0], id);
    if (r.method == "POST" || r.method == "PUT")
        return write(r, parts[0], id);
    if (r.method == "DELETE") {
        if (!shelf.remove(parts[0], id))
            return outcome(shelf.latest(parts[0], id) ? 410 : 404, "not-found");
        wrote("DELETE", parts[0], id);
        return fhir_answer_of(204, "");
    }
    return outcome(405, "not-supported");
}

http_response demo_server::state::stored(const std::string& type, const std::string& id, bool created) {
    const shelf_version* const v = shelf.latest(type, id);
    http_response out = fhir_answer_of(created ? 201 : 200, v->text);
    out.headers.set("ETag", "W/\"" + std::to_string(v->number) + '"');
    out.headers.set("Location", base() + '/' + type + '/' + id + "/_history/" + std::to_string(v->number));
    return out;
}

http_response demo_server::state::read(const std::string& type, const std::string& id) {
    const shelf_version* const v = shelf.latest(type, id);
    if (!v)
        return outcome(404, "not-found");
    return v->text.empty() ? outcome(410, "deleted") : stored(type, id, false);
}

http_response demo_server::state::write(const http_request& r, const std::string& type, const std::string& id) {
    if (r.method == "PUT" && id.empty())
        return outcome(405, "not-supported");
    if (r.method == "POST" && !r.headers["If-None-Exist"].empty()) {
        std::vector<std::string> ignored;
        const auto there = shelf.search(type, r.headers["If-None-Exist"], ignored);
        if (there.size() > 1)
            return outcome(412, "multiple-matches");
        if (there.size() == 1)
            return stored(type, there[0].id, false);
    }
    const shelf_version* const before = id.empty() ? nullptr : shelf.latest(type, id);
    if (const std::string_view match = r.headers["If-Match"]; !match.empty() && (!before || match != "W/\"" + std::to_string(before->number) + '"'))
        return outcome(412, "conflict");
    const bool created = !before || before->text.empty();
    const auto put = shelf.put(type, id, r.body);
    if (!put)
        return outcome(400, "structure");
    wrote(r.method, type, put->id);
    if (type == "Subscription")
        subscribe(put->id);
    return stored(type, put->id, created);
}

http_response demo_server::state::search(const std::string& type, std::string_view query) {
    std::vector<std::string> ignored;
    std::size_t count = page_size;
    bool medications = false;
    for (const auto& [name, value] : query_parameters(query)) {
        if (name == "_count")
            std::from_chars(value.data(), value.data() + value.size(), count);
        medications |= name == "_include" && value.ends_with(":medication");
    }
    auto matches = shelf.search(type, query, ignored);
    if (medications) {
        fhir::json::parser parser;
        for (std::size_t i = 0, n = matches.size(); i < n; ++i)
            if (const auto tree = parser.parse_copy(matches[i].version->text))
                if (const std::string to = std::string((*tree)["medicationReference"]["reference"].text()); to.starts_with("Medication/"))
                    if (const shelf_version* v = shelf.latest("Medication", to.substr(11)); v && !v->text.empty())
                        matches.push_back({"Medication", to.substr(11), v});
    }
    return page(std::move(matches), std::min(std::max<std::size_t>(count, 1), largest_page), "searchset", base() + '/' + type + '?' + std::string(query));
}

http_response demo_server::state::history(const std::string& type, std::string_view query) {
    std::string since = "ge1970-01-01T00:00:00Z";
    for (const auto& [name, value] : query_parameters(query))
        if (name == "_since")
            since = value;
    return page(shelf.history(type, fhir::parse_instant(since).value_or(0)), largest_page * 50, "history", base() + '/' + type + "/_history");
}

http_response demo_server::state::page(std::vector<shelf_match> matches, std::size_t count, std::string_view kind, std::string_view self) {
    json_text t;
    t.begin_object().key("resourceType").string("Bundle").key("type").string(kind);
    t.key("meta").begin_object().key("lastUpdated").string(to_text(time->now())).end_object();
    t.key("link").begin_array();
    if (!self.empty())
        t.begin_object().key("relation").string("self").key("url").string(self).end_object();
    if (matches.size() > count) {
        const std::string token = "p" + std::to_string(++next_page);
        pages[token] = std::vector<shelf_match>(matches.begin() + static_cast<std::ptrdiff_t>(count), matches.end());
        if (pages.size() > 1000)
            pages.erase(pages.begin());
        matches.resize(count);
        t.begin_object().key("relation").string("next").key("url").string(base() + "?_getpages=" + token).end_object();
    }
    t.end_array();
    t.key("entry").begin_array();
    for (const shelf_match& m : matches) {
        const bool gone = m.version->text.empty();
        t.begin_object().key("fullUrl").string(base() + '/' + m.type + '/' + m.id);
        if (!gone)
            t.key("resource").json(m.version->text);
        if (kind == "history") {
            t.key("request").begin_object().key("method").string(gone ? "DELETE" : "PUT").key("url").string(m.type + '/' + m.id).end_object();
            t.key("response").begin_object().key("status").string("200").key("etag").string("W/\"" + std::to_string(m.version->number) + '"');
            t.key("lastModified").string(to_text(m.version->updated)).end_object();
        }
        t.end_object();
    }
    t.end_array().end_object();
    return fhir_answer_of(200, std::string(t.text()));
}

http_response demo_server::state::capability() const {
    json_text t;
    t.begin_object().key("resourceType").string("CapabilityStatement").key("status").string("active").key("date").string("2026-01-01");
    t.key("kind").string("instance").key("fhirVersion").string("4.0.1").key("format").begin_array().string("json").end_array();
    t.key("software").begin_object().key("name").string(options.name).end_object();
    t.key("rest").begin_array().begin_object().key("mode").string("server").key("resource").begin_array();
    for (const char* type : types) {
        t.begin_object().key("type").string(type).key("versioning").string("versioned-update").key("updateCreate").boolean(true);
        t.key("conditionalCreate").boolean(true).key("interaction").begin_array();
        for (const char* code : {"read", "search-type", "create", "update", "delete", "history-type"})
            t.begin_object().key("code").string(code).end_object();
        t.end_array().key("searchParam").begin_array();
        for (const char* name : {"_id", "_lastUpdated", "_tag", "identifier", "code", "patient", "subject", "individual", "status"})
            t.begin_object().key("name").string(name).key("type").string("token").end_object();
        t.end_array().end_object();
    }
    t.end_array().end_object().end_array().end_object();
    return fhir_answer_of(200, std::string(t.text()));
}

void demo_server::state::subscribe(const std::string& id) {
    const shelf_version* const v = shelf.latest("Subscription", id);
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(v->text);
    std::erase_if(listeners, [&](const listener_row& l) { return l.id == id; });
    if (!tree || (*tree)["status"].text() == "off")
        return;
    listener_row row;
    row.id = id;
    const std::string_view criteria = (*tree)["criteria"].text();
    row.criteria_type = std::string(criteria.substr(0, criteria.find('?')));
    const auto channel = (*tree)["channel"];
    row.endpoint = std::string(channel["endpoint"].text());
    row.payload = static_cast<bool>(channel["payload"]);
    for (const auto& e : channel["extension"].elements())
        row.deletes |= e["url"].text().ends_with("subscription-send-delete-messages") && e["valueBoolean"].as_bool();
    for (const auto& h : channel["header"].elements())
        row.headers.emplace_back(h.text());
    listeners.push_back(std::move(row));
    if ((*tree)["status"].text() == "requested") {
        std::string active = v->text;
        if (const auto at = active.find("\"status\":\"requested\""); at != active.npos)
            active.replace(at, 20, "\"status\":\"active\"");
        shelf.put("Subscription", id, active);
    }
}

void demo_server::state::wrote(std::string_view method, const std::string& type, const std::string& id) {
    const shelf_version* const v = shelf.latest(type, id);
    if (options.wrote)
        options.wrote(method, type + '/' + id, v ? std::string_view(v->text) : std::string_view());
    notify(method, type, id);
}

void demo_server::state::notify(std::string_view method, const std::string& type, const std::string& id) {
    for (const listener_row& l : listeners)
        if (l.criteria_type == type && (method != "DELETE" || l.deletes))
            tasks.spawn(deliver(l, std::string(method), type, id, shelf.latest(type, id)->text));
}

asio::awaitable<void> demo_server::state::deliver(listener_row to, std::string method, std::string type, std::string id, std::string text) {
    for (int attempt = 0; attempt < 5; ++attempt) {
        http_request r;
        r.method = method == "DELETE" ? "DELETE" : to.payload ? "PUT" : "POST";
        r.target = to.payload || method == "DELETE" ? to.endpoint + '/' + type + '/' + id : to.endpoint;
        if (to.payload)
            r.body = text;
        r.headers.set("Content-Type", "application/fhir+json");
        for (const std::string& h : to.headers)
            if (const auto colon = h.find(':'); colon != h.npos)
                r.headers.add(h.substr(0, colon), h.substr(h.find_first_not_of(' ', colon + 1)));
        const auto answer = co_await client->send(std::move(r), std::chrono::seconds(10));
        if (answer && answer->status >= 200 && answer->status < 300) {
            ++deliveries;
            co_return;
        }
        asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::seconds(1));
        co_await pause.async_wait(asio::use_awaitable);
    }
}

demo_server::demo_server(asio::any_io_executor on, demo_server_options options, std::shared_ptr<clock> time)
    : state_(std::make_unique<state>(on, std::move(options), std::move(time))) {}
demo_server::~demo_server() = default;
unsigned short demo_server::port() const noexcept { return state_->server->port(); }
std::string demo_server::base() const { return state_->base(); }
void demo_server::put(std::string_view type, std::string_view id, std::string_view text) {
    if (const auto done = state_->shelf.put(type, id, text))
        state_->wrote("PUT", done->type, done->id);
}
void demo_server::remove(const std::string& type, const std::string& id) {
    if (state_->shelf.remove(type, id))
        state_->wrote("DELETE", type, id);
}
const fhir_shelf& demo_server::shelf() const noexcept { return state_->shelf; }
std::uint64_t demo_server::deliveries() const noexcept { return state_->deliveries; }

asio::awaitable<void> demo_server::stop() {
    co_await state_->tasks.stop(std::chrono::milliseconds(0));
    co_await state_->server->stop(std::chrono::milliseconds(0));
}

} // namespace trialgate::gateway
