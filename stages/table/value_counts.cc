#include "stages/table/value_counts.h"

#include <cstring>

#include "stages/table/text_hash.h"

namespace penstock::table {

void ValueCounts::grow() {
  slots_.assign(std::max<size_t>(64, slots_.size() * 2), 0);
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t slot = entries_[i].hash & (slots_.size() - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<uint32_t>(i + 1);
  }
}

ValueCounts::Entry& ValueCounts::entry_of(std::string_view text, uint64_t hash) {
  if (2 * (entries_.size() + 1) > slots_.size()) grow();
  size_t slot = hash & (slots_.size() - 1);
  for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    Entry& entry = entries_[slots_[slot] - 1];
    if (entry.hash == hash && this->text(entry) == text) return entry;
  }
  entries_.push_back({.hash = hash, .at = texts_.size(), .size = static_cast<uint32_t>(text.size())});
  texts_ += text;
  slots_[slot] = static_cast<uint32_t>(entries_.size());
  return entries_.back();
}

void ValueCounts::add(std::string_view text, double y, uint64_t count) {
  if (count == 0) return;
  Entry& entry = entry_of(text, hash_text(text));
  if (entry.count == 0) entry.target = y;
  entry.varies = entry.varies || !(entry.target == y);
  entry.count += count;
}

void ValueCounts::merge(const ValueCounts& other) {
  for (const Entry& from : other.entries_) {
    Entry& entry = entry_of(other.text(from), from.hash);
    if (entry.count == 0) entry.target = from.target;
    entry.varies = entry.varies || from.varies || !(entry.target == from.target);
    entry.count += from.count;
  }
}

void ValueCounts::clear() {
  entries_.clear();
  texts_.clear();
  slots_.assign(slots_.size(), 0);
}

uint64_t ValueCounts::bytes() const {
  return entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(uint32_t) + texts_.capacity();
}

}  // namespace penstock::table
