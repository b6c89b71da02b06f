#include "gateway/cli/report_writer.hpp"
#include "gateway/core/report_json.hpp"

namespace trialgate::gateway {

namespace {

class json_report_writer final : public report_writer {
public:
    explicit json_report_writer(std::FILE* to) : to_(to) {}

    void add(mappings::trial_report r) override {
        const std::string line = report_json(r);
        std::fwrite(line.data(), 1, line.size(), to_);
        std::fputc('\n', to_);
    }
    void finish() override {}

private:
    std::FILE* to_;
};

} // namespace

std::unique_ptr<report_writer> make_json_writer(std::FILE* to) { return std::make_unique<json_report_writer>(to); }

} // namespace trialgate::gateway
