// Archives as torch writes them, whole, cut off and damaged.
#include "models/nets/zip_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/base/error.h"
#include "tests/package/made_package.h"

namespace penstock::nets {
namespace {

using test::torch_archive;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string text_of(const ZipMember& member) {
  return {reinterpret_cast<const char*>(member.bytes.data()), member.bytes.size()};
}

const ZipMember* find(const std::vector<ZipMember>& members, const std::string& name) {
  const auto it = std::ranges::find(members, name, &ZipMember::name);
  return it == members.end() ? nullptr : &*it;
}

TEST(ZipMembers, AreWhatTorchHasWritten) {
  const std::string archive = torch_archive({{"a.txt", "alpha"}, {"folder/empty", ""}, {"b", std::string(5000, 'b')}});
  const auto members = zip_members(bytes_of(archive), "x.pt2");
  for (const ZipMember& member : members) EXPECT_NO_THROW(verify(member, "x.pt2")) << member.name;
  ASSERT_NE(find(members, "archive/a.txt"), nullptr);
  EXPECT_EQ(text_of(*find(members, "archive/a.txt")), "alpha");
  EXPECT_EQ(text_of(*find(members, "archive/folder/empty")), "");
  EXPECT_EQ(text_of(*find(members, "archive/b")), std::string(5000, 'b'));
}

TEST(ZipMembers, ChecksumIsTheOneOfTheStandard) { EXPECT_EQ(crc32_of(bytes_of("123456789")), 0xcbf43926u); }

TEST(ZipMembers, AreNotReadOutOfAnArchiveThatIsCutOff) {
  const std::string archive = torch_archive({{"a.txt", "alpha"}, {"b", "beta"}});
  for (size_t size = 0; size < archive.size(); ++size) {
    const std::string part = archive.substr(0, size);
    EXPECT_THROW(zip_members(bytes_of(part), "x.pt2"), Error) << size;
  }
}

TEST(ZipMembers, AFlippedByteIsNoticedOrChangesNoMember) {
  const std::string archive = torch_archive({{"a.txt", "alpha"}, {"b", "beta"}});
  size_t noticed = 0;
  for (size_t at = 0; at < archive.size(); ++at) {
    std::string damaged = archive;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    try {
      const auto members = zip_members(bytes_of(damaged), "x.pt2");
      for (const ZipMember& member : members) verify(member, "x.pt2");
      if (const ZipMember* a = find(members, "archive/a.txt")) { EXPECT_EQ(text_of(*a), "alpha") << at; }
      if (const ZipMember* b = find(members, "archive/b")) { EXPECT_EQ(text_of(*b), "beta") << at; }
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kData);
      ++noticed;
    }
  }
  EXPECT_GT(noticed, 100u);
}

}  // namespace
}  // namespace penstock::nets
