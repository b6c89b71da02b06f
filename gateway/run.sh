#!/usr/bin/env bash
# Installs what is needed, builds a release and runs the main job: screens the shipped synthetic cohort and explains one patient.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t packages <gateway/packages.txt
gateway/setup.sh "${packages[@]}"
if [ ! -f build/release/build.ninja ]; then
    cmake --preset release >/dev/null
fi
cmake --build --preset release --target trialgate | tail -n 1
echo
build/release/trialgate screen gateway/demo/cohort --as-of 2026-03-15 --time-zone Europe/Berlin --brief "$@"
echo
build/release/trialgate explain Patient/anna gateway/demo/cohort --trial sle-uc-msc --as-of 2026-03-15 --time-zone Europe/Berlin --quiet
