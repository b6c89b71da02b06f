#include "gateway/intake/bulk.hpp"

#include "fhir/instant.hpp"
#include "fhir/search.hpp"

#include <algorithm>
#include <charconv>

namespace trialgate::gateway::pull {

namespace {

unsigned number(std::string_view text) noexcept {
    unsigned out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

/// The text up to the next `end`, which is taken away too.
std::string_view cut(std::string_view& rest, char end) noexcept {
    const auto at = rest.find(end);
    const std::string_view out = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return out;
}

bool add_files(fhir::json::value list, const char* kind, const std::string& asked, bulk_state& into) {
    for (const fhir::json::value f : list.elements()) {
        for (const char* member : {"url", "continuesInFile"}) { // v3: the rest of a file may stand in another one
            const std::string_view url = f[member].text();
            if (url.empty() && std::string_view(member) == "url")
                return false;
            const std::string whole = url.empty() ? std::string() : fhir::resolve_url(url, asked);
            const auto same = [&](const bulk_file& b) { return b.url == whole; };
            if (!whole.empty() && std::none_of(into.files.begin(), into.files.end(), same))
                into.files.push_back({kind, whole});
        }
    }
    return true;
}

} // namespace

std::string bulk_state::to_text() const {
    if (at == phase::done)
        return "done";
    std::string out = at == phase::files ? "files" : at == phase::waiting ? "waiting" : "none";
    out += "\njobs " + std::to_string(jobs) + "\nstatus " + status_url + "\ntime " + time + "\ntoken " + (token ? "1" : "0") + "\nnext " +
           std::to_string(next);
    for (const bulk_file& f : files)
        out += '\n' + f.kind + ' ' + f.url;
    return out;
}

bulk_state bulk_state::parse(std::string_view text) {
    bulk_state out;
    const std::string_view name = cut(text, '\n');
    out.at = name == "done" ? phase::done : name == "files" ? phase::files : name == "waiting" ? phase::waiting : phase::none;
    while (!text.empty()) {
        std::string_view line = cut(text, '\n');
        const std::string_view what = cut(line, ' ');
        if (what == "jobs")
            out.jobs = number(line);
        else if (what == "status")
            out.status_url = line;
        else if (what == "time")
            out.time = line;
        else if (what == "token")
            out.token = line == "1";
        else if (what == "next")
            out.next = number(line);
        else if (what == "output" || what == "deleted" || what == "error")
            out.files.push_back({std::string(what), std::string(line)});
    }
    if (out.status_url.empty() && out.at != phase::done)
        out.at = phase::none;
    return out;
}

bool read_manifest(std::string_view body, const std::string& asked, bulk_state& into, std::string& next) {
    next.clear();
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(body);
    if (!tree || !tree->is_object() || !(*tree)["output"].is_array())
        return false;
    const fhir::json::value m = *tree;
    if (const std::string_view time = m["transactionTime"].text(); !time.empty() && into.time.empty()) {
        if (!fhir::parse_instant(time))
            return false;
        into.time = time;
    }
    // A URL that would break the lines of the state is none.
    if (m["requiresAccessToken"].is_boolean())
        into.token = m["requiresAccessToken"].as_bool();
    const bool readable = add_files(m["output"], "output", asked, into) && add_files(m["deleted"], "deleted", asked, into) &&
                          add_files(m["error"], "error", asked, into) && add_files(m["outcome"], "error", asked, into);
    const auto breaks = [](const bulk_file& f) { return f.url.find_first_of("\r\n ") != std::string::npos; };
    if (!readable || into.time.empty() || std::any_of(into.files.begin(), into.files.end(), breaks))
        return false;
    for (const fhir::json::value link : m["link"].elements())
        if (link["relation"].text() == "next" && !link["url"].text().empty())
            next = fhir::resolve_url(link["url"].text(), asked);
    return true;
}

void line_cutter::add(std::string_view bytes) {
    static constexpr std::string_view mark = "\xEF\xBB\xBF"; // byte order mark
    if (!begun_ && bytes.starts_with(mark))
        bytes.remove_prefix(mark.size());
    begun_ = begun_ || !bytes.empty();
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        const bool ends = end != std::string_view::npos;
        const std::string_view part = bytes.substr(0, ends ? end + 1 : end);
        bytes.remove_prefix(part.size());
        if (!skipping_ && waiting_.size() - whole_ + part.size() > longest_) {
            waiting_.resize(whole_);
            skipping_ = true;
            ++too_long_;
        }
        if (!skipping_)
            waiting_.append(part);
        if (ends) {
            lines_ += skipping_ || waiting_.size() - whole_ <= 2 ? 0 : 1; // "\r\n" is no line
            whole_ = waiting_.size();
            skipping_ = false;
        }
    }
}

std::string line_cutter::take() {
    if (whole_ < piece_)
        return {};
    // Not more than a piece, unless the first line alone is longer.
    auto end = waiting_.rfind('\n', piece_ - 1);
    if (end == std::string::npos)
        end = waiting_.find('\n');
    std::string out = waiting_.substr(0, end + 1);
    waiting_.erase(0, end + 1);
    whole_ -= end + 1;
    return out;
}

std::string line_cutter::rest() {
    if (!skipping_ && waiting_.size() > whole_)
        ++lines_;
    whole_ = 0;
    return std::exchange(waiting_, {});
}

} // namespace trialgate::gateway::pull
