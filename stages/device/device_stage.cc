#include "stages/device/device_stage.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/error.h"

namespace penstock::device {
namespace {

bool fits(const Field& field) { return field.extent == Extent::kFixed && !field.optional; }

Tensor tensor_of(const Field& field, std::byte* data, size_t count) {
  Tensor tensor{.dtype = field.dtype, .shape = {static_cast<int64_t>(count)}, .data = data};
  tensor.shape.insert(tensor.shape.end(), field.shape.begin(), field.shape.end());
  tensor.bytes = field.row_bytes() * count;
  return tensor;
}

}  // namespace

const Tensor& DeviceFields::operator[](std::string_view name) const {
  std::string names;
  for (const auto& [own, tensor] : tensors_) {
    if (own == name) return tensor;
    names += (names.empty() ? "" : ", ") + own;
  }
  throw Error(Code::kUsage, "no field '" + std::string(name) + "' lies on the device").hint("there are: " + names);
}

class DeviceChain::View final : public DeviceBatchView {
 public:
  View(const DeviceChain& chain, const BoundStep& step, const Batch& batch, Stream& stream)
      : chain_(chain), step_(step), batch_(batch), stream_(stream) {}
  size_t count() const override { return batch_.size(); }
  Tensor in(size_t i) const override { return at(step_.in.at(i)); }
  Tensor out(size_t i) const override { return at(step_.out.at(i)); }
  Draws draws() const override { return {chain_.seed_, batch_.epoch(), batch_.first_position(), draw_key(step_.id)}; }
  Stream& stream() const override { return stream_; }

 private:
  Tensor at(size_t slot) const {
    const Slot& of = chain_.slots_[slot];
    return tensor_of(of.field, const_cast<std::byte*>(of.memory.data()), batch_.size());
  }

  const DeviceChain& chain_;
  const BoundStep& step_;
  const Batch& batch_;
  Stream& stream_;
};

DeviceChain::DeviceChain(Device& device, const Schema& in, std::vector<Step> steps, uint64_t max_batch, uint64_t seed)
    : max_batch_(max_batch), seed_(seed) {
  std::map<std::string, size_t> now;  // which slot a name stands for
  const auto add = [&](const Field& field) {
    slots_.push_back({field, device.allocate(field.row_bytes() * max_batch, "batch: " + field.name)});
    return now[field.name] = slots_.size() - 1;
  };
  for (const Field& field : in.fields()) {
    if (!fits(field)) continue;
    schema_.add(field);
    uploads_.push_back(add(field));
  }
  for (Step& step : steps) {
    const Bound bound = step.stage->bind(schema_);
    BoundStep own{step.id, std::move(step.stage), {}, {}};
    for (const std::string& name : bound.reads) {
      schema_.require(name, step.id);
      own.in.push_back(now.at(name));
    }
    for (const Field& field : bound.writes) {
      if (!fits(field))
        throw Error(Code::kUsage,
                    step.id + " makes " + field.text() + ", and on a device fields are fixed and not optional");
      const bool in_place = std::count(bound.reads.begin(), bound.reads.end(), field.name) > 0 &&
                            slots_[now.at(field.name)].field == field;
      own.out.push_back(in_place ? now.at(field.name) : add(field));
      schema_.set(field);
    }
    for (const std::string& name : bound.drops) schema_.remove(name);
    steps_.push_back(std::move(own));
  }
  for (const Field& field : schema_.fields()) results_.push_back(now.at(field.name));
}

DeviceChain::~DeviceChain() = default;

DeviceFields DeviceChain::run(Stream& stream, const Batch& batch, Event& uploaded) {
  PENSTOCK_CHECK(batch.size() <= max_batch_);
  for (const size_t slot : uploads_) {
    const Tensor from = batch[slots_[slot].field.name];
    stream.copy(slots_[slot].memory.data(), from.data, from.bytes);
  }
  stream.record(uploaded);
  for (const BoundStep& step : steps_) {
    View view(*this, step, batch, stream);
    if (batch.size() > 0) step.stage->run(view);
  }
  DeviceFields fields;
  for (const size_t slot : results_)
    fields.add(slots_[slot].field.name, tensor_of(slots_[slot].field, slots_[slot].memory.data(), batch.size()));
  return fields;
}

}  // namespace penstock::device
