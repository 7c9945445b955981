#!/bin/sh
# usage, inside private mount and pid namespaces: enter.sh FOLDER COMMAND...
# Runs the command in a root of its own: this machine's, on which every change goes to FOLDER/up, with a /tmp, /dev and /run
# of its own. What starts here (systemd, tmpfiles) must not reach the machine's; FOLDER/out is shared with it, as /out.
set -eu
folder=$1 root=$1/root
shift
mount --make-rprivate /
mkdir -p "$root" "$folder/up" "$folder/work" "$folder/out"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/up,workdir=$folder/work" "$root"
mkdir -p "$root/out" "$root/.old"
mount --bind "$folder/out" "$root/out"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
cd "$root"
pivot_root . .old
cd /
umount -l /.old
exec "$@"
