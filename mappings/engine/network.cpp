#include "mappings/engine/network.hpp"

#include <algorithm>
#include <unordered_map>

namespace trialgate::mappings {

namespace {

/// Spells a test as a string that is equal for equal tests: the key by which nodes are shared.
class speller {
public:
    std::string key;

    void add(std::int64_t n) { key.append(std::to_string(n)).push_back(','); }
    void add(concept_id c) { add(static_cast<std::int64_t>(c)); }
    void add(bool b) { key.push_back(b ? 't' : 'f'); }
    void add(const fhir::decimal& d) { // 8.20 and 8.2 are the same limit
        std::int64_t m = d.mantissa;
        std::int64_t e = d.exponent;
        for (; m != 0 && m % 10 == 0; m /= 10)
            ++e;
        add(m);
        add(m == 0 ? 0 : e);
    }
    void add(const window& w) {
        add(std::int64_t{w.months});
        add(std::int64_t{w.days});
    }
    void add(double d) { key.append(std::to_string(d)).push_back(','); }
    template <class T>
    void add(const std::optional<T>& o) {
        add(o.has_value());
        if (o)
            add(*o);
    }
    template <class A, class B>
    void add(const std::pair<A, B>& p) {
        add(p.first);
        add(p.second);
    }
    template <class T>
    void add(const std::vector<T>& list) {
        key.push_back('[');
        for (const T& item : list)
            add(item);
        key.push_back(']');
    }
    void add(int n) { add(std::int64_t{n}); }
    void add(const coincidence& c) { all(c.with, c.days_before, c.days_after, int(c.what), int(c.raised)); }
    void add(const limit_test& t) { all(int(t.op), t.limit, t.unsure_from); }
    void add(const range_test& t) { all(t.below, t.times, t.times_by_immunoassay); }
    void add(const finding_test& t) { add(int(t.wanted)); }

