// The same job in every world of tests/configs/*.toml: the bytes of a run may not depend on any of them.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "engine/base/bytes.h"
#include "engine/device/devices.h"
#include "io/data/open.h"
#include "io/file/faulty_file_system.h"
#include "pipelines/job/job.h"
#include "pipelines/pack/pack.h"
#include "pipelines/recipe/load.h"
#include "pipelines/recipe/toml_reader.h"
#include "stages/image/jpeg_encoder.h"
#include "tests/io/temp_folder.h"

namespace penstock {
namespace {

/// One file of tests/configs.
struct World {
  int64_t threads = 2;
  int64_t io_threads = 4;
  int64_t batches_in_flight = 0;
  int64_t consumers = 1;
  std::optional<ByteSize> ram_above_least;
  int64_t read_delay_us = 0;
  int64_t short_reads = 0;
  bool past_the_door = true;
  bool cold = false;
  std::string device;
  bool tiers = false;
  std::optional<ByteSize> window;
  std::optional<ByteSize> ram_cache;
  std::optional<ByteSize> ssd;
  bool cut = false;

  static void describe(ParamTable<World>& t) {
    t.add("threads", &World::threads, "compute threads", at_least(1));
    t.add("io_threads", &World::io_threads, "threads that read", at_least(1));
    t.add("batches_in_flight", &World::batches_in_flight, "0: as many as keep the threads busy");
    t.add("consumers", &World::consumers, "readers of every batch", at_least(1));
    t.add("ram_above_least", &World::ram_above_least, "budget of RAM above what the run must have");
    t.add("read_delay_us", &World::read_delay_us, "what every read takes longer");
    t.add("short_reads", &World::short_reads, "so many reads bring half of what was asked for");
    t.add("past_the_door", &World::past_the_door, "io_uring may read files");
    t.add("cold", &World::cold, "without manifests and indexes");
    t.add("device", &World::device, "where batches are copied to and read back from");
    t.add("tiers", &World::tiers, "records are read by plan, through io::Storage");
    t.add("window", &World::window, "tiers: what is read ahead");
    t.add("ram_cache", &World::ram_cache, "tiers: records kept in RAM");
    t.add("ssd", &World::ssd, "tiers: an SSD tier of so much, cold for the first stream and warm for the second");
    t.add("cut", &World::cut, "tiers: the SSD tier keeps pictures that the evaluation's view was cut from");
  }
};

/// A disk whose reads take a stated time longer: what a wait looks like to a run.
class SlowFileSystem final : public io::FileSystem {
 public:
  explicit SlowFileSystem(std::chrono::microseconds delay) : delay_(delay) {}
  ssize_t sys_pread(int fd, void* dest, size_t bytes, uint64_t offset) override {
    std::this_thread::sleep_for(delay_);  // the slow disk itself, not a test that waits for something
    return FileSystem::sys_pread(fd, dest, bytes, offset);
  }
  bool passes_through() const override { return false; }

