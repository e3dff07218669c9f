#!/usr/bin/env bash
# Installs what Penstock is built from: Debian packages that are missing (with apt-get, as root or by sudo), and libtorch,
# Arrow and XGBoost, unpacked out of their wheels into .deps/. Quick when everything is there. Debian 12, x86-64.
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
  python3 python3-pip ca-certificates                       # fetching wheels; the layering test
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

# fetch NAME MEGABYTES: the wheels of cmake/NAME-wheels.txt, unpacked into .deps/NAME unless these very ones lie there.
fetch() {
  local name=$1 megabytes=$2 wheels=cmake/$1-wheels.txt pinned log wheel free_kib
  pinned=$(grep -v '^#' "$wheels" | sha256sum | cut -d ' ' -f 1)
  [ "$(cat ".deps/$name/.pinned" 2>/dev/null)" != "$pinned" ] || return 0
  mkdir -p .deps
  free_kib=$(df -Pk .deps | awk 'NR == 2 { print $4 }')
  [ "$free_kib" -gt $((megabytes * 1024)) ] ||
    die "unpacking $name takes $megabytes MB, $((free_kib / 1024)) MB are free in $PWD"
  say "fetching $name: $(grep -oE '^[^# ]+' "$wheels" | paste -sd ' ')"
  rm -rf ".deps/$name.wheels" ".deps/$name.partial"
  log=$(mktemp)
  # pip download, not install: Debian's pip refuses to install outside of a virtual environment.
  if ! python3 -m pip download --quiet --no-deps --no-cache-dir --only-binary=:all: --require-hashes \
       --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
       --platform manylinux2014_x86_64 --dest ".deps/$name.wheels" --requirement "$wheels" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    die "pip could not fetch them; everything it said is in $log"
  fi
  rm -f "$log"
  say "unpacking $name"
  for wheel in ".deps/$name.wheels"/*.whl; do
    python3 -m zipfile -e "$wheel" ".deps/$name.partial"
  done
  if [ "$name" = arrow ]; then  # the C++ libraries are wanted, and not Python's
    find .deps/arrow.partial/pyarrow -mindepth 1 -maxdepth 1 ! -name include ! -name 'libarrow.so.*' \
      ! -name 'libparquet.so.*' -exec rm -rf {} +
  fi
  printf '%s\n' "$pinned" >".deps/$name.partial/.pinned"
  rm -rf ".deps/$name" ".deps/$name.wheels"
  mv ".deps/$name.partial" ".deps/$name"
}

if [ -n "${PENSTOCK_TORCH:-}" ]; then
  [ -e "$PENSTOCK_TORCH/lib/libtorch_cpu.so" ] || die "no libtorch in PENSTOCK_TORCH='$PENSTOCK_TORCH' (lib/libtorch_cpu.so)"
  say "libtorch: $PENSTOCK_TORCH"
else
  fetch torch 2500
fi
fetch arrow 400
fetch xgboost 100
say "everything is there"
