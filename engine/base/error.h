// The one exception of Penstock: a fault of the run. Faults of the data are values (see engine/graph/stage.h).
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// What kind of fault it is; `tools` turns it into the exit code.
enum class Code {
  kUsage,      ///< the command, the recipe or the call is wrong: nothing was run
  kData,       ///< data is damaged, more than the run may bear
  kIo,         ///< a file, disk or folder failed
  kMemory,     ///< a budget is too small, or memory ran out
  kDevice,     ///< a device is missing or failed
  kCancelled,  ///< stopped on request
  kInternal,   ///< a promise inside Penstock was broken
};

/// "usage", "data", ... for JSON and logs.
std::string_view name_of(Code code);

/// Says what was tried, on what, and what to do about it. Context is added from the inside out while it travels up:
///   throw Error(Code::kIo, "cannot read 'a.jpg': no such file").hint("check the path");
///   catch (Error& e) { throw e.add("reading record 17"); }
class Error : public std::exception {
 public:
  Error(Code code, std::string message);

  /// Adds one line of context (outermost last). Returns *this so that it can be rethrown in one line.
  Error& add(std::string context);
  /// Says what the user can do about it; printed last.
  Error& hint(std::string advice);

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<std::string>& context() const { return context_; }
  /// What hint() was given; "": nothing.
  const std::string& advice() const { return hint_; }
  /// The message, then " (while ...)" for each context, then the hint.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  void compose();

  Code code_;
  std::string message_;
  std::string hint_;
  std::vector<std::string> context_;
  std::string text_;
};

/// "cannot open 'x': No such file or directory" for the errno that a call left behind.
Error errno_error(Code code, std::string what, int errno_value);

/// Ends the program with file and line: for what only a programmer can cause, never for input.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace penstock

#define PENSTOCK_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::penstock::check_failed(#condition, __FILE__, __LINE__))
