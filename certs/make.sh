#!/usr/bin/env bash
# Makes a development CA and leaf certificates. For real operation use your organisation's CA.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: certs/make.sh [--to DIR] [--new-ca] [--days N] [NAME[=ALTERNATIVE,...]...]

Makes ca.pem and ca.key, unless they are there, and NAME.pem and NAME.key for each name, anew each time (a running gateway takes up
the renewed files by itself). Without names: localhost and client.
  --to DIR   the folder to write into (default: the one of this script)
  --new-ca   a new CA too; certificates of the old one are trusted no more
  --days N   validity of the leaf certificates (default and most: 825)
A NAME is a host name or an IP address and stands in the certificate together with its ALTERNATIVES; "localhost" has 127.0.0.1 and ::1,
"client" is for the client's side of mutual TLS.
TEXT
}

to=$(cd "$(dirname "$0")" && pwd)
days=825
new_ca=no
names=()
while [ $# -gt 0 ]; do
    case $1 in
    --to) to=${2:?--to needs a folder}; shift 2 ;;
    --days) days=${2:?--days needs a number}; shift 2 ;;
    --new-ca) new_ca=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) names+=("$1"); shift ;;
    esac
done
if ! [[ $days =~ ^[0-9]+$ ]] || [ "$days" -lt 1 ] || [ "$days" -gt 825 ]; then
    echo "certs/make.sh: --days is a number from 1 to 825" >&2
    exit 2
fi
[ ${#names[@]} -gt 0 ] || names=(localhost client)
umask 077
mkdir -p "$to"
work=$(mktemp -d "$to/.making.XXXXXX")
trap 'rm -rf "$work"' EXIT

# A file appears complete or not at all: a gateway may be reading it. Certificates are public, keys are not.
publish() { # name
    chmod 600 "$work/$1.key"
    chmod 644 "$work/$1.pem"
    mv -f "$work/$1.key" "$to/$1.key"
    mv -f "$work/$1.pem" "$to/$1.pem"
}

make_key() { # name
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key" 2>/dev/null
}

make_ca() {
    make_key ca
    openssl req -new -x509 -key "$work/ca.key" -sha256 -days 3650 -subj '/O=trialgate development/CN=trialgate development CA' \
        -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign,cRLSign' -out "$work/ca.pem"
    publish ca
}

# "DNS:a,IP:127.0.0.1"
alternatives() { # comma-separated names and addresses
    local out='' one
    local -a all
    IFS=, read -ra all <<<"$1"
    for one in "${all[@]}"; do
        if [[ $one =~ ^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$ || $one == *:* ]]; then
            out+=",IP:$one"
        else
            out+=",DNS:$one"
        fi
    done
    printf '%s' "${out#,}"
}

make_leaf() { # NAME[=ALTERNATIVE,...]
    local name=${1%%=*} also='' usage=serverAuth,clientAuth
    if ! [[ $name =~ ^[A-Za-z0-9_.:-]+$ && $name != .* && $name != ca ]]; then
        echo "certs/make.sh: not a name: $name" >&2
        exit 2
    fi
    [[ $1 == *=* ]] && also=",${1#*=}"
    [ "$name" = localhost ] && also=",127.0.0.1,::1$also"
    [ "$name" = client ] && usage=clientAuth
    if ! [[ $also =~ ^[A-Za-z0-9_.:,*-]*$ ]]; then
        echo "certs/make.sh: not a list of names: $also" >&2
        exit 2
    fi
    make_key "$name"
    cat >"$work/leaf.conf" <<TEXT
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = $usage
subjectAltName = $(alternatives "$name$also")
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
TEXT
    openssl req -new -key "$work/$name.key" -subj "/O=trialgate development/CN=$name" -out "$work/leaf.csr"
    openssl x509 -req -in "$work/leaf.csr" -CA "$to/ca.pem" -CAkey "$to/ca.key" -set_serial "0x$(openssl rand -hex 16)" -sha256 \
        -days "$days" -extfile "$work/leaf.conf" -out "$work/$name.pem" 2>/dev/null
    publish "$name"
}

if [ "$new_ca" = no ] && [ -f "$to/ca.pem" ] && ! [ -f "$to/ca.key" ]; then
    echo "certs/make.sh: $to/ca.key is missing, so nothing can be signed for $to/ca.pem; --new-ca makes another CA" >&2
    exit 1
fi
if [ "$new_ca" = yes ] || ! [ -f "$to/ca.pem" ]; then
    make_ca
    echo "made $to/ca.pem"
fi
for name in "${names[@]}"; do
    make_leaf "$name"
    echo "made $to/${name%%=*}.pem"
done
