#include "fhir/instant.hpp"
#include "gateway/intake/runners.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/intake/person_reader.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

using namespace pull;

constexpr duration_ms shortest_step = second_ms, look_for_people = 10 * minute_ms;
constexpr duration_ms just_now = hour_ms;
constexpr std::size_t most_remembered = 10'000;

class hydrator {
public:
    hydrator(intake_services& services, source_state& source) : services_(services), source_(source) {}
    asio::awaitable<void> one(job mine);

private:
    asio::awaitable<bool> fetch(const job& mine, std::vector<std::string>& keys, std::set<std::string>& others, duration_ms& wait);
    asio::awaitable<void> finish(job mine, std::vector<std::string> keys, std::set<std::string> others);
    bool recently(const std::string& key) const;

    intake_services& services_;
    source_state& source_;
    second_look looks_;
    /// When a person was fetched last: two records that name each other must not fetch each other for ever.
    std::map<std::string, instant> fetched_;
};

bool hydrator::recently(const std::string& key) const {
    const auto found = fetched_.find(key);
    return found != fetched_.end() && services_.time.now() - found->second < just_now;
}

asio::awaitable<bool> hydrator::fetch(const job& mine, std::vector<std::string>& keys, std::set<std::string>& others, duration_ms& wait) {
    if (mine.target.starts_with("identifier:")) {
        person_reader search(services_, source_, looks_, mine.attempts);
        const bool found = co_await search.find(mine.target, keys);
        wait = search.wait();
        if (!found)
            co_return false;
    } else if (mine.target.starts_with("Patient/") && usable_id(std::string_view(mine.target).substr(8)))
        keys.push_back(mine.target);
    // Of other keys (a urn in a message that came) the server knows nothing: what is known is all there is.
    for (const std::string& key : keys) {
        person_reader person(services_, source_, looks_, mine.attempts);
        const bool whole = co_await person.read(key);
        wait = person.wait();
        if (!whole)
            co_return false;
        others.insert(person.others().begin(), person.others().end());
    }
    co_return true;
}

asio::awaitable<void> hydrator::finish(job mine, std::vector<std::string> keys, std::set<std::string> others) {
    if (fetched_.size() > most_remembered)
        std::erase_if(fetched_, [&](const auto& f) { return services_.time.now() - f.second >= just_now; });
    for (const std::string& key : keys)
        fetched_[key] = services_.time.now();
    std::erase_if(others, [&](const std::string& other) { return recently(other); });
    if (std::find(keys.begin(), keys.end(), mine.target) == keys.end())
        keys.push_back(mine.target);
    std::vector<journal_item> rows;
    for (std::string& key : keys)
        rows.push_back(fetched(services_, source_, "hydrated", std::move(key), arrival::hydrated));
    const instant now = services_.time.now();
    const bool more = !others.empty();
    const std::function<void(store&)> done = [mine, others = std::move(others), now](store& into) {
        into.job_done(mine.id, mine.stamp);
        for (const std::string& other : others) {
            job j;
            j.source = mine.source;
            j.kind = job_kind::hydrate;
            j.target = other;
            j.not_before = now;
            into.job_add(j);
        }
    };
    co_await keep(services_, std::move(rows), done);
    if (more)
        source_.hydrate_bell.ring();
}

asio::awaitable<void> hydrator::one(job mine) {
    std::vector<std::string> keys;
    std::set<std::string> others;
    duration_ms wait = 0;
    const bool whole = co_await fetch(mine, keys, others, wait);
    if (whole)
        co_await finish(std::move(mine), std::move(keys), std::move(others));
    else
        co_await postpone(services_, std::move(mine), std::max(wait, second_ms));
}

/// Every considered person again, one after the other, spread over `sweep_every`: what nobody told us comes to light, deletions first of all.
class sweeper {
public:
    sweeper(intake_services& services, source_state& source)
        : services_(services), source_(source), name_("sweep/" + source.config.name) {}
    asio::awaitable<void> step_on();

private:
    std::vector<std::string> next_people(std::size_t most);
    std::int64_t people();

