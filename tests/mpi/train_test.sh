#!/usr/bin/env bash
# Training, evaluation and inference of the program as 2 and 4 processes against one: tests/mpi/train_test.sh PENSTOCK DATA
# DATA: the folder of real data sets. Prints what it measured; ends with 77 where there is no data.
set -euo pipefail
penstock=$1 data=$2/imagenette-224
run=$(dirname "$0")/run.sh
[ -d "$data" ] || { echo "no $data: skipped"; exit 77; }
source "$(dirname "$0")/world.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
make_world "$folder" "$data" 2

"$penstock" "${train[@]}" --out "$folder/one" > "$folder/one.json"
for processes in 2 4; do
  "$run" $processes "$penstock" "${train[@]}" --out "$folder/m$processes" > "$folder/m$processes.json"
  "$penstock" report "$folder/m$processes" > "$folder/report" || bad "the ledger of $processes processes is not proven"
  grep -q "96 records, 96 seen once" "$folder/report" || { cat "$folder/report"; bad "records of $processes processes"; }
done
"$run" 2 "$penstock" "${train[@]}" --out "$folder/lanes2" --set 'lanes.devices=["cpu", "cpu"]' > /dev/null
"$run" 2 "$penstock" "${train[@]}" --out "$folder/sync2" --set net.norm=batch --set train.sync_batch_norm=true > /dev/null
"$penstock" "${train[@]}" --out "$folder/sync1" --set net.norm=batch > /dev/null
python3 - "$folder" <<'PY' || bad "losses"
import json, sys
folder = sys.argv[1]
def losses(run):
    return [json.loads(l)["loss"] for l in open(f"{folder}/{run}/metrics.jsonl") if '"step"' in l.split(",")[0]]
# Later losses drift apart as rounding grows; batch norm over 2 x 2 pixels of 16 records makes it grow the fastest.
for a, b, band in (("one", "m2", 0.01), ("one", "m4", 0.01), ("one", "lanes2", 0.01), ("sync1", "sync2", 0.2)):
    one, many = losses(a), losses(b)
    assert len(one) == len(many) == 12, (len(one), len(many))
    off = [abs(x - y) for x, y in zip(one, many)]
    print(f"{b} against {a}: first loss differs by {off[0]:.2e}, the others by at most {max(off):.2e}")
    assert off[0] < 1e-5 and max(off) < band, off
PY

