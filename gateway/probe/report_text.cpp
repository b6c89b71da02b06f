#include "gateway/core/terminal.hpp"
#include "gateway/probe/probe.hpp"

#include <algorithm>

namespace trialgate::gateway::probe {

namespace {

constexpr std::size_t id_width = 30, verdict_width = 15;

style style_of(const finding& f) noexcept {
    switch (f.ended.result) {
    case verdict::works: return style::good;
    case verdict::untested: return style::dim;
    default: return f.is_finding() ? style::bad : style::open;
    }
}

style style_of(verdict v) noexcept {
    return v == verdict::works ? style::good : v == verdict::untested ? style::dim : v == verdict::limited ? style::open : style::bad;
}

} // namespace

std::string as_text(const probe_report& r, const text_style& how) {
    const painter paint(how.colours);
    std::string out = paint(style::bold, printable(r.url)) + "\n";
    out += printable((r.software.empty() ? std::string("software unknown") : r.software) + ", FHIR " +
                     (r.fhir_version.empty() ? "unknown" : r.fhir_version)) +
           ", " + std::to_string(r.requests) + " requests" + (r.replayed ? ", from a recording" : "") +
           (r.wrote ? ", with writes (run " + r.run + ")" : ", nothing was written") + "\n";
    std::string_view section;
    for (const finding& f : r.findings) {
        if (f.about.section != section) {
            section = f.about.section;
            out += "\n" + paint(style::bold, section) + "\n";
        }
        const std::string head = "  " + paint(style_of(f), padded(std::string(to_words(f.ended.result)), verdict_width)) +
                                 padded(std::string(f.about.id), id_width);
        const std::size_t indent = 2 + verdict_width + id_width;
        const std::size_t width = std::max<std::size_t>(how.width, indent + 30) - indent;
        out += head + wrapped(printable(f.ended.reason), width, indent) + "\n";
        if (how.verbose || f.is_finding())
            for (const std::string& e : f.ended.evidence)
                out += std::string(indent, ' ') + paint(style::dim, printable(e)) + "\n";
    }
    out += "\n" + paint(style::bold, "Capabilities, as seen") + "\n";
    for (const auto& c : r.capabilities)
        out += "  " + padded(c.name, 24) + paint(style_of(c.result), std::string(to_words(c.result))) + "\n";
    if (!r.recommended.empty())
        out +=
            "\n" + paint(style::bold, "Recommended configuration") + "\n\"sources\": [\n" + source_text(r.recommended, true, 2) + "\n]\n";
    for (const std::string& l : r.left_behind)
        out += paint(style::bad, "could not be removed: ") + printable(l) + "\n";
    const auto n = std::count_if(r.findings.begin(), r.findings.end(), [](const finding& f) { return f.is_finding(); });
    out += "\n" + paint(n ? style::bad : style::good, std::to_string(n) + (n == 1 ? " finding" : " findings")) +
           (n ? "; what each means and what to do: gateway/probe/checks/ID.md" : "") + "\n";
    return out;
}

} // namespace trialgate::gateway::probe
