#include "gateway/net/fhir_client.hpp"

#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/net/breaker.hpp"

#include <algorithm>
#include <stdexcept>

namespace trialgate::gateway {

namespace {

using std::chrono::milliseconds;

constexpr duration_ms longest_breaker_pause = 5 * minute_ms;
constexpr duration_ms longest_hold = hour_ms; // a server that says more is asked again after that
constexpr milliseconds least_left{1'000};     // for a request that waited out a hold

/// scheme://host:port, comparable; empty when that is no URL.
std::string origin_of(std::string_view url) {
    const auto parts = parse_url(url);
    return parts ? parts->origin() : std::string{};
}

std::string normalised_base(std::string base) {
    const auto parts = parse_url(base);
    if (!parts || (parts->scheme != "http" && parts->scheme != "https"))
        throw std::invalid_argument("the base of a FHIR server is no http or https URL");
    if (base.find_first_of("?#") != base.npos)
        throw std::invalid_argument("the base of a FHIR server has a query or a fragment");
    while (base.ends_with('/'))
        base.pop_back();
    return base;
}

/// Time that a request has for all that it waits for.
class patience {
public:
    /// `total`: for everything together; otherwise for each step.
    patience(milliseconds limit, bool total) : limit_(limit), total_(total), since_(std::chrono::steady_clock::now()) {}
    milliseconds limit() const noexcept { return limit_; }
    milliseconds left() const {
        if (!total_)
            return limit_;
        return limit_ - std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - since_);
    }
    /// After a hold of `waited`, which the gateway's clock measured.
    void waited(duration_ms waited) {
        if (!total_)
            return;
        limit_ = std::max(limit_ - milliseconds(waited), least_left);
        since_ = std::chrono::steady_clock::now();
    }

private:
    milliseconds limit_;
    bool total_;
    std::chrono::steady_clock::time_point since_;
};

/// A request's pass through the breaker; abandoned unless it is told how it ended, also when the coroutine is cancelled or destroyed.
class passage {
public:
    passage(std::shared_ptr<circuit_breaker> through, circuit_breaker::pass pass) : through_(std::move(through)), pass_(pass) {}
    passage(const passage&) = delete;
    passage& operator=(const passage&) = delete;
    ~passage() {
        if (through_)
            through_->abandoned(pass_);
    }
    void settle(const net_result<http_response>& ended, instant now) {
        if (!through_)
            return;
        if (ended ? ended->status >= 500 && ended->status != 501 : is_transport(ended.error().code))
            through_->failed(pass_, now);
        else if (ended)
            through_->succeeded();
        else
            return; // says nothing about the server
        through_.reset();
    }

private:
    static bool is_transport(net_errc e) noexcept {
        return e == net_errc::resolve || e == net_errc::connect || e == net_errc::tls || e == net_errc::timeout || e == net_errc::closed ||
               e == net_errc::protocol;
    }
    std::shared_ptr<circuit_breaker> through_; ///< empty: settled, or of another origin
    circuit_breaker::pass pass_;
};

using exchange = std::function<asio::awaitable<net_result<http_response>>(http_request, milliseconds)>;

class client final : public fhir_client {
public:
    client(fhir_client_options options, std::shared_ptr<clock> time, std::shared_ptr<http_client> http)
        : options_(std::move(options)), time_(std::move(time)), http_(std::move(http)),
          breaker_(std::make_shared<circuit_breaker>(options_.breaker_after, options_.breaker_pause, longest_breaker_pause)) {
        options_.base = normalised_base(std::move(options_.base));
        origin_ = origin_of(options_.base);
        const auto parts = parse_url(options_.base);
        peer_ = parts->host + ":" + parts->port;
    }

    asio::awaitable<net_result<fhir_answer>> send(fhir_request request) override {
        http_request out;
        out.method = std::move(request.method);
        out.target = absolute(request.path);
        out.headers = std::move(request.headers);
        out.body = std::move(request.body);
        if (!out.headers.has("Accept"))
            out.headers.add("Accept", options_.accept);
        if (!out.body.empty() && !out.headers.has("Content-Type"))
            out.headers.add("Content-Type", "application/fhir+json");
        // Servers keep searches for a while; a reconcile must see what is there now.
        if (out.method == "GET" && out.target.find('?') != std::string::npos && !out.headers.has("Cache-Control"))
            out.headers.add("Cache-Control", "no-cache");
        exchange by = [http = http_](http_request r, milliseconds limit) { return http->send(std::move(r), limit); };
        return ask(std::move(out), true, patience(request.deadline, true), std::move(by));
    }

    asio::awaitable<net_result<fhir_answer>> stream(std::string url, bool with_token, milliseconds idle,
                                                    std::function<asio::awaitable<bool>(std::string_view)> chunk) override {
        http_request out;
        out.target = absolute(url);
        out.headers.add("Accept", "application/fhir+ndjson");
        exchange by = [http = http_, chunk = std::move(chunk)](http_request r, milliseconds limit) {
            return http->stream(std::move(r), limit, chunk);
        };
        return ask(std::move(out), with_token, patience(idle, false), std::move(by));
    }

    const std::string& base() const noexcept override { return options_.base; }
    bool same_origin(std::string_view url) const override {
        return origin_of(absolute(url)) == origin_;
    }
    asio::awaitable<net_result<std::string>> handshake_authorization(std::string url, milliseconds deadline) override {
        auto parts = parse_url(url);
        if (!options_.auth || !parts || (parts->scheme != "ws" && parts->scheme != "wss"))
            co_return std::string();
        parts->scheme.replace(0, 2, "http");
        if (parts->origin() != origin_)
            co_return std::string();
        co_return co_await authorization(false, patience(deadline, true));
    }
    breaker_state breaker() const noexcept override { return breaker_->at(time_->now()); }
    unsigned failures() const noexcept override { return breaker_->failures(); }

private:
    std::string absolute(std::string_view path) const {
        path = path.substr(0, path.find('#'));
        return path.empty() ? options_.base : fhir::resolve_url(path, options_.base + "/");
    }

