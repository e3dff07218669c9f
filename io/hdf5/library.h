// The HDF5 library, one thread at a time, with its messages as text.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include <hdf5.h>

namespace penstock::io {

/// Held by whoever calls HDF5, as long as anything that HDF5 opened is used or closed: the library is built without thread safety. One
/// mutex for the process; a thread that holds it may take it again. The first one also silences what HDF5 prints by itself.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::unique_lock<std::recursive_mutex> held_;
};

/// Closes what HDF5 opened; under a Hdf5Lock. Moves, does not copy.
class Hdf5Handle {
 public:
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, herr_t (*closer)(hid_t)) : id_(id), close_(closer) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept { *this = std::move(other); }
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Handle() { close(); }
  /// False where HDF5 could not (bytes that could not be written, ...).
  bool close() {
    const hid_t id = std::exchange(id_, -1);
    return id < 0 || close_(id) >= 0;
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_ = -1;
  herr_t (*close_)(hid_t) = nullptr;
};

/// The innermost message of the last call that failed.
std::string hdf5_message();

}  // namespace penstock::io
