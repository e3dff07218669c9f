// A made-up nvJPEG. A "JPEG" of five bytes: what its header says (a status), width, height, what decoding it says (a status), components.
// Every value of the picture is its width.
#pragma once

#include <nvjpeg.h>

#include <cstddef>
#include <vector>

namespace penstock::test {

inline std::vector<std::byte> fake_jpeg(int width, int height, nvjpegStatus_t header = NVJPEG_STATUS_SUCCESS,
                                        nvjpegStatus_t decoding = NVJPEG_STATUS_SUCCESS, int components = 3) {
  const int values[] = {header, width, height, decoding, components};
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

/// What nvjpegCreateEx says from now on.
nvjpegStatus_t& fake_nvjpeg_start();
/// Decoders and handles that are alive.
int& fake_nvjpeg_alive();

}  // namespace penstock::test
