// Pictures, masks and boxes through a run: stages that share a `draw` move them alike.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "engine/graph/graph_spec.h"
#include "engine/run/run.h"
#include "stages/image/registry.h"
#include "tests/image/photos.h"
#include "tests/image/scenes.h"
#include "tests/support/data_dir.h"

namespace penstock::image::geometry {
namespace {

struct Seen {
  int width = 0, height = 0;
  Values pixels, mask;
  std::map<int, Box> boxes;  // by label
};

std::map<uint64_t, Seen> run_over(const Source& source, const GraphSpec& spec, unsigned threads = 2,
                                  const std::string& boxes_field = "boxes") {
  StageRegistry registry;
  register_image_stages(registry);
  RunOptions options{.seed = 5, .order = Order::kSequential, .last = Last::kKeep, .batch = 8};
  options.cores = std::make_shared<Cores>(threads);
  Run run = Run::start(spec.bind(source.schema(), registry), source, std::move(options));
  std::map<uint64_t, Seen> all;
  while (Batch batch = run.next()) {
    const Tensor pixels = batch["pixels"], mask = batch["mask"];
    const bool boxed = batch.schema().find(boxes_field) != nullptr;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Seen& seen = all[batch.ids()[i]];
      seen.height = static_cast<int>(pixels.shape[1]);
      seen.width = static_cast<int>(pixels.shape[2]);
      const auto copy = [&](const Tensor& from) {
        const auto values = from.as<std::uint8_t>();
        const std::size_t each = values.size() / batch.size();
        return Values(values.begin() + static_cast<std::ptrdiff_t>(i * each),
                      values.begin() + static_cast<std::ptrdiff_t>((i + 1) * each));
      };
      seen.pixels = copy(pixels);
      seen.mask = copy(mask);
      if (!boxed) continue;
      const Tensor boxes = batch[boxes_field];
      const Tensor labels = batch[boxes_field == "boxes" ? "box_label" : boxes_field + "_label"];
      EXPECT_EQ(boxes.offsets[i + 1], labels.offsets[i + 1]);
      for (auto row = static_cast<std::size_t>(boxes.offsets[i]); row < static_cast<std::size_t>(boxes.offsets[i + 1]);
           ++row) {
        Box box;
        std::memcpy(&box, boxes.data + row * sizeof box, sizeof box);
        seen.boxes[static_cast<int>(labels.as<int64_t>()[row])] = box;
      }
    }
  }
  return all;
}

int class_of(const std::uint8_t* rgb) { return rgb[0] > 127 ? (rgb[1] > 127 ? 1 : 2) : (rgb[1] > 127 ? 3 : 0); }

// The least box around the pixels of a class; x1 <= x0 where there are none.
Box around(const Seen& seen, int wanted) {
  Box box{1e9f, 1e9f, -1, -1};
  for (int y = 0; y < seen.height; ++y)
    for (int x = 0; x < seen.width; ++x)
      if (seen.mask[static_cast<std::size_t>(y) * seen.width + x] == wanted)
        box = {std::min(box.x0, static_cast<float>(x)), std::min(box.y0, static_cast<float>(y)),
               std::max(box.x1, static_cast<float>(x + 1)), std::max(box.y1, static_cast<float>(y + 1))};
  return box;
}

struct Tally {
  double pixels = 0, apart = 0;
  int boxes = 0, left_out = 0, tight = 0;
};

// Class 3 lies above, so that all of its rectangle is seen in the mask.
Tally compare(const std::map<uint64_t, Seen>& all, float tolerance) {
  Tally tally;
  for (const auto& [id, seen] : all) {
    SCOPED_TRACE(id);
    for (std::size_t i = 0; i < seen.mask.size(); ++i) tally.apart += class_of(&seen.pixels[3 * i]) != seen.mask[i];
    tally.pixels += static_cast<double>(seen.mask.size());
    for (int k = 1; k <= 3; ++k) {
      const Box found = around(seen, k);
      if (!seen.boxes.contains(k)) {
        ++tally.left_out;
        EXPECT_LE((found.x1 - found.x0) * (found.y1 - found.y0), found.x1 < found.x0 ? 1e20f : 60.f)
            << "class " << k << " is seen, and its box was left out";
        continue;
      }
      const Box& box = seen.boxes.at(k);
      ++tally.boxes;
      if (found.x1 < found.x0) continue;  // covered by others, or thinner than a pixel
      EXPECT_GE(found.x0, box.x0 - tolerance);
      EXPECT_GE(found.y0, box.y0 - tolerance);
      EXPECT_LE(found.x1, box.x1 + tolerance);
      EXPECT_LE(found.y1, box.y1 + tolerance);
      tally.tight += k == 3 && std::abs(found.x0 - box.x0) <= tolerance && std::abs(found.x1 - box.x1) <= tolerance &&
                     std::abs(found.y0 - box.y0) <= tolerance && std::abs(found.y1 - box.y1) <= tolerance;
    }
  }
  return tally;
}

using Params = ParamMap;

// A stage on pictures, on masks and on boxes, with draws of the same name.
void add_alike(GraphSpec& spec, const std::string& name, const Params& params, const Params& own = {}) {
  const std::string id = name.substr(name.find('.') + 1);
  Params box_params = params;
  spec.add({.name = name + "-boxes", .id = id + "-boxes", .params = box_params, .draw = id});
  Params all = params;
  all.insert(own.begin(), own.end());
  spec.add({.name = name, .id = id, .params = all, .draw = id});
  spec.add({.name = name, .id = id + "-mask", .params = all, .inputs = {{"pixels", "mask"}}, .draw = id});
}

GraphSpec cropped(const Params& view = {{"size", 96}, {"scale", {0.3, 1.0}}}) {
  GraphSpec spec;
  spec.add({.name = "image.decode", .id = "crop", .params = view, .draw = "view"});
  spec.add({.name = "image.decode-mask", .id = "mask", .params = view, .draw = "view"});
  spec.add({.name = "image.crop-boxes", .id = "boxes", .params = view, .draw = "view"});
  return spec;
}

const Scenes kScenes(64);

TEST(SharedDraw, CropsAlike) {
  for (const std::string& view :
       {std::string("random-resized-crop"), std::string("center-crop"), std::string("resize")}) {
    const Tally tally = compare(run_over(kScenes, cropped({{"view", view}, {"size", {90, 110}}})), 1.01f);
    EXPECT_LT(tally.apart / tally.pixels, 0.02) << view;
    EXPECT_GT(tally.boxes, 80) << view;
    EXPECT_GT(tally.tight, 25) << view;
  }
}

TEST(SharedDraw, MirrorsAlike) {
  GraphSpec spec = cropped();
  add_alike(spec, "image.flip", {{"p", 0.5}});
  const Tally tally = compare(run_over(kScenes, spec), 1.01f);
  EXPECT_LT(tally.apart / tally.pixels, 0.02);
  EXPECT_GT(tally.tight, 25);
}

TEST(SharedDraw, PadsAndCropsAlike) {
  for (const Params& params : {Params{{"padding", 20}}, Params{{"padding", 4}, {"size", {60, 90}}}}) {
    GraphSpec spec = cropped();
    add_alike(spec, "image.pad-crop", params);
    const auto all = run_over(kScenes, spec);
    EXPECT_EQ(all.at(0).height, params.contains("size") ? 60 : 96);
    const Tally tally = compare(all, 1.01f);
    EXPECT_LT(tally.apart / tally.pixels, 0.02);
    EXPECT_GT(tally.tight, 20);
  }
}

TEST(SharedDraw, MovesAlike) {
  for (const std::string& how : {std::string("nearest"), std::string("bilinear")}) {
    GraphSpec spec = cropped();
    add_alike(spec, "image.affine",
              {{"degrees", 40}, {"translate", {0.1, 0.1}}, {"scale", {0.7, 1.3}}, {"shear", {-10, 10, -10, 10}}},
              {{"interpolation", how}});
    const Tally tally = compare(run_over(kScenes, spec), 1.6f);
    EXPECT_LT(tally.apart / tally.pixels, 0.03);
    EXPECT_GT(tally.boxes, 80);
    EXPECT_GT(tally.tight, 15);
  }
}

TEST(SharedDraw, SeesFromAnotherPlaceAlike) {
  GraphSpec spec = cropped();
  add_alike(spec, "image.perspective", {{"p", 0.8}});
  const Tally tally = compare(run_over(kScenes, spec), 1.6f);
  EXPECT_LT(tally.apart / tally.pixels, 0.03);
  EXPECT_GT(tally.tight, 15);
}

TEST(SharedDraw, BoxesOfAnotherNameAreTheSame) {
  GraphSpec spec = cropped(), renamed = cropped();
  spec.add({.name = "image.flip-boxes", .params = {{"p", 1.0}}});
  renamed.add({.name = "image.flip-boxes",
               .params = {{"p", 1.0}},
               .outputs = {{"boxes", "mirrored"}, {"box_label", "mirrored_label"}}});
  const auto plain = run_over(kScenes, cropped()), mirrored = run_over(kScenes, spec);
  const auto kept = run_over(kScenes, renamed), made = run_over(kScenes, renamed, 2, "mirrored");
  for (const auto& [id, seen] : plain) {
    EXPECT_EQ(kept.at(id).boxes, seen.boxes) << "those that were read stay";
    EXPECT_EQ(made.at(id).boxes, mirrored.at(id).boxes);
  }
}

TEST(SharedDraw, AnotherDrawMovesApart) {
  GraphSpec spec = cropped();
  spec.add({.name = "image.affine", .params = {{"degrees", 40}}});
  spec.add({.name = "image.affine", .id = "mask-affine", .params = {{"degrees", 40}}, .inputs = {{"pixels", "mask"}}});
  double apart = 0, pixels = 0;
  for (const auto& [id, seen] : run_over(kScenes, spec))
    for (std::size_t i = 0; i < seen.mask.size(); ++i, ++pixels) apart += class_of(&seen.pixels[3 * i]) != seen.mask[i];
  EXPECT_GT(apart / pixels, 0.06);
}

TEST(SharedDraw, GivesTheSameOnAnyNumberOfThreads) {
  GraphSpec spec = cropped();
  add_alike(spec, "image.flip", {});
  add_alike(spec, "image.pad-crop", {{"padding", 8}}, {{"mode", "reflect"}});
  add_alike(spec, "image.affine", {{"degrees", 40}, {"scale", {0.7, 1.3}}});
  add_alike(spec, "image.perspective", {});
  spec.add("image.rand-augment").add("image.trivial-augment-wide", {{"interpolation", "bilinear"}});
  const auto one = run_over(kScenes, spec, 1), eight = run_over(kScenes, spec, 8);
  ASSERT_EQ(one.size(), 64u);
  for (const auto& [id, seen] : one) {
    EXPECT_EQ(seen.pixels, eight.at(id).pixels);
    EXPECT_EQ(seen.mask, eight.at(id).mask);
    EXPECT_EQ(seen.boxes, eight.at(id).boxes);
  }
}

// Sets with an operation a picture: every one comes, and no picture is drawn like its neighbour.
TEST(AugmentationSets, ChangeMostPicturesEachInItsOwnWay) {
  for (const std::string& name : {std::string("image.rand-augment"), std::string("image.trivial-augment-wide")}) {
    const Params whole{{"view", "resize"}, {"size", 64}};
    const auto plain = run_over(kScenes, cropped(whole));
    GraphSpec spec = cropped(whole);
    spec.add(name);
    int changed = 0;
    std::set<Values> different;
    for (const auto& [id, seen] : run_over(kScenes, spec)) {
      changed += seen.pixels != plain.at(id).pixels;
      different.insert(seen.pixels);
    }
    EXPECT_GE(changed, 25) << name;  // pictures of pure colours do not change by many of them
    EXPECT_EQ(different.size(), 64u) << name;
  }
}

std::string message_of(const GraphSpec& spec, const Source& source) {
  StageRegistry registry;
  register_image_stages(registry);
  try {
    spec.bind(source.schema(), registry);
  } catch (const Error& error) { return error.what(); }
  return "";
}

TEST(Moves, SayWhatTheyWant) {
  const auto message = [](StageSpec stage) {
    GraphSpec spec = cropped();
    spec.add(std::move(stage));
    return message_of(spec, kScenes);
  };
  EXPECT_NE(message({.name = "image.pad-crop", .params = {{"size", 200}}}).find("does not fit"), std::string::npos);
  EXPECT_NE(message({.name = "image.affine", .params = {{"degrees", {30, -30}}}}).find("degrees"), std::string::npos);
  EXPECT_NE(message({.name = "image.affine", .inputs = {{"pixels", "boxes"}}}).find("RGB pictures and masks"),
            std::string::npos);
  EXPECT_NE(message({.name = "image.affine-boxes", .inputs = {{"boxes", "mask"}}}).find("boxes f32"),
            std::string::npos);
  EXPECT_NE(message({.name = "image.rand-augment", .params = {{"magnitude", 31}}}).find("magnitude"),
            std::string::npos);
}

TEST(Moves, RefuseMasksAndBoxesThatAreNone) {
  const std::vector<std::pair<Flaw, std::string>> cases{{Flaw::kMaskOfAnotherSize, "it is 30x20, and its picture"},
                                                        {Flaw::kMaskInColour, "of a palette or of grey values"},
                                                        {Flaw::kNoMask, "mask: empty"},
                                                        {Flaw::kBoxTurnedRound, "number 1 is no box"},
                                                        {Flaw::kBoxNotFinite, "number 2 is no box"},
                                                        {Flaw::kLabelMissing, "3 of them, and 2 labels"}};
  for (const auto& [flaw, reason] : cases) {
    try {
      run_over(Scenes(8, flaw), cropped());
      FAIL() << reason << ": must be refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kData);
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("record 3"), std::string::npos) << error.what();
    }
  }
}

