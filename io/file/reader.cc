#include "io/file/reader.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/file/uring_reader.h"

namespace penstock::io {
namespace {

constexpr uint64_t kMostBytesARead = uint64_t{1} << 30;

class PreadEngine final : public ReadEngine {
 public:
  explicit PreadEngine(FileSystem& fs) : fs_(fs) {}
  std::string_view name() const override { return "pread"; }
  void read(std::span<ReadRequest> requests) override {
    for (ReadRequest& request : requests) read_one(request);
  }

 private:
  void read_one(ReadRequest& request) {
    uint64_t done = 0;
    request.result = 0;
    while (done < request.bytes) {
      const ssize_t got = fs_.sys_pread(request.fd, request.dest + done,
                                        std::min(request.bytes - done, kMostBytesARead), request.offset + done);
      if (got == -EINTR) continue;
      if (got < 0) {
        request.result = got;
        return;
      }
      if (got == 0) break;
      done += static_cast<uint64_t>(got);
    }
    request.result = static_cast<int64_t>(done);
  }

  FileSystem& fs_;
};

}  // namespace

std::unique_ptr<ReadEngine> make_read_engine(FileSystem& fs, unsigned depth, ReadBackend backend) {
  if (backend == ReadBackend::kBest && fs.passes_through()) {
    if (auto engine = make_uring_engine(depth)) return engine;
  }
  return std::make_unique<PreadEngine>(fs);
}

std::unique_ptr<ReadEngine> ReadEngines::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto engine = std::move(idle_.back());
      idle_.pop_back();
      return engine;
    }
  }
  return make_read_engine(fs_, depth_, backend_);
}

void ReadEngines::give_back(std::unique_ptr<ReadEngine> engine) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(engine));
}

void ReadEngines::read(std::span<ReadRequest> requests) {
  if (requests.empty()) return;
  auto engine = borrow();
  engine->read(requests);  // an engine that throws is broken and not given back
  give_back(std::move(engine));
}

std::string_view ReadEngines::name() {
  auto engine = borrow();
  const std::string_view name = engine->name();
  give_back(std::move(engine));
  return name;
}

}  // namespace penstock::io
