#include "tests/pipelines/train_world.h"

#include <torch/script.h>

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "io/data/open.h"
#include "stages/image/jpeg_encoder.h"

namespace penstock::test {
namespace {

constexpr const char* kRecipe = R"(
seed = 3
[data]
batch = 4
order = "full"
last = "drop"
[faults]
train = "replace"
eval = "skip"
budget = "20%"
[[stage]]
name = "image.decode"
id = "crop"
when = "train"
view = "random-resized-crop"
size = 16
[[stage]]
name = "image.decode"
id = "center"
when = "eval"
view = "center-crop"
size = 16
[[stage]]
name = "image.flip"
when = "train"
[net]
arch = "torchscript"
script = "${PENSTOCK_TEST_NET}"
classes = 3
[train]
epochs = 5
optimizer = "adamw"
lr = 1e-2
schedule = "one-cycle"
precision = "f32"
[lanes]
threads = 1
[checkpoint]
every = "2steps"
keep = 2
)";

std::vector<std::byte> picture(int kind, int number) {
  constexpr int kSize = 24;
  std::vector<uint8_t> pixels(kSize * kSize * 3);
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x)
      for (int c = 0; c < 3; ++c)
        pixels[static_cast<size_t>((y * kSize + x) * 3 + c)] =
            static_cast<uint8_t>(c == kind ? 180 + (x * 7 + y * number) % 60 : (x * number + y * 3 + c) % 90);
  return image::encode_jpeg({.data = pixels.data(), .width = kSize, .height = kSize});
}

}  // namespace

void write_tiny_net(const std::string& path, bool double_bias) {
  torch::manual_seed(5);
  torch::jit::Module net("Tiny");
  net.register_parameter("filters", torch::randn({8, 3, 4, 4}) * 0.2, false);
  net.register_parameter("weights", torch::randn({8, 3}) * 0.2, false);
  if (double_bias) net.register_parameter("bias", torch::zeros({3}, torch::kDouble), false);
  net.define(std::string(R"(
    def forward(self, images):
        x = torch.relu(torch.conv2d(images, self.filters, None, [4, 4]))
        return torch.matmul(x.mean([2, 3]), self.weights))") +
             (double_bias ? " + self.bias.float()\n" : "\n"));
  for (auto parameter : net.parameters()) parameter.set_requires_grad(true);
  net.save(path);
}

TrainWorld::TrainWorld(int per_class) {
  for (int kind = 0; kind < 3; ++kind) {
    for (int i = 0; i < per_class; ++i) {
      const std::vector<std::byte> bytes = picture(kind, i);
      folder_.put(std::string("data/") + static_cast<char>('a' + kind) + "/" + std::to_string(10 + i) + ".jpg",
                  {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
  }
  write_tiny_net(folder_ / "net.pt");
}

void TrainWorld::damage(const std::string& file) const {
  const std::string path = data_path() + "/" + file;
  const std::string bytes = io::text_of(path);
  folder_.put("data/" + file, bytes.substr(0, bytes.size() / 2));
}

pipelines::Recipe TrainWorld::recipe(const std::vector<std::string>& set) const {
  return pipelines::parse_recipe(
      kRecipe, "tiny.toml", {.set = set, .environment = [this](const std::string& name) -> std::optional<std::string> {
                               if (name == "PENSTOCK_TEST_NET") return folder_ / "net.pt";
                               return std::nullopt;
                             }});
}

std::shared_ptr<const io::Dataset> TrainWorld::data() const { return io::open(data_path(), {.cache_folder = ""}); }

std::vector<double> losses_of(const TrainWorld& world, const std::string& run) {
  std::vector<double> losses;
  std::istringstream lines(io::text_of(train::RunPaths(world.run_path(run)).metrics()));
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json.at("type") == "step") losses.push_back(json.at("loss"));
  }
  return losses;
}

train::TrainResult TrainWorld::train(train::TrainOptions options) const {
  const auto records = data();
  return train::train(std::move(options), *records, records.get());
}

train::TrainResult TrainWorld::train(const std::vector<std::string>& set, train::Resume resume,
                                     const std::string& run) const {
  return train(train::TrainOptions{.recipe = recipe(set), .run = run_path(run), .resume = resume});
}

}  // namespace penstock::test
