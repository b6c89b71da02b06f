// With --write only: synthetic Observations in status entered-in-error, without subject, tagged; all removed at the end.
// What a study system must do (conditional writes), and what a hospital's server does when something is written or deleted.
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/probe/bench.hpp"

#include <algorithm>

namespace trialgate::gateway::probe {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t at_once = 10;

/// Sends all at the same time.
asio::awaitable<std::vector<reply>> together(bench& b, std::vector<fhir_request> all) {
    co_await b.book->rest();
    const auto executor = co_await asio::this_coro::executor;
    task_group group(executor);
    std::vector<reply> out(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto one = [](bench& by, fhir_request r, reply& into) -> asio::awaitable<void> { into = co_await by.ask(std::move(r)); };
        group.spawn(one(b, std::move(all[i]), out[i]));
    }
    asio::steady_timer tick(executor);
    while (group.running() > 0) {
        tick.expires_after(milliseconds(5));
        co_await tick.async_wait(asio::use_awaitable);
    }
    co_return out;
}

std::string id_of(const reply& r) {
    if (const std::string_view id = r.tree["id"].text(); r.type() == "Observation" && !id.empty())
        return std::string(id);
    std::string_view location = r.answer ? r.answer->headers["Location"] : std::string_view();
    location = location.substr(0, location.find("/_history"));
    return std::string(location.substr(location.rfind('/') + 1));
}

std::string version_of(const reply& r) {
    if (const std::string_view v = r.tree["meta"]["versionId"].text(); !v.empty())
        return std::string(v);
    std::string_view tag = r.answer ? r.answer->headers["ETag"] : std::string_view();
    if (tag.starts_with("W/"))
        tag.remove_prefix(2);
    return std::string(tag.size() > 1 && tag.front() == '"' ? tag.substr(1, tag.size() - 2) : tag);
}

asio::awaitable<outcome> create(bench& b) {
    const reply r = co_await b.write("POST", "Observation", b.synthetic("create"));
    const auto* can = b.can ? b.can->of("Observation") : nullptr;
    b.claim("Observation create", can && can->create, r.ok() || r.undecided(), r.shown);
    if (!r.ok())
        co_return b.trouble(r, "create");
    b.created = true;
    b.made_id = id_of(r);
    b.made_version = version_of(r);
    if (b.made_id.empty())
        co_return fails("created, and neither Location nor the answer tells the id", {r.shown});
    if (r.status() != 201)
        co_return limited("created, but answered with " + std::to_string(r.status()) + " instead of 201", {r.shown});
    co_return works("a resource can be created", {r.shown});
}

asio::awaitable<outcome> visible(bench& b) {
    std::vector<std::string> evidence;
    for (int i = 0; i < 4; ++i) {
        const reply r = co_await b.get(fhir::query("Observation").add("_tag", b.tag_query()).add("_count", "20").text());
        evidence.push_back(r.shown);
        if (!r.bundle())
            co_return b.trouble(r, "search by _tag");
        const auto all = entries_of(r.tree);
        if (std::find(all.begin(), all.end(), "Observation/" + b.made_id) != all.end()) {
            if (i == 0)
                co_return works("what was created is found at once", std::move(evidence));
            co_return limited("what was created is found only after some seconds: overlap must be longer than that", std::move(evidence));
        }
        co_await b.pause(milliseconds(2'000));
    }
    co_return fails(
        "what was created is not found within 6 s: searches come from a cache or an index that lags; overlap must be longer than the lag",
        std::move(evidence));
}

asio::awaitable<outcome> update(bench& b) {
    const reply r = co_await b.write("PUT", "Observation/" + b.made_id, b.synthetic("create update", b.made_id));
    const auto* can = b.can ? b.can->of("Observation") : nullptr;
    b.claim("Observation update", can && can->update, r.ok() || r.undecided(), r.shown);
    if (!r.ok())
        co_return b.trouble(r, "update");
    const reply now = co_await b.get("Observation/" + b.made_id);
    const std::string version = version_of(now);
    if (!now.ok() || version == b.made_version)
        co_return limited("updated, but the version is the same as before", {r.shown, now.shown});
    b.made_version = version;
    co_return works("an update gives a new version", {r.shown, now.shown});
}

asio::awaitable<outcome> client_ids(bench& b) {
    const std::string id = "trialgate-probe-" + b.run;
    const reply r = co_await b.write("PUT", "Observation/" + id, b.synthetic("client-id", id));
    const auto* can = b.can ? b.can->of("Observation") : nullptr;
    b.claim("Observation updateCreate", can && can->update_create, r.ok() || r.undecided(), r.shown);
    if (r.error)
        co_return b.trouble(r, "PUT of an unknown id");
    if (!r.ok())
        co_return fails("a PUT cannot create: a study system needs clientIds false", {r.shown});
    co_return works("a PUT of an unknown id creates", {r.shown});
}

asio::awaitable<outcome> if_none_exist(bench& b) {
    http_headers condition{{"If-None-Exist", fhir::query("x").add("identifier", b.identifier("twice")).text().substr(2)}};
    const reply first = co_await b.write("POST", "Observation", b.synthetic("twice"), condition);
    const reply second = co_await b.write("POST", "Observation", b.synthetic("twice"), condition);
    const bool good = first.ok() && second.ok() && second.status() != 201 && (id_of(second).empty() || id_of(second) == id_of(first));
    const auto* can = b.can ? b.can->of("Observation") : nullptr;
    b.claim("Observation conditionalCreate", can && can->conditional_create, good || first.undecided(), second.shown);
    if (!first.ok())
        co_return b.trouble(first, "create with If-None-Exist");
    if (!good)
        co_return fails("If-None-Exist is ignored: the same is created twice", {first.shown, second.shown});
    co_return works("If-None-Exist creates once", {first.shown, second.shown});
}

asio::awaitable<outcome> many_create(bench& b) {
    if (b.seen["write.if-none-exist"] != verdict::works)
        co_return untested("If-None-Exist does not work one at a time");
    std::vector<fhir_request> all;
    for (std::size_t i = 0; i < at_once; ++i) {
        fhir_request r;
        r.method = "POST";
        r.path = "Observation";
        r.body = b.synthetic("race");
        r.headers.add("If-None-Exist", fhir::query("x").add("identifier", b.identifier("race")).text().substr(2));
        all.push_back(std::move(r));
    }
    const std::vector<reply> got = co_await together(b, std::move(all));
    std::set<std::string> made;
    std::size_t refused = 0;
    std::vector<std::string> evidence;
    for (const reply& r : got) {
        evidence.push_back(r.shown);
        if (!r.ok()) {
            ++refused;
        } else if (const std::string id = id_of(r); !id.empty() && made.insert(id).second) {
            b.written.push_back("Observation/" + id);
        }
    }
    if (made.empty())
        co_return b.trouble(got.front(), "ten creates at once");
    if (made.size() > 1)
        co_return fails("ten creates at once with the same If-None-Exist made " + std::to_string(made.size()) +
                            " resources: use clientIds true",
                        std::move(evidence));
    co_return works("ten creates at once with the same If-None-Exist made one resource" +
                        (refused ? ", " + std::to_string(refused) + " were refused" : std::string()),
                    std::move(evidence));
}

asio::awaitable<outcome> if_match(bench& b) {
    if (b.seen["write.update"] != verdict::works)
        co_return untested("an update does not work");
    http_headers stale{{"If-Match", "W/\"0\""}}, current{{"If-Match", "W/\"" + b.made_version + '"'}};
    const reply old = co_await b.write("PUT", "Observation/" + b.made_id, b.synthetic("create stale", b.made_id), stale);
    if (old.error)
        co_return b.trouble(old, "a stale If-Match");
    if (old.ok())
        co_return fails("a stale If-Match is ignored: of two writers one loses its change unnoticed", {old.shown});
    const reply good = co_await b.write("PUT", "Observation/" + b.made_id, b.synthetic("create matched", b.made_id), current);
    if (!good.ok())
        co_return fails("the current version in If-Match is refused", {old.shown, good.shown});
    b.made_version = version_of(good).empty() ? b.made_version : version_of(good);
    if (old.status() != 412 && old.status() != 409)
        co_return limited("a stale If-Match is refused with " + std::to_string(old.status()) + " instead of 412", {old.shown, good.shown});
    co_return works("a stale If-Match is refused, a current one accepted", {old.shown, good.shown});
}

asio::awaitable<outcome> many_update(bench& b) {
    if (b.seen["write.if-match"] != verdict::works && b.seen["write.if-match"] != verdict::limited)
        co_return untested("If-Match does not work one at a time");
    const reply now = co_await b.get("Observation/" + b.made_id);
    if (!now.ok())
        co_return b.trouble(now, "read");
    std::vector<fhir_request> all;
    for (std::size_t i = 0; i < at_once; ++i) {
        fhir_request r;
        r.method = "PUT";
        r.path = "Observation/" + b.made_id;
        r.body = b.synthetic("create race " + std::to_string(i), b.made_id);
        r.headers.add("If-Match", "W/\"" + version_of(now) + '"');
        all.push_back(std::move(r));
    }
    const std::vector<reply> got = co_await together(b, std::move(all));
    const auto accepted = std::count_if(got.begin(), got.end(), [](const reply& r) { return r.ok(); });
    std::vector<std::string> evidence;
    for (const reply& r : got)
        evidence.push_back(r.shown);
    if (accepted == 0)
        co_return b.trouble(got.front(), "ten updates at once");
    if (accepted > 1)
        co_return fails(std::to_string(accepted) + " of ten updates of the same version were accepted at once: changes are lost",
                        std::move(evidence));
    co_return works("of ten updates of the same version at once one was accepted", std::move(evidence));
}

asio::awaitable<outcome> remove(bench& b) {
    const reply made = co_await b.write("POST", "Observation", b.synthetic("gone"));
    const std::string id = made.ok() ? id_of(made) : std::string();
    if (id.empty())
        co_return b.trouble(made, "create");
    fhir_request off;
    off.method = "DELETE";
    off.path = "Observation/" + id;
    const reply gone = co_await b.ask(std::move(off));
    const auto* can = b.can ? b.can->of("Observation") : nullptr;
    b.claim("Observation delete", can && can->remove, gone.ok() || gone.undecided(), gone.shown);
    if (!gone.ok())
        co_return b.trouble(gone, "delete");
    const reply read = co_await b.get("Observation/" + id);
    std::vector<std::string> evidence{gone.shown, read.shown};
    if (read.ok())
        co_return fails("a deleted resource can still be read", std::move(evidence));
    const reply history = co_await b.get("Observation/_history?_count=20");
    evidence.push_back(history.shown);
    bool shown_gone = false;
    if (history.bundle()) {
        fhir::issue_list ignored;
        const auto page = fhir::read_page(history.tree, ignored);
        if (page)
            for (const auto& e : page->content.entries)
                shown_gone = shown_gone || (e.deleted && e.target.id == id);
    }
    b.seen["history.deletes"] = shown_gone ? verdict::works : verdict::fails;
    if (read.status() == 410)
        co_return works("a deleted resource is answered with 410", std::move(evidence));
    co_return limited("a deleted resource is answered with " + std::to_string(read.status()) +
                          ", which may also mean a lack of rights: trialgate looks twice",
                      std::move(evidence));
}

asio::awaitable<outcome> history_deletes(bench& b) {
    const auto found = b.seen.find("history.deletes");
    if (found == b.seen.end())
        co_return untested("nothing could be deleted");
    if (found->second == verdict::works)
        co_return works("a deletion is in the history of its type");
    co_return fails(
        "a deletion is not in the history of its type: deletions are found by reading every considered patient again (sweepEvery)");
}

} // namespace

std::vector<check> write_checks() {
    const unsigned first = need::answer | need::access | need::write, next = first | need::created;
    const char* section = "writes under concurrency";
    return {
        {{"write.create", section, "A resource can be created", "write", first, false}, create},
        {{"write.visible", section, "What was created is found at once", "read-your-writes", next}, visible},
        {{"write.update", section, "An update gives a new version", "write", next, false}, update},
        {{"write.client-ids", section, "A PUT creates under an id of ours", "client-ids", next, false}, client_ids},
        {{"write.if-none-exist", section, "If-None-Exist creates once", "conditional-create", next, false}, if_none_exist},
        {{"write.if-none-exist-race", section, "If-None-Exist creates once, ten at a time", "conditional-create", next, false},
         many_create},
        {{"write.if-match", section, "A stale If-Match is refused", "conditional-update", next, false}, if_match},
        {{"write.if-match-race", section, "If-Match lets one of ten through", "conditional-update", next, false}, many_update},
        {{"write.delete", section, "A deleted resource is gone", "delete", next, false}, remove},
        {{"history.deletes", "history and deletes", "A deletion is in the history", "history-of-deletions", next, false},
         history_deletes,
         check::turn::after_writes},
    };
}

} // namespace trialgate::gateway::probe
