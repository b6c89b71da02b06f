#include "gateway/intake/page_walker.hpp"

#include "fhir/instant.hpp"
#include "gateway/core/async.hpp"

#include <algorithm>

namespace trialgate::gateway::pull {

page_walker::page_walker(intake_services& services, source_state& source, std::string_view kind, std::string first, see each)
    : services_(services), source_(source), kind_(kind), reads_(kind_ + ' ' + first.substr(0, first.find_first_of("/?"))), url_(std::move(first)),
      each_(std::move(each)) {}

asio::awaitable<step> page_walker::next() {
    if (url_.empty())
        co_return step::end;
    if (pages_ > 0) {
        if (!source_.client->same_origin(url_)) {
            foreign_link(true);
            co_return step::foreign;
        }
        if (asked_.contains(url_))
            co_return step::repeated;
    }
    asked got = co_await get(services_, source_, url_);
    retry_after_ = got.retry_after;
    switch (got.what) {
    case meaning::ok: co_return read(std::move(got.answer));
    case meaning::later: co_return step::later;
    case meaning::denied: co_return step::denied;
    case meaning::gone:
    case meaning::missing: co_return pages_ > 0 ? step::expired : step::missing;
    case meaning::rejected: break;
    }
    co_return pages_ > 0 ? step::expired : step::rejected;
}

step page_walker::read(fhir_answer answer) {
    const auto tree = parser_.parse_copy(answer.body);
    if (!tree)
        return step::unreadable;
    fhir::issue_list ignored; // the worker reads the same bytes and reports
    const auto page = fhir::read_page(*tree, ignored);
    if (!page)
        return fhir::outcome_transient(*tree) ? step::later : step::unreadable;

    page_ = {};
    page_.self = page->self;
    page_.incomplete = page->incomplete;
    page_.last = page->next.empty();
    page_.server_time = answer.date ? answer.date : fhir::parse_instant(page->last_updated);
    look_at(*page);
    asked_.insert(url_);
    asked_.insert(answer.url);
    ++pages_;
    url_ = page_.last ? std::string() : fhir::resolve_url(page->next, answer.url);
    // That one page was all of one person proves nothing: another person may have more.
    if (page_.last && (pages_ > 1 || kind_ != "hydrate"))
        foreign_link(false);
    page_.body = std::move(answer.body);
    services_.figures.count("trialgate_pull_pages_total", {{"source", source_.config.name}, {"kind", kind_}});
    return step::page;
}

/// One cause, one fault; and it stands until the last of what it stopped has been read to its end.
void page_walker::foreign_link(bool is) {
    const std::string fault = fault_key(source_, "", "foreign-link");
    if (is) {
        source_.foreign_links.insert(reads_);
        services_.faults.raise(fault, "source " + source_.config.name + ": a next link leads to another origin and was not followed; "
                                      "the server's own base URL is probably configured wrongly");
        return;
    }
    source_.foreign_links.erase(reads_);
    // The fault may be older than this source_state: it outlives a restart and a reload.
    if (source_.foreign_links.empty())
        services_.faults.clear(fault);
}

void page_walker::look_at(const fhir::page& page) {
    for (const fhir::bundle_entry& e : page.content.entries) {
        if (e.search_mode == "outcome" || e.resource["resourceType"].text() == "OperationOutcome")
            continue;
        ++page_.entries;
        page_.deletions |= e.deleted;
        if (each_ && e.resource)
            each_(e.resource);
        if (e.search_mode == "include")
            continue;
        auto at = fhir::parse_instant(e.resource["meta"]["lastUpdated"].text());
        if (!at)
            at = fhir::parse_instant(e.last_modified);
        if (!at) {
            page_.timed = ascending_ = false;
            continue;
        }
        ascending_ = ascending_ && (!before_ || *before_ <= *at);
        before_ = at;
        page_.newest = std::max(page_.newest.value_or(*at), *at);
        page_.oldest = std::min(page_.oldest.value_or(*at), *at);
    }
}

} // namespace trialgate::gateway::pull
