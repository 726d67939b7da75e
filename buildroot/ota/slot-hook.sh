#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# RAUC calls this after it wrote a boot slot: both slots take the same image, and only cmdline.txt says which root belongs to it.
set -eu
[ "$1" = slot-post-install ] || { echo "slot-hook: unknown step $1" >&2; exit 1; }
case $RAUC_SLOT_BOOTNAME in
A) from=cmdline-a.txt ;;
B) from=cmdline-b.txt ;;
*) echo "slot-hook: unknown slot $RAUC_SLOT_BOOTNAME" >&2; exit 1 ;;
esac
dir=$(mktemp -d)
mount -t vfat -o sync,noexec,nodev "$RAUC_SLOT_DEVICE" "$dir"
rc=0
cp "$dir/$from" "$dir/cmdline.txt" && sync || rc=1
umount "$dir" || rc=1
rmdir "$dir"
exit $rc
