// The types and parameters that the loaded trials need, asked as the gateway asks.
#include "fhir/instant.hpp"
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/probe/bench.hpp"

#include <algorithm>

namespace trialgate::gateway::probe {

namespace {

const fhir::resource_capability* claimed(const bench& b, const std::string& type) { return b.can ? b.can->of(type) : nullptr; }

std::string last_part(std::string_view reference) {
    reference = reference.substr(0, reference.find("/_history"));
    return std::string(reference.substr(reference.rfind('/') + 1));
}

std::string patient_of(fhir::json::value r) {
    if (r["resourceType"].text() == "Patient")
        return std::string(r["id"].text());
    for (const char* member : {"subject", "patient", "individual"})
        if (const std::string_view to = r[member]["reference"].text(); to.find("Patient/") != to.npos)
            return last_part(to);
    return {};
}

void look_at(fhir::json::value bundle, sample& s) {
    for (const auto& e : bundle["entry"].elements()) {
        const auto r = e["resource"];
        if (r["resourceType"].text() == "OperationOutcome" || e["search"]["mode"].text() == "include" || !r)
            continue;
        ++s.entries;
        if (s.first_id.empty())
            s.first_id = r["id"].text();
        if (s.patient.empty())
            s.patient = patient_of(r);
        s.newest = std::max(s.newest, std::string(r["meta"]["lastUpdated"].text()));
        const auto coding = r["code"]["coding"][0];
        if (s.code.empty() && coding["code"].is_string()) {
            s.system = coding["system"].text();
            s.code = coding["code"].text();
        }
    }
    for (const auto& l : bundle["link"].elements())
        s.more = s.more || l["relation"].text() == "next";
}

/// The type of which there is most to see: Observations if possible, they are what a trial lives on.
void choose_walk(bench& b) {
    std::size_t best = 0;
    for (const auto& [type, s] : b.samples) {
        if (s.search != verdict::works)
            continue;
        const std::size_t weight = 1 + s.entries * 2 + (s.more ? 100 : 0) + (type == "Observation" ? 50 : type == "Condition" ? 10 : 0);
        if (weight > best) {
            best = weight;
            b.walk_type = type;
        }
    }
}

asio::awaitable<outcome> types(bench& b) {
    std::vector<std::string> evidence, missing;
    std::size_t good = 0, tried = 0;
    bool denied = false, busy = false;
    for (const std::string& type : b.types) {
        const reply r = co_await b.get(type + "?_count=2");
        if (r.error && r.error->code == net_errc::refused)
            break;
        ++tried;
        sample& s = b.samples[type];
        evidence.push_back(r.shown);
        denied = denied || r.denied();
        const auto* can = claimed(b, type);
        b.claim(type + " search", can && can->search, r.bundle() || r.undecided(), evidence.back());
        if (r.answer && r.answer->transient()) {
            busy = true;
            b.no_access = "searches are answered with " + std::to_string(r.status());
            continue;
        }
        if (!r.bundle()) {
            s.search = verdict::fails;
            missing.push_back(type);
            b.no_access = r.error ? r.error->text : "searches are answered with " + std::to_string(r.status());
            continue;
        }
        s.search = verdict::works;
        ++good;
        look_at(r.tree, s);
    }
    b.access = good > 0;
    choose_walk(b);
    if (tried == 0)
        co_return untested("no search was sent", std::move(evidence));
    if (busy && missing.empty())
        co_return limited("some searches are answered with \"not now\" (429 or 5xx): ask again later", std::move(evidence));
    if (good == 0)
        co_return fails(denied ? "every search is refused: look at the access and the scopes of our client"
                               : "no type that the trials read can be searched",
                        std::move(evidence));
    if (missing.empty())
        co_return works("all " + std::to_string(good) + " types that the trials read can be searched", std::move(evidence));
    std::string names;
    for (const std::string& m : missing)
        names += (names.empty() ? "" : ", ") + m;
    co_return limited("cannot be searched: " + names, std::move(evidence));
}

/// As hydration asks (intake/person_reader).
std::string by_patient(const bench& b, const std::string& type, const std::string& id) {
    std::string name = "patient";
    if (type == "ResearchSubject")
        name = b.can && b.can->version == fhir::release::r5 ? "subject" : "individual";
    else if (type == "QuestionnaireResponse")
        name = "subject";
    const auto* can = claimed(b, type);
    if (can && !can->search_parameters.empty() && !can->has_parameter(name))
        for (const char* other : {"patient", "subject", "individual"})
            if (can->has_parameter(other)) {
                name = other;
                break;
            }
    return fhir::query(type).add(name, name == "patient" ? id : "Patient/" + id).add("_count", "20").text();
}

asio::awaitable<outcome> of_patient(bench& b) {
    std::string id;
    for (const char* type : {"Observation", "Condition", "MedicationRequest", "MedicationStatement", "Patient"})
        if (const auto found = b.samples.find(type); id.empty() && found != b.samples.end())
            id = found->second.patient;
    if (id.empty())
        co_return untested("no resource with a patient was seen");
    std::vector<std::string> evidence, wrong, refused;
    std::size_t good = 0;
    for (const auto& [type, s] : b.samples) {
        if (type == "Patient" || type == "Medication" || s.search != verdict::works)
            continue;
        const reply r = co_await b.get(by_patient(b, type, id));
        if (r.error && r.error->code == net_errc::refused)
            break;
        evidence.push_back(r.shown);
        bool others = false;
        for (const auto& e : r.tree["entry"].elements())
            if (e["resource"]["resourceType"].text() == type)
                if (const std::string p = patient_of(e["resource"]); !p.empty())
                    others = others || p != id;
        const auto* can = claimed(b, type);
        b.claim(type + " search by patient",
                can && (can->has_parameter("patient") || can->has_parameter("subject") || can->has_parameter("individual")),
                (r.bundle() && !others) || r.undecided(), others ? "resources of other patients come back" : r.shown);
        if (!r.bundle())
            refused.push_back(type);
        else if (others)
            wrong.push_back(type);
        else
            ++good;
    }
    std::string names;
    for (const std::string& t : wrong.empty() ? refused : wrong)
        names += (names.empty() ? "" : ", ") + t;
    if (!wrong.empty())
        co_return fails("the patient is ignored, others' resources come back: " + names, std::move(evidence));
    if (good == 0)
        co_return fails("the history of one patient cannot be asked for", std::move(evidence));
    if (!refused.empty())
        co_return limited("not by patient: " + names, std::move(evidence));
    co_return works("the history of one patient can be asked for, " + std::to_string(good) + " types", std::move(evidence));
}

asio::awaitable<outcome> by_code(bench& b) {
    std::string type;
    for (const char* t : {"Observation", "Condition", "Procedure"})
        if (const auto found = b.samples.find(t); type.empty() && found != b.samples.end() && !found->second.code.empty())
            type = t;
    if (type.empty())
        co_return untested("no coded resource was seen");
    const sample s = b.samples[type];
    // A code that nobody uses must give nothing, or the parameter is ignored.
    const reply none = co_await b.get(fhir::query(type).add("code", "urn:trialgate:probe|no-such-code").add("_count", "2").text());
    const reply some =
        co_await b.get(fhir::query(type).add("code", s.system + '|' + fhir::search_escape(s.code)).add("_count", "2").text());
    std::vector<std::string> evidence{none.shown, some.shown};
    const auto* can = claimed(b, type);
    const bool ignored = none.bundle() && !entries_of(none.tree).empty(), found = some.bundle() && !entries_of(some.tree).empty();
    b.claim(type + " search by code", can && can->has_parameter("code"), (!ignored && found) || some.undecided(),
            ignored ? "a code that does not exist finds resources" : some.shown);
    if (!some.bundle())
        co_return b.trouble(some, type + " by code");
    if (ignored)
        co_return fails("code is ignored: a code that does not exist finds resources", std::move(evidence));
    if (!found)
        co_return fails("a code that was seen is not found", std::move(evidence));
    co_return works(type + " by code finds what it should and nothing else", std::move(evidence));
}

asio::awaitable<outcome> by_id(bench& b) {
    const std::string type = b.walk_type;
    const sample s = b.samples[type];
    if (s.first_id.empty())
        co_return untested("no resource was seen");
    const reply r = co_await b.get(type + '/' + s.first_id);
    const auto* can = claimed(b, type);
    const bool good = r.ok() && r.type() == type && r.tree["id"].text() == s.first_id;
    b.claim(type + " read", can && can->read, good, r.shown);
    if (!good)
        co_return b.trouble(r, "a resource that a search listed cannot be read");
    if (r.answer->headers["ETag"].empty() && r.tree["meta"]["versionId"].text().empty())
        co_return limited("resources carry no version: a repeated and a corrected result look alike until lastUpdated is compared",
                          {r.shown});
    co_return works("a resource that a search listed can be read, with its version", {r.shown});
}

asio::awaitable<outcome> strict(bench& b) {
    fhir_request q;
    q.path = b.walk_type + "?trialgate-no-such-parameter=x&_count=1";
    q.headers.add("Prefer", "handling=strict");
    const reply r = co_await b.ask(std::move(q));
    if (r.error)
        co_return b.trouble(r, "an unknown parameter");
    if (r.status() >= 400 && r.status() < 500)
        co_return works("an unknown parameter is refused when asked to be strict", {r.shown});
    if (r.bundle())
        co_return limited("an unknown parameter is ignored even when asked to be strict: only results tell what was honoured", {r.shown});
    co_return b.trouble(r, "an unknown parameter");
}

// ---- _lastUpdated -------------------------------------------------------------------------------------------------------------

asio::awaitable<outcome> updated_filter(bench& b) {
    const std::string type = b.walk_type;
    const reply r = co_await b.get(
        fhir::query(type).add("_lastUpdated", "ge" + fhir::instant_text(b.started + 24 * hour_ms)).add("_count", "2").text());
    const auto* can = claimed(b, type);
    const std::size_t found = entries_of(r.tree).size();
    b.claim(type + " search by _lastUpdated", can && can->has_parameter("_lastUpdated"), (r.bundle() && found == 0) || r.undecided(),
            found ? "resources from before the asked time come back" : r.shown);
    if (!r.bundle())
        co_return b.trouble(r, "search by _lastUpdated");
    if (found)
        co_return fails("_lastUpdated is ignored: a search for what changes tomorrow finds resources; each poll would read everything",
                        {r.shown});
    co_return works("a search for what changes tomorrow finds nothing", {r.shown});
}

asio::awaitable<outcome> updated_exact(bench& b) {
    const std::string type = b.walk_type, newest = b.samples[type].newest;
    if (newest.empty())
        co_return untested("no resource with meta.lastUpdated was seen");
    const reply r = co_await b.get(fhir::query(type).add("_lastUpdated", "ge" + newest).add("_count", "2").text());
    if (!r.bundle())
        co_return b.trouble(r, "_lastUpdated with a fraction of a second");
    if (entries_of(r.tree).empty())
        co_return fails("a resource is not found by its own meta.lastUpdated: what changes within a second or a zone is missed", {r.shown});
    co_return works("a resource is found by its own meta.lastUpdated", {r.shown});
}

asio::awaitable<outcome> updated_meta(bench& b) {
    std::vector<std::string> without;
    std::size_t with = 0;
    for (const auto& [type, s] : b.samples)
        if (s.entries) {
            if (s.newest.empty())
                without.push_back(type);
            else
                ++with;
        }
    std::string names;
    for (const std::string& t : without)
        names += (names.empty() ? "" : ", ") + t;
    if (!without.empty())
        co_return limited("resources without meta.lastUpdated: " + names + "; older and newer cannot be told apart");
    co_return works("resources of " + std::to_string(with) + " types carry meta.lastUpdated");
}

asio::awaitable<outcome> updated_sort(bench& b) {
    const reply r = co_await b.get(b.walk_type + "?_sort=_lastUpdated&_count=20");
    if (!r.bundle())
        co_return b.trouble(r, "_sort=_lastUpdated");
    std::optional<instant> before;
    std::size_t seen = 0;
    bool ascending = true;
    for (const auto& e : r.tree["entry"].elements())
        if (const auto at = fhir::parse_instant(e["resource"]["meta"]["lastUpdated"].text())) {
            ascending = ascending && (!before || *before <= *at);
            before = at;
            ++seen;
        }
    if (seen < 2)
        co_return untested("fewer than two resources were seen", {r.shown});
    if (!ascending)
        co_return limited("_sort=_lastUpdated is ignored: a first load that is interrupted begins again", {r.shown});
    co_return works(std::to_string(seen) + " resources come oldest first", {r.shown});
}

} // namespace

std::vector<check> search_checks() {
    const unsigned base = static_cast<unsigned>(need::answer), data = need::answer | need::access | need::samples;
    const unsigned in = need::answer | need::access;
    const char* section = "types and search parameters";
    const char* time = "_lastUpdated and paging";
    return {
        {{"search.types", section, "The types that the trials read can be searched", "search", base}, types},
        {{"search.patient", section, "The history of one patient can be asked for", "patient-history", data}, of_patient},
        {{"search.code", section, "Resources are found by code", "search-by-code", data, false}, by_code},
        {{"search.read", section, "A resource can be read, with its version", "read", data}, by_id},
        {{"search.strict", section, "Unknown parameters are refused when asked to be strict", "", in, false}, strict},
        {{"updated.filter", time, "_lastUpdated is honoured", "incremental", in}, updated_filter},
        {{"updated.exact", time, "_lastUpdated finds what changed at that very instant", "incremental", data}, updated_exact},
        {{"updated.meta", time, "Resources tell when they were changed", "incremental", data}, updated_meta},
        {{"updated.sort", time, "_sort=_lastUpdated is honoured", "", data}, updated_sort},
    };
}

} // namespace trialgate::gateway::probe
