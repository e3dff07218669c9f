// What the rest of Penstock knows of a network: logits, features, and named tensors to store and to train.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/device/collective.h"
#include "models/nets/catalog.h"

namespace penstock::nets {

using NamedTensor = std::pair<std::string, at::Tensor>;

/// What a network takes: pictures, or rows. What it does not take is undefined.
struct NetInput {
  at::Tensor images;  ///< f32 or bf16 (N, C, H, W)
  at::Tensor cat;     ///< i32 (N, C), codes
  at::Tensor cont;    ///< f32 (N, D)
  /// In the place of embedding tables, in the order of Net::tables(): the rows alone that these codes mean. Empty: the tables themselves;
  /// undefined: that table itself.
  std::vector<at::Tensor> rows;
  /// What networks of rows draw dropout from; none: torch's own, which the CPU lanes of a process share.
  std::optional<at::Generator> draws;

  NetInput() = default;
  NetInput(at::Tensor pictures) : images(std::move(pictures)) {}  // NOLINT: pictures are an input
  NetInput(at::Tensor codes, at::Tensor numbers) : cat(std::move(codes)), cont(std::move(numbers)) {}
  int64_t count() const { return images.defined() ? images.size(0) : cat.defined() ? cat.size(0) : cont.size(0); }
};

/// An embedding: row k of `weight` (cardinality, width) belongs to code k of column `column`.
struct EmbeddingTable {
  std::string name;  ///< of the parameter
  int64_t column = 0;
  at::Tensor weight;
};

/// One replica of a network. Not thread-safe: it belongs to its lane's thread. Tensors returned share memory with it.
class Net {
 public:
  virtual ~Net() = default;

  /// -> logits (N, classes), in whatever type the autocast of the caller gives.
  virtual at::Tensor forward(const NetInput& input) = 0;
  /// The output of a layer by its name; feature maps (N, C', H', W') or vectors (N, C').
  /// Throws Error kUsage that lists the layers where there is none of that name.
  virtual at::Tensor features(const NetInput& input, const std::string& layer) = 0;

  /// In the order of registration; names as in a PyTorch state_dict.
  virtual std::vector<NamedTensor> parameters() const = 0;
  virtual std::vector<NamedTensor> buffers() const = 0;
  /// The embeddings among the parameters.
  virtual std::vector<EmbeddingTable> tables() const { return {}; }

  /// Batch norms count (true) or use what they counted (false).
  virtual void train(bool on) = 0;
  /// Its parameters and buffers lie on this device from now on; they stay the same tensors. Embeddings that need no gradient stay where they are:
  /// whoever wants them out of reach trains them row by row.
  virtual void move_to(at::Device device) = 0;
  /// Batch norms count over all lanes of `group` (SyncBatchNorm) in training; null: over their own records. Throws Error kUsage where the
  /// network cannot.
  virtual void count_over(Collective* group) = 0;
};

/// A freshly initialised network. Draws from torch's default generator: seed it first. Throws as `check(spec)`.
std::unique_ptr<Net> make_net(const NetSpec& spec);

/// A user's module out of the bytes of a TorchScript file (`torch.jit.script(m).save(path)`): forward must take images
/// and return logits. Throws Error kData where the bytes are no such file. `origin` names them in messages.
std::unique_ptr<Net> load_script_net(std::span<const std::byte> bytes, const std::string& origin);

/// A user's compiled module out of the bytes of an AOTInductor package, for inference alone: forward and features "output", no parameters. Takes any
/// number of pictures, whatever batch it was compiled for; casts and lays them out as it wants them, without autocast. Throws as read_package(), and Error
/// kUsage where it was compiled for another device or processor.
std::unique_ptr<Net> load_package_net(std::span<const std::byte> bytes, const std::string& origin, at::Device device);

}  // namespace penstock::nets
