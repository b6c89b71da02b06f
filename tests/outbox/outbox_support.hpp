// Messages, and a FHIR server small enough to see through: versions, ETags, If-Match, conditional creates, searches, and faults on request.
#pragma once

#include "fhir/search.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/outbox/fhir_shapes.hpp"
#include "gateway/outbox/outbox.hpp"
#include "tests/net/scripted_http.hpp"

#include <algorithm>

namespace trialgate::tests {

inline const std::string report_text =
    R"({"patient":"aa11","trial":"t-1","changesOn":"2026-05-22","criteria":[)"
    R"({"id":"renal","needs":["serum creatinine since 2026-01-01"],"evidence":[{"reference":"e1","version":"2","date":"2026-02-20","text":"74 mL/min"}],)"
    R"("parts":[{"id":"renal/a","needs":["serum creatinine since 2026-01-01"],"evidence":[{"reference":"e1","version":"2","text":"74 mL/min"},)"
    R"({"reference":"e2","version":null,"text":""}]}]}]})";

inline message change(std::uint64_t number, std::string status, std::string subject = "aa11", std::string trial = "t-1") {
    message m;
    m.kind = "status";
    m.key = subject + '-' + trial + '-' + std::to_string(number);
    m.occurred = start_of_test + static_cast<instant>(number) * hour_ms;
    m.source = "ehr";
    m.subject = std::move(subject);
    m.patient = "Patient/p1";
    m.patient_url = "https://ehr.example/fhir/Patient/p1";
    m.trial = std::move(trial);
    m.number = number;
    m.status = status;
    m.flag = status == "eligible" || status == "likely" || status == "possible";
    m.subject_status = status == "eligible" ? "eligible" : status == "likely" ? "candidate" : status == "possible" ? "potential-candidate" : "ineligible";
    m.report = report_text;
    return m;
}

class small_fhir_server {
public:
    enum class fault { none, lost, lost_after, unavailable, conflict };
    /// Asked before each request.
    std::function<fault(const fhir_request&)> trouble = [](const fhir_request&) { return fault::none; };
    bool client_ids = true;
    bool identifier_search = true; ///< by system alone
    bool says_where = true;        ///< Location after a create
    std::size_t page_size = 1000;
    std::vector<std::string> asked; ///< "GET Flag/x"
    struct stored {
        std::string text;
        int version = 0;
        instant changed = 0;
    };
    std::map<std::string, stored> all; ///< by "Type/id"
    instant now = start_of_test;

    fhir::json::value at(const std::string& key) {
        const auto found = all.find(key);
        if (found == all.end())
            return {};
        parsers_.push_back(std::make_unique<fhir::json::parser>());
        return *parsers_.back()->parse_copy(found->second.text);
    }
    std::string text(const std::string& key) { return fhir_canonical(at(key)); }
    int versions() const {
        int n = 0;
        for (const auto& [key, s] : all)
            n += s.version;
        return n;
    }
    int count(std::string_view type) const {
        return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const auto& a) { return a.first.starts_with(std::string(type) + '/'); }));
    }
    /// As a person would: read, change, write.
    void edit(const std::string& key, const std::string& from, const std::string& to) {
        std::string changed = all.at(key).text;
        const std::size_t where = changed.find(from);
        REQUIRE(where != std::string::npos);
        put(key, changed.replace(where, from.size(), to));
    }
    std::string key_of(std::string_view type) const {
        for (const auto& [key, s] : all)
            if (key.starts_with(std::string(type) + '/'))
                return key;
        return {};
    }

    net_result<fhir_answer> answer(const fhir_request& r) {
        asked.push_back(r.method + ' ' + r.path.substr(0, r.path.find('?')));
        const fault f = trouble(r);
        if (f == fault::lost)
            return net_error{net_errc::timeout, true, "lost"};
        fhir_answer out = f == fault::unavailable ? error(503, "transient") : f == fault::conflict ? error(409, "conflict") : serve(r);
        if (f == fault::lost_after)
            return net_error{net_errc::timeout, true, "lost"};
        out.date = now;
        return out;
    }

    void put(const std::string& key, const std::string& text) {
        fhir::json::parser parser;
        const auto tree = parser.parse_copy(text);
        REQUIRE(tree.has_value());
        stored& s = all[key];
        ++s.version;
        s.changed = now;
        json_text out;
        out.begin_object();
        out.key("id").string(key.substr(key.find('/') + 1));
        out.key("meta").begin_object().key("versionId").string(std::to_string(s.version)).key("lastUpdated").string(to_text(now));
        for (const fhir::json::member& m : (*tree)["meta"].members())
            if (m.name != "versionId" && m.name != "lastUpdated")
                out.key(m.name).copy(m.content);
        out.end_object();
        for (const fhir::json::member& m : tree->members())
            if (m.name != "id" && m.name != "meta")
                out.key(m.name).copy(m.content);
        s.text = out.end_object().text();
    }

    static fhir_answer error(int status, const char* code) {
        fhir_answer out;
        out.status = status;
        out.body = R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":")" + std::string(code) + R"("}]})";
        return out;
    }

