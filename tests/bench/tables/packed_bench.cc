// What a packed table gives: fetching (page cache), decoding of whole pieces and of rows picked at random, beside memcpy and beside the same columns in HDF5.
//   packed_bench FILE.arrow [ROUNDS = 5]
// Prints GB/s of packed bytes, the median of the rounds with the least and the most, by the clock and, for machines that others use too, by the time on cores. HDF5's copy is written to FILE.h5 and removed: a data set for each column, chunks of a
// piece's rows, the same narrow types, without a filter and with Fletcher-32, the checksum that HDF5 has.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <hdf5.h>

#include "io/table/packed/narrow.h"
#include "io/table/table.h"
#include "tests/bench/tables/shared_by.h"

namespace penstock {
namespace {

using test::shared_by;

using Pieces = std::vector<std::shared_ptr<const io::RawRows>>;

struct Took {
  double seconds, cores;  ///< wall time; time on all cores together
};
Took took(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC};
}

void say(const char* what, double bytes, int rounds, const std::function<void()>& work) {
  std::vector<double> rates, by_core;
  work();  // warms up
  for (int r = 0; r < rounds; ++r) {
    const Took time = took(work);
    rates.push_back(bytes / 1e9 / time.seconds);
    by_core.push_back(bytes / 1e9 / std::max(1e-9, time.cores));
  }
  std::sort(rates.begin(), rates.end());
  std::sort(by_core.begin(), by_core.end());
  std::printf("%-62s %6.2f GB/s (%.2f to %.2f), %6.2f in a second of one core (%.2f to %.2f)\n", what,
              rates[rates.size() / 2], rates.front(), rates.back(), by_core[by_core.size() / 2], by_core.front(),
              by_core.back());
}

// The columns of `table` that are numbers or codes, in HDF5.
class Hdf5Copy {
 public:
  Hdf5Copy(const io::Table& table, const Pieces& pieces, const std::string& path, bool checked) : path_(path) {
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<size_t> columns(table.schema().size());
    std::iota(columns.begin(), columns.end(), size_t{0});
    std::vector<io::NumberRange> ranges(columns.size());
    io::TableBlock block;
    for (const auto& piece : pieces) {
      piece->decode(0, piece->count(), block);
      for (const size_t c : columns) {
        widen_codes(block.columns[c]);
        ranges[c].add(block.columns[c].ints);
      }
    }
    const hsize_t rows = table.rows(), chunk = pieces[0]->count();
    for (const size_t c : columns) {
      if (!block.columns[c].texts.empty() || !block.columns[c].reals.empty()) continue;
      const io::Stored as = ranges[c].ints();
      const hid_t types[] = {H5T_NATIVE_INT8, H5T_NATIVE_INT16, H5T_NATIVE_INT32, H5T_NATIVE_INT64};
      const hid_t space = H5Screate_simple(1, &rows, nullptr), how = H5Pcreate(H5P_DATASET_CREATE);
      H5Pset_chunk(how, 1, &chunk);
      if (checked) H5Pset_fletcher32(how);
      const hid_t type = types[static_cast<size_t>(as)];
      const hid_t set = H5Dcreate2(file, std::to_string(sets_).c_str(), type, space, H5P_DEFAULT, how, H5P_DEFAULT);
      for (const auto& piece : pieces) {
        const size_t column = c;
        piece->decode(0, piece->count(), block);
        widen_codes(block.columns[column]);
        std::vector<std::byte> narrow(piece->count() * io::width_of(as));
        io::narrow(as, std::span<const int64_t>(block.columns[column].ints), narrow.data());
        const hsize_t first = piece->first(), count = piece->count();
        H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, nullptr, &count, nullptr);
        const hid_t memory = H5Screate_simple(1, &count, nullptr);
        H5Dwrite(set, type, memory, space, H5P_DEFAULT, narrow.data());
        H5Sclose(memory);
      }
      types_.push_back(type);
      bytes_ += rows * io::width_of(as);
      ++sets_;
      H5Dclose(set);
      H5Sclose(space);
    }
    H5Fclose(file);
    file_ = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  }
  ~Hdf5Copy() {
    H5Fclose(file_);
    std::remove(path_.c_str());
  }
  double bytes() const { return static_cast<double>(bytes_); }
  size_t columns() const { return sets_; }
  void read(const Pieces& pieces) const {
    std::vector<hid_t> sets;
    for (size_t s = 0; s < sets_; ++s) sets.push_back(H5Dopen2(file_, std::to_string(s).c_str(), H5P_DEFAULT));
    for (const auto& piece : pieces) {
      std::vector<std::unique_ptr<std::byte[]>> out;
      for (size_t s = 0; s < sets_; ++s) {
        const hsize_t first = piece->first(), count = piece->count();
        const hid_t space = H5Dget_space(sets[s]), memory = H5Screate_simple(1, &count, nullptr);
        H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, nullptr, &count, nullptr);
        out.push_back(std::make_unique_for_overwrite<std::byte[]>(count * 8));
        H5Dread(sets[s], types_[s], memory, space, H5P_DEFAULT, out.back().get());
        H5Sclose(space);
        H5Sclose(memory);
      }
    }
    for (const hid_t set : sets) H5Dclose(set);
  }

 private:
  static void widen_codes(io::ColumnBlock& column) {
    if (column.dictionary) column.ints.assign(column.codes.begin(), column.codes.end());
  }
  std::string path_;
  hid_t file_ = -1;
  std::vector<hid_t> types_;
  size_t sets_ = 0;
  uint64_t bytes_ = 0;
};

