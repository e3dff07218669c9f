// The packed form to encoded batches, beside a gather of the same rows that encodes nothing: the bound of that work.
//   gather_bench FILE.arrow [ROUNDS = 7] [ORDER = sequential | block]
// FILE is make_criteo's, packed. Two cores, rounds interleaved, medians (least to most), GB/s of the file:
//   gather   two threads; the pieces lie in memory, fetched and checked before; each column's bytes are read once and each value goes to its place in row-major
//            batches (cat i32 (4096, 26), cont f32 (4096, 13), target f32 (4096)): codes and counts are converted to their type, of a text eight bytes become one code. Nothing
//            is looked up, nothing is missing, nothing is checked, no batch is handed on
//   encode   two threads, Encoder alone on the same pieces
//   run      what `penstock stream tests/bench/tables/criteo.toml` does: pieces fetched from the page cache, checksums compared, encoded, batches in order
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "engine/graph/graph_spec.h"
#include "engine/graph/registry.h"
#include "engine/run/run.h"
#include "stages/table/encoded_table.h"
#include "stages/table/fitter.h"
#include "tests/bench/tables/shared_by.h"

namespace penstock {
namespace {

using test::shared_by;

constexpr size_t kBatch = 4096, kTile = 128;
constexpr unsigned kThreads = 2;
constexpr double kAim = 1.5;  // GB/s

using Pieces = std::vector<std::shared_ptr<const io::RawRows>>;

/// Memory of some batches, filled over and over as a run does.
struct Batches {
  explicit Batches(const table::Fitted& fitted)
      : cat_width(fitted.cat_width()),
        cont_width(fitted.cont_width()),
        cat(kHeld * kBatch * cat_width),
        cont(kHeld * kBatch * cont_width),
        target(kHeld * kBatch) {}
  static constexpr size_t kHeld = 3;
  size_t cat_width, cont_width;
  std::vector<int32_t> cat;
  std::vector<float> cont, target;
};

template <class To>
void move_values(const io::StoredColumn& column, size_t from, size_t count, To* out, size_t stride) {
  if (column.as == io::Stored::kText32) {
    const auto* const offsets = reinterpret_cast<const int32_t*>(column.offsets) + from;
    for (size_t i = 0; i < count; ++i) {
      uint64_t word = 0;
      if (offsets[i + 1] - offsets[i] >= 8) std::memcpy(&word, column.values + offsets[i], 8);
      out[i * stride] = static_cast<To>(static_cast<uint32_t>(word ^ word >> 32));
    }
    return;
  }
  const table::StoredTile tile{from, count, {}};
  const bool are_ints = table::with_ints(column, tile, [&](const auto* values, auto) {
    for (size_t i = 0; i < count; ++i) out[i * stride] = static_cast<To>(values[i]);
  });
  PENSTOCK_CHECK(are_ints);
}

/// Columns stand as Encoder::columns() has them: those of Fitted::source.
void gather(const io::RawRows& piece, const table::Fitted& fitted, const std::vector<size_t>& place, Batches& out) {
  const auto columns = piece.stored();
  for (size_t from = 0; from < piece.count(); from += kTile) {
    const size_t count = std::min(kTile, piece.count() - from), row = from % (Batches::kHeld * kBatch);
    for (size_t c = 0; c < out.cat_width; ++c)
      move_values(columns[place[fitted.categories[c].source]], from, count, &out.cat[row * out.cat_width + c],
                  out.cat_width);
    for (size_t n = 0; n < fitted.numbers.size(); ++n)
      move_values(columns[place[fitted.numbers[n].source]], from, count, &out.cont[row * out.cont_width + n],
                  out.cont_width);
    move_values(columns[place[fitted.target.source]], from, count, &out.target[row], 1);
  }
}

void encode(const io::RawRows& piece, const table::Encoder& encoder, Batches& out, table::Encoder::Scratch& scratch) {
  table::Encoder::Refused refused;
  PENSTOCK_CHECK(encoder.takes(piece.stored()));
  for (size_t from = 0; from < piece.count(); from += 1024) {
    const size_t count = std::min<size_t>(1024, piece.count() - from), row = from % (Batches::kHeld * kBatch);
    encoder.encode(
        piece.stored(), {from, count, {}}, {},
        {.cat = &out.cat[row * out.cat_width], .cont = &out.cont[row * out.cont_width], .target = &out.target[row]},
        refused, scratch);
  }
}

void run(const table::EncodedTable& data, Order order) {
  const auto budgets = std::make_shared<Budgets>(Need::ram(uint64_t{512} << 20));
  Run run = Run::start(GraphSpec{}.bind(data.schema(), StageRegistry()), data,
                       {.seed = 1,
                        .order = order,
                        .last = Last::kKeep,
                        .batch = kBatch,
                        .block = 65536,
                        .group_blocks = 4,
                        .cores = std::make_shared<Cores>(kThreads),
                        .budgets = budgets});
  uint64_t records = 0;
  for (const Batch& batch : run) records += batch.size();
  PENSTOCK_CHECK(records == data.size());
}

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Rates {
  std::vector<double> all, cores;  ///< GB/s; seconds of all cores together
  double median() const { return median_of(all); }
  void add(double bytes, const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t begin = std::clock();
    work();
    cores.push_back(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    all.push_back(bytes / 1e9 / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  void say(const char* name, double bytes, double rows) const {
    const auto [least, most] = std::ranges::minmax(all);
    std::printf(
        "%-8s %6.2f GB/s of the file (%.2f to %.2f), %5.1f million rows/s, %5.1f ns of a core a row (%.1f at least)\n",
        name, median(), least, most, median() * 1e3 / (bytes / rows), median_of(cores) * 1e9 / rows,
        std::ranges::min(cores) * 1e9 / rows);
  }
};

void bench(const std::string& path, int rounds, Order order) {
  const std::shared_ptr<const io::Table> packed = io::open_columns(path);
  Cores cores(kThreads);
  Budgets budgets;
  table::TableSpec spec{.task = Task::kBinary, .target = "label"};  // as criteo.toml says
  spec.categories = {"C*"};
  spec.numbers = {"I*"};
  spec.log = {"I*"};
  spec.buckets = 100000;
  const auto rows = table::RowSet::all(packed->rows());
  const auto fitted = std::make_shared<const table::Fitted>(table::fit(*packed, rows, spec, cores, budgets).fitted);
  const table::EncodedTable data(packed, rows, fitted, {.training = true});
  const table::Encoder& encoder = data.encoder();
  std::vector<size_t> place(fitted->source.size());
  for (size_t c = 0; c < place.size(); ++c) place[c] = c;
  Pieces pieces;
  for (uint64_t p = 0; p < packed->pieces(); ++p) pieces.push_back(packed->fetch(p, encoder.columns()));
  const auto bytes = static_cast<double>(packed->bytes()), count = static_cast<double>(packed->rows());
  std::printf("%s: %.0f rows, %.1f bytes a row, two threads, %d rounds\n", path.c_str(), count, bytes / count, rounds);
  std::vector<Batches> batches(kThreads, Batches(*fitted));
  std::vector<table::Encoder::Scratch> scratch(kThreads);
  Rates gathered, encoded, ran;
  for (int r = -1; r < rounds; ++r) {
    if (r == 0) gathered = encoded = ran = {};  // the first round warms up
    gathered.add(bytes, [&] {
      shared_by(kThreads, pieces.size(), [&](unsigned t, size_t p) { gather(*pieces[p], *fitted, place, batches[t]); });
    });
    encoded.add(bytes, [&] {
      shared_by(kThreads, pieces.size(),
                [&](unsigned t, size_t p) { encode(*pieces[p], encoder, batches[t], scratch[t]); });
    });
    ran.add(bytes, [&] { run(data, order); });
  }
  gathered.say("gather", bytes, count);
  encoded.say("encode", bytes, count);
  ran.say("run", bytes, count);
  const double aim = std::min(kAim, 0.8 * gathered.median());
  std::printf("run / gather %.2f; aim: the less of %.1f GB/s and 0.8 of the gather, %.2f GB/s: %.2f of it\n",
              ran.median() / gathered.median(), kAim, aim, ran.median() / aim);
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) try {
  if (argc < 2) return std::fprintf(stderr, "gather_bench FILE.arrow [ROUNDS] [sequential | block]\n"), 2;
  const bool block = argc > 3 && std::string_view(argv[3]) == "block";
  penstock::bench(argv[1], argc > 2 ? std::atoi(argv[2]) : 7,
                  block ? penstock::Order::kBlock : penstock::Order::kSequential);
  return 0;
} catch (const penstock::Error& error) {
  std::fprintf(stderr, "gather_bench: %s\n", error.what());
  return 1;
}
