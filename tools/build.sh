#!/usr/bin/env bash
# Installs what is missing, configures and builds. The program is then build/penstock.
#   tools/build.sh                      everything, tests included
#   tools/build.sh --target penstock    the rest of the line goes to `cmake --build`
#   BUILD=build-asan PRESET=asan tools/build.sh      another preset of CMakePresets.json
set -euo pipefail
cd "$(dirname "$0")/.."
tools/deps.sh

# About 1 GB for a job; those that include torch take 2 GB and have a limit of their own (cmake/PenstockBuild.cmake).
memory_mib=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || echo max)
if [ "$limit" != max ] && [ $((limit / 1048576)) -lt "$memory_mib" ]; then
  memory_mib=$((limit / 1048576))
fi
jobs=$(nproc)
if [ $((memory_mib / 1024)) -lt "$jobs" ]; then jobs=$((memory_mib / 1024)); fi
if [ "$jobs" -lt 1 ]; then jobs=1; fi

configure=(cmake --preset "${PRESET:-default}" -D PENSTOCK_MEMORY_MIB="$memory_mib")
if [ -n "${PENSTOCK_TORCH:-}" ]; then configure+=(-D PENSTOCK_TORCH="$PENSTOCK_TORCH"); fi
log=$(mktemp)
if ! "${configure[@]}" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
rm -f "$log"
cmake --build "${BUILD:-build}" --parallel "${JOBS:-$jobs}" "$@"
