#include "tools/signals.h"

#include <fcntl.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>

#include "engine/base/error.h"

namespace penstock::tools {
namespace {

// A signal handler has no argument of ours: the one place where the process has a state of its own.
std::atomic<int> received{0};
std::atomic<int> wake_fd{-1};

void on_signal(int number) {
  const int saved = errno;
  if (number == SIGUSR1) number = SIGTERM;
  int none = 0;
  if (!received.compare_exchange_strong(none, number)) _exit(128 + number);
  const char byte = 1;
  if (write(wake_fd.load(), &byte, 1) < 0) _exit(128 + number);
  errno = saved;
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

}  // namespace

Signals::Signals() {
  if (pipe2(pipe_, O_CLOEXEC) != 0) throw errno_error(Code::kIo, "cannot make a pipe for signals", errno);
  received = 0;
  wake_fd = pipe_[1];
  watcher_ = std::thread([this] { watch(); });
  handle(SIGINT, on_signal);
  handle(SIGTERM, on_signal);
  handle(SIGUSR1, on_signal);  // which mpirun passes on at once, and batch systems send before the time is up
  handle(SIGPIPE, SIG_IGN);    // `penstock info | head` ends by a failed write, not by a signal in the middle of a file
}

Signals::~Signals() {
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
  handle(SIGUSR1, SIG_DFL);
  const char done = 0;
  if (write(pipe_[1], &done, 1) == 1)
    watcher_.join();
  else
    watcher_.detach();
  close(pipe_[0]);
  close(pipe_[1]);
}

int Signals::exit_code() { return received == 0 ? 0 : 128 + received; }

void Signals::watch() {
  char byte = 0;
  while (true) {
    const ssize_t got = read(pipe_[0], &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1 || byte == 0) return;
    stop_.request_stop();
  }
}

}  // namespace penstock::tools
