#include "io/file/uring_reader.h"

#include <algorithm>
#include <cerrno>
#include <thread>

#include <liburing.h>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

constexpr uint64_t kMostBytesARead = uint64_t{1} << 30;

class UringEngine final : public ReadEngine {
 public:
  explicit UringEngine(unsigned depth) : depth_(depth) {}
  ~UringEngine() override {
    if (ready_) io_uring_queue_exit(&ring_);
  }
  bool start() {
    again_.reserve(depth_);  // so that reap() cannot throw while reads are in flight
    ready_ = io_uring_queue_init(depth_, &ring_, 0) == 0;
    return ready_;
  }
  std::string_view name() const override { return "io_uring"; }

  void read(std::span<ReadRequest> requests) override {
    again_.clear();
    size_t next = 0;
    unsigned in_flight = 0;
    for (ReadRequest& request : requests) request.result = 0;
    while (next < requests.size() || !again_.empty() || in_flight > 0) {
      unsigned added = 0;
      while (in_flight + added < depth_ && (next < requests.size() || !again_.empty())) {
        io_uring_sqe* entry = io_uring_get_sqe(&ring_);
        if (entry == nullptr) break;
        ReadRequest* request = nullptr;
        if (!again_.empty()) {
          request = again_.back();
          again_.pop_back();
        } else {
          request = &requests[next++];
        }
        const uint64_t done = static_cast<uint64_t>(request->result);
        io_uring_prep_read(entry, request->fd, request->dest + done,
                           static_cast<unsigned>(std::min(request->bytes - done, kMostBytesARead)),
                           request->offset + done);
        io_uring_sqe_set_data(entry, request);
        ++added;
      }
      in_flight += added;
      const int rc = io_uring_submit_and_wait(&ring_, 1);
      if (rc < 0 && rc != -EINTR && rc != -EAGAIN && rc != -EBUSY) fail(rc, in_flight);
      in_flight -= reap();
    }
  }

 private:
  unsigned reap() {
    unsigned seen = 0;
    io_uring_cqe* done = nullptr;
    while (io_uring_peek_cqe(&ring_, &done) == 0) {
      auto* request = static_cast<ReadRequest*>(io_uring_cqe_get_data(done));
      const int rc = done->res;
      io_uring_cqe_seen(&ring_, done);
      ++seen;
      if (rc == -EINTR || rc == -EAGAIN) {
        again_.push_back(request);
      } else if (rc < 0) {
        request->result = rc;
      } else {
        request->result += rc;
        if (rc > 0 && static_cast<uint64_t>(request->result) < request->bytes) again_.push_back(request);
      }
    }
    return seen;
  }

  // The caller's buffers must not be written to after read() has thrown, and closing the ring does not wait for reads.
  [[noreturn]] void fail(int rc, unsigned in_flight) {
    in_flight -= io_uring_sq_ready(&ring_);  // those that the kernel has not taken
    while (in_flight > 0) {
      io_uring_cqe* done = nullptr;
      if (io_uring_wait_cqe(&ring_, &done) < 0) std::this_thread::yield();
      in_flight -= reap();
    }
    io_uring_queue_exit(&ring_);
    ready_ = false;
    throw errno_error(Code::kIo, "io_uring cannot submit reads", -rc)
        .hint("this should not happen; pread is used after a restart without io_uring");
  }

  const unsigned depth_;
  io_uring ring_{};
  bool ready_ = false;
  std::vector<ReadRequest*> again_;
};

}  // namespace

std::unique_ptr<ReadEngine> make_uring_engine(unsigned depth) {
  auto engine = std::make_unique<UringEngine>(depth);
  if (!engine->start()) return nullptr;
  return engine;
}

}  // namespace penstock::io