    asio::awaitable<net_result<fhir_answer>> ask(http_request request, bool with_token, patience patient, exchange by) {
        const std::string url = request.target;
        const std::string origin = origin_of(url);
        if (origin.empty())
            co_return net_error{net_errc::bad_url, false, "a link that is no http or https URL"};
        if (origin != origin_) {
            request.headers = without_credentials(request.headers);
            net_result<http_response> foreign = co_await by(std::move(request), patient.left());
            if (!foreign)
                co_return foreign.error();
            co_return answer(std::move(*foreign), url);
        }
        if (std::optional<net_error> refused = co_await wait_for_hold(patient))
            co_return std::move(*refused);
        const circuit_breaker::pass pass = breaker_->admit(time_->now());
        if (pass == circuit_breaker::pass::none)
            co_return breaker_open();
        passage through(breaker_, pass);
        net_result<http_response> ended = co_await authorised(std::move(request), with_token, patient, std::move(by));
        through.settle(ended, time_->now());
        if (!ended)
            co_return ended.error();
        fhir_answer out = answer(std::move(*ended), url);
        if ((out.status == 429 || out.status == 503) && out.retry_after)
            held_until_ = std::max(held_until_, time_->now() + std::min(*out.retry_after, longest_hold));
        co_return out;
    }

    /// Returns when the server may be asked again, or why this request cannot wait for that.
    asio::awaitable<std::optional<net_error>> wait_for_hold(patience& patient) {
        for (instant now = time_->now(); now < held_until_; now = time_->now()) {
            const duration_ms hold = held_until_ - now;
            if (hold > patient.limit().count())
                co_return net_error{net_errc::refused, false,
                                    peer_ + " asked us to wait another " + std::to_string((hold + 999) / 1000) + " s"};
            co_await time_->wait_until(now + hold);
            patient.waited(hold);
        }
        co_return std::nullopt;
    }

    net_error breaker_open() const {
        const duration_ms left = std::max<duration_ms>(breaker_->until() - time_->now(), 0);
        std::string text = peer_ + " failed " + std::to_string(breaker_->failures()) + " times in a row; ";
        text += left > 0 ? "not asked for another " + std::to_string((left + 999) / 1000) + " s" : "one request is trying whether it is back";
        return {net_errc::refused, false, std::move(text)};
    }

    /// With the token, and after a 401 once more with another one.
    asio::awaitable<net_result<http_response>> authorised(http_request request, bool with_token, const patience& patient, exchange by) {
        if (!with_token || !options_.auth)
            co_return co_await by(std::move(request), patient.left());
        net_result<std::string> value = co_await authorization(false, patient);
        if (!value)
            co_return value.error();
        if (value->empty())
            co_return co_await by(std::move(request), patient.left());
        const std::string first = *value;
        request.headers.set("Authorization", first);
        http_request again = request;
        net_result<http_response> ended = co_await by(std::move(request), patient.left());
        if (!ended || ended->status != 401)
            co_return ended;
        value = co_await authorization(false, patient); // another request may have had it refreshed already
        if (value && *value == first)
            value = co_await authorization(true, patient);
        if (!value)
            co_return value.error();
        if (value->empty() || *value == first)
            co_return ended;
        again.headers.set("Authorization", *value);
        co_return co_await by(std::move(again), patient.left());
    }

    asio::awaitable<net_result<std::string>> authorization(bool refresh, const patience& patient) {
        const auto kept = options_.auth;
        std::optional<net_result<std::string>> value = co_await with_deadline(kept->authorization(refresh), patient.left());
        if (!value)
            co_return net_error{net_errc::auth, false, "access token: not in time for a request to " + peer_};
        co_return std::move(*value);
    }

    static http_headers without_credentials(const http_headers& all) {
        http_headers out;
        for (const auto& [name, value] : all) {
            http_headers one{{name, value}};
            if (!one.has("Authorization") && !one.has("Cookie"))
                out.add(name, value);
        }
        return out;
    }

    fhir_answer answer(http_response response, const std::string& url) const {
        fhir_answer out;
        out.status = response.status;
        out.url = url;
        out.date = parse_http_date(response.headers["Date"]);
        // A date is by the server's clock, which may differ from ours.
        out.retry_after = parse_retry_after(response.headers["Retry-After"], out.date.value_or(time_->now()));
        out.headers = std::move(response.headers);
        out.body = std::move(response.body);
        return out;
    }

    fhir_client_options options_;
    std::shared_ptr<clock> time_;
    std::shared_ptr<http_client> http_;
    std::shared_ptr<circuit_breaker> breaker_; ///< shared with requests under way, which may outlive this object when all is torn down
    std::string origin_, peer_;
    instant held_until_ = 0;
};

} // namespace

std::unique_ptr<fhir_client> make_fhir_client(fhir_client_options options, std::shared_ptr<clock> time, std::shared_ptr<http_client> http) {
    return std::make_unique<client>(std::move(options), std::move(time), std::move(http));
}

std::unique_ptr<fhir_client> make_fhir_client(fhir_client_options options, std::shared_ptr<clock> time) {
    std::shared_ptr<http_client> http = make_http_client(options.http);
    return make_fhir_client(std::move(options), std::move(time), std::move(http));
}

} // namespace trialgate::gateway
