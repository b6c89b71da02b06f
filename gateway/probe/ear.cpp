#include "gateway/probe/ear.hpp"

#include "fhir/notification.hpp"
#include "gateway/core/async.hpp"

namespace trialgate::gateway::probe {

namespace {

std::string_view word(fhir::notification_kind k) noexcept {
    switch (k) {
    case fhir::notification_kind::nudge: return "nudge";
    case fhir::notification_kind::content: return "content";
    case fhir::notification_kind::handshake: return "handshake";
    case fhir::notification_kind::heartbeat: return "heartbeat";
    case fhir::notification_kind::event: return "event";
    case fhir::notification_kind::query_status: return "query-status";
    case fhir::notification_kind::query_event: break;
    }
    return "query-event";
}

class listener final : public ear {
public:
    listener(asio::any_io_executor on, const std::string& address, const std::string& public_url, std::shared_ptr<tls_context> tls,
             const std::string& secret)
        : root_("/probe/" + secret + '/') {
        http_server_options o;
        o.address = address;
        const bool secure = tls != nullptr;
        o.tls = std::move(tls);
        server_ = listen(on, o, [this](http_request r) -> asio::awaitable<http_response> { co_return answer(std::move(r)); });
        const std::string host = address.substr(0, address.rfind(':'));
        base_ =
            public_url.empty() ? std::string(secure ? "https://" : "http://") + host + ':' + std::to_string(server_->port()) : public_url;
        while (base_.ends_with('/'))
            base_.pop_back();
    }
    std::string endpoint(const std::string& name) const override { return base_ + root_ + name; }
    const std::vector<heard>& of(const std::string& name) override { return heard_[name]; }
    asio::awaitable<void> stop() override { return server_->stop(std::chrono::milliseconds(0)); }

private:
    http_response answer(http_request r) {
        http_response out;
        const auto at = r.target.find(root_); // a proxy may have put something before it
        if (at == std::string::npos) {
            out.status = 404;
            return out;
        }
        std::string tail = r.target.substr(at + root_.size());
        const std::string name = tail.substr(0, tail.find_first_of("/?"));
        tail = tail.size() > name.size() ? tail.substr(name.size() + 1) : std::string();
        auto& all = heard_[name];
        if (all.size() < 1000)
            all.push_back(read_heard(r, std::move(tail)));
        // HAPI's topics want a Bundle; nobody minds one.
        out.headers.set("Content-Type", "application/fhir+json");
        out.body = R"({"resourceType":"Bundle","type":"transaction-response"})";
        return out;
    }

    std::string root_, base_;
    std::map<std::string, std::vector<heard>> heard_;
    std::unique_ptr<http_server> server_;
};

} // namespace

heard read_heard(const http_request& request, std::string tail) {
    heard out;
    out.method = request.method;
    out.tail = std::move(tail);
    fhir::json::parser parser;
    fhir::json::value body;
    if (!request.body.empty()) {
        const auto tree = parser.parse_copy(request.body);
        if (!tree) {
            out.kind = "unreadable";
            return out;
        }
        body = *tree;
    }
    fhir::issue_list ignored;
    const auto read = fhir::read_notification({request.method, out.tail, request.headers["X-Medplum-Deleted-Resource"]}, body, ignored);
    if (!read) {
        out.kind = "unreadable";
        return out;
    }
    out.kind = word(read->kind);
    for (const auto& e : read->entries) {
        out.deletion = out.deletion || e.deleted;
        if (e.deleted)
            out.about.push_back(std::string(e.target.type) + '/' + std::string(e.target.id));
        else if (e.resource)
            out.about.push_back(std::string(e.resource["resourceType"].text()) + '/' + std::string(e.resource["id"].text()));
    }
    for (const auto& e : read->events)
        if (!e.focus.id.empty())
            out.about.push_back(std::string(e.focus.type) + '/' + std::string(e.focus.id));
    out.about.insert(out.about.end(), read->to_fetch.begin(), read->to_fetch.end());
    return out;
}

std::unique_ptr<ear> make_listener(asio::any_io_executor on, const std::string& address, const std::string& public_url,
                                   std::shared_ptr<tls_context> tls, const std::string& secret) {
    return std::make_unique<listener>(on, address, public_url, std::move(tls), secret);
}

} // namespace trialgate::gateway::probe
