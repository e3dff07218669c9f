#!/usr/bin/env bash
# kill -9 at random moments: a training that is killed and gone on with ends with the weights of one that was not, and a pack that is
# killed and gone on with holds the same records. Run by hand before a release (label slow).
#   tests/e2e/kill_loop.sh [PROGRAM] [KILLS]        build/penstock, 50 of each
# Prints a line a kill and fails with the first difference. SEED chooses the moments.
set -euo pipefail
cd "$(dirname "$0")/../.."
penstock=${1:-build/penstock}
kills=${2:-50}
RANDOM=${SEED:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
key() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
moment() { awk -v r="$RANDOM" -v low="$1" -v high="$2" 'BEGIN { printf "%.3f", low + (high - low) * r / 32768 }'; }
# kill_after SECONDS COMMAND...: kill -9 then, and waits until it is dead; exit code 137 where it was killed.
kill_after() {
  local after=$1 code=0 pid watcher
  shift
  "$@" >"$work/out" 2>"$work/err" &
  pid=$!
  (sleep "$after" && kill -KILL "$pid") 2>/dev/null &
  watcher=$!
  wait "$pid" 2>/dev/null || code=$?
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  if [ "$code" != 0 ] && [ "$code" != 137 ]; then
    echo "kill_loop: exit code $code of: $*" >&2
    cat "$work/err" >&2
    exit 1
  fi
  return "$code"
}

"$(dirname "$penstock")/penstock-synth" "$work/pictures" --classes 4 --train 60 --val 10 >/dev/null
data=$work/pictures
if [ -d "$data/train" ]; then data=$data/train; fi

echo "== pack"
"$penstock" pack "$data" "$work/whole.lmdb" --quiet >/dev/null
"$penstock" stream imagenette-resnet18 --data "$work/whole.lmdb" --view eval --digest "$work/whole.digest" --quiet >/dev/null
killed=0
for i in $(seq "$kills"); do
  after=$(moment 0.02 0.9)
  code=0
  kill_after "$after" "$penstock" pack "$data" "$work/loop.lmdb" --quiet || code=$?
  if [ "$code" = 137 ]; then
    killed=$((killed + 1))
  else # done: whole? Then from the start again.
    "$penstock" stream imagenette-resnet18 --data "$work/loop.lmdb" --view eval --digest "$work/loop.digest" --quiet >/dev/null
    cmp "$work/whole.digest" "$work/loop.digest"
    rm -rf "$work/loop.lmdb"
  fi
  echo "pack $i: after $after s, exit code $code"
done
"$penstock" pack "$data" "$work/loop.lmdb" --quiet >/dev/null
"$penstock" stream imagenette-resnet18 --data "$work/loop.lmdb" --view eval --digest "$work/loop.digest" --quiet >/dev/null
cmp "$work/whole.digest" "$work/loop.digest"
echo "pack: $killed of $kills killed, the same records"

echo "== train"
train=(imagenette-resnet18 --data "$work/whole.lmdb" --threads 1 --json --quiet --set train.epochs=12
  --set stage.crop.size=32 --set stage.center.size=32 --set data.batch=16 --set checkpoint.every=7steps --set checkpoint.keep=2)
"$penstock" train "${train[@]}" --out "$work/whole" >"$work/whole.json"
killed=0 round=0
for i in $(seq "$kills"); do
  after=$(moment 0.3 6)
  code=0
  kill_after "$after" "$penstock" train "${train[@]}" --out "$work/run$round" --resume auto || code=$?
  if [ "$code" = 137 ]; then
    killed=$((killed + 1))
  else
    test "$(key "$work/out" weights_xxh3)" = "$(key "$work/whole.json" weights_xxh3)"
    "$penstock" report "$work/run$round" --quiet >/dev/null # exit code 3 where the ledger does not prove it
    rm -rf "$work/run$round"
    round=$((round + 1))
  fi
  echo "train $i: after $after s, exit code $code"
done
"$penstock" train "${train[@]}" --out "$work/run$round" --resume auto >"$work/loop.json"
test "$(key "$work/loop.json" weights_xxh3)" = "$(key "$work/whole.json" weights_xxh3)"
"$penstock" report "$work/run$round"
echo "train: $killed of $kills killed, $round whole runs between, the same weights each time"
