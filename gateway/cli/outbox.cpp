// outbox list | retry | drop: what study systems have not been told yet. Bodies are not shown: they may name people.
#include "gateway/cli/live.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/store/upkeep.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace trialgate::gateway {

namespace {

struct outbox_options {
    std::string config, sink;
    std::vector<std::int64_t> ids;
    bool dead = false, json = false, all_dead = false, yes = false;
};

void print_json(const outbox_row& r) {
    json_text out;
    out.begin_object().key("id").number(r.id).key("sink").string(r.sink).key("state").string(to_code(r.state));
    out.key("kind").string(r.kind).key("trial").string(r.trial).key("subject").string(r.subject).key("key").string(r.key);
    out.key("created").string(to_text(r.created)).key("attempts").number(r.attempts).key("notBefore");
    r.state == outbox_state::waiting && r.not_before ? out.string(to_text(r.not_before)) : out.null();
    out.key("error").string(r.error).end_object();
    std::printf("%.*s\n", static_cast<int>(out.text().size()), out.text().data());
}

exit_code list(store& rows, const outbox_options& o) {
    text_table t;
    std::int64_t shown = 0;
    each_outgoing(rows, o.sink, [&](const outbox_row& r) {
        if (o.dead && r.state != outbox_state::dead)
            return;
        ++shown;
        if (o.json)
            return print_json(r);
        if (t.empty())
            t.row({"id", "sink", "state", "kind", "trial", "created", "attempts", "last error"});
        t.row({std::to_string(r.id), r.sink, std::string(to_code(r.state)), r.kind, r.trial, to_text(r.created),
               std::to_string(r.attempts), r.error});
    });
    t.print(0);
    if (!o.json)
        std::printf("%s\n", counted(shown, "message").c_str());
    return exit_code::done;
}

/// Runs `change` on each row that is there; all of them in one transaction. Names the ids that are not.
exit_code change_each(store& rows, const std::vector<std::int64_t>& ids, const char* done, bool (*change)(store&, std::int64_t)) {
    std::vector<std::int64_t> missing;
    std::int64_t changed = 0;
    in_transaction(rows, [&] {
        for (const std::int64_t id : ids)
            change(rows, id) ? static_cast<void>(++changed) : missing.push_back(id);
    });
    for (const std::int64_t id : missing)
        std::fprintf(stderr, "error: no message %lld in the outbox; it may have been delivered meanwhile\n", static_cast<long long>(id));
    std::printf("%s %s\n", counted(changed, "message").c_str(), done);
    return missing.empty() ? exit_code::done : exit_code::failed;
}

exit_code retry(store& rows, const outbox_options& o) {
    if (o.ids.empty() != o.all_dead) {
        std::fprintf(stderr, "error: name messages by their id, or all that were given up by --all-dead\n");
        return exit_code::usage;
    }
    std::vector<std::int64_t> ids = o.ids;
    if (o.all_dead)
        each_outgoing(rows, o.sink, [&](const outbox_row& r) {
            if (r.state == outbox_state::dead)
                ids.push_back(r.id);
        });
    return change_each(rows, ids, "will be delivered again", outbox_retry);
}

exit_code drop(store& rows, const outbox_options& o) {
    if (!o.yes) {
        std::fprintf(stderr, "error: a dropped message is never delivered; add --yes to drop %s\n",
                     counted(static_cast<std::int64_t>(o.ids.size()), "message").c_str());
        return exit_code::usage;
    }
    return change_each(rows, o.ids, "dropped", outbox_drop);
}

} // namespace

void add_outbox(CLI::App& program, verb& run) {
    CLI::App* group = program.add_subcommand("outbox", "Messages to study systems that are not delivered yet: list, retry, drop");
    group->require_subcommand(1);
    auto chosen = std::make_shared<outbox_options>();
    const auto add = [&](const char* name, const char* what, access how, exit_code (*action)(store&, const outbox_options&)) {
        return add_store_verb(*group, name, what, chosen->config, how, [chosen, action](store& rows, const gateway_config&) { return action(rows, *chosen); },
                              run);
    };
    CLI::App* listed = add("list", "Lists them, oldest first; without their content", access::look, list);
    listed->add_option("--sink", chosen->sink, "Only of this sink")->type_name("NAME");
    listed->add_flag("--dead", chosen->dead, "Only those that were given up");
    listed->add_flag("--json", chosen->json, "One JSON object a message");
    CLI::App* again = add("retry", "Delivers again what was given up, or waits for its next attempt", access::change, retry);
    again->add_option("id", chosen->ids, "Messages")->type_name("ID");
    again->add_flag("--all-dead", chosen->all_dead, "Everything that was given up");
    again->add_option("--sink", chosen->sink, "With --all-dead: only of this sink")->type_name("NAME");
    CLI::App* dropped = add("drop", "Removes messages: the study system will never get them", access::change, drop);
    dropped->add_option("id", chosen->ids, "Messages")->required()->type_name("ID");
    dropped->add_flag("--yes", chosen->yes, "Do it");
}

} // namespace trialgate::gateway
