#include "gateway/cli/json_text.hpp"
#include "gateway/cli/report_writer.hpp"

namespace trialgate::gateway {

using namespace mappings;

namespace {

void write_date(json_text& out, const char* key, const std::optional<fhir::date>& d) {
    out.key(key);
    d ? out.string(to_string(*d)) : out.null();
}

void write_notes(json_text& out, const std::vector<shown_note>& notes) {
    out.key("notes").begin_array();
    for (const shown_note& n : notes)
        out.string(n.id);
    out.end_array();
}

void write_criterion(json_text& out, const criterion_report& c) {
    out.begin_object();
    out.key("id").string(c.id);
    out.key("verdict").string(to_code(c.is.is));
    out.key("reason");
    c.is.is == verdict::unknown ? out.string(to_code(c.is.why)) : out.null();
    out.key("explanation").string(c.explanation);
    write_date(out, "changesOn", c.changes_on);
    out.key("needs").begin_array();
    for (const std::string& n : c.needs)
        out.string(n);
    out.end_array();
    write_notes(out, c.notes);
    out.key("evidence").begin_array();
    for (const evidence_item& e : c.evidence) {
        out.begin_object();
        out.key("reference").string(e.reference);
        out.key("version");
        e.version.empty() ? out.null() : out.string(e.version);
        out.key("date");
        e.date.empty() ? out.null() : out.string(e.date);
        out.key("text").string(e.text);
        out.end_object();
    }
    out.end_array();
    out.key("parts").begin_array();
    for (const criterion_report& p : c.parts)
        write_criterion(out, p);
    out.end_array();
    out.end_object();
}

class json_report_writer final : public report_writer {
public:
    explicit json_report_writer(std::FILE* to) : to_(to) {}

    void add(trial_report r) override {
        json_text out;
        out.begin_object();
        out.key("patient").string(r.patient);
        out.key("trial").string(r.trial);
        out.key("protocolVersion").string(r.version);
        out.key("asOf").string(to_string(r.as_of));
        out.key("status");
        r.status ? out.string(to_code(*r.status)) : out.null();
        write_date(out, "changesOn", r.changes_on);
        write_notes(out, r.notes);
        out.key("criteria").begin_array();
        for (const criterion_report& c : r.criteria)
            write_criterion(out, c);
        out.end_array();
        out.end_object();
        std::fwrite(out.text().data(), 1, out.text().size(), to_);
        std::fputc('\n', to_);
    }
    void finish() override {}

private:
    std::FILE* to_;
};

} // namespace

std::unique_ptr<report_writer> make_json_writer(std::FILE* to) { return std::make_unique<json_report_writer>(to); }

} // namespace trialgate::gateway
