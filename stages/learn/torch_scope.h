// How calls into torch are framed: thread settings, autocast, errors.
#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "stages/learn/allocation.h"

namespace penstock::learn {

/// Sets torch up in the calling thread. The OpenMP workers that it starts later inherit the flush-to-zero mode.
inline void set_up_torch_thread(int threads) {
  keep_freed_memory();
  at::set_num_threads(threads);
  at::globalContext().setFlushDenormal(true);
}

/// bf16 autocast while it lives, as Python's torch.autocast(device, torch.bfloat16).
class Autocast {
 public:
  Autocast(at::DeviceType device, bool on) : device_(device), on_(on), was_(at::autocast::is_autocast_enabled(device)) {
    at::autocast::set_autocast_enabled(device, on);
    if (!on) return;
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (on_ && at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, was_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool on_;
  bool was_;
};

/// Runs `work`; what torch and the C++ library throw becomes a penstock::Error that says what was tried.
template <class Work>
auto guarded(const std::string& what, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const Error&) { throw; } catch (const c10::OutOfMemoryError& error) {
    throw Error(Code::kMemory, what + ": " + error.what_without_backtrace())
        .hint(
            "lower data.batch or the size of the pictures; train.precision = \"bf16\" halves what the layers keep, and "
            "on a device budget.gpu_cache gives pictures less room");
  } catch (const c10::Error& error) {
    throw Error(Code::kInternal, what + ": " + error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    throw Error(Code::kMemory, what + ": there is not enough memory");
  } catch (const std::exception& error) { throw Error(Code::kInternal, what + ": " + error.what()); }
}

}  // namespace penstock::learn
