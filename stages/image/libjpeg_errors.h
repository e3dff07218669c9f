// libjpeg's errors, left by longjmp. Functions that set the jump hold trivially destructible locals only.
#pragma once

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

namespace penstock::image {

/// Used as  info.err = errors.start();  if (setjmp(errors.jump)) return false;  ... calls of libjpeg ...
/// After a jump, `message` says why. Warnings are counted in base.num_warnings and printed nowhere.
struct JumpingErrors {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];

  jpeg_error_mgr* start() {
    jpeg_std_error(&base);
    base.error_exit = [](j_common_ptr info) {
      auto* errors = reinterpret_cast<JumpingErrors*>(info->err);
      (*info->err->format_message)(info, errors->message);
      std::longjmp(errors->jump, 1);
    };
    base.output_message = [](j_common_ptr) {};
    return &base;
  }
};

}  // namespace penstock::image
