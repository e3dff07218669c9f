// What the engine itself costs: no-op stages over records of 1 KiB, and runs of fixed-size rows.
//   engine_bench [records of 1 KiB = 2000000] [rows = 100000000] [records of the growth test = 10000000]
// Prints microseconds a record on one thread, memcpy of the same bytes beside it, and memory before and after.
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "engine/graph/graph_spec.h"
#include "engine/run/run.h"

namespace penstock {
namespace {

/// `size` records, each the same block of `bytes` bytes: u8 (bytes) fixed. One memcpy a record, or a run.
class Repeated final : public Source {
 public:
  Repeated(uint64_t size, int64_t bytes)
      : size_(size),
        block_(static_cast<size_t>(bytes), std::byte{5}),
        schema_{Field::fixed("row", DType::kU8, {bytes})} {}
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return size_; }
  uint64_t fingerprint() const override { return 1; }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  bool waits() const override { return false; }
  Location locate(uint64_t) const override { return {}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    for (size_t i = 0; i < ids.size(); ++i) std::memcpy(out.row(0, i), block_.data(), block_.size());
  }

 protected:
  uint64_t size_;
  std::vector<std::byte> block_;
  Schema schema_;
};

/// A table in memory of `window` rows, repeated: neighbouring ids are one memcpy.
class Rows final : public Source {
 public:
  Rows(uint64_t size, int64_t bytes)
      : size_(size),
        row_bytes_(static_cast<size_t>(bytes)),
        table_(kWindow * row_bytes_, std::byte{3}),
        schema_{Field::fixed("row", DType::kU8, {bytes})} {}
  const Schema& schema() const override { return schema_; }
  uint64_t size() const override { return size_; }
  uint64_t fingerprint() const override { return 1; }
  uint64_t record_bytes(uint64_t) const override { return 0; }
  uint64_t max_record_bytes() const override { return 0; }
  bool waits() const override { return false; }
  Location locate(uint64_t) const override { return {}; }
  void read(std::span<const uint64_t> ids, Intake& out) const override {
    size_t i = 0;
    while (i < ids.size()) {
      const size_t at = ids[i] % kWindow;
      size_t run = 1;
      while (i + run < ids.size() && ids[i + run] == ids[i] + run && at + run < kWindow) ++run;
      std::memcpy(out.row(0, i), table_.data() + at * row_bytes_, run * row_bytes_);
      i += run;
    }
  }

 private:
  static constexpr size_t kWindow = 1 << 16;
  uint64_t size_;
  size_t row_bytes_;
  std::vector<std::byte> table_;
  Schema schema_;
};

class Noop final : public RecordStage {
 public:
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit Noop(Params) {}
  Bound bind(const Schema& in) const override { return {.reads = {"row"}, .writes = {in.require("row", "noop")}}; }
  Outcome run(RecordView& record, Draws&, Scratch&) const override {
    return record.in(0).data != nullptr ? Outcome::ok() : Outcome::reject("no row");
  }
};

class NoopSlice final : public SliceStage {
 public:
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit NoopSlice(Params) {}
  Bound bind(const Schema& in) const override { return {.reads = {"row"}, .writes = {in.require("row", "noop")}}; }
  void run(SliceView& slice, Scratch&) const override {
    if (slice.out(0).data == nullptr) throw Error(Code::kInternal, "no rows");
  }
};

size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  size_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * 4096;
}

double micros_a_record(const Source& source, const char* stage, uint64_t batch, size_t* resident_middle = nullptr) {
  StageRegistry registry;
  registry.add<Noop>("noop", "nothing, record by record");
  registry.add<NoopSlice>("noop_slice", "nothing, slice by slice");
  const Graph graph = GraphSpec{}.add(stage).bind(source.schema(), registry);
  Run run =
      Run::start(graph, source, {.order = Order::kSequential, .batch = batch, .cores = std::make_shared<Cores>(1)});
  uint64_t records = 0;
  while (Batch b = run.next()) {
    records += b.size();
    if (resident_middle != nullptr && *resident_middle == 0 && records > source.size() / 10)
      *resident_middle = resident_bytes();
  }
  return run.report().seconds * 1e6 / static_cast<double>(records);
}

double memcpy_micros(size_t bytes) {
  std::vector<char> from(bytes), to(64 << 20);
  const int64_t begin = Clock::system().now_ns();
  size_t n = 0;
  for (int round = 0; round < 4; ++round)
    for (size_t at = 0; at + bytes <= to.size(); at += bytes, ++n) std::memcpy(to.data() + at, from.data(), bytes);
  return static_cast<double>(Clock::system().now_ns() - begin) * 1e-3 / static_cast<double>(n);
}

void five(const char* what, double limit, const Source& source, const char* stage, uint64_t batch) {
  std::vector<double> all;
  for (int i = 0; i < 5; ++i) all.push_back(micros_a_record(source, stage, batch));
  std::sort(all.begin(), all.end());
  std::printf("%-34s %.4f us (min %.4f, max %.4f)  limit %.2f us  %s\n", what, all[2], all[0], all[4], limit,
              all[2] <= limit ? "met" : "MISSED");
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) {
  using namespace penstock;
  const auto arg = [&](int i, uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  std::printf("memcpy of 1 KiB into fresh memory  %.4f us\n", memcpy_micros(1024));
  five("a record of 1 KiB, no-op stage", 0.3, Repeated(arg(1, 2'000'000), 1024), "noop", 4096);
  five("a row of 64 B, contiguous runs", 0.02, Rows(arg(2, 100'000'000), 64), "noop_slice", 1 << 16);
  size_t tenth = 0;
  micros_a_record(Repeated(arg(3, 10'000'000), 1024), "noop", 4096, &tenth);
  const auto growth = static_cast<double>(resident_bytes()) - static_cast<double>(tenth);
  std::printf("memory after %llu records: %+.2f MiB against a tenth of them\n",
              static_cast<unsigned long long>(arg(3, 10'000'000)), growth / (1 << 20));
  return 0;
}
