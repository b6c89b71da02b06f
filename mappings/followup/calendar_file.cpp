#include "mappings/followup/calendar_file.hpp"

#include "mappings/followup/forecast.hpp"

#include <cstdio>

namespace trialgate::mappings {

namespace {

constexpr std::size_t longest_line = 75; ///< bytes without the line end (RFC 5545, 3.1)

bool continues_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

void add_line(std::string& out, std::string_view line) {
    std::size_t room = longest_line;
    while (line.size() > room) {
        std::size_t cut = room;
        while (cut > 1 && continues_character(line[cut]))
            --cut;
        out.append(line.substr(0, cut)).append("\r\n ");
        line.remove_prefix(cut);
        room = longest_line - 1; // the space that begins a continuation counts
    }
    out.append(line).append("\r\n");
}

/// TEXT (3.3.11).
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n')
            out += "\\n";
        else if (c == '\\' || c == ';' || c == ',')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F)
            out += c;
    }
    return out;
}

std::string day(fhir::date d) {
    const fhir::year_month_day at = fhir::civil(d);
    char text[32];
    std::snprintf(text, sizeof text, "%04d%02u%02u", at.year, at.month, at.day);
    return text;
}

std::string instant(std::int64_t seconds) {
    constexpr std::int64_t a_day = 86'400;
    const std::int64_t days = seconds / a_day - (seconds % a_day < 0 ? 1 : 0);
    const auto rest = static_cast<unsigned>(seconds - days * a_day);
    char text[32];
    std::snprintf(text, sizeof text, "T%02u%02u%02uZ", rest / 3600, rest / 60 % 60, rest % 60);
    return day({static_cast<std::int32_t>(days)}) + text;
}

std::string_view to_text(calendar_event::certainty c) noexcept {
    switch (c) {
    case calendar_event::certainty::tentative: return "TENTATIVE";
    case calendar_event::certainty::confirmed: return "CONFIRMED";
    case calendar_event::certainty::cancelled: return "CANCELLED";
    }
    return "TENTATIVE";
}

} // namespace

std::string write_calendar(std::span<const calendar_event> events, const calendar_options& how) {
    std::string out;
    add_line(out, "BEGIN:VCALENDAR");
    add_line(out, "VERSION:2.0");
    add_line(out, "PRODID:-//trialgate//visits//EN");
    add_line(out, "CALSCALE:GREGORIAN");
    // No METHOD: RFC 5546 (3.2.1) would ask for an ORGANIZER, and a file that is looked at needs neither.
    if (!how.name.empty())
        add_line(out, "X-WR-CALNAME:" + escaped(how.name));
    for (const calendar_event& e : events) {
        add_line(out, "BEGIN:VEVENT");
        add_line(out, "UID:" + escaped(e.uid));
        add_line(out, "DTSTAMP:" + instant(how.stamp));
        add_line(out, "DTSTART;VALUE=DATE:" + day(e.first));
        add_line(out, "DTEND;VALUE=DATE:" + day(e.last + 1)); // the day after the last
        add_line(out, "SUMMARY:" + escaped(e.summary));
        if (!e.description.empty())
            add_line(out, "DESCRIPTION:" + escaped(e.description));
        add_line(out, "STATUS:" + std::string(to_text(e.status)));
        add_line(out, "TRANSP:TRANSPARENT"); // a window blocks nobody's day
        add_line(out, "END:VEVENT");
    }
    add_line(out, "END:VCALENDAR");
    return out;
}

std::vector<calendar_event>
calendar_of(const trial& t, const participant& who, std::span<const visit_standing> visits, fhir::date first, fhir::date last) {
    std::vector<calendar_event> out;
    for (const visit_standing& s : visits) {
        if (!is_open(who, s))
            continue;
        const visit_days& w = *s.plan.days;
        const fhir::date on = s.booked.value_or(w.proposed);
        if (on < first || last < on)
            continue;
        calendar_event e;
        e.uid = t.id + '/' + who.number + '/' + s.plan.what->id + "@trialgate";
        e.first = e.last = on;
        e.summary = who.number + ": " + name_of(*s.plan.what);
        e.description = "Window " + to_string(w.earliest) + " to " + to_string(w.latest) + ", target " + to_string(w.target) + '.';
        if (!s.plan.note.empty())
            e.description += '\n' + s.plan.note + '.';
        if (s.booked && !w.holds(*s.booked))
            e.description += "\nBooked outside the window.";
        e.status = s.booked ? calendar_event::certainty::confirmed : calendar_event::certainty::tentative;
        out.push_back(std::move(e));
    }
    return out;
}

} // namespace trialgate::mappings
