#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the card's image, and the bundle if there is a key to sign it: $1 is Buildroot's folder of images, $2 the board.
# SOURCE_DATE_EPOCH sets every time in the image: two runs give the same bytes.
set -eu
images=$1
board=$2
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${SOURCE_DATE_EPOCH:=0}"
export SOURCE_DATE_EPOCH

cp "$here/cmdline-a.txt" "$here/cmdline-b.txt" "$images/"
: >"$images/data.empty"
truncate -s 1M "$images/data.empty"
echo "The data partition of this card may be made anew." >"$images/first-start"

# file_lines lists what a FAT partition holds in genimage's words, sorted: the order decides the bytes.
file_lines() {
	printf '%s\n' "$@" | LC_ALL=C sort | while read -r f; do
		name=${f#rpi-firmware/}
		printf '\t\tfile %s { image = "%s" }\n' "$name" "$f"
	done
}

cd "$images"
boot=$(find Image ./*.dtb rpi-firmware -type f ! -name autoboot.txt ! -name bootcode.bin ! -name cmdline.txt ! -name README 2>/dev/null | sed 's|^\./||')
[ -e Image ] || { echo "post-image: $images/Image is missing" >&2; exit 1; }
auto=
for f in rpi-firmware/autoboot.txt rpi-firmware/bootcode.bin; do
	[ ! -e "$f" ] || auto="$auto $f"
done
if [ -z "$auto" ]; then
	cp "$top/board/rpi/autoboot.txt" autoboot.txt
	auto=autoboot.txt
fi
# shellcheck disable=SC2086 # lists of names without spaces
file_lines $auto first-start >autoboot.files
# shellcheck disable=SC2086
file_lines $boot >boot.files
sed -e '/@AUTOBOOT_FILES@/{r autoboot.files
d}' -e '/@BOOT_FILES@/{r boot.files
d}' "$here/genimage.cfg.in" >genimage.cfg

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/root"
# The folders' times, too, are the build's.
genimage --rootpath "$work/root" --tmppath "$work/tmp" --inputpath "$images" --outputpath "$images" --config genimage.cfg

# The key never lies in the tree or in the image: MADOGUCHI_SIGN_KEY is a file or a pkcs11: address.
if [ -n "${MADOGUCHI_SIGN_KEY:-}" ] && [ -n "${MADOGUCHI_SIGN_CERT:-}" ]; then
	"$top/ota/bundle.sh" "$images" "$board"
elif [ "${MADOGUCHI_RELEASE:-no}" = yes ]; then
	echo "post-image: a release needs MADOGUCHI_SIGN_KEY and MADOGUCHI_SIGN_CERT" >&2
	exit 1
else
	echo "post-image: no MADOGUCHI_SIGN_KEY: no bundle is made" >&2
fi
