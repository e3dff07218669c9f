#include "io/read/read_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "engine/memory/buffer.h"
#include "io/file/atomic_file.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

constexpr uint64_t kPage = QueuedRead::kAlignment;

class ReadQueueTest : public ::testing::TestWithParam<bool> {
 protected:
  ReadQueueTest() {
    std::string text(kPages * kPage, '\0');
    for (uint64_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 2654435761u >> 13);
    text_ = text;
    write_file(FileSystem::real(), folder_ / "f", text_);
  }

  void forget_pages() {
    const int fd = ::open((folder_ / "f").c_str(), O_RDONLY);
    ::fdatasync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }

  static constexpr uint64_t kPages = 4096;
  TempFolder folder_;
  std::string text_;
};

TEST_P(ReadQueueTest, ReadsGoOnWhenTheThreadThatSubmittedThemHasEnded) {
  for (const bool direct : {false, true}) {
    const auto file = std::make_shared<ReadFile>(FileSystem::real(), folder_ / "f", direct);
    const auto queue = make_read_queue(FileSystem::real(), 32, GetParam());
    Buffer memory(kPages * kPage);
    std::atomic<uint64_t> done{0}, right{0};
    for (int round = 0; round < 4; ++round) {
      forget_pages();
      std::thread([&] {
        for (uint64_t page = 0; page < kPages; page += 16) {
          queue->submit({.file = file,
                         .offset = page * kPage,
                         .bytes = 16 * kPage,
                         .dest = memory.data() + page * kPage,
                         .done = [&](int64_t result) {
                           right += result == 16 * kPage;
                           ++done;
                           done.notify_all();
                         }});
        }
      }).join();
      const uint64_t all = (round + 1) * kPages / 16;
      for (uint64_t n = done; n < all; n = done) done.wait(n);
    }
    EXPECT_EQ(right, 4 * kPages / 16);
    EXPECT_EQ(std::memcmp(memory.data(), text_.data(), text_.size()), 0);
  }
}

TEST_P(ReadQueueTest, LentMemoryIsReadIntoWhereverAReadLiesInIt) {
  const auto file = std::make_shared<ReadFile>(FileSystem::real(), folder_ / "f", true);
  Buffer memory(kPages * kPage);
  const auto queue = make_read_queue(FileSystem::real(), 8, GetParam());
  // Memory is registered in pieces of 4 MiB: reads of 96 pages lie in one, over two, over the end of what was lent, and behind it.
  queue->lend(memory.data(), 2500 * kPage);
  for (const bool lent : {true, false}) {
    if (!lent) queue->forget(memory.data());
    std::memset(memory.data(), 0x5a, memory.size());
    std::atomic<uint64_t> done{0};
    uint64_t reads = 0;
    for (uint64_t page = 0; page < kPages; page += 96, ++reads) {
      queue->submit({.file = file,
                     .offset = page * kPage,
                     .bytes = std::min<uint64_t>(96, kPages - page) * kPage,
                     .dest = memory.data() + page * kPage,
                     .done = [&](int64_t) {
                       ++done;
                       done.notify_all();
                     }});
    }
    for (uint64_t n = done; n < reads; n = done) done.wait(n);
    EXPECT_EQ(std::memcmp(memory.data(), text_.data(), text_.size()), 0) << (lent ? "lent" : "forgotten");
  }
}

TEST_P(ReadQueueTest, AReadBehindTheEndIsShortAndOneThatCannotBeIsAnError) {
  const auto file = std::make_shared<ReadFile>(FileSystem::real(), folder_ / "f", true);
  const auto queue = make_read_queue(FileSystem::real(), 4, GetParam());
  Buffer memory(4 * kPage);
  std::atomic<int64_t> result{INT64_MIN};
  const auto read = [&](std::shared_ptr<const ReadFile> of, uint64_t offset) {
    result = INT64_MIN;
    queue->submit(
        {.file = std::move(of), .offset = offset, .bytes = 4 * kPage, .dest = memory.data(), .done = [&](int64_t got) {
           result = got;
           result.notify_all();
         }});
    result.wait(INT64_MIN);
    return result.load();
  };
  EXPECT_EQ(read(file, (kPages - 1) * kPage), static_cast<int64_t>(kPage));
  EXPECT_EQ(read(file, (kPages + 9) * kPage), 0);
  EXPECT_LT(read(std::make_shared<ReadFile>(FileSystem::real(), folder_ / "", false), 0), 0) << "a folder";
}

TEST_P(ReadQueueTest, AFileThatWasCutShortSinceGivesWhatIsLeft) {
  for (const bool direct : {false, true}) {
    const std::string path = folder_.put("short", text_.substr(0, 64 * kPage));
    const auto file = std::make_shared<ReadFile>(FileSystem::real(), path, direct);
    const auto queue = make_read_queue(FileSystem::real(), 4, GetParam());
    ASSERT_EQ(::truncate(path.c_str(), 10'000), 0);
    Buffer memory(16 * kPage);
    std::atomic<int64_t> result{INT64_MIN};
    queue->submit({.file = file, .offset = 0, .bytes = 16 * kPage, .dest = memory.data(), .done = [&](int64_t got) {
                     result = got;
                     result.notify_all();
                   }});
    result.wait(INT64_MIN);
    EXPECT_EQ(result, 10'000);
    EXPECT_EQ(std::memcmp(memory.data(), text_.data(), 10'000), 0);
  }
}

TEST_P(ReadQueueTest, AStoppedQueueCancelsWhatItDidNotBegin) {
  const auto file = std::make_shared<ReadFile>(FileSystem::real(), folder_ / "f", true);
  const auto queue = make_read_queue(FileSystem::real(), 2, GetParam());
  Buffer memory(kPages * kPage);
  std::atomic<int> whole{0}, cancelled{0};
  for (uint64_t page = 0; page < kPages; ++page) {
    queue->submit({.file = file,
                   .offset = page * kPage,
                   .bytes = kPage,
                   .dest = memory.data() + page * kPage,
                   .done = [&](int64_t got) { ++(got == -ECANCELED ? cancelled : whole); }});
  }
  queue->stop();
  EXPECT_EQ(static_cast<uint64_t>(whole + cancelled), kPages) << "each was done once";
  EXPECT_EQ(queue->pending(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Ways, ReadQueueTest, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "uring" : "pread"; });

}  // namespace
}  // namespace penstock::io
