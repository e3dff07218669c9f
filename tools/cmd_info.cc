#include "tools/cmd_info.h"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "io/data/open.h"
#include "io/table/table.h"
#include "pipelines/inspect/info.h"
#include "tools/options.h"
#include "tools/table_commands.h"

namespace penstock::tools {
namespace {

constexpr size_t kShownClasses = 12;

std::string fixed_text(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string order_words(const OrderQuality& found, Order order) {
  if (found.quality < 0) return "one class or none: nothing to shuffle by";
  const std::string how = order == Order::kSequential ? "as stored" : "in " + std::string(name_of(order)) + " order";
  return how + ", a batch of " + std::to_string(found.batch) + " shows " + fixed_text(found.distinct, 1) +
         " classes; of a full shuffle " + fixed_text(found.distinct_full, 1) + ": order quality " +
         fixed_text(found.quality, 3) + " of 1; correlation of neighbours " + fixed_text(found.serial_correlation, 3);
}

std::string words_of(const DataInfo& info, Order order) {
  std::string words = info.path + ": " + info.format + ", " + std::to_string(info.records) + " records, " +
                      bytes_text(info.bytes) + " (" + bytes_text(info.smallest_bytes) + " to " +
                      bytes_text(info.largest_bytes) + " each)\n";
  words += "classes    " + std::to_string(info.classes.size());
  for (size_t c = 0; c < info.classes.size() && c < kShownClasses; ++c) {
    words += (c == 0 ? ": " : ", ") + info.classes[c] + " " + std::to_string(info.records_of_class[c]);
  }
  if (info.classes.size() > kShownClasses) words += ", ...";
  if (info.unlabelled > 0) words += "; " + std::to_string(info.unlabelled) + " without a label";
  words += "\nfields     ";
  for (size_t f = 0; f < info.fields.size(); ++f) words += (f == 0 ? "" : ", ") + info.fields[f];
  words += "\nencodings  ";
  for (const auto& [name, count] : info.encodings) words += name + " " + std::to_string(count) + " ";
  words += "of " + std::to_string(info.looked_at) + " looked at";
  words += "\norder      ";
  words += order_words(info.order, order);
  words += "\nchecksums  ";
  if (info.with_checksum == 0)
    words += "none in this format; penstock verify decodes every picture";
  else
    words += std::to_string(info.with_checksum) + " records, checked whenever they are read; " +
             std::to_string(info.verified) + " decoded in full when packed";
  words += "\ndigest     " + info.digest + "\n";
  return words;
}

class InfoCommand final : public Command {
 public:
  std::string_view name() const override { return "info"; }
  std::string_view summary() const override {
    return "What a data set is: records, classes, fields, encodings, order, checksums";
  }
  std::string_view example() const override {
    return "penstock info imagenet/train\n  penstock info train.lmdb --order block --group 8\n  penstock info "
           "sales.csv --schema";
  }
  void add_options(CLI::App& app) override {
    app.add_option("DATA", data_, "A data set: folder of class folders, LMDB, a table, or kind:path")->required();
    add_labels(app, labels_);
    app.add_flag("--schema", schema_, "Of a table of text files: write the columns' types beside it, to be edited");
    app.add_option("--order", order_, "Order of the epoch whose shuffle is judged")
        ->capture_default_str()
        ->type_name("sequential|block|full");
    app.add_option("--block", options_.block, "Records of a block (default: what a run would take)");
    app.add_option("--group", options_.group_blocks, "Blocks that are mixed with one another")->capture_default_str();
    app.add_option("--batch", options_.batch, "Records of a batch")->capture_default_str();
    app.add_option("--seed", options_.seed, "Of the shuffle")->capture_default_str();
  }

  int run(Context& context) override {
    if (io::is_table(data_)) return info_table_command(data_, schema_, context);
    if (schema_) throw Error(Code::kUsage, "--schema is for tables, and '" + data_ + "' is none");
    const auto data = io::open(data_, {.labels = labels_});
    options_.order = order_named(order_);
    const DataInfo info = info_of(*data, options_);
    for (const std::string& note : info.notes) context.output.note("note: " + note);
    Json encodings = Json::object(), counts = Json::object();
    for (const auto& [name, count] : info.encodings) encodings[name] = count;
    for (size_t c = 0; c < info.classes.size(); ++c) counts[info.classes[c]] = info.records_of_class[c];
    const Json quality = info.order.quality < 0 ? Json(nullptr) : Json(info.order.quality);
    context.output.result(words_of(info, options_.order), {{"format", info.format},
                                                           {"path", info.path},
                                                           {"records", info.records},
                                                           {"classes", info.classes},
                                                           {"records_of_class", counts},
                                                           {"unlabelled", info.unlabelled},
                                                           {"bytes", info.bytes},
                                                           {"fields", info.fields},
                                                           {"encodings", encodings},
                                                           {"order_quality", quality},
                                                           {"order",
                                                            {{"order", name_of(options_.order)},
                                                             {"batch", info.order.batch},
                                                             {"batches", info.order.batches},
                                                             {"distinct", info.order.distinct},
                                                             {"distinct_full", info.order.distinct_full},
                                                             {"serial_correlation", info.order.serial_correlation}}},
                                                           {"records_with_checksum", info.with_checksum},
                                                           {"records_verified", info.verified},
                                                           {"digest", info.digest}});
    return 0;
  }

 private:
  std::string data_, labels_, order_ = "sequential";
  bool schema_ = false;
  InfoOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_info_command() { return std::make_unique<InfoCommand>(); }

}  // namespace penstock::tools
