#!/usr/bin/env bash
# Installs what is needed, builds a release and runs the main job: a simulated hospital, the gateway over TLS and a receiving study system,
# with results arriving live. Ctrl-C ends it. `gateway/run.sh --end` ends by itself when all results have arrived.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t packages <gateway/packages.txt
gateway/setup.sh "${packages[@]}"
if [ ! -f build/release/build.ninja ]; then
    cmake --preset release >/dev/null
fi
cmake --build --preset release --target trialgate | tail -n 1
certs/make.sh --to build/demo/certs >/dev/null
echo
exec build/release/trialgate demo --certs build/demo/certs --folder build/demo "$@"
