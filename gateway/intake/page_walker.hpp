// Follows one chain of search or history pages, whatever the server's habits (fhir-protocol.md 3.2):
//  - `next` is opaque: resolved against the URL that was asked, never built here;
//  - a link to another origin is not followed: not with the token, not without it;
//  - a URL that comes twice ends the chain;
//  - 410, 404 or 400 on a link means that the server has forgotten the search: the caller asks anew.
// Of a page only links, times and identity are looked at; what it says goes to the journal as received.
#pragma once

#include "fhir/search.hpp"
#include "gateway/intake/pull_tools.hpp"

#include <set>

namespace trialgate::gateway::pull {

struct page_facts {
    std::string body;               ///< as received
    std::string self;               ///< self link, as sent
    std::size_t entries = 0;        ///< resources and deletions; no OperationOutcome
    bool deletions = false;
    bool incomplete = false;        ///< the server says that something is left out
    bool last = false;              ///< no next link
    bool timed = true;              ///< every match tells when it was last updated
    std::optional<instant> oldest, newest; ///< lastUpdated of matches, lastModified of deletions
    std::optional<instant> server_time;    ///< Date, else Bundle.meta.lastUpdated
};

enum class step : std::uint8_t {
    page,       ///< page() is the next one
    end,        ///< there are no more
    expired,    ///< the link is no longer good
    foreign,    ///< the link leads to another origin
    repeated,   ///< the link leads back
    missing,    ///< 404 or 410 on the first request
    denied,
    rejected,   ///< 400 and the like on the first request
    unreadable, ///< 200 with something that is no Bundle
    later,      ///< call again after retry_after() or more; the same page is asked for
};

class page_walker {
public:
    using see = std::function<void(fhir::json::value resource)>;
    /// `kind` is the label of the metric: "search", "history", "hydrate". `each` sees every resource of every page.
    page_walker(intake_services& services, source_state& source, std::string_view kind, std::string first, see each = {});

    boost::asio::awaitable<step> next();
    page_facts& page() noexcept { return page_; }
    duration_ms retry_after() const noexcept { return retry_after_; }
    unsigned pages() const noexcept { return pages_; }
    /// True while every match of every page was no older than the match before it.
    bool ascending() const noexcept { return ascending_; }

private:
    step read(fhir_answer answer);
    void foreign_link(bool is);
    void look_at(const fhir::page& page);

    intake_services& services_;
    source_state& source_;
    std::string kind_, reads_, url_; ///< reads_: kind and type, "search Observation"
    see each_;
    fhir::json::parser parser_;
    page_facts page_;
    std::set<std::string, std::less<>> asked_;
    std::optional<instant> before_; ///< lastUpdated of the match before
    duration_ms retry_after_ = 0;
    unsigned pages_ = 0;
    bool ascending_ = true;
};

} // namespace trialgate::gateway::pull
