#include "pipelines/train/run_directory.h"

#include <cerrno>
#include <set>
#include <vector>

#include <sys/file.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"

namespace penstock::train {
namespace {

/// What a run that was killed before it began may have left behind: no checkpoint and no ledger.
bool is_leftover(io::FileSystem& fs, const std::string& folder, const std::string& name) {
  static const std::set<std::string> kFiles = {".lock", "recipe.toml", "recipe.toml.tmp", "run.json.tmp", "fitted.txt",
                                               "fitted.txt.tmp"};
  if (kFiles.contains(name)) return true;
  const std::string path = io::join_path(folder, name);
  return (name == "checkpoints" || name == "ledger") && fs.is_folder(path) && fs.list(path).empty();
}

std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of("\n ")); }

}  // namespace

Resume resume_named(std::string_view name) {
  if (name == "never") return Resume::kNever;
  if (name == "auto") return Resume::kAuto;
  if (name == "must") return Resume::kMust;
  throw Error(Code::kUsage, "unknown --resume '" + std::string(name) + "'").hint("it is never, auto or must");
}

bool is_run_directory(io::FileSystem& fs, const std::string& path) { return fs.exists(RunPaths(path).run_json()); }

RunDirectory RunDirectory::open(io::FileSystem& fs, std::string path, Resume resume) {
  if (path.empty()) throw Error(Code::kUsage, "no folder for the run was given").hint("--out RUN");
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  RunDirectory run(fs, path);
  const bool there = fs.exists(path);
  if (there && !fs.is_folder(path)) throw Error(Code::kUsage, "'" + path + "' is a file").hint("--out takes a folder");
  const bool begun = there && is_run_directory(fs, path);
  if (there && !begun) {
    for (const io::FolderEntry& entry : fs.list(path)) {
      if (is_leftover(fs, path, entry.name)) continue;
      if (entry.name == "checkpoints")
        throw Error(Code::kUsage, "'" + path + "' has checkpoints but no run.json")
            .hint("bring its run.json back to go on with it, or give --out a new folder; nothing was touched");
      throw Error(Code::kUsage, "'" + path + "' is no run: it has no run.json, but holds '" + entry.name + "'")
          .hint("give --out a new folder; nothing in this one was touched");
    }
  }
  if (resume == Resume::kMust && !begun)
    throw Error(Code::kUsage, "there is no run in '" + path + "' to go on with")
        .hint("check the path, or start it with --resume auto");
  // The lock comes before the refusal, so that a run that is under way is called by its name.
  if (!there) fs.make_folders(path);
  run.take_lock();
  run.is_new_ = !is_run_directory(fs, path);
  if (resume == Resume::kNever && !run.is_new_)
    throw Error(Code::kUsage, "the run '" + path + "' exists")
        .hint("go on with it: --resume auto; or give another --out");
  return run;
}

void RunDirectory::take_lock() {
  lock_ = io::File(*fs_, io::join_path(path_, ".lock"), io::OpenMode::kOpenOrCreate);
  if (::flock(lock_.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw errno_error(Code::kIo, "cannot lock '" + lock_.path() + "'", errno);
    std::vector<std::byte> text(64);
    text.resize(lock_.read_at(0, text));
    const std::string pid = first_word({reinterpret_cast<const char*>(text.data()), text.size()});
    throw Error(Code::kUsage, "another process" + (pid.empty() ? "" : " (pid " + pid + ")") +
                                  " is writing into the run '" + path_ + "'")
        .hint("wait until it is done or stop it, or give another --out");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  lock_.truncate(0);
  lock_.write_at(0, io::bytes_of(pid));
}

void RunDirectory::begin(std::string_view recipe_toml, std::string_view run_json, std::string_view fitted) {
  const RunPaths paths(path_);
  io::write_file(*fs_, paths.recipe(), recipe_toml);
  if (!fitted.empty()) io::write_file(*fs_, paths.fitted(), fitted);
  fs_->make_folders(paths.checkpoints());
  fs_->make_folders(io::parent_of(paths.ledger()));
  io::write_file(*fs_, paths.run_json(), run_json);
  is_new_ = false;
}

void RunDirectory::forget() {
  const RunPaths paths(path_);
  // run.json last: until then it is a run, and a kill in between leaves one that begins again.
  for (const std::string& path : {paths.recipe(), paths.metrics(), paths.quarantine(), paths.report(), paths.fitted(),
                                  paths.checkpoints(), io::parent_of(paths.ledger()), paths.run_json()})
    fs_->remove_all(path);
  is_new_ = true;
}

}  // namespace penstock::train
