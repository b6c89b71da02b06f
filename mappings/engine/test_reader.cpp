#include "mappings/engine/trial_reader.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace json = fhir::json;

namespace {

constexpr std::array<std::string_view, 21> test_names{
    "age",      "sex",    "all",  "any",         "not",       "atLeast",   "score",
    "use",      "prefer", "test", "observation", "condition", "diagnosis", "procedure",
    "exposure", "drug",   "egfr", "change",      "person",    "byVersion", "criteria"};

// Longer than any trial, shorter than a stack.
constexpr int deepest = 40;

std::string_view stem(std::string_view file_name) noexcept {
    const std::size_t slash = file_name.find_last_of("/\\");
    if (slash != std::string_view::npos)
        file_name.remove_prefix(slash + 1);
    return file_name.substr(0, file_name.find('.'));
}

} // namespace

std::optional<criterion> trial_reader::read_test(const node& n, const place& at) {
    if (!n)
        return criterion{};
    const node resolved = resolve(n);
    if (!resolved)
        return criterion{};
    if (!resolved.content.is_object()) {
        wrong_type(resolved, "a test, which is an object");
        return criterion{};
    }
    members m(*this, resolved, "a test");
    auto out = read_members(m, at);
    m.finish();
    return out;
}

std::optional<criterion> trial_reader::read_members(members& m, const place& at) {
    if (depth_ >= deepest) {
        error(
            m.object(), "wrong-type", "tests are nested deeper than " + std::to_string(deepest) + " levels"
        );
        return criterion{};
    }
    ++depth_;
    criterion c;
    place inner = at;
    const node id = m.take("id");
    if (const std::string own = text(id); !own.empty()) {
        c.id = at.prefix.empty() ? own : at.prefix + '/' + own;
        if (own.find('/') != std::string::npos)
            error(id, "wrong-type", "an id holds no '/': it is put below the ids around it");
        else if (!at.ids->insert(c.id).second)
            error(id, "duplicate-id", "the id '" + c.id + "' is given twice");
        inner.prefix = c.id;
    }
    c.text = text(m.take("text"));
    c.needs = text(m.take("needs"));
    const bool kept = read_kind(m, inner, c);
    --depth_;
    if (!kept)
        return std::nullopt;
    return c;
}

bool trial_reader::read_kind(members& m, const place& at, criterion& into) {
    if (m.has("byVersion")) {
        auto chosen = read_by_version(m.take("byVersion"), at);
        if (chosen)
            adopt(into, std::move(*chosen));
        return chosen.has_value();
    }
    if (m.has("age"))
        return read_age(m.take("age"), into);
    if (m.has("sex"))
        return read_sex(m.take("sex"), into);
    if (m.has("all") || m.has("any") || m.has("not"))
        return read_logic(m, at, into);
    if (m.has("score"))
        return read_score(m, at, into);
    if (m.has("atLeast") || m.has("of"))
        return read_count(m, at, into);
    if (m.has("use"))
        return read_use(m, at, into);
    if (m.has("prefer"))
        return read_pair(m, at, into);
    if (m.has("test"))
        return read_nested(m, at, into);
    if (m.has("observation"))
        return read_observation(m.take("observation"), into);
    if (m.has("condition"))
        return read_condition(m.take("condition"), at, into);
    if (m.has("diagnosis"))
        return read_diagnosis(m.take("diagnosis"), into);
    if (m.has("procedure"))
        return read_procedure(m.take("procedure"), into);
    if (m.has("exposure"))
        return read_exposure(m.take("exposure"), into);
    if (m.has("drug"))
        return read_drug(m.take("drug"), into);
    if (m.has("egfr"))
        return read_egfr(m.take("egfr"), into);
    if (m.has("change"))
        return read_change(m.take("change"), into);
    if (m.has("person"))
        return read_person(m, into);
    unknown_test(m);
    return true;
}

void trial_reader::unknown_test(members& m) {
    m.forgive();
    static constexpr std::string_view about[] = {"id",        "text",     "needs",   "weight",
                                                 "decidedBy", "versions", "$comment"};
    for (const json::member& member : m.object().content.members())
        if (std::find(std::begin(about), std::end(about), member.name) == std::end(about)) {
            m.object().file->report(
                problem::level::error, "unknown-test", member,
                "there is no test '" + std::string(member.name) + "'", nearest_hint(member.name, test_names)
            );
            return;
        }
    error(m.object(), "unknown-test", "this object holds no test");
}

