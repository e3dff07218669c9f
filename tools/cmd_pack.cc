#include "tools/cmd_pack.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/nearest.h"
#include "io/data/open.h"
#include "io/data/open_writer.h"
#include "io/table/table.h"
#include "pipelines/job/job.h"
#include "pipelines/job/subset.h"
#include "pipelines/job/together.h"
#include "pipelines/pack/pack.h"
#include "tools/options.h"
#include "tools/pack_plan.h"
#include "tools/places.h"
#include "tools/table_commands.h"

namespace penstock::tools {
namespace {

constexpr size_t kShownRejections = 10;

// Files that are not damaged: this process may not or could not read them.
uint64_t count_unreadable(const std::vector<RejectedRecord>& rejected) {
  return static_cast<uint64_t>(std::count_if(rejected.begin(), rejected.end(), [](const RejectedRecord& record) {
    return record.reason.starts_with("cannot open the file") || record.reason.starts_with("cannot read the file");
  }));
}

class PackCommand final : public Command {
 public:
  std::string_view name() const override { return "pack"; }
  std::string_view summary() const override {
    return "Packs pictures into LMDB, tar or HDF5, checking each, and tables into Arrow, Parquet or CSV";
  }
  std::string_view example() const override {
    return "penstock pack imagenet/train train.lmdb --shuffle\n  penstock pack 'shards/{000..127}.tar' all.h5\n  "
           "penstock pack photos photos.tar --resize 256 --quality 90 --plan\n  "
           "penstock pack imagenet/train train.lmdb --encode indexed-jpeg\n  penstock pack 'sales/*.csv' sales.arrow "
           "--shuffle";
  }

  bool shares_work() const override { return true; }

  void add_options(CLI::App& app) override {
    app.add_option("SOURCE", source_,
                   "A data set: folder of class folders, LMDB, tars, HDF5, or a table (CSV, Parquet, Arrow). Left as "
                   "it is, but for a list of its "
                   "records (.penstock-manifest, ....penstock-index) where that may be written beside it")
        ->required();
    app.add_option(
           "DEST", options_.dest,
           "What to make: a folder, or a file ending in .tar or .h5; of a table, a file ending in .arrow, .parquet "
           "or .csv; with train/ and val/ in SOURCE, a folder "
           "with an LMDB of each in it")
        ->required();
    app.add_option("--to", to_, "Format; by DEST's ending unless given")->type_name("lmdb|tar|hdf5|arrow|parquet|csv");
    add_labels(app, labels_);
    app.add_option("--resize", resize_,
                   "Make the shorter side so many pixels where it is longer (encoded anew as JPEG)")
        ->type_name("PX")
        ->check(CLI::Range(1, 65500));
    app.add_option("--quality", quality_, "Of JPEGs that are encoded anew (default 90); alone: encode all anew")
        ->check(CLI::Range(1, 100));
    app.add_option(
           "--encode", encode_,
           "How records are stored: keep, as they are; jpeg (what --resize and --quality mean alone); indexed-jpeg, "
           "the same pixels with restart markers and an index, so that a crop is decoded alone; raw, pixels as "
           "binary PPM (an EXIF orientation is lost); mixed, JPEG and so many as pixels as --budget holds")
        ->type_name("keep|jpeg|indexed-jpeg|raw|mixed");
    app.add_option("--size", size_, "Make every picture exactly so large: resized to cover it, the middle kept")
        ->type_name("HxW");
    app.add_option("--budget", budget_, "Of --encode mixed: how large DEST may become, about")->type_name("SIZE");
    app.add_option(
           "--disk-rate", disk_rate_,
           "Of --encode mixed: what the disk gives in a second; no more is stored as pixels than it can feed to "
           "the cores")
        ->type_name("SIZE");
    app.add_flag("--shuffle", options_.shuffle,
                 "Shuffle on disk, by reading and writing front to back only; record ids stay. Needs the "
                 "room twice while it works");
    app.add_option("--memory", memory_,
                   "Of a shuffle (default 1 GiB, or a 128th of SOURCE where that is more: the least)")
        ->type_name("SIZE");
    app.add_flag("--unchecked", unchecked_, "Copy records as they are: they need not be pictures");
    app.add_flag("--append", append_, "Add SOURCE to the finished LMDB at DEST");
    app.add_option("--limit", limit_, "Only the first N records")->check(at_least_number(1))->type_name("N");
    app.add_option("--sample", sample_, "Only N records, as many of each class as can be")
        ->check(at_least_number(1))
        ->type_name("N");
    app.add_option("--max-damaged", max_damaged_,
                   "Share of damaged records past which the exit code is 3; any share but 0 allows at least one record")
        ->capture_default_str()
        ->type_name("SHARE");
    app.add_flag("--plan", plan_, "Say what it would take, and do nothing");
  }

