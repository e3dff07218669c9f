#include "pipelines/stream/timeline.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/base/error.h"
#include "io/file/faulty_file_system.h"

namespace penstock::pipelines {
namespace {

struct Element {
  std::map<std::string, std::string> attributes;
  std::string text;
};

// Reads the XML that a picture may consist of: elements, double-quoted attributes, text with the five entities. Anything else fails the test.
class Xml {
 public:
  explicit Xml(std::string text) : text_(std::move(text)) { read(); }
  const std::vector<Element>& named(const std::string& name) { return elements_[name]; }
  std::string text() const {
    std::string all;
    for (const auto& [name, elements] : elements_)
      for (const Element& element : elements) all += element.text + "\n";
    return all;
  }
  bool well_formed() const { return fault_.empty(); }
  const std::string& fault() const { return fault_; }

 private:
  void read() {
    std::vector<std::pair<std::string, size_t>> open;
    for (size_t at = 0; at < text_.size() && fault_.empty();) {
      if (text_[at] != '<') {
        const size_t end = std::min(text_.find('<', at), text_.size());
        const std::string part = decoded(text_.substr(at, end - at));
        if (!open.empty())
          elements_[open.back().first][open.back().second].text += part;
        else if (part.find_first_not_of(" \n") != std::string::npos)
          fault_ = "text outside of the root";
        at = end;
        continue;
      }
      const size_t end = text_.find('>', at);
      if (end == std::string::npos) return void(fault_ = "a tag without end");
      std::string tag = text_.substr(at + 1, end - at - 1);
      at = end + 1;
      if (tag.starts_with("/")) {
        if (open.empty() || open.back().first != tag.substr(1)) return void(fault_ = "unexpected </" + tag + ">");
        open.pop_back();
        continue;
      }
      const bool closed = tag.ends_with("/");
      if (closed) tag.pop_back();
      const size_t name_end = std::min(tag.find(' '), tag.size());
      const std::string name = tag.substr(0, name_end);
      Element element;
      for (size_t a = name_end; a < tag.size();) {
        const size_t equal = tag.find("=\"", a);
        if (tag[a] != ' ' || equal == std::string::npos) return void(fault_ = "attributes of <" + tag + ">");
        const size_t quote = tag.find('"', equal + 2);
        if (quote == std::string::npos) return void(fault_ = "an open quote in <" + tag + ">");
        if (!element.attributes
                 .emplace(tag.substr(a + 1, equal - a - 1), decoded(tag.substr(equal + 2, quote - equal - 2)))
                 .second)
          return void(fault_ = "an attribute twice in <" + tag + ">");
        a = quote + 1;
      }
      elements_[name].push_back(std::move(element));
      if (!closed) open.emplace_back(name, elements_[name].size() - 1);
    }
    if (!open.empty()) fault_ = "<" + open.back().first + "> stays open";
  }

  std::string decoded(const std::string& raw) {
    std::string out;
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '&') {
        out += raw[i];
        continue;
      }
      bool known = false;
      for (const auto& [entity, c] : {std::pair{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}})
        if (raw.compare(i, std::string(entity).size(), entity) == 0) {
          out += c;
          i += std::string(entity).size() - 1;
          known = true;
          break;
        }
      if (!known) fault_ = "a bare & in '" + raw + "'";
    }
    return out;
  }

  std::string text_;
  std::map<std::string, std::vector<Element>> elements_;
  std::string fault_;
};

TierUse tier(const std::string& name, uint64_t read, uint64_t needed = 0) {
  TierUse use;
  use.name = name;
  use.bytes_read = read;
  use.bytes_needed = needed;
  return use;
}

std::vector<std::pair<double, double>> points_of(Xml& xml, const std::string& id) {
  for (const Element& element : xml.named("polyline")) {
    if (!element.attributes.contains("id") || element.attributes.at("id") != id) continue;
    std::vector<std::pair<double, double>> points;
    std::istringstream in(element.attributes.at("points"));
    double x = 0, y = 0;
    for (char comma = 0; in >> x >> comma >> y;) points.emplace_back(x, y);
    return points;
  }
  return {};
}

TEST(Timeline, DrawsAKnownSeriesAtKnownPoints) {
  Timeline line("two epochs");
  const uint64_t mb = 1'000'000;
  line.add(0, 0, 0, std::vector{tier("hdd", 0), tier("ssd", 0)});
  line.add(10, 0, 1000, std::vector{tier("hdd", 1000 * mb), tier("ssd", 0)});
  line.add(20, 1, 4000, std::vector{tier("hdd", 1000 * mb), tier("ssd", 2000 * mb)});
  Xml xml(line.svg());
  ASSERT_TRUE(xml.well_formed()) << xml.fault();
  // 0 to 20 s lie at x 74 to 936; the axis ends at 200 MB/s (y 96) and begins at y 340.
  using Points = std::vector<std::pair<double, double>>;
  EXPECT_EQ(points_of(xml, "tier-hdd"), (Points{{74, 218}, {505, 218}, {505, 340}, {936, 340}}));
  EXPECT_EQ(points_of(xml, "tier-ssd"), (Points{{74, 340}, {505, 340}, {505, 96}, {936, 96}}));
  // 100 and 300 records/s on an axis to 300, y 508 to 392.
  EXPECT_EQ(points_of(xml, "records"), (Points{{74, 469.3}, {505, 469.3}, {505, 392}, {936, 392}}));
}

