#include "io/tar/class_folders.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "engine/base/error.h"
#include "io/data/folder_listing.h"
#include "io/file/checksum.h"

namespace penstock::io {
namespace {

std::string folder_of(const std::string& name) {
  const size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

}  // namespace

RecordIndexHead ClassFolders::write(RecordIndexWriter& writer, const std::string& path) {
  std::set<std::string> names;
  for (const auto& entry : classes_) names.insert(entry.first);
  if (names.size() > 1 && are_parts(names))
    throw Error(Code::kUsage, "'" + path + "' holds the parts train and val, not classes")
        .hint("make a tar of each: tar -C train -cf train.tar .");
  RecordIndexHead head;
  std::vector<Entry> all;
  all.reserve(count_);
  for (auto& [name, entries] : classes_) {
    head.classes.push_back(name);
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(folder_of(a.name), a.name) < std::pair(folder_of(b.name), b.name);
    });
    const auto twice = std::adjacent_find(entries.begin(), entries.end(),
                                          [](const Entry& a, const Entry& b) { return a.name == b.name; });
    if (twice != entries.end())
      throw Error(Code::kData, "'" + twice->name + "' comes twice in '" + path + "'")
          .hint("unpacked, the second would replace the first: make the tar again");
    for (Entry& entry : entries) {
      entry.row.label = static_cast<int32_t>(head.classes.size() - 1);
      all.push_back(std::move(entry));
    }
  }
  // As FolderListing has it, so that the unpacked folder is the same data set.
  Checksum sum;
  sum.add(uint64_t{head.classes.size()});
  for (const std::string& name : head.classes) sum.add(name).add(std::string_view("\0", 1));
  for (const Entry& entry : all) {
    std::string line = entry.name;
    line.append(1, '\0');
    const std::array<uint64_t, 2> numbers{entry.row.length(), static_cast<uint64_t>(int64_t{entry.row.label})};
    line.append(reinterpret_cast<const char*>(numbers.data()), sizeof numbers);
    sum.add(line);
  }
  head.fingerprint = sum.value();
  // Written as they are stored; the id is the place in the sorted order.
  std::vector<uint64_t> by_place(all.size());
  for (uint64_t id = 0; id < all.size(); ++id) by_place[all[id].place] = id;
  for (const uint64_t id : by_place) writer.add(all[id].row, all[id].name, id);
  return head;
}

}  // namespace penstock::io
