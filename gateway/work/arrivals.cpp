#include "gateway/work/arrivals.hpp"

#include "fhir/search.hpp"
#include "mappings/engine/coded.hpp"

#include <algorithm>

namespace trialgate::gateway {

using mappings::record;

namespace {

constexpr std::size_t most_quarantined_bytes = std::size_t{1} << 20;

std::string_view header_of(std::string_view lines, std::string_view name) {
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n');
        const std::string_view line = lines.substr(0, end);
        if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
            std::string_view value = line.substr(name.size() + 1);
            value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
            return value;
        }
        lines = end == lines.npos ? std::string_view() : lines.substr(end + 1);
    }
    return {};
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

/// "Patient/p1" out of the subject of a resource that nobody reads.
std::string subject_of(fhir::json::value v) {
    for (const char* name : {"subject", "patient", "individual"})
        if (const auto literal = v[name]["reference"]; literal.is_string())
            return mappings::patient_key(fhir::parse_reference(literal.text()));
    return {};
}

} // namespace

arrival_reader::arrival_reader(std::shared_ptr<const mappings::network> net, const fhir::time_zone& site)
    : net_(std::move(net)), wanted_(interest_of(*net_)),
      reader_(*net_, site, *this, [this](input_problem p) { unreadable(p.text, p.path, p.part); }, {}) {
    reader_.follow();
}

arrival_reader::~arrival_reader() = default;

arrived arrival_reader::read(const journal_row& row, std::uint64_t& order) {
    out_ = {};
    aliases_.clear();
    told_codes_.clear();
    row_ = &row;
    order_ = &order;
    // Of somebody who is considered all local codes are told; of what just happens in a hospital, what nobody reads is not even parsed.
    reader_.thorough(row.channel == part_of_a_history && row.kind == arrival::resource);
    switch (row.kind) {
    case arrival::hook: read_hook(row); break;
    case arrival::resource: reader_.document(row.body, row.source, 1); break;
    case arrival::lines:
        for (std::string_view rest = row.body; !rest.empty();) {
            const std::size_t end = rest.find('\n');
            if (const std::string_view line = rest.substr(0, end); !is_blank(line))
                reader_.document(line, row.source, 1);
            rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
        }
        break;
    case arrival::hydrated: break;
    }
    const auto named = [&](std::string& key) {
        if (const auto found = aliases_.find(key); found != aliases_.end())
            key = found->second;
    };
    for (record& r : out_.records) {
        named(r.subject);
        named(r.medication);
        named(r.specimen);
        if (r.participation)
            named(r.participation->study);
    }
    return std::move(out_);
}

void arrival_reader::read_hook(const journal_row& row) {
    const fhir::notification_request request{row.method, row.tail, header_of(row.headers, "X-Medplum-Deleted-Resource")};
    fhir::json::value body;
    std::string copy;
    if (!is_blank(row.body) && row.method != "DELETE") {
        // What nobody reads is most of what comes: not parsed.
        const fhir::scan::glimpse seen = fhir::scan::look(row.body, wanted_);
        if (seen.found == fhir::scan::finding::irrelevant && request.deleted_resource.empty()) {
            reader_.document(row.body, row.source, 1);
            return;
        }
        copy = row.body;
        auto tree = hook_parser_.parse(std::span<char>(copy.data(), copy.size()));
        if (!tree)
            return unreadable(tree.error().text, tree.error().path, row.body);
        body = *tree;
    }
    fhir::issue_list issues;
    const auto read = fhir::read_notification(request, body, issues);
    if (!read)
        return unreadable(read.error().text, read.error().path, row.body);
    for (const fhir::issue& i : issues.issues)
        if (i.severity_ >= fhir::severity::error)
            unreadable(i.text, i.path, row.body);
    use(*read, row);
}

void arrival_reader::use(const fhir::notification& n, const journal_row& row) {
    out_.nudge = n.kind == fhir::notification_kind::nudge;
    for (const fhir::bundle_entry& e : n.entries) {
        // A deletion that says neither version nor time may have been overtaken by what came after it: the server knows.
        const bool bare = e.deleted && e.target.version.empty() && e.etag.empty() && e.last_modified.empty();
        if (!bare || e.target.type.empty() || e.target.id.empty())
            reader_.entry(e, row.body, row.source);
        else if (!wanted_.never(e.target.type))
            out_.to_fetch.push_back(std::string(e.target.type) + '/' + std::string(e.target.id));
    }
    for (const std::string& reference : n.to_fetch)
        if (!wanted_.never(std::string_view(reference).substr(0, reference.find('/'))))
            out_.to_fetch.push_back(reference);
    out_.nudge |= n.unnamed;
    if (n.relative_numbers)
        return;
    told_numbers numbers;
    numbers.total = n.events_since_start;
    for (const fhir::notified_event& e : n.events)
        if (e.number)
            numbers.events.push_back(*e.number);
    if (!numbers.events.empty() || numbers.total)
        out_.numbers = std::move(numbers);
    else
        out_.nudge |= n.kind == fhir::notification_kind::event && n.events.empty() && n.entries.empty();
}

void arrival_reader::add(record r) {
    r.version.read = ++*order_;
    if (r.empty() && !r.withdrawn) {
        ++out_.irrelevant;
        if (r.id.empty())
            return;
        r.withdrawn = true; // says nothing: takes away what an older version said
    }
    if (r.person && !r.id.empty())
        r.subject = "Patient/" + r.id;
    out_.records.push_back(std::move(r));
}

void arrival_reader::superseded(std::string_view type, std::string_view id, const mappings::version_stamp& stamp, std::string_view text) {
    ++out_.irrelevant;
    // Nothing is older than a first version.
    if (stamp.number == 0 || stamp.number == 1)
        return;
    passed_over p{std::string(type), std::string(id), stamp, {}};
    p.version.read = ++*order_;
    if (const auto tree = subject_parser_.parse_copy(text))
        p.subject = subject_of(*tree);
    out_.passed.push_back(std::move(p));
}

void arrival_reader::alias(std::string_view from, std::string_view to) { aliases_.emplace(from, to); }

void arrival_reader::unmapped(const record& of, std::span<const fhir::coding> codes) {
    if (row_->channel != part_of_a_history || of.subject.empty())
        return;
    for (const fhir::coding& c : codes) {
        // What a proposal could not name is not kept.
        if (c.system.empty() || c.system.size() > local_code::longest_system || c.code.size() > local_code::longest_code)
            continue;
        local_code one{of.type, std::string(c.system), std::string(c.code), std::string(c.display.size() <= local_code::longest_display ? c.display : "")};
        if (told_codes_.insert(of.subject + '\n' + one.type + '\n' + one.system + '\n' + one.code).second)
            out_.codes.emplace_back(mappings::normal_key(of.subject), std::move(one));
    }
}

void arrival_reader::unreadable(const std::string& reason, const std::string& path, std::string_view part) {
    quarantine_item item;
    static_cast<journal_item&>(item.original) = *row_;
    const std::string_view kept = part.empty() ? std::string_view(row_->body) : part;
    item.original.body = std::string(kept.substr(0, most_quarantined_bytes));
    // A part of something larger is replayed as what it is: a resource.
    if (row_->kind != arrival::hook || kept.size() != row_->body.size())
        item.original.kind = arrival::resource;
    item.reason = reason;
    item.path = path;
    out_.unreadable.push_back(std::move(item));
}

} // namespace trialgate::gateway
