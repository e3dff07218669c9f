#include "pipelines/train/ledger_proof.h"

#include <map>
#include <optional>
#include <set>
#include <tuple>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "pipelines/train/ledger.h"
#include "pipelines/train/run_directory.h"

namespace penstock::train {
namespace {

using nlohmann::json;

/// (position, attempt, record) of the refusals of an epoch.
using Named = std::set<std::tuple<uint64_t, uint32_t, uint64_t>>;

std::map<uint64_t, Named> read_quarantine(io::FileSystem& fs, const std::string& path) {
  std::map<uint64_t, Named> out;
  if (!fs.exists(path)) return out;
  const std::string text = io::read_file(fs, path);
  size_t line = 0;
  for (size_t begin = 0; begin < text.size();) {
    ++line;
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // a line that a kill cut off
    const json entry = json::parse(text.begin() + static_cast<ptrdiff_t>(begin),
                                   text.begin() + static_cast<ptrdiff_t>(end), nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object() || !entry.contains("epoch"))
      throw Error(Code::kData, "'" + path + "' line " + std::to_string(line) + " is no entry of a quarantine");
    out[entry.value("epoch", uint64_t{0})].emplace(entry.value("position", uint64_t{0}), entry.value("attempt", 0u),
                                                   entry.value("record", uint64_t{0}));
    begin = end + 1;
  }
  return out;
}

std::vector<uint64_t> read_order(io::FileSystem& fs, const std::string& path) {
  if (!fs.exists(path)) return {};
  const io::File file(fs, path, io::OpenMode::kRead);
  std::vector<uint64_t> ids(file.size() / sizeof(uint64_t));
  file.read_exactly(0, std::as_writable_bytes(std::span(ids)));
  return ids;
}

/// One epoch under proof.
class Prover {
 public:
  /// `order`: ids by place, where the plan counts places; empty: it counts ids.
  Prover(const LedgerPlan& plan, const Named* named, const std::vector<uint64_t>& order)
      : plan_(plan.plan), named_(named), order_(order), seen_(plan_.records_in_set()) {
    proof_.epoch = plan.epoch;
    proof_.records = plan_.records_in_set();
    proof_.steps_planned = plan_.steps_per_epoch();
  }

  void again(const LedgerPlan& plan) {
    const PlanOptions& a = plan.plan;
    const PlanOptions& b = plan_.options();
    if (a.records != b.records || a.seed != b.seed || a.order != b.order || a.last != b.last || a.batch != b.batch ||
        a.block != b.block || a.group_blocks != b.group_blocks)
      fault("the plan changed in the middle of the epoch");
  }

  void step(const LedgerStep& step) {
    if (step.step != proof_.steps)
      fault("step " + std::to_string(step.step) + " came where step " + std::to_string(proof_.steps) + " was due");
    proof_.steps = step.step + 1;
    if (step.step >= plan_.steps_per_epoch())
      return fault("step " + std::to_string(step.step) + " is past the end of the epoch");
    const StepSlice slice = plan_.batch(proof_.epoch, step.step);
    std::vector<uint64_t> planned(slice.count);
    plan_.records(proof_.epoch, slice.first, planned);
    for (uint64_t& id : planned) id = id_at(id);
    std::map<uint64_t, std::vector<const LedgerRefusal*>> refused;
    for (const LedgerRefusal& refusal : step.refusals) refused[refusal.position].push_back(&refusal);
    std::vector<uint64_t> expected;
    for (uint64_t i = 0; i < slice.count; ++i) {
      const auto found = refused.find(slice.first + i);
      settle(slice.first + i, planned[i], found == refused.end() ? nullptr : &found->second, expected);
      if (found != refused.end()) refused.erase(found);
    }
    if (!refused.empty()) fault("step " + std::to_string(step.step) + " refused a position that is not its own");
    if (expected.size() != step.count || ids_xxh3(expected) != step.ids_xxh3)
      fault("the records of step " + std::to_string(step.step) + " are not the planned ones");
  }

  EpochProof finish() {
    // Of an epoch under way quarantine.jsonl may be ahead, never behind: its lines are written first.
    if (proof_.is_whole() ? named_->size() != refusals_ : named_->size() < refusals_)
      fault("quarantine.jsonl names " + std::to_string(named_->size()) + " refusals, the ledger " +
            std::to_string(refusals_));
    const uint64_t positions = plan_.positions_per_epoch();
    if (positions < proof_.records) proof_.left_out = proof_.records - positions;
    if (proof_.is_whole() && proof_.seen_once + proof_.quarantined + proof_.left_out != proof_.records)
      fault(std::to_string(proof_.seen_once + proof_.quarantined) + " of " + std::to_string(proof_.records) +
            " records are accounted for");
    if (hidden_ > 0) proof_.faults.push_back("and " + std::to_string(hidden_) + " more");
    return std::move(proof_);
  }

