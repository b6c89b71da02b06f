#include "fhir/resources.hpp"

namespace trialgate::fhir {

namespace {

constexpr std::size_t longest_theirs = 200;

// A resource made of nothing but mistakes must not cost a hundred times its own size in issues.
constexpr std::uint32_t most_issues = 1000;

void append_index(std::string& path, int index) {
    path += '[';
    path += std::to_string(index);
    path += ']';
}

void shorten(std::string& theirs) {
    if (theirs.size() <= longest_theirs)
        return;
    std::size_t end = longest_theirs;
    while (end > 0 && (static_cast<unsigned char>(theirs[end]) & 0xC0) == 0x80)
        --end;
    theirs.resize(end);
}

} // namespace

read_context::step::step(read_context& c, std::string_view name, int index) : context_(&c) {
    if (c.path_.capacity() == 0)
        c.path_.reserve(12);
    c.path_.push_back({name, index});
}

read_context::step::~step() { context_->path_.pop_back(); }

void read_context::report(
    severity s, issue_type t, std::string_view child, std::string text, json::value at, std::string theirs
) {
    if (reported_ > most_issues && s != severity::fatal)
        return;
    if (reported_ == most_issues && s != severity::fatal) {
        t = issue_type::too_costly;
        s = severity::error;
        text = "too many issues in this resource; the others are not listed";
        theirs.clear();
    }
    ++reported_;

    issue found;
    found.severity_ = s;
    found.type = t;
    for (const part& p : path_) {
        if (!found.path.empty())
            found.path += '.';
        found.path += p.name;
        if (p.index >= 0)
            append_index(found.path, p.index);
    }
    if (!child.empty()) {
        if (!found.path.empty())
            found.path += '.';
        found.path += child;
    }
    found.text = std::move(text);
    shorten(theirs);
    found.theirs = std::move(theirs);
    found.offset = at.offset();
    sink_->report(std::move(found));
}

} // namespace trialgate::fhir
