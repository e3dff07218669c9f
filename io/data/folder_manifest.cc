#include "io/data/folder_manifest.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

constexpr int64_t kTickNs = 20'000'000;  // twice the coarsest tick of Linux (CONFIG_HZ=100)

struct Header {
  char magic[8] = {'P', 'N', 'S', 'T', 'K', 'M', 'A', 'N'};
  uint32_t version = 1;
  uint32_t layout = 0;
  int64_t started_ns = 0;
  uint64_t fingerprint = 0;
  uint64_t classes = 0;
  uint64_t folders = 0;
  uint64_t files = 0;
  uint64_t text_bytes = 0;
  uint64_t names_bytes = 0;
  uint64_t body_sum = 0;
  uint64_t header_sum = 0;  // of the bytes before it
};

struct FolderRow {
  int64_t mtime_ns;
  int64_t label;
};
static_assert(sizeof(Header) == 88 && sizeof(FolderRow) == 16 && sizeof(ListedFile) == 24);

uint64_t sum_of(const Header& header) {
  return checksum(std::string_view(reinterpret_cast<const char*>(&header), offsetof(Header, header_sum)));
}

template <class T>
std::string_view raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// The checksums find damage. A manifest lies among the user's files: what it says is checked, too, before it is an index.
bool counts_fit(const Header& header, uint64_t bytes) {
  if (header.layout > static_cast<uint32_t>(FolderLayout::kFlat) || header.started_ns < kTickNs) return false;
  for (const uint64_t count : {header.classes, header.folders, header.files, header.text_bytes, header.names_bytes}) {
    if (count > bytes) return false;
  }
  return bytes == sizeof header + header.folders * sizeof(FolderRow) + header.files * sizeof(ListedFile) +
                      header.text_bytes + header.names_bytes;
}

bool rows_fit(const Header& header, std::span<const FolderRow> rows, std::span<const ListedFile> files) {
  for (const FolderRow& row : rows) {
    if (row.label < -1 || row.label >= static_cast<int64_t>(header.classes)) return false;
  }
  const bool labelled = header.layout == static_cast<uint32_t>(FolderLayout::kClasses);
  uint64_t last = 0;
  for (const ListedFile& file : files) {
    if (file.folder >= rows.size() || file.name_offset < last || file.name_offset > header.names_bytes) return false;
    if (labelled && rows[file.folder].label < 0) return false;
    last = file.name_offset;
  }
  return true;
}

}  // namespace

std::string to_bytes(const FolderListing& listing) {
  std::vector<FolderRow> rows;
  std::string text;  // zero-terminated: classes, then folder paths
  for (const std::string& name : listing.classes) text.append(name).append(1, '\0');
  for (const ListedFolder& folder : listing.folders) {
    rows.push_back({folder.mtime_ns, folder.label});
    text.append(folder.path).append(1, '\0');
  }
  Header header;
  header.layout = static_cast<uint32_t>(listing.layout);
  header.started_ns = listing.started_ns;
  header.fingerprint = listing.fingerprint;
  header.classes = listing.classes.size();
  header.folders = rows.size();
  header.files = listing.files.size();
  header.text_bytes = text.size();
  header.names_bytes = listing.names.size();
  std::string out(sizeof header, '\0');
  out.append(raw(rows)).append(raw(listing.files)).append(text).append(listing.names);
  header.body_sum = checksum(std::string_view(out).substr(sizeof header));
  header.header_sum = sum_of(header);
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

std::optional<FolderListing> listing_from(std::string bytes) {
  Header header;
  const Header wanted;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, wanted.magic, sizeof header.magic) != 0 || header.version != wanted.version)
    return std::nullopt;
  if (sum_of(header) != header.header_sum) return std::nullopt;
  if (!counts_fit(header, bytes.size())) return std::nullopt;
  const std::string_view body = std::string_view(bytes).substr(sizeof header);
  if (checksum(body) != header.body_sum) return std::nullopt;

  FolderListing out;
  out.layout = static_cast<FolderLayout>(header.layout);
  out.started_ns = header.started_ns;
  out.fingerprint = header.fingerprint;
  const char* at = body.data();
  std::vector<FolderRow> rows(header.folders);
  std::memcpy(rows.data(), at, rows.size() * sizeof(FolderRow));
  at += rows.size() * sizeof(FolderRow);
  out.files.resize(header.files);
  std::memcpy(out.files.data(), at, out.files.size() * sizeof(ListedFile));
  at += out.files.size() * sizeof(ListedFile);
  if (!rows_fit(header, rows, out.files)) return std::nullopt;
  const char* const text_end = at + header.text_bytes;
  const auto next_text = [&] {
    const std::string value(at, static_cast<const char*>(std::find(at, text_end, '\0')));
    at = std::min(at + value.size() + 1, text_end);
    return value;
  };
  for (uint64_t i = 0; i < header.classes; ++i) out.classes.push_back(next_text());
  for (const FolderRow& row : rows) out.folders.push_back({next_text(), row.mtime_ns, static_cast<int32_t>(row.label)});
  // The names are the end of `bytes`, and most of it: moved, not copied.
  bytes.erase(0, bytes.size() - header.names_bytes);
  out.names = std::move(bytes);
  out.names.shrink_to_fit();
  return out;
}

