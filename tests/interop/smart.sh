#!/usr/bin/env bash
# Access tokens from an independent authorisation server (npm oidc-provider 9), with ES384 and RS384 keys.
# Usage: tests/interop/smart.sh TOKEN_PROBE [TRIALGATE]. One line a check; with TRIALGATE then the whole gateway (test_smart.py). Exit 1 when any
# failed. Skipped where npm or its registry is not to be had.
set -u
if [ $# -lt 1 ] || [ $# -gt 2 ] || [ ! -x "$1" ] || ! [ -x "${2:-$1}" ]; then
    echo "usage: $0 TOKEN_PROBE [TRIALGATE]" >&2
    exit 2
fi
probe=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
. "$here/node.sh" openssl

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
cp "$here/smart/server.mjs" "$dir/"
if ! (cd "$dir" && npm install --no-audit --no-fund --silent oidc-provider@9 >npm.log 2>&1); then
    echo "skipped: npm cannot install oidc-provider"
    exit 0
fi
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$dir/ec.pem" 2>/dev/null ||
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$dir/ec.pem" 2>/dev/null
openssl genrsa -out "$dir/rsa.pem" 2048 2>/dev/null
openssl genrsa -out "$dir/stranger.pem" 2048 2>/dev/null
"$probe" jwks "$dir/ec.pem" "$dir/rsa.pem" >"$dir/jwks.json" || exit 1

mkfifo "$dir/origin"
(cd "$dir" && exec node server.mjs jwks.json >"$dir/origin" 2>"$dir/server.log") &
server=$!
exec 3<"$dir/origin"
if ! read -r -t 60 origin <&3; then
    echo "FAIL the authorisation server does not start"
    cat "$dir/server.log"
    exit 1
fi

failed=0
check() { # name, pattern of standard output, pattern of standard error, arguments of the probe
    local name=$1 out=$2 err=$3
    shift 3
    "$probe" ask "$origin/fhir" "$@" >"$dir/out" 2>"$dir/err"
    local said=0
    if [ -n "$err" ]; then
        grep -qE -- "$err" "$dir/err" || said=1
    elif [ -s "$dir/err" ]; then
        said=1
    fi
    if [ $said -eq 0 ] && grep -qE -- "$out" "$dir/out"; then
        echo "ok   $name"
    else
        echo "FAIL $name"
        cat "$dir/out" "$dir/err"
        failed=1
    fi
}
both='system/Observation.rs system/Patient.rs'
check 'ES384: a token, and another one after it was revoked' '^OK$' '' es384 "$both" "$dir/ec.pem" "$dir/rsa.pem"
check 'RS384: the same' '^OK$' '' rs384 "$both" "$dir/rsa.pem" "$dir/ec.pem"
check 'a scope that is not granted is reported' '^OK$' 'did not grant: system/Condition.rs$' es384 "$both system/Condition.rs" "$dir/ec.pem"
check 'a key that is not registered is refused' '^auth: .* 40[01] invalid_client$' '' rs384 "$both" "$dir/stranger.pem"
check 'a client that is not registered is refused' '^auth: .* 40[01] invalid_client$' '' nobody "$both" "$dir/ec.pem"
if [ $failed -ne 0 ]; then
    grep -v '^oidc-provider' "$dir/server.log"
fi
if [ $# -eq 2 ]; then
    if command -v python3 >/dev/null; then
        TRIALGATE=$(realpath "$2") TOKEN_PROBE=$probe TOKEN_SERVER=$dir python3 "$here/test_smart.py" || failed=1
    else
        echo "skipped: python3 is not installed"
    fi
fi
exit $failed
