#include "models/classic_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "models/nets/safetensors.h"

namespace penstock::classic {
namespace {

constexpr const char* kFormat = "penstock.cluster";
constexpr const char* kVersion = "1";

template <class T>
nets::StoredTensor stored(const char* name, const std::vector<T>& values, std::vector<int64_t> shape) {
  return {.name = name,
          .dtype = sizeof(T) == sizeof(float) ? DType::kF32 : DType::kF64,
          .shape = std::move(shape),
          .bytes = std::as_bytes(std::span(values))};
}

std::string text_of(const nets::StoredState& state, const char* key) {
  const auto it = state.metadata.find(key);
  return it == state.metadata.end() ? "" : it->second;
}

[[noreturn]] void damaged(std::string_view origin, const std::string& what) {
  throw Error(Code::kData, "'" + std::string(origin) + "' is a damaged clustering: " + what)
      .hint("make it anew: penstock cluster FEATURES --centers FILE");
}

template <class T>
std::vector<T> values_of(const nets::StoredState& state, const char* name, size_t rank, std::string_view origin,
                         std::vector<int64_t>* shape = nullptr) {
  const nets::StoredTensor* tensor = state.find(name);
  const DType dtype = sizeof(T) == sizeof(float) ? DType::kF32 : DType::kF64;
  if (tensor == nullptr || tensor->dtype != dtype || tensor->shape.size() != rank)
    damaged(origin, "'" + std::string(name) + "' is missing or of another kind");
  std::vector<T> values(tensor->bytes.size() / sizeof(T));
  std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  if (!std::all_of(values.begin(), values.end(), [](T x) { return std::isfinite(x); }))
    damaged(origin, "'" + std::string(name) + "' holds values that are not finite");
  if (shape != nullptr) *shape = tensor->shape;
  return values;
}

}  // namespace

std::vector<std::byte> encode_model(const ClusterModel& model) {
  nets::Metadata metadata{{"format", kFormat},
                          {"version", kVersion},
                          {"method", model.method},
                          {"finished", model.finished ? "yes" : "no"}};
  std::vector<nets::StoredTensor> tensors{
      stored("centres", model.centres, {static_cast<int64_t>(model.size()), static_cast<int64_t>(model.width)})};
  if (model.pca) {
    const auto p = static_cast<int64_t>(model.pca->size()), width = static_cast<int64_t>(model.pca->width);
    tensors.push_back(stored("pca.mean", model.pca->mean, {width}));
    tensors.push_back(stored("pca.components", model.pca->components, {p, width}));
    tensors.push_back(stored("pca.variance", model.pca->variance, {p}));
    tensors.push_back(stored("pca.ratio", model.pca->ratio, {p}));
    metadata["pca.whiten"] = model.pca->whiten ? "yes" : "no";
  }
  return nets::encode_safetensors(std::move(tensors), metadata);
}

ClusterModel decode_model(std::span<const std::byte> bytes, std::string_view origin) {
  const nets::StoredState state = nets::decode_safetensors(bytes, origin);
  if (text_of(state, "format") != kFormat)
    throw Error(Code::kUsage, "'" + std::string(origin) + "' holds no clustering")
        .hint("one is written by: penstock cluster FEATURES --centers FILE");
  if (text_of(state, "version") != kVersion)
    throw Error(Code::kUsage, "'" + std::string(origin) + "' is a clustering of version " + text_of(state, "version") +
                                  ", and this program reads version " + kVersion)
        .hint("use the program that wrote it, or a later one");
  ClusterModel model{.method = text_of(state, "method"), .finished = text_of(state, "finished") != "no"};
  std::vector<int64_t> shape;
  model.centres = values_of<float>(state, "centres", 2, origin, &shape);
  model.width = static_cast<size_t>(shape[1]);
  if (model.centres.empty()) damaged(origin, "it has no centres");
  if (state.find("pca.mean") == nullptr) return model;
  PcaModel pca{.mean = values_of<float>(state, "pca.mean", 1, origin),
               .components = values_of<float>(state, "pca.components", 2, origin, &shape),
               .variance = values_of<double>(state, "pca.variance", 1, origin),
               .ratio = values_of<double>(state, "pca.ratio", 1, origin),
               .whiten = text_of(state, "pca.whiten") == "yes"};
  pca.width = pca.mean.size();
  if (static_cast<size_t>(shape[1]) != pca.width || static_cast<size_t>(shape[0]) != pca.size() ||
      pca.ratio.size() != pca.size() || pca.size() != model.width)
    damaged(origin, "its projection does not fit its centres");
  model.pca = std::move(pca);
  return model;
}

}  // namespace penstock::classic
