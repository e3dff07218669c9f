#include "stages/learn/stored_config.h"

#include <charconv>
#include <cstdio>

#include "engine/base/error.h"

namespace penstock::learn {
namespace {

constexpr char kFormatKey[] = "penstock.format";
constexpr char kFormat[] = "1";
constexpr char kArchKey[] = "penstock.net.arch";
constexpr char kClassesKey[] = "penstock.net.classes";
constexpr char kZeroInitKey[] = "penstock.net.zero_init_residual";
constexpr char kNormKey[] = "penstock.net.norm";  // absent: batch
constexpr char kGroupNorm[] = "group";
constexpr char kMeanKey[] = "penstock.input.mean";
constexpr char kStdKey[] = "penstock.input.std";
constexpr char kTaskKey[] = "penstock.task";  // absent: classes
constexpr char kLossKey[] = "penstock.loss";
constexpr char kLogKey[] = "penstock.target.log";  // the number of a TargetLog
constexpr char kTargetMeanKey[] = "penstock.target.mean";
constexpr char kTargetDeviationKey[] = "penstock.target.deviation";
constexpr char kLowestKey[] = "penstock.target.lowest";
constexpr char kHighestKey[] = "penstock.target.highest";

std::string text_of(const std::vector<int64_t>& values) {
  std::string out;
  for (const int64_t value : values) out += (out.empty() ? "" : " ") + std::to_string(value);
  return out;
}

std::string text_of(const std::vector<double>& values) {
  std::string out;
  for (const double value : values) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.17g", value);
    out += (out.empty() ? "" : " ") + std::string(digits);
  }
  return out;
}

/// Reads numbers out of metadata, with the name of the file and the key in every complaint.
class Reader {
 public:
  Reader(const nets::Metadata& metadata, const std::string& origin) : metadata_(metadata), origin_(origin) {}

  const std::string& text(const char* key) const {
    const auto it = metadata_.find(key);
    if (it == metadata_.end())
      throw Error(Code::kData, "'" + origin_ + "' does not say its " + key).hint("it was not written by penstock");
    return it->second;
  }

  template <class T>
  std::vector<T> numbers(const char* key) const {
    const std::string& source = text(key);
    std::vector<T> out;
    const char* at = source.data();
    const char* const end = at + source.size();
    while (at != end) {
      if (*at == ' ') {
        ++at;
        continue;
      }
      T value{};
      const auto result = std::from_chars(at, end, value);
      if (result.ec != std::errc())
        throw Error(Code::kData, "'" + origin_ + "': '" + source + "' makes no sense as " + key);
      out.push_back(value);
      at = result.ptr;
    }
    return out;
  }

  template <class T>
  T number(const char* key) const {
    const std::vector<T> all = numbers<T>(key);
    if (all.size() != 1) throw Error(Code::kData, "'" + origin_ + "': '" + text(key) + "' makes no sense as " + key);
    return all[0];
  }

