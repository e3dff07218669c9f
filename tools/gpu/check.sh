#!/usr/bin/env bash
# On a machine with a GPU: first the tests of all kernels, streams and collectives, then what they reach. Writes one Markdown file.
#   check.sh [RESULTS.md]                          out of a bundle (tools/gpu/bundle.sh); default: gpu-results.md
#   BUILD=build-cuda tools/gpu/check.sh            out of a build tree
# Wants NVIDIA's driver and, for libtorch and the CUDA libraries, a python3 with torch 2.11.0 (PYTHON names another). Exit code 0 where every
# test passed, 1 where one failed or something is missing (says what).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=${1:-gpu-results.md}
say() { printf 'check: %s\n' "$*" >&2; }

if [ -d "$here/bin" ]; then
  program() { echo "$here/bin/$1"; }
  tests=("$here"/bin/test_*_cuda)
  data=$here/data
  commit=$(cat "$here/commit")
  libraries=$here/lib
  train_bench=$here/train_bench.sh torch_step=$here/torch_step.py
else
  build=$(cd "$here/../.." && cd "${BUILD:-build-cuda}" 2>/dev/null && pwd) || { say "no bundle, and no build tree '${BUILD:-build-cuda}': run tools/gpu/build.sh"; exit 1; }
  program() { for folder in "$build" "$build/tests" "$build/examples"; do if [ -x "$folder/$1" ]; then echo "$folder/$1"; fi; done; }
  tests=("$build"/tests/test_*_cuda)
  data=${PENSTOCK_DATA:-$here/../../../shared/data}
  commit=$(git -C "$here" rev-parse HEAD 2>/dev/null || echo unknown)
  libraries=
  train_bench=$here/train_bench.sh torch_step=$here/../../tests/bench/cuda/torch_step.py
fi

missing=()
gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null) || gpu=
[ -n "$gpu" ] || missing+=("a GPU with NVIDIA's driver (nvidia-smi lists none)")
# Where torch and the wheels of CUDA's libraries lie.
found=$("${PYTHON:-python3}" - 2>/dev/null <<'PY'
import glob, os, sysconfig
from importlib import metadata, util
spec = util.find_spec("torch")
site = os.path.dirname(os.path.dirname(spec.origin))
print(metadata.version("torch").split("+")[0])
print(":".join([os.path.join(site, "torch", "lib"), *sorted(glob.glob(os.path.join(site, "nvidia", "*", "lib")))]))
PY
)
torch_version=$(head -n 1 <<<"$found")
[ "$torch_version" = 2.11.0 ] || missing+=("torch 2.11.0 of ${PYTHON:-python3} (found: ${torch_version:-none}); pip install torch==2.11.0")
if [ ${#missing[@]} -gt 0 ]; then
  for what in "${missing[@]}"; do say "missing: $what"; done
  exit 1
fi
export LD_LIBRARY_PATH=$(tail -n 1 <<<"$found"):$libraries:${LD_LIBRARY_PATH:-}
export OMP_NUM_THREADS=1

log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
{
  printf '# What a GPU does\n\n'
  printf 'GPUs (name, driver, memory):\n\n%s\n\n' "$(sed 's/^/- /' <<<"$gpu")"
  printf 'Date %s, commit %s, `%s %s`, torch %s, kernel %s.\n\n' "$(date -u +%FT%TZ)" "$commit" "$(basename "$0")" "$*" "$torch_version" "$(uname -r)"
  printf '```\n%s\n```\n\n' "$("$(program penstock-cuda)" devices 2>&1)"
  printf '| tests | passed | skipped | failed |\n|---|---|---|---|\n'
  for test in "${tests[@]}"; do
    timeout 300 "$test" >"$log" 2>&1
    status=$?
    count() { sed -n "s/^\[ *$1 *\] \([0-9]*\) tests\?.*/\1/p" "$log" | tail -n 1; }
    passed=$(count PASSED) skipped=$(count SKIPPED) broken=$(count FAILED)
    if [ "$status" != 0 ]; then
      failed=1
      say "$(basename "$test") ended with $status:"
      grep -vE '^\[ +(OK|RUN)' "$log" | tail -n 60 >&2
      [ -n "$broken" ] || broken="ended with $status"
    fi
    printf '| %s | %s | %s | %s |\n' "$(basename "$test")" "${passed:-0}" "${skipped:-0}" "${broken:-0}"
  done
  stage=$("$(program example_gpu_stage_cuda)" cuda:0 2>&1) && word=passed || { word=failed; failed=1; say "example_gpu_stage_cuda: $stage"; }
  printf '| the example of a GPU stage | %s | | |\n\n' "$word"
  if [ "$failed" = 0 ]; then
    jpegs=()
    if [ -n "$(find -L "$data" -name '*.JPEG' -o -name '*.jpg' 2>/dev/null | head -n 1)" ]; then jpegs=("$data"); fi
    "$(program gpu_bench)" "${jpegs[@]}" || failed=1
    printf '\n'
    if [ ${#jpegs[@]} -gt 0 ]; then
      PYTHON=${PYTHON:-python3} "$train_bench" "$(program penstock-cuda)" "$(program step_rate_cuda)" "$torch_step" "$data" || failed=1
    fi
  else
    printf 'Nothing was measured: a test failed.\n'
  fi
} >"$results.partial"
mv "$results.partial" "$results"
cat "$results"
exit "$failed"
