#!/usr/bin/env bash
# What the order of an epoch does to a training: imagenette-resnet18 over a set sorted by class, in four orders.
#   tests/bench/order_training.sh DATA       DATA: class folders with train/ and val/, such as imagenette-224
# full       every record anywhere
# block      blocks of BLOCK records (50), GROUP of them (2) mixed, of the sorted set: few classes fit a window
# packed     the same, of the set after `pack --shuffle`
# stored     the shuffled set as it is stored (sequential)
# SEEDS "1 2 3 4 5"   EPOCHS 6   JOBS trainings at once (1), of THREADS each (1)   BUILD build   WORK scratch
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
penstock=${PENSTOCK:-${BUILD:-$here/build}/penstock}
data=${1:?usage: order_training.sh DATA}
work=${WORK:-$(mktemp -d)}; mkdir -p "$work"
seeds=${SEEDS:-1 2 3 4 5} epochs=${EPOCHS:-6} jobs=${JOBS:-1} threads=${THREADS:-1} block=${BLOCK:-50} group=${GROUP:-2}
export OMP_NUM_THREADS=$threads

[ -d "$work/sorted" ] || "$penstock" pack "$data" "$work/sorted" --to lmdb --quiet
[ -d "$work/shuffled" ] || "$penstock" pack "$data" "$work/shuffled" --to lmdb --shuffle --quiet

# train ORDER SEED
train() {
  local order=$1 seed=$2 set=sorted; local -a options=()
  case $order in
    full) options=(--set data.order=full) ;;
    block) options=(--set data.order=block) ;;
    packed) options=(--set data.order=block); set=shuffled ;;
    stored) options=(--set data.order=sequential); set=shuffled ;;
  esac
  rm -rf "$work/run-$order-$seed"
  "$penstock" train imagenette-resnet18 --data "$work/$set" --out "$work/run-$order-$seed" --set seed="$seed" --set train.epochs="$epochs" \
    --set data.block="$block" --set data.group_blocks="$group" --set lanes.threads="$threads" --threads "$threads" --quiet --json \
    "${options[@]}" > "$work/$order-$seed.json" 2> "$work/$order-$seed.err" || { cat "$work/$order-$seed.err" >&2; exit 1; }
}
export -f train; export work penstock epochs threads block group
for order in full block packed stored; do for seed in $seeds; do echo "$order $seed"; done; done |
  xargs -P "$jobs" -L 1 bash -c 'set -euo pipefail; train "$0" "$1"'

for how in sequential block; do
  for set in sorted shuffled; do
    "$penstock" info "$work/$set/train" --order "$how" --block "$block" --group "$group" --batch 64 --json --quiet > "$work/quality-$set-$how.json"
  done
done
python3 - "$work" "$seeds" <<'PY'
import json, statistics as s, sys
work, seeds = sys.argv[1], sys.argv[2].split()
def quality(name):
    q = json.load(open(f"{work}/quality-{name}.json"))["order_quality"]
    return q["quality"] if isinstance(q, dict) else q
known = {"full": 1.0, "block": quality("sorted-block"), "packed": quality("shuffled-block"), "stored": quality("shuffled-sequential")}
print("order   order quality   top-1 by seed " + " ".join(f"{x:>6}" for x in seeds) + "    mean (min, max)   loss")
for order in known:
    runs = [json.load(open(f"{work}/{order}-{x}.json")) for x in seeds]
    top = [r["val_top1"] for r in runs]
    print(f"{order:<7} {known[order]:>13.3f}                 " + " ".join(f"{t:6.3f}" for t in top) + f"    {s.mean(top):.3f} ({min(top):.3f}, {max(top):.3f})   {s.mean(r['val_loss'] for r in runs):.3f}")
PY
