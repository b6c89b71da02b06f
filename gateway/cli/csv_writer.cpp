#include "gateway/cli/report_writer.hpp"


namespace trialgate::gateway {

using namespace mappings;

namespace {

/// RFC 4180 quoting. A cell that a spreadsheet would take for a formula gets an apostrophe: results are other people's text.
std::string cell(std::string_view text) {
    std::string out = "\"";
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
        out += '\'';
    for (char c : text) {
        if (c == '"')
            out += '"';
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return out + '"';
}

template <class List, class Get>
std::string joined(const List& list, Get get) {
    std::string out;
    for (const auto& item : list)
        out += (out.empty() ? "" : "; ") + std::string(get(item));
    return out;
}

/// One row a patient, trial and criterion: what a spreadsheet can filter.
class csv_report_writer final : public report_writer {
public:
    explicit csv_report_writer(std::FILE* to) : to_(to) {
        // The byte order mark makes the usual spreadsheet read UTF-8.
        std::fputs("\xef\xbb\xbfpatient,trial,protocolVersion,asOf,status,statusChangesOn,criterion,verdict,reason,changesOn,explanation,needs,"
                   "notes,evidence\r\n",
                   to_);
    }

    void add(trial_report r) override {
        const auto date_of = [](const std::optional<fhir::date>& d) { return d ? to_string(*d) : std::string{}; };
        const std::string head = cell(r.patient) + ',' + cell(r.trial) + ',' + cell(r.version) + ',' + to_string(r.as_of) + ',' +
                                 std::string(r.status ? to_code(*r.status) : "") + ',' + date_of(r.changes_on) + ',';
        const auto note_id = [](const shown_note& n) { return n.id; };
        std::string rows;
        if (r.criteria.empty() || !r.notes.empty())
            rows += head + ",,,,,," + cell(joined(r.notes, note_id)) + ",\r\n";
        for (const criterion_report& c : r.criteria)
            rows += head + cell(c.id) + ',' + std::string(to_code(c.is.is)) + ',' +
                    std::string(c.is.is == verdict::unknown ? to_code(c.is.why) : "") + ',' + date_of(c.changes_on) + ',' +
                    cell(c.explanation) + ',' + cell(joined(c.needs, [](const std::string& n) { return n; })) + ',' +
                    cell(joined(c.notes, note_id)) + ',' +
                    cell(joined(c.evidence,
                                [](const evidence_item& e) {
                                    return e.reference + (e.version.empty() ? "" : "/_history/" + e.version) + " " + e.date + " " + e.text;
                                })) +
                    "\r\n";
        std::fwrite(rows.data(), 1, rows.size(), to_);
    }
    void finish() override {}

private:
    std::FILE* to_;
};

} // namespace

std::unique_ptr<report_writer> make_csv_writer(std::FILE* to) { return std::make_unique<csv_report_writer>(to); }

} // namespace trialgate::gateway
