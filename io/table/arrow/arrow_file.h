// Arrow's files over the one door, and its statuses as errors.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/future.h>

#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/file/file.h"

namespace penstock::io {

/// Reads for Arrow, by pread. ReadAt and GetSize may be called from any thread. An Error of the door is kept for check().
class ArrowInput final : public arrow::io::RandomAccessFile {
 public:
  ArrowInput(FileSystem& fs, const std::string& path) : file_(fs, path, OpenMode::kRead), bytes_(file_.size()) {}
  const File& file() const { return file_; }
  uint64_t bytes() const { return bytes_; }

  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Seek(int64_t position) override;
  arrow::Result<int64_t> GetSize() override { return static_cast<int64_t>(bytes_); }
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) override;

  /// Done when it returns: Arrow's own threads would hold the file longer than its owner does, and read past the budget of threads.
  arrow::Future<std::shared_ptr<arrow::Buffer>> ReadAsync(const arrow::io::IOContext&, int64_t position, int64_t bytes,
                                                          bool allow_short_read) override;
  arrow::Future<std::shared_ptr<arrow::Buffer>> ReadAsync(const arrow::io::IOContext& context, int64_t position,
                                                          int64_t bytes) override {
    return ReadAsync(context, position, bytes, true);
  }

  /// Throws what the door said, else kData: "cannot <verb> '<path>': <what Arrow says>"; nothing where all is well.
  void check(const arrow::Status& status, const std::string& verb = "read") const;
  template <class T>
  T check(arrow::Result<T> result, const std::string& verb = "read") const {
    check(result.status(), verb);
    return std::move(result).ValueUnsafe();
  }

 private:
  File file_;
  uint64_t bytes_;
  int64_t position_ = 0;
  mutable std::mutex mutex_;
  mutable std::optional<Error> fault_;
};

/// Writes for Arrow into an AtomicFile, which whoever made it commits.
class ArrowOutput final : public arrow::io::OutputStream {
 public:
  ArrowOutput(FileSystem& fs, const std::string& path) : file_(fs, path) {}
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(file_.size()); }
  arrow::Status Write(const void* data, int64_t bytes) override;
  using arrow::io::OutputStream::Write;

  AtomicFile& file() { return file_; }
  /// Throws what the door said, else kInternal.
  void check(const arrow::Status& status) const;

 private:
  AtomicFile file_;
  std::optional<Error> fault_;
};

}  // namespace penstock::io
