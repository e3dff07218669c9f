#!/usr/bin/env bash
# Fetches nvJPEG (4 MB) out of its pinned wheel into .deps/nvjpeg, for the CUDA build alone. Quick when it is there.
#   tools/gpu/nvjpeg.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
wheels=cmake/nvjpeg-wheels.txt
pinned=$(grep -v '^#' "$wheels" | sha256sum | cut -d ' ' -f 1)
if [ "$(cat .deps/nvjpeg/.pinned 2>/dev/null)" = "$pinned" ]; then exit 0; fi
mkdir -p .deps
rm -rf .deps/nvjpeg.partial .deps/nvjpeg.wheels
log=$(mktemp)
if ! python3 -m pip download --quiet --no-deps --no-cache-dir --only-binary=:all: --require-hashes --python-version 3.11 \
     --platform manylinux2014_x86_64 --dest .deps/nvjpeg.wheels --requirement "$wheels" >"$log" 2>&1; then
  tail -n 15 "$log" >&2
  printf 'nvjpeg: pip could not fetch it; everything it said is in %s\n' "$log" >&2
  exit 1
fi
rm -f "$log"
python3 -m zipfile -e .deps/nvjpeg.wheels/*.whl .deps/nvjpeg.partial
printf '%s\n' "$pinned" >.deps/nvjpeg.partial/.pinned
rm -rf .deps/nvjpeg .deps/nvjpeg.wheels
mv .deps/nvjpeg.partial .deps/nvjpeg
