# MLPerf Storage's profiles against a simulated accelerator. k accelerators are one stream whose steps take a k-th of the time.
# Utilisation by the benchmark's rule: computing time of all steps / (time until the last step is computed, less the wait for the first batch). The program's
# own accelerator_utilisation counts that wait too; it is printed beside.

utilisation() {
  local busy; busy=$(calc "$(key batches) * $1 / 1000")
  echo "   the whole run counted: $(key accelerator_utilisation)" >&2
  calc "$busy / ($busy / $(key accelerator_utilisation) - $(key first_batch_seconds))"
}

figure_mlperf() {
  local limit=$((512 << 20)) mb=500; [ "$size" = full ] && limit=$((1 << 30))
  local n=$((limit * 5 / record / 400 * 400 + 400)) paper k
  disk fast --kind ssd --size "$(mib $((n * record * 21 / 20 + (128 << 20))))" --read-mb $mb
  local data; data=$(place fast)/set.tar; make_tar "$data" "$n" "$record"
  local whole; whole=$(ceiling "$data"); paper=$(calc "int($whole / (400 * $record / 0.224))")
  echo "$n records, 5 times the limit of $((limit >> 20)) MiB; fio $(calc "round($whole / 1e6, 1)") MB/s: $paper accelerators on paper"
  [ "$paper" -ge 1 ] || fail "this machine's disk feeds no accelerator"
  for k in $(seq $((paper + 1))); do
    local round; : > "$work/use"
    for round in $(seq "$rounds"); do
      reset fast
      RAM=$limit streamed "$data" --epochs 2 --step-ms "$(calc "224 / $k")" --set data.batch=400 --set data.order=full --set "budget.ram=$((limit - (200 << 20)))B"
      utilisation "$(calc "224 / $k")" >> "$work/use"
    done
    if [ "$k" -le "$paper" ]; then judge "$k accelerators of resnet50" ge 0.98 < "$work/use"; else echo "$k accelerators, one more than on paper: $(spread < "$work/use")"; fi
  done
}

# An accelerator asks for 3.18 GB/s here: the disk of the lab feeds a share of one, and the step is made longer by that share.
figure_unet3d() {
  local one=146600628 n=28 mb=500 round; [ "$size" = full ] && n=154
  disk fast --kind ssd --size "$(mib $((n * one * 21 / 20 + (128 << 20))))" --read-mb $mb
  local data; data=$(place fast)/set.tar; make_tar "$data" "$n" "$one"
  local whole share step; whole=$(ceiling "$data"); share=$(calc "$whole / (7 * $one / 0.323)"); step=$(calc "323 / $share / 0.98")
  echo "fio $(calc "round($whole / 1e6, 1)") MB/s: $(calc "round($share, 3)") of an accelerator on paper; a step at 0.98 of that takes $step ms"
  : > "$work/use"
  for round in $(seq "$rounds"); do
    reset fast
    RAM=${UNET3D_RAM:-4608M} streamed "$data" --epochs 2 --step-ms "$step" --set data.batch=7 --set data.order=full --set budget.ram=4GiB
    utilisation "$step" >> "$work/use"
  done
  judge "$(calc "round($share * 0.98, 3)") accelerators of unet3d" ge 0.98 < "$work/use"
}
