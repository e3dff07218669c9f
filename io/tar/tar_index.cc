#include "io/tar/tar_index.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "io/data/folder_listing.h"
#include "io/data/lmdb_format.h"
#include "io/file/checksum.h"
#include "io/index/record_index.h"
#include "io/tar/class_folders.h"
#include "io/tar/tar_format.h"

namespace penstock::io {
namespace {

constexpr uint64_t kMostSmall = uint64_t{1} << 20;  // of a .cls, .json, head: beyond, it is none
constexpr uint64_t kMostChunk = uint64_t{1} << 32;

std::string text_at(const File& file, const TarMember& member, uint64_t most) {
  if (member.bytes > most)
    throw Error(Code::kData,
                "'" + member.name + "' in '" + file.path() + "' has " + std::to_string(member.bytes) + " bytes");
  std::string text(member.bytes, '\0');
  file.read_exactly(member.offset, std::as_writable_bytes(std::span(text)));
  return text;
}

std::string ending_of(const std::string& name) {
  const size_t dot = name.find('.', name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
  std::string ending = dot == std::string::npos ? "" : name.substr(dot + 1);
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}
std::string key_of(const std::string& name) {
  const std::string ending = ending_of(name);
  return ending.empty() ? name : name.substr(0, name.size() - ending.size() - 1);
}

/// WebDataset: members come key by key.
class Samples {
 public:
  explicit Samples(RecordIndexWriter& writer) : writer_(writer) {}

  void add(const File& file, uint32_t shard, const TarMember& member) {
    const std::string key = key_of(member.name), ending = ending_of(member.name);
    if (key != key_) {
      flush(file.path());
      key_ = key;
      if (!seen_.insert(checksum(key)).second)
        throw Error(Code::kData, "the key '" + key + "' comes twice in '" + file.path() + "', with others between")
            .hint("a record's members must follow one another, and keys must differ: make the shard again");
    }
    if (!row_ && has_picture_ending(member.name)) {
      row_ = RecordRow{.offset = member.offset, .length_and_flags = RecordRow::pack(member.bytes, 0), .file = shard};
      name_ = member.name;
    } else if (ending == "cls") {
      label_ = label_from(text_at(file, member, kMostSmall), member.name, file.path());
    } else if (ending == "json") {
      if (label_ < 0) label_ = label_from_json(text_at(file, member, kMostSmall));
    } else {
      ++others_[ending.empty() ? "none" : "." + ending];
    }
  }
  void end_shard(const std::string& path) {
    flush(path);
    key_.clear();
    seen_.clear();  // WebDataset's shards may use the same keys
  }

  RecordIndexHead head() {
    RecordIndexHead head;
    if (most_ >= 0 && most_ < (1 << 24)) {
      for (int64_t c = 0; c <= most_; ++c) head.classes.push_back(std::to_string(c));
    }
    head.fingerprint = sum_.value();
    for (const auto& [ending, count] : others_)
      head.note +=
          (head.note.empty() ? "members that are not read: " : ", ") + std::to_string(count) + " of ending " + ending;
    if (without_ > 0)
      head.note +=
          (head.note.empty() ? "" : "; ") + std::to_string(without_) + " keys have no picture and are left out";
    return head;
  }

 private:
  static int64_t label_from(const std::string& text, const std::string& name, const std::string& path) {
    const size_t begin = text.find_first_not_of(" \t\r\n");
    int64_t label = -1;
    if (begin == std::string::npos ||
        std::from_chars(text.data() + begin, text.data() + text.size(), label).ec != std::errc() || label < 0 ||
        label > INT32_MAX)
      throw Error(Code::kData, "'" + name + "' in '" + path + "' is no label: '" + text.substr(0, 40) + "'")
          .hint("a .cls member holds one whole number from 0 on");
    return label;
  }
  static int64_t label_from_json(const std::string& text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return -1;
    for (const char* key : {"label", "cls", "class", "class_id"}) {
      if (json.contains(key) && json[key].is_number_integer()) {
        const auto label = json[key].get<int64_t>();
        if (label >= 0 && label <= INT32_MAX) return label;
      }
    }
    return -1;
  }

  void flush(const std::string&) {
    if (!key_.empty() && !row_) ++without_;
    if (row_) {
      row_->label = static_cast<int32_t>(label_);
      most_ = std::max(most_, label_);
      writer_.add(*row_, name_);
      sum_.add(name_).add(std::string_view("\0", 1)).add(row_->length()).add(static_cast<uint64_t>(label_));
    }
    row_.reset();
    label_ = -1;
  }

  RecordIndexWriter& writer_;
  std::string key_, name_;
  std::optional<RecordRow> row_;
  int64_t label_ = -1, most_ = -1;
  uint64_t without_ = 0;
  std::unordered_set<uint64_t> seen_;
  std::map<std::string, uint64_t> others_;
  Checksum sum_;
};

/// What Penstock packed: records first, then the chunk that says which they are.
class Packed {
 public:
  explicit Packed(RecordIndexWriter& writer) : writer_(writer) {}

  /// Each shard has one; its records come behind those of the shards before.
  void begin(PackHead head, const std::string& path) {
    if (begun_ && head.classes != head_.classes)
      throw Error(Code::kData, "'" + path + "' was packed with other classes than the shards before it")
          .hint("name each shard's data set by itself, or pack all sources into one");
    fingerprints_.add(head.fingerprint());
    only_ = begun_ ? std::nullopt : std::optional(head.fingerprint());
    first_id_ = writer_.size();
    head_ = std::move(head);
    begun_ = true;
  }
  void add(const File& file, uint32_t shard, const TarMember& member) {
    if (member.name.starts_with(TarNames::kChunk)) {
      take(file, text_at(file, member, kMostChunk));
    } else if (ending_of(member.name) != "cls" && !member.name.starts_with("__penstock__/")) {
      waiting_.push_back({.offset = member.offset, .length_and_flags = member.bytes, .file = shard});
    }
  }

  RecordIndexHead head(const std::string& path) const {
    if (!waiting_.empty())
      throw Error(Code::kData, "the tar '" + path + "' ends without the labels of its last records")
          .hint("pack the source again");
    RecordIndexHead head;
    head.classes = head_.classes;
    head.fingerprint = only_.value_or(fingerprints_.value());
    return head;
  }

 private:
  void take(const File& file, const std::string& text) {
    const auto chunk = chunk_from(std::as_bytes(std::span(text)));
    if (!chunk || chunk->records.size() != waiting_.size())
      throw Error(Code::kData, "the labels and checksums in '" + file.path() + "' are damaged")
          .hint("pack the source again");
    for (size_t i = 0; i < waiting_.size(); ++i) {
      const RecordNote& note = chunk->records[i];
      RecordRow row = waiting_[i];
      if (note.length != row.length() || note.label < -1 ||
          (!head_.classes.empty() && note.label >= static_cast<int64_t>(head_.classes.size())))
        throw Error(Code::kData,
                    "the length or label of '" + note.name + "' in '" + file.path() + "' is not what was packed")
            .hint("pack the source again");
      row.length_and_flags =
          RecordRow::pack(row.length_and_flags, RecordRow::kHasChecksum | (note.verified ? RecordRow::kVerified : 0));
      row.checksum = note.checksum;
      row.label = note.label;
      writer_.add(row, note.name, first_id_ + note.id);
    }
    waiting_.clear();
  }

  RecordIndexWriter& writer_;
  PackHead head_;
  bool begun_ = false;
  uint64_t first_id_ = 0;
  Checksum fingerprints_;
  std::optional<uint64_t> only_;  ///< of one shard: as the source's
  std::vector<RecordRow> waiting_;
};

/// What kind of tar it is, from its first members.
enum class Kind { kPacked, kNested, kFolders, kSamples };

Kind kind_of(FileSystem& fs, const std::string& path) {
  struct Enough {};
  const File file(fs, path, OpenMode::kRead);
  uint64_t looked = 0, nested = 0, pictures = 0, in_folders = 0, labels = 0;
  bool packed = false;
  try {
    walk_tar(file, 0, file.size(), [&](const TarMember& member) {
      packed = packed || member.name == TarNames::kHead;
      nested += ending_of(member.name) == "tar";
      labels += ending_of(member.name) == "cls" || ending_of(member.name) == "json";
      pictures += has_picture_ending(member.name);
      in_folders += has_picture_ending(member.name) && member.name.find('/') != std::string::npos;
      if (++looked >= 64 || packed) throw Enough{};
    });
  } catch (const Enough&) {  // the rest is like these
  }
  if (packed) return Kind::kPacked;
  if (nested > 0 && pictures == 0) return Kind::kNested;
  if (pictures > 0 && in_folders == pictures && labels == 0) return Kind::kFolders;
  return Kind::kSamples;
}

}  // namespace

void make_tar_index(FileSystem& fs, const std::vector<std::string>& shards, const std::string& path,
                    const std::string& named) {
  const Kind kind = kind_of(fs, shards.front());
  RecordIndexWriter writer(fs, path);
  ClassFolders sorted;
  Samples samples(writer);
  Packed packed(writer);
  std::vector<IndexedFile> files;
  std::string unclosed;
  uint64_t links = 0, sparse = 0;
  const std::string base = parent_of(shards.front());
  for (uint32_t s = 0; s < shards.size(); ++s) {
    const File file(fs, shards[s], OpenMode::kRead);
    const FileStat stat = file.stat();
    const bool beside = parent_of(shards[s]) == base;
    const std::string& name = named.empty() ? shards[s] : named;
    files.push_back({beside ? base_name(name) : name, stat.bytes, stat.mtime_ns, 0});
    const auto add_sorted = [&](const std::string& prefix, const TarMember& member) {
      if (has_picture_ending(member.name))
        sorted.add(prefix + member.name,
                   {.offset = member.offset, .length_and_flags = RecordRow::pack(member.bytes, 0), .file = s});
    };
    const auto count = [&](const TarEnd& end) {
      links += end.links;
      sparse += end.sparse;
    };
    const TarEnd end = walk_tar(file, 0, stat.bytes, [&](const TarMember& member) {
      switch (kind) {
        case Kind::kPacked:
          if (member.name == TarNames::kHead)
            packed.begin(PackHead::from_json(text_at(file, member, kMostSmall), shards[s]), shards[s]);
          else
            packed.add(file, s, member);
          break;
        case Kind::kNested:
          if (ending_of(member.name) == "tar")
            count(walk_tar(file, member.offset, member.offset + member.bytes,
                           [&](const TarMember& inner) { add_sorted(base_name(key_of(member.name)) + "/", inner); }));
          break;
        case Kind::kFolders: add_sorted("", member); break;
        case Kind::kSamples: samples.add(file, s, member); break;
      }
    });
    count(end);
    if (kind == Kind::kSamples) samples.end_shard(shards[s]);
    if (!end.closed) unclosed += (unclosed.empty() ? "'" : ", '") + base_name(shards[s]) + "'";
  }
  RecordIndexHead head = kind == Kind::kPacked    ? packed.head(shards.front())
                         : kind == Kind::kSamples ? samples.head()
                                                  : sorted.write(writer, shards.front());
  if (writer.size() == 0)
    throw Error(Code::kUsage, "'" + shards.front() + "' holds no pictures")
        .hint("pictures are members that end in .jpg, .jpeg, .png, ...; class tars as in ImageNet's are read too");
  if (links + sparse > 0)
    head.note += (head.note.empty() ? "" : "; ") + std::to_string(links) + " links and " + std::to_string(sparse) +
                 " sparse files are left out: a tar keeps no bytes of the first, and not all of the others";
  if (!unclosed.empty())
    head.note += (head.note.empty() ? "" : "; ") + unclosed + " does not end as tars do, and may have been cut short";
  head.format = "tar";
  head.files = std::move(files);
  writer.finish(std::move(head));
}

}  // namespace penstock::io
