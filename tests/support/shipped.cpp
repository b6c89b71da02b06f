#include "tests/support/shipped.hpp"
#include "tests/support/source_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace trialgate::tests {

namespace fs = std::filesystem;
using namespace mappings;

namespace {

std::vector<source_file> json_files(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".json")
            paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<source_file> out;
    for (const fs::path& p : paths) {
        std::ifstream in(p, std::ios::binary);
        out.push_back({p.filename().string(), std::string{std::istreambuf_iterator<char>(in), {}}});
    }
    return out;
}

std::vector<source_file> library_files(const fs::path& root) {
    std::vector<source_file> files = json_files(root / "library");
    for (const char* folder : {"library/codes", "library/safety"})
        for (source_file& f : json_files(root / folder))
            files.push_back(std::move(f));
    return files;
}

shipped_library load() {
    const fs::path root = fs::path(trialgate::test::source_folder()) / "mappings";
    const std::vector<source_file> files = library_files(root);
    const std::vector<source_file> scores = json_files(root / "library/scores");
    shipped_library out;
    out.codes = catalog::load(files, {}, out.problems);
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(root / "trials"))
        folders.push_back(entry.path());
    std::sort(folders.begin(), folders.end());
    for (const fs::path& folder : folders) {
        std::ifstream in(folder / "trial.json", std::ios::binary);
        const source_file file{folder.filename().string() + "/trial.json", std::string{std::istreambuf_iterator<char>(in), {}}};
        if (auto t = read_trial(file, scores, *out.codes, {}, out.problems))
            out.trials.push_back(std::make_shared<const trial>(std::move(*t)));
    }
    out.net = network::compile(out.trials, out.codes);
    return out;
}

} // namespace

std::vector<source_file> shipped_files() { return library_files(fs::path(trialgate::test::source_folder()) / "mappings"); }

const shipped_library& shipped() {
    static const shipped_library once = load();
    return once;
}

const std::shared_ptr<const catalog>& shipped_unverified() {
    static const std::shared_ptr<const catalog> once = [] {
        std::vector<problem> problems;
        return catalog::load(library_files(fs::path(trialgate::test::source_folder()) / "mappings"), {.unverified_codes = true}, problems);
    }();
    return once;
}

} // namespace trialgate::tests
