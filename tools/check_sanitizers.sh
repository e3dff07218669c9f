#!/usr/bin/env bash
# Beside the default suite: ASAN and UBSAN over the unit tests, TSAN over those of the engine, of reading by plan and of tables.
#   tools/check_sanitizers.sh [asan|tsan]     both without a word
#
# TSAN sees a hand-over between threads only in code that is compiled for it. Debian's TBB is not: with it every test that
# runs a graph reports races that are none, and suppressing them hides real ones. So Debian's source of TBB is fetched and
# compiled for TSAN (a minute, into .deps/tbb-tsan), and nothing of it is suppressed. Arrow's libraries come out of wheels as they are: what they
# themselves lock and touch is left out, what Penstock does with them is not.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-both}
case "$what" in
  asan | tsan | both) ;;
  *) echo "usage: tools/check_sanitizers.sh [asan|tsan]" >&2; exit 2 ;;
esac

# The same version of TBB as the one installed, through apt and its signatures, with lists of our own: the machine's are
# not touched.
fetch_tbb() {
  local aside=$PWD/.deps/tbb-tsan.partial version file
  rm -rf "$aside"
  mkdir -p "$aside"/sources "$aside"/lists/partial "$aside"/cache/archives/partial
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    if [ -f "$file" ]; then sed -n 's/^deb /deb-src /p' "$file" >"$aside/sources/$(basename "$file" .list).list"; fi
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    if [ -f "$file" ]; then sed 's/^Types:.*/Types: deb-src/' "$file" >"$aside/sources/$(basename "$file")"; fi
  done
  local apt=(apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$aside/sources"
             -o Dir::State::lists="$aside/lists" -o Dir::Cache="$aside/cache")
  version=$(dpkg-query -W -f '${source:Version}' libtbb12)
  (cd "$aside" && "${apt[@]}" update && "${apt[@]}" source --download-only "onetbb=$version")
  python3 -m tarfile -e "$aside"/onetbb_*.orig.tar.xz "$aside"
  mv "$aside"/oneTBB-* "$aside/source"
  cmake -G Ninja -S "$aside/source" -B "$aside/build" -D CMAKE_BUILD_TYPE=RelWithDebInfo -D TBB_SANITIZE=thread \
    -D TBB_TEST=OFF -D TBB_STRICT=OFF -D TBBMALLOC_BUILD=OFF
  cmake --build "$aside/build" --target tbb
  mkdir "$aside/lib"
  cp -a "$aside"/build/*/libtbb.so* "$aside/lib"
  mv "$aside" .deps/tbb-tsan
}

if [ "$what" != tsan ]; then
  PRESET=asan BUILD=build-asan tools/build.sh
  # libhdf5 asks for as much memory as a damaged file says; malloc() refuses it, and so shall ASAN's.
  ASAN_OPTIONS=allocator_may_return_null=1 ctest --test-dir build-asan --output-on-failure --parallel "$(nproc)" --label-regex unit
fi
if [ "$what" != asan ]; then
  PRESET=tsan BUILD=build-tsan tools/build.sh --target test_engine test_io_read test_io_tier test_io_table test_table
  if [ ! -d .deps/tbb-tsan ]; then
    echo "compiling TBB for TSAN" >&2
    log=$(mktemp)
    exec 3>&2  # where the trap finds the terminal: it runs under the redirection of what failed
    trap '{ tail -n 20 "$log"; echo "no TBB for TSAN; everything it said is in $log"; } >&3' EXIT
    fetch_tbb >"$log" 2>&1
    trap - EXIT
    rm -f "$log"
  fi
  # The last two: what Arrow locked unseen is unlocked by libstdc++ while it waits, and by its allocator as the program ends.
  printf '%s\n' called_from_lib:libarrow.so called_from_lib:libparquet.so mutex:std::condition_variable::wait \
    mutex:_dl_call_fini >build-tsan/suppressions
  LD_LIBRARY_PATH=$PWD/.deps/tbb-tsan/lib TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/build-tsan/suppressions" \
    ctest --test-dir build-tsan --output-on-failure --parallel "$(nproc)" --tests-regex '^(engine|io/read|io/tier|io/table|table)\.' \
    --exclude-regex '^io/table\.CsvOddFiles\.AreReadAsArrowReadsThem$'  # half of it is Arrow's reader on threads of its own
fi
