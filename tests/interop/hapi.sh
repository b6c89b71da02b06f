#!/usr/bin/env bash
# The gateway between two real HAPI FHIR servers. Usage: tests/interop/hapi.sh TRIALGATE [TEST...], e.g. RestHook.test_journey; default: all.
# Skipped where Java, Maven or the artefacts are not to be had. HAPI_BUILD names a folder to build in and keep; default: one that goes away.
set -u
if [ $# -lt 1 ] || [ ! -x "$1" ]; then
    echo "usage: $0 TRIALGATE [TEST...]" >&2
    exit 2
fi
TRIALGATE=$(realpath "$1")
export TRIALGATE
shift
here=$(cd "$(dirname "$0")" && pwd)
for tool in java mvn python3; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 0; }
done
major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
if [ "${major:-0}" -lt 17 ]; then
    echo "skipped: Java 17 is needed, this is ${major:-unknown}"
    exit 0
fi
build=${HAPI_BUILD:-}
if [ -z "$build" ]; then
    build=$(mktemp -d)
    trap 'rm -rf "$build"' EXIT
fi
mkdir -p "$build"
cp -r "$here/hapi/pom.xml" "$here/hapi/src" "$build/"

goals=(-q -B -ntp -f "$build/pom.xml" compile dependency:copy-dependencies -DincludeScope=runtime)
# What was fetched once is not asked for again: a registry that is down does not matter then.
if ! mvn -o "${goals[@]}" >"$build/maven.log" 2>&1 && ! timeout 1200 mvn "${goals[@]}" >"$build/maven.log" 2>&1; then
    if grep -q "COMPILATION ERROR" "$build/maven.log"; then
        cat "$build/maven.log"
        exit 1
    fi
    echo "skipped: Maven cannot fetch HAPI: $(grep -m1 '^\[ERROR\]' "$build/maven.log" | cut -c1-200)"
    exit 0
fi
export HAPI_CLASSPATH="$build/target/classes:$build/target/dependency/*"
PYTHONDONTWRITEBYTECODE=1 python3 "$here/hapi/test_hapi.py" "$@"
