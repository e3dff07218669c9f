#include "tools/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "engine/base/clock.h"
#include "engine/base/error.h"

extern char** environ;

namespace penstock::tools {
namespace {

Error cannot(const std::string& what, const std::string& program, int fault) {
  return Error(Code::kIo, "cannot " + what + " '" + program + "': " + std::strerror(fault));
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

/// Both ends of a pipe, which no other child inherits.
struct Pipe {
  int ends[2] = {-1, -1};
  ~Pipe() {
    for (const int end : ends)
      if (end >= 0) close(end);
  }
  void close_write() {
    close(ends[1]);
    ends[1] = -1;
  }
};

pid_t spawn(const std::string& program, const std::vector<std::string>& args, int out) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  pid_t pid = 0;
  const int fault = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (fault != 0) throw cannot("start", program, fault);
  return pid;
}

}  // namespace

std::string own_program() {
  std::array<char, PATH_MAX> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length < 0) throw cannot("find the program behind", "/proc/self/exe", errno);
  return {path.data(), static_cast<size_t>(length)};
}

ChildResult run_child(const std::string& program, const std::vector<std::string>& args, std::stop_token stop) {
  Pipe pipe;
  if (pipe2(pipe.ends, O_CLOEXEC) != 0) throw cannot("make a pipe for", program, errno);
  const double began = Clock::system().now_seconds();
  const pid_t pid = spawn(program, args, pipe.ends[1]);
  pipe.close_write();
  ChildResult result;
  {
    const std::stop_callback pass_on(stop, [pid] { kill(pid, SIGTERM); });
    std::array<char, 65536> part;
    for (;;) {
      const ssize_t n = read(pipe.ends[0], part.data(), part.size());
      if (n > 0) result.out.append(part.data(), static_cast<size_t>(n));
      if (n == 0 || (n < 0 && errno != EINTR)) break;
    }
    // It has closed its stdout and is about to end; until wait4() has seen that, its number is its own.
    siginfo_t ended;
    while (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR) {}
  }
  int status = 0;
  rusage usage{};
  while (wait4(pid, &status, 0, &usage) < 0)
    if (errno != EINTR) throw cannot("wait for", program, errno);
  result.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  result.seconds = Clock::system().now_seconds() - began;
  result.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  result.peak_rss_bytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  return result;
}

}  // namespace penstock::tools
