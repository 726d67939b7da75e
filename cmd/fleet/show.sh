#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A rollout over fifty simulated boxes, by the commands that an admin types: a good build reaches all of them; of the next one the boxes of the second wave are not well,
# and it stops by itself. Needs bin/simulator and bin/fleet: make show-rollout. LISTEN is the address of city hall's page, KEEP=1 leaves the city running at the end.
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
bin/simulator fleet --boxes 50 --sick second --data "$dir/city" --listen "${LISTEN:-127.0.0.1:8081}" >"$dir/said" 2>"$dir/errors" &
city=$!
trap 'kill $city 2>/dev/null; wait $city 2>/dev/null; rm -rf "$dir"' EXIT
until grep -q 'Ctrl-C' "$dir/said"; do
  kill -0 $city 2>/dev/null || { cat "$dir/errors" >&2; exit 1; }
  sleep 0.2
done
cat "$dir/said"

keys=$dir/city/fleet/keys
fleet() {
  printf '\n$ fleet'
  printf ' %s' "${@//$dir\/city/DATA}"
  printf '\n'
  bin/fleet --city "$dir/city/fleet" --data "$dir/city" "$@"
}
build() { # a megabyte of firmware, of which the next build keeps the most
  head -c 900000 bin/fleet
  head -c 100000 /dev/urandom
}

build >"$dir/1.4.0.raucb"
build >"$dir/1.4.1.raucb"
fleet release firmware "$dir/1.4.0.raucb" --version 1.4.0 --notes "初版" --soak 2s --within 10s
fleet rollout create firmware/1.4.0 --reason "first build" --wave all:100%:0s --key "$keys/firmware-1.key"
fleet rollout approve firmware-1.4.0 --key "$keys/firmware-2.key"
fleet rollout start firmware-1.4.0
fleet rollout status firmware-1.4.0 --watch

fleet release firmware "$dir/1.4.1.raucb" --version 1.4.1 --notes "読み取り機の修正" --soak 2s --within 10s
fleet rollout create firmware/1.4.1 --reason "reader driver" --wave canary:5:5s --wave second:40%:5s --wave all:100%:0s --key "$keys/firmware-1.key"
fleet rollout approve firmware-1.4.1 --key "$keys/firmware-2.key"
fleet rollout start firmware-1.4.1
fleet rollout status firmware-1.4.1 --watch || true # 1: it was aborted
fleet device diff || true                           # 1: boxes are on their way back
fleet device why "$(bin/fleet --city "$dir/city/fleet" --data "$dir/city" rollout status firmware-1.4.1 --json | grep -o '"box-[0-9]*"\|"State": "failed"' | grep -B1 failed | grep -o 'box-[0-9]*' | head -1)"
if test -n "${KEEP:-}"; then
  printf '\nThe city runs on; Ctrl-C ends it.\n'
  wait $city
fi
