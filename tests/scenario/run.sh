#!/bin/sh
# The scenarios against the program: every test_*.py and the kill loop.
#
#   run.sh [--full]      --full: 200 kills instead of 25
#
# TRIALGATE is the program (default build/release/trialgate), TRIALGATE_JOBS how many run at a time (default 2), TRIALGATE_PATIENCE how many
# seconds a condition is waited for (default 30; more under a sanitizer), TRIALGATE_SEED the kill loop's seed (default: a new one, printed).
set -eu

cd "$(dirname "$0")"
kills=25
case "${1:-}" in
--full) kills=200 ;;
"") ;;
*) echo "usage: run.sh [--full]" >&2; exit 2 ;;
esac
program=${TRIALGATE:-../../build/release/trialgate}
[ -x "$program" ] || { echo "run.sh: no program at $program: build it, or name it with TRIALGATE" >&2; exit 2; }
TRIALGATE=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export TRIALGATE results PYTHONDONTWRITEBYTECODE=1

# The longest first. Each has its own processes, folders and ports.
{
    echo "kill_loop.py --kills $kills${TRIALGATE_SEED:+ --seed $TRIALGATE_SEED}"
    ls -S test_*.py | sed 's/\.py$//; s/^/-m unittest -v /'
} | xargs -P "${TRIALGATE_JOBS:-2}" -I LINE sh -c '
    line="LINE"
    name=$(echo "$line" | tr -c "a-z0-9_\n" "-")
    if python3 -W error::ResourceWarning $line >"$results/$name" 2>&1; then
        echo "passed: $line: $(grep "^Ran " "$results/$name")"
    else
        echo "FAILED: $line"
        touch "$results/$name.failed"
    fi
    grep "^kill loop:" "$results/$name" || true' || true

grep -h "\.\.\. skipped" "$results"/* | sort -u || true
for failed in "$results"/*.failed; do
    [ -e "$failed" ] || { echo "scenarios: all passed"; exit 0; }
    echo "---- ${failed##*/}"
    cat "${failed%.failed}"
done
exit 1
