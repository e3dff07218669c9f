#include "stages/image/libjpeg_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <jerror.h>

namespace penstock::image {

// All rows of a picture, in memory as a whole.
struct VirtualRows {
  void** rows;
  std::size_t row_bytes;
  JDIMENSION count;
  bool is_zeroed;
  VirtualRows* next;
};

}  // namespace penstock::image

// Types that libjpeg names and leaves to its memory manager.
struct jvirt_sarray_control : penstock::image::VirtualRows {};
struct jvirt_barray_control : penstock::image::VirtualRows {};

namespace penstock::image {
namespace {

constexpr std::size_t kAlignment = 64;         // libjpeg's vector code wants 32
constexpr std::size_t kSmallest = 256u << 10;  // block

constexpr std::size_t round_up(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

void fail(j_common_ptr info, int code) {
  info->err->msg_code = code;
  info->err->msg_parm.i[0] = 0;
  info->err->error_exit(info);  // does not return
}

}  // namespace

// Trivially destructible locals only, here and below: libjpeg's errors jump over these frames.
struct LibjpegMemory::Methods {
  static LibjpegMemory& of(j_common_ptr info) { return *reinterpret_cast<Hooked*>(info->mem)->self; }

  static void* alloc(j_common_ptr info, int, std::size_t bytes) { return of(info).allocate(info, bytes); }
  static JSAMPARRAY alloc_sarray(j_common_ptr info, int, JDIMENSION samples, JDIMENSION count) {
    return reinterpret_cast<JSAMPARRAY>(of(info).rows(info, samples * sizeof(JSAMPLE), count));
  }
  static JBLOCKARRAY alloc_barray(j_common_ptr info, int, JDIMENSION blocks, JDIMENSION count) {
    return reinterpret_cast<JBLOCKARRAY>(of(info).rows(info, blocks * sizeof(JBLOCK), count));
  }
  template <class Rows>
  static Rows* request(j_common_ptr info, std::size_t row_bytes, JDIMENSION count, bool is_zeroed) {
    LibjpegMemory& memory = of(info);
    auto* rows = static_cast<Rows*>(memory.allocate(info, sizeof(Rows)));
    static_cast<VirtualRows&>(*rows) = {nullptr, row_bytes, count, is_zeroed, memory.arrays_};
    memory.arrays_ = rows;
    return rows;
  }
  static jvirt_sarray_ptr request_sarray(j_common_ptr info, int, boolean zeroed, JDIMENSION samples, JDIMENSION count,
                                         JDIMENSION) {
    return request<jvirt_sarray_control>(info, samples * sizeof(JSAMPLE), count, zeroed != FALSE);
  }
  static jvirt_barray_ptr request_barray(j_common_ptr info, int, boolean zeroed, JDIMENSION blocks, JDIMENSION count,
                                         JDIMENSION) {
    return request<jvirt_barray_control>(info, blocks * sizeof(JBLOCK), count, zeroed != FALSE);
  }
  static void realize(j_common_ptr info) {
    LibjpegMemory& memory = of(info);
    for (VirtualRows* rows = memory.arrays_; rows != nullptr; rows = rows->next) {
      if (rows->rows != nullptr) continue;
      rows->rows = memory.rows(info, rows->row_bytes, rows->count);
      for (JDIMENSION y = 0; rows->is_zeroed && y < rows->count; ++y) std::memset(rows->rows[y], 0, rows->row_bytes);
    }
  }
  static void** access(j_common_ptr info, VirtualRows* rows, JDIMENSION first, JDIMENSION count) {
    if (rows->rows == nullptr || first > rows->count || count > rows->count - first)
      fail(info, JERR_BAD_VIRTUAL_ACCESS);
    return rows->rows + first;
  }
  static JSAMPARRAY access_sarray(j_common_ptr info, jvirt_sarray_ptr rows, JDIMENSION first, JDIMENSION count,
                                  boolean) {
    return reinterpret_cast<JSAMPARRAY>(access(info, rows, first, count));
  }
  static JBLOCKARRAY access_barray(j_common_ptr info, jvirt_barray_ptr rows, JDIMENSION first, JDIMENSION count,
                                   boolean) {
    return reinterpret_cast<JBLOCKARRAY>(access(info, rows, first, count));
  }
  static void free_pool(j_common_ptr info, int pool) {
    // Of libjpeg's own pools nothing was taken since attach(): the permanent one goes when the decoder does.
    if (pool == JPOOL_IMAGE) of(info).release();
  }
  static void self_destruct(j_common_ptr info) {
    info->mem = of(info).original_;
    info->mem->self_destruct(info);
  }
};

LibjpegMemory::~LibjpegMemory() {
  for (Block& block : blocks_) std::free(block.data);
}

void LibjpegMemory::attach(jpeg_decompress_struct& info) {
  original_ = info.mem;
  jpeg_memory_mgr& methods = hooked_.methods;
  methods = *original_;
  methods.alloc_small = methods.alloc_large = Methods::alloc;
  methods.alloc_sarray = Methods::alloc_sarray;
  methods.alloc_barray = Methods::alloc_barray;
  methods.request_virt_sarray = Methods::request_sarray;
  methods.request_virt_barray = Methods::request_barray;
  methods.realize_virt_arrays = Methods::realize;
  methods.access_virt_sarray = Methods::access_sarray;
  methods.access_virt_barray = Methods::access_barray;
  methods.free_pool = Methods::free_pool;
  methods.self_destruct = Methods::self_destruct;
  hooked_.self = this;
  info.mem = &methods;
}

void LibjpegMemory::forget_tables(jpeg_decompress_struct& info) {
  std::fill(std::begin(info.quant_tbl_ptrs), std::end(info.quant_tbl_ptrs), nullptr);
  std::fill(std::begin(info.dc_huff_tbl_ptrs), std::end(info.dc_huff_tbl_ptrs), nullptr);
  std::fill(std::begin(info.ac_huff_tbl_ptrs), std::end(info.ac_huff_tbl_ptrs), nullptr);
}

void* LibjpegMemory::allocate(j_common_ptr info, std::size_t bytes) {
  const std::size_t size = round_up(bytes);
  if (size < bytes || size > limit || total_ > limit - size) {
    is_over_limit = true;
    fail(info, JERR_OUT_OF_MEMORY);
  }
  for (; current_ < count_ && blocks_[current_].size - used_ < size; ++current_) used_ = 0;
  if (current_ == count_) {
    used_ = 0;
    // Blocks double, so that their number stays small.
    const std::size_t wanted =
        std::max({size, kSmallest, count_ == 0 ? 0 : std::min(blocks_[count_ - 1].size * 2, kKeptScratch)});
    void* data = count_ == blocks_.size() ? nullptr : std::aligned_alloc(kAlignment, round_up(wanted));
    if (data == nullptr) fail(info, JERR_OUT_OF_MEMORY);
    blocks_[count_++] = {data, round_up(wanted)};
  }
  void* const place = static_cast<std::byte*>(blocks_[current_].data) + used_;
  used_ += size;
  total_ += size;
  return place;
}

// Rows begin aligned, and are readable and writable up to the next multiple of 64 bytes and 64 behind it.
void** LibjpegMemory::rows(j_common_ptr info, std::size_t row_bytes, JDIMENSION count) {
  const std::size_t stride = round_up(row_bytes);
  if (row_bytes > SIZE_MAX / 4 || (count > 0 && stride > (SIZE_MAX / 4) / count)) {
    is_over_limit = true;
    fail(info, JERR_OUT_OF_MEMORY);
  }
  auto** pointers = static_cast<void**>(allocate(info, sizeof(void*) * count));
  auto* data = static_cast<std::byte*>(allocate(info, stride * count + kAlignment));
  for (JDIMENSION y = 0; y < count; ++y) pointers[y] = data + stride * y;
  return pointers;
}

void LibjpegMemory::release() {
  std::size_t kept = 0;
  std::size_t count = 0;
  for (; count < count_ && kept + blocks_[count].size <= kKeptScratch; ++count) kept += blocks_[count].size;
  for (std::size_t i = count; i < count_; ++i) {
    std::free(blocks_[i].data);
    blocks_[i] = {};
  }
  count_ = count;
  current_ = used_ = total_ = 0;
  arrays_ = nullptr;
  is_over_limit = false;
}

}  // namespace penstock::image
