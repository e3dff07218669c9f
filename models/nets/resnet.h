// ResNet (He et al. 2015, https://arxiv.org/abs/1512.03385) with torchvision's parameter names and initialisation, so that
// its weights load here and ours load there. Resnet50 strides in the 3x3 convolution ("v1.5"), as torchvision does.
#pragma once

#include <memory>

#include "models/nets/net.h"

namespace penstock::nets {

/// `spec.arch` is "resnet18", "resnet34" or "resnet50". Images (N, 3, H, W), any H and W from 32 up.
/// Layers for features(): conv1, bn1, relu, maxpool, layer1 .. layer4, avgpool, fc.
std::unique_ptr<Net> make_resnet(const NetSpec& spec);

}  // namespace penstock::nets
