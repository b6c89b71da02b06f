#include "gateway/people/mail_text.hpp"

#include "fhir/search.hpp"
#include "gateway/core/crypto.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace trialgate::gateway {

namespace {

constexpr std::size_t most_listed = 50;

/// One line, no control characters.
std::string plain(std::string_view text) {
    std::string out(text);
    std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return out;
}

std::string counted(std::size_t n, const char* one) { return std::to_string(n) + ' ' + one + (n == 1 ? "" : "s"); }

std::string link_of(const people_config& config, const alert_row& a) {
    std::string out = config.link;
    for (const auto& [name, value] : {std::pair{"{participant}", &a.number}, {"{trial}", &a.trial}, {"{alert}", &a.public_id}})
        for (auto at = out.find(name); at != out.npos; at = out.find(name, at)) {
            const std::string written = fhir::percent_encode(*value);
            out.replace(at, std::string_view(name).size(), written);
            at += written.size();
        }
    return out;
}

std::string listed(const planned_mail& mail, const people_config& config) {
    std::string out;
    const std::size_t shown = std::min(mail.alerts.size(), most_listed);
    for (std::size_t i = 0; i < shown; ++i) {
        const alert_row& a = mail.alerts[i];
        const bool overdue = std::find(mail.overdue.begin(), mail.overdue.end(), a.id) != mail.overdue.end();
        out += "T" + std::to_string(a.tier) + "  " + plain(a.trial) + ", participant " + plain(a.number) + ": " + plain(a.title) + '\n';
        if (overdue)
            out += "    nobody has acknowledged it in its time\n";
        if (const std::string link = link_of(config, a); !link.empty())
            out += "    " + link + '\n';
        out += "    trialgate alerts ack " + std::to_string(a.id) + "\n\n";
    }
    if (shown < mail.alerts.size())
        out += "and " + std::to_string(mail.alerts.size() - shown) + " more: trialgate alerts list\n\n";
    return out;
}

std::string by_kind(const planned_mail& mail) {
    std::map<std::array<std::string, 2>, std::size_t> kinds;
    for (const alert_row& a : mail.alerts)
        ++kinds[{"T" + std::to_string(a.tier) + "  " + plain(a.trial), a.kind}];
    std::string out;
    for (const auto& [what, n] : kinds)
        out += what[0] + ": " + std::to_string(n) + ' ' + what[1] + '\n';
    return out + '\n';
}

std::string date_header(instant at) {
    static constexpr const char* days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; // 1970-01-01 was a Thursday
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::string text = to_text(at); // 2026-03-15T10:00:00.123Z
    const auto day = fhir::parse_date(text.substr(0, 10)).value_or(fhir::date{});
    const auto civil = fhir::civil(day);
    return std::string(days[((day.days % 7) + 7) % 7]) + ", " + std::to_string(civil.day) + ' ' + months[civil.month - 1] + ' ' +
           std::to_string(civil.year) + ' ' + text.substr(11, 8) + " +0000";
}

std::string quoted_printable(std::string_view text) {
    constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    std::size_t line = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '\n') {
            out += "\r\n";
            line = 0;
            continue;
        }
        // A space at the end of a line would be taken off, a dot at its begin is SMTP's; both by their code.
        const bool end = i + 1 == text.size() || text[i + 1] == '\n';
        const bool bare = c >= 0x20 && c < 0x7f && c != '=' && !(c == ' ' && end) && !(c == '.' && line == 0);
        if (line + (bare ? 1 : 3) > 75) {
            out += "=\r\n";
            line = 0;
        }
        if (bare) {
            out += static_cast<char>(c);
            ++line;
        } else {
            out += '=';
            out += hex[c >> 4];
            out += hex[c & 15];
            line += 3;
        }
    }
    return out;
}

} // namespace

std::pair<std::string, std::string> words_of(const planned_mail& mail, const people_config& config) {
    const auto urgent =
        static_cast<std::size_t>(std::count_if(mail.alerts.begin(), mail.alerts.end(), [](const alert_row& a) { return a.tier == 1; }));
    const std::string many = counted(mail.alerts.size(), "alert");
    std::string subject = "[trialgate] " + many;
    std::string text;
    if (mail.kind == "summary") {
        subject += ": no more mails today";
        text = "This is the last mail of today, whatever comes. " + many + " until now:\n\n" + by_kind(mail) +
               "All of them: trialgate alerts list\n";
    } else {
        if (mail.kind == "escalation")
            subject += ", not acknowledged: " + std::to_string(mail.overdue.size());
        else if (urgent)
            subject += ", tier T1: " + std::to_string(urgent);
        text = listed(mail, config);
        if (mail.alerts.size() > most_listed)
            text = by_kind(mail) + text;
    }
    text += "\nThis mail holds no patient data, so that it may be read anywhere. Do not answer it.\n";
    return {std::move(subject), std::move(text)};
}

std::string message_id(const planned_mail& mail, const std::string& from) {
    std::string all = mail.person + '|' + mail.kind + '|' + std::to_string(mail.count.last);
    for (const told_row& t : mail.told)
        all += '|' + std::to_string(t.alert) + ':' + std::to_string(t.news);
    return to_hex(sha256(all)).substr(0, 32) + from.substr(from.find('@'));
}

std::string mail_bytes(const mail_row& mail, const std::string& from, const std::string& to) {
    std::string out;
    const auto header = [&](const char* name, const std::string& content) { out += std::string(name) + ": " + content + "\r\n"; };
    header("Date", date_header(mail.created));
    header("From", "trialgate <" + from + '>');
    header("To", '<' + to + '>');
    header("Subject", plain(mail.subject));
    header("Message-ID", '<' + mail.message_id + '>');
    header("Auto-Submitted", "auto-generated"); // RFC 3834: no answers of machines
    header("MIME-Version", "1.0");
    header("Content-Type", "text/plain; charset=utf-8");
    header("Content-Transfer-Encoding", "quoted-printable");
    return out + "\r\n" + quoted_printable(mail.text);
}

} // namespace trialgate::gateway
