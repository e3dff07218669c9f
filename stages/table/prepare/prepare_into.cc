// The prepared table as a file that is made once.
#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "engine/graph/params.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "stages/table/prepare/prepare.h"

namespace penstock::table {

Prepared prepare_into(const std::string& folder, const PrepareSpec& spec, const io::Table& table, PrepareOptions options,
                      const MakeWriter& write) {
  io::FileSystem& fs = *options.fs;
  if (options.scratch_folder.empty()) options.scratch_folder = folder;
  Preparation preparation(spec, table, std::move(options));
  const uint64_t fingerprint = preparation.fingerprint();
  const std::string stem = io::join_path(folder, "prepared-" + io::hex(fingerprint));
  Prepared prepared{.path = stem + ".arrow"};
  std::string text;
  if (fs.exists(prepared.path) && fs.exists(stem + ".txt")) {
    prepared.reused = true;
    text = io::read_file(fs, stem + ".txt");
  } else {
    fs.make_folders(folder);
    const auto writer = write(prepared.path, preparation.schema(),
                              {.fingerprint = fingerprint, .origin = canonical_text(to_map<PrepareSpec>(spec))});
    const PrepareReport report = preparation.run([&](const io::TableBlock& block) { writer->append(block); });
    if (report.rows_out == 0)
      throw Error(Code::kData, "preparing '" + table.path() + "' leaves none of its " + std::to_string(report.rows_in) + " rows")
          .hint("look at prepare.where, and at joins with never = \"drop\"");
    for (const std::string& line : report.lines(spec)) text += line + "\n";
    // The report first: the table makes it whole.
    io::write_file(fs, stem + ".txt", text);
    writer->finish();
  }
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    prepared.report.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return prepared;
}

}  // namespace penstock::table
