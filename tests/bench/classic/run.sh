#!/usr/bin/env bash
# The classic learners beside scikit-learn and beside OpenBLAS' own product: one Markdown table. Turns alternate, so that what else the machine
# does falls on both.
#   tests/bench/classic/run.sh [ROUNDS]       default 5; PYTHON=python3 (needs scikit-learn), THREADS="1 2", ROWS=100000, ITERATIONS=10, SCRATCH=folder
# On a machine that is not quiet: CPU_TIME=1 THREADS=1 measures the process's CPU seconds in place of the clock's.
set -euo pipefail
cd "$(dirname "$0")/../../.."
rounds=${1:-5}
python=${PYTHON:-python3}
rows=${ROWS:-100000}
threads=${THREADS:-$(nproc)}
iterations=${ITERATIONS:-10}
scratch=${SCRATCH:-$(mktemp -d)}
here=tests/bench/classic
tools/build.sh --target classic_bench >&2
mkdir -p "$scratch"
lines=$scratch/lines.tsv
: >"$lines"
for d in 64 128 512; do
  [ -s "$scratch/rows$d.f32" ] || "$python" "$here/peer.py" make "$scratch/rows$d.f32" "$rows" "$d"
done
measure() {  # TASK D A B: both sides, at each number of threads
  local task=$1 d=$2 a=$3 b=$4 t
  for t in $threads; do
    local args=("$task" "$scratch/rows$d.f32" "$rows" "$d" "$a")
    if [ "$b" != - ]; then args+=("$b"); fi
    args+=("$t")
    local line ours theirs
    line=$(printf '%s\t%s\t%s\t%s\t%s\t%s' "$task" "$rows" "$d" "$a" "$b" "$t")
    ours=$(build/tests/classic_bench "${args[@]}")
    theirs=$(OPENBLAS_NUM_THREADS=$t OMP_NUM_THREADS=$t "$python" "$here/peer.py" "${args[@]}")
    printf '%s\tpenstock\t%s\n%s\tpeer\t%s\n' "$line" "$ours" "$line" "$theirs" >>"$lines"
  done
}
for round in $(seq "$rounds"); do
  echo "round $round of $rounds, load $(cut -d ' ' -f 1 /proc/loadavg)" >&2
  for d in 64 128 512; do
    measure kmeans "$d" 256 "$iterations"
    measure kmeans "$d" 1024 "$iterations"
    measure neighbours "$d" 5000 10
    measure pca "$d" 32 -
  done
  for d in 64 128 512; do measure neighbours "$d" 1000 1000; done
  measure minibatch 128 256 400
done
"$python" "$here/table.py" <"$lines"