FolderManifest::FolderManifest(FileSystem& fs, std::string root, FolderLayout layout, std::string cache_folder)
    : fs_(fs), root_(std::move(root)), layout_(layout), cache_folder_(std::move(cache_folder)) {}

std::string FolderManifest::default_cache_folder() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value == '/' ? std::string(value) : std::string();
  };
  if (const std::string cache = set("XDG_CACHE_HOME"); !cache.empty()) return join_path(cache, "penstock");
  if (const std::string home = set("HOME"); !home.empty()) return join_path(home, ".cache/penstock");
  return "";
}

std::vector<std::string> FolderManifest::places() const {
  std::vector<std::string> out;
  if (layout_ == FolderLayout::kClasses) out.push_back(join_path(root_, ".penstock-manifest"));
  if (!cache_folder_.empty()) {
    std::error_code ignored;
    const std::string real = std::filesystem::weakly_canonical(root_, ignored).string();
    const std::string key = real + (layout_ == FolderLayout::kFlat ? "\nflat" : "\nclasses");
    out.push_back(join_path(cache_folder_, hex(checksum(key)) + ".manifest"));
  }
  return out;
}

std::optional<FolderListing> FolderManifest::load() const {
  for (const std::string& place : places()) {
    try {
      if (!fs_.exists(place)) continue;
      std::optional<FolderListing> listing = listing_from(read_file(fs_, place, uint64_t{1} << 40));
      if (listing && listing->layout == layout_ && is_current(*listing)) return listing;
    } catch (const Error&) {  // an unreadable manifest is as good as none
    }
  }
  return std::nullopt;
}

bool FolderManifest::is_current(const FolderListing& listing) const {
  for (const ListedFolder& folder : listing.folders) {
    if (folder.path.empty() && layout_ == FolderLayout::kClasses) continue;
    FileStat stat;
    const std::string path = folder.path.empty() ? root_ : join_path(root_, folder.path);
    if (fs_.sys_stat(path.c_str(), &stat) < 0 || stat.kind != FileKind::kFolder) return false;
    if (stat.mtime_ns != folder.mtime_ns || stat.mtime_ns > listing.started_ns - kTickNs) return false;
  }
  if (layout_ != FolderLayout::kClasses) return true;
  std::vector<std::string> names;
  for (const FolderEntry& entry : fs_.list(root_)) {
    if (entry.kind == FileKind::kFolder && entry.name.front() != '.') names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end());
  return names == listing.classes;
}

bool FolderManifest::save(const FolderListing& listing, std::string* why) const {
  const std::string bytes = to_bytes(listing);
  *why = "there is no place to keep it";
  for (const std::string& place : places()) {
    try {
      if (parent_of(place) == cache_folder_) fs_.make_folders(cache_folder_);
      write_file(fs_, place, bytes);
      return true;
    } catch (const Error& e) { *why = e.message(); }
  }
  return false;
}

}  // namespace penstock::io
