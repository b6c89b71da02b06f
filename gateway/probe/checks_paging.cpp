// One search with a small _count, its pages followed: each way to be wrong has its own check.
#include "gateway/core/async.hpp"
#include "gateway/probe/bench.hpp"

#include <algorithm>

namespace trialgate::gateway::probe {

namespace {

/// Nothing: there is a link to look at.
std::optional<outcome> no_links(const page_walk& w) {
    if (w.pages.empty())
        return untested(w.stopped, w.evidence);
    if (w.pages.front().link.empty())
        return untested("no type has more than one page of two", w.evidence);
    return std::nullopt;
}

asio::awaitable<outcome> origin(bench& b) {
    co_await b.walk_pages();
    const page_walk& w = *b.walk;
    if (auto none = no_links(w))
        co_return *none;
    if (w.foreign)
        co_return fails(
            "next links lead to another server than the one that was asked; trialgate does not follow them: set the server's own base URL "
            "(behind a proxy: X-Forwarded-Host)",
            w.evidence);
    co_return works("next links lead to the server that was asked", w.evidence);
}

asio::awaitable<outcome> scheme(bench& b) {
    co_await b.walk_pages();
    const page_walk& w = *b.walk;
    if (auto none = no_links(w))
        co_return *none;
    const bool secure = parse_url(b.client->base())->secure();
    if (w.other_scheme)
        co_return fails(
            secure
                ? "next links are http where the server is https; trialgate does not follow them: set the server's own base URL (behind a "
                  "proxy: X-Forwarded-Proto)"
                : "next links are https where the server is http; trialgate does not follow them: give the https URL",
            w.evidence);
    co_return works("next links have the server's scheme", w.evidence);
}

asio::awaitable<outcome> absolute(bench& b) {
    co_await b.walk_pages();
    const page_walk& w = *b.walk;
    if (auto none = no_links(w))
        co_return *none;
    if (w.relative)
        co_return limited("next links are relative; trialgate resolves them, other clients may not", w.evidence);
    co_return works("next links are absolute", w.evidence);
}

asio::awaitable<outcome> followed(bench& b) {
    co_await b.walk_pages();
    const page_walk& w = *b.walk;
    if (auto none = no_links(w))
        co_return *none;
    if (w.foreign || w.other_scheme || w.repeated)
        co_return untested(w.stopped, w.evidence);
    if (!w.stopped.empty())
        co_return fails("a next link is not answered: " + w.stopped, w.evidence);
    co_return works(std::to_string(w.pages.size()) + (w.ended ? " pages, to the end" : " pages were followed, more remain"), w.evidence);
}

asio::awaitable<outcome> duplicates(bench& b) {
    co_await b.walk_pages();
    const page_walk& w = *b.walk;
    if (auto none = no_links(w))
        co_return *none;
    std::set<std::string> seen;
    std::size_t all = 0;
    for (const auto& p : w.pages)
        for (const std::string& e : p.entries) {
            ++all;
            seen.insert(e);
        }
    if (w.pages.size() < 2)
        co_return untested(w.stopped, w.evidence);
    if (seen.size() < all)
        co_return fails(std::to_string(all - seen.size()) + " of " + std::to_string(all) +
                            " entries of following pages were on an earlier page; what is "
                            "repeated pushes out what is then missed",
                        w.evidence);
    co_return works("no resource is on two pages", w.evidence);
}

asio::awaitable<outcome> ends(bench& b) {
    co_await b.walk_pages();
    const page_walk& w = *b.walk;
    if (auto none = no_links(w))
        co_return *none;
    if (w.repeated)
        co_return fails("a next link leads back to a page that was read: paging never ends", w.evidence);
    std::set<std::string> seen;
    std::optional<std::int64_t> total;
    bool dry = false;
    for (const auto& p : w.pages) {
        const std::size_t before = seen.size();
        seen.insert(p.entries.begin(), p.entries.end());
        total = p.total ? p.total : total;
        dry = dry || (seen.size() == before && !p.link.empty());
    }
    std::size_t all = 0;
    for (const auto& p : w.pages)
        all += p.entries.size();
    if (!w.ended && w.stopped.empty() && dry)
        co_return fails("pages bring nothing new and still have a next link: paging never ends", w.evidence);
    if (!w.ended && total && static_cast<std::int64_t>(all) > *total + 2)
        co_return fails("more entries than the total of " + std::to_string(*total) + " and still a next link: paging never ends",
                        w.evidence);
    if (!w.stopped.empty())
        co_return untested(w.stopped, w.evidence);
    co_return works(w.ended ? "the last page has no next link" : "every page brings something new", w.evidence);
}

asio::awaitable<outcome> count(bench& b) {
    co_await b.walk_pages();
    const page_walk& w = *b.walk;
    if (w.pages.empty())
        co_return untested(w.stopped, w.evidence);
    std::size_t most = 0;
    for (const auto& p : w.pages)
        most = std::max(most, p.entries.size());
    // What the gateway asks for by default; how much of it comes tells how many requests a first load takes.
    const reply large = co_await b.get(b.walk_type + "?_count=200");
    const std::size_t got = entries_of(large.tree).size();
    bool more = false;
    for (const auto& l : large.tree["link"].elements())
        more = more || l["relation"].text() == "next";
    if (large.bundle() && more && got > 0 && got < 200)
        b.largest_page = static_cast<unsigned>(got);
    std::vector<std::string> evidence = w.evidence;
    evidence.resize(1);
    evidence.push_back(large.shown);
    if (most > 2) {
        outcome out =
            limited("_count=2 gives " + std::to_string(most) + " resources: the server decides how large pages are", std::move(evidence));
        out.finding = false;
        co_return out;
    }
    if (!large.bundle())
        co_return b.trouble(large, "_count=200");
    co_return works(b.largest_page ? "_count is honoured, up to " + std::to_string(got) : "_count is honoured", std::move(evidence));
}

} // namespace

std::vector<check> paging_checks() {
    const unsigned data = need::answer | need::access | need::samples;
    const char* section = "_lastUpdated and paging";
    return {
        {{"paging.count", section, "_count is honoured", "paging", data}, count},
        {{"paging.origin", section, "next links lead to the same server", "paging", data}, origin},
        {{"paging.scheme", section, "next links have the same scheme", "paging", data}, scheme},
        {{"paging.absolute", section, "next links are absolute", "paging", data}, absolute},
        {{"paging.follow", section, "next links can be followed", "paging", data}, followed},
        {{"paging.duplicates", section, "No resource is on two pages", "paging", data}, duplicates},
        {{"paging.ends", section, "Paging comes to an end", "paging", data}, ends},
    };
}

} // namespace trialgate::gateway::probe
