// The features of a file as rows of the classic learners: the only place where the two meet.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/table/feature_table.h"
#include "models/classic/rows.h"

namespace penstock::classic {

/// Owns the table. Rows and names may be asked for by different threads: they take turns.
class FeatureRows final : public RowSource {
 public:
  /// Throws what open_features throws, and Error kData where no row holds features.
  FeatureRows(const std::string& path, io::FileSystem& fs);

  uint64_t size() const override { return table_->rows(); }
  size_t width() const override { return table_->width(); }
  void read(uint64_t first, std::span<float> into) override;

  std::vector<int64_t> ids(uint64_t first, size_t count);
  std::vector<io::FeatureName> names(uint64_t first, size_t count);
  const io::FeatureTable& table() const { return *table_; }

 private:
  std::mutex mutex_;
  std::unique_ptr<io::FeatureTable> table_;
};

/// One line for each row that was left out, the first few, for people: "id 17 (a.jpg): cut short".
std::vector<std::string> fault_lines(const io::FeatureTable& table);

}  // namespace penstock::classic
