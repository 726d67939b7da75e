#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Finishes the root file system: $1 is its folder, $2 the board.
set -eu
target=$1
board=$2
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

version=unknown
if [ -r "$top/../dist/src/VERSION" ]; then
	version=$(cat "$top/../dist/src/VERSION")
fi

# What the box says of itself in reports, and what a bundle must fit.
cat >"$target/usr/lib/os-release" <<EOF
NAME=Madoguchi
ID=madoguchi
PRETTY_NAME="Madoguchi $version"
VERSION_ID=$version
VARIANT_ID=$board
EOF
ln -sf ../usr/lib/os-release "$target/etc/os-release"

# The clock never starts before the day of the build.
: >"$target/usr/lib/clock-epoch"
touch -d "@${SOURCE_DATE_EPOCH:-0}" "$target/usr/lib/clock-epoch"

# Nobody logs in: no shell that a console could start, root's password field is locked by Buildroot.
rm -f "$target/usr/bin/chsh" "$target/usr/bin/login" "$target/bin/login" "$target/sbin/sulogin" "$target/usr/sbin/sulogin"

# The data partition's place, and the slots that an update is written to.
mkdir -p "$target/data" "$target/mnt/autoboot" "$target/etc/rauc"
sed -e "s/@COMPATIBLE@/madoguchi-$board/" -e "s/^@1.15@//" -e "/^#/d" "$top/ota/system.conf.in" >"$target/etc/rauc/system.conf"

# The public half of the key that bundles are signed with comes from outside the tree, as the private one does. Without it
# the image takes no bundle at all.
if [ -n "${MADOGUCHI_KEYRING:-}" ]; then
	install -m 0644 "$MADOGUCHI_KEYRING" "$target/etc/rauc/keyring.pem"
elif [ "${MADOGUCHI_RELEASE:-no}" = yes ]; then
	echo "post-build: a release needs MADOGUCHI_KEYRING, the certificate that bundles are verified with" >&2
	exit 1
else
	echo "post-build: no MADOGUCHI_KEYRING: this image will take no update" >&2
	rm -f "$target/etc/rauc/keyring.pem"
fi
