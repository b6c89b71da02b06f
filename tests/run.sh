#!/usr/bin/env bash
# Installs what is needed, builds with sanitizers and runs all tests, then the short ones beside peers by others (tests/interop). Arguments go to
# ctest, e.g. -R titer; then no peers.
#   --full  also: everything again with the thread sanitizer, 200 kills of a release build, and real peers (tests/interop)
set -euo pipefail
cd "$(dirname "$0")/.."
full=
if [ "${1:-}" = --full ]; then
    full=1
    shift
fi
mapfile -t packages <gateway/packages.txt
gateway/setup.sh "${packages[@]}" catch2 jq python3

# build and test one preset
run_preset() {
    local preset=$1 passed=0 plain=()
    shift
    # GCC 12's thread sanitizer does not start where the kernel randomises addresses by more than 28 bits (vm.mmap_rnd_bits).
    if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then
        plain=(setarch -R)
    fi
    if [ ! -f "build/$preset/build.ninja" ]; then
        cmake --preset "$preset" >/dev/null
    fi
    cmake --build --preset "$preset"
    "${plain[@]}" ctest --preset "$preset" -j "$(nproc)" "$@" || passed=$?
    # ctest keeps the output of tests that pass to itself; what was skipped must be seen.
    grep -hoE '(^|[ "])skipped: .*' "build/$preset/Testing/Temporary/LastTest.log" | sed -E 's/^[ "]*//' | sort -u || true
    return $passed
}

run_preset dev "$@"
if [ $# -eq 0 ] && [ -z "$full" ]; then
    # Peers by others. A machine that cannot have their packages says so below, test by test.
    gateway/setup.sh openjdk-17-jdk-headless maven nginx-light || echo "skipped: packages of peers cannot be installed"
    TRIALGATE_PATIENCE=${TRIALGATE_PATIENCE:-120} tests/interop/run.sh --short build/dev
fi
if [ -n "$full" ]; then
    run_preset tsan "$@"
    [ -f build/release/build.ninja ] || cmake --preset release >/dev/null
    cmake --build --preset release
    tests/scenario/run.sh --full
    gateway/setup.sh openjdk-17-jdk-headless maven nginx-light
    tests/interop/run.sh
fi
