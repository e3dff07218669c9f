#include "pipelines/compare/predictions.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <vector>

#include "engine/base/error.h"
#include "io/file/checksum.h"
#include "io/table/csv_reader.h"
#include "pipelines/picture/calibration.h"
#include "pipelines/picture/confusion.h"
#include "pipelines/picture/scatter.h"

namespace penstock::pipelines {
namespace {

constexpr const char* kColumns[] = {"id", "actual", "predicted"};

/// Calls `row` with the cells id, actual, predicted of each record.
void each_row(const std::string& path, io::FileSystem& fs,
              const std::function<void(std::string_view, std::string_view, std::string_view)>& row) {
  io::CsvReader reader(fs, path);
  std::vector<std::string_view> cells;
  size_t places[3] = {0, 0, 0};
  const bool has_header = reader.next(cells);
  for (size_t c = 0; c < 3; ++c) {
    const auto found = std::ranges::find(cells, kColumns[c]);
    if (!has_header || found == cells.end())
      throw Error(Code::kData, "'" + path + "' has no column '" + kColumns[c] + "'")
          .hint("it should be what `penstock evaluate --predictions` writes");
    places[c] = static_cast<size_t>(found - cells.begin());
  }
  const size_t most = *std::ranges::max_element(places);
  while (reader.next(cells)) {
    if (cells.size() <= most)
      throw Error(Code::kData, "'" + path + "' has a row of " + std::to_string(cells.size()) + " cells");
    row(cells[places[0]], cells[places[1]], cells[places[2]]);
  }
}

double number_of(std::string_view text) {
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size() ? value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

uint64_t predictions_digest(const std::string& path, io::FileSystem& fs) {
  io::Checksum sum;
  each_row(path, fs, [&](std::string_view id, std::string_view actual, std::string_view) {
    sum.add(std::string(id) + "," + std::string(actual) + "\n");
  });
  return sum.value();
}

std::string predictions_picture(const std::string& path, Predicted what, const std::string& name,
                                const std::string& unit, io::FileSystem& fs) {
  const auto draw = [&](auto picture, const auto& cell) {
    each_row(path, fs, [&](std::string_view, std::string_view actual, std::string_view predicted) {
      picture.add(cell(actual), cell(predicted));
    });
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
