#!/usr/bin/env bash
# Measures what docs/results.md quotes, on this machine and in one go. Nothing else should run beside it.
#   tests/bench/figures.sh [stream|engine|train|memory|folder|seeds ...]       default: all but seeds
# BUILD      where the program lies (default build)         WORK       scratch folder (default a new one under /tmp)
# PENSTOCK_DATA  the sample data sets                       PYTHON     with torch and torchvision, for `seeds`
# THREADS    default 2                                      ROUNDS     default 5; SEEDS default "1 2 3 4 5"
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$here/build}; penstock=$build/penstock
data=${PENSTOCK_DATA:-$here/../shared/data}
work=${WORK:-$(mktemp -d)}; mkdir -p "$work"
threads=${THREADS:-2}; rounds=${ROUNDS:-5}; python=${PYTHON:-python3}

# key FILE: one number of a JSON object.
key() { python3 -c 'import json,sys; print(json.load(open(sys.argv[2]))[sys.argv[1]])' "$1" "$2"; }
# "median 1.02 (min 0.99, max 1.05)" of the numbers on stdin.
spread() { python3 -c 'import sys,statistics as s; v=sorted(map(float,sys.stdin.read().split())); print(f"median {s.median(v):.4g} (min {v[0]:.4g}, max {v[-1]:.4g}, n {len(v)})")'; }

# Class folders of about a thousand photographs at their natural size: the samples, several times over.
photographs() {
  local to=$work/photographs; [ -d "$to" ] && return
  mkdir -p "$to.new/train/a" "$to.new/train/b" "$to.new/val/a" "$to.new/val/b"
  for copy in 1 2 3 4; do
    for f in "$data"/imagenet-sample/*.JPEG; do cp "$f" "$to.new/train/a/$copy-$(basename "$f")"; done
    for f in "$data"/imagen-5shot/*/*.jpg; do cp "$f" "$to.new/train/b/$copy-$(basename "$f")"; done
  done
  cp "$data"/hymenoptera/val/ants/* "$to.new/val/a/"; cp "$data"/hymenoptera/val/bees/* "$to.new/val/b/"
  mv "$to.new" "$to"
}

figure_stream() {
  echo "== stream: random-resized-crop 224 against the plain full decode of the same photographs ($threads threads)"
  photographs
  [ -d "$work/photographs.lmdb" ] || "$penstock" pack "$work/photographs" "$work/photographs.lmdb" --quiet
  for round in $(seq "$rounds"); do
    "$penstock" probe --data "$work/photographs" --threads "$threads" --json --quiet > "$work/probe.json"
    for kind in photographs photographs.lmdb; do
      "$penstock" stream imagenet-resnet50 --data "$work/$kind" --threads "$threads" --set data.batch=64 --set train.epochs=4 \
        --epochs 4 --json --quiet > "$work/stream.json"
      python3 - "$work/probe.json" "$work/stream.json" "$kind" "$round" <<'PY' | tee -a "$work/stream.$kind"
import json, sys
ceiling = json.load(open(sys.argv[1]))["decode_images_per_second"]
got = json.load(open(sys.argv[2]))
print(f'{sys.argv[3]} round {sys.argv[4]}: ceiling {ceiling:.0f}/s, streamed {got["records_per_second"]:.0f}/s, ratio {got["records_per_second"] / ceiling:.3f}, limited by {got["bottleneck"]}')
PY
    done
  done
  for kind in photographs photographs.lmdb; do
    echo "$kind: ratio $(sed 's/.*ratio \([0-9.]*\).*/\1/' "$work/stream.$kind" | spread)  (>= 0.85)"
  done
}

figure_engine() {
  echo "== engine: what it costs itself"
  "$build/tests/bench_engine"
}

figure_train() {
  echo "== train: against the sum of the step alone and of decoding alone ($threads threads)"
  "$build/tests/bench_train_overlap" "$data/imagenette-224" "$rounds" "$threads"
}

figure_memory() {
  echo "== memory: peak of stream above the same program that streams nothing"
  photographs
  "$penstock" stream imagenet-resnet50 --data "$work/photographs" --threads "$threads" --set data.batch=64 --steps 0 --json --quiet > "$work/nothing.json"
  for budget in 64MiB 256MiB 1GiB; do
    "$penstock" stream imagenet-resnet50 --data "$work/photographs" --threads "$threads" --set data.batch=64 --set budget.ram=$budget \
      --epochs 4 --json --quiet > "$work/memory.json"
    python3 - "$work/nothing.json" "$work/memory.json" "$budget" <<'PY'
import json, sys
base, run = (json.load(open(p))["peak_rss_bytes"] / 2**20 for p in sys.argv[1:3])
budget = {"64MiB": 64, "256MiB": 256, "1GiB": 1024}[sys.argv[3]]
print(f"budget {sys.argv[3]}: {run - base:.0f} MiB above {base:.0f} MiB; allowed {budget + 150}: {'met' if run - base <= budget + 150 else 'MISSED'}")
PY
  done
}

