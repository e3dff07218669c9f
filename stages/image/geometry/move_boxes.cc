#include "stages/image/geometry/move_boxes.h"

#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "stages/image/geometry/move_pictures.h"

namespace penstock::image::geometry {
namespace {

const char* const kBoxes = "boxes";
const char* const kLabels = "box_label";

std::string text_of(const Box& box) {
  return "[" + std::to_string(box.x0) + ", " + std::to_string(box.y0) + ", " + std::to_string(box.x1) + ", " +
         std::to_string(box.y1) + "]";
}

bool is_box(const Box& box) {
  return std::isfinite(box.x0) && std::isfinite(box.y0) && std::isfinite(box.x1) && std::isfinite(box.y1) &&
         box.x0 <= box.x1 && box.y0 <= box.y1;
}

}  // namespace

void bind_boxes(const Schema& in, const char* who, Bound& bound) {
  const Field& boxes = in.require(kBoxes, who);
  if (boxes.dtype != DType::kF32 || boxes.extent != Extent::kRagged || boxes.shape != std::vector<int64_t>{4})
    throw Error(Code::kUsage, std::string(who) + " moves boxes, and the field is " + boxes.text())
        .hint("it wants: boxes f32 (N, <=any, 4), rows x0, y0, x1, y1 in pixels");
  bound.reads.emplace_back(kBoxes);
  bound.writes.push_back(boxes);
  const Field* labels = in.find(kLabels);
  if (labels == nullptr) return;
  if (labels->extent != Extent::kRagged || labels->max_rows != boxes.max_rows)
    throw Error(Code::kUsage, std::string(who) + " keeps a label with each box, and the field is " + labels->text())
        .hint("it wants rows as " + boxes.text() + " has them");
  bound.reads.emplace_back(kLabels);
  bound.writes.push_back(*labels);
}

Outcome move_boxes(RecordView& record, std::size_t first, const Warp& warp, Size out, double min_visible) {
  const FieldView boxes = record.in(first);
  const bool labelled = record.inputs() > first + 1;
  const FieldView labels = labelled ? record.in(first + 1) : FieldView{};
  if (!boxes.present) {
    record.absent(0);
    if (labelled) record.out(1, 0);
    return Outcome::ok();
  }
  if (labelled && labels.rows != boxes.rows)
    return Outcome::reject("boxes: " + std::to_string(boxes.rows) + " of them, and " + std::to_string(labels.rows) +
                           " labels");
  const std::optional<Warp> forward = inverse(warp);
  const std::size_t label_bytes = labelled ? labels.field->row_bytes() : 0;
  std::byte* const to = record.out(0, boxes.rows).data;  // the same memory where the field keeps its name
  std::byte* const label_to = labelled ? record.out(1, labels.rows).data : nullptr;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(boxes.rows); ++i) {
    Box box;
    std::memcpy(&box, boxes.data + sizeof box * i, sizeof box);
    if (!is_box(box)) return Outcome::reject("boxes: number " + std::to_string(i) + " is no box: " + text_of(box));
    const std::optional<Box> seen = forward ? moved(box, *forward, out, min_visible) : std::nullopt;
    if (!seen) continue;
    std::memcpy(to + sizeof box * kept, &*seen, sizeof box);
    if (labelled) std::memmove(label_to + label_bytes * kept, labels.data + label_bytes * i, label_bytes);
    ++kept;
  }
  record.out(0, static_cast<int64_t>(kept));
  if (labelled) record.out(1, static_cast<int64_t>(kept));
  return Outcome::ok();
}

Bound BoxMover::bind(const Schema& in) const {
  const Field& pixels = require_movable(in, name_);
  if (pixels.shape.size() != 3)
    throw Error(Code::kUsage, std::string(name_) + ": boxes lie in one picture, and the field is " + pixels.text())
        .hint("leave out views of image.decode, or move the boxes of each view in a graph of its own");
  move_->out({static_cast<int>(pixels.shape[0]), static_cast<int>(pixels.shape[1])});
  Bound bound{.reads = {"pixels"}, .draws = true};
  bind_boxes(in, name_, bound);
  return bound;
}

Outcome BoxMover::run(RecordView& record, Draws& draws, Scratch&) const {
  const auto shape = record.in(0).shape();
  const Size size{static_cast<int>(shape[0]), static_cast<int>(shape[1])};
  const std::optional<Warp> warp = move_->draw(size, draws);
  return move_boxes(record, 1, warp.value_or(Warp{}), move_->out(size), min_visible_);
}

}  // namespace penstock::image::geometry
