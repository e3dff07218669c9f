# Rates of disks and tiers, and what each misses.

# Block order within a window of a twentieth of the data: two groups of four blocks.
window=$((set_bytes / 20)); block=$((window / 8 / record))
ordered=(--set data.order=block --set data.block=$block --set data.group_blocks=4 --set "budget.window=${window}B" --set "budget.ram=$((window + (128 << 20)))B")

# hard_disk_epochs NAME: shuffled epochs of the set on that disk.
hard_disk_epochs() {
  local data; data=$(place "$1")/set.tar
  make_tar "$data" "$records" "$record"
  "$lab" stat "$1" "$data" | tail -1
  local rate round; : > "$work/ratio"; : > "$work/replayed"; : > "$work/read"
  for round in $(seq "$rounds"); do
    local whole blocks; whole=$(best "$data" "$1"); blocks=$(ceiling "$data" $((block * record)))
    reset "$1"; streamed "$data" "${ordered[@]}"; rate=$(payload_rate)
    local got; got=$(device "$1" bytes)
    echo "round $round: payload $(calc "round($rate / 1e6, 2)") MB/s; the better of fio front to back and the limit $(calc "round($whole / 1e6, 2)"), the same blocks $(calc "round($blocks / 1e6, 2)"); device: $got bytes in $(device "$1" reads) reads"
    calc "$rate / $whole" >> "$work/ratio"; calc "$rate / $blocks" >> "$work/replayed"; calc "$got / ($(key records) * $record)" >> "$work/read"
  done
  judge "$1: payload rate / sequential rate" ge 0.95 < "$work/ratio"
  echo "$1: payload rate / fio over blocks of the same size in a random order: $(spread < "$work/replayed")"
  judge "$1: bytes the device read / bytes needed" le 1.02 < "$work/read"
}
figure_hdd() { disk slow --kind hdd --size "$(room)" --read-mb 150; hard_disk_epochs slow; }
figure_fragmented() { disk scattered --kind hdd --size "$(mib $((set_bytes * 5 / 2 + (256 << 20))))" --read-mb 150 --fragmented; hard_disk_epochs scattered; }

# For comparison only: no window of blocks, every record where the shuffle puts it. A throttle has no seeks, so that requests limit it and not the arm.
figure_random() {
  disk slow --kind hdd --size "$(room)" --read-mb 150
  local data; data=$(place slow)/set.tar; make_tar "$data" "$records" "$record"
  local whole; whole=$(ceiling "$data"); reset slow
  streamed "$data" --set data.order=full --set budget.ram=192MiB --steps $((records / 64 / 4))
  echo "random order: $(calc "round($(payload_rate) / $whole, 3)") of the sequential rate; $(device slow bytes) bytes in $(device slow reads) reads"
}