# The gradients of the first step, out of the weights after one step of plain SGD at rate 1 from the same first weights (rate 1e-30 leaves
# them). Of 16 pictures, and with batch norm in plain memory: a value that lies at a ReLU's zero falls on either side by rounding alone, and
# torch's own batch norm rounds otherwise than the synchronised one.
for class in "$folder"/data/train/*; do
  mkdir -p "$folder/few/train/$(basename "$class")"
  for picture in $(ls "$class" | head -4); do cp -P "$class/$picture" "$folder/few/train/$(basename "$class")/"; done
done
ln -s ../data/val "$folder/few/val"
one_step() { # one_step NAME PROCESSES [OPTION...]
  local name=$1 processes=$2 launch=()
  shift 2
  [ "$processes" = 1 ] || launch=("$run" "$processes")
  "${launch[@]}" "$penstock" "${train[@]/"$folder/data"/"$folder/few"}" --out "$folder/$name" --set train.epochs=1 --set train.momentum=0 --set train.weight_decay=0 \
    --set train.lr=1 "$@" > /dev/null
}
for norm in group batch; do
  how=(--set net.norm=$norm) sync=()
  [ $norm = group ] || how+=(--set train.channels_last=false) sync=(--set train.sync_batch_norm=true)
  one_step "first-$norm" 1 "${how[@]}" --set train.lr=1e-30
  one_step "step-$norm-1" 1 "${how[@]}"
  for processes in 2 4; do one_step "step-$norm-$processes" $processes "${how[@]}" "${sync[@]}"; done
done
one_step "apart-batch-2" 2 "${how[@]}"
python3 "$(dirname "$0")/gradients.py" "$folder" || bad "gradients"

# Stopped in the middle, gone on with another number of processes.
"$run" 2 "$penstock" "${train[@]}" --set train.epochs=100 --out "$folder/go" --time-limit 3s > /dev/null || true
"$run" 4 "$penstock" "${train[@]}" --set train.epochs=100 --out "$folder/go" --resume must --time-limit 3s > "$folder/go.json" || true
python3 - "$folder" <<'PY' || bad "going on with another number"
import json, sys
on = json.load(open(f"{sys.argv[1]}/go.json"))
assert 0 < on["resumed_from_step"] < on["steps"] < 600, on
PY
"$penstock" report "$folder/go" > /dev/null || bad "the ledger of a run by 2 and then 4 processes is not proven"

# One figure, one file.
"$penstock" evaluate "$folder/one" --data "$folder/data" --json --quiet > "$folder/e1"
"$run" 2 "$penstock" evaluate "$folder/one" --data "$folder/data" --json --quiet > "$folder/e2"
"$penstock" infer "$folder/one" --data "$folder/data" --out "$folder/p1.csv" --quiet
"$run" 4 "$penstock" infer "$folder/one" --data "$folder/data" --out "$folder/p4.csv" --quiet
cmp "$folder/p1.csv" "$folder/p4.csv" || bad "the file of predictions differs"
python3 - "$folder" <<'PY' || bad "evaluation differs"
import json, sys
one, two = (json.load(open(f"{sys.argv[1]}/e{i}")) for i in (1, 2))
assert one["records"] == two["records"] == 80 and one["top1"] == two["top1"] and abs(one["loss"] - two["loss"]) < 1e-6, (one, two)
PY

# What differs between processes is refused, by name.
cat > "$folder/other.sh" <<SH
[ "\$OMPI_COMM_WORLD_RANK" = 1 ] && more="--set train.lr=0.5" || more=
exec "$penstock" ${train[@]} --out "$folder/never" \$more
SH
if "$run" 2 bash "$folder/other.sh" > "$folder/said" 2>&1; then bad "another recipe was taken"; fi
grep -q "process 1 has another recipe than process 0" "$folder/said" || { cat "$folder/said"; bad "another recipe is not named"; }
[ ! -e "$folder/never" ] || bad "a refused job left a folder"
if "$run" 2 "$penstock" info "$folder/data" > "$folder/said" 2>&1; then bad "info under mpirun"; fi
grep -q "'info' is no work for several processes" "$folder/said" || bad "info under mpirun is not named"

if OMPI_COMM_WORLD_SIZE=2 timeout 60 "$penstock" info "$folder/data" > "$folder/said" 2>&1; then bad "an environment of two processes around one"; fi
grep -q "OMPI_COMM_WORLD_SIZE says that 2 processes" "$folder/said" || { cat "$folder/said"; bad "an environment of two processes is not named"; }

# A process that dies ends the job, soon; the job goes on from its checkpoint.
cat > "$folder/dies.sh" <<SH
if [ "\$OMPI_COMM_WORLD_RANK" = 1 ]; then
  "$penstock" ${train[@]} --set train.epochs=200 --out "$folder/dead" &
  while [ ! -e "$folder/dead/checkpoints" ]; do sleep 0.1; done
  sleep 2; kill -9 \$!; wait; exit 137
fi
exec "$penstock" ${train[@]} --set train.epochs=200 --out "$folder/dead"
SH
if timeout 120 "$run" 2 bash "$folder/dies.sh" > "$folder/said" 2>&1; then bad "a dead process did not end the job"; else code=$?; fi
[ "$code" != 124 ] || bad "a dead process left the job hanging"
steps=$(ls "$folder/dead/checkpoints" | wc -l)
[ "$steps" -gt 0 ] || bad "no checkpoint of the job whose process died"
"$run" 2 "$penstock" "${train[@]}" --set train.epochs=200 --out "$folder/dead" --resume must --time-limit 3s > "$folder/on.json" || true
grep -q '"resumed_from_step": *[1-9]' "$folder/on.json" || { cat "$folder/on.json"; bad "the job did not go on"; }
# Ctrl-C at one process ends all of them, with one checkpoint.
cat > "$folder/stopped.sh" <<SH
"$penstock" ${train[@]} --set train.epochs=200 --set checkpoint.every=1h --out "$folder/stopped" &
if [ "\$OMPI_COMM_WORLD_RANK" = 1 ]; then
  while ! grep -q loss "$folder/stopped/metrics.jsonl" 2> /dev/null && [ "\$((++n))" -lt 300 ]; do sleep 0.1; done
  kill -INT \$!
fi
wait \$!
SH
if timeout 120 "$run" 2 bash -m "$folder/stopped.sh" > "$folder/said" 2>&1; then bad "a stopped job ended well"; else code=$?; fi
[ "$code" = 130 ] || { cat "$folder/said"; bad "a job stopped at one process ended with $code, not 130"; }
[ "$(ls "$folder/stopped/checkpoints" | grep -vc best)" = 1 ] || bad "not one checkpoint after a stop"
"$penstock" report "$folder/stopped" > /dev/null || bad "the ledger of a stopped job is not proven"
# mpirun passes SIGUSR1 on at once; SIGINT leaves as long as odls_base_sigkill_timeout says before and after a SIGTERM.
for signal in USR1 INT; do
  OMPI_MCA_odls_base_sigkill_timeout=6 "$run" 2 "$penstock" "${train[@]}" --set train.epochs=200 --set checkpoint.every=1h --out "$folder/$signal" > "$folder/said" 2>&1 &
  job=$!
  while kill -0 $job 2> /dev/null && ! grep -q loss "$folder/$signal/metrics.jsonl" 2> /dev/null; do sleep 0.1; done
  began=$SECONDS code=0
  kill -$signal $job
  wait $job || code=$?
  [ $((SECONDS - began)) -lt 30 ] && [ "$code" != 0 ] || { cat "$folder/said"; bad "mpirun given SIG$signal ended with $code after $((SECONDS - began)) s"; }
  [ "$signal" != USR1 ] || [ "$code" = 143 ] || { cat "$folder/said"; bad "SIGUSR1 ended with $code, not 143"; }
  [ "$(ls "$folder/$signal/checkpoints" | grep -vc best)" = 1 ] || bad "not one checkpoint after SIG$signal to mpirun"
  echo "mpirun given SIG$signal: a checkpoint, exit code $code after $((SECONDS - began)) s"
done
echo "all as it should be"
