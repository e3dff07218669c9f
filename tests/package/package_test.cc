// What a package says of itself, and what is refused before anything of it is loaded.
#include "models/nets/package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/io/temp_folder.h"
#include "tests/package/made_package.h"

namespace penstock::nets {
namespace {

using io::error_of;
using test::MadeInput;
using test::MadePackage;
using test::Members;
using test::source_of;
using ::testing::HasSubstr;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

PackageInfo read(const Members& members) { return read_package(bytes_of(test::torch_archive(members)), "x.pt2"); }
std::string refusal(const Members& members) {
  return error_of([&] { read(members); });
}
std::string refusal(const MadeInput& input) {
  return error_of([&] { package_input(source_of(input), "x.pt2"); });
}

/// With the members whose names end so left out.
Members without(Members members, std::string_view suffix) {
  std::erase_if(members, [suffix](const auto& member) { return member.first.ends_with(suffix); });
  return members;
}
Members joined(Members first, const Members& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

TEST(PackageInput, HasTheSizesThatTheSourceChecks) {
  const auto text = [](const MadeInput& input) { return text_of(package_input(source_of(input), "x.pt2")); };
  EXPECT_EQ(text({}), "Float (0 or more, 3, 16, 16)");
  EXPECT_EQ(text({.shape = {"4", "3", "16", "16"}}), "Float (4, 3, 16, 16)");
  EXPECT_EQ(text({.dtype = "BFloat16", .shape = {"2-9", "3", "", "8-32"}}), "BFloat16 (2 to 9, 3, 0 or more, 8 to 32)");
}

TEST(PackageInput, HasTheLayoutThatTheSourceChecks) {
  EXPECT_FALSE(package_input(source_of({}), "x").channels_last);
  EXPECT_TRUE(package_input(source_of({.channels_last = true}), "x").channels_last);
}

TEST(PackageInput, IsRefusedWhereItIsNoPictures) {
  EXPECT_THAT(refusal({.dtype = "Long"}), HasSubstr("takes Long"));
  EXPECT_THAT(refusal({.shape = {"4", "3"}}), HasSubstr("takes Float (4, 3), not pictures"));
  EXPECT_THAT(error_of([] { package_input("int main() {}", "x.pt2"); }), HasSubstr("does not say which input"));
  EXPECT_THAT(error_of([] { package_input(source_of({}) + source_of({}, 1), "x.pt2"); }), HasSubstr("several inputs"));
}

TEST(Package, SaysWhatItWasCompiledFor) {
  const PackageInfo info = read(members_of(MadePackage{.device = "cuda", .isa = "AVX512 AVX512_VNNI"}));
  EXPECT_EQ(info.model, "model");
  EXPECT_EQ(info.device, "cuda");
  EXPECT_EQ(info.machine, "x86_64");
  EXPECT_EQ(info.cpu_isa, "AVX512 AVX512_VNNI");
  EXPECT_EQ(info.threads, 0);
}

TEST(Package, SaysHowManyThreadsItsLoopsTake) {
  Members members = members_of(MadePackage{});
  members.emplace_back("data/aotinductor/model/made.kernel.cpp", "#pragma omp parallel num_threads(6)\n{}");
  EXPECT_EQ(read(members).threads, 6);
}

TEST(Package, IsTakenByWhateverNameItsOnlyModelHas) {
  EXPECT_EQ(read(members_of(MadePackage{.model = "student"})).model, "student");
  const Members student = members_of(MadePackage{.model = "student"}),
                teacher = members_of(MadePackage{.model = "teacher"});
  EXPECT_EQ(read(joined(student, members_of(MadePackage{}))).model, "model");
  EXPECT_THAT(refusal(joined(student, teacher)), HasSubstr("'student', 'teacher', and none is named 'model'"));
}

TEST(Package, IsToldFromTorchScript) {
  const std::string package = test::bytes_of({}), other = test::torch_archive({{"code/__torch__.py", "class A: pass"}});
  EXPECT_TRUE(is_package(bytes_of(package), "x.pt2"));
  EXPECT_FALSE(is_package(bytes_of(other), "x.pt"));
  EXPECT_THAT(error_of([&] { is_package(bytes_of(package.substr(0, 900)), "x.pt2"); }),
              HasSubstr("no whole archive of torch"));
  EXPECT_THAT(error_of([&] { read_package(bytes_of(other), "x.pt"); }), HasSubstr("no AOTInductor package"));
}

TEST(Package, IsRefusedWhereSomethingIsMissing) {
  const Members whole = members_of(MadePackage{});
  EXPECT_THAT(refusal(without(whole, ".so")), HasSubstr("package_cpp_only"));
  EXPECT_THAT(refusal(without(whole, ".cpp")), HasSubstr("does not say what it was compiled for"));
  EXPECT_THAT(refusal(without(whole, ".json")), HasSubstr("does not say what it was compiled for"));
  EXPECT_THAT(refusal(members_of(MadePackage{.device = ""})), HasSubstr("does not say which device"));
  EXPECT_THAT(refusal(joined(whole, {{"data/weights/model_weights_config.json", "{}"}})),
              HasSubstr("package_constants_in_so"));
  EXPECT_THAT(
      refusal(joined(without(whole, ".json"), {{"data/aotinductor/model/made.wrapper_metadata.json", "{\"A\""}})),
      HasSubstr("is no JSON"));
  EXPECT_THAT(refusal(joined(without(whole, ".json"), {{"data/aotinductor/model/made.wrapper_metadata.json",
                                                        R"({"AOTI_DEVICE_KEY": "cpu", "AOTI_MACHINE": "aarch64"})"}})),
              HasSubstr("compiled for aarch64"));
}

TEST(Package, IsRefusedWhereAByteOfItsLibraryIsNotTheOneThatWasPacked) {
  std::string damaged = test::bytes_of({});
  const size_t at = damaged.find(
                        "\x7f"
                        "ELF") +
                    4000;
  damaged[at] = static_cast<char>(damaged[at] ^ 1);
  EXPECT_THAT(error_of([&] { read_package(bytes_of(damaged), "x.pt2"); }), HasSubstr("made.wrapper.so"));
}

TEST(Package, IsRefusedWhereTheProcessorLacksItsInstructions) {
  const std::vector<std::string> here = {"AVX2", "AVX512"};
  const auto refused = [&here](std::string_view isa) {
    return error_of([&] { require_instructions(isa, here, "x.pt2"); });
  };
  EXPECT_EQ(refused(""), "");
  EXPECT_EQ(refused("AVX512"), "");
  EXPECT_EQ(refused("INVALID_VEC_ISA"), "");
  EXPECT_THAT(refused("AVX512 AVX512_VNNI"), HasSubstr("processors with AVX512_VNNI, which this one lacks"));
}

}  // namespace
}  // namespace penstock::nets