# Three epochs through the page cache alone, in a new random order each: what the last one missed, counted by the device.
page_cache_reader() {
  cat <<'PY'
import os, random, sys
path, device, n, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
stride = 512 + (size + 511) // 512 * 512
read = lambda: int(open(f"/sys/block/{device}/stat").read().split()[2]) * 512
fd = os.open(path, os.O_RDONLY); os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
for epoch in range(3):
    before = read()
    for i in random.Random(epoch).sample(range(n), n): os.pread(fd, size, i * stride + 512)
print((read() - before) / (n * size))
PY
}
figure_misses() {
  disk slow --kind ssd --size "$(room)" --read-mb 300
  local data x; data=$(place slow)/set.tar; make_tar "$data" "$records" "$record"
  page_cache_reader > "$work/reader.py"
  # The budget of the RAM tier holds its bookkeeping too: a first run tells what a record takes, and x is a share of the records.
  local each; streamed "$data" --epochs 2 "${ordered[@]}" --set "budget.ram_cache=$((set_bytes / 2))B" --set "budget.ram=$((set_bytes / 2 + window + (192 << 20)))B"
  each=$(calc "$((set_bytes / 2)) / $(tier ram hits)"); echo "a record of $record bytes takes $each of budget.ram_cache"
  for x in 0.1 0.35 0.65; do
    local kept epochs; kept=$(calc "round($x * $records)"); : > "$work/use"
    local cache; cache=$(calc "-(-$kept * $each // 1)" | cut -d. -f1)
    for epochs in 2 3; do
      reset slow
      streamed "$data" --epochs $epochs "${ordered[@]}" --set "budget.ram_cache=${cache}B" --set "budget.ram=$((cache + window + (192 << 20)))B"
      echo "$((epochs * records - $(tier ram hits))) $(device slow bytes)" >> "$work/use"
    done
    awk -v n="$records" -v kept="$kept" -v size="$record" -v x="$x" 'NR == 1 { m = $1; b = $2 } NR == 2 {
      m = $1 - m; b = ($2 - b) / (m * size)
      printf "x = %s: %d misses in the third epoch, (1 - x) N = %d: %s; device bytes / needed %.4f: %s\n", x, m, n - kept, m == n - kept ? "met" : "MISSED", b, b <= 1.02 ? "met" : "MISSED" }' "$work/use"
    "$lab" cold slow
    echo "   the page cache alone, $(((kept * record + (16 << 20)) >> 20)) MiB for reader and cache: $(
      "$lab" run --ram $((kept * record + (16 << 20))) -- python3 "$work/reader.py" "$data" "$(losetup -j "$PENSTOCK_LAB/slow/image" | cut -d: -f1 | xargs basename)" "$records" "$record") of the epoch's bytes read"
  done
}

tiered() { echo "--set budget.ssd.path=$(place fast)/cache --set budget.ssd.size=$((set_bytes + set_bytes / 10))B"; }
figure_ssd() {
  disk slow --kind hdd --size "$(room)" --read-mb 150
  disk fast --kind ssd --size "$(mib $((set_bytes + set_bytes / 5 + (256 << 20))))" --read-mb 300 --write-mb 250
  local data round rate whole; data=$(place slow)/set.tar; make_tar "$data" "$records" "$record"
  # shellcheck disable=SC2046
  streamed "$data" "${ordered[@]}" $(tiered)
  local kept; kept=$(find "$(place fast)/cache" -type f -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2-)
  : > "$work/ratio"
  for round in $(seq "$rounds"); do
    whole=$(best "$kept" fast); reset fast; reset slow
    # shellcheck disable=SC2046
    streamed "$data" --from 1:0 "${ordered[@]}" $(tiered); rate=$(payload_rate)
    echo "round $round: payload $(calc "round($rate / 1e6, 2)") MB/s, the better of fio on the tier's own file and the limit $(calc "round($whole / 1e6, 2)"); $(tier ssd hits) of $records from the SSD; the hard disk read $(device slow bytes) bytes"
    calc "$rate / $whole" >> "$work/ratio"
  done
  judge "second epoch / rate of the SSD" ge 0.95 < "$work/ratio"
}
# HDD_IOPS: other requests a second than the lab's own, to see what they have to do with it.
figure_fill() {
  disk slow --kind hdd --size "$(room)" --read-mb 150 ${HDD_IOPS:+--iops "$HDD_IOPS"}
  disk fast --kind ssd --size "$(mib $((set_bytes + set_bytes / 5 + (256 << 20))))" --read-mb 300 --write-mb 250
  local data round alone; data=$(place slow)/set.tar; make_tar "$data" "$records" "$record"
  : > "$work/ratio"
  for round in $(seq "$rounds"); do
    reset slow; streamed "$data" "${ordered[@]}"; alone=$(key seconds); echo "   alone: $("$lab" stat slow)"
    rm -rf "$(place fast)/cache"; reset slow
    # shellcheck disable=SC2046
    streamed "$data" "${ordered[@]}" $(tiered)
    echo "round $round: $alone s alone, $(key seconds) s while the SSD fills"; "$lab" stat slow; "$lab" stat fast
    calc "$(key seconds) / $alone" >> "$work/ratio"; "$lab" stat --reset fast > /dev/null
  done
  judge "first epoch while filling / without" le 1.02 < "$work/ratio"
}
