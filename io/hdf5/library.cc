#include "io/hdf5/library.h"

namespace penstock::io {
namespace {

std::recursive_mutex& the_mutex() {
  static std::recursive_mutex mutex;
  // A file that could not be written out, for want of room, cannot be closed either: HDF5 would try it again when the program ends, and crash.
  [[maybe_unused]] static const herr_t no_closing_at_exit = H5dont_atexit();
  return mutex;
}

}  // namespace

Hdf5Lock::Hdf5Lock() : held_(the_mutex()) { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

std::string hdf5_message() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_DOWNWARD,
      [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
        if (error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &text);
  return text;
}

}  // namespace penstock::io
