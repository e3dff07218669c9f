#include "engine/telemetry/trace.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/fake_clock.h"

namespace penstock {
namespace {

using test::FakeClock;

/// As much of JSON as it takes to be sure that a trace is JSON.
struct Json {
  std::map<std::string, Json> members;
  std::vector<Json> items;
  std::string text;  ///< of a string or number

  const Json& operator[](const std::string& key) const { return members.at(key); }
  double number() const { return std::strtod(text.c_str(), nullptr); }
};

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}
  Json read_all() {
    Json value = read();
    if (peek() != '\0') throw std::runtime_error("text after the value");
    return value;
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void expect(char c) {
    if (peek() != c) throw std::runtime_error("expected '" + std::string(1, c) + "' at " + std::to_string(at_));
    ++at_;
  }
  std::string read_string() {
    expect('"');
    std::string s;
    while (text_.at(at_) != '"') {
      char c = text_[at_++];
      if (static_cast<unsigned char>(c) < 0x20) throw std::runtime_error("a bare control character");
      if (c == '\\') {
        c = text_.at(at_++);
        if (c == 'u') {
          c = static_cast<char>(std::stoi(std::string(text_.substr(at_, 4)), nullptr, 16));
          at_ += 4;
        } else if (c != '"' && c != '\\') {
          throw std::runtime_error("unknown escape");
        }
      }
      s += c;
    }
    ++at_;
    return s;
  }
  Json read() {
    Json value;
    const char c = peek();
    if (c == '{') {
      expect('{');
      while (peek() != '}') {
        if (!value.members.empty()) expect(',');
        peek();
        const std::string key = read_string();
        expect(':');
        if (!value.members.emplace(key, read()).second) throw std::runtime_error("key twice: " + key);
      }
      expect('}');
    } else if (c == '[') {
      expect('[');
      while (peek() != ']') {
        if (!value.items.empty()) expect(',');
        value.items.push_back(read());
      }
      expect(']');
    } else if (c == '"') {
      value.text = read_string();
    } else {
      while (at_ < text_.size() && std::string_view("+-.eE0123456789").find(text_[at_]) != std::string_view::npos) {
        value.text += text_[at_++];
      }
      if (value.text.empty()) throw std::runtime_error("no value at " + std::to_string(at_));
    }
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::vector<Json> events_of(const Trace& trace, const std::string& phase) {
  std::vector<Json> found;
  const Json json = JsonReader(trace.json()).read_all();
  for (const Json& event : json["traceEvents"].items) {
    if (event["ph"].text == phase) found.push_back(event);
  }
  return found;
}

TEST(Trace, WritesSpansInMicrosecondsSinceItsBeginning) {
  FakeClock clock(FakeClock::Jumps::kNever, 5'000'000);
  Trace trace(clock, 3);
  clock.advance(1'500);
  {
    const TraceSpan span(&trace, "image.decode", "slice", "step", 17);
    clock.advance(2'000'042);
  }
  const auto spans = events_of(trace, "X");
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0]["name"].text, "image.decode");
  EXPECT_EQ(spans[0]["cat"].text, "slice");
  EXPECT_EQ(spans[0]["ts"].text, "1.500");
  EXPECT_EQ(spans[0]["dur"].text, "2000.042");
  EXPECT_EQ(spans[0]["pid"].text, "3");
  EXPECT_EQ(spans[0]["args"]["step"].text, "17");
}

TEST(Trace, WritesCountersAndNames) {
  FakeClock clock(FakeClock::Jumps::kNever);
  Trace trace(clock, 0, "rank 0");
  trace.name_thread("main");
  clock.advance(1000);
  trace.counter("ram bytes", 1.5e9);
  const auto counters = events_of(trace, "C");
  ASSERT_EQ(counters.size(), 1u);
  EXPECT_EQ(counters[0]["name"].text, "ram bytes");
  EXPECT_EQ(counters[0]["ts"].text, "1.000");
  EXPECT_EQ(counters[0]["args"]["value"].number(), 1.5e9);
  std::set<std::string> names;
  for (const Json& meta : events_of(trace, "M")) names.insert(meta["name"].text + "=" + meta["args"]["name"].text);
  EXPECT_EQ(names, (std::set<std::string>{"process_name=rank 0", "thread_name=main"}));
}

TEST(Trace, KeepsThreadsApartAndLosesNothing) {
  Trace trace;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      trace.name_thread("worker " + std::to_string(t));
      const std::string name = "w" + std::to_string(t);
      for (int i = 0; i < 500; ++i) const TraceSpan span(&trace, name, "test");
      // All live at once, or a thread's id might be used again by a later one.
      while (events_of(trace, "X").size() < 2000) std::this_thread::yield();
    });
  }
  threads.clear();
  std::map<std::string, std::set<std::string>> names_of_tid;
  const auto spans = events_of(trace, "X");
  EXPECT_EQ(spans.size(), 2000u);
  for (const Json& span : spans) names_of_tid[span["tid"].text].insert(span["name"].text);
  EXPECT_EQ(names_of_tid.size(), 4u);
  for (const auto& [tid, names] : names_of_tid) EXPECT_EQ(names.size(), 1u);
}

TEST(Trace, StaysJsonWhateverNamesSay) {
  Trace trace;
  const std::string name = "a \"quoted\\\" name\nwith\x01 control";
  trace.span(name, "c", 0, 1, name, -5);
  trace.counter("nan", 0.0 / 0.0);
  const auto spans = events_of(trace, "X");
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0]["name"].text, name);
  EXPECT_EQ(spans[0]["args"][name].text, "-5");
  EXPECT_EQ(events_of(trace, "C")[0]["args"]["value"].number(), 0);
}

TEST(Trace, IsBoundedAndSaysHowMuchItLeftOut) {
  FakeClock clock;
  Trace trace(clock, 0, "p", 10);
  for (int i = 0; i < 25; ++i) trace.counter("c", i);
  EXPECT_EQ(trace.dropped(), 15u);
  EXPECT_EQ(events_of(trace, "C").size(), 10u);
  EXPECT_EQ(JsonReader(trace.json()).read_all()["otherData"]["dropped_events"].text, "15");
}

TEST(Trace, SwitchedOffIsANullPointer) { const TraceSpan span(nullptr, "a", "b"); }

}  // namespace
}  // namespace penstock
