// The clustering that a stage of this room applies.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/graph/stage.h"
#include "models/classic_model.h"

namespace penstock::classic {

/// A model as `penstock cluster --centers` stores it, and a row's way through it in an order of sums that no CPU changes. Free of
/// state; shared by threads.
class StoredModel {
 public:
  /// `path` "": no model yet; bind refuses that. Throws what reading and decode_model throw.
  StoredModel(const std::string& path, std::string stage);

  /// The field that is read, checked: "features" f32 (N, width). Throws Error kUsage where it does not fit or no model was named.
  const Field& require(const Schema& in) const;
  const ClusterModel& model() const { return model_; }
  /// For Bound::resident_bytes and Bound::contents.
  uint64_t bytes() const;
  const std::string& contents() const { return contents_; }

  /// The principal components of a row (pca()->size()).
  void project(const float* row, std::span<float> into) const;
  static bool finite(const float* row, size_t width);

 private:
  std::string path_, stage_, contents_;
  ClusterModel model_;
  std::vector<float> directions_;  ///< (p, width)
  std::vector<float> offsets_;     ///< (p): what the mean comes to along each
};

}  // namespace penstock::classic
