#!/bin/sh
# Installs the service from this checkout, brings an installed one up to date, or removes it. The books (/var/lib/edge) and
# what was configured (/etc/edge) are never touched.
#
#   sudo systemd/install.sh                  install, or update; at the end edge doctor looks at every camera
#   sudo systemd/install.sh uninstall        remove program and units
#   systemd/install.sh --root DIR [...]      everything below DIR, systemd is left alone: for images and packages
#
# PYTHON=/usr/bin/python3 is the Python to take: not one in somebody's home, which the units cannot see.
set -eu

usage() { sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

PYTHON=${PYTHON:-/usr/bin/python3}
root="" action=install
while [ $# -gt 0 ]; do
    case $1 in
        install | uninstall) action=$1 ;;
        --root) [ $# -gt 1 ] || usage; root=$(mkdir -p "$2" && cd "$2" && pwd); shift ;;
        *) usage ;;
    esac
    shift
done

source=$(cd "$(dirname "$0")/.." && pwd)
app=$root/opt/edge etc=$root/etc/edge units=$root/etc/systemd/system books=$root/var/lib/edge

if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then
    echo "expected to run as root: sudo $0" >&2
    exit 1
fi
systemd() { # a command for the running systemd, if there is one to be told
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemctl "$@"; fi
}

running() { systemd list-units --plain --no-legend --state=active,activating,reloading 'edge@*.service' | cut -d' ' -f1; }

remove_program() { # but not what lies in share: a model may be somebody's own
    for part in bin lib lib64 include pyvenv.cfg; do rm -rf "${app:?}/$part"; done
}

lay_out_program() {
    PYTHON=$PYTHON "$source/requirements/system.sh"
    "$app/bin/python" -c '' 2>/dev/null || remove_program # after an upgrade of the system its Python may be gone
    [ -e "$app/bin/python" ] || "$PYTHON" -m venv "$app"
    install -d -m 755 "$app/share/models"
    pip() { "$app/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
    pip install --require-hashes --no-deps --requirement "$source/requirements/run.txt"
    # A copy: setuptools writes into what it builds, and the checkout is not root's.
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    for part in edge calibration models analytics pyproject.toml README.md LICENSE; do cp -R "$source/$part" "$copy/"; done
    pip install --no-deps --no-build-isolation --force-reinstall "$copy"
}

lay_out_configuration() {
    install -d -m 755 "$etc"
    install -d -m 700 "$etc/secrets"
    [ -e "$etc/config.yaml" ] || install -m 644 "$source/config.yaml" "$etc/config.yaml"
}

# A setting of the cameras, name or source: one line for each.
of_cameras() { "$app/bin/edge" check --config "$etc/config.yaml" | sed -n "s/^[* ] cameras\[[0-9]*\]\.$1 = //p"; }

lay_out_units() {
    install -d -m 755 "$units/edge@.service.d"
    install -m 644 "$source/systemd/edge@.service" "$units/edge@.service"
    # timesyncd leaves a mark that the service finds; with another time service it has to ask the kernel.
    if [ -z "$root" ] && systemctl is-active --quiet systemd-timesyncd; then
        rm -f "$units/edge@.service.d/clock-kernel.conf"
    else
        install -m 644 "$source/systemd/clock-kernel.conf" "$units/edge@.service.d/clock-kernel.conf"
    fi
    credentials=$units/edge@.service.d/credentials.conf
    echo "[Service]" >"$credentials"
    for secret in "$etc"/secrets/*; do
        [ ! -f "$secret" ] || echo "LoadCredential=$(basename "$secret"):/etc/edge/secrets/$(basename "$secret")" >>"$credentials"
    done
    number=0
    for name in $(of_cameras name); do
        number=$((number + 1))
        drop_in=$units/edge@$name.service.d/camera-device.conf
        case $(of_cameras source | sed -n "${number}p") in
            /dev/* | [0-9] | [0-9][0-9] | [0-9][0-9][0-9])
                install -D -m 644 "$source/systemd/camera-device.conf" "$drop_in" ;;
            *) rm -f "$drop_in" ;;
        esac
    done
    systemd daemon-reload
}

examine() {
    for name in $(of_cameras name); do
        echo "== edge doctor: $name"
        CREDENTIALS_DIRECTORY="$etc/secrets" EDGE_MODELS_DIR="$app/share/models" "$app/bin/edge" doctor \
            --config "$etc/config.yaml" --camera "$name" --state-dir "$books/$name" ||
            echo "== $name cannot count yet; when that is mended, run this again, or start it as it is"
        echo "== start it with the box: systemctl enable --now edge@$name"
    done
}

uninstall() {
    for unit in $(running); do systemd stop "$unit"; done
    for link in "$units"/*.wants/edge@*.service; do rm -f "$link"; done
    rm -f "$units/edge@.service" "$units"/edge@*.service.d/clock-kernel.conf "$units"/edge@*.service.d/credentials.conf \
        "$units"/edge@*.service.d/camera-device.conf
    for folder in "$units"/edge@*.service.d; do rmdir "$folder" 2>/dev/null || true; done # but not what others put there
    remove_program
    rmdir "$app/share/models" "$app/share" "$app" 2>/dev/null || true
    systemd daemon-reload
    echo "removed; the books stay in $books (and $root/var/lib/private/edge), the configuration in $etc"
}

if [ "$action" = uninstall ]; then
    uninstall
    exit
fi
before=$(running)
lay_out_program
lay_out_configuration
lay_out_units
# The doctor wants the camera for itself, and what ran is to run what is installed now.
for unit in $before; do systemd stop "$unit"; done
examine
for unit in $before; do systemd start "$unit"; done
