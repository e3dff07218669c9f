#include "tools/places.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"

namespace penstock::tools {
namespace {

namespace fs = std::filesystem;

// "a/" and "a" alike; the path as it was given where the file system says nothing about it.
fs::path real_place(const std::string& path) {
  std::error_code fault;
  fs::path place = fs::weakly_canonical(fs::absolute(path, fault), fault);
  if (fault) place = fs::path(path).lexically_normal();
  return place.has_filename() ? place : place.parent_path();
}

std::string without_kind(const std::string& data) {
  for (const char* kind : {"folder:", "flat:", "lmdb:"}) {
    if (data.starts_with(kind)) return data.substr(std::string(kind).size());
  }
  return data;
}

}  // namespace

void require_outside_data(const std::string& path, const std::string& option, const std::string& data) {
  if (path.empty() || data.empty()) return;
  const fs::path inner = real_place(path), outer = real_place(without_kind(data));
  const auto [end_of_outer, rest] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  if (end_of_outer != outer.end()) return;
  throw Error(Code::kUsage, option + " '" + path + "' " + (rest == inner.end() ? "is" : "lies in") + " the data set '" +
                                data + "', which would be changed by it")
      .hint("choose a place outside of it");
}

void require_writable(const std::string& path, const std::string& option) {
  if (path.empty()) return;
  io::FileSystem& files = io::FileSystem::real();
  if (files.exists(path) && files.is_folder(path))
    throw Error(Code::kUsage, option + " '" + path + "' is a folder").hint("name a file");
  try {
    const io::AtomicFile attempt(files, path);  // never published: only its temporary file is made, and removed
  } catch (const Error& error) {
    throw Error(Code::kUsage, option + " '" + path + "' cannot be written: " + error.message())
        .hint("name a file in a folder that is there");
  }
}

}  // namespace penstock::tools
