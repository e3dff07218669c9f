// The folder that holds everything that came of a training run.
#pragma once

#include <string>
#include <string_view>

#include "io/file/file.h"

namespace penstock::train {

/// What to do with a RUN that exists.
enum class Resume {
  kNever,  ///< refuse it
  kAuto,   ///< go on where it stopped, or start
  kMust,   ///< go on; refuse a RUN that does not exist
};

/// "never", "auto", "must". Throws Error kUsage that lists them for another name.
Resume resume_named(std::string_view name);

/// RUN, locked for this process as long as the object lives.
///
///   recipe.toml       the resolved recipe
///   fitted.txt        of tables: what was fitted to the training rows, without which the model is of no use
///   run.json          versions, machine, seed, data digest; written last, so a folder with it is a run
///   metrics.jsonl     a line a step, a line an epoch
///   quarantine.jsonl  a line for each record that was refused, and why
///   checkpoints/      the last K, and the best
///   ledger/seen.log   what was seen (see ledger.h)
///   ledger/order      the ids in storage order (u64), where the data was shuffled on disk and the plan goes by that order
///   report.json       what limited the run; written when it stops
///   .lock             held with flock(2) while a process writes into RUN; a killed process lets go of it
///
/// One thread. Movable.
class RunDirectory {
 public:
  /// Makes the folder where `resume` allows it, takes the lock and looks at what is there. Throws Error kUsage where the
  /// folder holds something else than a run, where `resume` refuses what it finds, and where another process is writing
  /// into it (names that process).
  static RunDirectory open(io::FileSystem& fs, std::string path, Resume resume);

  /// No run was begun here: begin() comes next.
  bool is_new() const { return is_new_; }
  /// Writes recipe.toml, of tables what their rows are encoded with (fitted.txt), then run.json, each atomically. `fitted`: "" for none.
  void begin(std::string_view recipe_toml, std::string_view run_json, std::string_view fitted = {});
  /// Takes back what begin() and the logs wrote: for a run that failed before its first step. The folder stays, empty.
  void forget();

  io::FileSystem& fs() const { return *fs_; }
  const std::string& path() const { return path_; }

 private:
  RunDirectory(io::FileSystem& fs, std::string path) : fs_(&fs), path_(std::move(path)) {}
  void take_lock();

  io::FileSystem* fs_;
  std::string path_;
  io::File lock_;
  bool is_new_ = true;
};

/// Paths inside a run. Reading needs no lock.
struct RunPaths {
  explicit RunPaths(std::string run) : run(std::move(run)) {}
  std::string recipe() const { return io::join_path(run, "recipe.toml"); }
  std::string run_json() const { return io::join_path(run, "run.json"); }
  std::string metrics() const { return io::join_path(run, "metrics.jsonl"); }
  std::string quarantine() const { return io::join_path(run, "quarantine.jsonl"); }
  std::string checkpoints() const { return io::join_path(run, "checkpoints"); }
  std::string ledger() const { return io::join_path(run, "ledger/seen.log"); }
  std::string order() const { return io::join_path(run, "ledger/order"); }
  std::string report() const { return io::join_path(run, "report.json"); }
  std::string fitted() const { return io::join_path(run, "fitted.txt"); }

  std::string run;
};

/// Whether `path` is a run that was begun (it has a run.json).
bool is_run_directory(io::FileSystem& fs, const std::string& path);

}  // namespace penstock::train
