#include "pipelines/train/ledger.h"

#include <cstring>
#include <span>

#include "engine/base/error.h"
#include "io/file/checksum.h"

namespace penstock::train {
namespace {

enum class Kind : uint8_t { kPlan = 1, kStep = 2 };

/// Little-endian numbers one after the other.
class Writer {
 public:
  explicit Writer(Kind kind) { u8(static_cast<uint8_t>(kind)); }
  Writer& u8(uint8_t v) { return put(v, 1); }
  Writer& u32(uint32_t v) { return put(v, 4); }
  Writer& u64(uint64_t v) { return put(v, 8); }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  Writer& put(uint64_t v, int size) {
    for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<std::byte>(v >> (8 * i)));
    return *this;
  }
  std::vector<std::byte> bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  uint8_t u8() { return static_cast<uint8_t>(take(1)); }
  uint32_t u32() { return static_cast<uint32_t>(take(4)); }
  uint64_t u64() { return take(8); }
  bool at_end() const { return bytes_.empty(); }

 private:
  uint64_t take(size_t size) {
    if (bytes_.size() < size) throw Error(Code::kData, "an entry of the ledger is too short");
    uint64_t v = 0;
    for (size_t i = 0; i < size; ++i) v |= std::to_integer<uint64_t>(bytes_[i]) << (8 * i);
    bytes_ = bytes_.subspan(size);
    return v;
  }
  std::span<const std::byte> bytes_;
};

LedgerPlan read_plan(Reader& in) {
  LedgerPlan out;
  out.epoch = in.u64();
  out.data = in.u64();
  out.plan.records = in.u64();
  out.plan.seed = in.u64();
  out.plan.order = static_cast<Order>(in.u8());
  out.plan.last = static_cast<Last>(in.u8());
  out.plan.batch = in.u64();
  out.plan.rank = in.u32();
  out.plan.ranks = in.u32();
  out.plan.block = in.u64();
  out.plan.group_blocks = in.u64();
  return out;
}

LedgerStep read_step(Reader& in) {
  LedgerStep out;
  out.epoch = in.u64();
  out.step = in.u64();
  out.count = in.u64();
  out.ids_xxh3 = in.u64();
  const uint64_t refusals = in.u64();
  for (uint64_t i = 0; i < refusals; ++i) {
    LedgerRefusal refusal;
    refusal.record = in.u64();
    refusal.position = in.u64();
    refusal.attempt = in.u32();
    refusal.replaced = in.u8() != 0;
    refusal.replacement = in.u64();
    out.refusals.push_back(refusal);
  }
  return out;
}

}  // namespace

uint64_t ids_xxh3(std::span<const uint64_t> ids) {
  io::Checksum sum;
  for (const uint64_t id : ids) sum.add(id);
  return sum.value();
}

void LedgerWriter::plan(const LedgerPlan& plan) {
  const PlanOptions& p = plan.plan;
  Writer out(Kind::kPlan);
  out.u64(plan.epoch).u64(plan.data).u64(p.records).u64(p.seed).u8(static_cast<uint8_t>(p.order));
  out.u8(static_cast<uint8_t>(p.last)).u64(p.batch).u32(p.rank).u32(p.ranks).u64(p.block).u64(p.group_blocks);
  log_.append(out.bytes());
}

void LedgerWriter::step(const Taken& taken) {
  Writer out(Kind::kStep);
  out.u64(taken.epoch).u64(taken.step).u64(taken.ids.size()).u64(ids_xxh3(taken.ids)).u64(taken.rejections.size());
  for (const Rejection& r : taken.rejections)
    out.u64(r.record).u64(r.position).u32(r.attempt).u8(r.replaced ? 1 : 0).u64(r.replacement);
  log_.append(out.bytes());
}

std::vector<LedgerEntry> read_ledger(io::FileSystem& fs, const std::string& path) {
  std::vector<LedgerEntry> entries;
  io::FramedLogReader log(fs, path, kLedgerKind);
  while (const auto frame = log.next()) {
    Reader in(*frame);
    const auto kind = static_cast<Kind>(in.u8());
    if (kind == Kind::kPlan)
      entries.emplace_back(read_plan(in));
    else if (kind == Kind::kStep)
      entries.emplace_back(read_step(in));
    else
      throw Error(Code::kData, "the ledger '" + path + "' has an entry of an unknown kind");
    if (!in.at_end()) throw Error(Code::kData, "the ledger '" + path + "' has an entry that is too long");
  }
  return entries;
}

}  // namespace penstock::train
