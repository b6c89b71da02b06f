#!/usr/bin/env bash
# Looks for new trouble: each fuzzer for SECONDS (default 60), from its kept corpus. New findings are written to build/fuzz/found/.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
mapfile -t packages <gateway/packages.txt
gateway/setup.sh "${packages[@]}" clang-14 libclang-rt-14-dev
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
cmake --build --preset fuzz
mkdir -p build/fuzz/found
for source in tests/fuzz/*_fuzz.cpp; do
    name=$(basename "$source" .cpp)
    corpus=${name%_fuzz}
    mkdir -p "build/fuzz/corpus/$corpus"
    echo "== $corpus for $seconds s"
    "build/fuzz/tests/$name" -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 -artifact_prefix=build/fuzz/found/ \
        "build/fuzz/corpus/$corpus" "tests/fuzz/corpus/$corpus" 2>&1 | grep -E 'stat::number_of_executed_units|ERROR|SUMMARY|Test unit' || true
done
[ -z "$(ls build/fuzz/found)" ]
