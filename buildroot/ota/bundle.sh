#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes and signs a bundle: $1 is the folder that holds boot-a.vfat and rootfs.erofs, $2 the board. The key is named by
# MADOGUCHI_SIGN_KEY (a file or a pkcs11: address), its certificate by MADOGUCHI_SIGN_CERT.
set -eu
images=$1
board=$2
here=$(cd "$(dirname "$0")" && pwd)
version=${MADOGUCHI_VERSION:-$(cat "$here/../../dist/src/VERSION" 2>/dev/null || echo 0)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/in"
cp "$images/boot-a.vfat" "$work/in/boot.vfat"
cp "$images/rootfs.erofs" "$work/in/rootfs.img"
cp "$here/slot-hook.sh" "$work/in/"
sed -e "s/@COMPATIBLE@/madoguchi-$board/" -e "s/@VERSION@/$version/" "$here/manifest.raucm.in" >"$work/in/manifest.raucm"
rm -f "$images/madoguchi-$board.raucb"
# Data blocks stay uncompressed, so that parts of an older bundle can be used again by a box that has them.
rauc --cert="$MADOGUCHI_SIGN_CERT" --key="$MADOGUCHI_SIGN_KEY" --mksquashfs-args="-noD -noF" bundle "$work/in" "$images/madoguchi-$board.raucb"
