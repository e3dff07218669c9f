#!/usr/bin/env bash
# Measures what docs/storage-results.md quotes, on disks that tools/lab makes. Root; nothing else should run beside it.
#   tests/bench/storage.sh hdd|fragmented|random|misses|ssd|fill|mlperf|unet3d|memory|first|predict|order|soak|seek|pack ...
# Each figure makes its disks and data and takes them down. It prints what was run, the ceiling of the same run, median and spread, met or MISSED.
# SIZE     small (default, a rehearsal) or full            ROUNDS   default 3
# MINUTES  of the soak, default 30; KILL_S 60 between kills   THREADS  default 2
# BUILD    where the program lies (default build)          LAB_ROOT where disk images go (default /var/tmp)
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$here/build}; penstock=$build/penstock; lab=$here/tools/lab
rounds=${ROUNDS:-3} size=${SIZE:-small} threads=${THREADS:-2}
fail() { echo "storage.sh: $*" >&2; exit 1; }
[ $# -gt 0 ] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 2; }
[ "$(id -u)" = 0 ] || fail "needs root: loop devices and control groups are made"
[ -x "$penstock" ] || fail "no program at '$penstock': tools/build.sh, or BUILD=..."
for tool in fio python3 filefrag; do command -v "$tool" > /dev/null || fail "needs $tool (apt-get install fio python3 e2fsprogs)"; done
case $size in small | full) ;; *) fail "SIZE is small or full" ;; esac

export PENSTOCK_LAB; PENSTOCK_LAB=$(mktemp -d "${LAB_ROOT:-/var/tmp}/penstock-storage.XXXXXX")
work=$(mktemp -d)
export XDG_CACHE_HOME=$work/cache  # what is remembered of loop devices is forgotten with them
trap 'code=$?; trap - EXIT; "$lab" down || true; rm -rf "$work"; rmdir "$PENSTOCK_LAB" 2> /dev/null || true; exit $code' EXIT
trap 'exit 130' INT; trap 'exit 143' TERM

# shellcheck source=tests/bench/storage.d/world.sh
. "$here/tests/bench/storage.d/world.sh"
# shellcheck source=tests/bench/storage.d/rates.sh
. "$here/tests/bench/storage.d/rates.sh"
# shellcheck source=tests/bench/storage.d/accelerator.sh
. "$here/tests/bench/storage.d/accelerator.sh"
# shellcheck source=tests/bench/storage.d/runs.sh
. "$here/tests/bench/storage.d/runs.sh"

uname -sr; grep -m1 "model name" /proc/cpuinfo; echo "$(nproc) cores, SIZE=$size ROUNDS=$rounds"
for figure in "$@"; do
  declare -F "figure_$figure" > /dev/null || fail "there is no figure '$figure'"
  echo "== $figure"
  "figure_$figure"
  "$lab" down
done
