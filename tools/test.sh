#!/usr/bin/env bash
# Builds and runs the tests: unit and end to end, not those labelled slow, bench, fuzz or gpu.
#   tools/test.sh                  tools/test.sh -R engine.      the rest of the line goes to ctest
# Real data is looked for in $PENSTOCK_DATA, else ../shared/data; tests that need it say so and are skipped without it.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/build.sh
ctest --test-dir build --output-on-failure --parallel "${JOBS:-$(nproc)}" --label-exclude 'slow|bench|fuzz|gpu' "$@"
