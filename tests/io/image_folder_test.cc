#include "io/data/image_folder.h"

#include <cerrno>
#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>

#include "io/data/folder_manifest.h"
#include "io/file/faulty_file_system.h"
#include "tests/io/collected.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

// Folders that were changed long ago: a manifest of them is trusted at once.
void age(const std::string& path) {
  const auto past = fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(path, past);
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_directory()) fs::last_write_time(entry.path(), past);
  }
}

void make_small(const TempFolder& folder) {
  folder.put("data/dog/b.jpg", "dog b");
  folder.put("data/dog/a.JPEG", "dog a!");
  folder.put("data/dog/notes.txt", "no picture");
  folder.put("data/dog/.hidden.jpg", "hidden");
  folder.put("data/cat/z.png", "cat z");
  folder.put("data/cat/more/y.jpeg", "cat y");
  folder.put("data/cat/more-b/x.jpeg", "cat x");
  folder.put("data/README.md", "about");
  folder.put("data/stray.jpg", "in no class");
}

TEST(ImageFolder, ListsAsTorchvisionDoes) {
  TempFolder folder;
  make_small(folder);
  const auto data = ImageFolder::open(FileSystem::real(), folder / "data");
  EXPECT_THAT(data->class_names(), ElementsAre("cat", "dog"));
  // torchvision sorts the folders' paths as strings: "cat" < "cat/more" < "cat/more-b".
  EXPECT_THAT(names_of(*data),
              ElementsAre("cat/z.png", "cat/more/y.jpeg", "cat/more-b/x.jpeg", "dog/a.JPEG", "dog/b.jpg"));
  const Collected all = read_all(*data);
  EXPECT_THAT(all.bytes, ElementsAre("cat z", "cat y", "cat x", "dog a!", "dog b"));
  EXPECT_THAT(all.labels, ElementsAre(0, 0, 0, 1, 1));
  EXPECT_THAT(all.reasons, ElementsAre("", "", "", "", ""));
  EXPECT_EQ(data->bytes(), 26u);
  EXPECT_EQ(data->max_record_bytes(), 6u);
  EXPECT_EQ(data->record_bytes(3), 6u);
  EXPECT_EQ(data->locate(4).file, folder / "data/dog/b.jpg");
  EXPECT_EQ(data->schema(), Dataset::picture_schema());
}

TEST(ImageFolder, TheFingerprintIsOfTheContentsNotOfThePlaceOrTime) {
  TempFolder folder;
  make_small(folder);
  const auto first = ImageFolder::open(FileSystem::real(), folder / "data");
  fs::copy(folder / "data", folder / "copy", fs::copy_options::recursive);
  EXPECT_EQ(ImageFolder::open(FileSystem::real(), folder / "copy")->fingerprint(), first->fingerprint());
  fs::rename(folder / "copy/dog/b.jpg", folder / "copy/cat/zz.jpg");
  EXPECT_NE(ImageFolder::open(FileSystem::real(), folder / "copy")->fingerprint(), first->fingerprint());
}

TEST(ImageFolder, LabelsArePlacesInTheClassesThatAreGiven) {
  TempFolder folder;
  make_small(folder);
  const auto data = ImageFolder::open(FileSystem::real(), folder / "data", {.classes = {"ant", "dog", "cat"}});
  EXPECT_THAT(read_all(*data).labels, ElementsAre(2, 2, 2, 1, 1));
  EXPECT_THAT(error_of([&] { ImageFolder::open(FileSystem::real(), folder / "data", {.classes = {"dog"}}); }),
              HasSubstr("a class 'cat' that"));
}

TEST(ImageFolder, LinksInACircleAreWalkedOnce) {
  TempFolder folder;
  make_small(folder);
  fs::create_directory_symlink("..", folder / "data/cat/circle");
  const auto data = ImageFolder::open(FileSystem::real(), folder / "data");
  EXPECT_THAT(names_of(*data),
              ElementsAre("cat/z.png", "cat/circle/stray.jpg", "cat/circle/dog/a.JPEG", "cat/circle/dog/b.jpg",
                          "cat/more/y.jpeg", "cat/more-b/x.jpeg", "dog/a.JPEG", "dog/b.jpg"));
}

TEST(ImageFolder, WhatHappensToFilesAfterListingIsSeenWhenTheyAreRead) {
  TempFolder folder;
  make_small(folder);
  folder.put("data/dog/empty.jpg", "");
  fs::create_symlink("nowhere", folder / "data/dog/link.jpg");
  const auto data = ImageFolder::open(FileSystem::real(), folder / "data");
  folder.put("data/cat/z.png", "longer than before");
  fs::remove(folder / "data/dog/a.JPEG");
  const Collected all = read_all(*data);
  EXPECT_THAT(all.reasons, ElementsAre(HasSubstr("the file has 18 bytes, 5 when the folder was listed"), "", "",
                                       HasSubstr("No such file"), "", "the file is empty", HasSubstr("No such file")));
  EXPECT_EQ(all.bytes[4], "dog b");
}

