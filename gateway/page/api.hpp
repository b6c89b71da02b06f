// The JSON API behind the page: what its parts share. Routes are declared by each part (api_worklist.cpp, api_patient.cpp, ...) and called by the router, which
// has looked at session, role, CSRF token and size before. Handlers run on the page's own thread, one at a time, and may block on the store.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/net/http.hpp"
#include "gateway/page/access.hpp"
#include "gateway/page/seal_check.hpp"
#include "gateway/store/committer.hpp"
#include "gateway/store/faults.hpp"
#include "gateway/work/live_trials.hpp"

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

namespace trialgate::gateway {

/// Who asks.
struct visitor {
    std::string id;      ///< stable: "oidc:ISSUER|SUB" or "local"
    std::string name;    ///< as shown
    std::string address; ///< of the client
    rights may;
    std::set<std::string> revealed; ///< pseudonyms whose identity was revealed in this session
};

/// What belongs to one configuration. A request keeps the one with which it began.
struct page_setting {
    std::shared_ptr<const gateway_config> config;
    std::shared_ptr<const mappings::network> trials;
    worker_options evaluation; ///< options_for_worker
    fhir::time_zone site;
    std::string fingerprint;   ///< of the trials
};

/// What handlers reach.
struct api_ground {
    store& reading;    ///< the page thread's own connection
    committer& writer;
    clock& time;
    fault_board& faults;
    std::shared_ptr<const page_setting> setting;
    /// After a commit: who else has to look. From any thread.
    std::function<void()> wake_worker;  ///< a judgement was made, a journal row was replayed
    std::function<void()> wake_outbox;
    std::function<void()> alerts_changed;
    /// What is known only in memory: per source whether it answers, when it was last heard (epoch ms), as JSON members of one object. For the operations view.
    std::function<std::string(std::string_view source)> live_source;
    seal_standing seals = {}; ///< of the trail
    /// Lets the body of an answer come piece by piece: `next` is called on the API's thread, with others in between, until it gives nothing.
    std::function<void(http_response& of, std::function<std::string(store&)> next)> in_pieces = {};
};

struct api_request {
    std::string method;
    std::map<std::string, std::string, std::less<>> path;  ///< decoded parameters of the pattern: {"trial": "sle-uc-msc"}
    std::map<std::string, std::string, std::less<>> query; ///< decoded
    std::string body;
    const visitor& who;
};

/// What a handler tells of itself for the audit trail; the router writes it, whatever happened.
struct audit_note {
    std::string action;          ///< of the route unless the handler sets another
    std::string trial, subject, detail;
    std::set<std::string> trials = {}; ///< what was shown is of these: a row for each, instead of `trial`
    /// In a transaction: the row of a change. Set by the router.
    std::function<void(store&, const audit_note&)> write = {};
    bool written = false;              ///< by `commit`, with the change
};

/// Ends a request with an error answer {"error": text}. `text` goes to the user: no patient data.
class api_error : public std::runtime_error {
public:
    api_error(int status, const std::string& text) : std::runtime_error(text), status_(status) {}
    int status() const noexcept { return status_; }

private:
    int status_;
};

using api_handler = std::function<http_response(const api_request&, const api_ground&, audit_note&)>;

struct api_route {
    std::string_view method;
    std::string_view pattern;      ///< "/api/v1/trials/{trial}/people/{subject}"; a parameter named `trial` is what the permission is for
    permission needs = permission::any;
    std::string_view audited;      ///< action for the trail; empty: not audited
    api_handler handle;
    bool live = false;             ///< it tells what only the running gateway knows of sources
};

/// 200 with a JSON body.
http_response json_answer(std::string body, int status = 200);
/// The trial of the request; api_error 404 when there is none.
const mappings::compiled_trial& trial_of(const api_request& request, const api_ground& ground);
/// The decision of {trial} and {subject}; api_error 404 when there is none.
decision_row decision_of(const api_request& request, const api_ground& ground);
/// Whether true references of this person may be shown to who asks: the configuration shows identities, or they were revealed.
bool shows_identity(const api_request& request, const api_ground& ground, std::string_view subject);
/// Grows when an alert changes that these rights show; for that of others it stays as it is.
std::int64_t alerts_stamp_of(store& rows, const page_setting& setting, const rights& may);
/// The same of each trial of the setting.
std::map<std::string, std::int64_t> alerts_stamps(store& rows, const page_setting& setting);
/// Today at the site.
fhir::date today_of(const api_ground& ground);

std::vector<api_route> worklist_routes();   ///< trials, worklist, seen
std::vector<api_route> patient_routes();    ///< one person: report, history, timeline, reveal
std::vector<api_route> judgement_routes();  ///< what people decide
std::vector<api_route> followup_routes();   ///< visits, alerts
std::vector<api_route> operations_routes(); ///< sources, quarantine, outbox, subscriptions, faults
std::vector<api_route> audit_routes();      ///< the trail, also as FHIR AuditEvent

} // namespace trialgate::gateway
