#include "stages/device/device_decoder.h"

#include "engine/base/bytes.h"
#include "stages/device/rows_into.h"
#include "stages/image/picture_decoder.h"

namespace penstock::device {
namespace {

using image::Fault;
using image::FaultKind;

/// Writes into memory that the host sees: of "cpu" and "sim".
class TwinDecoder final : public DeviceDecoder {
 public:
  std::string_view name() const override { return "libjpeg-turbo"; }

  std::vector<GpuDecoded> decode(Stream& stream, std::span<const image::Bytes> jpegs, const Place& place) override {
    std::vector<GpuDecoded> all(jpegs.size());
    stream.launch([&] {
      for (size_t i = 0; i < jpegs.size(); ++i) all[i] = decode_one(jpegs[i], i, place);
    });
    stream.synchronize();  // what it says of the pictures is known then, and the bytes were read
    return all;
  }

 private:
  GpuDecoded decode_one(image::Bytes jpeg, size_t i, const Place& place) {
    GpuDecoded out;
    if ((out.fault = decoder_.open(jpeg))) return out;
    const int width = decoder_.header().width, height = decoder_.header().height;
    uint8_t* room = place(i, width, height);
    if (room == nullptr) {
      out.fault = {FaultKind::kTooLarge, "no room left in the device's memory"};
      return out;
    }
    RowsInto rows(room, width);
    if ((out.fault = decoder_.decode({0, 0, width, height}, /*verified=*/false, rows))) return out;
    out.image = {room, width, height};
    return out;
  }

  image::PictureDecoder decoder_;
};

}  // namespace

std::unique_ptr<DeviceDecoder> make_device_decoder(Device& device) {
  if (device.make_stream()->native_handle() != nullptr) return make_gpu_decoder(device);
  return std::make_unique<TwinDecoder>();
}

}  // namespace penstock::device