 private:
  uint64_t id_at(uint64_t place) const {
    return plan_.options().order == Order::kFull || place >= order_.size() ? place : order_[place];
  }

  /// Follows the refusals of one position to the record that filled it in the end, if one did.
  void settle(uint64_t position, uint64_t planned, const std::vector<const LedgerRefusal*>* chain,
              std::vector<uint64_t>& out) {
    const bool own = position < proof_.records;  // not filled up from the start again
    if (own && seen_[planned]) fault("record " + std::to_string(planned) + " came twice");
    if (own) seen_[planned] = true;
    if (chain == nullptr) {
      (own ? proof_.seen_once : proof_.wrapped) += 1;
      out.push_back(planned);
      return;
    }
    uint64_t current = planned;
    bool filled = true;
    uint32_t attempt = 0;
    for (const LedgerRefusal* refusal : *chain) {
      ++refusals_;
      if (!filled || refusal->record != current || refusal->attempt != attempt)
        fault("the refusals of position " + std::to_string(position) + " do not follow each other");
      if (named_ == nullptr || !named_->contains({position, refusal->attempt, refusal->record}))
        fault("record " + std::to_string(refusal->record) + " was refused but is not in quarantine.jsonl");
      ++attempt;
      filled = refusal->replaced;
      if (!filled) continue;
      current = refusal->replacement;
      if (id_at(plan_.replacement(proof_.epoch, position, attempt)) != current)
        fault("record " + std::to_string(current) + " is not the planned replacement of record " +
              std::to_string(planned));
    }
    if (own) ++proof_.quarantined;
    if (!filled) return;
    ++proof_.replaced;
    out.push_back(current);
  }

  void fault(std::string what) {
    if (proof_.faults.size() < 10)
      proof_.faults.push_back(std::move(what));
    else
      ++hidden_;
  }

  EpochPlan plan_;
  const Named* named_;
  const std::vector<uint64_t>& order_;
  std::vector<bool> seen_;
  EpochProof proof_;
  uint64_t refusals_ = 0;
  uint64_t hidden_ = 0;
};

}  // namespace

std::string EpochProof::text() const {
  std::string out = "epoch " + std::to_string(epoch + 1) + ": ";
  if (!is_whole()) out += std::to_string(steps) + " of " + std::to_string(steps_planned) + " steps so far, ";
  out += std::to_string(records) + " records, " + std::to_string(seen_once) + " seen once";
  if (quarantined > 0) {
    out += ", " + std::to_string(quarantined) + " quarantined";
    if (replaced == quarantined)
      out += " and replaced";
    else if (replaced > 0)
      out += " (" + std::to_string(replaced) + " replaced)";
  }
  if (left_out > 0) out += ", " + std::to_string(left_out) + " left out (data.last = \"drop\")";
  if (wrapped > 0) out += ", " + std::to_string(wrapped) + " seen again (data.last = \"wrap\")";
  for (const std::string& fault : faults) out += "; NOT PROVEN: " + fault;
  return out;
}

std::vector<EpochProof> prove_ledger(io::FileSystem& fs, const std::string& run) {
  const RunPaths paths(run);
  std::vector<EpochProof> out;
  if (!fs.exists(paths.ledger())) return out;
  const std::vector<LedgerEntry> entries = read_ledger(fs, paths.ledger());  // before the lines that it counts on
  const std::map<uint64_t, Named> quarantine = read_quarantine(fs, paths.quarantine());
  const Named none;
  const std::vector<uint64_t> order = read_order(fs, paths.order());
  std::optional<Prover> prover;
  std::optional<LedgerPlan> plan;
  uint64_t epoch = 0;
  const auto begin_epoch = [&](uint64_t next) {
    if (prover) out.push_back(prover->finish());
    epoch = next;
    LedgerPlan from = *plan;
    from.epoch = next;
    const auto named = quarantine.find(next);
    prover.emplace(from, named == quarantine.end() ? &none : &named->second, order);
  };
  for (const LedgerEntry& entry : entries) {
    if (const auto* next = std::get_if<LedgerPlan>(&entry)) {
      plan = *next;
      if (prover && next->epoch == epoch) prover->again(*next);
      continue;
    }
    const auto& step = std::get<LedgerStep>(entry);
    if (!plan) throw Error(Code::kData, "the ledger of '" + run + "' names steps before it names their plan");
    if (!prover || step.epoch != epoch) begin_epoch(step.epoch);
    prover->step(step);
  }
  if (prover) out.push_back(prover->finish());
  return out;
}

}  // namespace penstock::train
