// What a model consumes: one packed tensor per field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/data/schema.h"

namespace penstock {

class BatchBlock;

/// A view of packed values: shape (N, ...) for fixed fields, (total rows, ...) for ragged ones. C-contiguous.
struct Tensor {
  DType dtype = DType::kU8;
  std::vector<int64_t> shape;
  std::byte* data = nullptr;
  size_t bytes = 0;
  /// kRagged only: N + 1 row offsets into this tensor.
  std::span<const int64_t> offsets;
  /// Optional fields only: N values, 1 where the record has the field.
  std::span<const uint8_t> present;

  template <class T>
  std::span<T> as() const {
    PENSTOCK_CHECK(sizeof(T) == size_of(dtype));
    return {reinterpret_cast<T*>(data), bytes / sizeof(T)};
  }
};

/// A record that was refused while its batch was made. In batch order, the same for any number of threads.
struct Rejection {
  uint64_t record = 0;
  uint64_t position = 0;  ///< in the epoch
  uint32_t attempt = 0;   ///< 0: the record that the plan named; k: its k-th replacement
  std::string stage;      ///< stage id, or "read"
  std::string reason;
  bool replaced = false;  ///< by `replacement`, which may itself be refused: then the next line says so
  uint64_t replacement = 0;
};

/// A handle to one batch; copies share it. The memory and its budget come back when the last handle dies.
/// Reading is thread-safe; batch stages write while they alone hold it.
class Batch {
 public:
  Batch() = default;
  explicit Batch(std::shared_ptr<BatchBlock> block) : block_(std::move(block)) {}
  explicit operator bool() const { return block_ != nullptr; }

  size_t size() const;        ///< N: records in it
  uint64_t sequence() const;  ///< 0, 1, ... within the run
  uint64_t epoch() const;
  uint64_t step() const;                  ///< within the epoch
  uint64_t first_position() const;        ///< in the epoch, of the first record of the whole batch, over all ranks
  std::span<const uint64_t> ids() const;  ///< the records that are in it, N
  std::span<const uint64_t> positions() const;  ///< their positions in the epoch, N
  std::span<const Rejection> rejections() const;

  /// The record that stands before the first one, going round the whole batch.
  struct Before {
    uint64_t id = 0;
    size_t row = 0;  ///< of the fixed fields' tensors: the last, or the one behind the last
  };
  /// Where this is the whole batch, its last record. Where it is a rank's share, the one before the share, in graphs with a stage that
  /// looks there (Bound::looks_before); its row is as the slices left it. None in a batch of one record.
  std::optional<Before> before() const;

  const Schema& schema() const;
  /// Throws Error kUsage naming the nearest field.
  Tensor operator[](std::string_view field) const;
  Tensor tensor(size_t field) const;

  const std::shared_ptr<BatchBlock>& block() const { return block_; }

 private:
  std::shared_ptr<BatchBlock> block_;
};

}  // namespace penstock
