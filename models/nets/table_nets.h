// Networks of rows: codes i32 (N, C) and numbers f32 (N, D) in, outputs (N, classes) out, as NetSpec::table says.
#pragma once

#include <memory>

#include "models/nets/net.h"

namespace penstock::nets {

/// Entity embeddings (Guo and Berkhahn 2016, https://arxiv.org/abs/1604.06737) beside batch-normed numbers, then linear, ReLU, batch norm and
/// dropout for each hidden layer, as fast.ai's TabularModel does, whose parameter names and first weights it has ("embeds.0.weight",
/// "bn_cont.weight", "layers.0.0.weight"). Layers for features(): input, layer1, layer2, ..., output.
std::unique_ptr<Net> make_tabular(const NetSpec& spec);

/// DLRM (Naumov et al. 2019, https://arxiv.org/abs/1906.00091): numbers go through the bottom layers to a vector as wide as the embeddings;
/// it and the products of all pairs of vectors go through the top ones. Names and first weights of the reference ("bot_l.0.weight",
/// "emb_l.0.weight", "top_l.0.weight"). Layers: bottom (where there are numbers), interaction, layer1, ..., output.
std::unique_ptr<Net> make_dlrm(const NetSpec& spec);

/// A factorisation machine of degree 2 (Rendle 2010, "Factorization Machines", equation 5): bias + sum of w_i x_i + half of the sum over
/// factors of (sum of v_i x_i)^2 - sum of (v_i x_i)^2, where a code is a one-hot x. Layers: linear, pairs, output.
std::unique_ptr<Net> make_fm(const NetSpec& spec);

}  // namespace penstock::nets
