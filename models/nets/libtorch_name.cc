#include "models/nets/libtorch_name.h"

#include <dlfcn.h>

#include <cstddef>
#include <mutex>
#include <span>

#include "engine/base/error.h"
#include "models/nets/anonymous_file.h"

// The bytes of the library that CMakeLists.txt makes of libtorch_name/empty.cc.
extern "C" {
extern const std::byte penstock_libtorch_name_begin[];
extern const std::byte penstock_libtorch_name_end[];
}
asm(".section .rodata\n"
    ".balign 16\n"
    ".globl penstock_libtorch_name_begin, penstock_libtorch_name_end\n"
    "penstock_libtorch_name_begin:\n"
    ".incbin \"" PENSTOCK_LIBTORCH_NAME
    "\"\n"
    "penstock_libtorch_name_end:\n"
    ".previous\n");

namespace penstock::nets {

void provide_libtorch_name() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (dlopen("libtorch.so", RTLD_LAZY | RTLD_NOLOAD) != nullptr) return;
    const AnonymousFile file("libtorch.so", {penstock_libtorch_name_begin, penstock_libtorch_name_end});
    if (dlopen(file.path().c_str(), RTLD_LAZY | RTLD_NODELETE) != nullptr) return;
    throw Error(Code::kInternal, std::string("cannot load an empty libtorch.so for compiled packages: ") + dlerror());
  });
}

}  // namespace penstock::nets
