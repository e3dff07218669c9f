#include "io/data/folder_listing.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "engine/base/error.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

class Walk {
 public:
  Walk(FileSystem& fs, const std::string& root, FolderListing& out) : fs_(fs), root_(root), out_(out) {}

  // Notes the folder and all folders below it, and keeps the entries' names for pictures().
  void visit(const std::string& path, int32_t label) {
    const std::string full = full_path(path);
    const FileStat stat = fs_.stat(full);
    const std::pair<uint64_t, uint64_t> self{stat.device, stat.inode};
    if (std::find(above_.begin(), above_.end(), self) != above_.end()) return;  // a link back up
    const size_t place = out_.folders.size();
    out_.folders.push_back({path, stat.mtime_ns, label});
    entries_.emplace_back();
    std::vector<std::string> below;
    for (FolderEntry& entry : fs_.list(full)) {
      if (entry.name.front() == '.') continue;
      if (entry.kind == FileKind::kFolder) {
        below.push_back(join_path(path, entry.name));
      } else if (has_picture_ending(entry.name)) {
        entries_[place].push_back(std::move(entry));
      }
    }
    above_.push_back(self);
    for (const std::string& name : below) visit(name, label);
    above_.pop_back();
  }

  // Sorts what was visited since `first_folder` and lists its pictures.
  void list_from(size_t first_folder) {
    std::vector<size_t> order;
    for (size_t i = first_folder; i < out_.folders.size(); ++i) order.push_back(i);
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return out_.folders[a].path < out_.folders[b].path; });
    for (const size_t folder : order) {
      auto& entries = entries_[folder];
      std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
      std::string path = full_path(out_.folders[folder].path) + "/";
      const size_t stem = path.size();
      for (const FolderEntry& entry : entries) {
        path.resize(stem);
        path += entry.name;
        FileStat stat;
        const int rc = fs_.sys_stat(path.c_str(), &stat);
        if (rc == 0 && stat.kind != FileKind::kFile) continue;  // a pipe or a device
        if (rc < 0) stat = {};
        out_.files.push_back({out_.names.size(), stat.bytes, static_cast<uint32_t>(folder),
                              static_cast<uint32_t>(stat.mtime_ns / 1'000'000'000)});
        out_.names += entry.name;
      }
      entries = {};
    }
  }

  void note_root(int64_t mtime_ns) {
    out_.folders.push_back({"", mtime_ns, -1});
    entries_.emplace_back();
  }

 private:
  std::string full_path(const std::string& path) const { return path.empty() ? root_ : join_path(root_, path); }

  FileSystem& fs_;
  const std::string& root_;
  FolderListing& out_;
  std::vector<std::vector<FolderEntry>> entries_;  // beside out_.folders
  std::vector<std::pair<uint64_t, uint64_t>> above_;
};

uint64_t fingerprint_of(const FolderListing& listing) {
  Checksum sum;
  sum.add(uint64_t{listing.classes.size()});
  for (const std::string& name : listing.classes) sum.add(name).add(std::string_view("\0", 1));
  std::string line;
  for (uint64_t id = 0; id < listing.files.size(); ++id) {
    const ListedFile& file = listing.files[id];
    const ListedFolder& folder = listing.folders[file.folder];
    line.assign(folder.path).append("/").append(listing.file_name(id)).append(1, '\0');
    const std::array<uint64_t, 2> numbers{file.bytes, static_cast<uint64_t>(int64_t{folder.label})};
    line.append(reinterpret_cast<const char*>(numbers.data()), sizeof numbers);
    sum.add(line);
  }
  return sum.value();
}

}  // namespace

std::string_view FolderListing::file_name(uint64_t id) const {
  const uint64_t begin = files[id].name_offset;
  const uint64_t end = id + 1 < files.size() ? files[id + 1].name_offset : names.size();
  return std::string_view(names).substr(begin, end - begin);
}

std::string FolderListing::path(uint64_t id) const {
  return join_path(folders[files[id].folder].path, std::string(file_name(id)));
}

FolderListing list_pictures(FileSystem& fs, const std::string& root, FolderLayout layout) {
  FolderListing out;
  out.layout = layout;
  out.started_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  Walk walk(fs, root, out);
  if (layout == FolderLayout::kFlat) {
    walk.visit("", -1);
    walk.list_from(0);
  } else {
    walk.note_root(fs.stat(root).mtime_ns);
    for (const FolderEntry& entry : fs.list(root)) {
      if (entry.kind == FileKind::kFolder && entry.name.front() != '.') out.classes.push_back(entry.name);
    }
    std::sort(out.classes.begin(), out.classes.end());
    for (size_t label = 0; label < out.classes.size(); ++label) {
      const size_t first = out.folders.size();
      walk.visit(out.classes[label], static_cast<int32_t>(label));
      walk.list_from(first);
    }
  }
  out.fingerprint = fingerprint_of(out);
  return out;
}

bool has_picture_ending(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kEndings{".jpg", ".jpeg", ".png",  ".ppm", ".bmp",
                                                            ".pgm", ".tif",  ".tiff", ".webp"};
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string ending(name.substr(dot));
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

bool are_parts(const std::set<std::string>& folders) {
  static const std::set<std::string> kParts{"train", "val", "valid", "validation", "test"};
  return folders.contains("train") && std::includes(kParts.begin(), kParts.end(), folders.begin(), folders.end());
}

}  // namespace penstock::io
