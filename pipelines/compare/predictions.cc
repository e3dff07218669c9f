#include "pipelines/compare/predictions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/base/error.h"
#include "io/table/csv_reader.h"
#include "pipelines/picture/calibration.h"
#include "pipelines/picture/confusion.h"
#include "pipelines/picture/scatter.h"

namespace penstock::pipelines {
namespace {

constexpr const char* kColumns[] = {"id", "actual", "predicted"};
/// A target comes back from its scale as f32 does: 2^-24 of a deviation or two, with room.
constexpr double kRounding = 1e-5;

class Rows {
 public:
  Rows(const std::string& path, io::FileSystem& fs) : path_(path), reader_(fs, path) {
    const bool has_header = reader_.next(cells_);
    for (size_t c = 0; c < 3; ++c) {
      const auto found = std::ranges::find(cells_, kColumns[c]);
      if (!has_header || found == cells_.end())
        throw Error(Code::kData, "'" + path + "' has no column '" + kColumns[c] + "'")
            .hint("it should be what `penstock evaluate --predictions` writes");
      places_[c] = static_cast<size_t>(found - cells_.begin());
    }
  }
  /// The next row; what the accessors gave before is gone.
  bool next() {
    if (!reader_.next(cells_)) return false;
    if (cells_.size() <= *std::ranges::max_element(places_))
      throw Error(Code::kData, "'" + path_ + "' has a row of " + std::to_string(cells_.size()) + " cells");
    return true;
  }
  std::string_view id() const { return cells_[places_[0]]; }
  std::string_view actual() const { return cells_[places_[1]]; }
  std::string_view predicted() const { return cells_[places_[2]]; }

 private:
  std::string path_;
  io::CsvReader reader_;
  std::vector<std::string_view> cells_;
  std::array<size_t, 3> places_{};
};

double number_of(std::string_view text) {
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size() ? value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

bool same_records(const std::string& a, const std::string& b, io::FileSystem& fs) {
  double largest = 0;
  for (Rows rows(a, fs); rows.next();) {
    const double actual = std::abs(number_of(rows.actual()));
    if (actual > largest) largest = actual;
  }
  Rows left(a, fs), right(b, fs);
  for (;;) {
    const bool more = left.next();
    if (more != right.next()) return false;
    if (!more) return true;
    if (left.id() != right.id()) return false;
    if (left.actual() == right.actual()) continue;
    const double apart = std::abs(number_of(left.actual()) - number_of(right.actual()));
    if (!(apart <= kRounding * largest)) return false;
  }
}

std::string predictions_picture(const std::string& path, Predicted what, const std::string& name,
                                const std::string& unit, io::FileSystem& fs) {
  const auto draw = [&](auto picture, const auto& cell) {
    for (Rows rows(path, fs); rows.next();) picture.add(cell(rows.actual()), cell(rows.predicted()));
    return picture.svg();
  };
  switch (what) {
    case Predicted::kChances: return draw(Calibration(name + ": do the probabilities come true?"), number_of);
    case Predicted::kClasses:
      return draw(Confusion(name + ": which class was taken for which"), [](std::string_view text) { return text; });
    case Predicted::kNumbers: break;
  }
  return draw(Scatter(name + ": predicted against actual", unit), number_of);
}

}  // namespace penstock::pipelines
