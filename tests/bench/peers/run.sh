#!/bin/bash
# Penstock beside its peers: README.md. SIZE=small ROUNDS=1 is a rehearsal.
#   run.sh [--only NAME,...] [--data FOLDER] [--no-install]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export PEERS_DIR=${PEERS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/penstock-peers}
export PENSTOCK=${PENSTOCK:-$here/../../../build/penstock}
[ -x "$PENSTOCK" ] || { echo "run.sh: no program at $PENSTOCK: build it (tools/build.sh), or name it in PENSTOCK" >&2; exit 2; }
arguments=() install=1
for argument in "$@"; do
  if [ "$argument" = --no-install ]; then install=0; else arguments+=("$argument"); fi
done
[ "$install" = 0 ] || "$here/install.sh"
python=$PEERS_DIR/venv-torch/bin/python
[ -x "$python" ] || python=python3
exec "$python" "$here/run.py" "${arguments[@]}"
