// The prepared table as a file that is made once.
#include <algorithm>
#include <utility>

#include "engine/base/counted.h"
#include "engine/base/error.h"
#include "engine/graph/params.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "stages/table/prepare/prepare.h"

namespace penstock::table {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    out.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

// A row and its reason a line.
std::string text_of(const std::vector<io::BadRow>& bad) {
  std::string text;
  for (const io::BadRow& row : bad) text += std::to_string(row.row) + " " + row.reason + "\n";
  return text;
}

std::vector<io::BadRow> bad_rows_of(const std::string& text) {
  std::vector<io::BadRow> bad;
  for (const std::string& line : lines_of(text)) {
    const size_t blank = line.find(' ');
    bad.push_back({std::stoull(line.substr(0, blank)), line.substr(blank + 1)});
  }
  return bad;
}

}  // namespace

std::vector<std::string> PrepareReport::lines(const PrepareSpec& spec) const {
  std::vector<std::string> all = notes;
  if (!bad.empty()) all.push_back(counted(bad.size(), "row") + " cannot be read, first: " + bad.front().reason);
  for (const StepCounts& counts : steps)
    if (std::string text = counts.text(); !text.empty()) all.push_back(std::move(text));
  for (size_t i = 0; i < where_dropped.size(); ++i)
    if (where_dropped[i] > 0)
      all.push_back("where " + spec.where[i] + ": " + counted(where_dropped[i], "row") + " left out");
  all.push_back(std::to_string(rows_out) + " of " + counted(rows_in, "row") + " prepared");
  return all;
}

Prepared prepare_into(const std::string& folder, const PrepareSpec& spec, const io::Table& table,
                      PrepareOptions options, const MakeWriter& write) {
  io::FileSystem& fs = *options.fs;
  if (options.scratch_folder.empty()) options.scratch_folder = folder;
  Preparation preparation(spec, table, std::move(options));
  const uint64_t fingerprint = preparation.fingerprint();
  const std::string stem = io::join_path(folder, "prepared-" + io::hex(fingerprint));
  Prepared prepared{.path = stem + ".arrow"};
  std::string text;
  if (fs.exists(prepared.path) && fs.exists(stem + ".txt") && fs.exists(stem + ".bad")) {
    prepared.reused = true;
    text = io::read_file(fs, stem + ".txt");
    prepared.bad = bad_rows_of(io::read_file(fs, stem + ".bad", uint64_t{1} << 32));
  } else {
    fs.make_folders(folder);
    const auto writer = write(prepared.path, preparation.schema(),
                              {.fingerprint = fingerprint, .origin = canonical_text(to_map<PrepareSpec>(spec))});
    PrepareReport report = preparation.run([&](const io::TableBlock& block) { writer->append(block); });
    for (io::BadRow& row : report.bad) std::ranges::replace(row.reason, '\n', ' ');
    if (report.rows_out == report.bad.size()) {
      Error none(Code::kData, "preparing '" + table.path() + "' leaves none of its " + counted(report.rows_in, "row"));
      if (report.bad.empty()) throw none.hint("look at prepare.where, and at joins with never = \"drop\"");
      throw none.hint(counted(report.bad.size(), "row") + " cannot be read, first: " + report.bad.front().reason);
    }
    for (const std::string& line : report.lines(spec)) text += line + "\n";
    // The table last: it makes it whole.
    io::write_file(fs, stem + ".txt", text);
    io::write_file(fs, stem + ".bad", text_of(report.bad));
    prepared.bad = std::move(report.bad);
    writer->finish();
  }
  prepared.report = lines_of(text);
  return prepared;
}

}  // namespace penstock::table
