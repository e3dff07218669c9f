#include "io/data/image_folder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "io/data/folder_manifest.h"
#include "io/data/label_file.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

// Files open at once in one call: enough for a deep queue, far below the usual limit of 1024 descriptors for some I/O threads.
constexpr size_t kGroup = 32;

// What is wrong with one file, and not with the disk or the process.
bool is_fault_of_file(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case EACCES:
    case EPERM:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO: return true;
    default: return false;
  }
}

// The descriptors of a group, closed on all ways out.
class Group {
 public:
  explicit Group(FileSystem& fs) : fs_(fs) { fds_.fill(-1); }
  ~Group() {
    for (const int fd : fds_) {
      if (fd >= 0) fs_.sys_close(fd);
    }
  }
  int& operator[](size_t i) { return fds_[i]; }

 private:
  FileSystem& fs_;
  std::array<int, kGroup> fds_;
};

std::string other_length(uint64_t now, uint64_t listed) {
  return "the file has " + std::to_string(now) + " bytes, " + std::to_string(listed) +
         " when the folder was listed (if it was changed on purpose, remove .penstock-manifest)";
}

}  // namespace

ImageFolder::ImageFolder(FileSystem& fs, std::string root, ReadBackend backend)
    : fs_(fs), root_(std::move(root)), schema_(picture_schema()), engines_(fs, kGroup, backend) {}

std::unique_ptr<ImageFolder> ImageFolder::open(FileSystem& fs, const std::string& root, ImageFolderOptions options) {
  std::unique_ptr<ImageFolder> folder(new ImageFolder(fs, root, options.backend));
  folder->list(options);
  folder->apply_labels(options);
  folder->note_oddities();
  return folder;
}

void ImageFolder::list(const ImageFolderOptions& options) {
  const FolderManifest manifest(fs_, root_, options.layout, options.cache_folder);
  if (auto found = manifest.load()) {
    listing_ = std::move(*found);
    from_manifest_ = true;
  } else {
    listing_ = list_pictures(fs_, root_, options.layout);
    std::string why;
    if (listing_.files.size() >= options.manifest_from_files && !manifest.save(listing_, &why)) {
      notes_.push_back("the list of files could not be kept, so the next start walks the folder again: " + why);
    }
  }
  if (listing_.files.empty()) {
    throw Error(Code::kUsage, "'" + root_ + "' holds no pictures")
        .hint("pictures are files that end in .jpg, .jpeg, .png, ...; class folders lie right under the path");
  }
  for (const ListedFile& file : listing_.files) {
    bytes_ += file.bytes;
    max_bytes_ = std::max(max_bytes_, file.bytes);
  }
}

void ImageFolder::apply_labels(const ImageFolderOptions& options) {
  classes_ = listing_.classes;
  fingerprint_ = listing_.fingerprint;
  if (!options.labels.empty()) {
    if (options.layout != FolderLayout::kFlat) {
      throw Error(Code::kUsage,
                  "'" + root_ + "' has class folders, so a file of labels ('" + options.labels + "') is one too many")
          .hint("leave --labels out, or read it as flat:" + root_);
    }
    GivenLabels given = read_labels(
        fs_, options.labels, root_, size(), [&](uint64_t id) { return listing_.path(id); }, options.classes);
    fingerprint_ = given.fingerprint(fingerprint_);
    classes_ = std::move(given.classes);
    label_of_file_ = std::move(given.labels);
    if (!given.note.empty()) notes_.push_back(std::move(given.note));
  }
  std::vector<int64_t> place;
  if (!options.classes.empty() && !classes_.empty()) {
    place = match_classes(classes_, options.classes, root_);
    classes_ = options.classes;
  }
  const auto mapped = [&](int64_t own) { return own >= 0 && !place.empty() ? place[static_cast<size_t>(own)] : own; };
  for (const ListedFolder& folder : listing_.folders) label_of_folder_.push_back(mapped(folder.label));
  for (int64_t& label : label_of_file_) label = mapped(label);
}

void ImageFolder::note_oddities() {
  if (listing_.layout != FolderLayout::kClasses) return;
  if (listing_.classes.size() == 1)
    notes_.push_back("there is one class only, '" + listing_.classes[0] + "': nothing to tell apart");
  std::vector<bool> used(listing_.classes.size());
  for (const ListedFile& file : listing_.files) used[static_cast<size_t>(listing_.folders[file.folder].label)] = true;
  for (size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) notes_.push_back("class folder '" + listing_.classes[i] + "' holds no pictures");
  }
}

