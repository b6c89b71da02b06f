// A FHIR server as sink. Every write is: look at what stands there, decide, write over exactly that version. Whatever the outcome of an attempt
// was, also an uncertain one, the next looks again first: so repeating is safe by construction (fhir-protocol.md 6.1).
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/outbox/delivery_fsm.hpp"
#include "gateway/outbox/fhir_shapes.hpp"
#include "gateway/outbox/read_back.hpp"

#include <map>

namespace trialgate::gateway {

using fhir::json::value;

namespace {

constexpr int most_rounds = 4; ///< look, decide, write: once and three more times after conflicts

/// Where a resource of ours is looked for.
struct place {
    std::string type, id;
    std::string search; ///< query that finds it on servers that give ids themselves

    static place of(const shape& s) {
        place out{s.type, s.id, {}};
        if (!s.identifier_system.empty())
            out.search = "identifier=" + fhir::percent_encode(s.identifier_system + '|' + s.identifier_value);
        else if (!s.tags.empty())
            out.search = "_tag=" + fhir::percent_encode(s.tags.front().first + '|' + s.tags.front().second);
        return out;
    }
};

struct found {
    std::optional<delivery_result> failed;
    std::shared_ptr<fhir::json::parser> parser; ///< keeps `resource`
    value resource;                             ///< missing: there is none
    std::string id, etag;
};

/// Given what stands there: what shall; nothing: it stays as it is.
using decision = std::function<std::optional<shape>(value theirs)>;

struct ensured {
    std::optional<delivery_result> failed;
    std::string id; ///< empty: there is no such resource
};

bool json_of(const fhir_answer& answer, found& out) {
    out.parser = std::make_shared<fhir::json::parser>();
    const auto tree = out.parser->parse_copy(answer.body);
    if (!tree || !tree->is_object())
        return false;
    out.resource = *tree;
    return true;
}

delivery_result of_answer(const fhir_answer& answer) {
    found body;
    std::string codes;
    bool transient = false;
    if (!answer.ok() && json_of(answer, body)) {
        codes = fhir::outcome_codes(body.resource);
        transient = fhir::outcome_transient(body.resource);
    }
    delivery_result out = of_status(answer.status, answer.retry_after, codes);
    if (out.what == delivery_result::is::never && transient) {
        out.what = delivery_result::is::later;
        out.because = delivery_result::cause::message;
    }
    return out;
}

delivery_result unreadable() {
    delivery_result out;
    out.why = "unreadable answer";
    return out;
}

/// Among several (a conditional create is not atomic on real servers) the same one is chosen every time: one that a person touched, else the lowest id.
value choose(const std::vector<value>& all) {
    const auto before = [](const value& a, const value& b) {
        const auto rank = [](const value& v) {
            const std::string_view id = v["id"].text();
            const bool person = v["resourceType"].text() == "ResearchSubject" && read_subject(v).by_person;
            return std::tuple(!person, id.size(), id);
        };
        return rank(a) < rank(b);
    };
    return *std::min_element(all.begin(), all.end(), before);
}

class fhir_sink final : public sink {
public:
    fhir_sink(sink_config config, std::unique_ptr<fhir_client> client, std::shared_ptr<clock> time)
        : config_(std::move(config)), client_(std::move(client)), time_(std::move(time)) {
        rules_.r5 = config_.fhir_version.starts_with("5");
        rules_.references = config_.subject == sink_config::identity::reference;
    }

    asio::awaitable<delivery_result> deliver(const message& m) override {
        delivery_result out;
        if (m.kind == "status")
            out = co_await status(m);
        else if (m.kind == "contradiction")
            out = co_await contradiction(m);
        else if (m.kind == "alert")
            out = co_await participant_alert(m);
        else if (m.kind == "fault")
            out.what = delivery_result::is::delivered; // is the operators' business; a study system has no place for it
        else {
            out.what = delivery_result::is::never;
            out.why = "unknown kind";
        }
        if (out.what == delivery_result::is::never)
            studies_.clear(); // perhaps one was deleted
        co_return out;
    }