    void operator()(const age_test& t) { all(t.min, t.max); }
    void operator()(const sex_test& t) { add(int(t.wanted)); }
    void operator()(const logic_test& t) { add(int(t.op)); }
    void operator()(const count_test& t) { add(t.at_least); }
    void operator()(const score_test& t) { all(t.weights, t.at_least); }
    void operator()(const prefer_test&) {}
    void operator()(const unless_test&) {}
    void operator()(const observation_test& t) {
        add(t.concepts);
        add(std::int64_t(t.test.index()));
        std::visit([this](const auto& v) { add(v); }, t.test);
        all(t.within, t.latest, t.occasions, t.gap_days, t.disproves, t.coincides);
    }
    void operator()(const condition_test& t) { all(t.counts, t.supports, t.causes, t.within, t.current, int(t.kind)); }
    void operator()(const diagnosis_test& t) { all(t.include, t.review, t.exclude, t.encounter_days); }
    void operator()(const procedure_test& t) { all(t.concepts, t.within); }
    void operator()(const exposure_test& t) {
        all(t.drugs, t.max_gap, t.at_least_days, t.short_course_drugs, t.short_course_days, t.other_drugs, t.stable_dose_days,
            t.history_complete);
    }
    void operator()(const drug_test& t) { all(t.drugs, t.within); }
    void operator()(const egfr_test& t) {
        all(t.limit, t.within, t.reported, t.old_formula, t.race_pairs, t.creatinine, t.cystatin_c, t.borderline_low,
            t.borderline_high, t.persistent_days);
    }
    void operator()(const change_test& t) { all(t.concepts, t.factor, t.within_days, int(t.way), t.lookback); }
    void operator()(const person_test& t) { add(t.answer); }

private:
    template <class... T>
    void all(const T&... values) {
        (add(values), ...);
    }
};

template <class... Lists>
std::vector<concept_id> join(const Lists&... lists) {
    std::vector<concept_id> out;
    (out.insert(out.end(), lists.begin(), lists.end()), ...);
    return out;
}

} // namespace

std::vector<concept_id> concepts_of(const test_kind& test) {
    struct visitor {
        std::vector<concept_id> operator()(const observation_test& t) const {
            std::vector<concept_id> out = t.concepts;
            for (const coincidence& c : t.coincides)
                out.insert(out.end(), c.with.begin(), c.with.end());
            return out;
        }
        std::vector<concept_id> operator()(const condition_test& t) const { return join(t.counts, t.supports, t.causes); }
        std::vector<concept_id> operator()(const diagnosis_test& t) const { return join(t.include, t.review, t.exclude); }
        std::vector<concept_id> operator()(const procedure_test& t) const { return t.concepts; }
        std::vector<concept_id> operator()(const exposure_test& t) const {
            std::vector<concept_id> out = join(t.other_drugs, t.short_course_drugs);
            for (const auto& drug : t.drugs)
                out.insert(out.end(), drug.begin(), drug.end());
            return out;
        }
        std::vector<concept_id> operator()(const drug_test& t) const { return t.drugs; }
        std::vector<concept_id> operator()(const egfr_test& t) const {
            std::vector<concept_id> out = join(t.creatinine, t.cystatin_c);
            for (const auto& rank : t.reported)
                out.insert(out.end(), rank.begin(), rank.end());
            for (const auto& [left, right] : t.race_pairs) {
                out.push_back(left);
                out.push_back(right);
            }
            return out;
        }
        std::vector<concept_id> operator()(const change_test& t) const { return t.concepts; }
        std::vector<concept_id> operator()(const person_test& t) const {
            return t.answer == concept_id::none ? std::vector<concept_id>{} : std::vector{t.answer};
        }
        std::vector<concept_id> operator()(const age_test&) const { return {}; }
        std::vector<concept_id> operator()(const sex_test&) const { return {}; }
        std::vector<concept_id> operator()(const logic_test&) const { return {}; }
        std::vector<concept_id> operator()(const count_test&) const { return {}; }
        std::vector<concept_id> operator()(const score_test&) const { return {}; }
        std::vector<concept_id> operator()(const prefer_test&) const { return {}; }
        std::vector<concept_id> operator()(const unless_test&) const { return {}; }
    };
    std::vector<concept_id> out = std::visit(visitor{}, test);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

namespace {

void add_concepts(const criterion& c, std::vector<concept_id>& to) {
    const std::vector<concept_id> own = concepts_of(c.test);
    to.insert(to.end(), own.begin(), own.end());
    for (const criterion& part : c.parts)
        add_concepts(part, to);
}

} // namespace

std::vector<concept_id> concepts_of(const safety_plan& plan) {
    std::vector<concept_id> out = concepts_of(std::span<const safety_signal>(plan.signals));
    if (plan.grading) {
        const std::vector<concept_id> graded = concepts_of(*plan.grading);
        out.insert(out.end(), graded.begin(), graded.end());
    }
    for (const safety_rule& r : plan.rules)
        add_concepts(r.when, out);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

class compiler {
public:
    explicit compiler(std::shared_ptr<const catalog> codes) : net_(std::make_shared<network>()) {
        net_->codes_ = std::move(codes);
        net_->readers_.resize(net_->codes_->size());
        net_->considering_.resize(net_->codes_->size());
        net_->derives_.resize(net_->codes_->size());
        net_->watched_.resize(net_->codes_->size());
        for (const analyte& a : net_->codes_->analytes())
            if (a.derived) {
                net_->derives_[static_cast<std::size_t>(a.derived->left)] = true;
                net_->derives_[static_cast<std::size_t>(a.derived->right)] = true;
            }
    }

    void add(std::shared_ptr<const trial> source) {
        compiled_trial out;
        out.source = std::move(source);
        for (const trial::top& top : out.source->criteria)
            out.criteria.push_back(place(top.root, out.nodes));
        for (const trial_note& n : out.source->notes)
            if (n.when)
                out.notes.push_back({&n, place(*n.when, out.nodes).node_});
        std::sort(out.nodes.begin(), out.nodes.end());
        out.nodes.erase(std::unique(out.nodes.begin(), out.nodes.end()), out.nodes.end());
        const auto index = static_cast<trial_index>(net_->trials_.size());
        for (concept_id c : out.source->consider)
            net_->considering_[static_cast<std::size_t>(c)].push_back(index);
        if (out.source->safety)
            for (concept_id c : concepts_of(*out.source->safety))
                net_->watched_[static_cast<std::size_t>(c)] = true;
        for (const visit& v : out.source->visits)
            if (v.done)
                watch(*v.done);
        net_->trials_.push_back(std::move(out));
    }

    std::shared_ptr<const network> finish() {
        for (auto* types : {&net_->encounter_types_, &net_->appointment_types_}) {
            std::sort(types->begin(), types->end());
            types->erase(std::unique(types->begin(), types->end()), types->end());
        }
        return std::move(net_);
    }

private:
    void watch(const visit_evidence& done) {
        const auto mark = [this](std::span<const concept_id> concepts) {
            for (const concept_id c : concepts)
                net_->watched_[static_cast<std::size_t>(c)] = true;
        };
        mark(done.procedures);
        for (const required_result& r : done.results)
            for (const required_result::part& p : r.parts)
                mark(p.concepts);
        const auto keep = [](const std::optional<visit_evidence::meetings>& from, std::vector<std::string>& to) {
            if (from)
                to.insert(to.end(), from->types.begin(), from->types.end());
        };
        keep(done.encounter, net_->encounter_types_);
        keep(done.appointment, net_->appointment_types_);
    }

    placed_criterion place(const criterion& c, std::vector<node_id>& used) {
        placed_criterion out{&c, 0, {}};
        speller spelled;
        spelled.add(std::int64_t(c.test.index()));
        std::visit(spelled, c.test);
        spelled.key.push_back('|');
        for (const criterion& part : c.parts) {
            out.parts.push_back(place(part, used));
            spelled.add(std::int64_t{out.parts.back().node_});
        }
        auto [found, fresh] = by_key_.try_emplace(std::move(spelled.key), static_cast<node_id>(net_->nodes_.size()));
        out.node_ = found->second;
        used.push_back(out.node_);
        if (fresh)
            make(c, out);
        return out;
    }

    void make(const criterion& c, const placed_criterion& placed) {
        node n;
        n.test = c.test;
        n.reads_person = std::holds_alternative<age_test>(c.test) || std::holds_alternative<sex_test>(c.test) ||
                         std::holds_alternative<egfr_test>(c.test);
        for (const placed_criterion& part : placed.parts) {
            n.parts.push_back(part.node_);
            auto& parents = net_->nodes_[part.node_].parents;
            if (parents.empty() || parents.back() != placed.node_)
                parents.push_back(placed.node_);
        }
        if (n.reads_person)
            net_->person_readers_.push_back(placed.node_);
        for (concept_id read : concepts_of(c.test))
            net_->readers_[static_cast<std::size_t>(read)].push_back(placed.node_);
        net_->nodes_.push_back(std::move(n));
    }

    std::shared_ptr<network> net_;
    std::unordered_map<std::string, node_id> by_key_;
};

std::shared_ptr<const network> network::compile(std::span<const std::shared_ptr<const trial>> trials,
                                                std::shared_ptr<const catalog> codes) {
    compiler c(std::move(codes));
    for (const auto& t : trials)
        c.add(t);
    return c.finish();
}

std::span<const node_id> network::readers(concept_id c) const noexcept {
    return readers_[static_cast<std::size_t>(c)];
}

std::span<const trial_index> network::considering(concept_id c) const noexcept {
    return considering_[static_cast<std::size_t>(c)];
}

bool network::reads(concept_id c) const noexcept {
    const auto at = static_cast<std::size_t>(c);
    return c != concept_id::none && (!readers_[at].empty() || !considering_[at].empty() || derives_[at]);
}

bool network::reads(std::string_view resource_type, const meeting_data& meeting) const noexcept {
    const auto& known = resource_type == "Encounter" ? encounter_types_ : appointment_types_;
    return std::any_of(meeting.types.begin(), meeting.types.end(), [&](const std::string& t) {
        return std::binary_search(known.begin(), known.end(), t);
    });
}

} // namespace trialgate::mappings