uint64_t ImageFolder::resident_bytes() const {
  return listing_.files.capacity() * sizeof(ListedFile) + listing_.names.capacity() +
         label_of_file_.capacity() * sizeof(int64_t) + listing_.folders.size() * 128 + classes_.size() * 64;
}

int64_t ImageFolder::label(uint64_t id) const {
  return label_of_file_.empty() ? label_of_folder_[listing_.files[id].folder] : label_of_file_[id];
}

Location ImageFolder::locate(uint64_t id) const { return {join_path(root_, name(id)), 0, listing_.files[id].bytes}; }

void ImageFolder::extents(std::span<const uint64_t> ids, std::span<Extent> out) const {
  for (size_t i = 0; i < ids.size(); ++i) out[i] = {static_cast<uint32_t>(ids[i]), 0, listing_.files[ids[i]].bytes};
}

uint64_t ImageFolder::state() const {
  Checksum sum;
  sum.add(fingerprint_);
  for (uint64_t id = 0; id < size(); ++id) {
    FileStat stat;
    const int rc = fs_.sys_stat(file_path(static_cast<uint32_t>(id)).c_str(), &stat);
    sum.add(rc < 0 ? static_cast<uint64_t>(-rc) : stat.bytes).add(static_cast<uint64_t>(rc < 0 ? 0 : stat.mtime_ns));
  }
  return sum.value();
}

void ImageFolder::read(std::span<const uint64_t> ids, Intake& out) const {
  for (size_t first = 0; first < ids.size(); first += kGroup) {
    read_group(ids.subspan(first, std::min(kGroup, ids.size() - first)), first, out);
  }
}

std::string ImageFolder::fault_of(uint64_t id, std::span<const std::byte>) const {
  FileStat stat;
  if (fs_.sys_stat(file_path(static_cast<uint32_t>(id)).c_str(), &stat) < 0 || stat.bytes == listing_.files[id].bytes)
    return {};
  return other_length(stat.bytes, listing_.files[id].bytes);
}

void ImageFolder::read_group(std::span<const uint64_t> ids, size_t first, Intake& out) const {
  Group fds(fs_);
  std::array<ReadRequest, kGroup> requests;
  std::array<size_t, kGroup> rows;
  size_t count = 0;
  std::string path = root_ + "/";
  const size_t stem = path.size();
  for (size_t i = 0; i < ids.size(); ++i) {
    const uint64_t id = ids[i];
    const size_t row = first + i;
    if (std::byte* dest = out.row(kLabelField, row)) {
      const int64_t value = label(id);
      std::memcpy(dest, &value, sizeof value);
    }
    const ListedFile& file = listing_.files[id];
    const ListedFolder& folder = listing_.folders[file.folder];
    path.resize(stem);
    if (!folder.path.empty()) path.append(folder.path).append(1, '/');
    path.append(listing_.file_name(id));
    const int fd = fs_.sys_open(path.c_str(), O_RDONLY, 0);
    if (fd < 0) {
      if (!is_fault_of_file(-fd)) Fault::raise("open", path, -fd);
      out.reject(row, std::string("cannot open the file: ") + std::strerror(-fd));
      continue;
    }
    fds[i] = fd;
    FileStat stat;
    if (const int rc = fs_.sys_fstat(fd, &stat); rc < 0) Fault::raise("look at", path, -rc);
    if (stat.bytes != file.bytes) {
      out.reject(row, other_length(stat.bytes, file.bytes));
      continue;
    }
    if (file.bytes == 0) {
      out.reject(row, "the file is empty");
      continue;
    }
    std::byte* dest = out.rows(kBytesField, row, file.bytes);
    if (dest == nullptr) continue;
    rows[count] = row;
    requests[count++] = {fd, 0, file.bytes, dest};
  }
  engines_.read(std::span(requests).first(count));
  for (size_t k = 0; k < count; ++k) {
    const int64_t got = requests[k].result;
    if (got == static_cast<int64_t>(requests[k].bytes)) continue;
    if (got < 0 && !is_fault_of_file(static_cast<int>(-got))) {
      Fault::raise("read", locate(ids[rows[k] - first]).file, static_cast<int>(-got));
    }
    out.reject(rows[k], got < 0 ? std::string("cannot read the file: ") + std::strerror(static_cast<int>(-got))
                                : "the file ends after " + std::to_string(got) + " of " +
                                      std::to_string(requests[k].bytes) + " bytes");
  }
}

}  // namespace penstock::io
