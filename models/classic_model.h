// A fitted clustering as bytes: what `penstock cluster --centers` stores and `classic.assign` loads.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/classic/pca.h"

namespace penstock::classic {

/// Rows, projected by `pca` where there is one, belong to the nearest centre.
struct ClusterModel {
  std::string method;          ///< "k-means", "mini-batch", "mean-shift"
  size_t width = 0;            ///< of a centre: that of the rows, or of the projected ones
  std::vector<float> centres;  ///< (k, width)
  std::optional<PcaModel> pca = {};
  bool finished = true;  ///< false: stored when the fit was stopped; it can go on from there

  size_t size() const { return width == 0 ? 0 : centres.size() / width; }
  /// Of the rows that go in.
  size_t input_width() const { return pca ? pca->width : width; }
};

/// safetensors: "centres" f32 (k, width), "pca.mean" f32, "pca.components" f32, "pca.variance" f64, "pca.ratio" f64, and metadata
/// format = "penstock.cluster", version, method, finished, pca.whiten. The same model gives the same bytes.
std::vector<std::byte> encode_model(const ClusterModel& model);
/// Throws Error kData for bytes that are damaged, kUsage for ones that are no such model or of a later version. `origin` names them in messages.
ClusterModel decode_model(std::span<const std::byte> bytes, std::string_view origin);

}  // namespace penstock::classic
