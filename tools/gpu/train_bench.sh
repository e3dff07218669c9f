#!/usr/bin/env bash
# What training reaches beside its own ceilings: the step alone (pixels in the device's memory already), a PyTorch loop with the same network, and
# the real thing from original JPEGs, from a packed LMDB and out of the device's cache, at several thread counts. Prints Markdown tables.
#   train_bench.sh PENSTOCK STEP_RATE TORCH_STEP.py JPEG_FOLDER
# From the environment: DEVICE (cuda:0), NET (resnet50), BATCH (256), SIDE (224), SECONDS_EACH (10), THREADS ("1 4 8 16"), FILES (12800; how many
# names the JPEGs are given), CACHED (5120; how many of them stay on the device), PYTHON (python3; without torch that row says so), MODES ("eager compile").
set -euo pipefail
penstock=$1 step_rate=$2 torch_step=$3 jpegs=$4
device=${DEVICE:-cuda:0} net=${NET:-resnet50} batch=${BATCH:-256} side=${SIDE:-224} seconds=${SECONDS_EACH:-10}
files=${FILES:-12800} cached=${CACHED:-5120} python=${PYTHON:-python3}
say() { printf 'train_bench: %s\n' "$*" >&2; }
world=$(mktemp -d "${TMPDIR:-/tmp}/penstock-train-bench.XXXXXX")
trap 'rm -rf "$world"' EXIT

# Hard links: the decoders' work is that of so many files, the disk's is that of a few, which the page cache holds.
mapfile -t originals < <(find -L "$jpegs" -type f \( -name '*.JPEG' -o -name '*.jpg' -o -name '*.jpeg' \) | sort)
[ ${#originals[@]} -gt 0 ] || { say "no JPEGs in '$jpegs'"; exit 1; }
mkdir "$world/originals"
for i in "${!originals[@]}"; do cp "${originals[$i]}" "$world/originals/$i.jpg"; done
name_them() { # folder count
  for c in 0 1 2 3 4 5 6 7 8 9; do mkdir -p "$world/$1/class$c"; done
  "$python" - "$world/originals" "$world/$1" "$2" "${#originals[@]}" <<'PY'
import os, sys
originals, folder, count, kinds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for i in range(count):
    os.link(f"{originals}/{i % kinds}.jpg", f"{folder}/class{i % 10}/{i:06}.jpg")
PY
}
name_them files "$files"
name_them few "$cached"
"$penstock" pack "$world/files" "$world/packed.lmdb" --quiet >/dev/null

field() { "$python" -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
common=(--set "lanes.devices=[\"$device\"]" --set "net.arch=$net" --set "data.batch=$batch" --set "stage.crop.size=$side" --set train.epochs=1000
        --set train.warmup=0 --set faults.train=replace)

# images/s of the second half of a training's steps; the log's rate is smoothed over about ten steps.
trained() { # data threads set...
  local data=$1 threads=$2 run=$world/run
  shift 2
  rm -rf "$run"
  "$penstock" train imagenet-resnet50 --data "$data" --out "$run" --threads "$threads" --time-limit "$((seconds + 10))s" "${common[@]}" "$@" --quiet >"$world/said" 2>&1 ||
    { tail -n 5 "$world/said" >&2; echo failed; return; }
  "$python" - "$run/metrics.jsonl" <<'PY'
import json, statistics, sys
rates = [line["records_per_second"] for line in map(json.loads, open(sys.argv[1])) if line["type"] == "step"]
half = rates[len(rates) // 2:]
print(f"{statistics.median(half):.1f}" if len(half) > 2 else "failed")
PY
}
share() { awk -v a="$1" -v b="$2" 'BEGIN { if (a == "failed" || b == "failed") print "-"; else printf "%.3f", a / b }'; }

graph=$("$step_rate" "$device" "$net" "$batch" "$side" "$seconds" graph)
ceiling=$(field images_per_second <<<"$graph")
eager=$("$step_rate" "$device" "$net" "$batch" "$side" "$seconds" eager | field images_per_second)
printf '| the step of %s, %s x %s, batch %s, bf16, channels-last, alone | images/s | of PyTorch |\n|---|---|---|\n' "$net" "$side" "$side" "$batch"
rows="" best=
case $device in cuda*) peer_device=$device ;; *) peer_device=cpu ;; esac
for mode in ${MODES:-eager compile}; do
  if peer=$("$python" "$torch_step" "$peer_device" "$net" "$batch" "$side" "$seconds" "$mode" 2>"$world/torch.log"); then
    rate=$(field images_per_second <<<"$peer")
    rows+="| PyTorch, $mode | $rate | |"$'\n'
    best="$best$(share "$ceiling" "$rate") of $mode; "
  else
    rows+="| PyTorch, $mode | did not run: $(tail -n 1 "$world/torch.log" | cut -c 1-120 | tr '|' '/') | |"$'\n'
  fi
done
printf '| Penstock, train.cuda_graph = true (%s) | %s | %s |\n' "$(field step_graph <<<"$graph" | cut -c 1-120)" "$ceiling" "${best%; }"
printf '| Penstock, train.cuda_graph = false | %s | |\n%s\n' "$eager" "$rows"

printf '| data | threads | CPUs alone, images/s | training, images/s | of the step alone | a rate that would suffice |\n|---|---|---|---|---|---|\n'
for kind in originals packed cache; do
  for threads in ${THREADS:-1 4 8 16}; do
    [ "$threads" -le "$(env -u OMP_NUM_THREADS nproc)" ] || continue
    extra=()
    case $kind in
      originals) data=$world/files ;;
      packed) data=$world/packed.lmdb ;;
      cache) data=$world/few extra=(--set stage.crop.exact=true --set stage.crop.cache=gpu) ;;
    esac
    cpus=-
    if [ "$kind" != cache ]; then
      steps=$((threads * 1200 / batch + 2))
      cpus=$("$penstock" stream imagenet-resnet50 --data "$data" --steps "$steps" --threads "$threads" --set "data.batch=$batch" --set "stage.crop.size=$side" --json --quiet 2>/dev/null |
        field records_per_second | xargs printf '%.1f')
    fi
    rate=$(trained "$data" "$threads" "${extra[@]}")
    enough=$(awk -v c="$cpus" -v s="$ceiling" 'BEGIN { if (c == "-") print "-"; else if (c + 0 >= s + 0) print "reached"; else printf "%.1f", s }')
    printf '| %s | %s | %s | %s | %s | %s |\n' "$kind" "$threads" "$cpus" "$rate" "$(share "$rate" "$ceiling")" "$enough"
  done
done