    asio::awaitable<std::vector<human_decision>> read_back() override {
        if (!config_.read_back)
            co_return std::vector<human_decision>();
        co_return co_await read_people(*client_, people_, time_->now());
    }

private:
    asio::awaitable<delivery_result> status(const message& m) {
        const ensured study = co_await ensure_study(m);
        if (study.failed)
            co_return *study.failed;
        delivery_result out;
        out.what = delivery_result::is::delivered;
        bool stop = false;
        const shape subject = subject_shape(rules_, m, "ResearchStudy/" + study.id);
        decision decide = [&](value theirs) -> std::optional<shape> {
            stop = false;
            if (!theirs)
                return subject;
            const subject_standing there = read_subject(theirs);
            if (there.by_person) {
                out.what = delivery_result::is::overruled;
                out.human = there.status;
                out.human_number = there.given_number;
                out.human_since = there.since;
                out.human_at = there.updated;
            } else if (newer_than(there, m))
                log_info("outbox.late-repetition", {{"sink", config_.name}, {"number", m.number}});
            else
                return subject;
            stop = true;
            return std::nullopt;
        };
        place where = place::of(subject);
        const ensured person = co_await ensure(std::move(where), std::move(decide));
        if (person.failed)
            co_return *person.failed;
        // Somebody decided here and somebody on the page: neither is overwritten, but those who look here are told.
        if (stop && out.what == delivery_result::is::overruled && !m.human.empty() && m.human != out.human) {
            const delivery_result told = co_await contradiction(m);
            if (told.what != delivery_result::is::delivered)
                co_return told;
        }
        if (stop)
            co_return out;
        const std::string reference = "ResearchSubject/" + person.id;
        decision flagged = [&](value theirs) -> std::optional<shape> {
            if (!theirs ? !m.flag : moved_by_person(theirs))
                return std::nullopt;
            return flag_shape(rules_, m, theirs);
        };
        where = place::of(flag_shape(rules_, m, value()));
        const ensured flag = co_await ensure(std::move(where), std::move(flagged));
        if (flag.failed)
            co_return *flag.failed;
        const shape review = task_shape(rules_, m, reference);
        decision asked = [&](value theirs) -> std::optional<shape> {
            if (!theirs ? !m.flag : moved_by_person(theirs))
                return std::nullopt;
            return review;
        };
        where = place::of(review);
        const ensured task = co_await ensure(std::move(where), std::move(asked));
        if (task.failed)
            co_return *task.failed;
        std::vector<std::string> targets{reference};
        if (!flag.id.empty())
            targets.push_back("Flag/" + flag.id);
        shape provenance = provenance_shape(rules_, m, targets);
        const ensured source = co_await create(std::move(provenance));
        co_return source.failed ? *source.failed : out;
    }

    asio::awaitable<delivery_result> contradiction(const message& m) {
        place where = place::of(subject_shape(rules_, m, std::string_view()));
        const found person = co_await look(std::move(where));
        if (person.failed)
            co_return *person.failed;
        std::string reference;
        if (!person.id.empty())
            reference = "ResearchSubject/" + person.id;
        shape task = alert_shape(rules_, m, reference);
        const ensured alert = co_await create(std::move(task));
        if (alert.failed)
            co_return *alert.failed;
        delivery_result out;
        out.what = delivery_result::is::delivered;
        co_return out;
    }

    asio::awaitable<delivery_result> participant_alert(const message& m) {
        place where = place::of(subject_shape(rules_, m, std::string_view()));
        const found person = co_await look(std::move(where));
        if (person.failed)
            co_return *person.failed;
        std::string reference;
        if (!person.id.empty())
            reference = "ResearchSubject/" + person.id;
        const shape alert = alert_resource(rules_, m, reference);
        decision decide = [&](value theirs) -> std::optional<shape> {
            // One that was withdrawn before anybody was told of it is not made.
            if (!theirs ? !m.flag : alert_out_of_reach(theirs, m))
                return std::nullopt;
            return alert;
        };
        where = place::of(alert);
        const ensured written = co_await ensure(std::move(where), std::move(decide));
        if (written.failed)
            co_return *written.failed;
        delivery_result out;
        out.what = delivery_result::is::delivered;
        co_return out;
    }

    asio::awaitable<ensured> ensure_study(const message& m) {
        ensured out;
        const auto known = studies_.find(m.trial);
        if (known != studies_.end()) {
            out.id = known->second;
            co_return out;
        }
        shape study = study_shape(rules_, m);
        out = co_await create(std::move(study));
        if (!out.failed)
            studies_[m.trial] = out.id;
        co_return out;
    }

    /// Makes it unless it is there, and never changes it.
    asio::awaitable<ensured> create(shape what) {
        place where = place::of(what);
        decision decide = [&](value theirs) { return theirs ? std::nullopt : std::optional<shape>(what); };
        co_return co_await ensure(std::move(where), std::move(decide));
    }

