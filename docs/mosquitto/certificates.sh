#!/bin/sh
# Certificates for a broker and for everybody who may come to it, in the current folder.
#
#   certificates.sh authority        ca.pem and ca.key; ca.key signs all the others: keep it off the broker and the boxes
#   certificates.sh broker HOST      broker.pem and broker.key, for the name or address by which the others know it
#   certificates.sh client NAME      NAME.pem and NAME.key, for a box or a reader
set -eu
umask 077

new_key() { echo "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $1.key"; }

signed() { # name, days, extensions
    # shellcheck disable=SC2046 # options without blanks
    openssl req $(new_key "$1") -subj "/CN=$1" -out "$1.csr"
    echo "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$2" -extfile "$1.ext" -out "$1.pem"
    rm "$1.csr" "$1.ext"
}

case ${1:-}:${2:-} in
    authority:)
        # shellcheck disable=SC2046
        openssl req -x509 $(new_key ca) -subj "/CN=people counting" -days 7300 -out ca.pem \
            -addext keyUsage=critical,keyCertSign,cRLSign ;;
    broker:?*)
        case $2 in *[!0-9.]*) host=DNS:$2 ;; *) host=IP:$2 ;; esac
        signed broker 825 "subjectAltName=$host" ;;
    client:?*) signed "$2" 825 "extendedKeyUsage=clientAuth" ;;
    *) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
esac
