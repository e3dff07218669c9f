# Memory, first batches, predictions, the order of an epoch and the soak.

# Most bytes at once, of what --watch wrote: anonymous memory and pages that cannot be dropped.
most_bytes() { awk '$2 + $4 > most { most = $2 + $4 } END { printf "%.0f\n", most }' "$1"; }
figure_memory() {
  local budget=$((128 << 20)) n format data; n=$((budget * 10 / record + 64))
  [ "$size" = full ] && { budget=$((512 << 20)); n=$((budget * 10 / record + 64)); }
  disk slow --kind ssd --size "$(mib $((n * record * 4 + (256 << 20))))" --read-mb 400
  local at; at=$(place slow); make_tar "$at/set.tar" "$n" "$record"
  for format in tar folder lmdb hdf5; do
    case $format in
      tar) data=$at/set.tar ;;
      folder) data=$at/folder; make_folder "$data" "$n" "$record" ;;
      lmdb) data=$at/set.lmdb; "$penstock" pack "$at/set.tar" "$data" --unchecked --quiet > /dev/null ;;
      hdf5) data=$at/set.h5; "$penstock" pack "$at/set.tar" "$data" --unchecked --quiet > /dev/null ;;
    esac
    "$penstock" stream "$recipe" --data "$data" --steps 0 --set data.last=keep --quiet > /dev/null || { echo "$format: cannot be streamed: MISSED"; continue; }
    local base; streamed "$data" --steps 0; base=$(key peak_rss_bytes)
    reset slow; WATCH=$work/watch streamed "$data" --epochs 2 --set "budget.ram=${budget}B" --set data.order=full
    python3 - "$format" "$base" "$(key peak_rss_bytes)" "$(most_bytes "$work/watch")" "$budget" <<'PY'
import sys
base, rss, group, budget = map(float, sys.argv[2:])
above = max(rss, group) - base
print(f"{sys.argv[1]}: {above / 1e6:.0f} MB above {base / 1e6:.0f} MB of nothing (group at most {group / 1e6:.0f} MB), allowed {(budget + 150e6) / 1e6:.0f}: " + ("met" if above <= budget + 150e6 else "MISSED"))
PY
    [ "$format" = tar ] || rm -rf "$data"
  done
}

figure_first() {
  local n=128000 bytes=512 format data from round; [ "$size" = full ] && n=1280000
  disk slow --kind hdd --size "$(mib $((n * 6144 + (512 << 20))))" --read-mb 200
  local at; at=$(place slow); make_tar "$at/set.tar" $n $bytes
  "$penstock" pack "$at/set.tar" "$at/set.lmdb" --unchecked --quiet > /dev/null
  for format in tar lmdb; do
    data=$at/set.$format; nothing "$data"
    for from in 0 $((n / 256 / 2)); do
      : > "$work/took"
      for round in $(seq "$rounds"); do
        "$lab" cold slow
        local begin; begin=$(date +%s.%N)
        streamed "$data" --from "$from" --steps 1 --set data.batch=256
        calc "$(date +%s.%N) - $begin" >> "$work/took"
      done
      judge "$format, $n records, first batch from step $from, whole process, seconds" le 2 < "$work/took"
    done
  done
}

# What the program predicted, whatever object holds it.
predicted() {
  python3 - "$work/run.json" <<'PY'
import json, sys
def find(o):
    if isinstance(o, dict):
        for k, v in o.items():
            if k == "predicted_seconds" and isinstance(v, (int, float)): yield v
            else: yield from find(v)
    elif isinstance(o, list):
        for v in o: yield from find(v)
print(max(find(json.load(open(sys.argv[1]))), default=0))
PY
}
figure_predict() {
  local kind data round was
  for kind in hdd ssd; do
    disk $kind --kind $kind --size "$(room)" --read-mb 150
    data=$(place $kind)/set.tar; make_tar "$data" "$records" "$record"
    "$lab" run -- "$penstock" probe --data "$data" --quiet --json > "$work/probe.json"
    : > "$work/off"
    for round in $(seq "$rounds"); do
      reset $kind; streamed "$data" "${ordered[@]}"; was=$(predicted)
      echo "$kind round $round: predicted $was s, took $(key seconds) s"
      calc "abs($was / $(key seconds) - 1)" >> "$work/off"
    done
    if [ "$was" = 0 ]; then echo "$kind: stream --json has no predicted_seconds: not measured"; else judge "$kind: predicted against achieved seconds, off by" le 0.05 < "$work/off"; fi
    "$lab" down $kind
  done
}