figure_folder() {
  echo "== folder: the first batch of 100,000 files, a new process with the manifest there"
  if [ ! -d "$work/many" ]; then
    mkdir -p "$work/many.new"
    python3 - "$data/imagenette-224/train" "$work/many.new" <<'PY'
import os, sys, glob, shutil
files = sorted(glob.glob(sys.argv[1] + "/*/*.JPEG"))[:100]
for c in range(100):
    folder = os.path.join(sys.argv[2], f"class{c:03d}"); os.mkdir(folder)
    first = [shutil.copy(f, os.path.join(folder, f"first{i:02d}.jpg")) for i, f in enumerate(files[:10])]
    for i in range(990): os.link(first[i % 10], os.path.join(folder, f"{i:05d}.jpg"))
PY
    mv "$work/many.new" "$work/many"
  fi
  "$penstock" stream imagenet-resnet50 --data "$work/many" --threads "$threads" --steps 1 --set data.batch=64 --json --quiet > "$work/many.json"
  echo "without the manifest: first batch after $(key first_batch_seconds "$work/many.json") s of the run"
  for _ in $(seq "$rounds"); do
    local begin end; begin=$(date +%s.%N)
    "$penstock" stream imagenet-resnet50 --data "$work/many" --threads "$threads" --steps 1 --set data.batch=64 --json --quiet > "$work/many.json"
    end=$(date +%s.%N)
    echo "$end $begin" | awk '{print $1 - $2}'
  done | spread | sed 's/^/whole process, one batch of 64, seconds: /; s/$/  (<= 1)/'
}

# EPOCHS: fewer than the recipe has, for both.
figure_seeds() {
  echo "== seeds: imagenette-resnet18 against its PyTorch twin, in turn"
  for seed in ${SEEDS:-1 2 3 4 5}; do
    rm -rf "$work/run-$seed"
    "$penstock" train imagenette-resnet18 --data "$data/imagenette-224" --out "$work/run-$seed" --set seed="$seed" ${EPOCHS:+--set train.epochs=$EPOCHS} --threads "$threads" --json --quiet > "$work/train-$seed.json"
    "$python" "$here/tests/peers_train/train_pytorch.py" --data "$data/imagenette-224" --seed "$seed" --resize 146 ${EPOCHS:+--epochs "$EPOCHS"} > "$work/torch-$seed.json"
    python3 - "$work/train-$seed.json" "$work/torch-$seed.json" "$seed" <<'PY' | tee -a "$work/seeds"
import json, sys
ours = json.load(open(sys.argv[1])); theirs = json.loads(open(sys.argv[2]).read().strip().splitlines()[-1])
print(f'seed {sys.argv[3]}: penstock top-1 {ours["val_top1"]:.4f} in {ours["seconds"]:.0f} s; pytorch top-1 {theirs["top1"]:.4f} in {theirs["seconds"]:.0f} s')
PY
  done
  for what in "penstock top-1" "pytorch top-1"; do echo "$what: $(sed "s/.*$what \([0-9.]*\).*/\1/" "$work/seeds" | spread)"; done
  python3 - "$work/seeds" <<'PY'
import re, sys, statistics as s
rows = [list(map(float, re.findall(r"top-1 ([0-9.]+) in ([0-9.]+) s; pytorch top-1 ([0-9.]+) in ([0-9.]+) s", line)[0])) for line in open(sys.argv[1])]
a, t, b, u = (s.mean(c) for c in zip(*rows))
print(f"means of {len(rows)} seeds: penstock {a:.4f} in {t:.0f} s, pytorch {b:.4f} in {u:.0f} s; time ratio {t / u:.3f}")
PY
}

uname -sr; grep -m1 "model name" /proc/cpuinfo; nproc
for figure in "${@:-stream}"; do [ "$figure" = all ] && set -- stream engine train memory folder seeds; done
[ $# -gt 0 ] || set -- stream engine train memory folder
for figure in "$@"; do "figure_$figure"; done
echo "scratch: $work"
