// Alerts, subscribers, a site in Berlin, and a carrier that does what it is told.
#pragma once

#include "gateway/core/zone.hpp"
#include "gateway/people/mail_text.hpp"
#include "gateway/people/people_desk.hpp"
#include "tests/support/scratch_folder.hpp"

#include <catch2/catch.hpp>

#include <functional>

namespace trialgate::tests {

using namespace gateway;

inline fhir::time_zone berlin() { return find_zone("Europe/Berlin").value(); }

/// "2026-03-15T08:00", on the site's clocks.
inline instant at(const std::string& local) {
    return fhir::parse_date_time(local + ":00")->instant(berlin()).value() * second_ms;
}

inline alert_row alert_of(std::int64_t id, unsigned tier, instant news, std::string trial = "t1") {
    alert_row out;
    out.id = id;
    out.trial = std::move(trial);
    out.number = "S-" + std::to_string(id);
    out.key = "k" + std::to_string(id);
    out.kind = tier == 1 ? "lab-grade" : "due";
    out.source = "ehr";
    out.patient = "Patient/secret-" + std::to_string(id);
    out.subject = "aa11";
    out.public_id = "f00" + std::to_string(id);
    out.tier = tier;
    out.raised = out.changed = out.news = news;
    out.title = "title " + std::to_string(id);
    out.content = "c";
    out.body = R"({"text":"secret 210 U/L"})";
    return out;
}

inline subscriber_config subscriber(const std::string& name) {
    subscriber_config out;
    out.name = name;
    out.address = out.name + "@example.org";
    using how = subscriber_config::when::how;
    out.tiers[0] = {how::immediate};
    out.tiers[1] = {how::immediate};
    out.tiers[2] = {how::digest, 7 * 60 + 30};
    return out;
}

inline people_config one_subscriber() {
    people_config out;
    out.relay.host = "localhost";
    out.relay.port = 25;
    out.relay.from = "trialgate@example.org";
    out.link = "https://study.example.org/{trial}/{participant}?a={alert}";
    out.subscribers = {subscriber("alice")};
    return out;
}

} // namespace trialgate::tests
