#include "tools/cmd_verify.h"

#include <CLI/CLI.hpp>

#include "engine/base/bytes.h"
#include "io/data/open.h"
#include "io/table/table.h"
#include "pipelines/inspect/verify.h"
#include "tools/options.h"
#include "tools/table_commands.h"

namespace penstock::tools {
namespace {

class VerifyCommand final : public Command {
 public:
  std::string_view name() const override { return "verify"; }
  std::string_view summary() const override {
    return "Checks every checksum and decodes every image, reads every row; names what is damaged";
  }
  std::string_view example() const override { return "penstock verify train.lmdb --json > damaged.json"; }
  void add_options(CLI::App& app) override {
    app.add_option("DATA", data_, "A data set; with train/ and val/ in it, both")->required();
    add_labels(app, labels_);
  }

  int run(Context& context) override {
    if (io::is_table(data_)) return verify_table_command(data_, context);
    Cores cores(context.options.thread_count());
    std::string words;
    Json damaged = Json::array();
    uint64_t records = 0, bytes = 0;
    const bool has_parts = io::has_split(data_, io::Split::kVal);
    for (const io::Split split :
         has_parts ? std::vector{io::Split::kTrain, io::Split::kVal} : std::vector{io::Split::kTrain}) {
      const auto data = io::open(data_, {.split = split, .labels = labels_});
      const VerifyResult result = verify(*data, cores, context.progress, context.stop);
      records += result.records;
      bytes += result.bytes;
      for (const DamagedRecord& record : result.damaged) {
        words += "damaged: record " + std::to_string(record.id) + " (" + record.name + "), " + record.file + " at " +
                 std::to_string(record.offset) + ": " + record.reason + "\n";
        damaged.push_back({{"id", record.id},
                           {"name", record.name},
                           {"file", record.file},
                           {"offset", record.offset},
                           {"reason", record.reason}});
      }
      words += data->path() + ": " + std::to_string(result.records) + " records, " + bytes_text(result.bytes) + ", " +
               std::to_string(result.with_checksum) + " checksums compared, " + std::to_string(result.damaged.size()) +
               " damaged\n";
    }
    context.output.result(words, {{"records", records}, {"bytes", bytes}, {"damaged", damaged}});
    return damaged.empty() ? 0 : 3;
  }

 private:
  std::string data_, labels_;
};

}  // namespace

std::unique_ptr<Command> make_verify_command() { return std::make_unique<VerifyCommand>(); }

}  // namespace penstock::tools
