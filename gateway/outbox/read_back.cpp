#include "gateway/outbox/read_back.hpp"

#include "fhir/instant.hpp"
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/outbox/fhir_shapes.hpp"

namespace trialgate::gateway {

using fhir::json::value;

namespace {

constexpr duration_ms overlap = 2 * minute_ms; ///< _lastUpdated is set before a transaction ends: fhir-protocol.md 3.1
constexpr int most_pages = 1000;

std::string first_page(const people_seen& seen) {
    const std::string ours = seen.by_tag ? "_tag=" + fhir::percent_encode(std::string(tag_system) + '|' + std::string(generated_tag))
                                         : "identifier=" + fhir::percent_encode(std::string(subject_system) + '|');
    std::string out = "ResearchSubject?" + ours + "&_count=200";
    if (seen.since != 0)
        out += "&_lastUpdated=ge" + fhir::percent_encode(fhir::instant_text(seen.since - overlap));
    return out;
}

void look_at(value resource, people_seen& seen, instant now, std::vector<sink::human_decision>& out) {
    if (resource["resourceType"].text() != "ResearchSubject")
        return;
    subject_standing there = read_subject(resource);
    if (there.subject.empty() || there.trial.empty())
        return; // never was ours
    const std::pair key(there.subject, there.trial);
    if (!there.by_person) {
        seen.told.erase(key);
        return;
    }
    const std::string says = there.status + ' ' + there.given_number + (there.since ? ' ' + to_string(*there.since) : std::string());
    std::string& told = seen.told[key];
    if (told == says)
        return;
    told = says;
    // What somebody says on the page may be later than what stands there, though we see it only now.
    const instant at = std::min(now, there.updated.value_or(now));
    out.push_back({std::move(there.subject), std::move(there.trial), std::move(there.status), at, std::move(there.given_number), there.since});
}

} // namespace

asio::awaitable<std::vector<sink::human_decision>> read_people(fhir_client& client, people_seen& seen, instant now) {
    std::vector<sink::human_decision> out;
    std::string path = first_page(seen);
    std::optional<instant> began;
    fhir::json::parser parser;
    for (int page_number = 0; page_number < most_pages; ++page_number) {
        fhir_request request;
        request.path = path;
        const auto answer = co_await client.send(std::move(request));
        if (!answer)
            co_return out;
        if (page_number == 0 && !seen.by_tag && (answer->status == 400 || answer->status == 404 || answer->status == 422 || answer->status == 501)) {
            seen.by_tag = true;
            path = first_page(seen);
            continue;
        }
        const auto tree = answer->ok() ? parser.parse_copy(answer->body) : fhir::result<value>(value());
        fhir::issue_list ignored;
        const auto page = fhir::read_page(tree ? *tree : value(), ignored);
        if (!page) {
            log_warning("outbox.read-back-failed", {{"status", answer->status}});
            co_return out;
        }
        for (const fhir::bundle_entry& e : page->content.entries)
            look_at(e.resource, seen, now, out);
        if (!began)
            began = answer->date.value_or(now);
        if (page->incomplete)
            co_return out;
        if (page->next.empty()) {
            seen.since = *began;
            co_return out;
        }
        path = fhir::resolve_url(page->next, answer->url);
        if (!client.same_origin(path)) {
            log_warning("outbox.read-back-failed", {{"reason", "next page on another server"}});
            co_return out;
        }
    }
    log_warning("outbox.read-back-failed", {{"reason", "too many pages"}});
    co_return out;
}

asio::awaitable<void> run_read_back(outbox_services& services, sink_config config, sink& from) {
    if (!config.read_back || config.kind != sink_config::type::fhir)
        co_return;
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    for (;;) {
        const std::vector<sink::human_decision> all = co_await from.read_back();
        for (const sink::human_decision& d : all)
            services.decided(d);
        if (!all.empty())
            log_info("outbox.people-decided", {{"sink", config.name}, {"decisions", all.size()}});
        co_await services.time.wait_for(std::max<duration_ms>(config.read_back_every, second_ms));
    }
}

} // namespace trialgate::gateway
