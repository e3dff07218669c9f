#include "io/data/label_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "io/data/open.h"
#include "io/tar/tar_format.h"
#include "tests/io/collected.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// ImageNet's validation pictures as they are downloaded: flat, named by number. The tar is not sorted, as theirs is not.
struct Validation {
  TempFolder folder;
  std::string pictures = folder / "val";
  std::string tar = folder / "ILSVRC2012_img_val.tar";
  // From scipy.io.savemat with compression, the fields of the kit's: classes 1-4 and the group above them.
  std::string truth = folder / "kit/ILSVRC2012_validation_ground_truth.txt";

  Validation() {
    for (int i = 1; i <= 5; ++i) folder.put("val/" + name(i), "picture " + std::to_string(i));
    std::string all;
    for (int i : {3, 1, 5, 4, 2}) {
      const std::string data = text_of(pictures + "/" + name(i));
      all += tar_header(name(i), data.size()) + data + std::string(tar_padded(data.size()) - data.size(), '\0');
    }
    folder.put("ILSVRC2012_img_val.tar", all + std::string(2 * kTarBlock, '\0'));
    const std::filesystem::path kit = std::filesystem::path(PENSTOCK_SOURCE_DIR) / "tests/io/devkit";
    std::filesystem::copy(kit, folder / "kit");
  }
  static std::string name(int i) { return "ILSVRC2012_val_0000000" + std::to_string(i) + ".JPEG"; }
  std::string error(const std::string& labels, const std::string& data) const {
    return error_of([&] { open(data, {.labels = labels}); });
  }
};

TEST(LabelFile, TheDevelopmentKitNamesTheClassesOfTheValidationPictures) {
  const Validation imagenet;
  const auto data = open(imagenet.pictures, {.labels = imagenet.truth});
  EXPECT_THAT(data->class_names(), ElementsAre("n01440764", "n02100735", "n02110185", "n02119789"));
  EXPECT_THAT(read_all(*data).labels, ElementsAre(0, 3, 2, 3, 1));  // of 4 1 3 1 2 in the kit's numbers
  EXPECT_THAT(data->notes(), testing::IsEmpty());
  // A training set's classes, one more than the kit's, in its own order of names.
  const std::vector<std::string> trained{"n01440764", "n01443537", "n02100735", "n02110185", "n02119789"};
  const auto matched = open(imagenet.pictures, {.labels = imagenet.truth, .classes = trained});
  EXPECT_EQ(matched->class_names(), trained);
  EXPECT_THAT(read_all(*matched).labels, ElementsAre(0, 4, 3, 4, 2));
}

TEST(LabelFile, TheSolutionCsvSaysTheSameAndBoxesAreNoLabels) {
  const Validation imagenet;
  const std::string csv = imagenet.folder.put("LOC_val_solution.csv",
                                              "ImageId,PredictionString\r\n"
                                              "ILSVRC2012_val_00000002,n02119789 85 1 499 272 \r\n"
                                              "ILSVRC2012_val_00000001,n01440764 1 2 3 4 n01440764 5 6 7 8 \r\n"
                                              "ILSVRC2012_val_00000003,n02110185 1 2 3 4\r\n"
                                              "ILSVRC2012_val_00000004,n02119789\r\n"
                                              "ILSVRC2012_val_00000005,n02100735 1 2 3 4\r\n");
  const auto by_kit = open(imagenet.pictures, {.labels = imagenet.truth});
  const auto by_csv = open(imagenet.pictures, {.labels = csv});
  EXPECT_EQ(by_csv->class_names(), by_kit->class_names());
  EXPECT_EQ(read_all(*by_csv).labels, read_all(*by_kit).labels);
  EXPECT_EQ(by_csv->fingerprint(), by_kit->fingerprint());
  EXPECT_THAT(imagenet.error(imagenet.folder.put("bare.csv", "ImageId,PredictionString\nILSVRC2012_val_00000001,\n"),
                             imagenet.pictures),
              HasSubstr("line 2: there is no class"));
}

