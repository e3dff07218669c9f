#include "pipelines/train/taken.h"

#include <nlohmann/json.hpp>

namespace penstock::train {

using nlohmann::json;

void Taken::add(const Taken& share) {
  ids.insert(ids.end(), share.ids.begin(), share.ids.end());
  rejections.insert(rejections.end(), share.rejections.begin(), share.rejections.end());
}

Taken taken_of(const Batch& batch) {
  return {.epoch = batch.epoch(),
          .step = batch.step(),
          .ids = {batch.ids().begin(), batch.ids().end()},
          .rejections = {batch.rejections().begin(), batch.rejections().end()}};
}

Taken joined(Together& together, Taken share) {
  if (together.size() == 1) return share;
  const std::vector<std::string> all = together.gather(pack(share));
  for (size_t r = 1; r < all.size(); ++r) share.add(unpack_taken(all[r]));
  return share;
}

std::string pack(const Taken& taken) {
  json rejections = json::array();
  for (const Rejection& r : taken.rejections)
    rejections.push_back({r.record, r.position, r.attempt, r.stage, r.reason, r.replaced, r.replacement});
  const std::vector<uint8_t> bytes = json::to_msgpack({taken.epoch, taken.step, taken.ids, rejections});
  return {bytes.begin(), bytes.end()};
}

Taken unpack_taken(std::string_view bytes) {
  const json all = json::from_msgpack(bytes);
  Taken out{.epoch = all.at(0), .step = all.at(1), .ids = all.at(2), .rejections = {}};
  for (const json& r : all.at(3))
    out.rejections.push_back({.record = r.at(0),
                              .position = r.at(1),
                              .attempt = r.at(2),
                              .stage = r.at(3),
                              .reason = r.at(4),
                              .replaced = r.at(5),
                              .replacement = r.at(6)});
  return out;
}

}  // namespace penstock::train
