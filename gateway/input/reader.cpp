#include "gateway/input/reader.hpp"

#include <algorithm>

namespace trialgate::gateway {

using fhir::issue;
using mappings::record;

namespace {

constexpr int deepest_nesting = 4; ///< Bundles in Bundles
constexpr std::size_t most_unmapped = 10'000;

/// The members of a JSON object that is known to be balanced, as text.
template <class Use>
void each_member(std::string_view object, Use use) {
    // A Bundle without entries has the shape that for_each_entry walks: all members are "head".
    fhir::scan::for_each_entry(object, [&](std::string_view key, std::string_view value) { use(key, value); },
                               [](std::string_view) {});
}

mappings::version_stamp stamp_of(std::string_view version, std::string_view updated, std::uint64_t order) {
    fhir::resource_header header;
    header.version_id = version;
    header.last_updated = updated;
    mappings::version_stamp out = mappings::start_record(header).version;
    out.read = order;
    return out;
}

} // namespace

struct reader::place {
    const std::string& file;
    std::uint64_t first_line;
    std::string_view document; ///< the whole piece, to find lines in
    std::string path;          ///< "entry[3].resource"
    std::string_view part{};   ///< text of the entry or resource being read
};

fhir::scan::interest_set interest_of(const mappings::network& net) {
    static constexpr std::string_view always[] = {"Patient", "Consent", "ResearchSubject", "ResearchStudy", "Specimen",
                                                  "Medication", "Bundle", "QuestionnaireResponse"};
    // Uncoded drugs are recognised by name.
    static constexpr std::string_view words[] = {"MedicationRequest", "MedicationStatement", "MedicationDispense",
                                                 "MedicationAdministration", "MedicationUsage"};
    static constexpr std::string_view never[] = {
        "Account", "ActivityDefinition", "AllergyIntolerance", "AuditEvent", "Basic", "Binary", "CarePlan",
        "CareTeam", "Claim", "ClaimResponse", "Communication", "CommunicationRequest", "Composition", "Coverage", "Device",
        "DocumentReference", "EpisodeOfCare", "ExplanationOfBenefit", "FamilyMemberHistory", "Flag", "Goal",
        "Group", "HealthcareService", "ImagingStudy", "Immunization", "List", "Location", "Media", "NutritionOrder",
        "OperationOutcome", "Organization", "Person", "Practitioner", "PractitionerRole", "Provenance", "Questionnaire",
        "RelatedPerson", "Schedule", "ServiceRequest", "Slot", "SubscriptionStatus", "Subscription", "SupplyDelivery",
        "SupplyRequest", "Task", "VisionPrescription"};
    const auto strings = net.codes().strings();
    fhir::scan::interest_lists lists;
    lists.codes.assign(strings.codes.begin(), strings.codes.end());
    lists.code_prefixes.assign(strings.icd_prefixes.begin(), strings.icd_prefixes.end());
    lists.types.assign(std::begin(always), std::end(always));
    lists.never.assign(std::begin(never), std::end(never));
    // Of Encounters and Appointments only those of a visit's type, and none when no trial knows its visits by them.
    for (const auto& [type, known] : {std::pair{"Encounter", net.encounter_types()}, std::pair{"Appointment", net.appointment_types()}}) {
        if (known.empty())
            lists.never.push_back(type);
        for (const std::string& t : known)
            lists.codes.push_back(std::string_view(t).substr(t.rfind('|') + 1));
    }
    lists.by_words.assign(std::begin(words), std::end(words));
    return fhir::scan::interest_set(lists);
}

reader::reader(const mappings::network& net, const fhir::time_zone& site, record_taker& into,
               std::function<void(input_problem)> problem, std::function<void(input_problem)> doubt)
    : net_(net), into_(into), extraction_{net.codes(), site, {}}, problem_(std::move(problem)), doubt_(std::move(doubt)),
      wanted_(interest_of(net)) {
    extraction_.unmapped = [this](const fhir::coding& c) {
        if (counted_.unmapped.size() < most_unmapped)
            ++counted_.unmapped[std::string(c.system) + '|' + std::string(c.code)];
        unmapped_.push_back(c);
    };
}

reader::~reader() = default;

void reader::file(const std::string& name, const std::function<void(std::uint64_t)>& advance) {
    const auto failed = read_pieces(name, [&](const piece& p) { document(p.text, name == "-" ? "standard input" : name, p.first_line); },
                                    advance);
    if (failed) {
        ++counted_.unreadable;
        problem_(*failed);
    }
}

void reader::document(std::string_view text, const std::string& name, std::uint64_t first_line) {
    const place where{name, first_line, text, ""};
    resource(text, where, 0);
}

void reader::resource(std::string_view text, const place& where, int depth) {
    const fhir::scan::glimpse seen = look(text);
    if (seen.found == fhir::scan::finding::irrelevant) {
        ++counted_.resources;
        return skipped(seen, text);
    }
    if (seen.type == "Bundle" && depth < deepest_nesting)
        return bundle(text, where, depth);
    scratch_.assign(text);
    auto tree = parser_.parse(std::span<char>(scratch_.data(), scratch_.size()));
    if (!tree)
        return broken(where, tree.error(), text);
    // A Bundle whose resourceType does not stand at its head.
    if ((*tree)["resourceType"].text() == "Bundle" && depth < deepest_nesting)
        return bundle(text, where, depth);
    ++counted_.resources;
    parsed(*tree, {}, {where.file, where.first_line, where.document, where.path, text});
}

void reader::bundle(std::string_view text, const place& where, int depth) {
    std::size_t index = 0;
    std::vector<std::string_view> entries;
    bool history = false;
    const bool walked = fhir::scan::for_each_entry(text, [&](std::string_view key, std::string_view value) {
                                                       history |= key == "type" && value == "\"history\"";
                                                   },
                                                   [&](std::string_view e) { entries.push_back(e); });
    if (!walked || !fhir::scan::balanced_length(text)) {
        // Not of the ordinary shape: let the parser say what is wrong; if nothing is, read it entry by entry from the tree.
        std::string copy(text);
        fhir::json::parser own;
        auto tree = own.parse(std::span<char>(copy.data(), copy.size()));
        if (!tree)
            return broken(where, tree.error(), text);
        fhir::issue_list issues;
        for (const fhir::bundle_entry& e : fhir::read_bundle(*tree, issues).entries)
            taken(e, {where.file, where.first_line, where.document, "entry", text});
        return;
    }
    // A history is written newest first; where nothing else tells versions apart, the one read last counts.
    if (history)
        std::reverse(entries.begin(), entries.end());
    for (std::string_view e : entries)
        entry(e, {where.file, where.first_line, where.document,
                  (where.path.empty() ? "" : where.path + '.') + "entry[" + std::to_string(history ? entries.size() - ++index : index++) + "]"},
              depth);
}

void reader::entry(std::string_view text, const place& where, int depth) {
    std::string_view inner;
    bool plain = true; // nothing but a resource and its address: no request or response that may say "deleted"
    each_member(text, [&](std::string_view key, std::string_view value) {
        if (key == "resource")
            inner = value;
        else if (key == "modifierExtension")
            plain = false;
    });
    if (!inner.empty() && plain) {
        const fhir::scan::glimpse seen = look(inner);
        if (seen.found == fhir::scan::finding::irrelevant) {
            ++counted_.resources;
            return skipped(seen, inner);
        }
        if (seen.type == "Bundle" && depth < deepest_nesting)
            return bundle(inner, {where.file, where.first_line, where.document, where.path + ".resource"}, depth + 1);
    }
    // One entry through the reader of Bundles, which knows about deletions in all their spellings.
    static constexpr std::string_view before = R"({"resourceType":"Bundle","type":"history","entry":[)", after = "]}";
    scratch_.assign(before).append(text).append(after);
    auto tree = parser_.parse(std::span<char>(scratch_.data(), scratch_.size()));
    if (!tree) {
        issue why = tree.error();
        why.offset = static_cast<std::uint32_t>(std::max<std::size_t>(why.offset, before.size()) - before.size());
        return broken(where, why, text);
    }
    fhir::issue_list issues;
    const fhir::bundle read = fhir::read_bundle(*tree, issues);
    for (const issue& i : issues.issues)
        if (i.severity_ >= fhir::severity::error) {
            ++counted_.unreadable;
            problem_({where.file, 0, 0, where.path, i.text, text});
        }
    for (const fhir::bundle_entry& e : read.entries)
        taken(e, {where.file, where.first_line, where.document, where.path, text});
}

void reader::entry(const fhir::bundle_entry& e, std::string_view text, const std::string& name) { taken(e, {name, 1, text, "entry", text}); }

void reader::taken(const fhir::bundle_entry& e, const place& where) {
    ++counted_.resources;
    if (e.deleted)
        add(mappings::deletion(e.target, e.etag, e.last_modified), {});
    else if (e.resource)
        parsed(e.resource, e.full_url, where);
}

void reader::parsed(fhir::json::value v, std::string_view full_url, const place& where) {
    ++counted_.read;
    fhir::issue_list issues;
    const fhir::resource read = fhir::read_resource(v, issues);
    bool unusable = false;
    for (const issue& i : issues.issues) {
        const bool fatal = i.severity_ == fhir::severity::fatal;
        if (i.severity_ < fhir::severity::error)
            continue;
        input_problem p{where.file, 0, 0, (where.path.empty() ? "" : where.path + " ") + i.path, i.text, where.part};
        if (where.path.empty()) {
            const auto at = fhir::locate(where.document, i.offset);
            p.line = where.first_line + at.line - 1;
            p.column = at.column;
        }
        if (fatal && !unusable) {
            unusable = true;
            ++counted_.unreadable;
            problem_(std::move(p));
        } else if (!fatal) {
            ++counted_.doubtful;
            if (doubt_)
                doubt_(std::move(p));
        }
    }
    if (unusable)
        return;
    if (std::holds_alternative<std::monostate>(read)) {
        // Of a type that nobody reads; it may still be a newer version of something (never in practice, cheap to honour).
        return;
    }
    unmapped_.clear();
    record r = mappings::extract(read, extraction_);
    if (!unmapped_.empty())
        into_.unmapped(r, unmapped_);
    add(std::move(r), full_url);
}

void reader::add(record r, std::string_view full_url) {
    r.version.read = ++order_;
    if (r.id.empty())
        r.id = std::string(full_url);
    if (full_url.starts_with("urn:"))
        into_.alias(std::string(full_url), r.type + '/' + r.id);
    // Facts that no trial reads are dropped here: data minimisation starts before storage.
    std::erase_if(r.facts, [&](const mappings::fact& f) {
        return !(f.what == mappings::concept_id::none && !r.medication.empty()) && !net_.reads(f.what) && !(follow_ && net_.watches(f.what));
    });
    if (r.meeting && !net_.reads(r.type, *r.meeting)) {
        r.meeting.reset();
        r.withdrawn = true; // it may have been of a visit's type before
    }
    into_.add(std::move(r));
}

fhir::scan::glimpse reader::look(std::string_view text) const noexcept {
    fhir::scan::glimpse seen = fhir::scan::look(text, wanted_);
    if (thorough_ && seen.found == fhir::scan::finding::irrelevant && !wanted_.never(seen.type))
        seen.found = fhir::scan::finding::unsure;
    return seen;
}

void reader::skipped(const fhir::scan::glimpse& seen, std::string_view text) {
    if (!seen.id.empty())
        into_.superseded(seen.type, seen.id, stamp_of(seen.version_id, seen.last_updated, ++order_), text);
}

void reader::broken(const place& where, const issue& why, std::string_view original) {
    ++counted_.unreadable;
    input_problem p{where.file, 0, 0, where.path, why.text, original};
    // `original` lies within the document, so its distance is the offset to add.
    const auto inside = static_cast<std::size_t>(original.data() - where.document.data());
    const auto at = fhir::locate(where.document, inside + why.offset);
    p.line = where.first_line + at.line - 1;
    p.column = at.column;
    problem_(std::move(p));
}

} // namespace trialgate::gateway
