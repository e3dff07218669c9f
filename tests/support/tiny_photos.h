// Small folders of pictures that tests make themselves.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "stages/image/jpeg_encoder.h"

namespace penstock::test {

/// A folder of its own, removed when it dies.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "penstock-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline void write_bytes(const std::string& path, const std::vector<std::byte>& bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// A JPEG whose pixels depend on `seed`.
inline std::vector<std::byte> tiny_jpeg(int width, int height, int seed) {
  std::vector<uint8_t> pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  for (size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<uint8_t>((i * 7 + static_cast<size_t>(seed) * 31 + (i >> 6) * 13) & 0xff);
  return image::encode_jpeg({.data = pixels.data(), .width = width, .height = height, .channels = 3}, {.quality = 80});
}

/// root/a/00.jpg, ...: `of_class` pictures of differing sizes in each of `classes` folders.
inline void make_photos(const std::string& root, int classes = 3, int of_class = 8) {
  for (int c = 0; c < classes; ++c) {
    for (int i = 0; i < of_class; ++i) {
      const std::string name =
          std::string(1, static_cast<char>('a' + c)) + "/" + (i < 10 ? "0" : "") + std::to_string(i) + ".jpg";
      write_bytes(root + "/" + name, tiny_jpeg(40 + 5 * (i % 10), 48 + 3 * c, c * 1000 + i));
    }
  }
}

/// The file without its last half: a JPEG that ends too early.
inline void truncate_file(const std::string& path) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
}

}  // namespace penstock::test
