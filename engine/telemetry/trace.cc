#include "engine/telemetry/trace.h"

#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace penstock {
namespace {

struct Mark {
  enum class Kind : uint8_t { kSpan, kCounter };
  Kind kind;
  std::string name, category, detail;
  int64_t begin_ns;
  int64_t duration_ns;
  int64_t value;
  double level;
};

struct Lane {
  uint32_t tid;
  std::string name;
  std::vector<Mark> events;
};

/// Threads are spread over shards by their id, so that each nearly always takes a lock that nobody else wants.
struct alignas(64) Shard {
  std::mutex mutex;
  std::unordered_map<std::thread::id, Lane> lanes;
};

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  out += '"';
}

/// Microseconds with three places: exact.
void append_us(std::string& out, int64_t ns) {
  char text[40];
  const uint64_t size = ns < 0 ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  std::snprintf(text, sizeof text, "%s%llu.%03u", ns < 0 ? "-" : "", static_cast<unsigned long long>(size / 1000),
                static_cast<unsigned>(size % 1000));
  out += text;
}

void append_level(std::string& out, double level) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", std::isfinite(level) ? level : 0.0);
  out += text;
}

}  // namespace

struct Trace::Core {
  /// Runs `use` on the calling thread's lane.
  template <typename Use>
  void with_lane(const Use& use) {
    const auto id = std::this_thread::get_id();
    Shard& shard = shards[std::hash<std::thread::id>()(id) % shards.size()];
    const std::lock_guard lock(shard.mutex);
    auto it = shard.lanes.find(id);
    if (it == shard.lanes.end()) it = shard.lanes.emplace(id, Lane{next_tid.fetch_add(1), {}, {}}).first;
    use(it->second);
  }
  void add(Mark event) {
    if (count.fetch_add(1, std::memory_order_relaxed) >= max_events) return;
    with_lane([&](Lane& lane) { lane.events.push_back(std::move(event)); });
  }

  uint32_t process;
  std::string process_name;
  size_t max_events;
  int64_t start_ns;
  std::atomic<uint64_t> count{0};
  std::atomic<uint32_t> next_tid{1};
  mutable std::array<Shard, 32> shards;
};

Trace::Trace(Clock& clock, uint32_t process, std::string process_name, size_t max_events)
    : clock_(clock), core_(std::make_unique<Core>()) {
  core_->process = process;
  core_->process_name = std::move(process_name);
  core_->max_events = max_events;
  core_->start_ns = clock.now_ns();
}

Trace::~Trace() = default;

void Trace::name_thread(std::string_view name) {
  core_->with_lane([&](Lane& lane) { lane.name = name; });
}

void Trace::span(std::string_view name, std::string_view category, int64_t begin_ns, int64_t end_ns,
                 std::string_view detail, int64_t value) {
  core_->add({Mark::Kind::kSpan, std::string(name), std::string(category), std::string(detail),
              begin_ns - core_->start_ns, end_ns - begin_ns, value, 0});
}

void Trace::counter(std::string_view name, double value) {
  core_->add({Mark::Kind::kCounter, std::string(name), {}, {}, clock_.now_ns() - core_->start_ns, 0, 0, value});
}

uint64_t Trace::dropped() const {
  const uint64_t count = core_->count.load();
  return count > core_->max_events ? count - core_->max_events : 0;
}

std::string Trace::json() const {
  const std::string pid = ",\"pid\":" + std::to_string(core_->process);
  std::string out = "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"dropped_events\":" + std::to_string(dropped()) +
                    "},\"traceEvents\":[\n{\"ph\":\"M\",\"name\":\"process_name\"" + pid +
                    ",\"tid\":0,\"args\":{\"name\":";
  append_text(out, core_->process_name);
  out += "}}";
  for (Shard& shard : core_->shards) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [id, lane] : shard.lanes) {
      const std::string where = pid + ",\"tid\":" + std::to_string(lane.tid);
      if (!lane.name.empty()) {
        out += ",\n{\"ph\":\"M\",\"name\":\"thread_name\"" + where + ",\"args\":{\"name\":";
        append_text(out, lane.name);
        out += "}}";
      }
      for (const Mark& event : lane.events) {
        const bool span = event.kind == Mark::Kind::kSpan;
        out += span ? ",\n{\"ph\":\"X\",\"name\":" : ",\n{\"ph\":\"C\",\"name\":";
        append_text(out, event.name);
        out += where + ",\"ts\":";
        append_us(out, event.begin_ns);
        if (span) {
          out += ",\"dur\":";
          append_us(out, event.duration_ns);
          out += ",\"cat\":";
          append_text(out, event.category);
        }
        if (!span || !event.detail.empty()) {
          out += ",\"args\":{";
          append_text(out, span ? std::string_view(event.detail) : "value");
          out += ':';
          if (span) {
            out += std::to_string(event.value);
          } else {
            append_level(out, event.level);
          }
          out += '}';
        }
        out += '}';
      }
    }
  }
  return out + "\n]}\n";
}

}  // namespace penstock