    intake_services& services_;
    source_state& source_;
    std::string name_; ///< of the value in the store: "<when> <key of the last one>"
    std::int64_t people_ = 0;
    instant counted_ = 0;
};

/// Of this source; counted from time to time only.
std::int64_t sweeper::people() {
    const instant now = services_.time.now();
    if (people_ > 0 && now - counted_ < look_for_people)
        return people_;
    people_ = 0;
    counted_ = now;
    std::string after;
    for (bool more = true; more;) {
        const auto some = services_.reading.patients_after(source_.config.name, after, 1'000);
        more = !some.empty() && some.back().first == source_.config.name;
        for (const auto& [source, key] : some)
            if (source == source_.config.name) {
                ++people_;
                after = key;
            }
    }
    return people_;
}

/// After the one who was last; from the beginning after the last of all.
std::vector<std::string> sweeper::next_people(std::size_t most) {
    const std::string place = services_.reading.value(name_).value_or("");
    const auto space = place.find(' ');
    std::vector<std::string> out;
    for (std::string after = space == std::string::npos ? "" : place.substr(space + 1);; after.clear()) {
        for (auto& [source, key] : services_.reading.patients_after(source_.config.name, after, most))
            if (source == source_.config.name)
                out.push_back(std::move(key));
        if (!out.empty() || after.empty())
            return out;
    }
}

asio::awaitable<void> sweeper::step_on() {
    const duration_ms whole = source_.config.sweep_every;
    const std::int64_t count = people();
    if (count == 0) {
        co_await services_.time.wait_for(std::min(look_for_people, whole));
        co_return;
    }
    const duration_ms pause = std::max(whole / count, shortest_step);
    const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, count * pause / whole));
    const std::string place = services_.reading.value(name_).value_or("");
    const auto before = fhir::parse_instant(place.substr(0, place.find(' ')));
    if (!before) {
        // The first waits like any other: a start must not fetch everybody.
        const std::function<void(store&)> begin = [this, at = to_text(services_.time.now())](store& into) { into.value_put(name_, at + ' '); };
        co_await keep(services_, {}, begin);
        co_return;
    }
    if (const instant due = *before + pause, now = services_.time.now(); now < due) {
        // In pieces, because people join meanwhile.
        co_await services_.time.wait_until(std::min(due, now + look_for_people));
        co_return;
    }
    const std::vector<std::string> keys = next_people(most);
    const instant now = services_.time.now();
    const std::function<void(store&)> add = [this, keys, now](store& into) {
        for (const std::string& key : keys) {
            job j;
            j.source = source_.config.name;
            j.kind = job_kind::hydrate;
            j.target = key;
            j.not_before = now;
            into.job_add(j);
        }
        into.value_put(name_, to_text(now) + ' ' + (keys.empty() ? "" : keys.back()));
    };
    co_await keep(services_, {}, add);
    source_.hydrate_bell.ring();
}

asio::awaitable<void> sweep(intake_services& services, source_state& source) {
    sweeper mine(services, source);
    for (;;)
        co_await mine.step_on();
}

} // namespace

asio::awaitable<void> run_hydrate(intake_services& services, source_state& source) {
    hydrator mine(services, source);
    const std::function<asio::awaitable<void>(job)> one = [&mine](job j) { return mine.one(std::move(j)); };
    const std::function<asio::awaitable<void>()> all = [&]() -> asio::awaitable<void> {
        std::vector<asio::awaitable<void>> parts;
        parts.push_back(work_off(services, source, job_kind::hydrate, source.hydrate_bell, one));
        if (source.config.sweep_every > 0)
            parts.push_back(sweep(services, source));
        co_await together(std::move(parts));
    };
    co_await forever(services, source, "hydrate", all);
}

} // namespace trialgate::gateway
