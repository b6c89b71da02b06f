// Works in what arrives as the worker does, on the real store and the shipped trials; no thread.
#pragma once

#include "gateway/core/crypto.hpp"
#include "gateway/work/batch.hpp"
#include "tests/support/shipped.hpp"
#include "tests/support/scratch_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace trialgate::tests {

using namespace gateway;

inline constexpr instant start = 1'773'561'600'000; // 2026-03-15T08:00:00Z

struct bench {
    scratch_folder folder;
    worker_options options{shipped().net, fhir::time_zone::fixed(0), {}, {}, "key"};
    std::unique_ptr<store> now = open_sqlite(folder.path().string());
    known_people known;
    const fhir::time_zone zone = fhir::time_zone::fixed(0); // the reader keeps a reference
    arrival_reader reader{shipped().net, zone};
    std::uint64_t order = 1;
    instant at = start;
    work_batch::figures last;

    bench() {
        source_config ehr;
        ehr.name = "ehr";
        ehr.url = "https://ehr.example.org/fhir";
        options.sources.push_back(ehr);
        sink_config study;
        study.name = "study";
        options.sinks.push_back(study);
    }
    mappings::trial_report report(const std::string& key, const std::string& trial = "sle-uc-msc") {
        for (mappings::trial_report& r : work_batch(options, *now, known, at, options.site.date_of(at / 1000)).reports_of("ehr", key))
            if (r.trial == trial)
                return std::move(r);
        throw std::logic_error("no such report");
    }
    void arrive(arrival kind, std::string body, std::string method = "PUT", std::string tail = {}) {
        journal_item item{"ehr",           kind, kind == arrival::hook ? "observation" : "", std::move(method), std::move(tail), "",
                          std::move(body), at};
        now->begin();
        now->journal_append(item);
        now->commit();
    }
    /// Works in everything that is in the journal, `rows` at a time.
    void work(std::size_t rows = 100) {
        for (;;) {
            const auto some = now->journal_after(0, rows, 1 << 20);
            work_batch batch(options, *now, known, at, options.site.date_of(at / 1000));
            for (const journal_row& row : some)
                batch.take(row, reader.read(row, order));
            for (const participant_row& p : now->participants_to_look_at(100))
                batch.take(p);
            for (const judgement_row& j : now->judgements_to_look_at(100))
                batch.take(j);
            for (const auto& [source, key] : now->patients_due(options.site.date_of(at / 1000), 100))
                batch.due(source, key);
            batch.decide();
            now->begin();
            batch.write(*now);
            now->commit();
            batch.each_person([&](const std::string& source, const std::string& key) { known.add(source, key); });
            last = batch.counted();
            if (now->journal_count().rows == 0)
                return;
        }
    }
    std::string status(const std::string& patient = "Patient/p") {
        const auto row = now->decision("ehr", patient, "sle-uc-msc");
        return row ? row->status : "none";
    }
    std::vector<outbox_row> told() { return now->outbox_list("", 0, 100); }
};

inline const std::string patient =
    R"({"resourceType":"Patient","id":"p","meta":{"versionId":"1"},"gender":"female","birthDate":"1990-05-04",
    "identifier":[{"system":"urn:mrn","value":"77"}]})";
inline const std::string diagnosis = R"({"resourceType":"Condition","id":"c","meta":{"versionId":"1"},"subject":{"reference":"Patient/p"},
    "clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},
    "verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]},
    "code":{"coding":[{"system":"http://snomed.info/sct","code":"55464009"}]}})";

inline std::string egfr(int value, int version, const std::string& subject = R"({"reference":"Patient/p"})") {
    return R"({"resourceType":"Observation","id":"e","meta":{"versionId":")" + std::to_string(version) +
           R"("},"status":"final","subject":)" + subject +
           R"(,"code":{"coding":[{"system":"http://loinc.org","code":"98979-8"}]},"effectiveDateTime":"2026-03-01",
           "valueQuantity":{"value":)" +
           std::to_string(value) + R"(,"unit":"mL/min/{1.73_m2}","system":"http://unitsofmeasure.org","code":"mL/min/{1.73_m2}"}})";
}

} // namespace trialgate::tests