// Each mask decoded as a picture: where a region is of one class, so is the picture of it.
TEST(SharedDraw, ShowsTheSamePartOfRealMasks) {
  const auto folder = test::data_dir("camvid/valannot");
  if (folder.empty()) GTEST_SKIP() << "no data set camvid: set PENSTOCK_DATA";
  class Masks final : public Source {
   public:
    explicit Masks(const std::filesystem::path& at) {
      for (const auto& file : files_in(at)) files_.push_back(read_file(file));
    }
    const Schema& schema() const override { return schema_; }
    uint64_t size() const override { return files_.size(); }
    uint64_t fingerprint() const override { return size(); }
    uint64_t record_bytes(uint64_t id) const override { return 2 * files_[id].size(); }
    uint64_t max_record_bytes() const override { return 1 << 20; }
    bool waits() const override { return false; }
    Location locate(uint64_t id) const override { return {"camvid", id, 0}; }
    void read(std::span<const uint64_t> ids, Intake& out) const override {
      for (std::size_t i = 0; i < ids.size(); ++i)
        for (const std::size_t field : {0, 1}) out.lend(field, i, files_[ids[i]]);
    }

   private:
    std::vector<Encoded> files_;
    Schema schema_{Field::encoded("bytes"), Field::encoded("mask_bytes")};
  };
  const auto agreement = [&](const std::string& draw) {
    GraphSpec spec;
    spec.add({.name = "image.decode", .id = "crop", .draw = "view"});
    spec.add({.name = "image.decode-mask", .id = "mask", .draw = draw});
    double alike = 0, pixels = 0;
    std::set<int> classes;
    for (const auto& [id, seen] : run_over(Masks(folder), spec))
      for (std::size_t i = 0; i < seen.mask.size(); ++i, ++pixels) {
        alike += seen.mask[i] == seen.pixels[3 * i];
        classes.insert(seen.mask[i]);
      }
    EXPECT_LE(*classes.rbegin(), 11);
    EXPECT_GT(classes.size(), 8u);
    return alike / pixels;
  };
  EXPECT_GT(agreement("view"), 0.85);
  EXPECT_LT(agreement("other"), 0.6);
}

}  // namespace
}  // namespace penstock::image::geometry
