#include "io/table/arrow/arrow_file.h"

#include <algorithm>

#include <arrow/buffer.h>

namespace penstock::io {
namespace {

// Arrow's messages end in where in its sources they were made, which helps nobody here.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

arrow::Status ArrowInput::Seek(int64_t position) {
  if (position < 0) return arrow::Status::Invalid("a place before the file");
  position_ = position;
  return arrow::Status::OK();
}

arrow::Result<int64_t> ArrowInput::Read(int64_t bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position_, bytes, out));
  position_ += got;
  return got;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ArrowInput::Read(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(auto got, ReadAt(position_, bytes));
  position_ += got->size();
  return got;
}

arrow::Result<int64_t> ArrowInput::ReadAt(int64_t position, int64_t bytes, void* out) {
  if (position < 0 || bytes < 0) return arrow::Status::Invalid("a place before the file");
  try {
    const auto size = static_cast<size_t>(bytes);
    return static_cast<int64_t>(file_.read_at(static_cast<uint64_t>(position), {static_cast<std::byte*>(out), size}));
  } catch (const Error& e) {
    const std::lock_guard lock(mutex_);
    fault_ = e;
    return arrow::Status::IOError(e.what());
  }
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ArrowInput::ReadAt(int64_t position, int64_t bytes) {
  if (position < 0 || bytes < 0) return arrow::Status::Invalid("a place before the file");
  // A damaged length may ask for more than any memory holds.
  const uint64_t left = bytes_ - std::min(bytes_, static_cast<uint64_t>(position));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::min(bytes, static_cast<int64_t>(left))));
  ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position, buffer->size(), buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(got));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Future<std::shared_ptr<arrow::Buffer>> ArrowInput::ReadAsync(const arrow::io::IOContext&, int64_t position,
                                                                    int64_t bytes, bool allow_short_read) {
  auto read = ReadAt(position, bytes);
  if (read.ok() && !allow_short_read && (*read)->size() < bytes)
    read = arrow::Status::IOError("the file ends at byte ", bytes_);
  return arrow::Future<std::shared_ptr<arrow::Buffer>>::MakeFinished(std::move(read));
}

void ArrowInput::check(const arrow::Status& status, const std::string& verb) const {
  if (status.ok()) return;
  const std::lock_guard lock(mutex_);
  if (fault_) throw Error(*fault_);
  if (status.IsOutOfMemory())
    throw Error(Code::kMemory, "cannot " + verb + " '" + file_.path() + "': " + first_line(status.message()));
  throw Error(Code::kData, "cannot " + verb + " '" + file_.path() + "': " + first_line(status.message()))
      .hint("the file is damaged, was cut short, or is of another kind than its name says");
}

arrow::Status ArrowOutput::Write(const void* data, int64_t bytes) {
  try {
    file_.write({static_cast<const std::byte*>(data), static_cast<size_t>(bytes)});
    return arrow::Status::OK();
  } catch (const Error& e) {
    fault_ = e;
    return arrow::Status::IOError(e.what());
  }
}

void ArrowOutput::check(const arrow::Status& status) const {
  if (status.ok()) return;
  if (fault_) throw Error(*fault_);
  throw Error(status.IsOutOfMemory() ? Code::kMemory : Code::kInternal,
              "cannot write '" + file_.path() + "': " + first_line(status.message()));
}

}  // namespace penstock::io
