// JPEGs decoded by the GPU: another maker of what a DeviceImageCache or a batch holds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/device/device.h"
#include "stages/device/device_decoder.h"
#include "stages/image/pixels.h"

namespace penstock::device {

/// nvJPEG, whole pictures, u8 (height, width, 3) RGB; grey ones become RGB. Its pixels are not those of libjpeg-turbo to the last bit, so a run whose
/// bytes must not depend on the machine keeps to the CPU. It decodes damage behind the header to some picture where it can, as any decoder does: give
/// it records that are verified. CMYK and what else it does not do is a fault of kind kUnsupported, and the CPU decodes it.
///
/// One thread at a time. Its own memory (some tens of bytes a pixel of the largest picture) is nvJPEG's, outside of the device's budget.
class NvjpegDecoder final : public DeviceDecoder {
 public:
  /// Of a CUDA device. Error kDevice where nvJPEG does not start on it.
  explicit NvjpegDecoder(Device& device);
  ~NvjpegDecoder() override;
  NvjpegDecoder(const NvjpegDecoder&) = delete;
  NvjpegDecoder& operator=(const NvjpegDecoder&) = delete;

  std::string_view name() const override { return "nvJPEG"; }
  std::vector<GpuDecoded> decode(Stream& stream, std::span<const image::Bytes> jpegs, const Place& place) override;
  /// The same, packed into `room`, in order, each rounded up to 16 bytes.
  std::vector<GpuDecoded> decode(Stream& stream, std::span<const image::Bytes> jpegs, uint8_t* room,
                                 uint64_t room_bytes);
  /// Bytes of the decoded picture by its header, 0 where that makes no sense.
  uint64_t decoded_bytes(image::Bytes jpeg) const;

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace penstock::device
