#include "io/tar/tar_writer.h"

#include <sys/file.h>

#include <cstdio>
#include <cstring>
#include <optional>

#include "engine/base/error.h"
#include "io/file/append_file.h"
#include "io/file/checksum.h"
#include "io/tar/tar_format.h"
#include "io/tar/tar_index.h"

namespace penstock::io {
namespace {

const char* ending_for(std::span<const std::byte> bytes) {
  const auto begins = [&](std::string_view magic) {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  };
  return begins("\xff\xd8\xff") ? ".jpg"
         : begins("\x89PNG")    ? ".png"
         : begins("P6")         ? ".ppm"
         : begins("P5")         ? ".pgm"
                                : ".bin";
}

std::string digits_of(uint64_t number) {
  std::string text = std::to_string(number);
  return std::string(text.size() < 9 ? 9 - text.size() : 0, '0') + text;
}

class TarWriter final : public RecordWriter {
 public:
  TarWriter(std::string dest, RecordWriterOptions options, FileSystem& fs)
      : fs_(fs), dest_(std::move(dest)), partial_(dest_ + ".partial"), options_(std::move(options)) {}

  void open() {
    if (fs_.exists(dest_)) {
      const auto head = head_of(dest_);
      if (!head || !(*head == options_.head))
        throw Error(Code::kUsage, "'" + dest_ + "' is there already, and is not this packing")
            .hint("choose another DEST, or remove it");
      complete_ = true;
      return;
    }
    lock_ = File(fs_, partial_, OpenMode::kOpenOrCreate);
    if (::flock(lock_.fd(), LOCK_EX | LOCK_NB) != 0 || !fs_.exists(partial_) ||
        fs_.stat(partial_).inode != lock_.stat().inode)
      throw Error(Code::kUsage, "another program is packing into '" + partial_ + "' right now")
          .hint("wait for it, or choose another DEST");
    const uint64_t good = look_back();
    out_.emplace(fs_, partial_);
    out_->truncate(good);
    if (good == 0) member(TarNames::kHead, bytes_of(options_.head.to_json()));
  }

  bool already_complete() const override { return complete_; }
  uint64_t committed() const override { return committed_; }
  uint64_t size() const override { return committed_ + chunk_.records.size(); }
  uint64_t resume_source_position() const override { return resume_; }

  void append(const PackedRecord& record) override {
    if (record.bytes.size() > UINT32_MAX)
      throw Error(Code::kUsage, "'" + std::string(record.name) + "' has " + std::to_string(record.bytes.size()) +
                                    " bytes; a packed record has at most 4 GiB");
    if (chunk_.records.empty()) chunk_.first_position = committed_;
    const std::string stem = digits_of(record.id);
    member(stem + ending_for(record.bytes), record.bytes);
    if (record.label >= 0) member(stem + ".cls", bytes_of(std::to_string(record.label)));
    chunk_.records.push_back({.id = record.id,
                              .checksum = checksum(record.bytes),
                              .label = static_cast<int32_t>(record.label),
                              .length = static_cast<uint32_t>(record.bytes.size()),
                              .verified = record.verified,
                              .name = std::string(record.name)});
    chunk_.source_position = record.source_position;
    chunk_bytes_ += record.bytes.size();
    if (chunk_bytes_ >= options_.commit_bytes) commit();
  }

  void commit() override {
    if (chunk_.records.empty()) return;
    out_->sync();  // first the records, then what vouches for them: a power cut may keep later pages and lose earlier ones
    member(TarNames::kChunk + digits_of(committed_), bytes_of(to_bytes(chunk_)));
    out_->sync();
    committed_ += chunk_.records.size();
    resume_ = chunk_.source_position + 1;
    chunk_ = {};
    chunk_bytes_ = 0;
  }

  void finish() override {
    commit();
    out_->append(std::string(2 * kTarBlock, '\0'));
    out_->sync();
    // The index is made from the file itself: what is not right in it is found before it gets its name.
    make_tar_index(fs_, {partial_}, dest_ + ".penstock-index", dest_);
    fs_.rename(partial_, dest_);
    fs_.sync_folder(parent_of(dest_));
  }

 private:
  void member(const std::string& name, std::span<const std::byte> bytes) {
    static constexpr std::array<std::byte, kTarBlock> kZeros{};
    out_->append(tar_header(name, bytes.size()));
    out_->append(bytes);
    out_->append(std::span(kZeros).first(tar_padded(bytes.size()) - bytes.size()));
  }

  std::optional<PackHead> head_of(const std::string& path) const {
    struct Found {};
    std::optional<PackHead> head;
    try {
      const File file(fs_, path, OpenMode::kRead);
      walk_tar(file, 0, file.size(), [&](const TarMember& member) {
        if (member.name == TarNames::kHead && member.bytes < (1 << 26)) {
          std::string text(member.bytes, '\0');
          file.read_exactly(member.offset, std::as_writable_bytes(std::span(text)));
          head = PackHead::from_json(text, path);
        }
        throw Found{};
      });
    } catch (const Found&) {  // the first member is the head or it is not ours
    } catch (const Error& error) {
      if (error.code() != Code::kData) throw;
    }
    return head;
  }

  /// Where the last whole chunk ends; 0: begin anew.
  uint64_t look_back() {
    if (lock_.size() == 0) return 0;
    const auto head = head_of(partial_);
    if (head && !(*head == options_.head))
      throw Error(Code::kUsage, "'" + partial_ + "' is another packing that was not finished")
          .hint("choose another DEST, finish that one, or remove it");
    if (!head) {
      if (lock_.size() > (1 << 20))
        throw Error(Code::kUsage, "'" + partial_ + "' is no unfinished packing")
            .hint("choose another DEST, or remove it");
      return 0;  // killed while the head was written
    }
    uint64_t good = 0;
    try {
      walk_tar(lock_, 0, lock_.size(), [&](const TarMember& member) {
        if (!member.name.starts_with(TarNames::kChunk)) return;
        std::string text(member.bytes, '\0');
        lock_.read_exactly(member.offset, std::as_writable_bytes(std::span(text)));
        const auto chunk = chunk_from(std::as_bytes(std::span(text)));
        const uint64_t end = member.offset + tar_padded(member.bytes);
        if (!chunk || chunk->first_position != committed_ || end > lock_.size()) return;
        committed_ += chunk->records.size();
        resume_ = chunk->source_position + 1;
        good = end;
      });
    } catch (const Error& error) {
      if (error.code() != Code::kData) throw;  // torn behind the last chunk
    }
    return good;
  }

  FileSystem& fs_;
  const std::string dest_, partial_;
  const RecordWriterOptions options_;
  File lock_;
  std::optional<AppendFile> out_;
  RecordChunk chunk_;
  uint64_t chunk_bytes_ = 0, committed_ = 0, resume_ = 0;
  bool complete_ = false;
};

}  // namespace

std::unique_ptr<RecordWriter> open_tar_writer(const std::string& dest, RecordWriterOptions options, FileSystem& fs) {
  auto writer = std::make_unique<TarWriter>(dest, std::move(options), fs);
  writer->open();
  return writer;
}

}  // namespace penstock::io
