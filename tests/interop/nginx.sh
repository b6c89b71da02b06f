#!/usr/bin/env bash
# The gateway behind nginx, which does TLS and mutual TLS for it, and a hospital behind nginx. Usage: tests/interop/nginx.sh TRIALGATE.
# Needs no root: nginx runs with a folder and ports of its own. Skipped where nginx is not installed.
set -u
if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: $0 TRIALGATE" >&2
    exit 2
fi
TRIALGATE=$(realpath "$1")
NGINX=$(PATH=$PATH:/usr/sbin command -v nginx) || { echo "skipped: nginx is not installed"; exit 0; }
export TRIALGATE NGINX
for tool in openssl python3; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 0; }
done
python3 "$(dirname "$0")/test_nginx.py" "${@:2}"