std::optional<criterion> trial_reader::read_by_version(const node& branches, const place& at) {
    if (!branches.content.is_object()) {
        wrong_type(branches, "an object with a test for each version");
        return criterion{};
    }
    if (branches.content.size() == 0)
        warn(branches, "unreachable-criterion", "no version of the trial has this criterion");
    std::optional<criterion> kept;
    for (const json::member& m : branches.content.members()) {
        if (std::find(versions_.begin(), versions_.end(), m.name) == versions_.end())
            branches.file->report(
                problem::level::error, "unknown-version", m,
                "the trial has no version '" + std::string(m.name) + "'", nearest_hint(m.name, versions_)
            );
        const node branch{branches.file, m.content, m.content};
        if (m.name == version_) {
            kept = read_test(branch, at);
            continue;
        }
        std::set<std::string> ids = *at.ids;
        place aside = at;
        aside.ids = &ids;
        read_test(branch, aside);
    }
    return kept;
}

void trial_reader::adopt(criterion& into, criterion inner) {
    if (!inner.id.empty() && !into.id.empty()) {
        into.test = logic_test{logic::all};
        into.parts.push_back(std::move(inner));
        return;
    }
    if (into.id.empty())
        into.id = std::move(inner.id);
    if (into.text.empty())
        into.text = std::move(inner.text);
    if (into.needs.empty())
        into.needs = std::move(inner.needs);
    into.test = std::move(inner.test);
    into.parts = std::move(inner.parts);
}

bool trial_reader::read_parts(const node& list, const place& at, criterion& into) {
    if (!list.content.is_array())
        return list ? wrong_type(list, "a list of tests") || true : true;
    if (list.content.size() == 0) {
        error(list, "empty-list", "a list of tests needs at least one");
        return true;
    }
    for (const value& e : list.content.elements())
        if (auto part = read_test({list.file, e, e}, at))
            into.parts.push_back(std::move(*part));
    return !into.parts.empty();
}

bool trial_reader::read_logic(members& m, const place& at, criterion& into) {
    if (m.has("not")) {
        into.test = logic_test{logic::negation};
        auto part = read_test(m.take("not"), at);
        if (part)
            into.parts.push_back(std::move(*part));
        return part.has_value();
    }
    const bool all = m.has("all");
    into.test = logic_test{all ? logic::all : logic::any};
    return read_parts(m.take(all ? "all" : "any"), at, into);
}

bool trial_reader::read_count(members& m, const place& at, criterion& into) {
    count_test test{0};
    const node least = m.need("atLeast");
    test.at_least = whole(least, 1, 1000).value_or(1);
    const bool kept = read_parts(m.need("of"), at, into);
    if (kept && !into.parts.empty() && test.at_least > static_cast<int>(into.parts.size()))
        error(
            least, "impossible-count",
            std::to_string(test.at_least) + " of " + std::to_string(into.parts.size()) + " can never be met"
        );
    into.test = test;
    return kept;
}

bool trial_reader::read_score(members& m, const place& at, criterion& into) {
    score_test test;
    const node least = m.need("atLeast");
    test.at_least = whole(least, 1, 10000).value_or(1);
    const node list = m.take("score");
    if (!list.content.is_array())
        return list ? wrong_type(list, "a list of weighted tests") || true : true;
    if (list.content.size() == 0)
        error(list, "empty-list", "a score needs at least one test");
    int sum = 0;
    for (const value& e : list.content.elements()) {
        const node entry = resolve({list.file, e, e});
        if (!entry.content.is_object()) {
            if (entry)
                wrong_type(entry, "a weighted test, which is an object");
            continue;
        }
        members part(*this, entry, "a weighted test");
        const int weight = whole(part.need("weight"), 1, 1000).value_or(1);
        auto read = read_members(part, at);
        part.finish();
        if (!read)
            continue;
        sum += weight;
        test.weights.push_back(weight);
        into.parts.push_back(std::move(*read));
    }
    if (!into.parts.empty() && test.at_least > sum)
        error(
            least, "impossible-count",
            "the weights sum up to " + std::to_string(sum) + ", so " + std::to_string(test.at_least) +
                " can never be reached"
        );
    into.test = std::move(test);
    return !into.parts.empty() || list.content.size() == 0;
}