 private:
  const nets::Metadata& metadata_;
  const std::string& origin_;
};

void store(const nets::TableNetSpec& table, nets::Metadata& out) {
  out["penstock.table.cardinalities"] = text_of(table.cardinalities);
  out["penstock.table.numbers"] = std::to_string(table.numbers);
  out["penstock.table.widths"] = text_of(table.widths);
  out["penstock.table.layers"] = text_of(table.layers);
  out["penstock.table.bottom"] = text_of(table.bottom);
  out["penstock.table.dropout"] = text_of(table.dropout);
  out["penstock.table.embedding_dropout"] = text_of(std::vector{table.embedding_dropout});
  out["penstock.table.batch_norm"] = table.batch_norm ? "1" : "0";
  out["penstock.table.range"] = text_of(table.range);
}

nets::TableNetSpec stored_table(const Reader& in) {
  return {.cardinalities = in.numbers<int64_t>("penstock.table.cardinalities"),
          .numbers = in.number<int64_t>("penstock.table.numbers"),
          .widths = in.numbers<int64_t>("penstock.table.widths"),
          .layers = in.numbers<int64_t>("penstock.table.layers"),
          .bottom = in.numbers<int64_t>("penstock.table.bottom"),
          .dropout = in.numbers<double>("penstock.table.dropout"),
          .embedding_dropout = in.number<double>("penstock.table.embedding_dropout"),
          .batch_norm = in.text("penstock.table.batch_norm") == "1",
          .range = in.numbers<double>("penstock.table.range")};
}

/// What is learnt: nothing is written of classes, as of all networks of pictures.
void store_task(const LearnerConfig& config, nets::Metadata& out) {
  if (config.task == Task::kClasses) return;
  out[kTaskKey] = name_of(config.task);
  if (config.task != Task::kRegression) return;
  out[kLossKey] = std::to_string(static_cast<int>(config.loss));
  out[kLogKey] = std::to_string(static_cast<int>(config.transform.log));
  if (config.transform.lowest) out[kLowestKey] = text_of(std::vector{*config.transform.lowest});
  out[kTargetMeanKey] = text_of(std::vector{config.transform.mean});
  out[kTargetDeviationKey] = text_of(std::vector{config.transform.deviation});
  if (config.transform.highest) out[kHighestKey] = text_of(std::vector{*config.transform.highest});
}

void read_task(const nets::Metadata& metadata, const Reader& in, const std::string& origin, LearnerConfig& out) {
  if (!metadata.contains(kTaskKey)) return;
  out.task = in.text(kTaskKey) == name_of(Task::kBinary) ? Task::kBinary : Task::kRegression;
  if (in.text(kTaskKey) != name_of(out.task))
    throw Error(Code::kData, "'" + origin + "' learnt '" + in.text(kTaskKey) + "', which this program does not know");
  if (out.task != Task::kRegression) return;
  const int loss = in.number<int>(kLossKey), log = in.number<int>(kLogKey);
  if (loss < 0 || loss > static_cast<int>(metrics::RegressionLoss::kHuber) || log < 0 ||
      log > static_cast<int>(TargetLog::kLog1p))
    throw Error(Code::kData,
                "'" + origin + "' has a loss or a transform of its target that this program does not know");
  out.loss = static_cast<metrics::RegressionLoss>(loss);
  out.transform.log = static_cast<TargetLog>(log);
  if (metadata.contains(kTargetMeanKey)) out.transform.mean = in.number<double>(kTargetMeanKey);
  if (metadata.contains(kTargetDeviationKey)) out.transform.deviation = in.number<double>(kTargetDeviationKey);
  if (metadata.contains(kLowestKey)) out.transform.lowest = in.number<double>(kLowestKey);
  if (metadata.contains(kHighestKey)) out.transform.highest = in.number<double>(kHighestKey);
}

}  // namespace

nets::Metadata stored_config(const LearnerConfig& config) {
  nets::Metadata out = {{kFormatKey, kFormat},
                        {kArchKey, config.net.arch},
                        {kClassesKey, std::to_string(config.net.classes)},
                        {kZeroInitKey, config.net.zero_init_residual ? "1" : "0"},
                        {kMeanKey, text_of(config.mean)},
                        {kStdKey, text_of(config.std)}};
  if (config.net.norm == nets::NormKind::kGroup) out[kNormKey] = kGroupNorm;
  if (nets::is_table_net(config.net.arch)) store(config.net.table, out);
  store_task(config, out);
  return out;
}

uint64_t stored_step(const nets::StoredState& stored, const std::string& origin) {
  if (!stored.metadata.contains(kStepKey)) {
    throw Error(Code::kData, "'" + origin + "' holds weights only, no state of a training to go on with");
  }
  return Reader(stored.metadata, origin).number<uint64_t>(kStepKey);
}

LearnerConfig config_of(std::span<const std::byte> bytes, const std::string& origin) {
  const nets::StoredState stored = nets::decode_safetensors(bytes, origin);
  const Reader in(stored.metadata, origin);
  if (in.text(kFormatKey) != kFormat) {
    throw Error(Code::kData,
                "'" + origin + "' has the format " + in.text(kFormatKey) + ", this program reads " + kFormat);
  }
  LearnerConfig out;
  out.net = {.arch = in.text(kArchKey),
             .classes = in.number<int64_t>(kClassesKey),
             .zero_init_residual = in.text(kZeroInitKey) == "1"};
  const auto norm = stored.metadata.find(kNormKey);
  if (norm != stored.metadata.end()) out.net.norm = nets::NormKind::kGroup;
  if (norm != stored.metadata.end() && norm->second != kGroupNorm)
    throw Error(Code::kData, "'" + origin + "': '" + norm->second + "' makes no sense as " + kNormKey);
  out.mean = in.numbers<double>(kMeanKey);
  out.std = in.numbers<double>(kStdKey);
  if (nets::is_table_net(out.net.arch)) out.net.table = stored_table(in);
  read_task(stored.metadata, in, origin, out);
  if (const nets::StoredTensor* script = stored.find(kScriptTensor))
    out.script.assign(script->bytes.begin(), script->bytes.end());
  return out;
}

nets::Metadata metadata_of(std::span<const std::byte> bytes, const std::string& origin) {
  return nets::decode_safetensors(bytes, origin).metadata;
}

}  // namespace penstock::learn
