#!/usr/bin/env bash
# penstock-cuda names its GPUs, or says why there is none: tests/tools/cuda/devices_test.sh PENSTOCK_CUDA
# Ends with 77 where libraries of libtorch's GPU side are missing: the program cannot start there.
said=$("$1" devices 2>&1)
case $said in
  *"error while loading shared libraries"*) echo "skipped: $said"; exit 77 ;;
esac
printf '%s\n' "$said"
grep -Eq 'cuda:0  |cuda: no driver|cuda: the driver is too old|cuda: no GPU' <<< "$said"
