// What computes: a memory and its queues of work. The CPU, a simulated GPU, and CUDA in its own folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/device/holders.h"
#include "engine/memory/budget.h"
#include "engine/memory/buffer.h"

namespace penstock {

/// What an Event waits for; each kind of device has its own.
class EventState {
 public:
  virtual ~EventState() = default;
  /// Whether the work before the event is done. Error kDevice where that work failed.
  virtual bool done() = 0;
  /// Blocks the calling thread until done() is true. Error kDevice where that work failed.
  virtual void wait() = 0;
};

/// A point in a stream's work. A fresh one counts as done; Stream::record sets it (again). Copies share the point.
/// Thread-safe, but for recording while others look.
class Event {
 public:
  bool query() const { return !state_ || state_->done(); }
  void synchronize() const {
    if (state_) state_->wait();
  }
  /// For implementations of Stream.
  void set(std::shared_ptr<EventState> state) { state_ = std::move(state); }
  const std::shared_ptr<EventState>& state() const { return state_; }

 private:
  std::shared_ptr<EventState> state_;
};

/// Memory on a device with the credit for it; freed when it dies, before its device. Whether the host may look at
/// data() is the device's affair (cpu, sim: yes; cuda: no).
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(Credit credit, Buffer memory) : credit_(std::move(credit)), memory_(std::move(memory)) {}
  DeviceBuffer(DeviceBuffer&&) noexcept = default;
  /// What it held is freed first, then its credit goes back.
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer moved(std::move(other));
    std::swap(entry_, moved.entry_);
    std::swap(credit_, moved.credit_);
    std::swap(memory_, moved.memory_);
    return *this;
  }

  std::byte* data() { return memory_.data(); }
  const std::byte* data() const { return memory_.data(); }
  uint64_t size() const { return memory_.size(); }
  explicit operator bool() const { return memory_.data() != nullptr; }
  /// For Device: the entry in its list of holders, which ends with the buffer.
  void keep(std::shared_ptr<void> entry) { entry_ = std::move(entry); }

 private:
  std::shared_ptr<void> entry_;
  Credit credit_;  // declared first: given back after the memory is free
  Buffer memory_;
};

/// A queue of work that is done in order. Several streams of a device overlap.
///
/// Calls return at once where the device is asynchronous; memory that was passed must live until the work is done (an
/// Event says so). The first failure stays: later work of the stream is left out, its events and synchronize() throw
/// that Error kDevice. One thread at a time calls a stream. Destruction finishes the work that was queued.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Bytes from host or device to host or device.
  virtual void copy(void* to, const void* from, uint64_t bytes) = 0;
  /// A kernel: `work` computes on the device's memory (its CPU twin, where there is no such device). Where native_handle() is not
  /// null, `work` is called before launch() returns, with the device current, and queues its kernels there.
  virtual void launch(std::function<void()> work) = 0;
  /// The queue that kernels are launched into (a cudaStream_t); null where CPU twins are run: cpu, sim.
  virtual void* native_handle() { return nullptr; }
  /// `event` is done when everything queued so far is.
  virtual void record(Event& event) = 0;
  /// What is queued from now on starts after `event`, be it of this or another stream or device. If the work before the
  /// event failed, this stream fails with it.
  virtual void wait(const Event& event) = 0;
  /// Blocks until the queue is empty. Error kDevice.
  virtual void synchronize() = 0;
  /// While what it gives lives, what others queue on native_handle() counts as busy; null where there is none. Let it go in the thread that took it.
  virtual std::shared_ptr<void> count_as_busy() { return nullptr; }
  /// Time spent copying and computing so far: over the time of the run, the utilisation.
  virtual int64_t busy_ns() const = 0;
};

/// Thread-safe. Streams and buffers die before their device.
class Device {
 public:
  virtual ~Device() = default;
  /// "cpu", "sim:0", "cuda:1".
  virtual std::string_view name() const = 0;
  /// Which tier its memory is: kRam for the CPU, else kGpu.
  virtual Tier tier() const = 0;
  /// Bytes; 0 where nothing is stated.
  virtual uint64_t memory_limit() const = 0;
  /// The device's own budget (only its tier is limited); Runs that share a device take from it.
  virtual Budgets& budgets() = 0;
  /// Memory with a credit of the device's budget, without waiting: Error kMemory where it is not free, which names the largest
  /// holders; `holder` says what this memory is for, in words that a user of the program knows.
  DeviceBuffer allocate(uint64_t bytes, std::string_view holder);
  /// Memory for a credit that was taken before.
  virtual DeviceBuffer allocate(uint64_t bytes, Credit credit) = 0;
  /// Host memory that this device copies to and from at full speed (pinned, for CUDA). For BufferPool::Make.
  virtual Buffer make_host_buffer(uint64_t bytes) { return Buffer(bytes); }
  virtual std::unique_ptr<Stream> make_stream() = 0;
  /// "1.2 GiB of 2 GiB in use; the largest: image cache 1 GiB".
  std::string memory_text();

 private:
  Holders holders_;
};

}  // namespace penstock
