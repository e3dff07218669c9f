#include "engine/cuda/cuda_stream.h"

#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/cuda/cuda_check.h"

namespace penstock {
namespace {

/// A cudaEvent_t with its owner's manners. Destroyed when the last who looks is gone.
class CudaEvent final : public EventState {
 public:
  CudaEvent(int index, std::string name, unsigned flags) : index_(index), name_(std::move(name)) {
    const CudaScope scope(index);
    cuda_check(cudaEventCreateWithFlags(&event_, flags), "making an event on " + name_);
  }
  ~CudaEvent() override { cudaEventDestroy(event_); }
  bool done() override {
    const cudaError_t status = cudaEventQuery(event_);
    if (status == cudaErrorNotReady) {
      cudaGetLastError();
      return false;
    }
    cuda_check(status, "work on " + name_);
    return true;
  }
  void wait() override {
    const CudaScope scope(index_);
    cuda_check(cudaEventSynchronize(event_), "work on " + name_);
  }
  cudaEvent_t get() const { return event_; }

 private:
  int index_;
  std::string name_;
  cudaEvent_t event_ = nullptr;
};

class FailedState final : public EventState {
 public:
  explicit FailedState(Error failure) : failure_(std::move(failure)) {}
  bool done() override { throw failure_; }
  void wait() override { throw failure_; }

 private:
  Error failure_;
};

/// Adds up how long a stream's work took, by pairs of events around each piece.
class BusyTime {
 public:
  struct Span {
    std::shared_ptr<CudaEvent> begin, end;
  };
  void add(Span span) {
    const std::lock_guard lock(mutex_);
    spans_.push_back(std::move(span));
    harvest();
  }
  int64_t ns() {
    const std::lock_guard lock(mutex_);
    harvest();
    return ns_;
  }
  /// A pair that is done with, or nothing.
  Span reuse() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return {};
    Span span = std::move(idle_.back());
    idle_.pop_back();
    return span;
  }

 private:
  void harvest() {
    while (!spans_.empty()) {
      float ms = 0;
      const cudaError_t status = cudaEventElapsedTime(&ms, spans_.front().begin->get(), spans_.front().end->get());
      if (status != cudaSuccess) cudaGetLastError();
      if (status == cudaErrorNotReady) return;
      ns_ += static_cast<int64_t>(static_cast<double>(ms) * 1e6);
      idle_.push_back(std::move(spans_.front()));
      spans_.pop_front();
    }
  }

  std::mutex mutex_;
  std::deque<Span> spans_;
  std::vector<Span> idle_;
  int64_t ns_ = 0;
};

class CudaStream final : public Stream {
 public:
  CudaStream(int index, std::string name) : index_(index), name_(std::move(name)) {
    const CudaScope scope(index_);
    cuda_check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream on " + name_);
  }
  ~CudaStream() override {
    cudaStreamSynchronize(stream_);
    cudaStreamDestroy(stream_);
  }

  void copy(void* to, const void* from, uint64_t bytes) override {
    if (bytes == 0) return;
    timed([&] {
      cuda_check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_),
                 "copying " + bytes_text(bytes) + " by " + name_);
    });
  }
  void launch(std::function<void()> work) override {
    timed([&] {
      work();
      cuda_check(cudaGetLastError(), "launching a kernel on " + name_);
    });
  }
  void* native_handle() override { return stream_; }

  void record(Event& event) override {
    attempt([&] { event.set(point(kPlain)); });
    if (failure_) event.set(failure_);
  }
  void wait(const Event& event) override {
    attempt([&] {
      if (!event.state()) return;
      if (const auto* own = dynamic_cast<const CudaEvent*>(event.state().get())) {
        cuda_check(cudaStreamWaitEvent(stream_, own->get()), "waiting on " + name_ + " for an event");
      } else {
        event.synchronize();
      }
    });
  }
  void synchronize() override {
    attempt([&] { point(kPlain)->wait(); });
    if (failure_) failure_->wait();
  }
  std::shared_ptr<void> count_as_busy() override {
    struct Piece {
      CudaStream& stream;
      explicit Piece(CudaStream& s) : stream(s) {
        stream.attempt([this] { stream.begin_span(); });
      }
      ~Piece() {
        stream.attempt([this] { stream.end_span(); });
      }
    };
    return std::make_shared<Piece>(*this);
  }
  int64_t busy_ns() const override { return busy_.ns(); }

 private:
  // Waiting threads sleep; and an event that measures nothing is cheaper.
  static constexpr unsigned kPlain = cudaEventBlockingSync | cudaEventDisableTiming;

  std::shared_ptr<CudaEvent> point(unsigned flags) {
    auto state = std::make_shared<CudaEvent>(index_, name_, flags);
    cuda_check(cudaEventRecord(state->get(), stream_), "recording an event on " + name_);
    return state;
  }
  template <typename Work>
  void timed(const Work& work) {
    attempt([&] {
      begin_span();
      work();
      end_span();
    });
  }
  /// One inside of another is part of it.
  void begin_span() {
    if (depth_++ > 0) return;
    span_ = busy_.reuse();
    if (!span_.begin) {
      span_.begin = std::make_shared<CudaEvent>(index_, name_, cudaEventDefault);
      span_.end = std::make_shared<CudaEvent>(index_, name_, cudaEventDefault);
    }
    cuda_check(cudaEventRecord(span_.begin->get(), stream_), "recording an event on " + name_);
  }
  void end_span() {
    if (--depth_ > 0) return;
    cuda_check(cudaEventRecord(span_.end->get(), stream_), "recording an event on " + name_);
    busy_.add(std::move(span_));
  }
  template <typename Work>
  void attempt(const Work& work) {
    if (failure_) return;
    try {
      const CudaScope scope(index_);
      work();
    } catch (const Error& e) {
      fail(e.code() == Code::kDevice ? e : Error(Code::kDevice, "work on " + name_ + " failed: " + e.what()));
    } catch (const std::exception& e) { fail(Error(Code::kDevice, "work on " + name_ + " failed: " + e.what())); }
  }
  void fail(Error failure) { failure_ = std::make_shared<FailedState>(std::move(failure)); }

  const int index_;
  const std::string name_;
  cudaStream_t stream_ = nullptr;
  mutable BusyTime busy_;
  BusyTime::Span span_;  ///< the open one
  int depth_ = 0;
  std::shared_ptr<FailedState> failure_;
};

}  // namespace

std::unique_ptr<Stream> make_cuda_stream(int index, std::string name) {
  return std::make_unique<CudaStream>(index, std::move(name));
}

}  // namespace penstock
