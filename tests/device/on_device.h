// Tests that run alike on every kind of device: the twin on "cpu" and "sim:0" here, the kernel on "cuda:0" where there is a GPU.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/device/devices.h"

namespace penstock::device {

class OnDevice : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam().starts_with("cuda") && !missing_devices().empty()) GTEST_SKIP() << missing_devices()[0];
    device_ = open_device(GetParam());
    stream_ = device_->make_stream();
  }
  void TearDown() override { stream_.reset(); }

  /// Memory of the device with a copy of `values` in it.
  template <class T>
  DeviceBuffer there(const std::vector<T>& values) {
    DeviceBuffer buffer = device_->allocate(std::max<size_t>(values.size() * sizeof(T), 1), "test");
    stream_->copy(buffer.data(), values.data(), values.size() * sizeof(T));
    stream_->synchronize();
    return buffer;
  }
  /// What lies at `data` in the device's memory, once the stream is done.
  template <class T>
  std::vector<T> back(const void* data, size_t count) {
    std::vector<T> values(count);
    stream_->copy(values.data(), data, count * sizeof(T));
    stream_->synchronize();
    return values;
  }

  std::unique_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
};

inline std::string device_word(const testing::TestParamInfo<std::string>& info) {
  return info.param.substr(0, info.param.find(':'));
}

}  // namespace penstock::device
