#include "tools/pack_plan.h"

#include <cmath>
#include <cstdio>

#include "engine/base/bytes.h"
#include "pipelines/pack/plan.h"

namespace penstock::tools {

void say_plan(const io::Dataset& data, const PackOptions& options, Cores& cores, std::string& words, Json& parts) {
  const PackPlan plan = plan_pack(data, options, cores);
  words += options.dest + ": " + std::to_string(plan.records) + " records, " + bytes_text(plan.source_bytes) +
           " would take at most about " + bytes_text(plan.dest_bytes) +
           (plan.needed_bytes > plan.dest_bytes ? ", " + bytes_text(plan.needed_bytes) + " while it works" : "") +
           " (" + bytes_text(plan.free_bytes) + " are free) and about " + duration_text(plan.seconds) + "\n";
  Json ways = Json::array();
  if (options.checked) {
    words += "Ways to store them (--encode), with what they would give on these " + std::to_string(cores.count()) +
             " cores:\n";
    for (const PackAlternative& way : compare_encodings(data, options, cores)) {
      char line[200];
      std::snprintf(line, sizeof line, "  %-34s %10s %8.0f images/s  ", way.name.c_str(), bytes_text(way.bytes).c_str(),
                    way.images_per_second);
      words += line;
      std::snprintf(line, sizeof line, "%.1f dB", way.psnr);
      words += std::isinf(way.psnr) ? "the same pixels" : line;
      if (way.raw_share > 0 && way.raw_share < 1)
        words += ", " + std::to_string(std::lround(100 * way.raw_share)) + " % as pixels";
      words += "\n";
      ways.push_back({{"encode", way.name},
                      {"bytes", way.bytes},
                      {"images_per_second", way.images_per_second},
                      {"raw_share", way.raw_share},
                      {"psnr", std::isinf(way.psnr) ? Json() : Json(way.psnr)}});
    }
  }
  parts.push_back({{"dest", options.dest},
                   {"records", plan.records},
                   {"source_bytes", plan.source_bytes},
                   {"dest_bytes", plan.dest_bytes},
                   {"needed_bytes", plan.needed_bytes},
                   {"free_bytes", plan.free_bytes},
                   {"seconds", plan.seconds},
                   {"encodings", ways}});
}

}  // namespace penstock::tools