TEST(Timeline, MarksWhereAnEpochBegins) {
  Timeline line("epochs");
  for (int i = 0; i <= 30; ++i) line.add(i, static_cast<uint64_t>(i / 10), static_cast<uint64_t>(i) * 5, {});
  Xml xml(line.svg());
  std::vector<std::string> at;
  for (const Element& element : xml.named("line"))
    if (element.attributes.at("class") == "epoch") at.push_back(element.attributes.at("x1"));
  EXPECT_EQ(at, (std::vector<std::string>{"361.3", "648.7", "936.0"}));
  EXPECT_NE(xml.text().find("epoch 2"), std::string::npos);
}

TEST(Timeline, CountsAServedByteOfRamWhichHasNoDevice) {
  Timeline line("ram");
  line.add(0, 0, 0, std::vector{tier("ram", 0, 0)});
  line.add(1, 0, 1, std::vector{tier("ram", 7'000'000, 50'000'000)});
  Xml xml(line.svg());
  EXPECT_EQ(points_of(xml, "tier-ram").at(0).second, 96);  // 50 of 50 MB/s
}

TEST(Timeline, GoesOnWhereACounterBeginsAnew) {
  Timeline line("two runs");
  line.add(0, 0, 0, std::vector{tier("hdd", 0)});
  line.add(1, 0, 10, std::vector{tier("hdd", 100'000'000)});
  line.add(2, 1, 10, std::vector{tier("hdd", 50'000'000)});
  Xml xml(line.svg());
  EXPECT_NE(xml.text().find("hdd  150 MB"), std::string::npos);
  for (const auto& [x, y] : points_of(xml, "tier-hdd")) EXPECT_LE(y, 340);
}

TEST(Timeline, ATierThatComesLateWasStillBefore) {
  Timeline line("late");
  line.add(0, 0, 0, std::vector{tier("hdd", 0)});
  line.add(1, 0, 1, std::vector{tier("hdd", 1'000'000)});
  line.add(2, 0, 2, std::vector{tier("hdd", 2'000'000), tier("ssd", 1'000'000)});
  Xml xml(line.svg());
  EXPECT_EQ(points_of(xml, "tier-ssd").at(0).second, 340);
  EXPECT_EQ(points_of(xml, "tier-ssd").at(3).second, 96);
}

TEST(Timeline, KeepsItsTotalAndItsSizeOverAMillionSamples) {
  Timeline line("long");
  for (uint64_t i = 0; i <= 1'000'000; ++i)
    line.add(static_cast<double>(i), 0, i * 10, std::vector{tier("hdd", i * 100'000'000)});
  const std::string svg = line.svg();
  EXPECT_LT(svg.size(), 100'000u);
  Xml xml(svg);
  ASSERT_TRUE(xml.well_formed()) << xml.fault();
  for (const auto& [x, y] : points_of(xml, "tier-hdd")) EXPECT_EQ(y, 96);  // 100 MB/s all the way
  EXPECT_EQ(points_of(xml, "tier-hdd").back().first, 936);
}

TEST(Timeline, NamesAndTitlesCannotBreakTheXml) {
  Timeline line("a <b> & \"c\"\n");
  line.add(0, 0, 0, std::vector{tier("hdd:\"x\"&<y>", 0)});
  line.add(1, 0, 1, std::vector{tier("hdd:\"x\"&<y>", 1'000'000)});
  Xml xml(line.svg());
  ASSERT_TRUE(xml.well_formed()) << xml.fault();
  EXPECT_EQ(xml.named("title").at(0).text, "a <b> & \"c\" ");
  EXPECT_FALSE(points_of(xml, "tier-hdd:\"x\"&<y>").empty());
  EXPECT_TRUE(xml.named("script").empty());
}

TEST(Timeline, SaysThatThereIsNothingToSee) {
  Timeline line("nothing");
  for (int calls = 0; calls < 2; ++calls) {
    Xml xml(line.svg());
    ASSERT_TRUE(xml.well_formed()) << xml.fault();
    EXPECT_NE(xml.text().find("ended before anything"), std::string::npos);
    line.add(3, 0, 5, {});
  }
  line.add(4, 0, 5, {});  // nothing moved: still a picture
  Xml xml(line.svg());
  EXPECT_TRUE(xml.well_formed()) << xml.fault();
  EXPECT_EQ(xml.text().find("nan"), std::string::npos);
}

}  // namespace
}  // namespace penstock::pipelines
