#!/usr/bin/env bash
# Login to the page by an independent OpenID provider (npm oidc-provider 9), through its own forms. Usage: tests/interop/oidc.sh TRIALGATE.
# Skipped where npm or its registry is not to be had.
set -u
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: $0 TRIALGATE" >&2
    exit 2
fi
program=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
. "$here/node.sh" python3

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$here/oidc/server.mjs" "$dir/"
if ! (cd "$dir" && npm install --no-audit --no-fund --silent oidc-provider@9 >npm.log 2>&1); then
    echo "skipped: npm cannot install oidc-provider"
    exit 0
fi
TRIALGATE=$program OIDC_SERVER=$dir python3 -B "$here/test_oidc.py"
