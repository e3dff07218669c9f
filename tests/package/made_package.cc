#include "tests/package/made_package.h"

#include <caffe2/serialize/inline_container.h>
#include <torch/script.h>

#include "tests/io/temp_folder.h"
#include "tests/package/tiny_weights.h"

namespace penstock::test {
namespace {

std::string complaint(int number, const std::string& said, size_t dimension, const std::string& expected) {
  return "ss << \"input_handles[" + std::to_string(number) + "]: " + said + " at " + std::to_string(dimension) +
         ", \"\n   << \"" + expected + ", \" << \"but got: \" << sizes[" + std::to_string(dimension) + "];\n";
}

}  // namespace

std::string torch_archive(const Members& members) {
  std::string out;
  caffe2::serialize::PyTorchStreamWriter writer([&out](const void* data, size_t size) {
    out.append(static_cast<const char*>(data), size);
    return size;
  });
  for (const auto& [name, content] : members) writer.writeRecord(name, content.data(), content.size());
  writer.writeEndOfFile();
  return out;
}

std::string source_of(const MadeInput& input, int number) {
  std::string out = "ss << \"input_handles[" + std::to_string(number) +
                    "]: unmatched dtype, \"\n   << \"expected: \" << expected << \"(at::k" + input.dtype +
                    "), \"\n   << \"but got: \" << dtype << \"\\n\";\n";
  for (size_t d = 0; d < input.shape.size(); ++d) {
    const std::string& size = input.shape[d];
    const size_t dash = size.find('-');
    if (size.empty()) continue;
    if (dash == std::string::npos) {
      out += complaint(number, "unmatched dim value", d, "expected: " + size);
    } else {
      out += complaint(number, "dim value is too small", d, "expected it to be >= " + size.substr(0, dash));
      out += complaint(number, "dim value is too large", d, "expected to be <= " + size.substr(dash + 1));
    }
  }
  const std::vector<std::string> strides = input.channels_last ? std::vector<std::string>{"768", "1", "48", "3"}
                                                               : std::vector<std::string>{"768", "256", "16", "1"};
  for (size_t d = 0; d < input.shape.size(); ++d)
    out += complaint(number, "unmatched stride value", d, "expected: " + strides[d]);
  return out;
}

Members members_of(const MadePackage& package) {
  const std::string stem = "data/aotinductor/" + package.model + "/made.wrapper";
  return {{stem + ".cpp", source_of(package.input)},
          {stem + "_metadata.json",
           "{\"AOTI_DEVICE_KEY\": \"" + package.device +
               "\", \"AOTI_PLATFORM\": \"linux\", \"AOTI_MACHINE\": \"x86_64\", \"AOTI_CPU_ISA\": \"" + package.isa +
               "\", \"AOTI_COMPUTE_CAPABILITY\": \"\"}"},
          {stem + ".so", io::text_of(package.library)}};
}

std::string bytes_of(const MadePackage& package) { return torch_archive(members_of(package)); }

void write_twin(const std::string& path) {
  at::Tensor filters = at::empty({8, 3, 1, 1}), weights = at::empty({8, 3});
  for (int f = 0; f < 8; ++f)
    for (int c = 0; c < 3; ++c) {
      filters[f][c][0][0] = tiny_filter(f, c);
      weights[f][c] = tiny_weight(f, c);
    }
  torch::jit::Module net("Twin");
  net.register_buffer("filters", filters);
  net.register_buffer("weights", weights);
  net.define(R"(
    def forward(self, images):
        x = torch.relu(torch.conv2d(images, self.filters))
        return torch.matmul(x.mean([2, 3]), self.weights)
    def raw(self, images):
        return self.forward(images)
  )");
  net.save(path);
}

}  // namespace penstock::test
