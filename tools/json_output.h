// Where a command says what it has to say.
#pragma once

#include <iosfwd>
#include <mutex>
#include <string>
#include <string_view>

#include "tools/json.h"

namespace penstock::tools {

/// Results go to stdout, notes and warnings to stderr. With --json the result is one JSON object on stdout and the words
/// for people go to stderr. Thread-safe. The streams must outlive it.
class Output {
 public:
  Output(std::ostream& out, std::ostream& err, bool json, bool quiet)
      : out_(out), err_(err), json_(json), quiet_(quiet) {}

  bool json() const { return json_; }
  bool quiet() const { return quiet_; }
  std::ostream& err() { return err_; }

  /// What the command found, in words and as JSON. At most once a command.
  void result(std::string_view words, const Json& json);
  /// What a user may like to know (stderr; nothing with --quiet).
  void note(std::string_view line);
  /// What a user must know (stderr, always): "warning: ...".
  void warn(std::string_view line);
  /// Writes raw text to stderr: for Progress.
  void write_err(std::string_view text);

 private:
  std::mutex mutex_;
  std::ostream& out_;
  std::ostream& err_;
  const bool json_;
  const bool quiet_;
};

}  // namespace penstock::tools
