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
ctest --preset dev -j "$(nproc)" "$@"
