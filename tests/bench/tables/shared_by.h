// Work of a bench, shared out over threads.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace penstock::test {

/// work(thread, item) for all items, shared by so many threads.
inline void shared_by(unsigned threads, size_t items, const std::function<void(unsigned, size_t)>& work) {
  std::atomic<size_t> next{0};
  std::vector<std::thread> all;
  for (unsigned t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      for (size_t i = next++; i < items; i = next++) work(t, i);
    });
  for (std::thread& thread : all) thread.join();
}

}  // namespace penstock::test