  int run(Context& context) override {
    if (io::is_table(source_)) return pack_rows(context);
    check_options();
    Cores cores(context.options.thread_count());
    const bool has_parts = io::has_split(source_, io::Split::kVal);
    require_outside_data(options_.dest, "DEST", source_);
    if (plan_ && context.processes != nullptr)
      throw Error(Code::kUsage, "--plan is no work for several processes").hint("run it without mpirun");
    options_.processes = context.processes;
    Together(context.processes).at_root([&] { has_parts ? check_parts_dest() : refuse_pair(); });
    Json parts = Json::array();
    std::string words;
    int code = 0;
    for (const bool is_val : has_parts ? std::vector<bool>{false, true} : std::vector<bool>{false}) {
      PackOptions options = options_;
      if (has_parts) options.dest = io::join_path(options_.dest, is_val ? "val" : "train");
      const auto data = open_source(is_val);
      for (const std::string& note : data->notes()) context.output.note("note: " + note);
      if (plan_)
        say_plan(*data, options, cores, words, parts);
      else
        code = std::max(code, pack_one(data, options, cores, context, words, parts));
    }
    Json json = parts.size() == 1 ? parts[0] : Json{{"parts", parts}};
    if (has_parts) {
      for (const char* key : {"records", "source_bytes", "dest_bytes"}) {
        uint64_t sum = 0;
        for (const Json& part : parts) sum += part[key].get<uint64_t>();
        json[key] = sum;
      }
    }
    context.output.result(words, json);
    return code;
  }

 private:
  int pack_rows(Context& context) {
    for (const auto& [given, option] :
         std::initializer_list<std::pair<bool, const char*>>{{resize_.has_value(), "--resize"},
                                                             {quality_.has_value(), "--quality"},
                                                             {!encode_.empty(), "--encode"},
                                                             {!size_.empty(), "--size"},
                                                             {!budget_.empty(), "--budget"},
                                                             {!disk_rate_.empty(), "--disk-rate"},
                                                             {unchecked_, "--unchecked"},
                                                             {append_, "--append"},
                                                             {sample_.has_value(), "--sample"},
                                                             {plan_, "--plan"},
                                                             {!labels_.empty(), "--labels"}})
      if (given) throw Error(Code::kUsage, std::string(option) + " is for pictures, and '" + source_ + "' is a table");
    options_.memory_bytes = size_of("--memory", memory_);
    require_outside_data(options_.dest, "DEST", source_);
    return pack_table_command({.source = source_,
                               .dest = options_.dest,
                               .to = to_,
                               .limit = limit_,
                               .shuffle = options_.shuffle,
                               .memory_bytes = options_.memory_bytes,
                               .max_damaged = max_damaged_},
                              context);
  }

  void check_options() {
    check_encoding();
    const auto& formats = io::packed_formats();
    std::string& format = options_.format;
    format = to_.empty() ? io::format_for(options_.dest) : to_;
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
      throw Error(Code::kUsage, "--to '" + format + "' is no format" + nearest_hint(format, formats));
    if (append_ && format != "lmdb")
      throw Error(Code::kUsage, "--append adds to an LMDB; '" + options_.dest + "' is to be " + format)
          .hint("pack into a file of its own: 'a.tar', 'b.tar' together are one data set as '{a,b}.tar' or '*.tar'");
    if (unchecked_ && !options_.encoding.keeps_everything())
      throw Error(Code::kUsage,
                  "--unchecked copies records as they are: --encode, --resize, --size and --quality cannot go with it");
    options_.checked = !unchecked_;
    options_.memory_bytes = size_of("--memory", memory_);
    if (options_.memory_bytes && *options_.memory_bytes < 64_MiB)
      throw Error(Code::kUsage, "--memory " + memory_ + " is too little").hint("give 64 MiB or more");
    if (append_ && options_.shuffle)
      throw Error(Code::kUsage, "--append and --shuffle exclude each other")
          .hint("pack both sources anew to shuffle them");
    if (limit_ && sample_) throw Error(Code::kUsage, "--limit and --sample exclude each other");
    const auto share = parse_share(max_damaged_);
    char* end = nullptr;
    const double plain = std::strtod(max_damaged_.c_str(), &end);
    const bool is_number = !max_damaged_.empty() && *end == '\0' && plain >= 0 && plain <= 1;
    if (!share && !is_number)
      throw Error(Code::kUsage, "--max-damaged '" + max_damaged_ + "' is no share").hint("write 0.1% or 0.001");
    damaged_share_ = share ? *share : Share{plain};
  }

