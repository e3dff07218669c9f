// Memory for libjpeg: kept from picture to picture, and never more than was allowed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <jpeglib.h>

#include "stages/image/decoder.h"

namespace penstock::image {

struct VirtualRows;

/// Takes the place of libjpeg's memory manager for all that is asked for from attach() on, which then lives as long as a picture. That goes for the tables
/// of a picture, too, which libjpeg would keep for the next one: a picture without tables would be decoded by those of another. Who opens a
/// picture sets the pointers to them to null first (forget_tables). libjpeg's own asks malloc for each
/// picture anew, and takes as much as a header asks for. Here pictures reuse the same blocks (of which kKeptScratch bytes stay between
/// pictures), and one that wants more than `limit` bytes ends in JERR_OUT_OF_MEMORY with `is_over_limit` set.
///
///   jpeg_create_decompress(&info); memory.attach(info); ... jpeg_destroy_decompress(&info);
///
/// Whole pictures of coefficients (progressive) lie here too: nothing goes to temporary files. Must outlive `info`, at its place.
class LibjpegMemory {
 public:
  LibjpegMemory() = default;
  ~LibjpegMemory();
  LibjpegMemory(const LibjpegMemory&) = delete;
  LibjpegMemory& operator=(const LibjpegMemory&) = delete;

  /// After jpeg_mem_src: the source is to stay.
  void attach(jpeg_decompress_struct& info);
  /// Before each picture: no quantisation and no Huffman table is known.
  static void forget_tables(jpeg_decompress_struct& info);

  std::size_t limit = SIZE_MAX;
  bool is_over_limit = false;  ///< of the picture since the last one ended

 private:
  struct Methods;  // libjpeg's callbacks
  struct Hooked {
    jpeg_memory_mgr methods{};  // what info.mem points to: first
    LibjpegMemory* self = nullptr;
  };

  void* allocate(j_common_ptr info, std::size_t bytes);
  void** rows(j_common_ptr info, std::size_t row_bytes, JDIMENSION count);
  void release();

  struct Block {
    void* data = nullptr;
    std::size_t size = 0;
  };
  std::array<Block, 256> blocks_{};
  std::size_t count_ = 0, current_ = 0, used_ = 0;  // of blocks_[current_]
  std::size_t total_ = 0;                           // handed out for this picture
  VirtualRows* arrays_ = nullptr;                   // requested, the last one first
  Hooked hooked_;
  jpeg_memory_mgr* original_ = nullptr;
};

}  // namespace penstock::image
