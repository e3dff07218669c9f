#!/usr/bin/env bash
# Runs a compiler and keeps what it says on stderr beside the object it writes (OBJECT.ptxas): registers and memory of each kernel.
# CMake's launcher for CUDA: keep_ptxas.sh [ccache] nvcc ... -o OBJECT ...
set -uo pipefail
object=
for ((i = 1; i < $#; i++)); do
  if [ "${!i}" = -o ]; then
    j=$((i + 1))
    object=${!j}
  fi
done
log=$(mktemp)
"$@" 2>"$log"
status=$?
# What ptxas says goes into the file, the rest to people.
grep -vE "^ptxas (info|\.)|^    [0-9]+ bytes (stack frame|gmem)|^$" "$log" >&2
if [ "$status" = 0 ] && [ -n "$object" ]; then mv "$log" "$object.ptxas"; else rm -f "$log"; fi
exit "$status"
