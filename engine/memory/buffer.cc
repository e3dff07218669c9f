#include "engine/memory/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace penstock {
namespace {

constexpr uint64_t kMapFrom = 1_MiB;        // below, the heap is quicker than page faults
constexpr uint64_t kHugePagesFrom = 4_MiB;  // two huge pages at least lie inside, however it is aligned

Error no_memory(uint64_t bytes) {
  return Error(Code::kMemory, "the machine has no " + bytes_text(bytes) + " of memory left")
      .hint("set a smaller budget.ram, or a smaller batch");
}

bool is_mapped(uint64_t capacity) { return capacity >= kMapFrom; }

}  // namespace

Buffer::Buffer(uint64_t bytes) : size_(bytes) {
  if (bytes > uint64_t{1} << 46) throw no_memory(bytes);
  capacity_ = std::max<uint64_t>(1, (bytes + kBufferAlignment - 1) / kBufferAlignment) * kBufferAlignment;
  if (is_mapped(capacity_)) {
    void* mapped = ::mmap(nullptr, capacity_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw no_memory(bytes);
    if (capacity_ >= kHugePagesFrom) ::madvise(mapped, capacity_, MADV_HUGEPAGE);  // a wish: failing is fine
    data_ = static_cast<std::byte*>(mapped);
  } else {
    data_ = static_cast<std::byte*>(std::aligned_alloc(kBufferAlignment, capacity_));
    if (!data_) throw no_memory(bytes);
  }
}

Buffer::Buffer(std::byte* data, uint64_t bytes, Free free)
    : data_(data), size_(bytes), capacity_(bytes), free_(std::move(free)) {}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      free_(std::exchange(other.free_, nullptr)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  Buffer moved(std::move(other));
  std::swap(data_, moved.data_);
  std::swap(size_, moved.size_);
  std::swap(capacity_, moved.capacity_);
  std::swap(free_, moved.free_);
  return *this;
}

Buffer::~Buffer() {
  if (!data_) return;
  if (free_) {
    free_(data_, capacity_);
  } else if (is_mapped(capacity_)) {
    ::munmap(data_, capacity_);
  } else {
    std::free(data_);
  }
}

void Buffer::set_size(uint64_t size) {
  PENSTOCK_CHECK(size <= capacity_);
  size_ = size;
}

namespace {

struct Block {
  Credit credit;  // declared first: given back after the memory is free
  Buffer buffer;
};

}  // namespace

struct BufferPool::Core {
  Core(Budgets& b, size_t max, Make m) : budgets(b), max_idle(max), make(std::move(m)) { idle.reserve(max); }

  /// The block's last user is gone.
  void come_home(std::unique_ptr<Block> block) {
    bool kept = false;
    {
      const std::lock_guard lock(mutex);
      if (open && idle.size() < max_idle) {
        idle.push_back(std::move(block));
        kept = true;
      }
    }
    block.reset();
    // Looked at after the block is seen in `idle`: a waiter that came before finds it through the reclaimer, one that
    // came later is seen here.
    if (kept && waited_for()) release();
  }
  bool waited_for() {
    const std::lock_guard lock(mutex);
    return open && budgets.waiting() > 0;
  }
  bool release() {
    std::vector<std::unique_ptr<Block>> freed;  // freed without the lock: munmap is slow, credits take another lock
    freed.reserve(max_idle);
    {
      const std::lock_guard lock(mutex);
      std::swap(freed, idle);
    }
    return !freed.empty();
  }
  std::shared_ptr<Buffer> hand_out(std::shared_ptr<Core> self, std::unique_ptr<Block> block) {
    Buffer* buffer = &block->buffer;
    std::shared_ptr<Block> shared(
        block.release(), [core = std::move(self)](Block* used) { core->come_home(std::unique_ptr<Block>(used)); });
    return {std::move(shared), buffer};
  }

  Budgets& budgets;  // not touched once closed
  const size_t max_idle;
  const Make make;
  std::mutex mutex;
  bool open = true;
  std::vector<std::unique_ptr<Block>> idle;
};

BufferPool::BufferPool(Budgets& budgets, size_t max_idle, Make make)
    : core_(std::make_shared<Core>(
          budgets, max_idle, make ? std::move(make) : [](uint64_t n) { return Buffer(n); })),
      registration_(budgets.add_reclaimer([core = core_] { return core->release(); })) {}

BufferPool::~BufferPool() {
  registration_.end();
  {
    const std::lock_guard lock(core_->mutex);
    core_->open = false;
  }
  core_->release();
}

std::shared_ptr<Buffer> BufferPool::make(uint64_t bytes, Credit credit) {
  auto block = std::make_unique<Block>();
  block->credit = std::move(credit);
  block->buffer = core_->make(bytes);
  return core_->hand_out(core_, std::move(block));
}

std::shared_ptr<Buffer> BufferPool::reuse(uint64_t bytes) {
  std::unique_ptr<Block> block;
  {
    const std::lock_guard lock(core_->mutex);
    auto best = core_->idle.end();
    for (auto it = core_->idle.begin(); it != core_->idle.end(); ++it) {
      const uint64_t capacity = (*it)->buffer.capacity();
      if (capacity >= bytes && (best == core_->idle.end() || capacity < (*best)->buffer.capacity())) best = it;
    }
    if (best == core_->idle.end()) return nullptr;
    block = std::move(*best);
    core_->idle.erase(best);
  }
  block->buffer.set_size(bytes);
  return core_->hand_out(core_, std::move(block));
}

size_t BufferPool::idle() const {
  const std::lock_guard lock(core_->mutex);
  return core_->idle.size();
}

uint64_t BufferPool::idle_bytes() const {
  const std::lock_guard lock(core_->mutex);
  uint64_t sum = 0;
  for (const auto& block : core_->idle) sum += block->buffer.capacity();
  return sum;
}

bool BufferPool::release_idle() { return core_->release(); }

}  // namespace penstock
