#include "io/table/packed/piece_spool.h"

namespace penstock::io {

PieceSpool::PieceSpool(FileSystem& fs, const std::string& path) : file_(fs, path, OpenMode::kCreate) {
  fs.unlink(path);
}

void PieceSpool::add(std::span<const std::byte> region, Stored as, bool has_valid, bool is_coded) {
  file_.write_at(end_, region);
  regions_.push_back({end_, region.size(), as, has_valid, is_coded});
  end_ += region.size();
}

void PieceSpool::end_piece(uint64_t rows) {
  rows_.push_back(rows);
  firsts_.push_back(regions_.size());
}

const PieceSpool::Region& PieceSpool::region(size_t piece, size_t column) const {
  return regions_[firsts_[piece] + column];
}

std::vector<std::byte> PieceSpool::read(const Region& region) const {
  std::vector<std::byte> bytes(region.bytes);
  file_.read_exactly(region.offset, bytes);
  return bytes;
}

}  // namespace penstock::io
