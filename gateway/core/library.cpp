#include "gateway/core/library.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace trialgate::gateway {

namespace fs = std::filesystem;
using mappings::problem;
using mappings::source_file;

namespace {

bool is_mappings(const fs::path& folder) {
    std::error_code none;
    return fs::is_directory(folder / "library", none);
}

/// Name of a file in messages: relative to here when it lies below, else as given.
std::string shown(const fs::path& file) {
    std::error_code none;
    const fs::path relative = fs::proximate(file, none);
    return none || relative.empty() || *relative.begin() == ".." ? file.string() : relative.string();
}

void load(const fs::path& file, std::vector<source_file>& files, std::vector<problem>& problems) {
    if (auto text = read_file(file))
        files.push_back({shown(file), std::move(*text)});
    else
        problems.push_back({problem::level::error, "cannot-read", shown(file), 0, 0, "the file cannot be read", ""});
}

std::vector<fs::path> trial_folders(const library_options& chosen, const fs::path& mappings, std::vector<std::string>& versions) {
    std::vector<fs::path> out;
    if (chosen.trials.empty()) {
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(mappings / "trials", none))
            if (fs::exists(entry.path() / "trial.json", none))
                out.push_back(entry.path());
        std::sort(out.begin(), out.end());
        versions.resize(out.size());
        return out;
    }
    for (const std::string& named : chosen.trials) {
        std::string folder = named, version;
        std::error_code none;
        if (const auto at = named.rfind('@'); at != named.npos && !fs::exists(named, none)) {
            folder = named.substr(0, at);
            version = named.substr(at + 1);
        }
        // A bare name means a trial of the library.
        if (!fs::exists(folder, none) && fs::exists(mappings / "trials" / folder, none))
            folder = (mappings / "trials" / folder).string();
        fs::path path(folder);
        if (path.filename() == "trial.json")
            path = path.has_parent_path() ? path.parent_path() : fs::path(".");
        out.push_back(std::move(path));
        versions.push_back(std::move(version));
    }
    return out;
}

/// The overrides that concern one trial: its own settings, those that every trial understands, and `always`.
std::map<std::string, std::string> settings_of(const source_file& file, std::span<const source_file> scores, const mappings::catalog& codes,
                                               const std::map<std::string, std::string>& wanted,
                                               const std::map<std::string, std::string>& always) {
    std::map<std::string, std::string> out = always;
    if (wanted.empty())
        return out;
    std::vector<problem> ignored;
    const auto plain = read_trial(file, scores, codes, {}, ignored);
    for (const auto& [name, value] : wanted)
        if (name == "codedFindings" || name == "historyComplete" ||
            (plain && std::any_of(plain->settings.begin(), plain->settings.end(), [&](const auto& s) { return s.name == name; })))
            out[name] = value;
    return out;
}

} // namespace

std::optional<std::string> read_file(const fs::path& file) {
    std::error_code none;
    if (!fs::is_regular_file(file, none))
        return std::nullopt;
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return std::nullopt;
    return std::string{std::istreambuf_iterator<char>(in), {}};
}

bool library::has_errors() const noexcept {
    return std::any_of(problems.begin(), problems.end(), [](const problem& p) { return p.level_ == problem::level::error; });
}

fs::path find_mappings() {
    if (const char* set = std::getenv("TRIALGATE_MAPPINGS"); set && is_mappings(set))
        return set;
    std::error_code none;
    const fs::path self = fs::read_symlink("/proc/self/exe", none).parent_path();
    for (const fs::path& at : {self / "../../mappings", self / "../share/trialgate/mappings", fs::path("mappings")})
        if (is_mappings(at))
            return at.lexically_normal();
    return {};
}

std::vector<fs::path> json_below(const fs::path& folder) {
    std::vector<fs::path> out;
    std::error_code none;
    for (const auto& entry : fs::recursive_directory_iterator(folder, none))
        if (entry.path().extension() == ".json")
            out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<source_file> score_files(const fs::path& mappings) {
    std::vector<source_file> out;
    std::vector<problem> ignored;
    for (const fs::path& file : json_below(mappings / "library/scores"))
        load(file, out, ignored);
    return out;
}

library load_library(const library_options& chosen) {
    library out;
    out.mappings = chosen.mappings.empty() ? find_mappings() : chosen.mappings;
    if (!is_mappings(out.mappings)) {
        out.problems.push_back({problem::level::error, "no-library", out.mappings.string(), 0, 0,
                                "no library of code sets found", "name the folder mappings/ with --mappings or TRIALGATE_MAPPINGS"});
        return out;
    }
    std::vector<source_file> files;
    for (const fs::path& file : json_below(out.mappings / "library"))
        if (file.parent_path().filename() != "scores")
            load(file, files, out.problems);
    for (const fs::path& file : chosen.site_maps)
        load(file, files, out.problems);
    out.codes = mappings::catalog::load(files, {chosen.unverified_codes}, out.problems);
    const std::vector<source_file> scores = score_files(out.mappings);
    std::vector<std::string> versions;
    const std::vector<fs::path> folders = trial_folders(chosen, out.mappings, versions);
    // A setting is meant for the trials that have it; one that no trial has goes to all of them, to be reported with the nearest name.
    std::map<std::string, std::string> unused = chosen.settings;
    for (std::size_t n = 0; n < folders.size() && !chosen.settings.empty(); ++n)
        if (const auto text = read_file(folders[n] / "trial.json"); text && out.codes)
            for (const auto& [name, value] : settings_of({"", *text}, scores, *out.codes, chosen.settings, {}))
                unused.erase(name);
    for (std::size_t n = 0; n < folders.size(); ++n) {
        std::vector<source_file> file;
        load(folders[n] / "trial.json", file, out.problems);
        if (file.empty() || !out.codes)
            continue;
        const mappings::trial_options options{versions[n], settings_of(file.front(), scores, *out.codes, chosen.settings, unused)};
        if (auto t = read_trial(file.front(), scores, *out.codes, options, out.problems)) {
            out.trials.push_back(std::make_shared<const mappings::trial>(std::move(*t)));
            out.trial_folders.push_back(folders[n]);
        }
    }
    return out;
}

} // namespace trialgate::gateway
