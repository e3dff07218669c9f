// penstock-synth: makes a learnable set of JPEGs that look like photographs to a decoder. For quickstart and demos.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

#include "engine/base/error.h"
#include "tools/synth/image_set.h"

int main(int argc, char** argv) {
  using namespace penstock;
  synth::SetOptions options;
  std::string dest;
  CLI::App app("Makes a folder of class folders of JPEGs: ten shapes on random landscapes, of differing sizes.");
  app.footer("Example: penstock-synth shapes --train 200 --val 40");
  app.add_option("DEST", dest, "folder to make: DEST/{train,val}/CLASS/*.jpg")->required();
  app.add_option("--classes", options.classes, "classes, 2 to 10")->capture_default_str();
  app.add_option("--train", options.train, "training pictures a class")->capture_default_str();
  app.add_option("--val", options.val, "validation pictures a class")->capture_default_str();
  app.add_option("--min-side", options.min_side, "shortest side, pixels")->capture_default_str();
  app.add_option("--max-side", options.max_side, "longest side, pixels")->capture_default_str();
  app.add_option("--seed", options.seed, "the same seed makes the same files")->capture_default_str();
  app.add_option("--threads", options.threads, "0: all cores")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) { return app.exit(error) == 0 ? 0 : 2; }
  while (dest.size() > 1 && dest.back() == '/') dest.pop_back();

  const auto start = std::chrono::steady_clock::now();
  auto told = start;
  const auto seconds_since = [](auto then) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
  };
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    if (seconds_since(told) < 5) return;
    told = std::chrono::steady_clock::now();
    const double left = seconds_since(start) / static_cast<double>(done) * static_cast<double>(total - done);
    std::fprintf(stderr, "synth: %lld of %lld pictures, %.0f s left\n", static_cast<long long>(done),
                 static_cast<long long>(total), left);
  };
  try {
    const auto result = synth::make_set(dest, options, progress);
    if (result.was_there) {
      std::printf("%s: %lld pictures, already there\n", dest.c_str(), static_cast<long long>(result.pictures));
    } else {
      std::printf(
          "%s: %lld pictures, %.0f KB each on average, %.1f s\n", dest.c_str(), static_cast<long long>(result.pictures),
          static_cast<double>(result.bytes) / 1000.0 / static_cast<double>(result.pictures), seconds_since(start));
    }
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "penstock-synth: %s\n", error.what());
    return error.code() == Code::kUsage ? 2 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "penstock-synth: %s\n", error.what());
    return 1;
  }
}
