#!/usr/bin/env bash
# The coordinator's page in a real Chromium: against a strict mock of the API, and with PROGRAM against the demo of the real program.
# Usage: tests/page/browser/run.sh [PROGRAM] [TEST.mjs...]. SHOTS=DIR keeps pictures. Skipped where Node 20, npm's registry or Chromium is not to be had.
set -u
here=$(cd "$(dirname "$0")" && pwd)
program=
if [ $# -gt 0 ] && [ "${1%.mjs}" = "$1" ]; then
    [ -x "$1" ] || { echo "usage: $0 [PROGRAM] [TEST.mjs...]" >&2; exit 2; }
    program=$(realpath "$1")
    shift
fi
. "$here/../../interop/node.sh" node # its arguments are tools, ours are not
mapfile -t libraries < <(grep -o 'node-d3-[a-z-]*' "$here/../../../gateway/packages.txt")
if ! "$here/../../../gateway/setup.sh" chromium-headless-shell fonts-dejavu-core "${libraries[@]}" >/dev/null 2>&1 || ! command -v chromium-headless-shell >/dev/null; then
    echo "skipped: chromium-headless-shell or the charts' libraries cannot be installed"
    exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo '{"type": "module"}' >"$dir/package.json"
if ! (cd "$dir" && npm install --no-audit --no-fund --silent playwright-core@1 axe-core@4 >npm.log 2>&1); then
    echo "skipped: npm cannot install playwright-core and axe-core"
    exit 0
fi
# Modules are looked for beside and above the file that asks for them.
mkdir -p "$dir/tests/page" && cp -r "$here" "$dir/tests/page/browser" && mkdir -p "$dir/gateway/page" && cp -r "$here/../../../gateway/page/web" "$dir/gateway/page/web"
cd "$dir/tests/page/browser" || exit 1
tests=("$@")
if [ ${#tests[@]} -eq 0 ]; then
    tests=(*.test.mjs)
fi
# One at a time: some measure how long the page is busy.
TRIALGATE=$program node --test --test-concurrency=1 --test-reporter=spec "${tests[@]}"
