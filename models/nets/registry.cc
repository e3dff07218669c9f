#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "models/nets/net.h"
#include "models/nets/resnet.h"
#include "models/nets/table_nets.h"

namespace penstock::nets {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<Net> (*make)(const NetSpec&);
  bool takes_rows = false;
};

// One line a network.
constexpr Entry kNets[] = {
    {"resnet18", make_resnet},
    {"resnet34", make_resnet},
    {"resnet50", make_resnet},
    {"tabular", make_tabular, /*takes_rows=*/true},
    {"dlrm", make_dlrm, /*takes_rows=*/true},
    {"fm", make_fm, /*takes_rows=*/true},
};

const Entry* find(const std::string& arch) {
  const auto it =
      std::find_if(std::begin(kNets), std::end(kNets), [&arch](const Entry& entry) { return arch == entry.name; });
  return it == std::end(kNets) ? nullptr : it;
}

void require(bool condition, const std::string& what) {
  if (!condition) throw Error(Code::kUsage, what);
}

void check(const TableNetSpec& table, bool one_width) {
  const auto above_0 = [](int64_t value) { return value > 0; };
  const auto is_share = [](double value) { return value >= 0 && value < 1; };
  require(table.numbers >= 0 && (table.numbers > 0 || !table.cardinalities.empty()),
          "a network of rows needs at least one column of codes or numbers");
  require(std::ranges::all_of(table.cardinalities, above_0), "a column of codes needs at least one category");
  require(std::ranges::all_of(table.widths, above_0), "net.embeddings: an embedding is at least 1 wide");
  require(table.widths.empty() || table.widths.size() == (one_width ? 1 : table.cardinalities.size()),
          one_width ? "this network has one width for all embeddings"
                    : "a width is needed for each column of codes, or none at all");
  require(std::ranges::all_of(table.layers, above_0) && std::ranges::all_of(table.bottom, above_0),
          "net.layers and net.bottom: a layer is at least 1 wide");
  require(table.dropout.size() <= 1 || table.dropout.size() == table.layers.size(),
          "net.dropout has " + std::to_string(table.dropout.size()) + " numbers for " +
              std::to_string(table.layers.size()) + " layers; one for all will do");
  require(std::ranges::all_of(table.dropout, is_share) && is_share(table.embedding_dropout),
          "net.dropout and net.embedding_dropout lie in [0, 1)");
  const bool rises = table.range.size() == 2 && std::isfinite(table.range[0]) && std::isfinite(table.range[1]) &&
                     table.range[0] < table.range[1];
  require(table.range.empty() || rises, "net.range must be two numbers, the lower one first");
}

}  // namespace

bool is_table_net(const std::string& arch) {
  const Entry* entry = find(arch);
  return entry != nullptr && entry->takes_rows;
}

int64_t embedding_width(int64_t cardinality) {
  return std::min<int64_t>(600, std::llround(1.6 * std::pow(static_cast<double>(cardinality), 0.56)));
}

const std::vector<std::string>& net_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Entry& entry : kNets) out.emplace_back(entry.name);
    return out;
  }();
  return names;
}

void check(const NetSpec& spec) {
  if (spec.classes < 1)
    throw Error(Code::kUsage, "net.classes is " + std::to_string(spec.classes) + "; a network needs at least one");
  if (is_table_net(spec.arch)) check(spec.table, /*one_width=*/spec.arch != "tabular");
  if (find(spec.arch) || spec.arch == "torchscript") return;
  throw Error(Code::kUsage, "net.arch '" + spec.arch + "' is not known" + nearest_hint(spec.arch, net_names()));
}

std::unique_ptr<Net> make_net(const NetSpec& spec) {
  check(spec);
  const Entry* entry = find(spec.arch);
  if (!entry) throw Error(Code::kUsage, "net.arch 'torchscript' needs the file of the module").hint("set net.file");
  return entry->make(spec);
}

}  // namespace penstock::nets
