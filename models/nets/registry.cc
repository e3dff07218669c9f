#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "models/nets/net.h"
#include "models/nets/resnet.h"

namespace penstock::nets {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<Net> (*make)(const NetSpec&);
};

// One line a network.
constexpr Entry kNets[] = {
    {"resnet18", make_resnet},
    {"resnet34", make_resnet},
    {"resnet50", make_resnet},
};

const Entry* find(const std::string& arch) {
  const auto it =
      std::find_if(std::begin(kNets), std::end(kNets), [&arch](const Entry& entry) { return arch == entry.name; });
  return it == std::end(kNets) ? nullptr : it;
}

}  // namespace

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
