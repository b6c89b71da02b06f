// Versions and deletions as far as they can be seen without writing; and bulk export.
#include "fhir/instant.hpp"
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/intake/bulk.hpp"
#include "gateway/probe/bench.hpp"

namespace trialgate::gateway::probe {

namespace {

using std::chrono::milliseconds;

bool is_history(const reply& r) { return r.bundle() && (r.tree["type"].text() == "history" || r.tree["type"].text() == "collection"); }

asio::awaitable<outcome> of_type(bench& b) {
    const std::string type = b.walk_type;
    const reply r = co_await b.get(type + "/_history?_count=2");
    const auto* can = b.can ? b.can->of(type) : nullptr;
    b.claim(type + " history-type", can && can->history_type, is_history(r) || r.undecided(), r.shown);
    if (r.error)
        co_return b.trouble(r, "history");
    if (!is_history(r))
        co_return fails("no history of a type: deletions are found by reading every considered patient again (sweepEvery)", {r.shown});
    fhir::issue_list ignored;
    const auto page = fhir::read_page(r.tree, ignored);
    if (!page)
        co_return fails("the history is a Bundle that cannot be read", {r.shown});
    co_return works("the history of a type can be read", {r.shown});
}

asio::awaitable<outcome> since(bench& b) {
    const std::string type = b.walk_type;
    if (b.seen["history.type"] != verdict::works)
        co_return untested("there is no history of a type");
    const reply r = co_await b.get(
        fhir::query(type + "/_history").add("_since", fhir::instant_text(b.started + 24 * hour_ms)).add("_count", "2").text());
    if (!r.bundle())
        co_return b.trouble(r, "_since");
    if (r.tree["entry"].size() > 0)
        co_return limited("_since is ignored: each look for deletions reads until what is known comes back", {r.shown});
    co_return works("_since is honoured", {r.shown});
}

asio::awaitable<outcome> of_instance(bench& b) {
    const std::string type = b.walk_type;
    const sample s = b.samples[type];
    const reply r = co_await b.get(type + '/' + s.first_id + "/_history");
    const auto* can = b.can ? b.can->of(type) : nullptr;
    b.claim(type + " history-instance", can && can->history_instance, is_history(r) || r.undecided(), r.shown);
    if (r.error)
        co_return b.trouble(r, "history of a resource");
    if (!is_history(r))
        co_return fails("no history of a resource", {r.shown});
    co_return works("the history of a resource can be read", {r.shown});
}

/// Begins an export of what changed since now (next to nothing), looks at its status, and takes it off again.
asio::awaitable<outcome> bulk(bench& b) {
    fhir_request kick;
    kick.path = fhir::query(b.source.bulk_path).add("_type", "Patient").add("_since", fhir::instant_text(b.started)).text();
    kick.headers.add("Prefer", "respond-async");
    const reply begun = co_await b.ask(std::move(kick));
    std::vector<std::string> evidence{begun.shown};
    b.claim("$export", b.can && b.can->export_operation, begun.status() == 202 || begun.undecided(), begun.shown);
    if (begun.error)
        co_return b.trouble(begun, "$export");
    const std::string status_url(begun.answer->headers["Content-Location"]);
    if (begun.status() != 202)
        co_return fails("no bulk export", std::move(evidence));
    if (status_url.empty())
        co_return fails("an export is begun, and Content-Location does not tell where", std::move(evidence));
    outcome out = limited("an export is begun; it was not finished within " + std::to_string(b.options.patience.count() / 1000) + " s");
    const auto polls = std::max<std::int64_t>(2, b.options.patience.count() / 2000);
    for (std::int64_t i = 0; i < polls; ++i) {
        const reply r = co_await b.get(status_url);
        evidence.push_back(r.shown);
        if (r.status() == 202) {
            co_await b.pause(milliseconds(std::min<duration_ms>(r.answer->retry_after.value_or(2 * second_ms), 5 * second_ms)));
            continue;
        }
        pull::bulk_state found;
        std::string next;
        if (r.ok() && pull::read_manifest(r.answer->body, r.answer->url, found, next))
            out = works("an export is begun and finished; its manifest can be read");
        else
            out = b.trouble(r, "the export's status");
        break;
    }
    fhir_request off;
    off.method = "DELETE";
    off.path = status_url;
    const reply gone = co_await b.ask(std::move(off));
    evidence.push_back(gone.shown);
    if (!gone.ok() && gone.status() != 404 && gone.status() != 410 && out.result == verdict::works)
        out.reason += "; it cannot be taken off again";
    out.evidence = std::move(evidence);
    co_return out;
}

} // namespace

std::vector<check> history_checks() {
    const unsigned data = need::answer | need::access | need::samples;
    const char* section = "history and deletes";
    return {
        {{"history.type", section, "The history of a type can be read", "history", data, false}, of_type},
        {{"history.since", section, "_since is honoured", "history", data, false}, since},
        {{"history.instance", section, "The history of a resource can be read", "", data, false}, of_instance},
    };
}

std::vector<check> bulk_checks() {
    return {{{"bulk.export", "bulk export", "An export can be begun, followed and taken off", "bulk", need::answer | need::access, false},
             bulk}};
}

} // namespace trialgate::gateway::probe
