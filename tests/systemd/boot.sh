#!/bin/sh
# Inside enter.sh, with a network and a cgroup of its own: systemd as the first process, with the installed unit of
# edge and the units of /opt/edge/share/test, and nothing else of this machine.
set -eu
ip link set lo up
mkdir -p /run/systemd/system /run/units
cp -R /etc/systemd/system/edge@* /opt/edge/share/test/units/* /run/units/
mount -t tmpfs tmpfs /etc/systemd/system
cp -R /run/units/* /etc/systemd/system/
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t tmpfs tmpfs /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --make-rshared /
exec env -i container=test PATH="$PATH" /lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=0
