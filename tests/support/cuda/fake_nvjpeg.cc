#include "tests/support/cuda/fake_nvjpeg.h"

#include <cstring>

namespace penstock::test {

nvjpegStatus_t& fake_nvjpeg_start() {
  static nvjpegStatus_t status = NVJPEG_STATUS_SUCCESS;
  return status;
}
int& fake_nvjpeg_alive() {
  static int alive = 0;
  return alive;
}

}  // namespace penstock::test

using namespace penstock::test;

extern "C" {

nvjpegStatus_t nvjpegCreateEx(nvjpegBackend_t, nvjpegDevAllocator_t*, nvjpegPinnedAllocator_t*, unsigned,
                              nvjpegHandle_t* handle) {
  if (fake_nvjpeg_start() != NVJPEG_STATUS_SUCCESS) return fake_nvjpeg_start();
  *handle = reinterpret_cast<nvjpegHandle_t>(&fake_nvjpeg_alive());
  ++fake_nvjpeg_alive();
  return NVJPEG_STATUS_SUCCESS;
}
nvjpegStatus_t nvjpegJpegStateCreate(nvjpegHandle_t, nvjpegJpegState_t* state) {
  *state = reinterpret_cast<nvjpegJpegState_t>(&fake_nvjpeg_alive());
  ++fake_nvjpeg_alive();
  return NVJPEG_STATUS_SUCCESS;
}
nvjpegStatus_t nvjpegJpegStateDestroy(nvjpegJpegState_t) {
  --fake_nvjpeg_alive();
  return NVJPEG_STATUS_SUCCESS;
}
nvjpegStatus_t nvjpegDestroy(nvjpegHandle_t) {
  --fake_nvjpeg_alive();
  return NVJPEG_STATUS_SUCCESS;
}
nvjpegStatus_t nvjpegGetImageInfo(nvjpegHandle_t, const unsigned char* data, size_t length, int* components,
                                  nvjpegChromaSubsampling_t*, int* widths, int* heights) {
  if (length < 5) return NVJPEG_STATUS_INCOMPLETE_BITSTREAM;
  widths[0] = data[1], heights[0] = data[2];
  *components = data[4];
  return static_cast<nvjpegStatus_t>(data[0]);
}
nvjpegStatus_t nvjpegDecode(nvjpegHandle_t, nvjpegJpegState_t, const unsigned char* data, size_t,
                            nvjpegOutputFormat_t format, nvjpegImage_t* to, cudaStream_t) {
  if (format != NVJPEG_OUTPUT_RGBI || to->pitch[0] != size_t{3} * data[1]) return NVJPEG_STATUS_INVALID_PARAMETER;
  if (data[3] == NVJPEG_STATUS_SUCCESS) std::memset(to->channel[0], data[1], to->pitch[0] * data[2]);
  return static_cast<nvjpegStatus_t>(data[3]);
}

}  // extern "C"
