// Where real data for tests lies: $PENSTOCK_DATA, else the folder that the build was told of.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace penstock::test {

/// The folder `name` of the real data, or an empty path when it is not there. Use it so:
///   const auto photos = data_dir("odd-photos");
///   if (photos.empty()) GTEST_SKIP() << "no data set odd-photos: set PENSTOCK_DATA";
inline std::filesystem::path data_dir(std::string_view name) {
  const char* root = std::getenv("PENSTOCK_DATA");
  const auto path = std::filesystem::path(root != nullptr && *root != '\0' ? root : PENSTOCK_DATA_DEFAULT) / name;
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) ? path.lexically_normal() : std::filesystem::path();
}

}  // namespace penstock::test
