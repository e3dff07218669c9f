#!/usr/bin/env bash
# Installs what Penstock is built from: Debian packages that are missing (with apt-get, as root or by sudo) and libtorch,
# unpacked out of its wheel into .deps/torch. Quick when everything is there. Debian 12, x86-64.
#   tools/deps.sh            PENSTOCK_TORCH=/folder tools/deps.sh     uses that libtorch and fetches none
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  g++ cmake ninja-build pkg-config                          # the build
  libtbb-dev liblmdb-dev liburing-dev libxxhash-dev libhdf5-dev libmatio-dev nlohmann-json3-dev
  libjpeg62-turbo-dev libpng-dev libhwy-dev libopenblas-pthread-dev
  libtomlplusplus-dev libcli11-dev
  libopenmpi-dev openmpi-bin                                # one process a machine
  libgtest-dev libgmock-dev libbenchmark-dev clang-format   # the tests
  python3 python3-pip ca-certificates                       # fetching libtorch; the layering test
)

say() { printf 'deps: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

[ "$(uname -m)" = x86_64 ] || die "made for x86-64, this is $(uname -m)"
command -v dpkg-query >/dev/null || die "made for Debian 12; elsewhere install the like of: ${packages[*]}"

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "missing: ${missing[*]}; run this as root, or: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  say "installing with apt-get: ${missing[*]}"
  log=$(mktemp)
  if ! { "${root[@]}" apt-get update -q && "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
         apt-get install -yq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    die "apt-get failed; everything it said is in $log"
  fi
  rm -f "$log"
fi

wheels=cmake/torch-wheels.txt
pinned=$(grep -v '^#' "$wheels" | sha256sum | cut -d ' ' -f 1)
if [ -n "${PENSTOCK_TORCH:-}" ]; then
  [ -e "$PENSTOCK_TORCH/lib/libtorch_cpu.so" ] || die "no libtorch in PENSTOCK_TORCH='$PENSTOCK_TORCH' (lib/libtorch_cpu.so)"
  say "libtorch: $PENSTOCK_TORCH"
elif [ "$(cat .deps/torch/.pinned 2>/dev/null)" != "$pinned" ]; then
  mkdir -p .deps
  free_kib=$(df -Pk .deps | awk 'NR == 2 { print $4 }')
  [ "$free_kib" -gt $((2500 * 1024)) ] || die "unpacking libtorch takes 2.5 GB, $((free_kib / 1024)) MB are free in $PWD"
  say "fetching libtorch (550 MB): $(grep -oE '^[^# ]+' "$wheels" | paste -sd ' ')"
  rm -rf .deps/wheels .deps/torch.partial
  log=$(mktemp)
  # pip download, not install: Debian's pip refuses to install outside of a virtual environment.
  if ! python3 -m pip download --quiet --no-deps --no-cache-dir --only-binary=:all: --require-hashes \
       --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
       --platform manylinux2014_x86_64 --dest .deps/wheels --requirement "$wheels" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    die "pip could not fetch them; everything it said is in $log"
  fi
  rm -f "$log"
  say "unpacking"
  for wheel in .deps/wheels/*.whl; do
    python3 -m zipfile -e "$wheel" .deps/torch.partial
  done
  printf '%s\n' "$pinned" >.deps/torch.partial/.pinned
  rm -rf .deps/torch .deps/wheels
  mv .deps/torch.partial .deps/torch
fi
say "everything is there"
