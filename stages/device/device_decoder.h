// JPEGs decoded into a device's memory, whichever device it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/device/device.h"
#include "stages/device/image_cache.h"
#include "stages/image/pixels.h"

namespace penstock::device {

/// What came of one JPEG: a picture in the device's memory, or why there is none.
struct GpuDecoded {
  CachedImage image;
  image::Fault fault;
};

/// Decodes whole pictures, u8 (height, width, 3) RGB; grey ones become RGB. One thread at a time. It must die before its device.
class DeviceDecoder {
 public:
  virtual ~DeviceDecoder() = default;

  /// "nvJPEG", "libjpeg-turbo".
  virtual std::string_view name() const = 0;
  /// Room in the device's memory for picture i of the batch, u8 (height, width, 3), by its header; null: none. DeviceImageCache::place is one.
  using Place = std::function<uint8_t*(size_t i, int width, int height)>;
  /// Queues the batch. A fault of one leaves the others as they are; what finds no room is kTooLarge. The bytes of the JPEGs are read before it
  /// returns. A fault of the device stays in the stream; the pictures behind it are left without one.
  virtual std::vector<GpuDecoded> decode(Stream& stream, std::span<const image::Bytes> jpegs, const Place& place) = 0;
};

/// nvJPEG for a GPU; for other devices its twin, libjpeg-turbo on a CPU core, whose pixels are those of image.decode (exact = true). Error kDevice
/// where it does not start.
std::unique_ptr<DeviceDecoder> make_device_decoder(Device& device);

/// A GPU's. Chosen when the program is linked: decoders_cpu.cc has none, cuda/decoders_cuda.cc takes its place.
std::unique_ptr<DeviceDecoder> make_gpu_decoder(Device& device);

}  // namespace penstock::device
