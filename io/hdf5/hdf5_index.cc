#include <algorithm>
#include <cstring>

#include "engine/base/error.h"
#include "io/data/dataset.h"
#include "io/file/file.h"
#include "io/hdf5/hdf5_dataset.h"
#include "io/hdf5/record_layout.h"

namespace penstock::io {
namespace {

Error wrong(const std::string& path, const std::string& what) {
  return Error(Code::kData, "cannot use '" + path + "': " + what)
      .hint("it is damaged or was cut short: pack the source again");
}

// Elements of one part, front to back, a block at a time.
class PartReader {
 public:
  PartReader(const File& file, const Hdf5Layout& layout, Hdf5Layout::Part part)
      : file_(file), at_(layout.parts[part].offset), left_(layout.parts[part].elements * kind_of(part).element_bytes) {}

  template <class T>
  T next() {
    T value;
    take(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  void take(std::span<std::byte> dest) {
    while (!dest.empty()) {
      if (used_ == block_.size()) fill();
      const size_t count = std::min(dest.size(), block_.size() - used_);
      std::memcpy(dest.data(), block_.data() + used_, count);
      used_ += count;
      dest = dest.subspan(count);
    }
  }

 private:
  static constexpr uint64_t kBlock = uint64_t{256} << 10;

  void fill() {
    PENSTOCK_CHECK(left_ > 0);
    block_.resize(std::min(kBlock, left_));
    file_.read_exactly(at_, block_);
    at_ += block_.size();
    left_ -= block_.size();
    used_ = 0;
  }

  const File& file_;
  uint64_t at_, left_;
  std::vector<std::byte> block_;
  size_t used_ = 0;
};

// Places that rise from 0 on and stay within what they point into.
class Ends {
 public:
  Ends(const std::string& path, const File& file, const Hdf5Layout& layout, Hdf5Layout::Part ends,
       Hdf5Layout::Part inside)
      : path_(path), name_(kind_of(ends).name), all_(layout.parts[inside].elements), reader_(file, layout, ends) {
    if (const auto first = reader_.next<uint64_t>(); first != 0)
      throw wrong(path_, std::string("'") + name_ + "' begins with " + std::to_string(first) + ", not with 0");
  }
  /// Length of the next one; `begin` is where it begins.
  uint64_t next() {
    begin_ = end_;
    end_ = reader_.next<uint64_t>();
    if (end_ < begin_ || end_ > all_ || end_ - begin_ > RecordRow::kMostBytes)
      throw wrong(path_, std::string("'") + name_ + "' points to " + std::to_string(end_) + ", behind " +
                             std::to_string(begin_) + " and with " + std::to_string(all_) + " bytes there");
    return end_ - begin_;
  }
  uint64_t begin() const { return begin_; }

 private:
  const std::string& path_;
  const char* name_;
  const uint64_t all_;
  PartReader reader_;
  uint64_t begin_ = 0, end_ = 0;
};

constexpr uint64_t kMostName = uint64_t{1} << 20;

}  // namespace

void make_hdf5_index(FileSystem& fs, const std::string& path, const std::string& index_path) {
  const File file(fs, path, OpenMode::kRead);
  const FileStat stat = file.stat();
  const Hdf5Layout layout = read_hdf5_layout(path, stat.bytes);
  if (!(layout.head.schema == Dataset::picture_schema()))
    throw wrong(path, "it holds records of other fields than encoded bytes and a label");
  if (layout.records() == 0)
    throw Error(Code::kUsage, "'" + path + "' holds no records").hint("pack a source into it first");
  Ends bytes(path, file, layout, Hdf5Layout::kOffsets, Hdf5Layout::kBytes);
  Ends names(path, file, layout, Hdf5Layout::kNameOffsets, Hdf5Layout::kNames);
  PartReader ids(file, layout, Hdf5Layout::kId), labels(file, layout, Hdf5Layout::kLabel),
      record_sums(file, layout, Hdf5Layout::kChecksum), verified(file, layout, Hdf5Layout::kVerified),
      name_bytes(file, layout, Hdf5Layout::kNames);
  RecordIndexWriter writer(fs, index_path);
  const auto classes = static_cast<int64_t>(layout.head.classes.size());
  std::string name;
  RecordSums all;
  for (uint64_t place = 0; place < layout.records(); ++place) {
    const uint64_t length = bytes.next(), name_length = names.next();
    if (name_length > kMostName) throw wrong(path, "the name of record " + std::to_string(place) + " is too long");
    name.resize(name_length);
    name_bytes.take(std::as_writable_bytes(std::span(name)));
    const auto label = labels.next<int32_t>();
    if (label < -1 || (classes > 0 && label >= classes))
      throw wrong(path, "it has a label " + std::to_string(label) + " but " + std::to_string(classes) + " classes");
    const bool is_verified = verified.next<uint8_t>() == 1;
    const auto id = ids.next<uint64_t>(), sum = record_sums.next<uint64_t>();
    all.add(length, label, id, sum, is_verified, name);
    const uint64_t flags = RecordRow::kHasChecksum | (is_verified ? RecordRow::kVerified : uint64_t{0});
    writer.add({.offset = layout.parts[Hdf5Layout::kBytes].offset + bytes.begin(),
                .length_and_flags = RecordRow::pack(length, flags),
                .checksum = sum,
                .label = label},
               name, id);
  }
  if (PartReader(file, layout, Hdf5Layout::kSums).next<uint64_t>() != all.value())
    throw wrong(path, "its labels, names or checksums are not those that were packed");
  RecordIndexHead head;
  head.format = "hdf5";
  head.files = {{base_name(path), stat.bytes, stat.mtime_ns, 0}};
  head.classes = layout.head.classes;
  head.fingerprint = layout.head.fingerprint();
  try {
    writer.finish(std::move(head));
  } catch (const Error& error) {
    if (error.code() == Code::kData) throw wrong(path, "an id is missing among its records, or in it twice");
    throw;
  }
}

}  // namespace penstock::io
