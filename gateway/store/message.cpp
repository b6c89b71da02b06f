#include "gateway/store/message.hpp"

#include "fhir/json.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/json_text.hpp"

#include <charconv>

namespace trialgate::gateway {

std::string encode(const message& m) {
    json_text out;
    out.begin_object();
    const auto put = [&](std::string_view name, const std::string& value) {
        if (!value.empty())
            out.key(name).string(value);
    };
    out.key("type").string(m.kind);
    out.key("key").string(m.key);
    out.key("occurred").string(to_text(m.occurred));
    out.key("occurredMilliseconds").number(m.occurred);
    put("source", m.source);
    put("subject", m.subject);
    put("patient", m.patient);
    put("patientUrl", m.patient_url);
    put("trial", m.trial);
    put("protocolVersion", m.protocol_version);
    out.key("number").number(static_cast<std::int64_t>(m.number));
    out.key("previousStatus");
    m.previous.empty() ? out.null() : out.string(m.previous);
    out.key("status");
    m.status.empty() ? out.null() : out.string(m.status);
    out.key("flag").boolean(m.flag);
    put("subjectStatus", m.subject_status);
    put("human", m.human);
    put("text", m.text);
    out.key("report");
    m.report.empty() ? out.null() : out.json(m.report);
    if (!m.report_with_references.empty())
        out.key("reportWithReferences").json(m.report_with_references);
    if (!m.alert.empty())
        out.key("alert").json(m.alert);
    out.end_object();
    return std::string(out.text());
}

std::optional<message> decode_message(std::string_view text) {
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(text);
    if (!tree || !tree->is_object() || !(*tree)["type"].is_string() || !(*tree)["key"].is_string())
        return std::nullopt;
    const auto text_of = [&](const char* name) { return std::string((*tree)[name].text()); };
    const auto number_of = [&](const char* name) {
        std::int64_t n = 0;
        const std::string_view digits = (*tree)[name].text();
        std::from_chars(digits.data(), digits.data() + digits.size(), n);
        return n;
    };
    message m;
    m.kind = text_of("type");
    m.key = text_of("key");
    m.occurred = number_of("occurredMilliseconds");
    m.source = text_of("source");
    m.subject = text_of("subject");
    m.patient = text_of("patient");
    m.patient_url = text_of("patientUrl");
    m.trial = text_of("trial");
    m.protocol_version = text_of("protocolVersion");
    m.number = static_cast<std::uint64_t>(number_of("number"));
    m.previous = text_of("previousStatus");
    m.status = text_of("status");
    m.flag = (*tree)["flag"].as_bool();
    m.subject_status = text_of("subjectStatus");
    m.human = text_of("human");
    m.text = text_of("text");
    const auto object_of = [&](const char* name) {
        if (!(*tree)[name].is_object())
            return std::string();
        json_text out;
        return std::string(out.copy((*tree)[name]).text());
    };
    m.report = object_of("report");
    m.report_with_references = object_of("reportWithReferences");
    m.alert = object_of("alert");
    return m;
}

std::string pseudonym_of(std::string_view key, std::string_view source, std::string_view patient) {
    return to_hex(hmac_sha256(key, std::string(source) + '|' + std::string(patient))).substr(0, 32);
}

std::string hidden_reference(std::string_view key, std::string_view source, std::string_view reference) {
    const auto slash = reference.find('/');
    const std::string type(slash == reference.npos || reference.starts_with("urn:") ? std::string_view() : reference.substr(0, slash + 1));
    return type + to_hex(hmac_sha256(key, std::string(source) + '|' + std::string(reference))).substr(0, 32);
}

} // namespace trialgate::gateway
