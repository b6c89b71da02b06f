// quarantine list | show | replay | drop: what could not be read. `show` is the one place where an operator sees a message's content.
#include "gateway/cli/live.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/core/terminal.hpp"
#include "gateway/store/upkeep.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <unistd.h>

namespace trialgate::gateway {

namespace {

constexpr std::size_t rows_a_commit = 100;

struct quarantine_options {
    std::string config;
    std::vector<std::int64_t> ids;
    std::int64_t id = 0;
    bool json = false, all = false, yes = false;
};

void print_json(const quarantine_item& q) {
    json_text out;
    out.begin_object().key("id").number(q.id).key("source").string(q.original.source).key("kind").string(to_code(q.original.kind));
    out.key("channel").string(q.original.channel).key("received").string(to_text(q.original.received)).key("at").string(to_text(q.at));
    out.key("reason").string(q.reason).key("path").string(q.path).key("bytes").number(static_cast<std::int64_t>(q.original.body.size())).end_object();
    std::printf("%.*s\n", static_cast<int>(out.text().size()), out.text().data());
}

exit_code list(store& rows, const quarantine_options& o) {
    text_table t;
    std::int64_t shown = 0;
    each_quarantined(rows, [&](const quarantine_item& q) {
        ++shown;
        if (o.json)
            return print_json(q);
        if (t.empty())
            t.row({"id", "source", "kind", "since", "size", "reason"});
        t.row({std::to_string(q.id), q.original.source, std::string(to_code(q.original.kind)), to_text(q.at),
               size_text(static_cast<std::int64_t>(q.original.body.size())), q.path.empty() ? q.reason : q.path + ": " + q.reason});
    });
    t.print(0);
    if (!o.json)
        std::printf("%s\n", counted(shown, "message").c_str());
    return exit_code::done;
}

int no_such(std::int64_t id) { return std::fprintf(stderr, "error: no message %lld in quarantine\n", static_cast<long long>(id)); }

/// The facts go to standard error, the body as it came to standard output, so that it can be piped.
exit_code show(store& rows, const quarantine_options& o) {
    const auto q = rows.quarantine_get(o.id);
    if (!q)
        return no_such(o.id), exit_code::failed;
    std::fprintf(stderr, "source    %s\nreceived  %s\nreason    %s\n", q->original.source.c_str(), to_text(q->original.received).c_str(),
                 printable(q->reason).c_str());
    if (!q->path.empty())
        std::fprintf(stderr, "at        %s\n", printable(q->path).c_str());
    std::fprintf(stderr, "content   %s; it may be about a patient\n\n", size_text(static_cast<std::int64_t>(q->original.body.size())).c_str());
    std::string body = q->original.body;
    if (is_terminal(STDOUT_FILENO))
        for (char& c : body) // a message must not steer the terminal
            if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
                c = ' ';
    std::fwrite(body.data(), 1, body.size(), stdout);
    if (!body.ends_with('\n'))
        std::fputc('\n', stdout);
    return exit_code::done;
}

/// In several commits when there are many: a running gateway writes in between.
exit_code change_each(store& rows, const std::vector<std::int64_t>& ids, const char* done, bool (*change)(store&, std::int64_t)) {
    std::vector<std::int64_t> missing;
    std::int64_t changed = 0;
    for (std::size_t first = 0; first < ids.size(); first += rows_a_commit)
        in_transaction(rows, [&] {
            for (std::size_t n = first; n < ids.size() && n < first + rows_a_commit; ++n)
                change(rows, ids[n]) ? static_cast<void>(++changed) : missing.push_back(ids[n]);
        });
    for (const std::int64_t id : missing)
        no_such(id);
    std::printf("%s %s\n", counted(changed, "message").c_str(), done);
    return missing.empty() ? exit_code::done : exit_code::failed;
}

exit_code replay(store& rows, const quarantine_options& o) {
    if (o.ids.empty() != o.all) {
        std::fprintf(stderr, "error: name messages by their id, or all of them by --all\n");
        return exit_code::usage;
    }
    std::vector<std::int64_t> ids = o.ids;
    if (o.all)
        each_quarantined(rows, [&](const quarantine_item& q) { ids.push_back(q.id); });
    return change_each(rows, ids, "put back into the journal", quarantine_replay);
}

exit_code drop(store& rows, const quarantine_options& o) {
    if (!o.yes) {
        std::fprintf(stderr, "error: a dropped message is lost; add --yes to drop %s\n",
                     counted(static_cast<std::int64_t>(o.ids.size()), "message").c_str());
        return exit_code::usage;
    }
    return change_each(rows, o.ids, "dropped", quarantine_drop);
}

} // namespace

void add_quarantine(CLI::App& program, verb& run) {
    CLI::App* group = program.add_subcommand("quarantine", "Messages that could not be read: list, show, replay, drop");
    group->require_subcommand(1);
    auto chosen = std::make_shared<quarantine_options>();
    const auto add = [&](const char* name, const char* what, access how, exit_code (*action)(store&, const quarantine_options&)) {
        return add_store_verb(*group, name, what, chosen->config, how, [chosen, action](store& rows, const gateway_config&) { return action(rows, *chosen); },
                              run);
    };
    add("list", "Lists them with the reason; without their content", access::look, list)
        ->add_flag("--json", chosen->json, "One JSON object a message");
    add("show", "Prints the content of one, which may be about a patient", access::look, show)
        ->add_option("id", chosen->id, "Message")
        ->required()
        ->type_name("ID");
    CLI::App* again = add("replay", "Reads messages again, e.g. after an update or a new map", access::change, replay);
    again->add_option("id", chosen->ids, "Messages")->type_name("ID");
    again->add_flag("--all", chosen->all, "All of them");
    CLI::App* dropped = add("drop", "Removes messages for good", access::change, drop);
    dropped->add_option("id", chosen->ids, "Messages")->required()->type_name("ID");
    dropped->add_flag("--yes", chosen->yes, "Do it");
}

} // namespace trialgate::gateway
