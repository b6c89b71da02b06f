// trialgate synth as an operator sees it.
#include "tests/gateway/verb_run.hpp"

#include <catch2/catch.hpp>

using namespace trialgate::tests;

namespace {

std::vector<std::string> synth(std::vector<std::string> more) {
    std::vector<std::string> all{"synth", "--seed", "4", "--as-of", "2026-03-15"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

} // namespace

TEST_CASE("synth: a folder holds records by type, the answers and the map of local codes") {
    const scratch_folder folder;
    const ran r = run(synth({"--patients", "30", "--dialect", "german", "--out", folder / "cohort"}));
    CHECK(r.code == 0);
    CHECK(r.out.empty());
    CHECK(says(r.err, "30 people in .*/cohort/records; the answers are in .*/cohort/truth\\.ndjson"));
    CHECK(says(r.err, "Try: trialgate screen .*/cohort/records --as-of 2026-03-15 --trial \\S+ --map .*/cohort/site-map\\.json"));
    for (const char* type : {"Patient", "Condition", "Observation", "MedicationStatement"})
        CHECK(std::filesystem::file_size(folder.path() / "cohort/records" / (std::string(type) + ".ndjson")) > 0);
    const std::string truth = file_content(folder / "cohort/truth.ndjson");
    CHECK(std::count(truth.begin(), truth.end(), '\n') == 30);
    CHECK(says(file_content(folder / "cohort/site-map.json"), "ConceptMap"));
}

TEST_CASE("synth: bundles are one file a person, and the same records as NDJSON on standard output") {
    const scratch_folder folder;
    CHECK(run(synth({"--patients", "7", "--format", "bundles", "--out", folder / "cohort"})).code == 0);
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "cohort/records"))
        files += entry.path().extension() == ".json";
    CHECK(files == 7);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "cohort/site-map.json"));
    const ran bundles = run(synth({"--patients", "7", "--format", "bundles"})), lines = run(synth({"--patients", "7"}));
    CHECK(bundles.lines().size() == 7);
    CHECK(bundles.lines().front() + '\n' == file_content(folder / "cohort/records/synth-4-1.json"));
    for (const std::string& line : lines.lines())
        CHECK(bundles.out.find(line) != std::string::npos);
    CHECK(run(synth({"--patients", "7"})).out == lines.out);
}

TEST_CASE("synth: does not mix two cohorts in one folder") {
    const scratch_folder folder;
    CHECK(run(synth({"--patients", "1", "--out", folder / "cohort"})).code == 0);
    const ran again = run(synth({"--patients", "1", "--out", folder / "cohort"}));
    CHECK(again.code == 1);
    CHECK(says(again.err, "error: .*/cohort/records is not empty"));
}

TEST_CASE("synth: says what cannot be done") {
    const scratch_folder folder;
    const std::string in_the_way = folder.write("file", "");
    const ran r = run(synth({"--patients", "1", "--out", in_the_way}));
    CHECK(r.code == 1);
    CHECK(says(r.err, "error: cannot make .*/file/records"));
    CHECK(run({"synth", "--seed", "4"}).code == 2);
    CHECK(run(synth({"--patients", "0"})).code == 2);
    CHECK(run(synth({"--patients", "1", "--dialect", "klingon"})).code == 2);
    CHECK(run(synth({"--patients", "1", "--controls", "101"})).code == 2);
    CHECK(run({"synth", "--seed", "4", "--patients", "1", "--as-of", "soon"}).code == 2);
}