bool trial_reader::read_pair(members& m, const place& at, criterion& into) {
    auto first = read_test(m.take("prefer"), at);
    const node over = m.need("over");
    auto second = over ? read_test(over, at) : std::optional<criterion>(criterion{});
    if (!first || !second) {
        if (auto& only = first ? first : second; only)
            adopt(into, std::move(*only));
        return first || second;
    }
    into.test = prefer_test{};
    into.parts.push_back(std::move(*first));
    into.parts.push_back(std::move(*second));
    return true;
}

bool trial_reader::read_nested(members& m, const place& at, criterion& into) {
    auto test = read_test(m.take("test"), at);
    const bool causes = m.has("unless");
    criterion excluding;
    if (causes)
        read_parts(m.take("unless"), at, excluding);
    if (!test)
        return false;
    if (excluding.parts.empty()) {
        adopt(into, std::move(*test));
        return true;
    }
    into.test = unless_test{};
    into.parts.push_back(std::move(*test));
    for (criterion& cause : excluding.parts)
        into.parts.push_back(std::move(cause));
    return true;
}

const json_file* trial_reader::score_file(const node& name) {
    const std::string wanted(name.content.text());
    if (const auto known = score_files_.find(wanted); known != score_files_.end())
        return known->second->root() ? known->second.get() : nullptr;
    nearest_name near(wanted);
    for (const source_file& s : scores_) {
        if (stem(s.name) == wanted) {
            auto& file = score_files_[wanted] = std::make_unique<json_file>(s, problems_);
            return file->root() ? file.get() : nullptr;
        }
        near.consider(stem(s.name));
    }
    error(name, "unknown-score", "there is no score '" + wanted + "'", near.hint());
    return nullptr;
}

bool trial_reader::read_use(members& m, const place& at, criterion& into) {
    const node name = m.take("use");
    if (!name.content.is_string())
        return name ? wrong_type(name, "the name of a score") || true : true;
    const std::string score(name.content.text());
    if (std::find(at.scores.begin(), at.scores.end(), score) != at.scores.end()) {
        error(name, "unknown-score", "the score '" + score + "' uses itself");
        return true;
    }
    const json_file* file = score_file(name);
    if (file == nullptr)
        return true;
    auto read = read_score_file(*file, score, at);
    if (!read)
        return false;
    if (into.id.empty())
        into.id = score;
    if (into.text.empty())
        into.text = std::move(read->text);
    if (into.needs.empty())
        into.needs = std::move(read->needs);
    into.test = std::move(read->test);
    into.parts = std::move(read->parts);
    return true;
}

std::optional<criterion>
trial_reader::read_score_file(const json_file& file, const std::string& name, const place& used_at) {
    const node whole{&file, file.root(), file.root()};
    if (!whole.content.is_object()) {
        wrong_type(whole, "a score, which is an object");
        return criterion{};
    }
    members m(*this, whole, "a score");
    for (const char* known : {"$schema", "id", "title", "description", "identifiers", "sources"})
        m.take(known);
    read_settings(m.take("settings"));

    criterion c;
    c.text = text(m.take("text"));
    if (c.text.empty())
        c.text = std::string(whole.content["title"].text());
    c.needs = text(m.take("needs"));
    std::set<std::string> ids;
    place inside{name, &ids, used_at.scores};
    inside.scores.push_back(name);
    bool kept = true;
    if (m.has("criteria")) {
        const bool counted = m.has("atLeast");
        const node least = m.take("atLeast");
        kept = read_parts(m.take("criteria"), inside, c);
        c.test = logic_test{logic::all};
        if (counted) {
            const int at_least = this->whole(least, 1, 1000).value_or(1);
            c.test = count_test{at_least};
            if (!c.parts.empty() && at_least > static_cast<int>(c.parts.size()))
                error(
                    least, "impossible-count",
                    std::to_string(at_least) + " of " + std::to_string(c.parts.size()) + " can never be met"
                );
        }
    } else {
        kept = read_kind(m, inside, c);
    }
    m.finish();
    if (!kept)
        return std::nullopt;
    return c;
}

bool trial_reader::read_person(members& m, criterion& into) {
    const node n = m.take("person");
    members person(*this, n, "a person test");
    if (!n.content.is_object())
        return true;
    const std::string question = text(person.need("question"));
    if (into.text.empty())
        into.text = question;
    if (into.needs.empty())
        into.needs = question;
    person_test test;
    if (const node answer = person.take("concept")) {
        std::vector<concept_id> found;
        add_concept(answer, found);
        if (!found.empty())
            test.answer = found.front();
    }
    person.finish();
    into.test = test;
    return true;
}

} // namespace trialgate::mappings
