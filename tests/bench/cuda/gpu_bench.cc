// What a GPU of this machine does with Penstock's kernels and copies, against ceilings measured in the same run. Prints lines of a
// Markdown table. Exit code 1 without a GPU.
//   gpu_bench [FOLDER with JPEGs]
#include <cublas_v2.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/cuda/cuda_device.h"
#include "engine/cuda/cuda_machine.h"
#include "engine/cuda/cuda_stream.h"
#include "engine/cuda/nccl_collective.h"
#include "engine/device/cpu_device.h"
#include "stages/device/augmenter.h"
#include "stages/device/cuda/nvjpeg_decoder.h"
#include "stages/device/normalise.h"
#include "stages/image/picture_decoder.h"
#include "tests/bench/cuda/classic_rates.h"
#include "tests/bench/cuda/timing.h"

namespace penstock::bench {
namespace {

constexpr int64_t kBatch = 256, kSide = 224;
constexpr double kGiga = 1e9;

struct Gpu {
  std::unique_ptr<Device> device = make_cuda_device(0);
  std::unique_ptr<Stream> stream = device->make_stream();
};

/// Bytes read and written a second by a copy inside of the GPU's memory: the ceiling of every kernel here.
double memory_rate(Gpu& gpu) {
  const uint64_t bytes = 1_GiB;
  DeviceBuffer a = gpu.device->allocate(bytes, "benchmark"), b = gpu.device->allocate(bytes, "benchmark");
  const Seconds s = time_on(*gpu.stream, [&] { gpu.stream->copy(b.data(), a.data(), bytes); });
  row("memory: copy of 1 GiB on the GPU, read and written", s, 2 * static_cast<double>(bytes) / kGiga, "GB/s");
  return 2 * static_cast<double>(bytes) / s.median / kGiga;
}

void normalise_rates(Gpu& gpu, double ceiling) {
  const int64_t values = kBatch * kSide * kSide * 3;
  DeviceBuffer in = gpu.device->allocate(static_cast<uint64_t>(values), "benchmark"),
               out = gpu.device->allocate(static_cast<uint64_t>(values) * 4, "benchmark");
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16})
    for (const bool channels_last : {false, true}) {
      device::Normalise job{.images = reinterpret_cast<const uint8_t*>(in.data()),
                            .out = out.data(),
                            .count = kBatch,
                            .height = kSide,
                            .width = kSide,
                            .type = type,
                            .channels_last = channels_last,
                            .mean = {0.485f, 0.456f, 0.406f},
                            .std = {0.229f, 0.224f, 0.225f}};
      const Seconds s = time_on(*gpu.stream, [&] { device::normalise(*gpu.stream, job); });
      const auto moved = static_cast<double>(values * (1 + static_cast<int64_t>(size_of(type))));
      row("normalise 256x224x224x3 to " + std::string(name_of(type)) + (channels_last ? ", channels-last" : ", planes"),
          s, moved / kGiga, "GB/s", ceiling);
    }
}

void augment_rate(Gpu& gpu) {
  constexpr int kWidth = 500, kHeight = 375;  // ImageNet's usual
  device::DeviceImageCache cache(*gpu.device, 512_MiB);
  std::vector<uint8_t> rgb(size_t{3} * kWidth * kHeight);
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  std::vector<uint64_t> ids;
  for (uint64_t id = 0; id < kBatch; ++id) {
    cache.put(*gpu.stream, id, rgb.data(), kWidth, kHeight);
    ids.push_back(id);
  }
  cache.seal(*gpu.stream);
  const std::vector<image::Size> sizes(ids.size(), {kHeight, kWidth});
  device::AugmentRecipe crop{.size = {kSide, kSide}}, all = crop;
  all.flip_p = 0.5;
  all.jitter =
      image::augment::ColorJitter::Params{.brightness = {0.4}, .contrast = {0.4}, .saturation = {0.4}, .hue = {0.1}};
  all.erase = image::augment::Erase::Params{};
  all.mixup = image::augment::Mixup::Params{};
  DeviceBuffer out = gpu.device->allocate(kBatch * kSide * kSide * 3, "benchmark");
  for (const auto& [what, recipe] : {std::pair{"crop", crop}, {"crop, flip, jitter, erase, mixup", all}}) {
    const device::AugmentPlan plan = device::AugmentPlanner(recipe).plan({.seed = 1}, ids, sizes);
    device::Augmenter augmenter(*gpu.device, recipe.size);
    const Seconds s =
        time_on(*gpu.stream, [&] { augmenter.run(*gpu.stream, cache, plan, reinterpret_cast<uint8_t*>(out.data())); });
    row("augment from the cache, 500x375 to 224x224: " + std::string(what), s, static_cast<double>(kBatch), "images/s");
  }
}

