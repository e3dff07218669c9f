// Features in CSV.
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <type_traits>
#include <utility>

#include "engine/base/error.h"
#include "io/table/csv_reader.h"
#include "io/table/feature_table.h"

namespace penstock::io {
namespace {

// Rows between two places that are remembered: a read in the middle of the file looks at half of them for nothing.
constexpr uint64_t kStride = 256;
constexpr size_t kNone = static_cast<size_t>(-1);

class CsvFeatures final : public FeatureTable {
 public:
  CsvFeatures(const std::string& path, FileSystem& fs) : FeatureTable(path), reader_(fs, path) {
    read_header();
    uint64_t line = 0;
    for (uint64_t at = reader_.offset(); reader_.next(cells_); at = reader_.offset(), ++line) {
      require_cells();
      if (error_ != kNone && !cells_[error_].empty()) {
        note_fault({id_ == kNone ? static_cast<int64_t>(line) : number<int64_t>(id_), file_name(),
                    std::string(cells_[error_])});
        continue;
      }
      if (rows_ % kStride == 0) places_.push_back({at, line});
      ++rows_;
    }
  }

  void read_ids(uint64_t first, std::span<int64_t> into) override {
    each(first, into.size(), [&](uint64_t i, uint64_t line) {
      into[i] = id_ == kNone ? static_cast<int64_t>(line) : number<int64_t>(id_);
    });
  }
  void read_names(uint64_t first, std::span<FeatureName> into) override {
    each(first, into.size(), [&](uint64_t i, uint64_t line) {
      into[i] = {id_ == kNone ? static_cast<int64_t>(line) : number<int64_t>(id_), file_name()};
    });
  }

 protected:
  void read_values(uint64_t first, std::span<float> into) override {
    each(first, into.size() / width_, [&](uint64_t i, uint64_t) {
      for (size_t c = 0; c < width_; ++c) into[i * width_ + c] = number<float>(columns_[c]);
    });
  }

 private:
  struct Place {
    uint64_t offset = 0;
    uint64_t line = 0;  ///< records before it, those with errors too
  };

  void read_header() {
    if (!reader_.next(cells_))
      throw Error(Code::kUsage, "'" + path_ + "' is empty").hint("it wants a header: id,file,f0,f1,...,error");
    for (size_t c = 0; c < cells_.size(); ++c) {
      const std::string_view name = cells_[c];
      if (name == "id") id_ = c;
      if (name == "file") name_ = c;
      if (name == "error") error_ = c;
      if (name == "f" + std::to_string(columns_.size())) columns_.push_back(c);
    }
    cells_in_row_ = cells_.size();
    width_ = columns_.size();
    if (width_ > 0) return;
    const bool predictions = std::find(cells_.begin(), cells_.end(), "label_predicted") != cells_.end();
    throw Error(Code::kUsage, "'" + path_ + "' has no column f0" + (predictions ? ": it holds predictions" : ""))
        .hint("features are written by: penstock infer MODEL --data DATA --features LAYER --out FILE.csv");
  }
  void require_cells() const {
    if (cells_.size() == cells_in_row_) return;
    throw Error(Code::kData, "'" + path_ + "': the line that ends at byte " + std::to_string(reader_.offset()) +
                                 " has " + std::to_string(cells_.size()) + " cells, and the header has " +
                                 std::to_string(cells_in_row_))
        .hint("the file is damaged or was cut short");
  }
  std::string file_name() const { return name_ == kNone ? "" : std::string(cells_[name_]); }
  template <class T>
  T number(size_t cell) const {
    T value{};
    const std::string_view text = cells_[cell];
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    // What f32 has no room for becomes zero or infinite, and the latter is refused by whoever reads.
    if (std::is_same_v<T, float> && fault == std::errc::result_out_of_range)
      return static_cast<T>(std::strtod(std::string(text).c_str(), nullptr));
    if (fault != std::errc() || end != text.data() + text.size())
      throw Error(Code::kData, "'" + path_ + "': '" + std::string(text.substr(0, 40)) +
                                   "' in the line that ends at byte " + std::to_string(reader_.offset()) +
                                   " is no number")
          .hint("the file is damaged, or was written by another program");
    return value;
  }

  // Goes over good rows [first, first + count); reading on where the last call ended costs no search.
  template <class Body>
  void each(uint64_t first, uint64_t count, const Body& body) {
    PENSTOCK_CHECK(first + count <= rows_);
    if (count == 0) return;
    if (first != next_row_) {
      const Place& place = places_[static_cast<size_t>(first / kStride)];
      reader_.seek(place.offset);
      next_row_ = first / kStride * kStride;
      next_line_ = place.line;
    }
    for (uint64_t row = next_row_; row < first + count;) {
      next_row_ = UINT64_MAX;  // what is thrown below leaves the place unknown
      if (!reader_.next(cells_))
        throw Error(Code::kData, "'" + path_ + "' has become shorter").hint("leave it alone while it is read");
      require_cells();
      const uint64_t line = next_line_++;
      if (error_ != kNone && !cells_[error_].empty()) {
        next_row_ = row;
        continue;
      }
      if (row >= first) body(row - first, line);
      next_row_ = ++row;
    }
  }

  CsvReader reader_;
  std::vector<std::string_view> cells_;
  std::vector<size_t> columns_;
  size_t id_ = kNone, name_ = kNone, error_ = kNone, cells_in_row_ = 0;
  std::vector<Place> places_;  ///< of every kStride-th good row
  uint64_t next_row_ = UINT64_MAX, next_line_ = 0;
};

}  // namespace

std::unique_ptr<FeatureTable> open_csv_features(const std::string& path, FileSystem& fs) {
  return std::make_unique<CsvFeatures>(path, fs);
}

}  // namespace penstock::io
