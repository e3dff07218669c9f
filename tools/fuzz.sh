#!/usr/bin/env bash
# Fuzzes the ways in for pictures and tables under ASAN and UBSAN: tests/fuzz/README.md.
#   tools/fuzz.sh [RUNS] [TARGET...]     RUNS of each target (default 1,000,000); all of them without a name
# A failing input is left in build-fuzz/found. Needs clang (apt-get install clang).
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-1000000}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(jpeg picture index resize warp csv schema fitted packed)
command -v clang++ > /dev/null || { echo "tools/fuzz.sh: no clang++: apt-get install clang" >&2; exit 2; }
cmake -G Ninja -S . -B build-fuzz -D CMAKE_BUILD_TYPE=RelWithDebInfo -D CMAKE_CXX_COMPILER=clang++ -D CMAKE_C_COMPILER=clang \
  -D PENSTOCK_FUZZ=ON -D PENSTOCK_SANITIZE=address > build-fuzz.log 2>&1 || { cat build-fuzz.log >&2; exit 1; }
mv build-fuzz.log build-fuzz/configure.log
cmake --build build-fuzz --target "${targets[@]/%/_fuzz}"
mkdir -p build-fuzz/found
for target in "${targets[@]}"; do
  grown=build-fuzz/grown/$target
  mkdir -p "$grown"
  echo "== $target: $runs runs"
  # Lengths grow slowly by themselves; tables and pictures of a few KiB are where the decoders' corners are.
  "build-fuzz/tests/${target}_fuzz" -runs="$runs" -max_len=4096 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/found/$target-" "$grown" "tests/fuzz/corpus/$target" 2> "build-fuzz/$target.log" ||
    { tail -40 "build-fuzz/$target.log" >&2; echo "tools/fuzz.sh: $target failed: build-fuzz/found" >&2; exit 1; }
  grep -E "number_of_executed_units|average_exec_per_sec" "build-fuzz/$target.log"
done
