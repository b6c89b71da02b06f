#include "gateway/probe/tape.hpp"

#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/core/library.hpp"
#include "gateway/probe/ledger.hpp"

#include <deque>
#include <fstream>
#include <stdexcept>

namespace trialgate::gateway::probe {

namespace fs = std::filesystem;

namespace {

using std::chrono::milliseconds;

constexpr net_errc all_errors[] = {net_errc::resolve,   net_errc::connect,   net_errc::tls,      net_errc::timeout,
                                   net_errc::closed,    net_errc::too_large, net_errc::protocol, net_errc::bad_url,
                                   net_errc::cancelled, net_errc::refused,   net_errc::auth};
/// Two requests that differ in one of these are different questions.
constexpr const char* telling_headers[] = {"If-Match", "If-None-Exist", "Prefer"};

std::string key_of(std::string_view method, std::string_view url, bool authorized, const std::function<std::string(const char*)>& header) {
    std::string out = std::string(method) + (authorized ? " + " : " - ");
    const auto mark = url.find('?');
    out += url.substr(0, mark);
    if (mark != url.npos)
        for (std::string_view rest = url.substr(mark + 1); !rest.empty();) {
            const auto one = rest.substr(0, rest.find('&'));
            out += '\x1f' + fhir::percent_decode(one, true);
            rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        }
    for (const char* name : telling_headers)
        out += '\x1e' + fhir::percent_decode(header(name), true);
    return out;
}

std::string file_name(unsigned n) {
    const std::string digits = std::to_string(n);
    return std::string(4 - std::min<std::size_t>(4, digits.size()), '0') + digits + ".json";
}

class recording_http final : public http_client {
public:
    recording_http(recorder& to, std::shared_ptr<http_client> inner) : to_(to), inner_(std::move(inner)) {}
    asio::awaitable<net_result<http_response>> send(http_request request, milliseconds deadline) override {
        const http_request asked = request;
        const auto since = std::chrono::steady_clock::now();
        net_result<http_response> ended = co_await inner_->send(std::move(request), deadline);
        to_.note(asked, ended, std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - since));
        co_return ended;
    }
    asio::awaitable<net_result<http_response>> stream(http_request, milliseconds,
                                                      std::function<asio::awaitable<bool>(std::string_view)>) override {
        co_return net_error{net_errc::refused, false, "nothing is streamed in a recording"};
    }

private:
    recorder& to_;
    std::shared_ptr<http_client> inner_;
};

} // namespace

recorder::recorder(fs::path folder, tape_head head, scrubber scrub)
    : folder_(std::move(folder)), head_(std::move(head)), scrub_(std::move(scrub)) {
    std::error_code failed;
    fs::create_directories(folder_, failed);
    if (failed || !fs::is_directory(folder_))
        throw std::runtime_error("the folder '" + folder_.string() + "' cannot be made");
    if (fs::exists(folder_ / "tape.json"))
        throw std::runtime_error("'" + folder_.string() + "' holds a recording already");
    finish({});
}

std::shared_ptr<http_client> recorder::wrap(std::shared_ptr<http_client> inner) {
    return std::make_shared<recording_http>(*this, std::move(inner));
}

void recorder::write(const std::string& name, std::string_view text) const {
    std::ofstream out(folder_ / name, std::ios::binary | std::ios::trunc);
    out << text << '\n';
    if (!out.flush())
        throw std::runtime_error("the recording cannot be written to '" + folder_.string() + "'");
}

void recorder::note(const http_request& asked, const net_result<http_response>& ended, milliseconds took) {
    json_text t;
    const auto headers = [&](const http_headers& all) {
        t.key("headers").begin_object();
        for (const auto& [name, value] : all)
            if (const auto kept = scrub_.header(name, value))
                t.key(name).string(*kept);
        t.end_object();
    };
    const auto body = [&](const std::string& text) {
        const std::string kept = scrub_.body(text);
        if (kept.empty())
            return;
        const bool json = kept.front() == '{' && kept != "{scrubbed";
        json || kept.front() == '[' ? t.key("body").json(kept) : t.key("text").string(kept);
    };
    t.begin_object().key("request").begin_object().key("method").string(asked.method).key("url").string(scrub_.url(asked.target));
    t.key("authorized").boolean(asked.headers.has("Authorization"));
    headers(asked.headers);
    body(asked.body);
    t.end_object();
    if (!ended) {
        t.key("error").string(to_code(ended.error().code));
    } else {
        t.key("response").begin_object().key("status").number(ended->status);
        headers(ended->headers);
        body(ended->body);
        t.end_object();
    }
    t.key("ms").number(took.count()).end_object();
    write(file_name(next_++), t.text());
}

void recorder::finish(const std::map<std::string, std::vector<heard>>& notifications) {
    json_text t;
    t.begin_object().key("format").number(1).key("url").string(head_.url).key("fhirVersion").string(head_.fhir_version);
    t.key("at").string(scrub_.time(head_.at)).key("run").string(head_.run);
    t.key("write").boolean(head_.write).key("listened").boolean(head_.listened).key("authorized").boolean(head_.authorized);
    t.key("subscriptionPath").string(head_.subscription_path).key("subscriptionStatus").string(head_.subscription_status);
    t.key("bulkPath").string(head_.bulk_path);
    t.key("types").begin_array();
    for (const std::string& type : head_.types)
        t.string(type);
    t.end_array().key("notifications").begin_object();
    for (const auto& [name, all] : notifications) {
        t.key(name).begin_array();
        for (const heard& h : all) {
            t.begin_object().key("kind").string(h.kind).key("method").string(h.method).key("tail").string(scrub_.url(h.tail));
            t.key("deletion").boolean(h.deletion).key("about").begin_array();
            for (const std::string& a : h.about)
                t.string(scrub_.url(a));
            t.end_array().end_object();
        }
        t.end_array();
    }
    t.end_object().end_object();
    write("tape.json", t.text());
}

