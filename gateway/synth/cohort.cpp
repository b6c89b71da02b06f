#include "gateway/synth/cohort.hpp"

namespace trialgate::gateway::synth {

void make_cohort(const cohort_options& options, const std::function<bool(const member&)>& use) {
    for (std::uint64_t n = 1; n <= options.patients; ++n) {
        const course c = make_course(options.seed, n, options.controls, options.as_of);
        member m;
        m.id = patient_id(options.seed, n);
        m.chart = chart_of(c, *options.in, options.shape, options.seed, options.as_of);
        m.truth = truth_json(truth_of(c, *options.in, options.as_of), "Patient/" + m.id, *options.in, options.as_of);
        if (!use(m))
            return;
    }
}

} // namespace trialgate::gateway::synth
