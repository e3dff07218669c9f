// Blocks of memory, and the pool that hands them round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "engine/memory/budget.h"

namespace penstock {

inline constexpr size_t kBufferAlignment = 4096;

/// Uninitialised bytes, aligned to 4096, that one owner holds. Movable, empty after a move. Large ones are mapped with
/// a wish for huge pages; their pages cost nothing until they are touched.
class Buffer {
 public:
  using Free = std::function<void(std::byte* data, uint64_t capacity)>;

  Buffer() = default;
  /// Error kMemory where the machine has none left.
  explicit Buffer(uint64_t bytes);
  /// Takes over memory that something else made (a device's pinned memory); `free` is called once at the end.
  Buffer(std::byte* data, uint64_t bytes, Free free);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  uint64_t size() const { return size_; }
  /// What size() may grow to without moving: at least the bytes asked for.
  uint64_t capacity() const { return capacity_; }
  std::span<std::byte> bytes() { return {data_, size_}; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  /// size <= capacity(); the content stays.
  void set_size(uint64_t size);

 private:
  std::byte* data_ = nullptr;
  uint64_t size_ = 0;
  uint64_t capacity_ = 0;
  Free free_;  ///< empty: ours
};

/// Buffers that keep their memory *and their credit* for the next user, so that a run in steady state neither maps
/// memory nor faults pages. Idle blocks are given back as soon as somebody waits for budget.
///
/// One pool for each Run (the idle credits may be those of the Run's Reserve). Thread-safe. Buffers may outlive the
/// pool; they are freed then. The Budgets must outlive the pool.
class BufferPool {
 public:
  using Make = std::function<Buffer(uint64_t bytes)>;

  /// Keeps at most `max_idle` blocks. `make` makes the memory (default: Buffer(bytes)).
  explicit BufferPool(Budgets& budgets, size_t max_idle = 8, Make make = {});
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// A new block that holds `credit` as long as it lives.
  std::shared_ptr<Buffer> make(uint64_t bytes, Credit credit);
  /// The smallest idle block that has room for `bytes`, with the credit it holds; null where there is none.
  std::shared_ptr<Buffer> reuse(uint64_t bytes);

  size_t idle() const;
  uint64_t idle_bytes() const;
  /// Frees what is idle; says whether there was any.
  bool release_idle();

 private:
  struct Core;
  std::shared_ptr<Core> core_;
  ReclaimerRegistration registration_;
};

}  // namespace penstock
