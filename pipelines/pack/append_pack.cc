#include <algorithm>
#include <sstream>

#include "engine/base/error.h"
#include "io/data/open.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "pipelines/job/subset.h"
#include "pipelines/pack/pack.h"

namespace penstock {
namespace {

constexpr const char* kSources = "penstock.appended";  // digests of what was added, a line each

std::string sources_of(io::FileSystem& fs, const std::string& folder) {
  const std::string path = io::join_path(folder, kSources);
  return fs.exists(path) ? io::read_file(fs, path) : "";
}

/// Afterwards `made` stands at DEST, and what was there is gone. One step where the file system can exchange names.
void swap_folders(io::FileSystem& fs, const std::string& dest, const std::string& made, const std::string& old) {
  if (fs.exists(dest) && fs.exchange(dest, made)) {
    fs.sync_folder(io::parent_of(dest));
    fs.remove_all(made);
    return;
  }
  if (fs.exists(dest)) fs.rename(dest, old);
  fs.sync_folder(io::parent_of(dest));
  fs.rename(made, dest);
  fs.sync_folder(io::parent_of(dest));
  fs.remove_all(old);
}

}  // namespace

PackResult append_pack(std::shared_ptr<const io::Dataset> source, const PackOptions& options, Cores& cores,
                       ProgressSink& progress, std::stop_token stop, io::FileSystem& fs) {
  if (options.processes != nullptr)
    throw Error(Code::kUsage, "appending is no work for several processes: the old records are copied, which one does")
        .hint("run it without mpirun, or pack SOURCE into a data set of its own");
  std::string dest = options.dest;
  while (dest.size() > 1 && dest.back() == '/') dest.pop_back();
  const std::string made = dest + ".appending", old = dest + ".before-append";
  // A run that was killed between the two renames left both halves: finish what it began.
  if (fs.exists(old)) {
    if (fs.exists(made))
      swap_folders(fs, dest, made, old);
    else
      fs.remove_all(old);
  }
  if (!fs.exists(dest)) {
    throw Error(Code::kUsage, "there is no '" + dest + "' to append to").hint("leave --append out to make it");
  }
  const std::string digest = data_digest(*source) + "\n";
  const std::string sources = sources_of(fs, dest);
  std::shared_ptr<const io::Dataset> before = io::open(dest, {.split = io::Split::kAll}, fs);
  if (before->format() != "lmdb") throw Error(Code::kUsage, "'" + dest + "' is no LMDB: only to one can be appended");
  if (sources.find(digest) != std::string::npos) {
    fs.remove_all(made);  // where a run was killed just after its swap: the old DEST
    PackResult result;
    result.already_complete = true;
    result.records = result.already = before->size();
    return result;
  }
  PackOptions beside = options;
  beside.dest = made;
  beside.shuffle = false;
  const Joined joined(std::move(before), std::move(source));
  PackResult result = pack(joined, beside, cores, progress, stop, fs);
  io::write_file(fs, io::join_path(made, kSources), std::string_view(sources + digest));
  swap_folders(fs, dest, made, old);
  return result;
}

}  // namespace penstock
