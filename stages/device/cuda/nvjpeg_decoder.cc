#include "stages/device/cuda/nvjpeg_decoder.h"

#include <nvjpeg.h>

#include <algorithm>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/cuda/cuda_stream.h"

namespace penstock::device {
namespace {

using image::Fault;
using image::FaultKind;

constexpr uint64_t kAlignment = 16;

std::string words_of(nvjpegStatus_t status) {
  switch (status) {
    case NVJPEG_STATUS_SUCCESS: return "no fault";
    case NVJPEG_STATUS_NOT_INITIALIZED: return "it was not started";
    case NVJPEG_STATUS_INVALID_PARAMETER: return "a parameter is invalid";
    case NVJPEG_STATUS_BAD_JPEG: return "the JPEG cannot be parsed";
    case NVJPEG_STATUS_JPEG_NOT_SUPPORTED: return "a kind of JPEG that it does not decode";
    case NVJPEG_STATUS_ALLOCATOR_FAILURE: return "out of memory";
    case NVJPEG_STATUS_EXECUTION_FAILED: return "a kernel failed";
    case NVJPEG_STATUS_ARCH_MISMATCH: return "it was not built for this GPU";
    case NVJPEG_STATUS_INTERNAL_ERROR: return "an internal error";
    case NVJPEG_STATUS_IMPLEMENTATION_NOT_SUPPORTED: return "this version of nvJPEG cannot do it";
    case NVJPEG_STATUS_INCOMPLETE_BITSTREAM: return "the JPEG ends too early";
  }
  return "status " + std::to_string(static_cast<int>(status));
}

// Of the data, or nothing where the GPU is at fault.
Fault fault_of(nvjpegStatus_t status) {
  const std::string detail = "nvJPEG: " + words_of(status);
  switch (status) {
    case NVJPEG_STATUS_BAD_JPEG: return {FaultKind::kCorrupt, detail};
    case NVJPEG_STATUS_INCOMPLETE_BITSTREAM: return {FaultKind::kTruncated, detail};
    case NVJPEG_STATUS_JPEG_NOT_SUPPORTED:
    case NVJPEG_STATUS_IMPLEMENTATION_NOT_SUPPORTED: return {FaultKind::kUnsupported, detail};
    case NVJPEG_STATUS_INVALID_PARAMETER: return {FaultKind::kHeader, detail};
    default: return {};
  }
}

void check(nvjpegStatus_t status, const std::string& tried) {
  if (status != NVJPEG_STATUS_SUCCESS) throw Error(Code::kDevice, tried + " failed: nvJPEG: " + words_of(status));
}

}  // namespace

struct NvjpegDecoder::Library {
  struct Header {
    int width = 0, height = 0;
    Fault fault;
    uint64_t bytes() const { return uint64_t{3} * static_cast<uint64_t>(width) * static_cast<uint64_t>(height); }
  };

  explicit Library(Device& device) : name(device.name()) {
    // Chroma between its samples, as libjpeg-turbo's default has it.
    const auto start = [&] {
      check(
          nvjpegCreateEx(NVJPEG_BACKEND_DEFAULT, nullptr, nullptr, NVJPEG_FLAGS_UPSAMPLING_WITH_INTERPOLATION, &handle),
          "starting nvJPEG on " + name);
      check(nvjpegJpegStateCreate(handle, &state), "making a decoder of nvJPEG on " + name);
    };
    const auto stream = device.make_stream();  // with the device current
    stream->launch(start);
    stream->synchronize();
  }
  ~Library() {
    if (state != nullptr) nvjpegJpegStateDestroy(state);
    if (handle != nullptr) nvjpegDestroy(handle);
  }

  Header look(image::Bytes jpeg) const {
    Header header;
    if (jpeg.empty()) {
      header.fault = {FaultKind::kEmpty, "the record has no bytes"};
      return header;
    }
    int components = 0, widths[NVJPEG_MAX_COMPONENT] = {}, heights[NVJPEG_MAX_COMPONENT] = {};
    nvjpegChromaSubsampling_t subsampling{};
    const auto status = nvjpegGetImageInfo(handle, reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size(),
                                           &components, &subsampling, widths, heights);
    if (status != NVJPEG_STATUS_SUCCESS) {
      header.fault = fault_of(status);
      if (!header.fault) header.fault = {FaultKind::kHeader, "nvJPEG: " + words_of(status)};
    } else if (components != 1 && components != 3) {
      header.fault = {FaultKind::kUnsupported, "nvJPEG: " + std::to_string(components) + " components"};
    } else if (widths[0] < 1 || heights[0] < 1) {
      header.fault = {FaultKind::kHeader, "nvJPEG: a side is 0"};
    } else {
      header.width = widths[0], header.height = heights[0];
    }
    return header;
  }

  std::string name;
  nvjpegHandle_t handle = nullptr;
  nvjpegJpegState_t state = nullptr;
};

NvjpegDecoder::NvjpegDecoder(Device& device) : library_(std::make_unique<Library>(device)) {}
NvjpegDecoder::~NvjpegDecoder() = default;

uint64_t NvjpegDecoder::decoded_bytes(image::Bytes jpeg) const { return library_->look(jpeg).bytes(); }

std::vector<GpuDecoded> NvjpegDecoder::decode(Stream& stream, std::span<const image::Bytes> jpegs, const Place& place) {
  std::vector<GpuDecoded> all(jpegs.size());
  stream.launch([&] {  // called at once: this is a stream of a GPU
    for (size_t i = 0; i < jpegs.size(); ++i) {
      const Library::Header header = library_->look(jpegs[i]);
      all[i].fault = header.fault;
      if (header.fault) continue;
      uint8_t* room = place(i, header.width, header.height);
      if (room == nullptr) {
        all[i].fault = {FaultKind::kTooLarge,
                        bytes_text(header.bytes()) + " of the device's memory wanted, and no room left"};
        continue;
      }
      nvjpegImage_t to{};
      to.channel[0] = room;
      to.pitch[0] = static_cast<size_t>(header.width) * 3;
      const auto status =
          nvjpegDecode(library_->handle, library_->state, reinterpret_cast<const unsigned char*>(jpegs[i].data()),
                       jpegs[i].size(), NVJPEG_OUTPUT_RGBI, &to, cuda_stream_of(stream));
      all[i].fault = fault_of(status);
      if (all[i].fault) continue;
      check(status, "decoding a JPEG on " + library_->name);
      all[i].image = {room, header.width, header.height};
    }
  });
  return all;
}

std::vector<GpuDecoded> NvjpegDecoder::decode(Stream& stream, std::span<const image::Bytes> jpegs, uint8_t* room,
                                              uint64_t room_bytes) {
  uint64_t used = 0;
  return decode(stream, jpegs, [&](size_t, int width, int height) -> uint8_t* {
    const uint64_t bytes = uint64_t{3} * static_cast<uint64_t>(width) * static_cast<uint64_t>(height);
    if (bytes > room_bytes - used) return nullptr;
    uint8_t* at = room + used;
    used = std::min(room_bytes, (used + bytes + kAlignment - 1) / kAlignment * kAlignment);
    return at;
  });
}

}  // namespace penstock::device
