#!/usr/bin/env bash
# Installs what is needed, builds with sanitizers and runs all tests. Arguments go to ctest, e.g. -R titer.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t packages <gateway/packages.txt
gateway/setup.sh "${packages[@]}" catch2 jq
if [ ! -f build/dev/build.ninja ]; then
    cmake --preset dev >/dev/null
fi
cmake --build --preset dev
passed=0
ctest --preset dev -j "$(nproc)" "$@" || passed=$?
# ctest keeps the output of tests that pass to itself; what was skipped must be seen.
grep -h '^skipped:' build/dev/Testing/Temporary/LastTest.log | sort -u || true
exit $passed
