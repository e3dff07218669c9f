#include "models/nets/package.h"

#include <cpuid.h>

#include <algorithm>
#include <charconv>
#include <map>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "models/nets/zip_members.h"

namespace penstock::nets {
namespace {

constexpr std::string_view kModels = "/data/aotinductor/", kWeights = "/data/weights/";
constexpr char kHowMade[] = "make it with the aoti_compile_and_package of torch 2.11.0";

std::string_view text_of(const ZipMember& member) {
  return {reinterpret_cast<const char*>(member.bytes.data()), member.bytes.size()};
}

/// "model" of "dyn/data/aotinductor/model/x.wrapper.so"; empty where it is no part of a model.
std::string model_of(const std::string& member) {
  const size_t at = member.find(kModels);
  if (at == std::string::npos) return {};
  const size_t begin = at + kModels.size(), end = member.find('/', begin);
  return end == std::string::npos ? std::string() : member.substr(begin, end - begin);
}

using Model = std::vector<ZipMember>;

const std::pair<const std::string, Model>& choose(const std::map<std::string, Model>& models,
                                                  const std::string& origin) {
  if (models.size() == 1) return *models.begin();
  if (const auto it = models.find("model"); it != models.end()) return *it;
  std::string names;
  for (const auto& [name, members] : models) names += (names.empty() ? "'" : ", '") + name + "'";
  throw Error(Code::kUsage, "the package '" + origin + "' holds the models " + names + ", and none is named 'model'")
      .hint("package the one that is meant alone");
}

nlohmann::json metadata_of(const ZipMember& member, const std::string& origin) {
  nlohmann::json json = nlohmann::json::parse(text_of(member), nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return json;
  throw Error(Code::kData, "'" + member.name + "' in the package '" + origin + "' is no JSON").hint(kHowMade);
}

std::string word(const nlohmann::json& metadata, const char* key) {
  const auto it = metadata.find(key);
  return it != metadata.end() && it->is_string() ? it->get<std::string>() : std::string();
}

/// Intel SDM 2A, CPUID leaf 7: EDX bit 24. The compilers' __builtin_cpu_supports do not know its name.
bool has_amx_tile() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx >> 24 & 1) != 0;
}

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

struct Instructions {
  std::string_view name;
  bool (*are_here)();
};

// The names of torch/_inductor/cpu_vec_isa.py on x86-64, in capitals as packages have them.
constexpr Instructions kInstructions[] = {
    {"AVX2", [] { return __builtin_cpu_supports("avx2") != 0; }},
    {"AVX512", has_avx512},
    {"AVX512_VNNI", [] { return __builtin_cpu_supports("avx512vnni") != 0; }},
    {"AMX_TILE", has_amx_tile},
};

int threads_of(std::string_view source) {
  constexpr std::string_view kMark = "#pragma omp parallel num_threads(";
  const size_t at = source.find(kMark);
  int threads = 0;
  if (at != std::string_view::npos)
    std::from_chars(source.data() + at + kMark.size(), source.data() + source.size(), threads);
  return threads;
}

}  // namespace

bool is_package(std::span<const std::byte> bytes, const std::string& origin) {
  const auto members = zip_members(bytes, origin);
  return std::ranges::any_of(members, [](const ZipMember& member) { return !model_of(member.name).empty(); });
}

PackageInfo read_package(std::span<const std::byte> bytes, const std::string& origin) {
  std::map<std::string, Model> models;
  bool weights_apart = false;
  for (const ZipMember& member : zip_members(bytes, origin)) {
    verify(member, origin);
    if (const std::string model = model_of(member.name); !model.empty()) models[model].push_back(member);
    weights_apart |= member.name.find(kWeights) != std::string::npos;
  }
  if (models.empty())
    throw Error(Code::kUsage, "'" + origin + "' is no AOTInductor package: no model lies in it").hint(kHowMade);
  const auto& [name, members] = choose(models, origin);
  const auto ends = [&members](std::string_view suffix) {
    return std::ranges::find_if(members, [suffix](const ZipMember& member) { return member.name.ends_with(suffix); });
  };
  if (ends(".so") == members.end())
    throw Error(Code::kUsage, "the package '" + origin + "' holds source alone, nothing that is compiled")
        .hint("leave aot_inductor.package_cpp_only out");
  if (weights_apart)
    throw Error(Code::kUsage, "the package '" + origin + "' keeps its weights beside the compiled library")
        .hint("leave aot_inductor.package_constants_in_so on");
  const auto source = ends(".wrapper.cpp"), metadata = ends("wrapper_metadata.json");
  if (source == members.end() || metadata == members.end())
    throw Error(Code::kUsage, "the package '" + origin + "' does not say what it was compiled for").hint(kHowMade);

  const nlohmann::json said = metadata_of(*metadata, origin);
  PackageInfo info{.model = name,
                   .device = word(said, "AOTI_DEVICE_KEY"),
                   .machine = word(said, "AOTI_MACHINE"),
                   .cpu_isa = word(said, "AOTI_CPU_ISA"),
                   .gpu_arch = word(said, "AOTI_COMPUTE_CAPABILITY")};
  if (info.device.empty())
    throw Error(Code::kUsage, "the package '" + origin + "' does not say which device it was compiled for")
        .hint(kHowMade);
  if (!info.machine.empty() && info.machine != "x86_64")
    throw Error(Code::kUsage, "the package '" + origin + "' was compiled for " + info.machine + ", this is x86_64")
        .hint("compile it on a machine like this one");
  for (const ZipMember& member : members)
    if (member.name.ends_with(".cpp")) info.threads = std::max(info.threads, threads_of(text_of(member)));
  info.input = package_input(text_of(*source), origin);
  return info;
}

std::vector<std::string> instructions_here() {
  std::vector<std::string> here;
  for (const Instructions& one : kInstructions)
    if (one.are_here()) here.emplace_back(one.name);
  return here;
}

void require_instructions(std::string_view isa, std::span<const std::string> here, const std::string& origin) {
  while (!isa.empty()) {
    const std::string_view word = isa.substr(0, isa.find(' '));
    isa.remove_prefix(std::min(isa.size(), word.size() + 1));
    const bool known = std::ranges::find(kInstructions, word, &Instructions::name) != std::end(kInstructions);
    if (!known || std::ranges::find(here, word) != here.end()) continue;
    throw Error(Code::kUsage, "the package '" + origin + "' was compiled for processors with " + std::string(word) +
                                  ", which this one lacks")
        .hint("compile it on a machine like this one");
  }
}

}  // namespace penstock::nets