void copy_rates(Gpu& gpu) {
  const uint64_t bytes = 256_MiB;
  DeviceBuffer there = gpu.device->allocate(bytes, "benchmark");
  Buffer pinned = gpu.device->make_host_buffer(bytes), plain(bytes);
  std::fill_n(plain.data(), bytes, std::byte{1});
  const double amount = static_cast<double>(bytes) / kGiga;
  const Seconds up = time_on(*gpu.stream, [&] { gpu.stream->copy(there.data(), pinned.data(), bytes); });
  row("copy to the GPU, pinned", up, amount, "GB/s");
  row("copy from the GPU, pinned", time_on(*gpu.stream, [&] { gpu.stream->copy(pinned.data(), there.data(), bytes); }),
      amount, "GB/s");
  row("copy to the GPU, not pinned (of pinned)",
      time_on(*gpu.stream, [&] { gpu.stream->copy(there.data(), plain.data(), bytes); }), amount, "GB/s",
      amount / up.median);
}

void gemm_rates(Gpu& gpu) {
  constexpr int kN = 8192;
  DeviceBuffer a = gpu.device->allocate(uint64_t{4} * kN * kN, "benchmark"),
               b = gpu.device->allocate(uint64_t{4} * kN * kN, "benchmark"),
               c = gpu.device->allocate(uint64_t{4} * kN * kN, "benchmark");
  cublasHandle_t handle = nullptr;
  if (cublasCreate(&handle) != CUBLAS_STATUS_SUCCESS) throw Error(Code::kDevice, "cuBLAS does not start");
  cublasSetStream(handle, cuda_stream_of(*gpu.stream));
  struct Kind {
    const char* what;
    cudaDataType type;
    cublasComputeType_t compute;
  };
  const float one = 1, none = 0;
  for (const Kind& kind :
       {Kind{"f32", CUDA_R_32F, CUBLAS_COMPUTE_32F_PEDANTIC}, Kind{"tf32", CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32},
        Kind{"bf16", CUDA_R_16BF, CUBLAS_COMPUTE_32F}}) {
    const Seconds s = time_on(*gpu.stream, [&] {
      gpu.stream->launch([&] {
        if (cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, kN, kN, kN, &one, a.data(), kind.type, kN, b.data(),
                         kind.type, kN, &none, c.data(), kind.type, kN, kind.compute,
                         CUBLAS_GEMM_DEFAULT) != CUBLAS_STATUS_SUCCESS)
          throw Error(Code::kDevice, std::string("cuBLAS refuses a product in ") + kind.what);
      });
    });
    row("cuBLAS, 8192 x 8192 x 8192, " + std::string(kind.what), s, 2.0 * kN * kN * kN / 1e12, "TFLOP/s");
  }
  cublasDestroy(handle);
}

std::vector<std::vector<std::byte>> jpegs_in(const std::filesystem::path& folder) {
  std::vector<std::vector<std::byte>> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string end = entry.path().extension().string();
    if (!entry.is_regular_file() || (end != ".jpg" && end != ".JPEG" && end != ".jpeg")) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    all.emplace_back(data, data + text.size());
  }
  return all;
}

