#!/usr/bin/env bash
# XGBoost computes on the OpenMP that it brings, which sleeps where it waits, and not on libtorch's; nothing opens it where there are no trees.
#   trees_openmp_test.sh PENSTOCK
set -euo pipefail
penstock=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_CACHE_HOME=$folder/cache OMP_NUM_THREADS=1
unset OMP_WAIT_POLICY GOMP_SPINCOUNT
if nm "$penstock" | grep -qE ' __(asan|tsan)_init$'; then
  echo "SKIPPED: sanitizers allow no search order of a library's own"
  exit 77
fi
cat >"$folder/trees.toml" <<'RECIPE'
seed = 1
[table]
task = "regression"
target = "y"
numbers = ["x"]
[trees]
rounds = 2
RECIPE
{
  echo x,y
  for i in {1..50}; do echo "$i,$((i * i % 17))"; done
} >"$folder/rows.csv"
if LD_DEBUG=files "$penstock" info "$folder/rows.csv" --quiet 2>&1 | grep -qa libxgboost; then
  echo "'penstock info' opens XGBoost"
  exit 1
fi
LD_DEBUG=bindings LD_DEBUG_OUTPUT=$folder/bound "$penstock" train "$folder/trees.toml" --data "$folder/rows.csv" \
  --out "$folder/run" --threads 1 --quiet
bound=$(grep -ah "/libxgboost\.so .* \`GOMP_parallel'" "$folder"/bound.*)
echo "$bound"
grep -qE " to [^ ]*/libgomp-[0-9a-f]+\.so" <<<"$bound"
