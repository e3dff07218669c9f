#!/usr/bin/env bash
# Beside the default suite: ASAN and UBSAN over the unit tests, TSAN over the engine's.
#   tools/check_sanitizers.sh [asan|tsan]     both without a word
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-both}

if [ "$what" = asan ] || [ "$what" = both ]; then
  PRESET=asan BUILD=build-asan tools/build.sh
  ctest --test-dir build-asan --output-on-failure --parallel "$(nproc)" --label-regex unit
fi
if [ "$what" = tsan ] || [ "$what" = both ]; then
  PRESET=tsan BUILD=build-tsan tools/build.sh --target test_engine
  ctest --test-dir build-tsan --output-on-failure --parallel "$(nproc)" --tests-regex '^engine\.'
fi
