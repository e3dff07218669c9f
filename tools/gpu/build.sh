#!/usr/bin/env bash
# Builds what needs a GPU, on a machine that needs none: penstock-cuda, tests and benches labelled gpu. Then checks what each kernel takes
# against tools/gpu/limits.txt, and runs the tests: those on a made-up machine, and those that skip what a missing GPU cannot do.
#   tools/gpu/build.sh                    in build-cuda/, a tree of its own
#   BUILD=build tools/gpu/build.sh        adds to a tree that is there: no room is compiled again
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build-cuda}
tools/deps.sh
tools/gpu/nvjpeg.sh
nvcc=${PENSTOCK_CUDA_TOOLKIT:-/usr/local/cuda}/bin/nvcc
if ! [ -x "$nvcc" ]; then
  printf 'gpu build: no CUDA toolkit: %s is not there; install CUDA 13 or name its folder with PENSTOCK_CUDA_TOOLKIT\n' "$nvcc" >&2
  exit 1
fi
configure=(cmake --preset cuda -B "$build" -D PENSTOCK_CUDA_TOOLKIT="${PENSTOCK_CUDA_TOOLKIT:-/usr/local/cuda}")
if [ -n "${PENSTOCK_TORCH:-}" ]; then configure+=(-D PENSTOCK_TORCH="$PENSTOCK_TORCH"); fi
"${configure[@]}" >/dev/null
cmake --build "$build" --parallel "${JOBS:-$(nproc)}" --target cuda
python3 tools/gpu/resources.py "$build"
ctest --test-dir "$build" --output-on-failure --tests-regex faked_cuda
ctest --test-dir "$build" --output-on-failure --label-regex gpu
