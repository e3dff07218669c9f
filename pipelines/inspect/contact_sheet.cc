#include "pipelines/inspect/contact_sheet.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "stages/image/pictures.h"
#include "stages/image/text.h"

namespace penstock {
namespace {

constexpr int kMargin = 6;       // around each record
constexpr int kGap = 2;          // between views
constexpr int kLargeFrom = 140;  // pixels of width from which a title is twice as large
constexpr int64_t kMostPixels = 100'000'000;
constexpr image::Colour kPaper{250, 250, 248}, kInk{20, 20, 20}, kGrey{110, 110, 110};

bool is_drawable(const Field& field) {
  return image::holds_pictures(field) && (field.shape.back() == 1 || field.shape.back() == 3);
}

std::string drawable_fields(const Schema& schema) {
  std::string names;
  for (const Field& field : schema.fields())
    if (is_drawable(field)) names += (names.empty() ? "" : ", ") + field.name;
  return names;
}

void paste(image::Picture& sheet, int x, int y, const std::uint8_t* pixels, int64_t height, int64_t width,
           int64_t channels) {
  for (int64_t row = 0; row < height; ++row) {
    std::uint8_t* to = sheet.rgb.data() + ((y + row) * sheet.width + x) * 3;
    const std::uint8_t* from = pixels + row * width * channels;
    if (channels == 3)
      std::memcpy(to, from, static_cast<size_t>(width) * 3);
    else
      for (int64_t i = 0; i < width * 3; ++i) to[i] = from[i / 3];
  }
}

}  // namespace

image::Picture contact_sheet(const Batch& batch, const std::vector<Caption>& captions,
                             const ContactSheetOptions& options) {
  const Field* field = batch.schema().find(options.field);
  if (field == nullptr || !is_drawable(*field)) {
    const std::string drawable = drawable_fields(batch.schema());
    throw Error(Code::kUsage, field == nullptr ? "the batch has no field '" + options.field + "'"
                                               : "field '" + options.field + "' holds no pictures: " + field->text())
        .hint(drawable.empty() ? "no field holds pictures; the batch has:\n" + batch.schema().text()
                               : "pictures are in: " + drawable);
  }
  const auto views = static_cast<int>(field->shape.size() == 4 ? field->shape[0] : 1);
  const auto height = static_cast<int>(field->shape[field->shape.size() - 3]);
  const auto width = static_cast<int>(field->shape[field->shape.size() - 2]);
  const auto count = static_cast<int>(std::min(options.count, batch.size()));
  const int cell_width = views * width + (views - 1) * kGap;
  const int scale = cell_width >= kLargeFrom ? 2 : 1;
  const int text_height = (scale + 1) * (image::kGlyphHeight + 2);
  const int step_x = cell_width + 2 * kMargin, step_y = height + text_height + 2 * kMargin;
  const int columns =
      options.columns > 0
          ? std::min(options.columns, std::max(1, count))
          : std::clamp(static_cast<int>(std::lround(std::sqrt(1.4 * count * step_y / step_x))), 1, std::max(1, count));
  const int rows = (count + columns - 1) / columns;
  image::Picture sheet{columns * step_x, std::max(1, rows) * step_y, {}};
  if (int64_t{sheet.width} * sheet.height > kMostPixels)
    throw Error(Code::kUsage, "a sheet of " + std::to_string(sheet.width) + "x" + std::to_string(sheet.height) +
                                  " pixels is too large")
        .hint("show fewer records: --count");
  sheet.rgb.resize(static_cast<size_t>(sheet.width) * static_cast<size_t>(sheet.height) * 3);
  for (size_t i = 0; i < sheet.rgb.size(); ++i) sheet.rgb[i] = kPaper[i % 3];

  const Tensor tensor = batch[options.field];
  const size_t record_bytes = field->row_bytes();
  for (int i = 0; i < count; ++i) {
    const int x = i % columns * step_x + kMargin, y = i / columns * step_y + kMargin;
    int view_x = x;
    image::each_picture({field, tensor.data + static_cast<size_t>(i) * record_bytes, 1, true},
                        [&](const std::uint8_t* pixels, int64_t h, int64_t w, int64_t channels) {
                          paste(sheet, view_x, y, pixels, h, w, channels);
                          view_x += width + kGap;
                        });
    if (static_cast<size_t>(i) >= captions.size()) continue;
    const Caption& caption = captions[static_cast<size_t>(i)];
    const int title_scale = image::fitted_text(caption.title, cell_width, scale) == caption.title ? scale : 1;
    image::draw_text(sheet, x, y + height + 3, image::fitted_text(caption.title, cell_width, title_scale), title_scale,
                     kInk);
    image::draw_text(sheet, x, y + height + 3 + scale * (image::kGlyphHeight + 1),
                     image::fitted_text(caption.detail, cell_width, 1), 1, kGrey);
  }
  return sheet;
}

}  // namespace penstock
