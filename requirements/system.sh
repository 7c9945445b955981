#!/bin/sh
# Sees that the system has what pip cannot install. Usage: PYTHON=python3 requirements/system.sh [PACKAGE...]
# As root on Debian it installs what is missing; otherwise it names the command and stops.
set -eu
PYTHON=${PYTHON:-python3}
PATH=$PATH:/usr/sbin:/usr/local/sbin

missing=""
if ! command -v "$PYTHON" >/dev/null; then
    [ "$PYTHON" = python3 ] || { echo "expected a Python, found no program $PYTHON" >&2; exit 1; }
    missing="python3 python3-venv"
elif ! "$PYTHON" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))'; then
    echo "expected Python 3.10 to 3.13, found $("$PYTHON" --version 2>&1) as $PYTHON; name another one: make PYTHON=python3.12" >&2
    exit 1
elif ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    missing=$("$PYTHON" -c 'import sys; print("python{}.{}-venv".format(*sys.version_info))')
fi
for package in "$@"; do
    case $package in
        mosquitto-clients) command -v mosquitto_sub >/dev/null ;;
        postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null ;;  # off the PATH
        *) command -v "$package" >/dev/null ;;
    esac || missing="${missing:+$missing }$package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "missing: $missing; install it with the package manager of this system" >&2
    exit 1
elif [ "$(id -u)" -ne 0 ]; then
    echo "missing: $missing; install it with: sudo apt-get update && sudo apt-get install $missing" >&2
    exit 1
fi
echo "installing from Debian: $missing"
export DEBIAN_FRONTEND=noninteractive
# A fresh machine may be busy with its own upgrades: wait for them.
apt-get -o DPkg::Lock::Timeout=300 update -qq
# shellcheck disable=SC2086  # a list of names
apt-get -o DPkg::Lock::Timeout=300 install --yes -qq --no-install-recommends $missing >/dev/null
