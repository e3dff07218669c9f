#!/usr/bin/env bash
# The storage lab keeps what it says: limits hold, signals and exit codes pass, and nothing remains. Root; exit code 77 where it cannot run.
#   tests/lab/lab_test.sh
set -euo pipefail
lab=$(cd "$(dirname "$0")/../.." && pwd)/tools/lab
skip() { echo "SKIPPED: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "the lab needs root"
command -v python3 > /dev/null || skip "needs python3"
"$lab" check 2> /dev/null || skip "this machine has no control group for block devices, or no loop devices"
export PENSTOCK_LAB; PENSTOCK_LAB=$(mktemp -d "${LAB_ROOT:-/var/tmp}/penstock-lab-test.XXXXXX")
work=$(mktemp -d)
trap 'code=$?; trap - EXIT; "$lab" down || true; rm -rf "$work"; rmdir "$PENSTOCK_LAB" 2> /dev/null || true; exit $code' EXIT
trap 'exit 130' INT; trap 'exit 143' TERM
bad() { echo "FAILED: $*"; exit 1; }
code_of() { local code=0; "$@" > "$work/out" 2>&1 || code=$?; echo $code; }
groups_of() { find /sys/fs/cgroup -maxdepth 2 -name "penstock-lab-$1" 2> /dev/null; }
# rate_holds WHAT MB WANTED_MB COMMAND...
rate_holds() {
  local what=$1 mb=$2 wanted=$3 begin; shift 3
  begin=$(date +%s%N); "$lab" run -- "$@" 2> "$work/dd"
  awk -v what="$what" -v mb="$mb" -v wanted="$wanted" -v ns=$(($(date +%s%N) - begin)) 'BEGIN {
    rate = mb * 1.048576 / (ns / 1e9); off = rate / wanted - 1
    printf "%s: %.1f MB/s of %d, %+.1f %%\n", what, rate, wanted, off * 100; exit off > 0.05 || off < -0.05 }' || bad "the limit of $what is not held"
}

echo "-- limits of a disk"
"$lab" disk limited --kind ssd --size 700M --read-mb 50 --write-mb 50
at=$PENSTOCK_LAB/limited/mount
rate_holds writing 400 50 dd if=/dev/zero of="$at/file" bs=1M count=400 oflag=direct
rate_holds reading 400 50 dd if="$at/file" of=/dev/null bs=1M iflag=direct
[ "$("$lab" stat limited | awk '{ print ($3 >= 400 * 1048576) }')" = 1 ] || bad "the device counted less than was read"

echo "-- exit codes, signals, input"
[ "$(code_of "$lab" run -- bash -c 'exit 7')" = 7 ] || bad "exit code 7 came back as another"
[ "$(echo word | "$lab" run -- cat)" = word ] || bad "input does not reach the command"
for signal in TERM INT; do
  "$lab" run -- bash -c "trap 'kill \$!; exit 9' $signal; echo \$\$ > '$work/ready'; sleep 60 & wait" & runner=$!
  until [ -s "$work/ready" ]; do sleep 0.05; done; rm "$work/ready"
  # A job in the background ignores INT; Ctrl-C of a terminal is another matter, and tried by python below.
  [ $signal = INT ] && { kill -TERM "$runner"; wait "$runner" || true; continue; }
  kill -$signal "$runner"; code=0; wait "$runner" || code=$?
  [ $code = 9 ] || bad "$signal did not reach the command: exit code $code"
done
python3 - "$lab" << 'PY' || bad "INT did not reach the command"
import signal, subprocess, sys
p = subprocess.Popen([sys.argv[1], "run", "--", "bash", "-c", "trap 'kill $!; exit 9' INT; echo ready; sleep 60 & wait"], stdout=subprocess.PIPE,
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
p.stdout.readline(); p.send_signal(signal.SIGINT)
sys.exit(p.wait(20) != 9)
PY

echo "-- memory"
[ "$(code_of "$lab" run --ram 64M -- python3 -c 'b"x" * (32 << 20)')" = 0 ] || bad "32 MiB do not fit 64"
[ "$(code_of "$lab" run --ram 64M -- python3 -c 'b"x" * (200 << 20)')" != 0 ] || bad "200 MiB fit 64"
"$lab" run --watch "$work/watch" -- sleep 1
[ "$(wc -l < "$work/watch")" -ge 5 ] || bad "--watch wrote too few lines"

echo "-- lab run killed outright"
"$lab" run -- bash -c "echo \$\$ > '$work/pid'; exec sleep 300" & runner=$!
until [ -s "$work/pid" ]; do sleep 0.05; done
kill -KILL "$runner"; wait "$runner" 2> /dev/null || true
[ -n "$(groups_of "$runner")" ] || bad "the group went by itself: the test tests nothing"
"$lab" down
[ -z "$(groups_of "$runner")" ] || bad "the group of a killed run remains"
# A zombie that nobody reaps (containers without an init) is gone.
! grep -q '^[0-9]* (.*) [^ZX] ' "/proc/$(cat "$work/pid")/stat" 2> /dev/null || bad "the command of a killed run remains"

echo "-- a disk that cannot be made"
mkdir "$work/bin"; printf '#!/bin/sh\nexit 1\n' > "$work/bin/mkfs.ext4"; chmod +x "$work/bin/mkfs.ext4"
[ "$(PATH=$work/bin:$PATH code_of "$lab" disk broken --kind ssd --size 64M)" != 0 ] || bad "a disk without a file system was made"
[ ! -e "$PENSTOCK_LAB/broken" ] || bad "a disk that failed left files"

echo "-- nothing remains"
"$lab" down
[ -z "$(losetup -a | grep -F "$PENSTOCK_LAB" || true)" ] || bad "loop devices remain"
[ -z "$(grep -F "$PENSTOCK_LAB" /proc/mounts || true)" ] || bad "mounts remain"
[ ! -e "$PENSTOCK_LAB" ] || [ -z "$(ls -A "$PENSTOCK_LAB")" ] || bad "files remain"
echo "the lab keeps what it says"
