#!/usr/bin/env bash
# Streams a made file whole, as CSV and packed, under a budget, and prints the most memory that the program had (VmHWM) beside that of the same program doing nothing.
#   tests/bench/tables/memory.sh FOLDER [MEGABYTES = 5000] [BUDGET = 512MiB]
# FOLDER gets the made file, its index and its packed form; they stay for the next time. PENSTOCK: another program than build/penstock. Allowed: the budget and 150 MB above nothing.
set -euo pipefail
cd "$(dirname "$0")/../../.."
folder=$1 megabytes=${2:-5000} budget=${3:-512MiB}
penstock=${PENSTOCK:-build/penstock}
csv=$folder/criteo-$megabytes.csv arrow=$folder/criteo-$megabytes.arrow
mkdir -p "$folder"
[ -e "$csv" ] || build/tests/make_criteo "$megabytes" "$csv" 3

# The peak of a command in kB: of the process itself, as the kernel counted it when it ended (ru_maxrss is VmHWM).
peak_of() {
  python3 -c '
import resource, subprocess, sys, time
begin = time.time()
done = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
print("%-46s %6.0f MB, %.0f s" % (sys.argv[1], peak, time.time() - begin), flush=True)
sys.exit(done.returncode)
' "$@"
}
stream() { echo "$penstock" stream tests/bench/tables/criteo.toml --data "$1" --quiet --json --set data.last=keep --set budget.ram="$budget"; }
peak_of "nothing (penstock devices)" "$penstock" devices
# shellcheck disable=SC2046
peak_of "CSV, whole: index, fit, an epoch" $(stream "$csv")
# shellcheck disable=SC2046
peak_of "CSV, whole: an epoch" $(stream "$csv")
[ -e "$arrow" ] || peak_of "pack" "$penstock" pack "$csv" "$arrow" --quiet
# shellcheck disable=SC2046
peak_of "packed, whole: fit, an epoch" $(stream "$arrow")
# shellcheck disable=SC2046
peak_of "packed, whole: an epoch" $(stream "$arrow")