# Equal classes, stored sorted, blocks within one class: docs/order.md has the formula.
figure_order() {
  local classes=100 each=640 block=320 group=8 batch=256 set=$work/sorted.tar
  make_tar "$set" $((classes * each)) 64 $classes
  "$penstock" info "$set" --order block --block $block --group $group --batch $batch --json --quiet > "$work/block.json"
  "$penstock" pack "$set" "$work/mixed.lmdb" --shuffle --unchecked --quiet > /dev/null
  "$penstock" info "$work/mixed.lmdb" --batch $batch --json --quiet > "$work/mixed.json"
  python3 - "$work/block.json" "$work/mixed.json" $classes $each $block $group $batch <<'PY'
import json, sys
from math import comb
block, mixed = (json.load(open(p))["order_quality"] for p in sys.argv[1:3])
if isinstance(block, dict): block, mixed = (q.get("value", q.get("quality")) for q in (block, mixed))
c, n, b, g, B = map(int, sys.argv[3:])
N, mine, blocks, W = c * n, n // b, c * n // b, b * g
full = c * (1 - comb(N - n, B) / comb(N, B))
seen = sum(comb(mine, k) * comb(blocks - mine, g - k) / comb(blocks, g) * (1 - comb(W - b * k, B) / comb(W, B)) for k in range(1, min(mine, g) + 1))
closed = (c * seen - 1) / (full - 1)
print(f"block order: {block:.4f}, closed form {closed:.4f}, off by {abs(block / closed - 1):.2%}: " + ("met" if abs(block / closed - 1) <= 0.02 else "MISSED"))
print(f"after pack --shuffle: {mixed:.4f}, asked >= 0.99: " + ("met" if mixed >= 0.99 else "MISSED"))
PY
}

# A kill every KILL_S seconds; the next process goes on at the step reached. Memory, descriptors and rate of each must not drift.
figure_soak() {
  local minutes=${MINUTES:-30} every=${KILL_S:-60} data step=0 end pid runner
  disk slow --kind hdd --size "$(room)" --read-mb 150
  data=$(place slow)/set.tar; make_tar "$data" "$records" "$record"
  : > "$work/soak"; end=$((SECONDS + minutes * 60))
  while [ $SECONDS -lt $end ]; do
    # shellcheck disable=SC2016
    "$lab" run -- bash -c 'echo $$ > "$0"; exec "$@"' "$work/pid" "$penstock" stream "$recipe" --data "$data" --threads "$threads" --epochs 100 \
      --from "$step" "${ordered[@]}" --set train.epochs=100000 > /dev/null 2> "$work/progress" & runner=$!
    sleep "$every"
    pid=$(cat "$work/pid")
    [ -d "/proc/$pid" ] || { cat "$work/progress" >&2; fail "the stream ended by itself"; }
    local memory descriptors bytes
    memory=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"); descriptors=$(find "/proc/$pid/fd" -mindepth 1 | wc -l); bytes=$(device slow bytes)
    kill -KILL "$pid"; wait "$runner" 2> /dev/null || true
    "$lab" stat --reset slow > /dev/null
    echo "$memory $descriptors $(calc "$bytes / $every / 1e6")" >> "$work/soak"
    step=$((step + $(tr '\r' '\n' < "$work/progress" | sed -n 's/^streaming \([0-9]*\)\/.*/\1/p' | tail -1 | grep . || echo 0) / 64))
    echo "killed at step about $step: RSS $memory kB, $descriptors descriptors, device $(tail -1 "$work/soak" | cut -d' ' -f3) MB/s"
  done
  python3 - "$work/soak" <<'PY'
import sys
rows = [list(map(float, l.split())) for l in open(sys.argv[1])]
n = len(rows)
if n < 3: sys.exit("too few kills to fit a line")
x = [i - (n - 1) / 2 for i in range(n)]
for name, v in zip(("RSS kB", "descriptors", "MB/s"), zip(*rows)):
    drift = sum(a * b for a, b in zip(x, v)) / sum(a * a for a in x) * (n - 1); mean = sum(v) / n
    print(f"{name}: mean {mean:.4g}, drift over the soak {drift / mean:+.2%}: " + ("met" if abs(drift / mean) <= 0.02 else "MISSED"))
PY
}

figure_seek() {
  [ -x "$build/tests/bench_sim_hard_disk" ] || fail "ninja -C $build bench_sim_hard_disk first"
  "$build/tests/bench_sim_hard_disk"
}
figure_pack() {
  local room=1500; [ "$size" = full ] && room=16000
  disk slow --kind hdd --size "${room}M" --read-mb 150
  disk fast --kind ssd --size "${room}M" --write-mb 250
  SOURCE=$(place slow) DEST=$(place fast) SIZE=$size ROUNDS=$rounds BUILD=$build "$lab" run -- "$here/tests/bench/pack_rates.sh"
}