    asio::awaitable<ensured> ensure(place where, decision decide) {
        ensured out;
        for (int round = 0; round < most_rounds; ++round) {
            place here = where;
            const found there = co_await look(std::move(here));
            if (there.failed) {
                out.failed = there.failed;
                co_return out;
            }
            out.id = there.id;
            const std::optional<shape> wanted = decide(there.resource);
            if (!wanted || (there.resource && same(*wanted, there.resource)))
                co_return out;
            fhir_request request = request_of(where, *wanted, there);
            const bool put = request.method == "PUT";
            const auto answer = co_await client_->send(std::move(request));
            if (!answer) {
                out.failed = of_error(answer.error());
                co_return out;
            }
            const bool created_elsewhere = !put && answer->status == 200;
            const bool conflict = answer->status == 409 || answer->status == 412 || created_elsewhere;
            if (!conflict && !answer->ok()) {
                out.failed = of_answer(*answer);
                co_return out;
            }
            if (!conflict) {
                if (put)
                    out.id = there.resource ? there.id : where.id;
                else
                    out.id = std::string(fhir::parse_reference(answer->headers["Location"]).id);
                if (!out.id.empty())
                    co_return out;
            } else
                out.failed = of_answer(*answer);
            // Somebody was faster, or the server does not say where it put the resource: look again.
            if (round + 1 < most_rounds)
                out.failed.reset();
        }
        if (!out.failed || out.failed->what == delivery_result::is::delivered) {
            out.failed = delivery_result{};
            out.failed->because = delivery_result::cause::message;
            out.failed->why = "not found after creation";
        }
        co_return out;
    }

    fhir_request request_of(const place& where, const shape& wanted, const found& there) const {
        fhir_request out;
        out.deadline = std::chrono::milliseconds(config_.deadline);
        out.headers.add("Prefer", "return=minimal");
        const bool chosen_id = there.resource || config_.client_ids;
        const std::string& id = there.resource ? there.id : where.id;
        out.method = chosen_id ? "PUT" : "POST";
        out.path = chosen_id ? where.type + '/' + id : where.type;
        out.body = render(wanted, there.resource, chosen_id ? std::string_view(id) : std::string_view());
        if (!there.etag.empty())
            out.headers.add("If-Match", there.etag);
        // A request of a process that was killed meanwhile may still be on its way: it must not overwrite what its successor made.
        if (chosen_id && !there.resource)
            out.headers.add("If-None-Match", "*");
        if (!chosen_id)
            out.headers.add("If-None-Exist", where.search);
        return out;
    }

    asio::awaitable<found> look(place where) {
        fhir_request request;
        request.deadline = std::chrono::milliseconds(config_.deadline);
        request.path = config_.client_ids ? where.type + '/' + where.id : where.type + '?' + where.search + "&_count=20";
        const auto answer = co_await client_->send(std::move(request));
        found out;
        if (!answer)
            out.failed = of_error(answer.error());
        else if (config_.client_ids && (answer->status == 404 || answer->status == 410))
            co_return out;
        else if (!answer->ok())
            out.failed = of_answer(*answer);
        else if (!json_of(*answer, out) || !(config_.client_ids ? out.resource["resourceType"].text() == where.type : pick(where, out)))
            out.failed = unreadable();
        if (out.failed || !out.resource)
            co_return out;
        out.id = out.resource["id"].text();
        out.etag = config_.client_ids ? answer->headers["ETag"] : std::string_view();
        if (const std::string_view version = out.resource["meta"]["versionId"].text(); out.etag.empty() && !version.empty())
            out.etag = "W/\"" + std::string(version) + '"';
        co_return out;
    }

    /// The resource out of a searchset.
    bool pick(const place& where, found& out) const {
        fhir::issue_list ignored;
        const auto page = fhir::read_page(out.resource, ignored);
        if (!page || page->incomplete)
            return false;
        std::vector<value> all;
        for (const fhir::bundle_entry& e : page->content.entries)
            if (e.resource["resourceType"].text() == where.type && !e.resource["id"].text().empty())
                all.push_back(e.resource);
        if (all.size() > 1)
            log_warning("outbox.duplicates", {{"sink", config_.name}, {"type", where.type}, {"found", all.size()}});
        out.resource = all.empty() ? value() : choose(all);
        return true;
    }

    const sink_config config_;
    const std::unique_ptr<fhir_client> client_;
    const std::shared_ptr<clock> time_;
    shape_rules rules_;
    std::map<std::string, std::string> studies_; ///< trial -> id on the server; seen there since the start
    people_seen people_;
};

} // namespace

std::unique_ptr<sink> make_fhir_sink(sink_config config, std::unique_ptr<fhir_client> client, std::shared_ptr<clock> time) {
    return std::make_unique<fhir_sink>(std::move(config), std::move(client), std::move(time));
}

} // namespace trialgate::gateway
