#!/usr/bin/env bash
# Trainings of rows, with tables of embeddings in RAM, as 1, 2 and 3 processes: tests/mpi/rows_test.sh PENSTOCK
# Lanes of one process share a table, processes have one each, and rows may be brought ahead: where lanes have the same rows of each batch the weights are the same bits.
set -euo pipefail
penstock=$1
run=$(dirname "$0")/run.sh
export OMP_NUM_THREADS=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad() { echo "FAILED: $*"; exit 1; }

# 600 rows; `user` has more categories than a batch rows, some in every batch and most seldom.
python3 - > "$folder/rows.csv" <<'PY'
print("user,day,x,bought")
state = 7
def draw(n):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % n
for _ in range(600):
    user = draw(4) if draw(4) == 0 else draw(300)
    day, x = draw(7), draw(1000) / 1000
    print(f"u{user},d{day},{x},{int(user % 3 + day % 2 + x > 1.7)}")
PY
cat > "$folder/recipe.toml" <<TOML
seed = 3
[data]
batch = 36                   # each of 2 or 4 lanes has as many rows of it
last = "drop"
order = "full"
val = { by = "record", fraction = 0.2 }
[table]
task = "binary"
target = "bought"
categories = ["user", "day"]
numbers = ["x"]
rare = 1
[net]
arch = "dlrm"
width = 8
bottom = [8]
layers = [16]
[train]
epochs = 3
lr = 1e-2
schedule = "constant"
sparse_rows = 100
[lanes]
threads = 1
TOML

# train NAME PROCESSES LANES [OPTION...]
train() {
  local name=$1 processes=$2 lanes=$3 devices=\"cpu\"
  shift 3
  for ((lane = 1; lane < lanes; ++lane)); do devices+=,\"cpu\"; done
  local command=("$penstock" train "$folder/recipe.toml" --data "$folder/rows.csv" --out "$folder/$name" --threads 1 --quiet --json --set "lanes.devices=[$devices]" "$@")
  if [ "$processes" -gt 1 ]; then command=("$run" "$processes" "${command[@]}"); fi
  "${command[@]}" > "$folder/$name.json" 2> "$folder/$name.said" || { cat "$folder/$name.said"; bad "$name"; }
  "$penstock" report "$folder/$name" > "$folder/$name.report" || { cat "$folder/$name.report"; bad "the ledger of $name is not proven"; }
}
train lanes2 1 2
train processes2 2 1
train in_step2 2 1 --set train.sparse_ahead=0
train lanes4 1 4
train processes4 4 1
train both4 2 2
train one 1 1
# Here lanes and processes cut a batch at other rows.
for how in "lanes3 1 3" "processes3 3 1" "one_uneven 1 1"; do train $how --set data.batch=37 --set data.last=keep; done
# Ended after an epoch and gone on with, by the same processes.
train cut2 2 1 --set train.epochs=1
train cut2 2 1 --resume must

python3 - "$folder" <<'PY' || bad "weights"
import json, sys
folder = sys.argv[1]
end = lambda name: json.load(open(f"{folder}/{name}.json"))
weights = lambda name: end(name)["weights_xxh3"]
def losses(name):
    return [json.loads(l)["loss"] for l in open(f"{folder}/{name}/metrics.jsonl") if '"step"' in l.split(",")[0]]
for a, b in (("lanes2", "processes2"), ("lanes2", "in_step2"), ("lanes4", "processes4"), ("lanes2", "cut2")):
    assert weights(a) == weights(b), (a, b)
    assert losses(a) == losses(b), (a, b)
    assert end(a)["val_auc"] == end(b)["val_auc"], (a, b)
for one, name in (("one", "lanes4"), ("one", "processes2"), ("one", "both4"), ("one_uneven", "lanes3"), ("one_uneven", "processes3")):
    off = [abs(x - y) for x, y in zip(losses(one), losses(name))]
    print(f"{name} against {one}: first loss differs by {off[0]:.2e}, the others by at most {max(off):.2e}")
    assert len(off) >= 39 and off[0] < 1e-5 and max(off) < 1e-4, off
PY
grep -q "brought ahead for 100" "$folder/processes2.report" || { cat "$folder/processes2.report"; bad "rows ahead of two processes"; }
grep -q "brought ahead for 0 %" "$folder/in_step2.report" || { cat "$folder/in_step2.report"; bad "rows ahead of none"; }
