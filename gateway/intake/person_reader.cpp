#include "gateway/intake/person_reader.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "mappings/engine/record_codec.hpp"
#include "mappings/followup/participant.hpp"

#include <algorithm>
#include <array>

namespace trialgate::gateway::pull {

namespace {

constexpr duration_ms denied_pause = 15 * minute_ms;
constexpr std::uint32_t enough_attempts = 2;

/// What others refer to; it names no patient.
bool is_definition(std::string_view type) noexcept { return type == "Medication" || type == "Specimen" || type == "ResearchStudy"; }

std::string_view identifier_prefix() noexcept { return "identifier:"; }

} // namespace

bool person_reader::later(duration_ms retry_after) {
    wait_ = std::max(wait_, patience(services_, attempt_, retry_after));
    return false;
}

void person_reader::complain(const std::string& type, std::string_view what, std::string_view text) {
    services_.faults.raise(fault_key(source_, type, what), type + " at source " + source_.config.name + ": " + std::string(text));
}

void person_reader::refers_to(fhir::json::value reference, std::string_view type) {
    std::string_view literal = reference["reference"].text();
    const std::string& base = source_.client->base();
    if (literal.size() > base.size() && literal.starts_with(base) && literal[base.size()] == '/')
        literal.remove_prefix(base.size() + 1);
    const fhir::reference to = fhir::parse_reference(literal);
    // A Medication is what an exposure is about; the others only if some trial reads them.
    if (to.type != type || !usable_id(to.id) || !literal.starts_with(type) || (type != "Medication" && !source_.types.contains(std::string(type))))
        return;
    wanted_.insert(std::string(type) + '/' + std::string(to.id));
}

void person_reader::see(fhir::json::value resource) {
    const std::string_view type = resource["resourceType"].text(), id = resource["id"].text();
    if (!type.empty() && !id.empty())
        seen_.insert(std::string(type) + '/' + std::string(id));
    refers_to(resource["medicationReference"], "Medication");
    refers_to(resource["medication"]["reference"], "Medication"); // R5: CodeableReference
    refers_to(resource["specimen"], "Specimen");
    refers_to(resource["study"], "ResearchStudy");
    if (type != "Patient" || id != id_)
        return;
    for (const fhir::json::value link : resource["link"].elements()) {
        const std::string_view kind = link["type"].text();
        const fhir::reference other = fhir::parse_reference(link["other"]["reference"].text());
        if ((kind == "replaced-by" || kind == "replaces") && other.type == "Patient" && usable_id(other.id) && other.id != id_)
            others_.push_back("Patient/" + std::string(other.id));
    }
}

/// Who takes part and is not at this server would be watched by nobody, and nobody would know.
void person_reader::tell_of_participants(bool there) {
    for (const participant_row& p : services_.reading.participants_of(source_.config.name, key_)) {
        const std::string fault = "participant/" + p.trial + '/' + p.number;
        const auto state = mappings::participation_state_of(p.state);
        if (there || !state || !goes_on(*state))
            services_.faults.clear(fault);
        else
            services_.faults.raise(fault, "participant " + p.number + " of " + p.trial + ": source " + source_.config.name +
                                              " has no such Patient, so nothing is watched");
    }
}

asio::awaitable<person_reader::patient_state> person_reader::patient() {
    co_await room(services_);
    asked got = co_await get(services_, source_, key_);
    if (got.what == meaning::missing && !looks_.confirmed(key_, services_.time.now())) {
        wait_ = minute_ms;
        co_return patient_state::later;
    }
    std::vector<journal_item> rows;
    switch (got.what) {
    case meaning::ok: {
        looks_.forget(key_);
        services_.faults.clear(fault_key(source_, "Patient", "denied"));
        fhir::json::parser parser;
        if (const auto tree = parser.parse_copy(got.answer.body); tree)
            see(*tree);
        tell_of_participants(true);
        rows.push_back(fetched(services_, source_, "Patient", std::move(got.answer.body)));
        co_await keep(services_, std::move(rows));
        co_return patient_state::there;
    }
    case meaning::gone:
    case meaning::missing: {
        tell_of_participants(false);
        const gone_resource gone[] = {gone_as_of("Patient", id_, got.answer)};
        rows.push_back(fetched(services_, source_, "Patient", deletions_bundle(gone)));
        co_await keep(services_, std::move(rows));
        co_return patient_state::gone;
    }
    case meaning::denied:
    case meaning::rejected:
        complain("Patient", "denied", "the server denies access; look at the scopes of our client");
        wait_ = denied_pause;
        break;
    case meaning::later: later(got.retry_after); break;
    }
    co_return patient_state::later;
}

std::string person_reader::query_of(const std::string& type) const {
    const fhir::resource_capability* can = source_.can ? source_.can->of(type) : nullptr;
    const bool lists = can && !can->search_parameters.empty();
    std::string name = "patient";
    if (type == "ResearchSubject") // R4 names its element; R5 knows `subject`
        name = source_.can && source_.can->version == fhir::release::r5 ? "subject" : "individual";
    else if (type == "QuestionnaireResponse")
        name = "subject";
    if (lists && !can->has_parameter(name))
        for (const char* other : {"patient", "subject", "individual"})
            if (can->has_parameter(other)) {
                name = other;
                break;
            }
    fhir::query q(type);
    q.add(name, name == "patient" ? id_ : key_).add("_count", std::to_string(source_.config.page_size));
    return q.text();
}

asio::awaitable<step> person_reader::list_once(std::string type, page_walker& walker, bool& whole) {
    whole = true;
    for (;;) {
        co_await room(services_);
        const step s = co_await walker.next();
        if (s != step::page)
            co_return s;
        page_facts& page = walker.page();
        whole = whole && !page.incomplete;
        const bool last = page.last;
        std::vector<journal_item> rows;
        if (page.entries > 0) {
            rows.push_back(fetched(services_, source_, type, std::move(page.body)));
            rows.back().channel = part_of_a_history;
        }
        if (!rows.empty())
            co_await keep(services_, std::move(rows));
        if (last)
            co_return step::end;
        if (walker.pages() >= std::max(1U, source_.config.most_pages))
            co_return step::repeated;
    }
}

asio::awaitable<bool> person_reader::list(std::string type) {
    step s = step::expired;
    bool whole = false;
    duration_ms retry_after = 0;
    for (int attempt = 0; attempt < 2 && s == step::expired; ++attempt) {
        page_walker walker(services_, source_, "hydrate", query_of(type), [this](fhir::json::value r) { see(r); });
        s = co_await list_once(type, walker, whole);
        retry_after = walker.retry_after();
    }
    switch (s) {
    case step::end:
        if (!whole && attempt_ < enough_attempts)
            co_return later(0);
        if (whole)
            whole_.insert(type);
        co_return true;
    case step::expired:
    case step::later: co_return later(retry_after);
    case step::denied: complain(type, "denied", "the server denies access; look at the scopes of our client"); break;
    case step::foreign: break; // the walker told
    case step::repeated: complain(type, "repeated-link", "a patient's pages lead back, or are more than allowed"); break;
    default: complain(type, "not-by-patient", "the server cannot be asked for those of one patient");
    }
    // What the server never gives must not keep this person undecided for ever; it is unknown, not "no".
    co_return true;
}

asio::awaitable<bool> person_reader::definitions() {
    for (const std::string& reference : wanted_) {
        // Shared between people; changes come by polling the type.
        if (seen_.contains(reference) || services_.reading.definition(source_.config.name, reference))
            continue;
        asked got = co_await get(services_, source_, reference);
        if (got.what == meaning::later)
            co_return later(got.retry_after);
        if (got.what != meaning::ok)
            continue; // missing is unknown
        std::vector<journal_item> rows;
        rows.push_back(fetched(services_, source_, reference.substr(0, reference.find('/')), std::move(got.answer.body)));
        co_await keep(services_, std::move(rows));
    }
    co_return true;
}

/// What we keep and the server did not list: one by one.
asio::awaitable<bool> person_reader::vanished() {
    const auto kept = services_.reading.patient(source_.config.name, key_);
    if (!kept)
        co_return true;
    std::vector<std::pair<std::string, std::string>> unseen;
    mappings::record_reader records(kept->records);
    while (const auto r = records.next())
        if (!r->withdrawn && r->subject == key_ && whole_.contains(r->type) && usable_id(r->id) && !seen_.contains(r->type + '/' + r->id))
            unseen.emplace_back(r->type, r->id);
    std::vector<gone_resource> gone;
    std::vector<journal_item> rows;
    bool all = true;
    for (const auto& [type, id] : unseen) {
        const std::string reference = type + '/' + id;
        asked got = co_await get(services_, source_, reference);
        if (got.what == meaning::gone || got.what == meaning::missing) // also missing from the list: that is the second look
            gone.push_back(gone_as_of(type, id, got.answer));
        else if (got.what == meaning::ok)
            rows.push_back(fetched(services_, source_, type, std::move(got.answer.body)));
        else if (got.what == meaning::later) {
            all = later(got.retry_after);
            break;
        }
    }
    if (!gone.empty())
        rows.push_back(fetched(services_, source_, "deletions", deletions_bundle(gone)));
    if (!rows.empty())
        co_await keep(services_, std::move(rows));
    co_return all;
}

asio::awaitable<bool> person_reader::read(std::string key) {
    key_ = std::move(key);
    id_ = key_.substr(key_.find('/') + 1);
    const patient_state state = co_await patient();
    if (state != patient_state::there)
        co_return state == patient_state::gone;
    const std::set<std::string> types = source_.types; // may be replaced meanwhile
    for (const std::string& type : types) {
        const fhir::resource_capability* can = source_.can ? source_.can->of(type) : nullptr;
        const bool searchable = !source_.can || source_.can->resources.empty() || (can && can->search);
        if (type == "Patient" || is_definition(type) || !searchable)
            continue;
        const bool listed = co_await list(type);
        if (!listed)
            co_return false;
    }
    const bool defined = co_await definitions();
    if (!defined)
        co_return false;
    co_return co_await vanished();
}

asio::awaitable<bool> person_reader::find(std::string key, std::vector<std::string>& found) {
    const std::string_view whole = std::string_view(key).substr(identifier_prefix().size());
    const auto bar = whole.rfind('|');
    const std::string_view system = bar == std::string_view::npos ? std::string_view{} : whole.substr(0, bar);
    const std::string_view value = bar == std::string_view::npos ? whole : whole.substr(bar + 1);
    fhir::query q("Patient");
    q.add("identifier", fhir::search_escape(system) + (system.empty() ? "" : "|") + fhir::search_escape(value));
    const auto note = [&found](fhir::json::value r) {
        const std::string_view id = r["id"].text();
        if (r["resourceType"].text() == "Patient" && usable_id(id) && std::find(found.begin(), found.end(), "Patient/" + std::string(id)) == found.end())
            found.push_back("Patient/" + std::string(id));
    };
    page_walker walker(services_, source_, "hydrate", q.text(), note);
    for (;;) {
        const step s = co_await walker.next();
        if (s == step::page && !walker.page().last)
            continue;
        if (s == step::page || s == step::end)
            co_return true;
        if (s == step::denied || s == step::rejected) {
            complain("Patient", "denied", "the server refuses to search by identifier");
            wait_ = denied_pause;
            co_return false;
        }
        co_return later(walker.retry_after());
    }
}

} // namespace trialgate::gateway::pull