  static std::optional<uint64_t> size_of(const std::string& option, const std::string& text) {
    if (text.empty()) return std::nullopt;
    const auto bytes = parse_bytes(text);
    if (!bytes) throw Error(Code::kUsage, option + " '" + text + "' is no size").hint("write 512 MiB or 2 GiB");
    return bytes->bytes;
  }

  void check_encoding() {
    static const std::vector<std::string> kNames{"keep", "jpeg", "raw", "mixed", "indexed-jpeg"};  // as Encode
    RepackOptions& as = options_.encoding;
    as.resize = resize_;
    as.quality = quality_;
    const bool changes = resize_ || quality_ || !size_.empty();
    if (encode_.empty()) encode_ = changes ? "jpeg" : "keep";
    const auto name = std::find(kNames.begin(), kNames.end(), encode_);
    if (name == kNames.end())
      throw Error(Code::kUsage, "--encode '" + encode_ + "' is no encoding" + nearest_hint(encode_, kNames));
    as.encode = static_cast<Encode>(name - kNames.begin());
    if (as.encode == Encode::kKeep && changes)
      throw Error(Code::kUsage,
                  "--encode keep leaves pictures as they are: --resize, --size and --quality cannot go with it");
    if (as.encode == Encode::kRaw && quality_)
      throw Error(Code::kUsage, "--encode raw stores pixels: there is no --quality to it");
    if (resize_ && !size_.empty()) throw Error(Code::kUsage, "--resize and --size exclude each other");
    if (!size_.empty()) as.size = parse_size();
    options_.budget_bytes = size_of("--budget", budget_);
    options_.disk_bytes_per_second = static_cast<double>(size_of("--disk-rate", disk_rate_).value_or(0));
    if (as.encode != Encode::kMixed && !plan_ && (options_.budget_bytes || !disk_rate_.empty()))
      throw Error(Code::kUsage, "--budget and --disk-rate are for --encode mixed");
    if (as.encode == Encode::kMixed && !options_.budget_bytes)
      throw Error(Code::kUsage, "--encode mixed needs a --budget")
          .hint("say how large DEST may become: --budget 60GiB");
  }

  image::Size parse_size() const {
    int height = 0, width = 0, read = 0;
    if (std::sscanf(size_.c_str(), "%dx%d%n", &height, &width, &read) != 2 ||
        static_cast<size_t>(read) != size_.size() || height < 1 || width < 1 || height > 16384 || width > 16384)
      throw Error(Code::kUsage, "--size '" + size_ + "' is no size of a picture")
          .hint("write height x width, as 256x256; at most 16384");
    return {height, width};
  }

  // DEST of a SOURCE with parts is a folder that holds nothing but those parts.
  void check_parts_dest() const {
    io::FileSystem& fs = io::FileSystem::real();
    if (append_)
      throw Error(Code::kUsage, "--append takes one data set; '" + source_ + "' has train/ and val/")
          .hint("append them one by one");
    if (options_.format != "lmdb")
      throw Error(Code::kUsage,
                  "'" + source_ + "' has train/ and val/: two data sets do not go into one " + options_.format)
          .hint("pack '" + source_ + "/train' and '" + source_ + "/val', each into a file of its own");
    if (!fs.exists(options_.dest)) {
      if (!plan_) fs.make_folders(options_.dest);
      return;
    }
    if (!fs.is_folder(options_.dest))
      throw Error(Code::kUsage, "'" + options_.dest + "' is a file").hint("choose another DEST");
    for (const io::FolderEntry& entry : fs.list(options_.dest)) {
      if (entry.name.starts_with("train") || entry.name.starts_with("val")) continue;
      throw Error(Code::kUsage, "'" + options_.dest + "' is there already, with '" + entry.name + "' in it")
          .hint("choose another DEST, or move it away");
    }
  }

