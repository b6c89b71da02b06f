// The configurations for public servers: each is right as far as can be said offline, once its secrets exist.
#include "fhir/json.hpp"
#include "tests/support/source_folder.hpp"
#include "verb_run.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace trialgate;
using namespace trialgate::tests;
namespace fs = std::filesystem;
namespace json = fhir::json;

namespace {

const fs::path sandboxes = fs::path(trialgate::test::source_folder()) / "gateway/sandboxes";

std::vector<fs::path> configurations() {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(sandboxes))
        if (entry.path().extension() == ".json")
            out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

/// Calls `use` for each reference to a secret below: kind "file" or "environment", its name, and whether it is a signing key.
void each_secret(json::value v, bool key, const std::function<void(std::string_view, std::string, bool)>& use) {
    for (const json::value& e : v.elements())
        each_secret(e, key, use);
    for (const json::member& m : v.members()) {
        if ((m.name == "file" || m.name == "environment") && m.content.is_string())
            use(m.name, std::string(m.content.text()), key);
        each_secret(m.content, key || m.name == "keys", use);
    }
}

/// The file with secrets made for it, beside it.
class sandbox {
public:
    explicit sandbox(const fs::path& from) : text_(file_content(from)), config_(at_.write(from.filename().string(), text_)) {
        const auto parsed = parser_.parse_copy(text_, json::dialect::with_comments);
        REQUIRE(parsed.has_value());
        root_ = *parsed;
        each_secret(root_, false, [this](std::string_view kind, std::string name, bool) {
            ++secrets_;
            if (kind == "environment")
                ::unsetenv(name.c_str());
        });
    }
    void make_secrets() const {
        each_secret(root_, false, [this](std::string_view kind, std::string name, bool key) {
            if (kind == "environment")
                ::setenv(name.c_str(), "an-invented-secret-long-enough-for-all", 1);
            else
                at_.write(name, key ? pem_of(make_rsa_key(2048)) : "an-invented-secret-long-enough-for-all");
        });
    }
    ran check() const { return run({"check", "--config", config_, "--json"}); }
    json::value source() const { return root_["sources"][std::size_t{0}]; }
    int secrets() const noexcept { return secrets_; }
    const std::string& text() const noexcept { return text_; }

private:
    scratch_folder at_;
    std::string text_, config_;
    json::parser parser_;
    json::value root_;
    int secrets_ = 0;
};

} // namespace

TEST_CASE("sandboxes: check accepts every one, of an open server it warns, and of nothing else") {
    ::setenv("TRIALGATE_MAPPINGS", (trialgate::test::source_folder() + "/mappings").c_str(), 1);
    for (const fs::path& file : configurations()) {
        const sandbox s(file);
        s.make_secrets();
        const ran r = s.check();
        INFO(file.filename() << ": " << r.out << r.err);
        if (s.source()["auth"]) {
            CHECK(r.code == 0);
            CHECK(r.out.empty());
        } else {
            CHECK(r.code == 3);
            REQUIRE(r.lines().size() == 1);
            CHECK(says(r.out, R"x("level":"warning".*neither 'auth' nor a client certificate)x"));
        }
    }
    ::unsetenv("TRIALGATE_MAPPINGS");
}

TEST_CASE("sandboxes: without its secrets each is refused, and every missing one is named") {
    ::setenv("TRIALGATE_MAPPINGS", (trialgate::test::source_folder() + "/mappings").c_str(), 1);
    for (const fs::path& file : configurations()) {
        const sandbox s(file);
        if (s.secrets() == 0)
            continue;
        const ran r = s.check();
        INFO(file.filename() << ": " << r.out);
        CHECK(r.code == 1);
        CHECK(r.lines().size() == static_cast<std::size_t>(s.secrets()));
    }
    ::unsetenv("TRIALGATE_MAPPINGS");
}

TEST_CASE("sandboxes: all that are promised are there, each named in the README, none with a secret in it") {
    std::set<std::string> urls;
    const std::string readme = file_content(sandboxes / "README.md");
    for (const fs::path& file : configurations()) {
        const sandbox s(file);
        INFO(file.filename());
        urls.emplace(s.source()["url"].text());
        CHECK(readme.find('`' + file.filename().string() + '`') != std::string::npos);
        CHECK(s.text().find("PRIVATE KEY") == std::string::npos);
        // Polite: the servers are everybody's.
        CHECK(s.source()["concurrency"].text() <= "2");
        CHECK(says(std::string(s.source()["pollEvery"].text()), "^(15m|1h)$"));
    }
    CHECK(
        urls ==
        std::set<std::string>{
            "https://hapi.fhir.org/baseR4", "https://hapi.fhir.org/baseR5", "https://r4.smarthealthit.org", "https://server.fire.ly",
            "https://api.medplum.com/fhir/R4", "https://fhir.epic.com/interconnect-fhir-oauth/api/FHIR/R4",
            "https://fhir-open.cerner.com/r4/ec2458f2-1e24-41c8-b71b-0e701af7583d",
            "https://fhir-ehr-code.cerner.com/r4/ec2458f2-1e24-41c8-b71b-0e701af7583d"}
    );
}
