#include "pipelines/job/table_walk.h"

#include <algorithm>
#include <numeric>

namespace penstock {
namespace {

// Three groups are in memory at a time, each as fetched and, wider, as decoded: four times as much for CSV and the packed form alike.
constexpr uint64_t kShare = 15;

}  // namespace

TableWalk::TableWalk(const io::Table& table, Cores& cores, const TableWalkOptions& options)
    : table_(table),
      cores_(cores),
      rows_(std::min(options.limit, table.rows())),
      group_bytes_(options.memory_bytes / kShare),
      columns_(table.schema().size()) {
  std::iota(columns_.begin(), columns_.end(), size_t{0});
  coming_ = std::async(std::launch::async, [this] { return fetch_some(); });
}

TableWalk::~TableWalk() {
  if (coming_.valid()) coming_.wait();
}

std::vector<WalkedPiece> TableWalk::fetch_some() {
  std::vector<WalkedPiece> group;
  uint64_t bytes = 0;
  // A piece a core at least keeps all of them busy; more than four gain nothing.
  while (piece_ < table_.pieces() && table_.piece_begin(piece_) < rows_ && group.size() < size_t{4} * cores_.count()) {
    if (!group.empty() && bytes >= group_bytes_) break;
    const uint64_t first = table_.piece_begin(piece_), end = std::min(rows_, table_.piece_begin(piece_ + 1));
    WalkedPiece one{.piece = piece_, .first = first, .rows = static_cast<size_t>(end - first)};
    try {
      one.raw = table_.fetch(piece_, columns_);
      bytes += one.raw->bytes();
    } catch (const Error& e) {
      if (e.code() != Code::kData) throw;
      one.fault = e;
    }
    group.push_back(std::move(one));
    ++piece_;
  }
  return group;
}

std::vector<WalkedPiece> TableWalk::next() {
  std::vector<WalkedPiece> group = coming_.get();
  coming_ = std::async(std::launch::async, [this] { return fetch_some(); });
  parallel_for(cores_, group.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      WalkedPiece& one = group[i];
      if (one.fault) continue;
      try {
        one.raw->decode(0, one.rows, one.block);
      } catch (const Error& e) {
        if (e.code() != Code::kData) throw;
        one.fault = e;
      }
    }
  });
  return group;
}

}  // namespace penstock
