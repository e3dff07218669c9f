// io_uring made to fail: its functions are stood in for in this program, and the true ones are called from there.
#include "io/file/uring_reader.h"

#include <cerrno>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <liburing.h>

#include "io/file/file.h"
#include "io/file/reader.h"
#include "tests/io/temp_folder.h"

namespace {

struct Plan {
  int calls_until_fault = -1;  // below 0: none
  bool submits = false;        // the failing call hands its reads to the kernel all the same
  int exits = 0;
  unsigned in_flight_at_exit = 0;
};
thread_local Plan plan;

template <class Function>
Function* true_one(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int io_uring_submit_and_wait(struct io_uring* ring, unsigned wait) {
  if (plan.calls_until_fault >= 0 && plan.calls_until_fault-- == 0) {
    if (plan.submits) io_uring_submit(ring);
    return -EFAULT;
  }
  return true_one<int(struct io_uring*, unsigned)>("io_uring_submit_and_wait")(ring, wait);
}

extern "C" void io_uring_queue_exit(struct io_uring* ring) {
  ++plan.exits;
  plan.in_flight_at_exit = *ring->sq.khead - *ring->cq.khead;  // taken by the kernel, less those whose end was seen
  true_one<void(struct io_uring*)>("io_uring_queue_exit")(ring);
}

namespace penstock::io {
namespace {

using ::testing::HasSubstr;

TEST(UringEngine, AnEngineThatFailsHasNoReadInFlightWhenItThrows) {
  TempFolder folder;
  const File file(FileSystem::real(), folder.put("f", std::string(100'000, 'x')), OpenMode::kRead);
  for (const bool submits : {true, false}) {
    for (const int calls : {0, 1, 3}) {
      auto engine = make_uring_engine(8);
      if (!engine) GTEST_SKIP() << "the kernel refuses io_uring";
      std::vector<std::string> rooms(60, std::string(1000, '?'));
      std::vector<ReadRequest> requests;
      for (size_t i = 0; i < rooms.size(); ++i) {
        requests.push_back({file.fd(), i * 1000, 1000, reinterpret_cast<std::byte*>(rooms[i].data())});
      }
      plan = {.calls_until_fault = calls, .submits = submits};
      EXPECT_THAT(error_of([&] { engine->read(requests); }), HasSubstr("io: io_uring cannot submit reads"));
      EXPECT_EQ(plan.exits, 1);
      EXPECT_EQ(plan.in_flight_at_exit, 0u) << calls << (submits ? " submits" : "");
      engine.reset();
      EXPECT_EQ(plan.exits, 1) << "the ring is closed once";
    }
  }
}

}  // namespace
}  // namespace penstock::io
