// Records of no bytes, and files and records of more than 4 GiB (sparse: they take no room).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <lmdb.h>

#include "io/data/open.h"
#include "io/tar/tar_format.h"
#include "tests/io/collected.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kFiveGiB = uint64_t{5} << 30;

// A tar: a member of `bytes` with no data written, then a small picture.
std::string sparse_tar(const TempFolder& folder, const std::string& first, uint64_t bytes) {
  const std::string path = folder.put("sparse.tar", tar_header(first, bytes));
  const uint64_t behind = kTarBlock + tar_padded(bytes);
  const std::string rest = tar_header("small.jpg", 5) + "small" + std::string(kTarBlock - 5 + 2 * kTarBlock, '\0');
  File file(FileSystem::real(), path, OpenMode::kUpdate);
  file.write_at(behind, std::as_bytes(std::span(rest)));
  return path;
}

TEST(Sizes, APictureBehindFourGiBOfATarIsRead) {
  const TempFolder folder;
  const auto data = open(sparse_tar(folder, "film.mp4", kFiveGiB));
  ASSERT_EQ(data->size(), 1u);
  EXPECT_GT(data->locate(0).offset, kFiveGiB);
  EXPECT_THAT(read_all(*data).bytes, ElementsAre("small"));
  const auto again = open(folder / "sparse.tar");  // by the index
  EXPECT_THAT(read_all(*again).bytes, ElementsAre("small"));
}

TEST(Sizes, ARecordOfMoreThanFourGiBIsKnownWithItsLength) {
  const TempFolder folder;
  const auto tar = open(sparse_tar(folder, "huge.jpg", kFiveGiB + 3));
  ASSERT_EQ(tar->size(), 2u);
  EXPECT_EQ(tar->record_bytes(0), kFiveGiB + 3);
  EXPECT_EQ(tar->max_record_bytes(), kFiveGiB + 3);
  EXPECT_EQ(tar->bytes(), kFiveGiB + 8);
  const uint64_t second = 1;
  EXPECT_THAT(Collected(*tar, std::span(&second, 1)).bytes, ElementsAre("small"));
  folder.put("photos/a/huge.jpg", "");
  std::filesystem::resize_file(folder / "photos/a/huge.jpg", kFiveGiB + 3);
  EXPECT_EQ(open(folder / "photos")->record_bytes(0), kFiveGiB + 3);
}

TEST(Sizes, ARecordOfNoBytesIsRejectedAloneInEveryFormat) {
  const TempFolder folder;
  constexpr const char *kOne = "\xff\xd8\xff one",
                       *kThree = "\xff\xd8\xff three";  // as JPEGs begin: what an LMDB of others is known by
  folder.put("photos/a/1.jpg", kOne);
  folder.put("photos/a/2.jpg", "");
  folder.put("photos/a/3.jpg", kThree);
  ASSERT_EQ(std::system(("tar -C " + (folder / "photos") + " -cf " + (folder / "photos.tar") + " a").c_str()), 0);
  std::filesystem::create_directory(folder / "others.lmdb");
  MDB_env* env = nullptr;
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_open(env, (folder / "others.lmdb").c_str(), 0, 0644), 0);
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &dbi), 0);
  for (const auto& [name, text] : {std::pair("1.jpg", kOne), std::pair("2.jpg", ""), std::pair("3.jpg", kThree)}) {
    MDB_val key{5, const_cast<char*>(name)}, value{std::strlen(text), const_cast<char*>(text)};
    ASSERT_EQ(mdb_put(txn, dbi, &key, &value, 0), 0);
  }
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
  for (const char* name : {"photos", "photos.tar", "others.lmdb"}) {
    const auto data = open(folder / name);
    const Collected all = read_all(*data);
    EXPECT_THAT(all.bytes, ElementsAre(kOne, "", kThree)) << name;
    EXPECT_THAT(all.reasons, ElementsAre("", HasSubstr("empty"), "")) << name;
  }
}

}  // namespace
}  // namespace penstock::io