TEST(ImageFolder, AFailingDiskIsAnErrorAndAMissingFileIsNot) {
  TempFolder folder;
  make_small(folder);
  FaultyFileSystem faulty;
  const auto data = ImageFolder::open(faulty, folder / "data");
  faulty.plan({{.op = FileOp::kRead, .path_part = "cat/z.png"}});
  EXPECT_THAT(error_of([&] { read_all(*data); }), HasSubstr("cat/z.png': Input/output error"));
  faulty.plan({{.op = FileOp::kOpen, .errno_value = EACCES, .path_part = "cat/z.png"}});
  EXPECT_THAT(read_all(*data).reasons[0], HasSubstr("Permission denied"));
  faulty.plan({{.op = FileOp::kOpen, .errno_value = EMFILE, .path_part = "cat/z.png"}});
  EXPECT_THAT(error_of([&] { read_all(*data); }), HasSubstr("ulimit -n"));
  faulty.plan({{.op = FileOp::kRead, .does = PlannedFault::Does::kShort, .times = 100}});
  EXPECT_THAT(read_all(*data).bytes, ElementsAre("cat z", "cat y", "cat x", "dog a!", "dog b"));
}

TEST(ImageFolder, AFlatFolderTakesLabelsFromACsv) {
  TempFolder folder;
  for (const char* name : {"flat/a.jpg", "flat/b, c.jpg", "flat/d.jpg"}) folder.put(name, "x");
  const auto plain = ImageFolder::open(FileSystem::real(), folder / "flat", {.layout = FolderLayout::kFlat});
  EXPECT_THAT(read_all(*plain).labels, ElementsAre(-1, -1, -1));
  EXPECT_TRUE(plain->class_names().empty());
  const auto open_with = [&](const std::string& csv) {
    return ImageFolder::open(FileSystem::real(), folder / "flat",
                             {.layout = FolderLayout::kFlat, .labels = folder.put("l.csv", csv)});
  };
  const auto named = open_with("file,class\r\n\"b, c.jpg\",dog\r\na.jpg,\"ant \"\"x\"\"\"\r\n");
  EXPECT_THAT(named->class_names(), ElementsAre("ant \"x\"", "dog"));
  EXPECT_THAT(read_all(*named).labels, ElementsAre(0, 1, -1));
  EXPECT_NE(named->fingerprint(), plain->fingerprint());
  EXPECT_THAT(named->notes(), ElementsAre(HasSubstr("1 pictures have no line")));
  EXPECT_THAT(read_all(*open_with("a.jpg,7\nd.jpg,3")).labels, ElementsAre(7, -1, 3));
  EXPECT_THAT(open_with("a.jpg,2\nd.jpg,0")->class_names(), ElementsAre("0", "1", "2"));
  EXPECT_THAT(error_of([&] { open_with("a.jpg,7\nnone.jpg,3"); }), HasSubstr("none.jpg"));
  EXPECT_THAT(error_of([&] { open_with("a.jpg,7\na.jpg,3"); }), HasSubstr("line 2"));
  EXPECT_THAT(error_of([&] { open_with("a.jpg\n"); }), HasSubstr("one column only"));
  EXPECT_THAT(error_of([&] { open_with("\"a.jpg\n"); }), HasSubstr("quote"));
}

TEST(ImageFolder, OneClassAndEmptyClassesAreNoted) {
  TempFolder folder;
  folder.put("data/only/a.jpg", "x");
  EXPECT_THAT(ImageFolder::open(FileSystem::real(), folder / "data")->notes(),
              ElementsAre(HasSubstr("one class only, 'only'")));
  fs::create_directory(folder / "data/bare");
  EXPECT_THAT(ImageFolder::open(FileSystem::real(), folder / "data")->notes(),
              ElementsAre("class folder 'bare' holds no pictures"));
}

// --- the manifest

struct Counted {
  FaultyFileSystem door;
  std::unique_ptr<ImageFolder> open(const std::string& root, const std::string& cache,
                                    FolderLayout layout = FolderLayout::kClasses) {
    return ImageFolder::open(door, root, {.layout = layout, .manifest_from_files = 1, .cache_folder = cache});
  }
};

