// The handlers of the page's API on a real store with what the worker made of it; no listener, no session.
#pragma once

#include "gateway/page/api.hpp"
#include "mappings/followup/watch.hpp"
#include "tests/work/work_bench.hpp"

namespace trialgate::tests {

/// Every route of the API that is behind a session, by all its parts.
inline std::vector<api_route> all_routes() {
    std::vector<api_route> out;
    for (auto part : {worklist_routes, patient_routes, followup_routes, operations_routes, audit_routes, judgement_routes})
        for (api_route& r : part())
            out.push_back(std::move(r));
    return out;
}

inline std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> out;
    while (!path.empty()) {
        const auto end = std::min(path.find('/', 1), path.size());
        out.emplace_back(path.substr(1, end - 1));
        path.remove_prefix(end);
    }
    return out;
}

struct answer {
    int status = 0;
    std::string body;
    audit_note note;
    std::shared_ptr<fhir::json::parser> parser = std::make_shared<fhir::json::parser>();
    fhir::json::value json; ///< of the body

    fhir::json::value operator[](std::string_view name) const { return json[name]; }
    std::string text(std::string_view name) const { return std::string(json[name].text()); }
    bool has(std::string_view word) const { return body.find(word) != std::string::npos; }
};

struct page_bench : bench {
    std::shared_ptr<manual_clock> time = make_manual_clock(start);
    std::unique_ptr<committer> writer = start_committer(open_sqlite(folder.path().string()), folder.path().string());
    std::unique_ptr<store> reading = open_sqlite(folder.path().string());
    fault_board faults{time, [](const fault_row&, bool) {}};
    gateway_config config;
    visitor who;
    int woken_worker = 0, woken_outbox = 0, told_alerts = 0;
    std::string live;
    seal_standing seals;
    std::function<void(store&, const audit_note&)> trail; ///< as audit_note::write

    page_bench() {
        options.fingerprint = "f1";
        options.after_enrolment.compute = [net = options.net](const mappings::trial& t, const mappings::participant& p, const mappings::patient_data& data,
                                                              fhir::date today) {
            return mappings::watch_participant({t, p, data, net->codes(), today, fhir::time_zone::fixed(0)}, {});
        };
        config.sources = options.sources;
        config.sinks = options.sinks;
        who.id = "local";
        who.name = "Ann";
        who.may.of_trial["*"] = {role::coordinator, role::investigator, role::operator_, role::auditor};
    }
    ~page_bench() { writer->stop(); }

    /// The person of work_bench.hpp, with a history.
    void history(int value = 74) {
        arrive(arrival::hook, diagnosis);
        arrive(arrival::resource, patient);
        arrive(arrival::resource, egfr(value, 1));
        arrive(arrival::hydrated, "Patient/p");
        work();
    }
    void take_part(const std::string& trial = "sle-uc-msc", const char* state = "on-study") {
        participant_row row;
        row.trial = trial;
        row.number = "S-001";
        row.source = "ehr";
        row.patient = "Patient/p";
        row.state = state;
        row.since = *fhir::parse_date("2026-03-02");
        row.anchors = encode_anchors({{"dosing", {row.since}}});
        row.set_by = "user alice";
        now->participant_put(row);
        work();
    }
    /// The hospital finds out that Patient/p is Patient/q.
    void merge() {
        arrive(arrival::hook, R"({"resourceType":"Patient","id":"p","meta":{"versionId":"2"},"active":false,"gender":"female","birthDate":"1990-05-04",
            "link":[{"other":{"reference":"Patient/q"},"type":"replaced-by"}]})");
        work();
        arrive(arrival::resource, R"({"resourceType":"Patient","id":"q","meta":{"versionId":"1"},"gender":"female","birthDate":"1990-05-04"})");
        arrive(arrival::hydrated, "Patient/q");
        work();
    }
    std::string subject(const std::string& key = "Patient/p") const { return pseudonym_of(options.pseudonym_key, "ehr", key); }

    /// As the router calls a handler. `target` is a path with an optional query, nothing of it escaped.
    answer call(const std::string& method, const std::string& target, const std::string& body = {}) {
        time->set(at);
        api_request request{method, {}, {}, body, who};
        const auto mark = target.find('?');
        const auto asked = segments(target.substr(0, mark));
        for (std::string_view rest = mark == target.npos ? std::string_view() : std::string_view(target).substr(mark + 1); !rest.empty();) {
            const auto end = std::min(rest.find('&'), rest.size());
            const std::string_view one = rest.substr(0, end);
            const auto is = std::min(one.find('='), one.size());
            request.query.emplace(one.substr(0, is), one.substr(std::min(is + 1, one.size())));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        for (const api_route& route : all_routes()) {
            request.path.clear();
            if (route.method == method && fits(segments(route.pattern), asked, request))
                return handled(route, request);
        }
        throw std::logic_error("no such route: " + target);
    }
    answer get(const std::string& target) { return call("GET", target); }
    answer post(const std::string& target, const std::string& body = "{}") { return call("POST", target, body); }
    std::string person_path(const std::string& trial = "sle-uc-msc") const { return "/api/v1/trials/" + trial + "/people/" + subject(); }

private:
    static bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& asked, api_request& into) {
        if (pattern.size() != asked.size())
            return false;
        for (std::size_t n = 0; n < pattern.size(); ++n)
            if (pattern[n].starts_with('{'))
                into.path.insert_or_assign(pattern[n].substr(1, pattern[n].size() - 2), asked[n]);
            else if (pattern[n] != asked[n])
                return false;
        return true;
    }

    answer handled(const api_route& route, const api_request& request) {
        const auto setting = std::make_shared<const page_setting>(
            page_setting{std::make_shared<const gateway_config>(config), options.net, options, options.site, options.fingerprint});
        const api_ground ground{*reading, *writer, *time, faults, setting, [this] { ++woken_worker; }, [this] { ++woken_outbox; },
                                [this] { ++told_alerts; }, [this](std::string_view) { return live; }, seals,
                                [this](http_response& of, std::function<std::string(store&)> next) {
                                    for (std::string piece = next(*reading); !piece.empty(); piece = next(*reading))
                                        of.body += piece;
                                }};
        answer out;
        out.note.action = route.audited;
        out.note.write = trail;
        try {
            const http_response r = route.handle(request, ground, out.note);
            out.status = r.status;
            out.body = r.body;
        } catch (const api_error& e) {
            out.status = e.status();
            out.body = R"({"error":)" + fhir::json::quote(e.what()) + '}';
        }
        if (out.status != 204) {
            const auto tree = out.parser->parse_copy(out.body);
            REQUIRE(tree.has_value());
            out.json = *tree;
        }
        return out;
    }
};

} // namespace trialgate::tests
