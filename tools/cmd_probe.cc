#include "tools/cmd_probe.h"

#include <CLI/CLI.hpp>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/device/devices.h"
#include "io/data/open.h"
#include "pipelines/inspect/probe.h"
#include "stages/learn/gemm_probe.h"

namespace penstock::tools {
namespace {

class ProbeCommand final : public Command {
 public:
  std::string_view name() const override { return "probe"; }
  std::string_view summary() const override {
    return "Measures this machine's ceilings: disk, JPEG decoding, memory, matrix products, devices";
  }
  std::string_view example() const override { return "penstock probe --data imagenet/train"; }
  void add_options(CLI::App& app) override {
    app.add_option("--data", data_, "Measure the disk it lies on, and decoding its pictures");
    app.add_option("--images", images_, "Pictures to decode, at most")
        ->capture_default_str()
        ->check(at_least_number(1));
    app.add_flag("--no-remember", forget_, "Do not keep what was measured of the disks for later runs' plans");
  }

  int run(Context& context) override {
    const unsigned threads = context.options.thread_count();
    Cores cores(threads);
    Json json{{"threads", threads}};
    std::string words = "with " + std::to_string(threads) + (threads == 1 ? " thread:\n" : " threads:\n");
    if (!data_.empty()) {
      const auto data = io::open(data_);
      context.output.note("decoding up to " + std::to_string(images_) + " pictures held in memory ...");
      say(probe_decode(*data, cores, images_, context.stop), words, json);
      context.output.note("reading from the disk ...");
      say(probe_disks(*data, context.stop), words, json);
    }
    const double copied = probe_memcpy(cores);
    json["memcpy_bytes_per_second"] = copied;
    words += "memory copy       " + byte_rate_text(copied) + "\n";
    const learn::GemmRates gemm = learn::measure_gemm(static_cast<int>(threads));
    json["gemm_flops"] = gemm.f32;
    json["gemm_bf16_flops"] = gemm.bf16;
    words += "matrix products   " + rate_text(gemm.f32 * 1e-9, "GFLOP") + " in f32, " +
             rate_text(gemm.bf16 * 1e-9, "GFLOP") + " in bf16\n";
    json["devices"] = Json::array();
    for (const DeviceInfo& device : list_devices()) {
      json["devices"].push_back(
          {{"name", device.spec}, {"description", device.description}, {"memory_bytes", device.memory_bytes}});
      words += "device            " + device.spec + "  " + device.description + "\n";
    }
    context.output.result(words, json);
    return 0;
  }

 private:
  static void say(const DecodeRates& rates, std::string& words, Json& json) {
    json["decode_images_per_second"] = rates.images_per_second;
    json["decode"] = {{"images", rates.images},
                      {"refused", rates.refused},
                      {"mean_bytes", rates.mean_bytes},
                      {"slowest_images_per_second", rates.slowest},
                      {"fastest_images_per_second", rates.fastest}};
    words += "decoding          " + rate_text(rates.images_per_second, "images") + " (" +
             rate_text(rates.slowest, "images") + " to " + rate_text(rates.fastest, "images") + ") of " +
             bytes_text(static_cast<uint64_t>(rates.mean_bytes)) + "\n";
    if (rates.refused > 0) words += "                  " + std::to_string(rates.refused) + " could not be decoded\n";
  }

  void say(const std::vector<DiskRates>& disks, std::string& words, Json& json) const {
    json["disks"] = Json::array();
    for (const DiskRates& rates : disks) {
      const io::DiskModel& disk = rates.model;
      const bool hdd = disk.kind == io::DiskKind::kHdd;
      const bool first = json["disks"].empty();
      if (first) {
        json["disk_sequential_bytes_per_second"] = disk.bytes_per_second;
        json["disk_random_reads_per_second"] = disk.reads_per_second;
      }
      Json by_depth = Json::object();
      std::string depths;
      for (const auto& [depth, reads] : rates.reads_per_second_at) {
        by_depth[std::to_string(depth)] = reads;
        depths += (depths.empty() ? "" : ", ") + rate_text(reads, "reads") + " at " + std::to_string(depth);
      }
      json["disks"].push_back({{"name", disk.name},
                               {"kind", hdd ? "hdd" : "ssd"},
                               {"bytes_per_second", disk.bytes_per_second},
                               {"positioning_seconds", disk.positioning_seconds},
                               {"latency_seconds", disk.latency_seconds},
                               {"reads_per_second", disk.reads_per_second},
                               {"random_reads_per_second", by_depth},
                               {"sequential_bytes", rates.sequential_bytes},
                               {"how", rates.how},
                               {"measured_unix", disk.measured_unix}});
      words += "disk " + disk.name + (hdd ? " (hard disk)" : " (ssd)") + ", in order " +
               byte_rate_text(disk.bytes_per_second) + " (" + bytes_text(rates.sequential_bytes) + " read by " +
               rates.how + ")\n";
      words += "     anywhere, 4 KiB, by reads in flight: " + depths + "\n";
      if (hdd)
        words += "     positioning " + duration_text(disk.positioning_seconds) + "; a block of " +
                 bytes_text(disk.extent_bytes(0.97)) + " is read at 97 % of its rate\n";
      if (!forget_) remember(disk, words, first);
    }
  }

  static void remember(const io::DiskModel& disk, std::string& words, bool say_where) {
    const std::string folder = io::disks_folder();
    if (folder.empty()) return;
    try {
      io::remember_disk(io::FileSystem::real(), disk, folder);
      if (say_where) words += "     remembered in " + folder + " for the plans of later runs\n";
    } catch (const Error& error) { words += "     not remembered: " + error.message() + "\n"; }
  }

  std::string data_;
  uint64_t images_ = 1000;
  bool forget_ = false;
};

}  // namespace

std::unique_ptr<Command> make_probe_command() { return std::make_unique<ProbeCommand>(); }

}  // namespace penstock::tools
