#!/usr/bin/env bash
# Builds what needs a GPU and gathers what a bare GPU machine lacks into one file of less than 60 MiB: programs, tests, benches, Debian's
# libraries, nvJPEG and some JPEGs. libtorch and the other CUDA libraries come from that machine's Python torch 2.11.0.
#   tools/gpu/bundle.sh [FILE.tar.gz]                          default: penstock-gpu.tar.gz
#   BUILD=build PENSTOCK_DATA=/data tools/gpu/bundle.sh        an existing tree; where the JPEGs come from (default ../shared/data)
# There: tar xzf penstock-gpu.tar.gz && penstock-gpu/check.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build-cuda}
out=${1:-penstock-gpu.tar.gz}
limit_mib=60
say() { printf 'bundle: %s\n' "$*" >&2; }

BUILD=$build tools/gpu/build.sh >&2
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
top=$stage/penstock-gpu
mkdir -p "$top/bin" "$top/lib" "$top/data"

programs=("$build/penstock-cuda" "$build/tests/gpu_bench" "$build/tests/step_rate_cuda" "$build/examples/example_gpu_stage_cuda")
for test in "$build"/tests/test_*_cuda; do programs+=("$test"); done
for program in "${programs[@]}"; do
  strip -o "$top/bin/$(basename "$program")" "$program"
done

# What the loader finds in Debian's folders, but for the C and C++ runtime: those are that machine's own.
for program in "${programs[@]}"; do ldd "$program"; done |
  awk '$2 == "=>" && $3 ~ "^/(usr/)?lib/" { print $3 }' | sort -u |
  grep -vE '/(libc|libm|libdl|librt|libpthread|libutil|libresolv|libstdc\+\+|libgcc_s|ld-linux[^/]*)\.so' |
  while read -r library; do cp -L "$library" "$top/lib/"; done
cp -L .deps/nvjpeg/nvidia/cu13/lib/libnvjpeg.so.13 "$top/lib/"

data=${PENSTOCK_DATA:-../shared/data}
if [ -d "$data" ]; then
  find -L "$data" -path '*imagenet*' \( -name '*.JPEG' -o -name '*.jpg' \) -size -200k 2>/dev/null | sort |
    awk 'NR % 7 == 1 && taken++ < 64' |
    while read -r file; do cp -L "$file" "$top/data/"; done
fi
say "$(find "$top/data" -type f | wc -l) JPEGs, $(find "$top/lib" -type f | wc -l) libraries, ${#programs[@]} programs"

cp tools/gpu/check.sh tools/gpu/train_bench.sh tests/bench/cuda/torch_step.py "$top/"
git rev-parse HEAD >"$top/commit" 2>/dev/null || echo unknown >"$top/commit"
tar -C "$stage" -czf "$out.partial" penstock-gpu
mib=$(($(stat -c %s "$out.partial") / 1048576))
if [ "$mib" -ge "$limit_mib" ]; then
  rm -f "$out.partial"
  say "it would be $mib MiB, the limit is $limit_mib MiB"
  exit 1
fi
mv "$out.partial" "$out"
say "$out: $mib MiB"
