// The data side of a training loop in about thirty lines: a folder (or LMDB) of pictures becomes batches of pixels.
//   read_batches [DATA]       DATA: class folders, or what `penstock pack` made; default: the sample data of the tests
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "engine/base/bytes.h"
#include "engine/graph/graph_spec.h"
#include "engine/run/run.h"
#include "io/data/open.h"
#include "stages/image/registry.h"

using namespace penstock;

int main(int argc, char** argv) {
  const char* samples = std::getenv("PENSTOCK_DATA");
  const std::string where = argc > 1 ? argv[1] : std::string(samples != nullptr ? samples : ".") + "/hymenoptera";
  if (argc < 2 && !std::filesystem::exists(where)) {
    std::cerr << "skipped: there is no " << where << "; name a folder of class folders\n";
    return 77;
  }
  try {
    StageRegistry stages;
    image::register_image_stages(stages);
    const auto data = io::open(where);
    const GraphSpec spec = GraphSpec{}
                               .add("image.decode", {{"view", "random-resized-crop"}, {"size", 224}})
                               .add("image.flip", {{"p", 0.5}});
    Run run = Run::start(spec.bind(data->schema(), stages), *data,
                         {.seed = 1, .batch = 16, .budgets = std::make_shared<Budgets>(Need::ram(1_GiB))});
    double sum = 0;
    for (const Batch& batch : run)  // pixels u8 (16, 224, 224, 3), label i64 (16): a training step would stand here
      for (const uint8_t value : batch["pixels"].as<uint8_t>()) sum += value;
    std::cout << "sum of all pixels: " << static_cast<uint64_t>(sum) << "\n" << run.report().text();
    return sum > 0 ? 0 : 1;
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
