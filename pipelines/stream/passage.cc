#include "pipelines/stream/passage.h"

#include <algorithm>
#include <charconv>

#include "engine/base/error.h"
#include "pipelines/job/job.h"
#include "pipelines/recipe/phases.h"

namespace penstock {
namespace {

std::optional<uint64_t> number_of(std::string_view text) {
  uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

}  // namespace

StepName StepName::parse(std::string_view text) {
  const size_t colon = text.find(':');
  const auto step = number_of(colon == std::string_view::npos ? text : text.substr(colon + 1));
  const auto epoch = colon == std::string_view::npos ? std::nullopt : number_of(text.substr(0, colon));
  if (!step || (colon != std::string_view::npos && !epoch)) {
    throw Error(Code::kUsage, "'" + std::string(text) + "' names no step")
        .hint("write STEP or EPOCH:STEP, both counted from 0: 1200 or 3:17");
  }
  return {epoch, *step};
}

uint64_t steps_per_epoch(const pipelines::Recipe& at_epoch, Mode mode, uint64_t records) {
  const RunOptions options = run_options(at_epoch, mode, records);
  return EpochPlan({.records = records,
                    .seed = options.seed,
                    .order = options.order,
                    .last = options.last,
                    .batch = options.batch,
                    .block = options.block,
                    .group_blocks = options.group_blocks})
      .steps_per_epoch();
}

std::pair<uint64_t, uint64_t> locate_step(const pipelines::Recipe& recipe, Mode mode, uint64_t records,
                                          const StepName& name) {
  if (name.epoch) {
    const uint64_t steps = steps_per_epoch(pipelines::phase_view(recipe, *name.epoch), mode, records);
    if (name.step < steps) return {*name.epoch, name.step};
    throw Error(Code::kUsage, "epoch " + std::to_string(*name.epoch) + " has no step " + std::to_string(name.step) +
                                  ": its steps are 0 to " + std::to_string(steps - 1));
  }
  // Whole stretches of equal epochs at once: a long training has many steps, but few phases.
  std::vector<uint64_t> boundaries = pipelines::phase_boundaries(recipe);
  uint64_t left = name.step;
  for (size_t i = 0;; ++i) {
    const uint64_t epoch = boundaries[i];
    const uint64_t steps = steps_per_epoch(pipelines::phase_view(recipe, epoch), mode, records);
    const bool is_last = i + 1 == boundaries.size();
    const uint64_t epochs = left / steps;
    if (is_last || epochs < boundaries[i + 1] - epoch) return {epoch + epochs, left % steps};
    left -= (boundaries[i + 1] - epoch) * steps;
  }
}

std::vector<Segment> segments_of(const pipelines::Recipe& recipe, uint64_t epoch, uint64_t step, uint64_t epochs) {
  std::vector<Segment> segments;
  const std::vector<uint64_t> boundaries = pipelines::phase_boundaries(recipe);
  const uint64_t end = epoch + epochs;
  for (uint64_t at = epoch; at < end;) {
    const auto next = std::upper_bound(boundaries.begin(), boundaries.end(), at);
    const uint64_t until = next == boundaries.end() ? end : std::min(end, *next);
    segments.push_back({pipelines::phase_view(recipe, at), at, at == epoch ? step : 0, until - at});
    at = until;
  }
  return segments;
}

}  // namespace penstock
