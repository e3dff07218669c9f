#!/bin/bash
# Installs the peers into $PEERS_DIR, each group in a virtual environment of its own. What cannot be installed is said and left out.
set -u
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$PEERS_DIR"

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo > /dev/null; then sudo "$@"; else false; fi; }
missing=()
for package in libopencv-dev libturbojpeg0-dev pkg-config ffmpeg libavdevice59 python3-venv; do
  dpkg -s "$package" > /dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "peers: installing with apt-get: ${missing[*]}" >&2
  as_root apt-get install -y -q "${missing[@]}" > "$PEERS_DIR/apt.log" 2>&1 ||
    echo "peers: apt-get failed (see $PEERS_DIR/apt.log): FFCV and SPDL may be missing" >&2
fi

# A venv is finished when it holds the list that it was made from.
venv() {
  local name=$1 list="$here/requirements-$1.txt" at="$PEERS_DIR/venv-$1"
  cmp -s "$list" "$at/made-from.txt" && return 0
  echo "peers: installing $name into $at" >&2
  rm -rf "$at"
  python3 -m venv "$at" && "$at/bin/pip" install -q -r "$list" > "$at.log" 2>&1 || return 1
  if [ "$name" = ffcv ]; then
    "$at/bin/pip" install -q --no-build-isolation --no-deps ffcv==1.0.2 >> "$at.log" 2>&1 || return 1
  fi
  cp "$list" "$at/made-from.txt"
}
for name in torch dali ffcv; do
  venv "$name" || echo "peers: $name could not be installed: see $PEERS_DIR/venv-$name.log" >&2
done
