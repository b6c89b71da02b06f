// For machines: JSON, JUnit, FHIR TestReport; and a page of HTML to hand on.
#include "gateway/core/json_text.hpp"
#include "gateway/core/terminal.hpp"
#include "gateway/probe/probe.hpp"

#include <algorithm>
#include <map>

namespace trialgate::gateway::probe {

namespace {

std::string page_of(const finding& f) { return "gateway/probe/checks/" + std::string(f.about.id) + ".md"; }

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : printable(std::string(text)))
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += c;
        }
    return out;
}

std::map<verdict, int> counted(const probe_report& r) {
    std::map<verdict, int> out;
    for (const finding& f : r.findings)
        ++out[f.ended.result];
    return out;
}

void write_capabilities(json_text& t, const probe_report& r) {
    t.key("capabilities").begin_object();
    for (const auto& c : r.capabilities) {
        t.key(c.name).begin_object().key("verdict").string(to_code(c.result)).key("check").string(c.check);
        t.key("reason").string(c.reason).end_object();
    }
    t.end_object();
}

} // namespace

std::string as_json(const probe_report& r) {
    json_text t;
    t.begin_object()
        .key("format")
        .number(1)
        .key("trialgate")
        .string(TRIALGATE_VERSION)
        .key("url")
        .string(r.url)
        .key("at")
        .string(r.at)
        .key("run")
        .string(r.run);
    t.key("software").string(r.software).key("fhirVersion").string(r.fhir_version).key("requests").number(r.requests);
    t.key("wrote").boolean(r.wrote).key("listened").boolean(r.listened).key("replayed").boolean(r.replayed);
    t.key("counts").begin_object();
    const auto counts = counted(r);
    for (const verdict v : {verdict::works, verdict::limited, verdict::fails, verdict::untested})
        t.key(to_code(v)).number(counts.contains(v) ? counts.at(v) : 0);
    t.key("findings")
        .number(std::count_if(r.findings.begin(), r.findings.end(), [](const finding& f) { return f.is_finding(); }))
        .end_object();
    t.key("checks").begin_array();
    for (const finding& f : r.findings) {
        t.begin_object().key("id").string(f.about.id).key("section").string(f.about.section).key("title").string(f.about.title);
        t.key("verdict").string(to_code(f.ended.result)).key("finding").boolean(f.is_finding()).key("reason").string(f.ended.reason);
        t.key("evidence").begin_array();
        for (const std::string& e : f.ended.evidence)
            t.string(e);
        t.end_array().key("page").string(page_of(f)).end_object();
    }
    t.end_array();
    write_capabilities(t, r);
    t.key("leftBehind").begin_array();
    for (const std::string& l : r.left_behind)
        t.string(l);
    t.end_array().key("recommended");
    if (r.recommended.empty())
        t.null();
    else
        t.begin_object().key("sources").begin_array().json(source_text(r.recommended, false, 0)).end_array().end_object();
    t.end_object();
    return std::string(t.text()) + "\n";
}

std::string as_junit(const probe_report& r) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"trialgate probe " + escaped(r.url) + "\">\n";
    for (auto at = r.findings.begin(); at != r.findings.end();) {
        const auto end = std::find_if(at, r.findings.end(), [&](const finding& f) { return f.about.section != at->about.section; });
        const auto failures = std::count_if(at, end, [](const finding& f) { return f.is_finding(); });
        const auto skipped = std::count_if(at, end, [](const finding& f) { return f.ended.result == verdict::untested; });
        out += "  <testsuite name=\"" + escaped(at->about.section) + "\" tests=\"" + std::to_string(end - at) + "\" failures=\"" +
               std::to_string(failures) + "\" skipped=\"" + std::to_string(skipped) + "\" errors=\"0\">\n";
        for (; at != end; ++at) {
            std::string evidence;
            for (const std::string& e : at->ended.evidence)
                evidence += escaped(e) + "\n";
            out += "    <testcase classname=\"" + escaped(at->about.section) + "\" name=\"" + escaped(at->about.id) + "\">";
            if (at->is_finding())
                out += "<failure type=\"" + std::string(to_code(at->ended.result)) + "\" message=\"" + escaped(at->ended.reason) + "\">" +
                       evidence + "</failure>";
            else if (at->ended.result == verdict::untested)
                out += "<skipped message=\"" + escaped(at->ended.reason) + "\"/>";
            else
                out += "<system-out>" + escaped(to_words(at->ended.result)) + ": " + escaped(at->ended.reason) + "\n" + evidence +
                       "</system-out>";
            out += "</testcase>\n";
        }
        out += "  </testsuite>\n";
    }
    return out + "</testsuites>\n";
}