void bench(const std::string& path, int rounds) {
  const auto table = io::open_columns(path);
  std::vector<size_t> columns(table->schema().size());
  std::iota(columns.begin(), columns.end(), size_t{0});
  Pieces pieces;
  double bytes = 0;
  for (uint64_t p = 0; p < table->pieces(); ++p) {
    pieces.push_back(table->fetch(p, columns));
    bytes += static_cast<double>(pieces.back()->bytes());
  }
  std::printf("%s: %llu rows of %zu columns, %.1f bytes a row, %zu pieces\n", path.c_str(),
              static_cast<unsigned long long>(table->rows()), columns.size(),
              bytes / static_cast<double>(table->rows()), pieces.size());
  std::vector<char> from(64 << 20, 1), to(64 << 20);
  say("memcpy of 64 MiB, one thread", 64 << 20, rounds, [&] { std::memcpy(to.data(), from.data(), to.size()); });
  for (const unsigned threads : {1u, 2u}) {
    const std::string with = threads == 1 ? ", one thread" : ", two threads";
    std::vector<io::TableBlock> blocks(threads);
    say(("fetch, checksums compared" + with).c_str(), bytes, rounds,
        [&] { shared_by(threads, pieces.size(), [&](unsigned, size_t p) { table->fetch(p, columns); }); });
    say(("decode, 8192 rows at a time" + with).c_str(), bytes, rounds, [&] {
      shared_by(threads, pieces.size(), [&](unsigned t, size_t p) {
        for (size_t at = 0; at < pieces[p]->count(); at += 8192)
          pieces[p]->decode(at, std::min<size_t>(8192, pieces[p]->count() - at), blocks[t]);
      });
    });
    std::vector<uint32_t> order(pieces[0]->count());
    std::iota(order.begin(), order.end(), 0u);
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[(i * 2654435761u) % i]);
    say(("decode, 1024 rows picked at random from a piece" + with).c_str(), bytes, rounds, [&] {
      shared_by(threads, pieces.size(), [&](unsigned t, size_t p) {
        std::vector<uint32_t> some;
        for (size_t at = 0; at < order.size(); at += 1024) {
          some.clear();
          for (size_t i = at; i < std::min(order.size(), at + 1024); ++i)
            if (order[i] < pieces[p]->count()) some.push_back(order[i]);
          pieces[p]->decode(some, blocks[t]);
        }
      });
    });
    say(("fetch and decode" + with).c_str(), bytes, rounds, [&] {
      shared_by(threads, pieces.size(), [&](unsigned t, size_t p) {
        const auto rows = table->fetch(p, columns);
        for (size_t at = 0; at < rows->count(); at += 8192)
          rows->decode(at, std::min<size_t>(8192, rows->count() - at), blocks[t]);
      });
    });
  }
  for (const bool checked : {false, true}) {
    const Hdf5Copy copy(*table, pieces, path + ".h5", checked);
    const std::string what = "HDF5, " + std::to_string(copy.columns()) + " columns, " +
                             (checked ? "Fletcher-32" : "no checksum") + ": fetch alone";
    say(what.c_str(), copy.bytes(), rounds, [&] { copy.read(pieces); });
  }
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "packed_bench FILE.arrow [ROUNDS]\n"), 2;
  penstock::bench(argv[1], argc > 2 ? std::atoi(argv[2]) : 5);
}
