#!/usr/bin/env bash
# Builds the benchmarks and runs them. With ../shared (or TRIALGATE_SHARED) the Synthea Bundles are screened, else the demo cohort.
# Not run here, it takes longer: the soak, tests/bench/soak.py build/bench/trialgate
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t packages <gateway/packages.txt
gateway/setup.sh "${packages[@]}" catch2 libsimdjson-dev
[ -f build/bench/build.ninja ] || cmake --preset bench >/dev/null
cmake --build --preset bench --target ndjson_skip_bench screen_bench change_bench hook_bench trialgate | tail -n 1
export TRIALGATE_MAPPINGS="$PWD/mappings"
bundles=("${TRIALGATE_SHARED:-../shared}"/data/patients/*.json)
[ -f "${bundles[0]}" ] || { echo "no ../shared: screening the demo cohort instead"; bundles=(gateway/demo/cohort/*.json); }
build/bench/tests/bench/screen_bench "${1:-10}" "${bundles[@]}"
cohort=$(mktemp -d)
trap 'rm -rf "$cohort"' EXIT
build/bench/trialgate synth --patients 200 --seed 7 --format bundles --as-of 2026-03-15 --out "$cohort" >/dev/null
echo "200 people of synth, three quarters of them with the disease:"
build/bench/tests/bench/screen_bench "${1:-10}" "$cohort"/records/*.json
build/bench/tests/bench/ndjson_skip_bench 64 "${1:-10}"
build/bench/tests/bench/change_bench "${1:-10}"
build/bench/tests/bench/hook_bench build/bench/trialgate "${1:-10}" 3
