#include "io/file/reader.h"

#include <cerrno>

#include "io/file/faulty_file_system.h"
#include "tests/io/temp_folder.h"

namespace penstock::io {
namespace {

class ReadEngineTest : public ::testing::TestWithParam<ReadBackend> {};
INSTANTIATE_TEST_SUITE_P(Backends, ReadEngineTest, ::testing::Values(ReadBackend::kBest, ReadBackend::kPread));

TEST_P(ReadEngineTest, DoesManyReadsAndReportsEachFaultAlone) {
  TempFolder folder;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += static_cast<char>(i * 7 + i / 251);
  folder.put("f", text);
  const File file(FileSystem::real(), folder / "f", OpenMode::kRead);
  const auto engine = make_read_engine(FileSystem::real(), 8, GetParam());
  EXPECT_TRUE(engine->name() == "pread" || GetParam() == ReadBackend::kBest);
  RecordProperty("engine", std::string(engine->name()));

  std::vector<std::string> rooms(100, std::string(1000, '?'));
  std::vector<ReadRequest> requests;
  for (size_t i = 0; i < rooms.size(); ++i) {
    requests.push_back({file.fd(), i * 997, 1000, reinterpret_cast<std::byte*>(rooms[i].data())});
  }
  requests[5].offset = text.size() - 10;  // ends early
  requests[6].offset = text.size() + 10;  // behind the end
  requests[7].fd = 987654;                // no file
  for (int round = 0; round < 2; ++round) {
    engine->read(requests);
    EXPECT_EQ(requests[5].result, 10);
    EXPECT_EQ(requests[6].result, 0);
    EXPECT_EQ(requests[7].result, -EBADF);
    for (size_t i = 8; i < rooms.size(); ++i) {
      EXPECT_EQ(requests[i].result, 1000);
      EXPECT_EQ(rooms[i], text.substr(i * 997, 1000)) << i;
    }
  }
}

TEST(ReadEngine, FaultsAreInjectedThroughTheDoor) {
  TempFolder folder;
  FaultyFileSystem fs(
      {{.op = FileOp::kRead, .nth = 2}, {.op = FileOp::kRead, .nth = 3, .does = PlannedFault::Does::kShort}});
  const File file(fs, folder.put("f", "0123456789"), OpenMode::kRead);
  ReadEngines engines(fs);
  EXPECT_EQ(engines.name(), "pread");
  std::byte room[30];
  ReadRequest requests[3] = {{file.fd(), 0, 10, room}, {file.fd(), 0, 10, room + 10}, {file.fd(), 0, 10, room + 20}};
  engines.read(requests);
  EXPECT_EQ(requests[0].result, 10);
  EXPECT_EQ(requests[1].result, -EIO);
  EXPECT_EQ(requests[2].result, 10);
}

}  // namespace
}  // namespace penstock::io
