#include "mappings/followup/calendar_file.hpp"
#include "participation.hpp"

using namespace trialgate;
using namespace trialgate::mappings;
using tests::day;

namespace {

/// As a reader of the file does it: lines put together again.
std::vector<std::string> unfolded(const std::string& file) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < file.size();) {
        const std::size_t end = file.find("\r\n", at);
        REQUIRE(end != std::string::npos);
        const std::string line = file.substr(at, end - at);
        CHECK(line.size() <= 75);
        CHECK(line.find('\n') == std::string::npos);
        if (line.starts_with(" "))
            out.back() += line.substr(1);
        else
            out.push_back(line);
        at = end + 2;
    }
    return out;
}

bool has(const std::vector<std::string>& lines, const std::string& wanted) { return std::find(lines.begin(), lines.end(), wanted) != lines.end(); }

} // namespace

TEST_CASE("icalendar: lines are folded, texts escaped, and a day ends on the next") {
    calendar_event e;
    e.uid = "t/S-001/v5@trialgate";
    e.first = e.last = day("2028-02-29");
    e.summary = "S-001; a, b\\c";
    e.description = std::string(200, 'x') + "\nsecond line\r \xc3\xbc" + std::string(90, '\x41');
    for (int n = 0; n < 60; ++n)
        e.description += "\xe2\x82\xac"; // characters of three bytes across every possible cut
    const std::string file = write_calendar({&e, 1}, {"Site, North", 1'774'000'000});
    const auto lines = unfolded(file);
    CHECK(lines.front() == "BEGIN:VCALENDAR");
    CHECK(lines.back() == "END:VCALENDAR");
    CHECK(has(lines, "VERSION:2.0"));
    CHECK(file.find("METHOD:") == std::string::npos); // PUBLISH without an ORGANIZER is against RFC 5546, 3.2.1
    CHECK(has(lines, "UID:t/S-001/v5@trialgate"));
    CHECK(has(lines, "DTSTART;VALUE=DATE:20280229"));
    CHECK(has(lines, "DTEND;VALUE=DATE:20280301"));
    CHECK(has(lines, "DTSTAMP:20260320T094640Z"));
    CHECK(has(lines, "SUMMARY:S-001\\; a\\, b\\\\c"));
    CHECK(has(lines, "X-WR-CALNAME:Site\\, North"));
    std::string text = "DESCRIPTION:" + std::string(200, 'x') + "\\nsecond line \xc3\xbc" + std::string(90, '\x41');
    for (int n = 0; n < 60; ++n)
        text += "\xe2\x82\xac";
    CHECK(has(lines, text));
    for (std::size_t at = 0; (at = file.find("\r\n ", at)) != std::string::npos; at += 3)
        CHECK((static_cast<unsigned char>(file[at + 3]) & 0xC0) != 0x80);
}

TEST_CASE("icalendar: open visits of a participant, with the number and nothing else of the person") {
    tests::taking_part p(day("2026-03-15"));
    p.record.key = "Patient/secret-key";
    p.hold_with_all("v1", p.dosed);
    p.meet("Appointment", "urn:trialgate:visit|sle-uc-msc/v5", day("2026-03-30"), "booked");
    p.site = {};
    const auto standings = p.standings(p.dosed + 1);
    const auto events = calendar_of(*p.t, p.who, standings, p.dosed + 10, p.dosed + 60);
    REQUIRE(events.size() == 3);
    CHECK(events[0].uid == "sle-uc-msc/S-001/v5@trialgate");
    CHECK(events[0].first == day("2026-03-30"));
    CHECK(events[0].status == calendar_event::certainty::confirmed);
    CHECK(events[1].first == day("2026-04-13")); // the 12th is a Sunday
    CHECK(events[1].description.find("2026-04-12 is a Sunday") != std::string::npos);
    CHECK(events[1].status == calendar_event::certainty::tentative);
    CHECK(write_calendar(events, {}).find("secret") == std::string::npos);
    // The same visit keeps its UID when it moves.
    p.who.anchors["dosing"].on = p.dosed + 2;
    CHECK(calendar_of(*p.t, p.who, p.standings(p.dosed + 2), p.dosed + 10, p.dosed + 60)[0].uid == events[0].uid);
    p.who.state = participation_state::withdrawn;
    CHECK(calendar_of(*p.t, p.who, standings, p.dosed, p.dosed + 300).empty());
}