TEST(FolderManifest, TheSecondOpeningAsksFoldersNotFiles) {
  TempFolder folder;
  for (int i = 0; i < 300; ++i)
    folder.put("data/c" + std::to_string(i % 3) + "/" + std::to_string(i) + ".jpg", std::to_string(i));
  age(folder / "data");
  Counted first, second;
  const auto cold = first.open(folder / "data", "");
  EXPECT_FALSE(cold->from_manifest());
  const auto warm = second.open(folder / "data", "");
  EXPECT_TRUE(warm->from_manifest());
  EXPECT_LT(second.door.operations(), 20u);
  EXPECT_EQ(warm->fingerprint(), cold->fingerprint());
  EXPECT_EQ(names_of(*warm), names_of(*cold));
  EXPECT_EQ(read_all(*warm).bytes, read_all(*cold).bytes);
  EXPECT_EQ(read_all(*warm).labels, read_all(*cold).labels);
}

TEST(FolderManifest, AnyChangeOfAFolderIsSeen) {
  TempFolder folder;
  make_small(folder);
  const auto reopened = [&] {
    Counted counted;
    return counted.open(folder / "data", "")->from_manifest();
  };
  age(folder / "data");
  EXPECT_FALSE(reopened());
  EXPECT_TRUE(reopened());
  folder.put("data/cat/more/new.jpg", "x");
  EXPECT_FALSE(reopened()) << "a new file two levels down";
  EXPECT_FALSE(reopened()) << "the folder changed too shortly before the walk to be trusted";
  age(folder / "data");
  reopened();
  EXPECT_TRUE(reopened());
  fs::create_directory(folder / "data/bird");
  EXPECT_FALSE(reopened()) << "a new class";
  age(folder / "data");
  reopened();
  fs::remove(folder / "data/dog/b.jpg");
  EXPECT_FALSE(reopened()) << "a file less";
}

TEST(FolderManifest, FlatAndReadOnlyFoldersKeepItInTheCache) {
  TempFolder folder;
  make_small(folder);
  age(folder / "data");
  Counted counted;
  counted.open(folder / "data", folder / "cache", FolderLayout::kFlat);
  EXPECT_FALSE(fs::exists(folder / "data/.penstock-manifest"));
  EXPECT_TRUE(counted.open(folder / "data", folder / "cache", FolderLayout::kFlat)->from_manifest());
  counted.door.plan({{.op = FileOp::kOpen, .errno_value = EROFS, .path_part = "manifest.tmp"}});
  EXPECT_FALSE(counted.open(folder / "data", folder / "cache")->from_manifest());
  EXPECT_TRUE(counted.open(folder / "data", folder / "cache")->from_manifest()) << "class folders have their own";
}

TEST(FolderManifest, ADamagedOneIsWalkedAgainWhateverByteIsWrong) {
  TempFolder folder;
  make_small(folder);
  const FolderListing listing = list_pictures(FileSystem::real(), folder / "data", FolderLayout::kClasses);
  const std::string whole = to_bytes(listing);
  ASSERT_TRUE(listing_from(whole));
  EXPECT_EQ(listing_from(whole)->path(4), "dog/b.jpg");
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string bad = whole;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_FALSE(listing_from(bad)) << "byte " << i;
    EXPECT_FALSE(listing_from(whole.substr(0, i))) << "cut at " << i;
  }
}

TEST(FolderManifest, FaultsWhileKeepingItNeverStopTheOpening) {
  TempFolder folder;
  make_small(folder);
  age(folder / "data");
  const auto save_with = [&](std::vector<PlannedFault> plan, uint64_t* operations) {
    FaultyFileSystem door(std::move(plan));
    const FolderListing listing = list_pictures(FileSystem::real(), folder / "data", FolderLayout::kClasses);
    std::string why;
    FolderManifest(door, folder / "data", FolderLayout::kClasses, "").save(listing, &why);
    *operations = door.operations();
    const auto loaded = FolderManifest(FileSystem::real(), folder / "data", FolderLayout::kClasses, "").load();
    EXPECT_TRUE(!loaded || loaded->fingerprint == listing.fingerprint);
    return loaded.has_value();
  };
  uint64_t operations = 0, ignored = 0;
  EXPECT_TRUE(save_with({}, &operations));
  for (uint64_t n = 1; n <= operations; ++n) {
    for (const int fault : {ENOSPC, EIO}) {
      fs::remove(folder / "data/.penstock-manifest");
      save_with({{.nth = n, .errno_value = fault}}, &ignored);
    }
    fs::remove(folder / "data/.penstock-manifest");
    save_with({{.nth = n, .does = PlannedFault::Does::kCrash}}, &ignored);
  }
}

}  // namespace
}  // namespace penstock::io
