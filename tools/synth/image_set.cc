#include "tools/synth/image_set.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "stages/image/jpeg_encoder.h"
#include "tools/synth/dice.h"
#include "tools/synth/scene.h"
#include "tools/synth/shape.h"

namespace penstock::synth {
namespace fs = std::filesystem;
namespace {

constexpr char kMark[] = ".penstock-synth";  // says what the set was made with

struct Item {
  int shape;
  int split;  // 0 train, 1 val
  int index;
};

void check(const SetOptions& options) {
  const auto need = [](bool holds, const char* what) {
    if (!holds) throw Error(Code::kUsage, std::string("cannot make a set: ") + what);
  };
  need(options.classes >= 2 && options.classes <= kShapes, "classes must be 2 to 10");
  need(options.train >= 1 && options.val >= 0, "train must be at least 1 and val at least 0");
  need(options.min_side >= 32 && options.max_side >= options.min_side && options.max_side <= 8192,
       "sides must be 32 to 8192 pixels, the smaller one first");
  need(options.threads >= 0, "threads must not be negative");
}

std::string description(const SetOptions& o) {
  std::ostringstream text;
  text << "version 1\nclasses " << o.classes << "\ntrain " << o.train << "\nval " << o.val << "\nsides " << o.min_side
       << ' ' << o.max_side << "\nseed " << o.seed << '\n';
  return text.str();
}

fs::path folder_of(const Item& item) { return fs::path(item.split == 0 ? "train" : "val") / shape_name(item.shape); }

void write(const fs::path& path, const void* data, std::size_t size) {
  std::ofstream out(path, std::ios::binary);
  out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
  out.close();
  if (!out) throw errno_error(Code::kIo, "cannot write '" + path.string() + "'", errno);
}

std::vector<std::byte> draw_jpeg(const Item& item, const SetOptions& options) {
  Dice dice{options.seed, static_cast<std::uint64_t>(item.shape), static_cast<std::uint64_t>(item.split),
            static_cast<std::uint64_t>(item.index)};
  const int width = dice.between(options.min_side, options.max_side);
  const int height = dice.between(options.min_side, options.max_side);
  // Shares as among photographs of the web: one in ten grey, one in twelve progressive, one in six without subsampling.
  const bool grey = dice.chance(0.10f);
  const bool progressive = dice.chance(0.08f);
  const bool full_chroma = dice.chance(0.16f);
  const int quality = dice.between(85, 92);
  Scene scene = draw_scene(item.shape, width, height, dice);
  if (grey) {
    const std::size_t pixels = scene.rgb.size() / 3;
    for (std::size_t i = 0; i < pixels; ++i) {
      const unsigned sum = 299u * scene.rgb[3 * i] + 587u * scene.rgb[3 * i + 1] + 114u * scene.rgb[3 * i + 2];
      scene.rgb[i] = static_cast<std::uint8_t>((sum + 500) / 1000);
    }
  }
  return image::encode_jpeg({.data = scene.rgb.data(), .width = width, .height = height, .channels = grey ? 1 : 3},
                            {.quality = quality,
                             .progressive = progressive,
                             .sampling = full_chroma ? image::ChromaSampling::k444 : image::ChromaSampling::k420});
}

// Everything under `folder` reaches the disk, then it gets its name, then the name does.
void make_whole(const fs::path& folder, const fs::path& dest) {
  const auto sync = [](const fs::path& path, int (*call)(int)) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool done = fd >= 0 && call(fd) == 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (!done) throw errno_error(Code::kIo, "cannot flush '" + path.string() + "'", error);
  };
  sync(folder, ::syncfs);
  if (::rename(folder.c_str(), dest.c_str()) != 0)
    throw errno_error(Code::kIo, "cannot rename '" + folder.string() + "' to '" + dest.string() + "'", errno);
  sync(dest.parent_path().empty() ? fs::path(".") : dest.parent_path(), ::fsync);
}

bool is_there(const fs::path& dest, const std::string& wanted) {
  if (!fs::exists(dest)) return false;
  std::ifstream in(dest / kMark);
  std::stringstream text;
  text << in.rdbuf();
  if (in && text.str() == wanted) return true;
  throw Error(Code::kUsage, "'" + dest.string() + "' is there already and is not this set")
      .hint("name another folder, or remove it");
}

}  // namespace

SetResult make_set(const fs::path& dest, const SetOptions& options,
                   const std::function<void(std::int64_t, std::int64_t)>& progress) {
  check(options);
  const std::string mark = description(options);
  const std::int64_t total = std::int64_t{options.classes} * (options.train + options.val);
  if (is_there(dest, mark)) return {.pictures = total, .bytes = 0, .was_there = true};

  const fs::path partial = fs::path(dest) += ".partial";
  std::vector<Item> items;
  try {
    fs::remove_all(partial);
    for (int shape = 0; shape < options.classes; ++shape) {
      for (int split = 0; split < 2; ++split) {
        const int count = split == 0 ? options.train : options.val;
        for (int index = 0; index < count; ++index) items.push_back({shape, split, index});
        if (count > 0) fs::create_directories(partial / folder_of({shape, split, 0}));
      }
    }
  } catch (const fs::filesystem_error& error) { throw Error(Code::kIo, error.what()); }

  std::atomic<std::size_t> next{0};
  std::mutex mutex;  // guards what follows
  SetResult result;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < items.size(); i = next++) {
        const auto jpeg = draw_jpeg(items[i], options);
        char name[64];
        std::snprintf(name, sizeof name, "%s_%05d.jpg", std::string(shape_name(items[i].shape)).c_str(),
                      items[i].index);
        write(partial / folder_of(items[i]) / name, jpeg.data(), jpeg.size());
        const std::lock_guard lock(mutex);
        ++result.pictures;
        result.bytes += static_cast<std::int64_t>(jpeg.size());
        progress(result.pictures, total);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = items.size();
    }
  };
  const unsigned count =
      options.threads > 0 ? static_cast<unsigned>(options.threads) : std::max(1u, std::thread::hardware_concurrency());
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < count; ++i) threads.emplace_back(work);
  }
  if (failure) std::rethrow_exception(failure);
  write(partial / kMark, mark.data(), mark.size());
  make_whole(partial, dest);
  return result;
}

}  // namespace penstock::synth
