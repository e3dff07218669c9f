// A Collective over the processes of MPI_COMM_WORLD. Included by the files of this folder alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/device/collective.h"
#include "engine/mpi/mpi_waits.h"

namespace penstock::mpi {

/// Making one is a call of all processes. MPI writes into memory of its own alone, which stays where a call is given up. Errors as Waits.
class MpiCollective final : public Collective {
 public:
  explicit MpiCollective(std::shared_ptr<Waits> waits);
  ~MpiCollective() override;

  uint32_t rank() const override { return static_cast<uint32_t>(rank_); }
  uint32_t size() const override { return static_cast<uint32_t>(size_); }
  void all_reduce_sum(std::span<float> values) override { sum(values, f32_); }
  void all_reduce_sum(std::span<double> values) override { sum(values, f64_); }
  void broadcast(std::span<std::byte> bytes, uint32_t root) override;
  void barrier() override;

 private:
  /// What a call in flight reads and writes.
  template <class T>
  struct Stage {
    std::vector<T> values;  ///< (n)
    std::vector<T> rows;    ///< one of each rank
    std::vector<int> counts, begins, row_counts, row_begins;
  };
  template <class T>
  using Staged = std::shared_ptr<Stage<T>>;

  Call next(std::string what);
  template <class T>
  void sum(std::span<T> values, const Staged<T>& stage);
  template <class T>
  void sum_short(std::span<T> values, const Staged<T>& stage);
  template <class T>
  void sum_long(std::span<T> values, const Staged<T>& stage);

  std::shared_ptr<Waits> waits_;
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  uint32_t line_;
  uint64_t calls_ = 0;
  Staged<float> f32_ = std::make_shared<Stage<float>>();
  Staged<double> f64_ = std::make_shared<Stage<double>>();
  Staged<std::byte> bytes_ = std::make_shared<Stage<std::byte>>();
};

}  // namespace penstock::mpi
