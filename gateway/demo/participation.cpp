#include "gateway/demo/participation.hpp"

#include "gateway/core/json_text.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

namespace trialgate::gateway {

namespace asio = boost::asio;

namespace {

constexpr const char* trial = "sle-uc-msc";
constexpr const char* number = "S-001";
constexpr const char* person = "anna";

std::string visit_held(const char* visit, const std::string& day) {
    json_text t;
    t.begin_object().key("resourceType").string("Encounter").key("id").string(std::string(person) + "-study-" + visit).key("status").string("finished");
    t.key("class").begin_object().key("system").string("http://terminology.hl7.org/CodeSystem/v3-ActCode").key("code").string("AMB").end_object();
    t.key("type").begin_array().begin_object().key("coding").begin_array().begin_object();
    t.key("system").string("urn:trialgate:visit").key("code").string(std::string(trial) + '/' + visit).end_object().end_array().end_object().end_array();
    t.key("subject").begin_object().key("reference").string(std::string("Patient/") + person).end_object();
    t.key("period").begin_object().key("start").string(day).key("end").string(day).end_object().end_object();
    return std::string(t.text());
}

std::string alt_result(const std::string& day, const char* status, const char* value) {
    json_text t;
    t.begin_object().key("resourceType").string("Observation").key("id").string(std::string(person) + "-study-alt").key("status").string(status);
    t.key("code").begin_object().key("coding").begin_array().begin_object();
    t.key("system").string("http://loinc.org").key("code").string("1742-6").key("display").string("ALT").end_object().end_array().end_object();
    t.key("subject").begin_object().key("reference").string(std::string("Patient/") + person).end_object();
    t.key("effectiveDateTime").string(day);
    const auto quantity = [&](const char* amount) {
        t.begin_object().key("value").json(amount).key("unit").string("U/L").key("system").string("http://unitsofmeasure.org").key("code").string("U/L");
        t.end_object();
    };
    t.key("valueQuantity");
    quantity(value);
    t.key("referenceRange").begin_array().begin_object().key("high");
    quantity("35");
    t.end_object().end_array().end_object();
    return std::string(t.text());
}

class act {
public:
    explicit act(participation_act a) : a_(std::move(a)) {
        http_client_options o;
        o.tls = a_.trust;
        client_ = make_http_client(o);
    }

    asio::awaitable<void> play() {
        if (!a_.hospital.shelf().latest("Patient", person)) {
            a_.say("study", std::string("nobody takes part: this cohort has no Patient/") + person);
            co_return;
        }
        std::string body = std::string(R"({"trial":")") + trial + R"(","number":")" + number + R"(","patient":"Patient/)" + person + R"("})";
        std::string what = std::string(person) + " is screened as " + number;
        co_await order({}, std::move(body), std::move(what));
        co_await a_day_passes();
        day0_ = a_.today();
        std::string path = std::string("/") + trial + '/' + number + "/dose", dosed = std::string(number) + " is dosed: Day 0";
        body = "{}";
        co_await order(std::move(path), std::move(body), std::move(dosed));
        for (int day = 1; day <= a_.days; ++day) {
            co_await a_day_passes();
            what_happens_on(day);
        }
    }

private:
    asio::awaitable<void> a_day_passes() {
        asio::steady_timer pause(co_await asio::this_coro::executor, a_.pace);
        co_await pause.async_wait(asio::use_awaitable);
        for (int looks = 0; looks < 200 && !a_.settled(); ++looks) {
            pause.expires_after(std::chrono::milliseconds(50));
            co_await pause.async_wait(asio::use_awaitable);
        }
        a_.next_day();
        const std::string shown = day0_ ? "day " + std::to_string(a_.today() - *day0_) + ", " + to_string(a_.today()) : to_string(a_.today());
        a_.say("time", shown);
    }

    void what_happens_on(int day) {
        const std::string today = to_string(a_.today());
        const auto held = [&](const char* visit) {
            a_.say("hospital", std::string("visit held: ") + visit);
            a_.hospital.put("Encounter", std::string(person) + "-study-" + visit, visit_held(visit, today));
        };
        const auto alt = [&](const char* status, const char* value) {
            a_.say("hospital", std::string("ALT ") + value + " U/L, " + status);
            a_.hospital.put("Observation", std::string(person) + "-study-alt", alt_result(to_string(*day0_ + 5), status, value));
        };
        switch (day) {
        case 1: return held("v2");
        case 3: return held("v3");
        case 5: return alt("final", "190");
        case 6: return alt("corrected", "19");
        case 7: return held("v4");
        case 14: return held("v5"); // and nobody drew blood
        default: return;            // the next one is missed
        }
    }

    asio::awaitable<void> order(std::string path, std::string body, std::string what) {
        http_request r;
        r.method = "POST";
        r.target = a_.gateway + "/api/v1/participants" + path;
        r.headers = {{"Authorization", "Bearer " + a_.token}, {"Content-Type", "application/json"}};
        r.body = std::move(body);
        const std::chrono::seconds deadline{10};
        const net_result<http_response> answer = co_await client_->send(std::move(r), deadline);
        const bool done = answer && answer->status < 300;
        a_.say("study", done ? what : what + ": refused, " + (answer ? std::to_string(answer->status) : "no answer"));
    }

    participation_act a_;
    std::unique_ptr<http_client> client_;
    std::optional<fhir::date> day0_;
};

} // namespace

asio::awaitable<void> play_participation(participation_act how) {
    act one(std::move(how));
    co_await one.play();
}

} // namespace trialgate::gateway
