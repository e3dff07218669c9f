#include "tools/table_commands.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/counted.h"
#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/table/csv/csv_table.h"
#include "io/table/table.h"
#include "pipelines/inspect/verify_table.h"
#include "pipelines/job/job.h"
#include "pipelines/pack/pack_table.h"
#include "pipelines/pack/rejected_log.h"

namespace penstock::tools {
namespace {

constexpr size_t kShown = 10;

std::unique_ptr<io::Table> open(const std::string& data, Context& context) {
  // The first pass over a text file takes a while.
  bool begun = false;
  const io::TableOptions options{.progress = [&](uint64_t done, uint64_t all) {
    if (!begun) context.progress.begin("looking for rows", all, "bytes");
    begun = true;
    context.progress.update(done);
  }};
  auto table = io::open_columns(data, options);
  if (begun) context.progress.end();
  for (const std::string& note : table->notes()) context.output.note("note: " + note);
  return table;
}

std::string lines_of(const io::TableSchema& schema) {
  std::string lines;
  size_t longest = 0;
  // Of UTF-8, without the bytes that go on with a letter.
  const auto letters = [](const std::string& name) {
    return static_cast<size_t>(std::ranges::count_if(name, [](char c) { return (c & 0xC0) != 0x80; }));
  };
  for (const io::ColumnSpec& column : schema.columns()) longest = std::max(longest, letters(column.name));
  longest = std::min<size_t>(longest, 40);
  for (const io::ColumnSpec& column : schema.columns()) {
    lines += "  " + column.name + std::string(longest - std::min(longest, letters(column.name)) + 2, ' ') +
             std::string(name_of(column.type)) + (column.format.empty() ? "" : "  " + column.format) + "\n";
  }
  return lines;
}

Share damaged_share(const std::string& text) {
  if (const auto share = parse_share(text)) return *share;
  char* end = nullptr;
  const double plain = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(plain >= 0 && plain <= 1))
    throw Error(Code::kUsage, "--max-damaged '" + text + "' is no share").hint("write 0.1% or 0.001");
  return {plain};
}

/// By --to, else by DEST's ending.
TableFormat format_of(const PackTableArguments& arguments) {
  struct Known {
    TableFormat format;
    std::string name;
    std::vector<std::string_view> endings;
  };
  static const std::vector<Known> kKnown = {{TableFormat::kArrow, "arrow", {".arrow", ".feather"}},
                                            {TableFormat::kParquet, "parquet", {".parquet", ".parq"}},
                                            {TableFormat::kCsv, "csv", {".csv"}}};
  for (const Known& known : kKnown) {
    if (arguments.to == known.name) return known.format;
    if (!arguments.to.empty()) continue;
    for (const std::string_view ending : known.endings)
      if (arguments.dest.ends_with(ending)) return known.format;
  }
  throw Error(Code::kUsage, "'" + arguments.source +
                                "' is a table, and tables are packed into Arrow, Parquet or CSV; '" + arguments.dest +
                                "' is to be " + (arguments.to.empty() ? "something else" : arguments.to))
      .hint("choose a DEST that ends in .arrow (which Penstock reads fastest), .parquet or .csv, or --to one of them");
}

}  // namespace

int pack_table_command(const PackTableArguments& arguments, Context& context) {
  if (context.processes != nullptr)
    throw Error(Code::kUsage, "packing a table is no work for several processes").hint("run it without mpirun");
  const Share share = damaged_share(arguments.max_damaged);
  TablePackOptions options{
      .dest = arguments.dest, .format = format_of(arguments), .limit = arguments.limit, .shuffle = arguments.shuffle};
  if (arguments.memory_bytes) options.memory_bytes = *arguments.memory_bytes;
  const auto table = open(arguments.source, context);
  Cores cores(context.options.thread_count());
  const TablePackResult result = pack_table(*table, options, cores, context.progress, context.stop);
  std::string words = options.dest + ": " + counted(result.rows, "row") + ", " + bytes_text(result.dest_bytes);
  words +=
      result.already_complete ? ", finished before: nothing to do\n" : " of " + bytes_text(result.source_bytes) + "\n";
  for (const std::string& note : result.notes) context.output.note("note: " + note);
  Json rejected = Json::array();
  for (const RejectedRecord& row : result.rejected) {
    rejected.push_back({{"id", row.id}, {"file", row.file}, {"offset", row.offset}, {"reason", row.reason}});
    if (rejected.size() <= kShown) context.output.warn("left out: " + row.name + " of " + row.file + ": " + row.reason);
  }
  if (!result.rejected.empty())
    words += "left out, for they could not be read: " + counted(result.rejected.size(), "row") + ", listed in " +
             result.rejected_file + "\n";
  context.output.result(words, {{"dest", options.dest},
                                {"already_complete", result.already_complete},
                                {"records", result.rows},
                                {"source_bytes", result.source_bytes},
                                {"dest_bytes", result.dest_bytes},
                                {"rejected", rejected}});
  const uint64_t allowed = fault_budget(share, result.rows + result.rejected.size());
  if (result.rejected.size() <= allowed) return 0;
  context.output.warn(counted(result.rejected.size(), "bad row") + ", more than --max-damaged " +
                      arguments.max_damaged + " allows (" + std::to_string(allowed) + "); " + options.dest +
                      " is whole but for them");
  return 3;
}

int info_table_command(const std::string& data, bool schema, Context& context) {
  const auto table = open(data, context);
  Json columns = Json::array();
  for (const io::ColumnSpec& column : table->schema().columns())
    columns.push_back({{"name", column.name}, {"type", name_of(column.type)}});
  const size_t left_out = RejectedLog::read(io::FileSystem::real(), table->path()).size();
  std::string words = table->path() + ": " + std::string(table->format()) + ", " + counted(table->rows(), "row") +
                      " in " + counted(table->pieces(), "piece") + ", " + bytes_text(table->bytes()) + "\n";
  words += counted(table->schema().size(), "column") + "\n" + lines_of(table->schema());
  if (left_out > 0)
    words += "left out when it was packed: " + counted(left_out, "bad row") + ", see " +
             RejectedLog::path_of(table->path()) + "\n";
  words += "digest     " + io::hex(table->fingerprint()) + "\n";
  if (schema) words += "written: " + io::write_csv_schema(data) + "\n";
  context.output.result(words, {{"format", table->format()},
                                {"path", table->path()},
                                {"records", table->rows()},
                                {"pieces", table->pieces()},
                                {"bytes", table->bytes()},
                                {"columns", columns},
                                {"left_out", left_out},
                                {"digest", io::hex(table->fingerprint())}});
  return 0;
}

int verify_table_command(const std::string& data, Context& context) {
  Cores cores(context.options.thread_count());
  const auto table = open(data, context);
  const VerifyResult result = verify_table(*table, cores, context.progress, context.stop);
  std::string words;
  Json damaged = Json::array();
  for (const DamagedRecord& record : result.damaged) {
    words += "damaged: " + record.name + ", " + record.file +
             (record.offset > 0 ? " at " + std::to_string(record.offset) : "") + ": " + record.reason + "\n";
    damaged.push_back({{"id", record.id},
                       {"name", record.name},
                       {"file", record.file},
                       {"offset", record.offset},
                       {"reason", record.reason}});
  }
  words += table->path() + ": " + counted(result.records, "row") + ", " + bytes_text(result.bytes) + ", " +
           std::to_string(result.damaged.size()) + " damaged\n";
  context.output.result(words, {{"records", result.records}, {"bytes", result.bytes}, {"damaged", damaged}});
  return result.damaged.empty() ? 0 : 3;
}

}  // namespace penstock::tools
