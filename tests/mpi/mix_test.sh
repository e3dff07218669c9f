#!/usr/bin/env bash
# Mixed batches are the same for any number of processes and lanes: tests/mpi/mix_test.sh PENSTOCK
# Trains on mixup and cutmix as 1, 2, 3 and 4 processes, over damaged pictures that are replaced or skipped, and with pictures that stay on a
# simulated device; penstock-synth beside it makes the pictures. Prints how far losses are apart.
set -euo pipefail
penstock=$1
run=$(dirname "$0")/run.sh
export OMP_NUM_THREADS=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad() { echo "FAILED: $*"; exit 1; }

"$(dirname "$penstock")/penstock-synth" "$folder/shapes" --classes 4 --train 17 --val 1 > /dev/null 2>&1
data=$folder/shapes/train
for n in 5 20 41 60; do truncate -s 900 "$(ls "$data"/*/* | sed -n ${n}p)"; done
cat > "$folder/recipe.toml" <<TOML
seed = 7
[data]
batch = 7
last = "keep"                # 68 pictures: the last batch of five
[faults]
train = "replace"
budget = "20%"
[[stage]]
name = "image.decode"
id = "crop"
view = "random-resized-crop"
size = 32
exact = true
[[stage]]
name = "image.mixup"
alpha = 1.0
p = 0.6
[net]
arch = "resnet18"
norm = "group"
[train]
epochs = 1
precision = "f32"
optimizer = "sgd"
schedule = "constant"
lr = 1e-6                    # hardly learns: every loss tells what was in its batch
[lanes]
threads = 1
TOML
{ cat "$folder/recipe.toml"; printf '[[stage]]\nname = "image.cutmix"\n'; } > "$folder/both.toml"

# train NAME RECIPE PROCESSES [OPTION...]
train() {
  local name=$1 recipe=$2 processes=$3
  shift 3
  local command=("$penstock" train "$folder/$recipe.toml" --data "$data" --out "$folder/$name" --threads 1 --quiet --json "$@")
  if [ "$processes" -gt 1 ]; then command=("$run" "$processes" "${command[@]}"); fi
  "${command[@]}" > "$folder/$name.json" 2> "$folder/$name.said" || { cat "$folder/$name.said"; bad "$name"; }
}
for processes in 1 2 3 4; do
  train "replace$processes" both $processes
  [ $processes = 4 ] && continue
  train "skip$processes" both $processes --set faults.train=skip
  train "held$processes" recipe $processes --set 'lanes.devices=["sim:0"]' --set stage.crop.cache=gpu --set train.epochs=2  # held in the first, used in the second
done
train lanes both 1 --set 'lanes.devices=["cpu","cpu"]'
train lanes2 both 2 --set 'lanes.devices=["cpu","cpu"]'
train plain recipe 1 --set train.epochs=2

python3 - "$folder" <<'PY' || bad "losses"
import json, sys
folder = sys.argv[1]
def losses(run):
    return [json.loads(l)["loss"] for l in open(f"{folder}/{run}/metrics.jsonl") if '"step"' in l.split(",")[0]]
pairs = [(f"{kind}1", f"{kind}{n}") for kind in ("replace", "skip", "held") for n in (2, 3, 4) if kind == "replace" or n < 4]
for a, b in pairs + [("replace1", "lanes"), ("replace1", "lanes2"), ("plain", "held1")]:
    one, many = losses(a), losses(b)
    assert len(one) == len(many) == (20 if b.startswith("held") else 10), (a, b, len(one), len(many))
    off = [abs(x - y) for x, y in zip(one, many)]
    print(f"{b} against {a}: first loss differs by {off[0]:.2e}, the others by at most {max(off):.2e}")
    # Rounding alone; another partner or another share is off by a hundredth.
    assert max(off) < 1e-4, (a, b, off)
assert losses("replace1") != losses("skip1") and losses("replace1") != losses("plain")
PY
