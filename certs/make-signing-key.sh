#!/usr/bin/env bash
# Makes the private key with which the gateway signs its requests for access tokens (SMART Backend Services, private_key_jwt).
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: certs/make-signing-key.sh [--to DIR] [--rsa] [NAME]

Writes NAME.key (default: signing-TODAY, so that keys can be told apart when they are rotated), readable by you alone; never overwrites one.
  --to DIR   the folder to write into (default: the one of this script)
  --rsa      RSA 3072 bits for servers that want RS384; otherwise EC P-384 for ES384
The gateway publishes the public half itself.
TEXT
}

to=$(cd "$(dirname "$0")" && pwd)
kind=ec
name=signing-$(date +%Y-%m-%d)
while [ $# -gt 0 ]; do
    case $1 in
    --to) to=${2:?--to needs a folder}; shift 2 ;;
    --rsa) kind=rsa; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) name=$1; shift ;;
    esac
done
if ! [[ $name =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*$ ]]; then
    echo "certs/make-signing-key.sh: not a file name: $name" >&2
    exit 2
fi
umask 077
mkdir -p "$to"
if [ -e "$to/$name.key" ]; then
    echo "certs/make-signing-key.sh: $to/$name.key is there already; tokens in use may depend on it" >&2
    exit 1
fi
if [ $kind = rsa ]; then
    options=(-algorithm RSA -pkeyopt rsa_keygen_bits:3072)
else
    options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-384)
fi
trap 'rm -f "$to/.$name.key.making"' EXIT
openssl genpkey "${options[@]}" -out "$to/.$name.key.making" 2>/dev/null
chmod 600 "$to/.$name.key.making"
mv "$to/.$name.key.making" "$to/$name.key"
echo "made $to/$name.key"
