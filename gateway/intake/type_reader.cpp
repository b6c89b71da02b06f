#include "gateway/intake/type_reader.hpp"

#include "fhir/instant.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"

#include <algorithm>
#include <limits>

namespace trialgate::gateway::pull {

namespace {

constexpr unsigned most_attempts = 3, most_restarts = 3, most_plainness = 2;
constexpr int slow_factor = 12; ///< polls per full read of a type whose server ignores _lastUpdated
constexpr duration_ms slowest = hour_ms;

/// "&category=laboratory" of "Observation?category=laboratory".
std::string own_criteria(const source_config& config, const std::string& type) {
    const auto found = config.criteria.find(type);
    if (found == config.criteria.end())
        return {};
    const auto mark = found->second.find('?');
    return mark == std::string::npos || mark + 1 == found->second.size() ? std::string() : '&' + found->second.substr(mark + 1);
}

/// For one search of a first load; empty when the server cannot search by code, or the list is too long for a URL: then all is read.
std::string code_list(const source_state& source, const std::string& type) {
    constexpr std::size_t most_bytes = 4000;
    const auto* const can = source.can ? source.can->of(type) : nullptr;
    if (!can || !can->has_parameter("code"))
        return {};
    std::string out;
    for (const std::string& code : source.consider_codes)
        out += (out.empty() ? "" : ",") + fhir::search_escape(code);
    return out.size() <= most_bytes ? out : std::string();
}

} // namespace

std::string type_reader::first_query(chain& c) {
    const unsigned plainness = habits_[c.type].plainness;
    fhir::query q(c.type);
    if (c.from && plainness < 2)
        q.add("_lastUpdated", "ge" + fhir::instant_text(*c.from));
    if (plainness < 1)
        q.add("_sort", "_lastUpdated");
    q.add("_count", std::to_string(source_.config.page_size));
    const std::string own = own_criteria(source_.config, c.type);
    const std::string codes = c.cursor || c.type == "Condition" ? std::string() : code_list(source_, c.type);
    c.filtered = own.empty() && !codes.empty();
    if (c.filtered)
        q.add("code", codes);
    return q.text() + own;
}

std::optional<instant> type_reader::new_cursor(const chain& c) {
    // What was filtered says nothing about the others: they count from when the search began.
    std::optional<instant> out = c.filtered ? c.server_time : c.newest;
    // Nothing but what the overlap shows again: as good as nothing.
    if (!out || (c.cursor && *out <= *c.cursor))
        out = c.server_time ? c.server_time : out;
    // What was changed while we paged is read again, and a resource stamped in the far future does not take the cursor with it.
    if (out && c.server_time)
        out = std::min(*out, *c.server_time);
    if (out && c.cursor)
        out = std::max(*out, *c.cursor);
    return out ? out : c.cursor;
}

void type_reader::complain(const std::string& type, std::string_view what, std::string_view text) {
    services_.faults.raise(fault_key(source_, type, what), type + " at source " + source_.config.name + ": " + std::string(text));
}

asio::awaitable<step> type_reader::patient_next(page_walker& walker) {
    for (unsigned attempt = 0;; ++attempt) {
        co_await room(services_);
        const step s = co_await walker.next();
        if (s == step::page && walker.page().server_time)
            server_now_ = walker.page().server_time;
        if (s != step::later || attempt + 1 >= most_attempts) {
            retry_after_ = walker.retry_after();
            co_return s;
        }
        co_await services_.time.wait_for(patience(services_, attempt, walker.retry_after()));
    }
}

asio::awaitable<pass> type_reader::search(std::string type, bool asked) {
    const instant now = services_.time.now();
    habits& known = habits_[type];
    const duration_ms pace = std::max<duration_ms>(slow_factor * source_.config.poll_every, slowest);
    if (known.reads_all && !asked && now < known.read_all + pace)
        co_return pass::done;
    known.read_all = now;
    // What refused the parameters may have been a proxy, or a version of the server that is gone.
    if (known.plainness > 0 && now >= known.plainer + slowest)
        known.plainness = 0;
    chain_end end = chain_end::expired;
    chain c;
    for (unsigned attempt = 0; attempt < most_restarts && (end == chain_end::expired || end == chain_end::plainer);) {
        c = {};
        c.type = type;
        c.cursor = stored_instant(services_.reading, cursor_name("cursor", source_, type));
        c.checkpoint = stored_instant(services_.reading, cursor_name("checkpoint", source_, type));
        if (c.checkpoint)
            c.from = c.checkpoint;
        else if (c.cursor)
            c.from = *c.cursor - source_.config.overlap;
        const auto before = c.checkpoint;
        end = co_await follow(c);
        if (end == chain_end::plainer) {
            ++known.plainness;
            known.plainer = now;
            continue;
        }
        known.stuck = end == chain_end::whole || c.checkpoint != before ? 0 : known.stuck + 1;
        // A search that expired after some progress is no failed attempt.
        if (c.checkpoint == before)
            ++attempt;
    }
    co_return finished(c, end);
}

asio::awaitable<type_reader::chain_end> type_reader::follow(chain& c) {
    page_walker walker(services_, source_, "search", first_query(c));
    // Ties beyond the page limit: going on from the checkpoint would read the same pages for ever.
    const unsigned most = habits_[c.type].stuck >= 2 ? std::numeric_limits<unsigned>::max() : std::max(1U, source_.config.most_pages);
    for (;;) {
        const step s = co_await patient_next(walker);
        if (s != step::page)
            co_return trouble(c, s);
        co_await take(c, walker);
        if (walker.page().last)
            co_return c.incomplete ? chain_end::incomplete : chain_end::whole;
        if (walker.pages() >= most)
            co_return chain_end::capped;
    }
}

asio::awaitable<void> type_reader::take(chain& c, page_walker& walker) {
    page_facts& page = walker.page();
    if (walker.pages() == 1) {
        c.server_time = page.server_time;
        c.sorted = fhir::has_parameter(page.self, "_sort");
    }
    const bool asked_since = c.from && habits_[c.type].plainness < 2;
    const bool too_old = page.oldest && c.from && *page.oldest < *c.from - second_ms;
    // `self` tells what was understood, but some servers write it without any parameter: what came decides.
    const bool unproven = walker.pages() == 1 && !page.timed && !fhir::has_parameter(page.self, "_lastUpdated");
    const bool self_denies = walker.pages() == 1 && page.entries > 0 && !fhir::has_parameter(page.self, "_lastUpdated") &&
                             (fhir::has_parameter(page.self, "_count") || fhir::has_parameter(page.self, "_sort"));
    c.ignored = c.ignored || (asked_since && (too_old || unproven || self_denies)) || habits_[c.type].plainness >= 2;
    c.incomplete = c.incomplete || page.incomplete;
    if (page.newest)
        c.newest = std::max(c.newest.value_or(*page.newest), *page.newest);

    std::function<void(store&)> also;
    const std::string cursor = cursor_name("cursor", source_, c.type), checkpoint = cursor_name("checkpoint", source_, c.type);
    if (page.last && !c.incomplete) {
        const auto to = new_cursor(c);
        also = [cursor, checkpoint, to](store& into) {
            if (to)
                into.value_put(cursor, to_text(*to));
            into.value_remove(checkpoint);
        };
        // (A filtered search is short, and its end counts from its beginning: it begins again.)
    } else if (!c.filtered && c.sorted && walker.ascending() && page.newest && !c.ignored && !c.incomplete && page.newest != c.checkpoint) {
        c.checkpoint = page.newest;
        also = [checkpoint, to = to_text(*page.newest)](store& into) { into.value_put(checkpoint, to); };
    }
    std::vector<journal_item> rows;
    if (page.entries > 0)
        rows.push_back(fetched(services_, source_, c.type, std::move(page.body)));
    if (!rows.empty() || also)
        co_await keep(services_, std::move(rows), also);
}

type_reader::chain_end type_reader::trouble(const chain& c, step s) {
    switch (s) {
    case step::expired: return chain_end::expired;
    case step::later: return chain_end::down;
    case step::rejected:
        if (habits_[c.type].plainness < most_plainness)
            return chain_end::plainer;
        habits_[c.type].plainness = 0; // refused without parameters too: it was not they
        complain(c.type, "not-searchable", "the server refuses to search; its resources come by notifications and with each patient only");
        break;
    case step::missing: complain(c.type, "not-searchable", "the server does not know this type"); break;
    case step::denied: complain(c.type, "denied", "the server denies access; look at the scopes of our client"); break;
    case step::repeated: complain(c.type, "repeated-link", "a next link leads back to a page that was read"); break;
    case step::unreadable: complain(c.type, "unreadable", "the server answers a search with something that is no Bundle"); break;
    case step::foreign: // the walker told
    case step::page:
    case step::end: break;
    }
    return chain_end::given_up;
}

pass type_reader::finished(const chain& c, chain_end end) {
    const bool read = end == chain_end::whole || end == chain_end::incomplete || end == chain_end::capped;
    if (read)
        for (const char* what : {"not-searchable", "denied", "repeated-link", "unreadable"})
            services_.faults.clear(fault_key(source_, c.type, what));
    if (end == chain_end::whole) {
        services_.faults.clear(fault_key(source_, c.type, "incomplete"));
        services_.faults.clear(fault_key(source_, c.type, "too-many-pages"));
    }
    habits& known = habits_[c.type];
    if (end == chain_end::whole && c.from) {
        known.reads_all = c.ignored;
        if (c.ignored)
            complain(c.type, "no-last-updated", "the server ignores _lastUpdated, so that everything is read each time and more rarely");
        else
            services_.faults.clear(fault_key(source_, c.type, "no-last-updated"));
    }
    switch (end) {
    case chain_end::whole:
    case chain_end::given_up: return pass::done;
    case chain_end::incomplete:
        complain(c.type, "incomplete", "the server says that its answer is incomplete; it is asked again");
        return pass::retry;
    case chain_end::capped:
        if (c.checkpoint)
            return pass::more;
        complain(c.type, "too-many-pages", "more pages than allowed, and the server does not sort by _lastUpdated");
        return pass::done;
    case chain_end::down: return pass::down;
    case chain_end::plainer:
    case chain_end::expired: break;
    }
    return pass::retry;
}

asio::awaitable<pass> type_reader::deletions(std::string type) {
    habits& known = habits_[type];
    const std::string name = cursor_name("history", source_, type);
    chain c;
    c.cursor = stored_instant(services_.reading, name);
    if (known.no_history || !c.cursor)
        co_return pass::done;
    c.type = type;
    c.from = *c.cursor - source_.config.overlap;
    fhir::query q(type + "/_history");
    q.add("_since", fhir::instant_text(*c.from)).add("_count", std::to_string(source_.config.page_size));
    page_walker walker(services_, source_, "history", q.text());
    for (bool last = false; !last;) {
        const step s = co_await patient_next(walker);
        if (s == step::later)
            co_return pass::down;
        if (s == step::missing || s == step::denied || s == step::rejected || s == step::unreadable) {
            known.no_history = true;
            log_warning("pull.no-history", {{"source", source_.config.name}, {"type", type}});
            co_return pass::done;
        }
        if (s != step::page)
            co_return trouble(c, s) == chain_end::expired ? pass::retry : pass::done;
        page_facts& page = walker.page();
        if (walker.pages() == 1)
            c.server_time = page.server_time;
        c.incomplete = c.incomplete || page.incomplete;
        if (page.newest)
            c.newest = std::max(c.newest.value_or(*page.newest), *page.newest);
        // Newest first: a page that is older throughout means that the server ignores _since.
        last = page.last || (page.timed && page.newest && *page.newest < *c.from) || walker.pages() >= std::max(1U, source_.config.most_pages);
        std::function<void(store&)> also;
        if (const auto to = new_cursor(c); last && !c.incomplete && to)
            also = [name, to](store& into) { into.value_put(name, to_text(*to)); };
        std::vector<journal_item> rows;
        if (page.deletions)
            rows.push_back(fetched(services_, source_, type + "/_history", std::move(page.body)));
        if (!rows.empty() || also)
            co_await keep(services_, std::move(rows), also);
    }
    co_return c.incomplete ? pass::retry : pass::done;
}

asio::awaitable<std::optional<instant>> type_reader::server_time(std::string type, pass& why) {
    why = pass::done;
    page_walker walker(services_, source_, "search", type + "?_sort=-_lastUpdated&_count=1");
    const step s = co_await patient_next(walker);
    if (s == step::later)
        why = pass::down;
    if (s != step::page)
        co_return std::nullopt;
    co_return walker.page().server_time ? walker.page().server_time : walker.page().newest;
}

} // namespace trialgate::gateway::pull
