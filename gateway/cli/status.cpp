// status: what a gateway is doing, out of its store; whether it runs or not.
#include "gateway/cli/live.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/core/terminal.hpp"
#include "gateway/store/figures.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <unistd.h>

namespace trialgate::gateway {

namespace {

constexpr std::array<std::string_view, 6> statuses{"eligible", "likely", "possible", "not-now", "ineligible", ""};
/// What is shown: figures of the store, and when and where they were taken.
struct shown : figures, decision_figures {
    instant now = 0;
    std::string folder;
};

// ---- JSON ----------------------------------------------------------------------------------------------------------------

void write_instant(json_text& out, std::string_view key, instant at) {
    out.key(key);
    at ? out.string(to_text(at)) : out.null();
}

void write_sources(json_text& out, const shown& f) {
    out.key("sources").begin_array();
    for (const auto& s : f.sources) {
        out.begin_object().key("name").string(s.name).key("jobs").begin_object();
        for (std::size_t n = 0; n < job_kinds.size(); ++n)
            out.key(job_kinds[n].second).number(s.jobs[n]);
        out.end_object().key("subscriptions").begin_array();
        for (const subscription_row& r : s.subscriptions) {
            out.begin_object().key("name").string(r.name).key("kind").string(r.kind).key("status").string(r.status);
            write_instant(out, "lastHeard", r.last_heard);
            write_instant(out, "ends", r.ends);
            out.end_object();
        }
        out.end_array().end_object();
    }
    out.end_array();
}

void print_json(const shown& f) {
    json_text out;
    out.begin_object().key("at").string(to_text(f.now)).key("data").string(f.folder);
    out.key("journal").begin_object().key("rows").number(f.journal.rows).key("bytes").number(f.journal.bytes);
    write_instant(out, "oldest", f.journal.oldest);
    out.end_object().key("patients").number(f.patients);
    for (const auto& [name, all] : {std::pair{"decisions", &f.decisions}, {"humanDecisions", &f.people}}) {
        out.key(name).begin_object();
        for (const auto& [trial, counts] : *all) {
            out.key(trial).begin_object();
            for (const auto& [status, n] : counts)
                out.key(status.empty() ? "not-listed" : status).number(n);
            out.end_object();
        }
        out.end_object();
    }
    write_sources(out, f);
    out.key("sinks").begin_array();
    for (const auto& [name, c] : f.sinks) {
        out.begin_object().key("name").string(name).key("waiting").number(c.waiting).key("dead").number(c.dead);
        write_instant(out, "oldest", c.oldest);
        out.end_object();
    }
    out.end_array().key("quarantine").number(f.quarantined).key("faults").begin_array();
    for (const fault_row& r : f.faults) {
        out.begin_object().key("key").string(r.key).key("text").string(r.text).key("times").number(static_cast<std::int64_t>(r.times));
        write_instant(out, "since", r.since);
        write_instant(out, "last", r.last);
        out.end_object();
    }
    out.end_array().end_object();
    std::printf("%.*s\n", static_cast<int>(out.text().size()), out.text().data());
}

// ---- text ----------------------------------------------------------------------------------------------------------------

std::string ago(instant now, instant then) { return then == 0 ? "never" : age_text(now - then) + " ago"; }

void print_head(const shown& f) {
    text_table t;
    t.row({"store", f.folder});
    t.row({"journal", f.journal.rows == 0 ? "empty"
                                          : counted(f.journal.rows, "message") + " waiting (" + size_text(f.journal.bytes) + "), the oldest for " +
                                                age_text(f.now - f.journal.oldest)});
    t.row({"patients", std::to_string(f.patients)});
    t.row({"quarantine", f.quarantined == 0 ? "empty" : counted(f.quarantined, "message") + " (trialgate quarantine list)"});
    t.print(0);
}

void print_decisions(const shown& f, const painter& paint) {
    if (f.decisions.empty())
        return;
    std::printf("\n%s\n", paint(style::bold, "decisions").c_str());
    text_table t;
    std::vector<std::string> head{"trial"};
    for (std::string_view s : statuses)
        head.emplace_back(s.empty() ? "not listed" : s);
    t.row(std::move(head));
    for (const auto& [trial, counts] : f.decisions) {
        std::vector<std::string> row{trial};
        for (std::string_view s : statuses) {
            const auto at = counts.find(std::string(s));
            row.push_back(std::to_string(at == counts.end() ? 0 : at->second));
        }
        t.row(std::move(row));
    }
    t.print(2);
    if (f.people.empty())
        return;
    std::printf("\n%s\n", paint(style::bold, "decided by people in the study system").c_str());
    text_table people;
    for (const auto& [trial, counts] : f.people)
        for (const auto& [status, n] : counts)
            people.row({trial, status, std::to_string(n)});
    people.print(2);
}

void print_sides(const shown& f, const painter& paint) {
    std::printf("\n%s\n", paint(style::bold, "sources").c_str());
    text_table sources;
    for (const auto& s : f.sources) {
        std::string jobs;
        for (std::size_t n = 0; n < job_kinds.size(); ++n)
            if (s.jobs[n] != 0)
                jobs += (jobs.empty() ? "to do: " : ", ") + std::to_string(s.jobs[n]) + ' ' + std::string(job_kinds[n].second);
        if (s.subscriptions.empty())
            sources.row({s.name, "no subscription", jobs});
        for (const subscription_row& r : s.subscriptions) {
            sources.row({s.name, "subscription " + r.name, r.kind, r.status.empty() ? "not yet created" : r.status,
                         "last heard " + ago(f.now, r.last_heard) + (jobs.empty() ? "" : ", " + jobs)});
            jobs.clear();
        }
    }
    if (f.sources.empty())
        sources.row({"none"});
    sources.print(2);
    std::printf("\n%s\n", paint(style::bold, "sinks").c_str());
    text_table sinks;
    for (const auto& [name, c] : f.sinks)
        sinks.row({name, std::to_string(c.waiting) + " waiting" + (c.waiting ? ", the oldest for " + age_text(f.now - c.oldest) : ""),
                   c.dead ? std::to_string(c.dead) + " given up (trialgate outbox list --dead)" : ""});
    if (f.sinks.empty())
        sinks.row({"none"});
    sinks.print(2);
}

void print_text(const shown& f, const painter& paint) {
    print_head(f);
    print_decisions(f, paint);
    print_sides(f, paint);
    std::printf("\n%s\n", paint(f.faults.empty() ? style::bold : style::bad, "faults").c_str());
    text_table faults;
    for (const fault_row& r : f.faults)
        faults.row({r.key, "for " + age_text(f.now - r.since), counted(static_cast<std::int64_t>(r.times), "time"), r.text});
    if (f.faults.empty())
        faults.row({"none"});
    faults.print(2);
}

} // namespace

void add_status(CLI::App& program, verb& run) {
    struct options {
        std::string config;
        bool json = false, no_colour = false;
    };
    auto chosen = std::make_shared<options>();
    CLI::App* verb_ = add_store_verb(
        program, "status", "What the gateway has, does and lacks; beside a running gateway or without one", chosen->config, access::look,
        [chosen](store& rows, const gateway_config& config) {
            shown f{gather(rows, config), gather_decisions(rows), system_clock()->now(), config.data};
            if (chosen->json)
                print_json(f);
            else
                print_text(f, painter(!chosen->no_colour && wants_colours(STDOUT_FILENO)));
            return f.findings() ? exit_code::findings : exit_code::done;
        },
        run);
    verb_->add_flag("--json", chosen->json, "One JSON object");
    verb_->add_flag("--no-color", chosen->no_colour, "No colours");
    verb_->footer("Exit code 3: a fault lasts, a message was given up, or something is in quarantine.");
}

} // namespace trialgate::gateway