  // DEST of one data set cannot be a folder that holds two.
  void refuse_pair() const {
    io::FileSystem& fs = io::FileSystem::real();
    const std::string train = io::join_path(options_.dest, "train"), val = io::join_path(options_.dest, "val");
    if (fs.exists(io::join_path(options_.dest, "data.mdb")) || !fs.exists(train) || !fs.exists(val)) return;
    throw Error(Code::kUsage, "'" + options_.dest + "' holds two data sets, train/ and val/; '" + source_ + "' is one")
        .hint("name the part, '" + train + "' or '" + val + "', or choose another DEST");
  }

  std::shared_ptr<const io::Dataset> open_source(bool is_val) const {
    std::shared_ptr<const io::Dataset> data =
        io::open(source_, {.split = is_val ? io::Split::kVal : io::Split::kTrain, .labels = labels_});
    if (limit_) return first_records(std::move(data), *limit_);
    if (sample_) return sample_records(std::move(data), *sample_);
    return data;
  }

  int pack_one(const std::shared_ptr<const io::Dataset>& data, const PackOptions& options, Cores& cores,
               Context& context, std::string& words, Json& parts) const {
    const PackResult result = append_ ? append_pack(data, options, cores, context.progress, context.stop)
                                      : pack(*data, options, cores, context.progress, context.stop);
    words += options.dest + ": " + std::to_string(result.records) + " records";
    if (result.already_complete)
      words += ", finished before: nothing to do";
    else if (result.already > 0)
      words += ", " + std::to_string(result.already) + " of them packed before";
    words += "\n";
    if (result.raw > 0 && options.encoding.encode == Encode::kMixed)
      words += std::to_string(result.raw) + " of them as pixels, the others as JPEG\n";
    if (result.kept > 0)
      words += std::to_string(result.kept) +
               " of them stay as they were: no JPEG, or one that libjpeg warns of, or too small for an index\n";
    Json rejected = Json::array();
    for (const RejectedRecord& record : result.rejected) {
      rejected.push_back(
          {{"id", record.id}, {"file", record.file}, {"offset", record.offset}, {"reason", record.reason}});
      if (rejected.size() <= kShownRejections) context.output.warn("left out: " + record.file + ": " + record.reason);
    }
    if (!result.rejected.empty()) {
      words += std::to_string(result.rejected.size()) + " damaged records were left out; they are listed in " +
               result.rejected_file + "\n";
      const uint64_t unreadable = count_unreadable(result.rejected);
      if (unreadable > 0)
        words += std::to_string(unreadable) +
                 " of them may be sound, but could not be read: mend their permissions and pack into another DEST\n";
    }
    parts.push_back({{"dest", options.dest},
                     {"already_complete", result.already_complete},
                     {"records", result.records},
                     {"records_before", result.already},
                     {"source_bytes", result.source_bytes},
                     {"dest_bytes", result.dest_bytes},
                     {"raw", result.raw},
                     {"kept", result.kept},
                     {"rejected", rejected},
                     {"unreadable", count_unreadable(result.rejected)}});
    const uint64_t allowed = fault_budget(damaged_share_, data->size());
    if (result.rejected.size() <= allowed) return 0;
    context.output.warn(std::to_string(result.rejected.size()) + " damaged records are more than --max-damaged " +
                        max_damaged_ + " allows (" + std::to_string(allowed) + "); " + options.dest +
                        " is whole but for them");
    return 3;
  }

  std::string source_, labels_, to_, memory_, encode_, size_, budget_, disk_rate_, max_damaged_ = "1%";
  PackOptions options_;
  std::optional<int> resize_, quality_;
  std::optional<uint64_t> limit_, sample_;
  bool append_ = false, plan_ = false, unchecked_ = false;
  Share damaged_share_;
};

}  // namespace

std::unique_ptr<Command> make_pack_command() { return std::make_unique<PackCommand>(); }

}  // namespace penstock::tools
