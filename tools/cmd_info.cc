#include "tools/cmd_info.h"

#include <CLI/CLI.hpp>

#include "engine/base/bytes.h"
#include "io/data/open.h"
#include "pipelines/inspect/info.h"

namespace penstock::tools {
namespace {

constexpr size_t kShownClasses = 12;

std::string words_of(const DataInfo& info) {
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
  if (info.order_quality < 0)
    words += "one class or none: nothing to shuffle by";
  else
    words += percent_text(info.order_quality) + " of a full shuffle, by class";
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
  std::string_view example() const override { return "penstock info imagenet/train"; }
  void add_options(CLI::App& app) override {
    app.add_option("DATA", data_, "A data set: folder of class folders, LMDB, or kind:path")->required();
    app.add_option("--labels", labels_, "Labels of a flat folder")->type_name("FILE.csv")->check(CLI::ExistingFile);
  }

  int run(Context& context) override {
    const auto data = io::open(data_, {.labels = labels_});
    const DataInfo info = info_of(*data);
    for (const std::string& note : info.notes) context.output.note("note: " + note);
    Json encodings = Json::object(), counts = Json::object();
    for (const auto& [name, count] : info.encodings) encodings[name] = count;
    for (size_t c = 0; c < info.classes.size(); ++c) counts[info.classes[c]] = info.records_of_class[c];
    const Json quality = info.order_quality < 0 ? Json(nullptr) : Json(info.order_quality);
    context.output.result(words_of(info), {{"format", info.format},
                                           {"path", info.path},
                                           {"records", info.records},
                                           {"classes", info.classes},
                                           {"records_of_class", counts},
                                           {"unlabelled", info.unlabelled},
                                           {"bytes", info.bytes},
                                           {"fields", info.fields},
                                           {"encodings", encodings},
                                           {"order_quality", quality},
                                           {"records_with_checksum", info.with_checksum},
                                           {"records_verified", info.verified},
                                           {"digest", info.digest}});
    return 0;
  }

 private:
  std::string data_, labels_;
};

}  // namespace

std::unique_ptr<Command> make_info_command() { return std::make_unique<InfoCommand>(); }

}  // namespace penstock::tools
