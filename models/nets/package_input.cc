// The shape of a package's input stands nowhere but in the checks of its generated source, whose words torch/_inductor/codegen/cpp_wrapper_cpu.py
// (generate_input_output_runtime_checks) makes.
#include <charconv>
#include <map>
#include <optional>

#include "engine/base/error.h"
#include "models/nets/package.h"

namespace penstock::nets {
namespace {

/// The number behind the next `mark` at or after `from`; moves `from` behind it.
std::optional<int64_t> number_after(std::string_view text, std::string_view mark, size_t& from) {
  const size_t at = text.find(mark, from);
  if (at == std::string_view::npos) return std::nullopt;
  int64_t value = 0;
  const char* const begin = text.data() + at + mark.size();
  const auto result = std::from_chars(begin, text.data() + text.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  from = static_cast<size_t>(result.ptr - text.data());
  return value;
}

/// What the source expects of each dimension of the first input: `said` before its number, `expected` before the value.
std::map<int64_t, int64_t> expectations(std::string_view source, const std::string& said, std::string_view expected) {
  std::map<int64_t, int64_t> out;
  const std::string mark = "input_handles[0]: " + said + " at ";
  for (size_t at = 0;;) {
    const auto dimension = number_after(source, mark, at);
    if (!dimension) return out;
    if (const auto value = number_after(source, expected, at)) out[*dimension] = *value;
  }
}

std::string dtype_of(std::string_view source) {
  constexpr std::string_view kMark = "input_handles[0]: unmatched dtype", kName = "(at::k";
  const size_t mark = source.find(kMark);
  if (mark == std::string_view::npos) return {};
  const size_t begin = source.find(kName, mark);
  if (begin == std::string_view::npos) return {};
  const size_t end = source.find(')', begin);
  return std::string(source.substr(begin + kName.size(), end - begin - kName.size()));
}

}  // namespace

PackageInput package_input(std::string_view source, const std::string& origin) {
  if (source.find("input_handles[1]: ") != std::string_view::npos)
    throw Error(Code::kUsage, "the package '" + origin + "' takes several inputs; Penstock gives it pictures alone")
        .hint("export a module whose forward takes one tensor (N, C, H, W)");
  PackageInput input{.dtype = dtype_of(source), .shape = {}};
  const auto exact = expectations(source, "unmatched dim value", "expected: ");
  const auto least = expectations(source, "dim value is too small", "expected it to be >= ");
  const auto most = expectations(source, "dim value is too large", "expected to be <= ");
  const auto strides = expectations(source, "unmatched stride value", "expected: ");
  if (input.dtype.empty() || strides.empty())
    throw Error(Code::kUsage, "the package '" + origin + "' does not say which input it takes")
        .hint("make it with the aoti_compile_and_package of torch 2.11.0");
  for (int64_t d = 0; d <= strides.rbegin()->first; ++d) {
    Extent extent;
    if (const auto it = least.find(d); it != least.end()) extent.least = it->second;
    if (const auto it = most.find(d); it != most.end()) extent.most = it->second;
    if (const auto it = exact.find(d); it != exact.end()) extent = {it->second, it->second};
    input.shape.push_back(extent);
  }
  if (input.shape.size() != 4 || input.shape[0].most < 1 || input.shape[0].least > input.shape[0].most)
    throw Error(Code::kUsage, "the package '" + origin + "' takes " + text_of(input) + ", not pictures (N, C, H, W)");
  if (input.dtype != "Float" && input.dtype != "BFloat16" && input.dtype != "Half")
    throw Error(Code::kUsage, "the package '" + origin + "' takes " + input.dtype + "; normalised pictures are floats")
        .hint("export with an example of torch.float32, torch.bfloat16 or torch.float16");
  const auto channels = strides.find(1), width = strides.find(3);
  const bool one_channel = input.shape[1].fixed() && input.shape[1].least == 1;
  input.channels_last = !one_channel && channels != strides.end() && channels->second == 1 &&
                        (width == strides.end() || width->second != 1);
  return input;
}

std::string text_of(const PackageInput& input) {
  std::string text = input.dtype + " (";
  for (const Extent& extent : input.shape) {
    if (text.back() != '(') text += ", ";
    text += std::to_string(extent.least);
    if (extent.fixed()) continue;
    text += extent.most == Extent{}.most ? " or more" : " to " + std::to_string(extent.most);
  }
  return text + ")";
}

}  // namespace penstock::nets
