#!/usr/bin/env bash
# The gateway beside a real mail relay (npm smtp-server): plain, STARTTLS with our CA, TLS, logins, refusals, a relay that goes and comes back.
# Usage: tests/interop/mail.sh TRIALGATE. Skipped where npm or its registry is not to be had.
set -u
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: $0 TRIALGATE" >&2
    exit 2
fi
TRIALGATE=$(realpath "$1")
export TRIALGATE
here=$(cd "$(dirname "$0")" && pwd)
. "$here/node.sh" python3 openssl
MAIL_SERVER=$(mktemp -d)
export MAIL_SERVER
trap 'rm -rf "$MAIL_SERVER"' EXIT
cp "$here/mail/server.mjs" "$MAIL_SERVER/"
if ! (cd "$MAIL_SERVER" && timeout 120 npm install --no-audit --no-fund --silent smtp-server@3 >npm.log 2>&1); then
    echo "skipped: npm cannot install smtp-server"
    exit 0
fi
"$here/../../certs/make.sh" --to "$MAIL_SERVER/ours" >/dev/null || exit 1
"$here/../../certs/make.sh" --to "$MAIL_SERVER/strangers" >/dev/null || exit 1
timeout 600 python3 "$here/test_mail.py"
