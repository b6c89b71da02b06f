#include "gateway/cli/report_writer.hpp"
#include "gateway/core/terminal.hpp"

#include <algorithm>
#include <map>

namespace trialgate::gateway {

using namespace mappings;

namespace {

style style_of(verdict v) { return v == verdict::met ? style::good : v == verdict::not_met ? style::bad : style::open; }

style style_of(trial_status s) {
    switch (s) {
    case trial_status::eligible:
    case trial_status::likely: return style::good;
    case trial_status::possible: return style::open;
    case trial_status::not_now:
    case trial_status::ineligible: return style::bad;
    }
    return style::plain;
}

std::string_view word(verdict v) { return v == verdict::met ? "met" : v == verdict::not_met ? "not met" : "unknown"; }

std::string_view sentence_of(trial_status s) {
    switch (s) {
    case trial_status::eligible: return "all criteria met";
    case trial_status::likely: return "nothing against it; what the record can decide is met";
    case trial_status::possible: return "nothing against it; something is missing in the record";
    case trial_status::not_now: return "not now: time or a repeated test can change it";
    case trial_status::ineligible: return "a criterion is not met for good";
    }
    return "";
}

std::string version_suffix(const evidence_item& e) { return e.version.empty() ? "" : " v" + e.version; }

bool is_silent(const criterion_report& c) { return c.is.is == verdict::unknown && c.evidence.empty() && c.parts.empty(); }

/// "acr-1997/A1" with the text "Malar rash: fixed redness ..." is "A1 Malar rash".
std::string short_name(const criterion_report& c) {
    return c.id.substr(c.id.rfind('/') + 1) + ' ' + printable(c.text.substr(0, c.text.find(':')));
}

/// Evidence goes up to the whole in the data; people read it once, at the part that rests on it.
bool shown_below(const criterion_report& c, const evidence_item& e) {
    const auto same = [&](const evidence_item& o) { return o.reference == e.reference && o.date == e.date && o.text == e.text; };
    return std::any_of(c.parts.begin(), c.parts.end(), [&](const criterion_report& p) {
        return std::any_of(p.evidence.begin(), p.evidence.end(), same) || shown_below(p, e);
    });
}

/// `above`: the criterion of which this is a part; a note that it shows is only named here.
void write_criterion(
    std::string& out, const criterion_report& c, const criterion_report* above, const painter& paint, unsigned width, std::size_t indent
) {
    const std::string margin(indent, ' ');
    std::string head = margin + paint(style_of(c.is.is), padded(word(c.is.is), 8)) + "  " + paint(style::bold, c.id);
    if (!c.text.empty())
        head += "  " + paint(style::dim, printable(c.text));
    out += head + '\n';
    const std::size_t inner = indent + 10;
    const std::string inset(inner, ' ');
    const auto line = [&](std::string_view label, std::string_view text) {
        const std::string whole = std::string(label) + printable(text);
        out += inset + wrapped(whole, width > inner + 20 ? width - inner : 60, inner + 2) + '\n';
    };
    if (!c.explanation.empty())
        line("", c.explanation);
    if (c.is.is == verdict::unknown)
        line("why unknown: ", to_code(c.is.why));
    for (const std::string& n : c.needs)
        line("needs: ", n);
    if (c.changes_on)
        line("changes on ", to_string(*c.changes_on) + " if nothing new arrives");
    for (const evidence_item& e : c.evidence)
        if (!shown_below(c, e))
            line("- ", e.reference + version_suffix(e) + (e.date.empty() ? ", undated" : ", " + e.date) + ": " + e.text);
    for (const shown_note& n : c.notes) {
        const bool told = above && std::any_of(above->notes.begin(), above->notes.end(), [&](const shown_note& o) { return o.id == n.id; });
        line("note " + n.id, told ? "" : ": " + n.sentence);
    }
    // Items of which nothing is recorded are named in one line: forty "no data" hide the three that matter.
    const bool fold = std::count_if(c.parts.begin(), c.parts.end(), is_silent) >= 3;
    std::string silent;
    for (const criterion_report& p : c.parts)
        if (fold && is_silent(p))
            silent += (silent.empty() ? "" : "; ") + short_name(p);
        else
            write_criterion(out, p, &c, paint, width, indent + 4);
    if (!silent.empty())
        line("open, nothing usable recorded: ", silent);
}

/// Most promising first; within a status whoever misses least, then by key.
bool before(const trial_report& a, const trial_report& b) {
    const auto rank = [](const trial_report& r) { return r.status ? static_cast<int>(*r.status) : 99; };
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    const auto open = [](const trial_report& r) {
        return std::count_if(r.criteria.begin(), r.criteria.end(), [](const criterion_report& c) { return c.is.is != verdict::met; });
    };
    if (open(a) != open(b))
        return open(a) < open(b);
    return a.patient < b.patient;
}

class text_report_writer final : public report_writer {
public:
    text_report_writer(std::FILE* to, report_options options) : to_(to), options_(std::move(options)) {}