TEST(LabelFile, ATarOfFlatPicturesTakesLabelsAndOneWithItsOwnDoesNot) {
  const Validation imagenet;
  const auto plain = open(imagenet.tar);
  EXPECT_THAT(read_all(*plain).labels, ElementsAre(-1, -1, -1, -1, -1));
  const auto data = open(imagenet.tar, {.labels = imagenet.truth});
  EXPECT_THAT(names_of(*data), ElementsAre(Validation::name(3), Validation::name(1), Validation::name(5),
                                           Validation::name(4), Validation::name(2)));
  EXPECT_THAT(read_all(*data).labels, ElementsAre(2, 0, 1, 3, 3));
  EXPECT_NE(data->fingerprint(), plain->fingerprint());
  const auto matched =
      open(imagenet.tar, {.labels = imagenet.truth, .classes = {"n02119789", "n02110185", "n02100735", "n01440764"}});
  EXPECT_THAT(read_all(*matched).labels, ElementsAre(1, 3, 2, 0, 0));
  EXPECT_THAT(error_of([&] { open(imagenet.tar, {.labels = imagenet.truth, .classes = {"n01440764"}}); }),
              HasSubstr("n02100735"));
  const std::string own =
      imagenet.folder.put("own.tar", tar_header("1.jpg", 1) + "x" + std::string(511, '\0') + tar_header("1.cls", 1) +
                                         "0" + std::string(511, '\0') + std::string(2 * kTarBlock, '\0'));
  EXPECT_THAT(imagenet.error(imagenet.truth, own), HasSubstr("keeps its own labels"));
}

TEST(LabelFile, WhatDoesNotFitIsSaid) {
  const Validation imagenet;
  const auto kit = [&](const std::string& text) { return imagenet.folder.put("kit/list.txt", text); };
  EXPECT_THAT(imagenet.error(kit("4\n1\n9\n"), imagenet.pictures), HasSubstr("line 3: expected a number from 1 to 4"));
  EXPECT_THAT(imagenet.error(kit("4\nn02119789\n"), imagenet.pictures), HasSubstr("line 2"));
  EXPECT_THAT(imagenet.error(imagenet.folder.put("alone/list.txt", "4\n1\n"), imagenet.pictures),
              HasSubstr("copy meta.mat"));
  imagenet.folder.put("alone/meta.mat", "MATLAB 5.0 MAT-file, in name only");
  EXPECT_THAT(imagenet.error(imagenet.folder / "alone/list.txt", imagenet.pictures), HasSubstr("is no meta.mat"));
  const std::string whole = text_of(imagenet.folder / "kit/meta.mat");
  for (size_t bytes = 0; bytes < whole.size(); bytes += 7) {
    imagenet.folder.put("alone/meta.mat", whole.substr(0, bytes));
    const std::string error = imagenet.error(imagenet.folder / "alone/list.txt", imagenet.pictures);
    if (bytes + 32 < whole.size()) {  // a checksum is last
      EXPECT_THAT(error, HasSubstr("is no meta.mat")) << bytes;
    }
  }
  // Part of the pictures takes the whole list; none of them does not.
  std::filesystem::remove(imagenet.pictures + "/" + Validation::name(4));
  EXPECT_THAT(read_all(*open(imagenet.pictures, {.labels = imagenet.truth})).labels, ElementsAre(0, 3, 2, 1));
  const auto shorter = open(imagenet.pictures, {.labels = kit("4\n1\n")});
  EXPECT_THAT(read_all(*shorter).labels, ElementsAre(0, 1, -1, -1));
  EXPECT_THAT(shorter->notes(), ElementsAre(HasSubstr("2 pictures have no line")));
  imagenet.folder.put("others/a.jpg", "x");
  EXPECT_THAT(imagenet.error(imagenet.truth, imagenet.folder / "others"), HasSubstr("whose name ends in the number"));
}

}  // namespace
}  // namespace penstock::io
