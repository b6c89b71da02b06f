// alerts list | ack | snooze | undelivered: what people are to know about participants, and that they know it.
#include "gateway/cli/live.hpp"
#include "gateway/core/config_reader.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/store/alert_message.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace trialgate::gateway {

namespace {

constexpr std::size_t page_rows = 500;

struct alert_options {
    std::string config, trial, number, length = "24h";
    std::vector<std::int64_t> ids;
    unsigned tier = 0;
    bool json = false, all = false, retry = false, drop = false;
};

std::string standing(const alert_row& a, instant now) {
    if (!a.open)
        return "withdrawn";
    if (a.acknowledged)
        return "acknowledged by " + a.acknowledged_by;
    if (a.snoozed_until > now)
        return "snoozed until " + to_text(a.snoozed_until);
    return a.escalated ? "escalated" : "open";
}

void print_json(const alert_row& a) {
    json_text out;
    const auto time = [&](const char* name, instant at) {
        out.key(name);
        at ? out.string(to_text(at)) : out.null();
    };
    out.begin_object().key("id").number(a.id).key("trial").string(a.trial).key("participant").string(a.number).key("kind").string(a.kind);
    out.key("tier").string("T" + std::to_string(a.tier)).key("title").string(a.title).key("open").boolean(a.open);
    time("raised", a.raised);
    time("changed", a.changed);
    time("withdrawn", a.withdrawn);
    time("acknowledged", a.acknowledged);
    out.key("acknowledgedBy").string(a.acknowledged_by);
    time("snoozedUntil", a.snoozed_until);
    time("escalated", a.escalated);
    out.end_object();
    std::printf("%.*s\n", static_cast<int>(out.text().size()), out.text().data());
}

exit_code list(store& rows, const gateway_config&, const alert_options& o) {
    text_table t;
    std::int64_t shown = 0;
    const instant now = system_clock()->now();
    std::int64_t after = 0;
    for (auto some = rows.alerts_after(after, !o.all, page_rows); !some.empty(); some = rows.alerts_after(after, !o.all, page_rows)) {
        after = some.back().id;
        for (const alert_row& a : some) {
            if ((!o.trial.empty() && a.trial != o.trial) || (!o.number.empty() && a.number != o.number) || (o.tier && a.tier != o.tier))
                continue;
            ++shown;
            if (o.json) {
                print_json(a);
                continue;
            }
            if (t.empty())
                t.row({"id", "tier", "trial", "participant", "kind", "raised", "state", "title"});
            t.row({std::to_string(a.id), "T" + std::to_string(a.tier), a.trial, a.number, a.kind, to_text(a.raised), standing(a, now),
                   a.title});
        }
    }
    t.print(0);
    if (!o.json)
        std::printf("%s\n", counted(shown, "alert").c_str());
    return exit_code::done;
}

/// Runs `change` on each; names those for which it says false. All of them in one transaction.
exit_code change_each(store& rows, const std::vector<std::int64_t>& ids, const char* done,
                      const std::function<bool(std::int64_t)>& change) {
    std::vector<std::int64_t> others;
    std::int64_t changed = 0;
    in_transaction(rows, [&] {
        for (const std::int64_t id : ids)
            change(id) ? static_cast<void>(++changed) : others.push_back(id);
    });
    for (const std::int64_t id : others)
        std::fprintf(stderr, "error: no open alert %lld that waits for somebody; it may be withdrawn or acknowledged\n",
                     static_cast<long long>(id));
    std::printf("%s %s\n", counted(changed, "alert").c_str(), done);
    return others.empty() ? exit_code::done : exit_code::failed;
}

exit_code ack(store& rows, const gateway_config& config, const alert_options& o) {
    const instant now = system_clock()->now();
    const std::string who = acting_user().substr(5);
    return change_each(rows, o.ids, "acknowledged",
                       [&](std::int64_t id) { return acknowledge(rows, id, who, now, config.sinks, config.sources); });
}

exit_code snooze(store& rows, const gateway_config&, const alert_options& o) {
    const auto length = parse_duration(o.length);
    if (!length || *length < minute_ms || *length > 90 * 24 * hour_ms) {
        std::fprintf(stderr, "error: --for is a duration from 1m to 90d, e.g. 8h\n");
        return exit_code::usage;
    }
    const instant until = system_clock()->now() + *length;
    return change_each(rows, o.ids, ("snoozed until " + to_text(until)).c_str(),
                       [&](std::int64_t id) { return rows.alert_snooze(id, until); });
}

exit_code undelivered(store& rows, const gateway_config&, const alert_options& o) {
    if (o.retry && o.drop) {
        std::fprintf(stderr, "error: either --retry or --drop\n");
        return exit_code::usage;
    }
    const auto dead = rows.mails(mail_state::dead, 10'000);
    text_table t;
    for (const mail_row& m : dead) {
        if (t.empty())
            t.row({"id", "person", "kind", "made", "attempts", "last error", "subject"});
        t.row({std::to_string(m.id), m.person, m.kind, to_text(m.created), std::to_string(m.attempts), m.error, m.subject});
    }
    t.print(0);
    if (o.retry || o.drop)
        in_transaction(rows, [&] {
            for (const mail_row& m : dead)
                o.drop ? rows.mail_remove(m.id) : rows.mail_set(m.id, mail_state::waiting, 0, 0, "");
        });
    std::printf("%s %s\n", counted(static_cast<std::int64_t>(dead.size()), "mail").c_str(),
                o.drop    ? "dropped"
                : o.retry ? "will be sent again"
                          : "given up");
    return exit_code::done;
}

} // namespace

void add_alerts(CLI::App& program, verb& run) {
    CLI::App* group =
        program.add_subcommand("alerts", "Alerts about participants: list, ack, snooze; mails that were given up: undelivered");
    group->require_subcommand(1);
    auto o = std::make_shared<alert_options>();
    const auto add = [&](const char* name, const char* what, access how,
                         exit_code (*action)(store&, const gateway_config&, const alert_options&)) {
        return add_store_verb(
            *group, name, what, o->config, how, [o, action](store& rows, const gateway_config& c) { return action(rows, c, *o); }, run);
    };
    CLI::App* listed = add("list", "Open alerts, oldest first", access::look, list);
    listed->add_option("--trial", o->trial, "Only of this trial")->type_name("ID");
    listed->add_option("--participant", o->number, "Only of this participant")->type_name("NUMBER");
    listed->add_option("--tier", o->tier, "Only of this tier")->check(CLI::Range(1, 3))->type_name("1|2|3");
    listed->add_flag("--all", o->all, "Also those that were withdrawn");
    listed->add_flag("--json", o->json, "One JSON object an alert");
    CLI::App* acked =
        add("ack", "You have seen them: kept with your name, told to the study system; nobody is told again", access::change, ack);
    acked->add_option("id", o->ids, "Alerts")->required()->type_name("ID");
    CLI::App* later = add("snooze", "Nobody is told of them for a while", access::change, snooze);
    later->add_option("id", o->ids, "Alerts")->required()->type_name("ID");
    later->add_option("--for", o->length, "How long (default: 24h)")->type_name("DURATION");
    CLI::App* dead = add("undelivered", "Mails that were refused or given up", access::change, undelivered);
    dead->add_flag("--retry", o->retry, "Send them again");
    dead->add_flag("--drop", o->drop, "Remove them");
}

} // namespace trialgate::gateway