std::string as_test_report(const probe_report& r) {
    const auto counts = counted(r);
    const auto of = [&](verdict v) { return counts.contains(v) ? counts.at(v) : 0; };
    const int tested = of(verdict::works) + of(verdict::limited) + of(verdict::fails);
    json_text t;
    t.begin_object()
        .key("resourceType")
        .string("TestReport")
        .key("name")
        .string("trialgate probe of " + r.url)
        .key("status")
        .string("completed");
    t.key("testScript").begin_object().key("display").string("trialgate probe " TRIALGATE_VERSION).end_object();
    t.key("result").string(tested == 0 ? "pending" : r.has_findings() ? "fail" : "pass");
    if (tested > 0)
        t.key("score").number(100 * of(verdict::works) / tested);
    t.key("tester").string("trialgate " TRIALGATE_VERSION).key("issued").string(r.at);
    t.key("participant").begin_array();
    t.begin_object()
        .key("type")
        .string("test-engine")
        .key("uri")
        .string("urn:trialgate:probe")
        .key("display")
        .string("trialgate " TRIALGATE_VERSION)
        .end_object();
    t.begin_object().key("type").string("server").key("uri").string(r.url);
    if (!r.software.empty())
        t.key("display").string(r.software);
    t.end_object().end_array().key("test").begin_array();
    for (const finding& f : r.findings) {
        const verdict v = f.ended.result;
        const char* result = v == verdict::works                     ? "pass"
                             : v == verdict::untested                ? "skip"
                             : v == verdict::fails && f.is_finding() ? "fail"
                                                                     : "warning";
        t.begin_object().key("name").string(f.about.id).key("description").string(f.about.title);
        t.key("action").begin_array().begin_object().key("assert").begin_object().key("result").string(result);
        std::string message = f.ended.reason.empty() ? std::string(to_words(v)) : f.ended.reason;
        for (const std::string& e : f.ended.evidence)
            message += "\n" + e;
        t.key("message").string(message).key("detail").string(page_of(f));
        t.end_object().end_object().end_array().end_object();
    }
    t.end_array().end_object();
    return std::string(t.text()) + "\n";
}

std::string as_html(const probe_report& r) {
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>trialgate probe</title>\n<style>\n"
        "body{font:15px/1.4 sans-serif;margin:2em auto;max-width:70em;padding:0 1em}table{border-collapse:collapse;width:100%}\n"
        "td,th{border-bottom:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}code,pre{font:13px/1.4 monospace}\n"
        "pre{background:#f4f4f4;padding:1em;overflow:auto}.works{color:#06661f}.limited{color:#8a5a00}.does-not-work{color:#a00}.not-"
        "tested{color:#666}\n"
        "tr.finding{background:#fff3f0}ul{margin:.3em 0 0;padding-left:1.2em;color:#555}\n</style></head><body>\n";
    out += "<h1>trialgate probe</h1>\n<p><code>" + escaped(r.url) + "</code><br>" +
           escaped(r.software.empty() ? "software unknown" : r.software) + ", FHIR " +
           escaped(r.fhir_version.empty() ? "unknown" : r.fhir_version) + ", " + escaped(r.at) + ", " + std::to_string(r.requests) +
           " requests, " + (r.wrote ? "with writes" : "nothing was written") + "</p>\n<h2>Capabilities, as seen</h2>\n<table>\n";
    const auto word = [](verdict v) { return "<span class=\"" + std::string(to_code(v)) + "\">" + std::string(to_words(v)) + "</span>"; };
    for (const auto& c : r.capabilities)
        out += "<tr><td>" + escaped(c.name) + "</td><td>" + word(c.result) + "</td><td>" + escaped(c.reason) + "</td></tr>\n";
    out += "</table>\n";
    std::string_view section;
    for (const finding& f : r.findings) {
        if (f.about.section != section) {
            out += section.empty() ? "" : "</table>\n";
            section = f.about.section;
            out += "<h2>" + escaped(section) + "</h2>\n<table>\n";
        }
        out += std::string("<tr") + (f.is_finding() ? " class=\"finding\"" : "") + "><td><code>" + escaped(f.about.id) +
               "</code></td><td>" + word(f.ended.result) + "</td><td>" + escaped(f.about.title) + ".<br>" + escaped(f.ended.reason);
        if (!f.ended.evidence.empty()) {
            out += "<ul>";
            for (const std::string& e : f.ended.evidence)
                out += "<li><code>" + escaped(e) + "</code></li>";
            out += "</ul>";
        }
        out += "</td></tr>\n";
    }
    out += section.empty() ? "" : "</table>\n";
    if (!r.recommended.empty())
        out += "<h2>Recommended configuration</h2>\n<pre>\"sources\": [\n" + escaped(source_text(r.recommended, true, 2)) + "\n]</pre>\n";
    return out + "</body></html>\n";
}

} // namespace trialgate::gateway::probe
