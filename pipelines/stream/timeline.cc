#include "pipelines/stream/timeline.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "io/file/atomic_file.h"
#include "pipelines/picture/svg.h"

namespace penstock::pipelines {
namespace {

using svg::escaped;
using svg::line;
using svg::nice_step;
using svg::number;
using svg::pixels;
using svg::text_at;
using svg::tick_text;

constexpr double kLeft = 74, kRight = 936, kWidth = 960, kHeight = 560;
// Steps narrower than this many pixels are drawn as one: the eye could not part them.
constexpr double kStepPixels = 3;

struct Panel {
  double top, bottom;
  double most;  ///< the value at `top`
  double y(double value) const { return bottom - (bottom - top) * value / most; }
};

// "hdd:sdb" has the colour of "hdd".
std::string colour_of(const std::string& name, size_t index) {
  const std::string kind = name.substr(0, name.find(':'));
  const bool first = kind == name;
  if (kind == "hdd" && first) return "#d9622b";
  if (kind == "ssd" && first) return "#2f7fd0";
  if (kind == "ram" && first) return "#2f9e63";
  constexpr std::array<const char*, 6> kOthers = {"#d9622b", "#b0883a", "#8e5bc0", "#c2417f", "#3a9ea5", "#7d8796"};
  return kOthers[index % kOthers.size()];
}

std::string axis(const Panel& panel, int parts, const std::string& what) {
  const double step = nice_step(panel.most, parts);
  std::string out;
  for (double value = 0; value <= panel.most * (1 + 1e-9); value += step) {
    out += line("grid", kLeft, panel.y(value), kRight, panel.y(value));
    out += text_at(kLeft - 8, panel.y(value) + 4, "end", "small", tick_text(value, step));
  }
  return out + text_at(kLeft, panel.top - 10, "start", "axis", what);
}

std::string head(const std::string& title) {
  return svg::head(
      {.width = kWidth, .height = kHeight, .left = kLeft}, title,
      ".epoch{stroke:#8a94a8;stroke-width:1.2;stroke-dasharray:5 4}.records{stroke:#6b5bb5}.rate{fill:none;"
      "stroke-width:2;stroke-linejoin:round}.area{stroke:none;fill-opacity:.13}\n",
      ".epoch{stroke:#77839a}.records{stroke:#a79bea}.area{fill-opacity:.2}");
}

}  // namespace

uint64_t Timeline::Sum::add(uint64_t value) {
  if (value < last) before += last;
  last = value;
  return before + last;
}

size_t Timeline::tier_of(const std::string& name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<size_t>(found - names_.begin());
  names_.push_back(name);
  sums_.emplace_back();
  return names_.size() - 1;
}

void Timeline::add(double seconds, uint64_t epoch, uint64_t records, std::span<const TierUse> tiers) {
  Sample sample{.seconds = seconds, .records = records_.add(records), .bytes = {}};
  for (const TierUse& tier : tiers) {
    const size_t at = tier_of(tier.name);
    sums_[at].add(tier.name.starts_with("ram") ? tier.bytes_needed : tier.bytes_read);
  }
  for (const Sum& sum : sums_) sample.bytes.push_back(sum.before + sum.last);
  if (!samples_.empty() && seconds <= samples_.back().seconds) {
    sample.seconds = samples_.back().seconds;
    samples_.back() = std::move(sample);
  } else {
    samples_.push_back(std::move(sample));
  }
  if (epochs_.empty() || epochs_.back().epoch != epoch) epochs_.push_back({samples_.back().seconds, epoch});
  if (samples_.size() > kMostSamples) thin_out();
}

void Timeline::thin_out() {
  size_t kept = 0;
  // The first stays, for the picture begins there, and the last, for the next difference does.
  for (size_t i = 0; i < samples_.size(); ++i)
    if (i % 2 == 0 || i + 1 == samples_.size()) std::swap(samples_[kept++], samples_[i]);
  samples_.resize(kept);
}

std::string Timeline::svg() const {
  if (samples_.size() < 2)
    return head(title_) +
           text_at(kWidth / 2, kHeight / 2, "middle", "axis", "The stream ended before anything could be drawn.") +
           "</svg>\n";
  const double begin = samples_.front().seconds;
  const double length = samples_.back().seconds - begin;
  const auto x = [&](double seconds) { return kLeft + (kRight - kLeft) * (seconds - begin) / length; };

  // The samples that are drawn: a step each, none too narrow.
  std::vector<const Sample*> drawn{&samples_.front()};
  for (const Sample& sample : samples_)
    if (x(sample.seconds) - x(drawn.back()->seconds) >= kStepPixels) drawn.push_back(&sample);
  if (drawn.size() == 1) drawn.push_back(&samples_.back());
  drawn.back() = &samples_.back();

  // values[i] holds between drawn[i] and drawn[i + 1].
  const auto rates = [&](auto&& counter) {
    std::vector<double> values;
    for (size_t i = 0; i + 1 < drawn.size(); ++i)
      values.push_back((counter(*drawn[i + 1]) - counter(*drawn[i])) / (drawn[i + 1]->seconds - drawn[i]->seconds));
    return values;
  };
  std::vector<std::vector<double>> tiers;
  for (size_t t = 0; t < names_.size(); ++t)
    tiers.push_back(
        rates([t](const Sample& s) { return t < s.bytes.size() ? static_cast<double>(s.bytes[t]) / 1e6 : 0; }));
  const auto records = rates([](const Sample& s) { return static_cast<double>(s.records); });
  const auto most_of = [](double most, const std::vector<double>& values) {
    for (const double value : values) most = std::max(most, value);
    return most;
  };
  const auto rounded_up = [](double most, int parts) {
    const double step = nice_step(most, parts);
    return step * std::ceil(most / step - 1e-9);
  };
  double most = 0;
  for (const auto& values : tiers) most = most_of(most, values);
  const Panel bytes{.top = 96, .bottom = 340, .most = rounded_up(most > 0 ? most : 1, 5)};
  const double most_records = most_of(0, records);
  const Panel counts{.top = 392, .bottom = 508, .most = rounded_up(most_records > 0 ? most_records : 1, 3)};

  const auto steps = [&](const std::vector<double>& values, const Panel& panel) {
    std::string points;
    for (size_t i = 0; i < values.size(); ++i)
      for (const Sample* end : {drawn[i], drawn[i + 1]})
        points += (points.empty() ? "" : " ") + pixels(x(end->seconds)) + "," + pixels(panel.y(values[i]));
    return points;
  };

  std::string out = head(title_) + axis(bytes, 5, "MB/s") + axis(counts, 3, "records/s");
  const double second_step = nice_step(length, 8);
  for (double seconds = 0; seconds <= length * (1 + 1e-9); seconds += second_step)
    out += text_at(x(begin + seconds), counts.bottom + 20, "middle", "small", tick_text(seconds, second_step));
  out += text_at((kLeft + kRight) / 2, counts.bottom + 40, "middle", "axis", "seconds");

  for (size_t t = 0; t < tiers.size(); ++t) {
    const std::string points = steps(tiers[t], bytes);
    const std::string colour = colour_of(names_[t], t);
    out += "<polygon class=\"area\" fill=\"" + colour + "\" points=\"" + pixels(kLeft) + "," + pixels(bytes.bottom) +
           " " + points + " " + pixels(kRight) + "," + pixels(bytes.bottom) + "\"/>\n";
    out += "<polyline class=\"rate\" id=\"tier-" + escaped(names_[t]) + "\" stroke=\"" + colour + "\" points=\"" +
           points + "\"/>\n";
  }
  out += "<polyline class=\"rate records\" id=\"records\" points=\"" + steps(records, counts) + "\"/>\n";

  for (size_t e = 0; e < epochs_.size(); ++e) {
    const double at = x(std::max(begin, epochs_[e].seconds));
    const double next = e + 1 < epochs_.size() ? x(epochs_[e + 1].seconds) : kRight;
    if (e > 0) out += line("epoch", at, bytes.top, at, counts.bottom);
    // Where epochs are too short for their names the lines alone tell.
    if (next - at > 64)
      out += text_at((at + next) / 2, bytes.bottom + 22, "middle", "small",
                     "epoch " + std::to_string(epochs_[e].epoch + 1));
  }

  // The legend, right to left: a name and what it gave in all.
  double right = kRight;
  for (size_t t = names_.size(); t-- > 0;) {
    const double total = static_cast<double>(sums_[t].before + sums_[t].last) / 1e6;
    const std::string words =
        names_[t] + "  " + (total >= 10'000 ? number(total / 1000, 1) + " GB" : number(total, 0) + " MB");
    out += text_at(right, bytes.top - 10, "end", "axis", words);
    right -= 7.2 * static_cast<double>(words.size()) + 6;
    out += "<rect x=\"" + pixels(right - 16) + "\" y=\"" + pixels(bytes.top - 16) +
           "\" width=\"16\" height=\"4\" rx=\"2\" fill=\"" + colour_of(names_[t], t) + "\"/>\n";
    right -= 40;
  }
  return out + "</svg>\n";
}

void Timeline::finish(const std::string& path, io::FileSystem& fs) const { io::write_file(fs, path, svg()); }

}  // namespace penstock::pipelines
