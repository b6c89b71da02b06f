// What a probe finds out: a list of checks with stable ids, each with a verdict, a reason and evidence without patient data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway::probe {

enum class verdict : std::uint8_t { works, limited, fails, untested };
/// "works" | "limited" | "does-not-work" | "not-tested"
std::string_view to_code(verdict v) noexcept;
/// As people read it: "does not work"
std::string_view to_words(verdict v) noexcept;

struct outcome {
    verdict result = verdict::untested;
    std::string reason;                ///< one sentence; of `works` what was seen
    std::vector<std::string> evidence; ///< "GET Observation?_count=2: 200"
    /// Should a person look at it? Unset: when it does not work or is limited, and trialgate needs it.
    std::optional<bool> finding;
};

/// What must be there before a check makes sense; in this order, the first that is missing is the reason for not testing.
enum class need : unsigned {
    answer = 1,     ///< the server answers at all
    statement = 2,  ///< a readable CapabilityStatement
    access = 4,     ///< searches are answered
    samples = 8,    ///< at least one resource was seen
    write = 16,     ///< --write
    created = 32,   ///< we could create a resource
};
constexpr unsigned operator|(need a, need b) noexcept { return static_cast<unsigned>(a) | static_cast<unsigned>(b); }
constexpr unsigned operator|(unsigned a, need b) noexcept { return a | static_cast<unsigned>(b); }

struct check_info {
    std::string_view id;         ///< stable: "paging.origin"; its page is checks/ID.md
    std::string_view section;
    std::string_view title;
    std::string_view capability; ///< that it counts for; checks of one capability are joined in the summary
    unsigned needs = 0;
    bool needed = true;          ///< trialgate is worse off without it: a finding when it does not work
};

struct finding {
    check_info about;
    outcome ended;
    bool is_finding() const noexcept {
        return ended.finding.value_or(about.needed && (ended.result == verdict::fails || ended.result == verdict::limited));
    }
};

/// In the order of the report.
std::vector<check_info> all_checks();

/// What several checks say of one capability: the worst of what was tested.
struct capability_verdict {
    std::string name;
    verdict result = verdict::untested;
    std::string reason; ///< of the check that decided
    std::string check;
};
std::vector<capability_verdict> capabilities_of(std::span<const finding> all);

} // namespace trialgate::gateway::probe
