#include "pipelines/picture/confusion.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "pipelines/picture/svg.h"

namespace penstock::pipelines {
namespace {

constexpr double kLeft = 190, kTop = 96, kSide = 560;
constexpr svg::Page kPage{.width = 790, .height = 770, .left = 24};
constexpr size_t kNameLetters = 22;
constexpr double kLetterWidth = 7.5;
constexpr size_t kNumbered = 12;  // classes whose cells have room for their counts
const std::string kOthers = "all others";

bool as_number(const std::string& text, double& value) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size();
}

bool before(const std::string& a, const std::string& b) {
  double x = 0, y = 0;
  return as_number(a, x) && as_number(b, y) ? x < y : a < b;
}

}  // namespace

void Confusion::add(std::string_view actual, std::string_view predicted) {
  ++counts_[{std::string(actual), std::string(predicted)}];
}

std::string Confusion::svg() const {
  std::map<std::string, uint64_t> of_class;
  uint64_t records = 0, right = 0;
  for (const auto& [pair, n] : counts_) {
    of_class[pair.first] += n;
    of_class[pair.second] += 0;
    records += n;
    if (pair.first == pair.second) right += n;
  }
  std::vector<std::pair<std::string, uint64_t>> names(of_class.begin(), of_class.end());
  std::ranges::stable_sort(names, [](const auto& a, const auto& b) { return a.second > b.second; });
  const bool cut = names.size() > kShown;
  if (cut) names.resize(kShown - 1);
  std::ranges::stable_sort(names, [](const auto& a, const auto& b) { return before(a.first, b.first); });
  if (cut) names.emplace_back(kOthers, 0);
  const size_t count = names.size();
  const auto place = [&](const std::string& name) {
    const auto found = std::ranges::find(names, name, &std::pair<std::string, uint64_t>::first);
    return std::min(static_cast<size_t>(found - names.begin()), count - 1);
  };
  std::vector<uint64_t> cells(count * count), rows(count);
  for (const auto& [pair, n] : counts_) {
    cells[place(pair.first) * count + place(pair.second)] += n;
    rows[place(pair.first)] += n;
  }

  std::string out = svg::head(kPage, title_, ".cell{fill:#2f7fd0}.on{fill:#ffffff;font-size:12px}\n",
                              ".cell{fill:#62a8ee}.on{fill:#0d1117}");
  if (count == 0)
    return out + svg::text_at(kPage.width / 2, kTop, "middle", "axis", "There is nothing to show.") + "</svg>\n";
  const double width = kSide / static_cast<double>(count);
  const bool by_turns = count > 6;  // names below stand in two lines by turns where columns are narrow
  const auto letters_below = static_cast<size_t>((by_turns ? 1.7 : 0.9) * width / kLetterWidth);
  for (size_t r = 0; r < count; ++r) {
    const double y = kTop + width * static_cast<double>(r), middle = width / 2;
    out += svg::text_at(kLeft - 10, y + middle + 4, "end", "small", svg::shortened(names[r].first, kNameLetters));
    const double x_name = kLeft + width * static_cast<double>(r) + middle;
    const double lower = by_turns && r % 2 == 1 ? 15 : 0;
    out += svg::text_at(x_name, kTop + kSide + 18 + lower, "middle", "small",
                        svg::shortened(names[r].first, letters_below));
    for (size_t c = 0; c < count; ++c) {
      const uint64_t n = cells[r * count + c];
      if (n == 0) continue;
      const double x = kLeft + width * static_cast<double>(c),
                   share = static_cast<double>(n) / static_cast<double>(rows[r]);
      // The square root: one mistake in a hundred is to be seen.
      const double shade = 0.06 + 0.94 * std::sqrt(share);
      out += "<rect class=\"cell\" x=\"" + svg::pixels(x) + "\" y=\"" + svg::pixels(y) + "\" width=\"" +
             svg::number(width, 2) + "\" height=\"" + svg::number(width, 2) + "\" fill-opacity=\"" +
             svg::number(shade, 3) + "\"><title>" +
             svg::escaped(names[r].first + " taken for " + names[c].first + ": " + std::to_string(n)) +
             "</title></rect>\n";
      if (count <= kNumbered)
        out += svg::text_at(x + middle, y + middle + 4, "middle", shade > 0.55 ? "on" : "small", std::to_string(n));
    }
  }
  for (size_t i = 0; i <= count; ++i) {
    const double at = width * static_cast<double>(i);
    out += svg::line("grid", kLeft, kTop + at, kLeft + kSide, kTop + at) +
           svg::line("grid", kLeft + at, kTop, kLeft + at, kTop + kSide);
  }
  out += svg::text_at(kLeft - 10, kTop - 14, "end", "axis", "actual");
  out += svg::text_at(kLeft + kSide / 2, kTop + kSide + 56, "middle", "axis", "predicted");
  out += svg::text_at(kLeft, kPage.height - 22, "start", "small", "the darker, the larger its share of the row");
  return out +
         svg::text_at(kLeft + kSide, kPage.height - 22, "end", "small",
                      std::to_string(records) + " records, " + std::to_string(right) + " of them right") +
         "</svg>\n";
}

}  // namespace penstock::pipelines
