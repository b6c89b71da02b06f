#!/usr/bin/env bash
# Runs everything that speaks with software by others. Usage: tests/interop/run.sh [--short] [BUILD], default build/release. What is not installed is
# skipped and named. --short: with HAPI the journeys only (probe of R4, R4 polled, R4 rest-hook, R5 topics), a few minutes instead of half an hour.
set -u
here=$(cd "$(dirname "$0")" && pwd)
journeys=()
if [ "${1:-}" = --short ]; then
    journeys=(Probe Polling RestHook.test_journey TopicR5.test_journey)
    shift
fi
build=$(realpath "${1:-$here/../../build/release}")
program=$build/trialgate
probe=$build/tests/token_probe
if [ ! -x "$program" ]; then
    echo "usage: $0 [BUILD], a folder with the program in it" >&2
    exit 2
fi

failed=()
skipped=()
run() { # name, command
    local name=$1 out code=0
    shift
    echo "== $name"
    out=$(mktemp)
    "$@" 2>&1 | tee "$out"
    code=${PIPESTATUS[0]}
    [ "$code" -eq 0 ] || failed+=("$name")
    local why
    while read -r why; do
        skipped+=("$name: ${why#skipped: }")
    done < <(grep '^skipped:' "$out")
    rm -f "$out"
}
if [ -x "$probe" ]; then
    run smart "$here/smart.sh" "$probe" "$program"
else
    skipped+=("smart: tests/token_probe is not built")
fi
run oidc "$here/oidc.sh" "$program"
run study "$here/study.sh" "$program"
run mail "$here/mail.sh" "$program"
run nginx "$here/nginx.sh" "$program"
run browser "$here/../page/browser/run.sh" "$program"
run hapi "$here/hapi.sh" "$program" ${journeys[@]+"${journeys[@]}"}

echo
for one in ${skipped[@]+"${skipped[@]}"}; do
    echo "skipped: $one"
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}"
    exit 1
fi
echo "passed"