 private:
  std::chrono::microseconds delay_;
};

class Hostile : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    for (int id = 0; id < 40; ++id) {
      const int width = 24 + id * 5 % 40, height = 20 + id * 3 % 50;
      std::vector<uint8_t> pixels(static_cast<size_t>(width * height * 3));
      for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * static_cast<size_t>(id + 2) / 7);
      const std::vector<std::byte> jpeg = image::encode_jpeg({.data = pixels.data(), .width = width, .height = height});
      const std::string folder = folder_ / ("data/class" + std::to_string(id % 4));
      std::filesystem::create_directories(folder);
      std::ofstream(folder + "/" + std::to_string(id) + ".jpg", std::ios::binary)
          .write(reinterpret_cast<const char*>(jpeg.data()), static_cast<std::streamsize>(jpeg.size()));
    }
    const std::string file = std::string(PENSTOCK_SOURCE_DIR) + "/tests/configs/" + GetParam() + ".toml";
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    world_ = read_params<World>(pipelines::read_toml(text.str(), file), GetParam());
    recipe_ = pipelines::load_recipe("imagenette-resnet18",
                                     {.set = {"stage.crop.size=24", "stage.center.size=24", "data.batch=8"}});
  }

  std::unique_ptr<io::FileSystem> disk() const {
    if (world_.short_reads > 0)
      return std::make_unique<io::FaultyFileSystem>(
          std::vector<io::PlannedFault>{{.op = io::FileOp::kRead,
                                         .does = io::PlannedFault::Does::kShort,
                                         .times = static_cast<uint64_t>(world_.short_reads)}});
    if (world_.past_the_door) return std::make_unique<io::FileSystem>();  // what io_uring may read from
    return std::make_unique<SlowFileSystem>(std::chrono::microseconds(world_.read_delay_us));
  }

  std::string data_path() const { return folder_ / "data"; }

  /// ids and pixels of two epochs, as each consumer saw them; with tiers, as the second of two streams did.
  std::vector<std::string> bytes_of(const io::Dataset& data, Mode mode, const World& world) {
    if (!world.tiers) return bytes_of_source(data, mode, world);
    io::StorageOptions options{.epochs = 4};
    if (world.window) options.window_bytes = world.window->bytes;
    if (world.ram_cache) options.ram_bytes = world.ram_cache->bytes;
    if (world.ssd) options.ssd = io::SsdTier{folder_ / "tier", world.ssd->bytes};
    io::Storage storage(data, options);
    const std::vector<std::string> first = bytes_of_source(storage, mode, world);
    storage.flush();
    std::vector<std::string> again = bytes_of_source(storage, mode, world);
    EXPECT_EQ(first == again, true);
    if (world.ssd && (!world.cut || mode == Mode::kEval)) { EXPECT_GT(storage.ssd_records(), 0u); }
    return again;
  }

  std::vector<std::string> bytes_of_source(const Source& data, Mode mode, const World& world) {
    pipelines::Recipe recipe = recipe_;
    for (StageSpec& stage : recipe.stages) stage.cache = world.cut && stage.id == "center" ? "ssd" : "";
    const Graph graph = bind_graph(recipe, data, mode);
    RunOptions options = run_options(recipe_, mode, data.size());
    options.epochs = 2;
    options.cores = std::make_shared<Cores>(static_cast<unsigned>(world.threads));
    options.io_threads = static_cast<unsigned>(world.io_threads);
    options.batches_in_flight = static_cast<uint64_t>(world.batches_in_flight);
    options.consumers = static_cast<size_t>(world.consumers);
    if (world.ram_above_least)
      options.budgets =
          std::make_shared<Budgets>(Need::ram(least(graph, data, options) + world.ram_above_least->bytes));
    auto run = penstock::Run::start(graph, data, options);
    std::vector<std::string> seen(options.consumers);
    std::vector<std::thread> readers;
    for (size_t c = 1; c < options.consumers; ++c) readers.emplace_back([&, c] { seen[c] = read(run, c, world); });
    seen[0] = read(run, 0, world);
    for (std::thread& reader : readers) reader.join();
    return seen;
  }

  static std::string read(penstock::Run& run, size_t consumer, const World& world) {
    std::unique_ptr<Device> device = world.device.empty() ? nullptr : open_device(world.device);
    std::unique_ptr<Stream> stream = device ? device->make_stream() : nullptr;
    std::string bytes;
    while (Batch batch = run.next(consumer)) {
      for (const uint64_t id : batch.ids()) bytes += std::to_string(id) + " ";
      for (size_t f = 0; f < batch.schema().size(); ++f) {
        const Tensor tensor = batch.tensor(f);
        const size_t at = bytes.size();
        bytes.resize(at + tensor.bytes);
        if (!device) {
          std::copy_n(reinterpret_cast<const char*>(tensor.data), tensor.bytes, bytes.data() + at);
          continue;
        }
        DeviceBuffer there = device->allocate(tensor.bytes, "test");
        stream->copy(there.data(), tensor.data, tensor.bytes);
        stream->copy(bytes.data() + at, there.data(), tensor.bytes);
        stream->synchronize();
      }
    }
    return bytes;
  }

  /// What the run says that it must have, in bytes: found by asking for it with too little.
  static uint64_t least(const Graph& graph, const Source& data, RunOptions options) {
    uint64_t low = 1, high = uint64_t{1} << 32;
    while (low + 1 < high) {
      const uint64_t middle = low + (high - low) / 2;
      options.budgets = std::make_shared<Budgets>(Need::ram(middle));
      options.steps = 0;
      try {
        penstock::Run::start(graph, data, options);
        high = middle;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::kMemory) << error.what();
        low = middle;
      }
    }
    return high;
  }

  io::TempFolder folder_;
  World world_;
  pipelines::Recipe recipe_;
};

TEST_P(Hostile, AStreamHasTheSameBytesFromFolderAndLmdb) {
  auto plain = io::open(data_path());
  Cores cores(2);
  NoProgress quiet;
  const std::unique_ptr<io::FileSystem> fs = disk();
  pack(*plain, {.dest = folder_ / "data.lmdb"}, cores, quiet);
  for (const Mode mode : {Mode::kTrain, Mode::kEval}) {
    const std::string expected = bytes_of(*plain, mode, World{}).front();
    EXPECT_GT(expected.size(), 40u * 24 * 24 * 3);
    for (const std::string& where : {data_path(), folder_ / "data.lmdb"}) {
      const auto data = io::open(
          where, {.manifest_from_files = world_.cold ? UINT64_MAX : 1, .cache_folder = folder_ / "cache"}, *fs);
      for (const std::string& seen : bytes_of(*data, mode, world_)) EXPECT_EQ(seen == expected, true) << where;
    }
  }
}

TEST_P(Hostile, APackHasTheSameRecords) {
  const std::unique_ptr<io::FileSystem> fs = disk();
  const auto source = io::open(data_path(), {}, *fs);
  Cores cores(static_cast<unsigned>(world_.threads));
  NoProgress quiet;
  pack(*source, {.dest = folder_ / "packed.lmdb"}, cores, quiet, {}, *fs);
  const auto packed = io::open(folder_ / "packed.lmdb");
  ASSERT_EQ(packed->size(), source->size());
  EXPECT_EQ(packed->fingerprint(), source->fingerprint());
  for (uint64_t id = 0; id < packed->size(); ++id) EXPECT_EQ(packed->name(id), source->name(id));
}

std::vector<std::string> worlds() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(PENSTOCK_SOURCE_DIR) + "/tests/configs"))
    if (entry.path().extension() == ".toml") all.push_back(entry.path().stem());
  std::sort(all.begin(), all.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(Worlds, Hostile, testing::ValuesIn(worlds()), [](const auto& info) { return info.param; });

}  // namespace
}  // namespace penstock