void jpeg_rates(Gpu& gpu, const std::filesystem::path& folder) {
  const auto jpegs = jpegs_in(folder);
  if (jpegs.empty()) throw Error(Code::kUsage, "no JPEGs in '" + folder.string() + "'");
  const std::vector<image::Bytes> batch(jpegs.begin(), jpegs.end());
  const auto count = static_cast<double>(batch.size());
  const auto cpu = make_cpu_device();
  const auto cpu_stream = cpu->make_stream();
  image::PictureDecoder one;
  const Seconds here = time_on(*cpu_stream, [&] {
    for (const image::Bytes& jpeg : batch)
      if (check_whole(one, jpeg)) throw Error(Code::kData, "a JPEG of the bench is damaged");
  });
  row("JPEG: the CPU, one thread", here, count, "images/s");
  device::NvjpegDecoder decoder(*gpu.device);
  uint64_t bytes = 0;
  for (const image::Bytes& jpeg : batch) bytes += decoder.decoded_bytes(jpeg) + 16;
  DeviceBuffer room = gpu.device->allocate(bytes, "benchmark");
  const Seconds there = time_on(
      *gpu.stream, [&] { decoder.decode(*gpu.stream, batch, reinterpret_cast<uint8_t*>(room.data()), room.size()); });
  row("JPEG: nvJPEG, one stream (of one CPU thread)", there, count, "images/s", count / here.median);
}

/// What the links carry in each direction: an all-reduce of n ranks moves 2 (n - 1) / n of the values over each (NCCL's "bus bandwidth").
void all_reduce_rate(int gpus) {
  constexpr size_t kValues = 25'000'000;
  constexpr int kRounds = 20;
  const NcclId id = make_nccl_id();
  std::vector<double> seconds(kRounds);
  std::vector<std::thread> threads;
  for (int r = 0; r < gpus; ++r)
    threads.emplace_back([&, r] {
      const auto device = make_cuda_device(static_cast<uint32_t>(r));
      DeviceBuffer memory = device->allocate(kValues * sizeof(float), "benchmark");
      const auto group = make_nccl_collective(r, id, static_cast<uint32_t>(r), static_cast<uint32_t>(gpus));
      for (int i = -2; i < kRounds; ++i) {  // two that do not count
        const auto begin = std::chrono::steady_clock::now();
        group->all_reduce_sum({reinterpret_cast<float*>(memory.data()), kValues});
        if (r == 0 && i >= 0)
          seconds[static_cast<size_t>(i)] =
              std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::sort(seconds.begin(), seconds.end());
  row("NCCL: all-reduce of 100 MB over " + std::to_string(gpus) + " GPUs, bus",
      {seconds[kRounds / 2], seconds.front(), seconds.back()},
      2.0 * (gpus - 1) / gpus * kValues * sizeof(float) / kGiga, "GB/s");
}

void all(const char* folder, int gpus) {
  Gpu gpu;
  std::printf("| what | median | least to most | unit | of the ceiling |\n|---|---|---|---|---|\n");
  const double ceiling = memory_rate(gpu);
  normalise_rates(gpu, ceiling);
  augment_rate(gpu);
  copy_rates(gpu);
  gemm_rates(gpu);
  classic_rates(*gpu.stream);
  if (folder != nullptr) jpeg_rates(gpu, folder);
  if (gpus > 1) all_reduce_rate(gpus);
}

}  // namespace
}  // namespace penstock::bench

int main(int count, char** words) try {
  const penstock::CudaMachine machine = penstock::look_for_cuda();
  if (machine.devices == 0) {
    std::fprintf(stderr, "gpu_bench: %s\n", machine.why_none.c_str());
    return 1;
  }
  penstock::bench::all(count > 1 ? words[1] : nullptr, machine.devices);
  return 0;
} catch (const penstock::Error& e) {
  std::fprintf(stderr, "gpu_bench: %s\n", e.what());
  return 1;
}