// ---- replay -------------------------------------------------------------------------------------------------------------------

struct replayer::state {
    tape_head head;
    std::map<std::string, std::deque<net_result<http_response>>> answers;
    std::map<std::string, std::vector<heard>> notifications;
};

namespace {

net_result<http_response> answer_of(fhir::json::value exchange) {
    const auto r = exchange["response"];
    if (!r) {
        net_error e;
        for (const net_errc code : all_errors)
            if (to_code(code) == exchange["error"].text())
                e.code = code;
        e.text = "as recorded: " + std::string(exchange["error"].text());
        return e;
    }
    http_response out;
    out.status = std::atoi(std::string(r["status"].text()).c_str());
    for (const auto& h : r["headers"].members())
        out.headers.add(std::string(h.name), std::string(h.content.text()));
    out.headers.set(elapsed_header, std::string(exchange["ms"].text()));
    if (r["body"]) {
        json_text t;
        t.copy(r["body"]);
        out.body = std::string(t.text());
    } else {
        out.body = std::string(r["text"].text());
    }
    return out;
}

class replaying_http final : public http_client {
public:
    using answers = std::map<std::string, std::deque<net_result<http_response>>>;
    explicit replaying_http(std::shared_ptr<answers> all) : all_(std::move(all)) {}
    asio::awaitable<net_result<http_response>> send(http_request r, milliseconds) override {
        const auto found = all_->find(
            key_of(r.method, r.target, r.headers.has("Authorization"), [&](const char* name) { return std::string(r.headers[name]); }));
        if (found == all_->end() || found->second.empty())
            co_return net_error{net_errc::refused, false, "this was not asked when the recording was made"};
        net_result<http_response> out = found->second.front();
        if (found->second.size() > 1)
            found->second.pop_front();
        co_return out;
    }
    asio::awaitable<net_result<http_response>> stream(http_request, milliseconds,
                                                      std::function<asio::awaitable<bool>(std::string_view)>) override {
        co_return net_error{net_errc::refused, false, "nothing is streamed in a recording"};
    }

private:
    std::shared_ptr<answers> all_;
};

class recorded_ear final : public ear {
public:
    explicit recorded_ear(std::map<std::string, std::vector<heard>> all) : all_(std::move(all)) {}
    std::string endpoint(const std::string& name) const override { return "https://probe.invalid/" + name; }
    const std::vector<heard>& of(const std::string& name) override { return all_[name]; }
    asio::awaitable<void> stop() override { co_return; }

private:
    std::map<std::string, std::vector<heard>> all_;
};

} // namespace

replayer::replayer(const fs::path& folder) : state_(std::make_shared<state>()) {
    const auto bad = [&](const std::string& what) { return std::runtime_error("'" + folder.string() + "' holds no recording: " + what); };
    const auto head = read_file(folder / "tape.json");
    if (!head)
        throw bad("there is no tape.json");
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(*head);
    if (!tree || (*tree)["format"].text() != "1")
        throw bad("tape.json is of no known format");
    tape_head& h = state_->head;
    h.url = (*tree)["url"].text();
    h.fhir_version = (*tree)["fhirVersion"].text();
    h.at = (*tree)["at"].text();
    h.run = (*tree)["run"].text();
    h.write = (*tree)["write"].as_bool();
    h.listened = (*tree)["listened"].as_bool();
    h.authorized = (*tree)["authorized"].as_bool();
    h.subscription_path = (*tree)["subscriptionPath"].text();
    h.subscription_status = (*tree)["subscriptionStatus"].text();
    h.bulk_path = (*tree)["bulkPath"].text();
    for (const auto& t : (*tree)["types"].elements())
        h.types.emplace(t.text());
    for (const auto& named : (*tree)["notifications"].members())
        for (const auto& n : named.content.elements()) {
            heard one{
                std::string(n["kind"].text()), {}, std::string(n["method"].text()), std::string(n["tail"].text()), n["deletion"].as_bool()};
            for (const auto& a : n["about"].elements())
                one.about.emplace_back(a.text());
            state_->notifications[std::string(named.name)].push_back(std::move(one));
        }
    for (unsigned n = 1;; ++n) {
        const auto text = read_file(folder / file_name(n));
        if (!text)
            break;
        const auto exchange = parser.parse_copy(*text);
        if (!exchange)
            throw bad(file_name(n) + " is not JSON");
        const auto q = (*exchange)["request"];
        const std::string key = key_of(q["method"].text(), q["url"].text(), q["authorized"].as_bool(), [&](const char* name) {
            for (const auto& m : q["headers"].members())
                if (m.name == name)
                    return std::string(m.content.text());
            return std::string();
        });
        state_->answers[key].push_back(answer_of(*exchange));
    }
    if (state_->answers.empty())
        throw bad("there is no exchange");
}

const tape_head& replayer::head() const noexcept { return state_->head; }
std::shared_ptr<http_client> replayer::client() const {
    return std::make_shared<replaying_http>(std::shared_ptr<replaying_http::answers>(state_, &state_->answers));
}
std::unique_ptr<ear> replayer::notifications() const { return std::make_unique<recorded_ear>(state_->notifications); }

} // namespace trialgate::gateway::probe
