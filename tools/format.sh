#!/usr/bin/env bash
# Brings all C++ files into the form of .clang-format, or only looks.
#   tools/format.sh           rewrites
#   tools/format.sh --check   names every place that differs, exit code 1 if there is one
set -euo pipefail
cd "$(dirname "$0")/.."
rooms=()
for room in engine io models stages pipelines tools examples tests; do
  if [ -d "$room" ]; then rooms+=("$room"); fi
done
mapfile -d '' files < <(find "${rooms[@]}" \( -name '*.h' -o -name '*.cc' -o -name '*.cu' -o -name '*.cuh' \) -print0 | sort -z)
if [ "${1:-}" = --check ]; then
  clang-format --dry-run --Werror "${files[@]}"
else
  clang-format -i "${files[@]}"
fi
