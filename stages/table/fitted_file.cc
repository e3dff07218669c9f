// A Fitted as lines of text. A line is a word and its values, with tabs between; \t, \n, \r and \\ in texts are spelt out. Numbers are the shortest that read
// back the same. The last line is the checksum of all before it.
#include "engine/base/error.h"
#include "io/file/atomic_file.h"
#include "io/file/checksum.h"
#include "io/file/file.h"
#include "stages/table/fitted.h"
#include "stages/table/fitted_lines.h"

namespace penstock::table {
namespace {

constexpr std::string_view kMagic = "penstock-fitted";

void write_target(LineWriter& out, const TargetFit& target) {
  out.line("target").number(target.source).word(target.task).word(target.log).list(target.clip).word(target.scaled);
  out.text(target.positive);
  out.number(target.count).number(target.refused).number(target.low).number(target.high);
  out.number(target.mean).number(target.deviation).number(target.classes.size());
  for (const CountedValue& value : target.classes) out.line("class").text(value.text).number(value.count);
}
TargetFit read_target(LineReader& in, size_t columns) {
  TargetFit target;
  in.line("target");
  target.source = in.place(columns);
  target.task = in.word(Task::kRegression);
  target.log = in.word(TargetLog::kLog1p);
  target.clip = in.list();
  target.scaled = in.word(1u) != 0;
  target.positive = in.text();
  target.count = in.number<uint64_t>();
  target.refused = in.number<uint64_t>();
  target.low = in.number<double>();
  target.high = in.number<double>();
  target.mean = in.number<double>();
  target.deviation = in.number<double>();
  target.classes.resize(in.count());
  for (CountedValue& value : target.classes) {
    in.line("class");
    value.text = in.text();
    value.count = in.number<uint64_t>();
  }
  return target;
}

void write_category(LineWriter& out, const CategoryFit& category) {
  out.line("category").number(category.source).word(category.coded).word(category.frequency).number(category.buckets);
  out.number(category.seed).number(category.missing).number(category.rare).number(category.distinct);
  out.number(category.shared).number(category.values.size());
  for (const CountedValue& value : category.values) out.line("value").text(value.text).number(value.count);
}
CategoryFit read_category(LineReader& in, size_t columns) {
  CategoryFit category;
  in.line("category");
  category.source = in.place(columns);
  category.coded = in.word(1u) != 0;
  category.frequency = in.word(1u) != 0;
  category.buckets = in.number<uint64_t>();
  category.seed = in.number<uint64_t>();
  category.missing = in.number<uint64_t>();
  category.rare = in.number<uint64_t>();
  category.distinct = in.number<uint64_t>();
  category.shared = in.number<uint64_t>();
  category.values.resize(in.count());
  for (CountedValue& value : category.values) {
    in.line("value");
    value.text = in.text();
    value.count = in.number<uint64_t>();
  }
  return category;
}

void write_number(LineWriter& out, const NumberFit& number) {
  out.line("number").number(number.source).word(number.log).list(number.clip).word(number.fill).number(number.filler);
  out.word(number.indicator).scale(number.scale).number(number.count).number(number.missing).number(number.infinite);
  out.number(number.low).number(number.high).number(number.mean).number(number.deviation).number(number.median);
}
NumberFit read_number(LineReader& in, size_t columns) {
  NumberFit number;
  in.line("number");
  number.source = in.place(columns);
  number.log = in.word(1u) != 0;
  number.clip = in.list();
  number.fill = in.word(Fill::kNone);
  number.filler = in.number<double>();
  number.indicator = in.word(1u) != 0;
  number.scale = in.scale();
  number.count = in.number<uint64_t>();
  number.missing = in.number<uint64_t>();
  number.infinite = in.number<uint64_t>();
  number.low = in.number<double>();
  number.high = in.number<double>();
  number.mean = in.number<double>();
  number.deviation = in.number<double>();
  number.median = in.number<double>();
  return number;
}

void write_mean(LineWriter& out, const MeanFit& mean) {
  out.line("mean").number(mean.smoothing).word(mean.how).scale(mean.scale).number(mean.by.size());
  for (const size_t column : mean.by) out.number(column);
  out.line("all").sums(mean.all);
  for (const auto& level : mean.levels) {
    out.line("level").number(level.size());
    for (const GroupSums& group : level) out.line("group").sums(group);
  }
}
MeanFit read_mean(LineReader& in, size_t columns) {
  MeanFit mean;
  in.line("mean");
  mean.smoothing = in.number<double>();
  mean.how = in.word(How::kPlain);
  mean.scale = in.scale();
  mean.by.resize(in.count());
  for (size_t& column : mean.by) column = in.place(columns);
  in.line("all");
  mean.all = in.sums();
  mean.levels.resize(mean.by.size());
  for (auto& level : mean.levels) {
    in.line("level");
    level.resize(in.count());
    for (GroupSums& group : level) {
      in.line("group");
      group = in.sums();
    }
  }
  return mean;
}

}  // namespace

std::string to_text(const Fitted& fitted) {
  LineWriter out;
  out.line(kMagic).number(Fitted::kVersion);
  out.line("spec").text(fitted.spec);
  out.line("rows").number(fitted.rows).text(io::hex(fitted.fingerprint));
  out.line("columns").number(fitted.source.size());
  for (const io::ColumnSpec& column : fitted.source)
    out.line("column").text(io::name_of(column.type)).text(column.name).text(column.format);
  write_target(out, fitted.target);
  out.line("categories").number(fitted.categories.size());
  for (const CategoryFit& category : fitted.categories) write_category(out, category);
  out.line("numbers").number(fitted.numbers.size());
  for (const NumberFit& number : fitted.numbers) write_number(out, number);
  out.line("frequencies").number(fitted.frequencies.size());
  for (const FrequencyFit& frequency : fitted.frequencies)
    out.line("frequency").number(frequency.category).scale(frequency.scale);
  out.line("means").number(fitted.means.size());
  for (const MeanFit& mean : fitted.means) write_mean(out, mean);
  return out.finish();
}

Fitted fitted_from_text(std::string_view text, const std::string& origin) {
  LineReader in(text, origin);
  if (!text.starts_with(kMagic)) in.refuse("it does not begin with '" + std::string(kMagic) + "'");
  in.line(kMagic);
  if (const int version = in.number<int>(); version != Fitted::kVersion)
    throw Error(Code::kData, "'" + origin + "' is a fitted file of version " + std::to_string(version) +
                                 ", and this program reads version " + std::to_string(Fitted::kVersion))
        .hint("use the program that wrote it, or train anew");
  const size_t last = text.rfind("checksum\t");
  if (last == std::string_view::npos || last == 0 || text[last - 1] != '\n') in.refuse("its checksum is missing");
  if (text.substr(last) != "checksum\t" + io::hex(io::checksum(text.substr(0, last))) + "\n")
    in.refuse("its checksum differs");

  Fitted fitted;
  in.line("spec");
  fitted.spec = in.text();
  in.line("rows");
  fitted.rows = in.number<uint64_t>();
  fitted.fingerprint = in.hex();
  in.line("columns");
  fitted.source.resize(in.count());
  for (io::ColumnSpec& column : fitted.source) {
    in.line("column");
    const auto type = io::column_type_named(in.text());
    if (!type) in.refuse("a column has a type that is none");
    column.type = *type;
    column.name = in.text();
    column.format = in.text();
  }
  const size_t columns = fitted.source.size();
  fitted.target = read_target(in, columns);
  in.line("categories");
  fitted.categories.resize(in.count());
  for (CategoryFit& category : fitted.categories) category = read_category(in, columns);
  in.line("numbers");
  fitted.numbers.resize(in.count());
  for (NumberFit& number : fitted.numbers) number = read_number(in, columns);
  in.line("frequencies");
  fitted.frequencies.resize(in.count());
  for (FrequencyFit& frequency : fitted.frequencies) {
    in.line("frequency");
    frequency.category = in.place(fitted.categories.size());
    frequency.scale = in.scale();
  }
  in.line("means");
  fitted.means.resize(in.count());
  for (MeanFit& mean : fitted.means) mean = read_mean(in, columns);
  in.line("checksum");
  static_cast<void>(in.hex());
  in.end();
  return fitted;
}

void write_fitted(const Fitted& fitted, const std::string& path, io::FileSystem& fs) {
  io::write_file(fs, path, to_text(fitted));
}

Fitted read_fitted(const std::string& path, io::FileSystem& fs) {
  if (!fs.exists(path)) throw Error(Code::kUsage, "there is no fitted file '" + path + "'").hint("check the path");
  return fitted_from_text(io::read_file(fs, path), path);
}

}  // namespace penstock::table