    void add(trial_report r) override { by_trial_[r.trial].push_back(std::move(r)); }

    void finish() override {
        for (const auto& t : options_.trials) {
            auto& rows = by_trial_[t->id];
            std::sort(rows.begin(), rows.end(), before);
            write(table(*t, rows));
            if (options_.details)
                for (const trial_report& r : rows)
                    if (r.status)
                        write(explain_text(r, options_) + '\n');
        }
    }

private:
    void write(const std::string& text) { std::fwrite(text.data(), 1, text.size(), to_); }

    std::string table(const trial& t, const std::vector<trial_report>& rows) const {
        const painter paint(options_.colours);
        std::string out = paint(style::bold, t.title) + "\n" + t.id + ", protocol " + t.version;
        if (!t.identifiers.empty())
            out += ", " + t.identifiers.front();
        if (rows.empty())
            return out + "\n  nobody to list\n\n";
        out += ", as of " + to_string(rows.front().as_of) + " (" + options_.zone_name + ")\n\n";
        std::size_t name = 7;
        for (const trial_report& r : rows)
            name = std::max(name, columns(r.patient));
        // Criteria are numbered in the table and named below it: eight columns of names do not fit a terminal.
        out += "  " + padded("STATUS", 11) + padded("PATIENT", name + 2);
        for (std::size_t n = 0; n < t.criteria.size(); ++n)
            out += padded(std::to_string(n + 1), n + 1 < 9 ? 2 : 3);
        out += " " + padded("CHANGES ON", 12) + "OPEN\n";
        for (const trial_report& r : rows) {
            out += "  " + (r.status ? paint(style_of(*r.status), padded(to_code(*r.status), 11)) : paint(style::dim, padded("not listed", 11))) +
                   padded(printable(r.patient), name + 2);
            std::string open;
            for (std::size_t n = 0; n < t.criteria.size(); ++n) {
                if (n >= r.criteria.size()) {
                    out += "  ";
                    continue;
                }
                const criterion_report& c = r.criteria[n];
                out += paint(style_of(c.is.is), std::string(1, verdict_sign(c.is.is))) + std::string(n + 1 < 9 ? 1 : 2, ' ');
                if (c.is.is != verdict::met && t.criteria[n].who != decided_by::clinician)
                    open += (open.empty() ? "" : ", ") + c.id + (c.is.is == verdict::not_met ? " not met" : "");
            }
            if (!r.status)
                for (const shown_note& n : r.notes)
                    open += (open.empty() ? "" : ", ") + n.id;
            out += " " + padded(r.changes_on ? to_string(*r.changes_on) : "", 12) + open + '\n';
        }
        out += "\n  + met   - not met   ? unknown\n";
        std::size_t longest = 0;
        for (const auto& c : t.criteria)
            longest = std::max(longest, columns(c.root.id));
        for (std::size_t n = 0; n < t.criteria.size(); ++n)
            out += "  " + padded(std::to_string(n + 1), t.criteria.size() > 9 ? 4 : 3) + padded(t.criteria[n].root.id, longest + 2) +
                   printable(t.criteria[n].root.text) + '\n';
        return out + '\n';
    }

    std::FILE* to_;
    report_options options_;
    std::map<std::string, std::vector<trial_report>> by_trial_;
};

} // namespace

char verdict_sign(verdict v) noexcept { return v == verdict::met ? '+' : v == verdict::not_met ? '-' : '?'; }

std::string explain_text(const trial_report& r, const report_options& options) {
    const painter paint(options.colours);
    std::string out = paint(style::bold, printable(r.patient)) + "  " + r.trial + " (protocol " + r.version + "), as of " + to_string(r.as_of) + '\n';
    if (r.status)
        out += "  " + paint(style_of(*r.status), to_code(*r.status)) + ": " + std::string(sentence_of(*r.status)) +
               (r.changes_on ? "; next change on " + to_string(*r.changes_on) + " if nothing new arrives" : "") + '\n';
    else
        out += "  not listed\n";
    for (const shown_note& n : r.notes)
        out += "  note " + n.id + ": " + n.sentence + '\n';
    for (const criterion_report& c : r.criteria) {
        out += '\n';
        write_criterion(out, c, nullptr, paint, options.width, 2);
    }
    return out;
}

std::unique_ptr<report_writer> make_text_writer(std::FILE* to, report_options options) {
    return std::make_unique<text_report_writer>(to, std::move(options));
}

} // namespace trialgate::gateway
