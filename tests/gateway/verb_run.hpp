// The program as an operator runs it, and a site for it to look at.
#pragma once

#include "config_folder.hpp"
#include "gateway/cli/live.hpp"
#include "tests/support/source_folder.hpp"

#include <regex>
#include <sstream>

namespace trialgate::tests {

using namespace gateway;

struct ran {
    int code = -1;
    std::string out, err;
    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        std::istringstream in(out);
        for (std::string line; std::getline(in, line);)
            all.push_back(line);
        return all;
    }
};

inline ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "trialgate");
    std::vector<char*> argv;
    for (std::string& a : arguments)
        argv.push_back(a.data());
    ran out;
    out.out = written_to(STDOUT_FILENO, [&] {
        out.err = written_to(STDERR_FILENO, [&] { out.code = run_program(static_cast<int>(argv.size()), argv.data()); });
    });
    return out;
}

inline bool says(const std::string& text, const char* pattern) { return std::regex_search(text, std::regex(pattern)); }

/// A site with a store that holds a little of everything.
class site {
public:
    site() {
        ::setenv("NO_COLOR", "1", 1);
        ::setenv("TRIALGATE_MAPPINGS", (trialgate::test::source_folder() + "/mappings").c_str(), 1);
        config_ = files_.at().write("gateway.json", R"({
            "data": "store", "timeZone": "Europe/Berlin", "pseudonymKey": {"file": "secret"},
            "sources": [{"name": "ehr", "url": "http://localhost:1/fhir", "delivery": "poll"}, {"name": "lab", "url": "http://localhost:2/fhir", "delivery": "poll"}],
            "sinks": [{"name": "study", "url": "http://localhost:3/fhir"}, {"name": "other", "url": "http://localhost:4/fhir"}]})");
    }
    const std::string& config() const noexcept { return config_; }
    const scratch_folder& at() const noexcept { return files_.at(); }
    std::unique_ptr<store> open() const {
        std::filesystem::create_directories(at().path() / "store");
        return open_sqlite(at() / "store");
    }
    void fill() const {
        const auto rows = open();
        in_transaction(*rows, [&] {
            journal_item item;
            item.source = "ehr";
            item.body = "{}";
            item.received = system_clock()->now() - 90 * second_ms;
            rows->journal_append(item);
            for (const char* status : {"likely", "likely", "not-now", ""}) {
                patient_row p;
                p.source = "ehr";
                p.key = "Patient/" + std::to_string(++people_);
                rows->patient_put(p);
                decision_row d;
                d.source = p.source;
                d.patient = p.key;
                d.trial = "first-trial";
                d.status = status;
                if (d.status == "not-now")
                    d.human = "screening";
                rows->decision_put(d);
            }
            subscription_row s;
            s.source = "ehr";
            s.name = "labs";
            s.kind = "topic-r4";
            s.status = "active";
            s.token = "unguessable-token";
            s.secret = "secret-of-the-hook";
            s.last_heard = system_clock()->now() - 3 * minute_ms;
            rows->subscription_put(s);
            job j;
            j.source = "lab";
            j.kind = job_kind::hydrate;
            j.target = "Patient/1";
            rows->job_add(j);
        });
    }
    std::int64_t add_message(const std::string& sink, const std::string& key, outbox_state state) const {
        const auto rows = open();
        std::int64_t id = 0;
        in_transaction(*rows, [&] {
            outbox_row r;
            r.sink = sink;
            r.subject = "0123456789abcdef";
            r.trial = "first-trial";
            r.kind = "status";
            r.key = key;
            r.body = "{\"patient\":\"body-of-a-message\"}";
            r.created = system_clock()->now() - 2 * hour_ms;
            rows->outbox_add(r);
            for (const outbox_row& one : rows->outbox_list(sink, 0, 100))
                if (one.key == key)
                    id = one.id;
            if (state == outbox_state::dead)
                rows->outbox_failed(id, 7, 0, outbox_state::dead, "422 unprocessable\x1b[31m");
        });
        return id;
    }
    std::int64_t add_quarantine(const std::string& body) const {
        const auto rows = open();
        std::int64_t id = 0;
        in_transaction(*rows, [&] {
            quarantine_item q;
            q.original.source = "ehr";
            q.original.channel = "labs";
            q.original.method = "POST";
            q.original.body = body;
            q.original.received = 1'770'000'000'000;
            q.reason = "not JSON";
            q.path = "line 1, column 2";
            q.at = 1'770'000'001'000;
            id = rows->quarantine_add(q);
        });
        return id;
    }

private:
    config_folder files_;
    std::string config_;
    mutable int people_ = 0;
};

} // namespace trialgate::tests