private:
    static std::string fhir_canonical(fhir::json::value v) { return v ? canonical(v) : std::string(); }

    fhir_answer one(const std::string& key, int status) {
        const stored& s = all.at(key);
        fhir_answer out;
        out.status = status;
        out.headers.add("ETag", "W/\"" + std::to_string(s.version) + '"');
        if (status == 201 && says_where)
            out.headers.add("Location", "https://study.example/fhir/" + key + "/_history/" + std::to_string(s.version));
        out.body = status == 200 ? s.text : "";
        return out;
    }

    std::vector<std::string> search(std::string_view type, std::string_view query) {
        std::vector<std::string> out;
        for (const auto& [key, s] : all) {
            if (!key.starts_with(std::string(type) + '/'))
                continue;
            bool fits = true;
            const fhir::json::value v = at(key);
            for (std::string_view rest = query; !rest.empty();) {
                const std::string_view parameter = rest.substr(0, rest.find('&'));
                rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
                const std::string_view name = parameter.substr(0, parameter.find('='));
                const std::string wanted = fhir::percent_decode(parameter.substr(parameter.find('=') + 1));
                const auto token = [&](fhir::json::value list, const char* code) {
                    const auto elements = list.elements();
                    return std::any_of(elements.begin(), elements.end(), [&](const fhir::json::value& e) {
                        const std::string whole = std::string(e["system"].text()) + '|' + std::string(e[code].text());
                        return wanted.ends_with('|') ? whole.starts_with(wanted) : whole == wanted;
                    });
                };
                if (name == "identifier")
                    fits = fits && token(v["identifier"], "value");
                if (name == "_tag")
                    fits = fits && token(v["meta"]["tag"], "code");
                if (name == "_lastUpdated")
                    fits = fits && "ge" + to_text(s.changed) >= wanted;
            }
            if (fits)
                out.push_back(key);
        }
        return out;
    }

    fhir_answer found(const std::vector<std::string>& keys, std::size_t from, const std::string& again) {
        json_text out;
        out.begin_object().key("resourceType").string("Bundle").key("type").string("searchset");
        if (keys.size() > from + page_size) {
            out.key("link").begin_array().begin_object().key("relation").string("next");
            out.key("url").string(again + "&from=" + std::to_string(from + page_size)).end_object().end_array();
        }
        out.key("entry").begin_array();
        for (std::size_t i = from; i < std::min(keys.size(), from + page_size); ++i)
            out.begin_object().key("resource").json(all.at(keys[i]).text).end_object();
        out.end_array().end_object();
        fhir_answer answer;
        answer.status = 200;
        answer.body = out.text();
        answer.url = again;
        return answer;
    }

    fhir_answer serve(const fhir_request& r) {
        std::string path = r.path;
        const std::string base = "https://study.example/fhir/";
        if (path.starts_with(base))
            path.erase(0, base.size());
        const std::size_t mark = path.find('?');
        const std::string key = path.substr(0, mark), query = mark == std::string::npos ? "" : path.substr(mark + 1);
        if (r.method == "GET" && key.find('/') == std::string::npos) {
            if (!identifier_search && query.find("%7C&") != std::string::npos)
                return error(400, "invalid");
            const std::size_t from = query.rfind("from=");
            return found(search(key, query), from == std::string::npos ? 0 : std::stoul(query.substr(from + 5)), base + path);
        }
        if (r.method == "GET")
            return all.count(key) ? one(key, 200) : error(404, "not-found");
        if (r.method == "PUT") {
            const bool there = all.count(key) > 0;
            if (!there && !client_ids)
                return error(405, "not-supported");
            const std::string_view match = r.headers["If-Match"];
            if (!match.empty() && (!there || match != "W/\"" + std::to_string(all[key].version) + '"'))
                return error(412, "conflict");
            if (there && r.headers["If-None-Match"] == "*")
                return error(412, "conflict");
            put(key, r.body);
            return one(key, there ? 200 : 201);
        }
        const std::string_view unless = r.headers["If-None-Exist"];
        const auto matches = unless.empty() ? std::vector<std::string>() : search(key, unless);
        if (matches.size() > 1)
            return error(412, "multiple-matches");
        if (matches.size() == 1)
            return one(matches.front(), 200);
        const std::string made = key + '/' + std::to_string(++last_id_);
        put(made, r.body);
        return one(made, 201);
    }

    int last_id_ = 100;
    std::vector<std::unique_ptr<fhir::json::parser>> parsers_;
};

class client_of_small_server final : public fhir_client {
public:
    explicit client_of_small_server(std::shared_ptr<small_fhir_server> server) : server_(std::move(server)) {}
    asio::awaitable<net_result<fhir_answer>> send(fhir_request request) override {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        co_return server_->answer(request);
    }
    asio::awaitable<net_result<fhir_answer>> stream(std::string, bool, std::chrono::milliseconds,
                                                    std::function<asio::awaitable<bool>(std::string_view)>) override {
        co_return net_error{net_errc::refused, false, "not here"};
    }
    const std::string& base() const noexcept override { return base_; }
    bool same_origin(std::string_view url) const override {
        const auto there = parse_url(url), here = parse_url(base_);
        return !there || (here && there->origin() == here->origin());
    }
    breaker_state breaker() const noexcept override { return breaker_state::closed; }
    unsigned failures() const noexcept override { return 0; }

private:
    const std::string base_ = "https://study.example/fhir";
    std::shared_ptr<small_fhir_server> server_;
};

} // namespace trialgate::tests
