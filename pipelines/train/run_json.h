// run.json: which program, machine and data a run was made with.
#pragma once

#include <string>
#include <string_view>

#include "io/data/dataset.h"
#include "pipelines/recipe/recipe.h"

namespace penstock::train {

/// One JSON object: versions, machine, seed, threads, data (path, digest, records, classes), where it all began.
std::string run_json(const pipelines::Recipe& recipe, const io::Dataset& data, const io::Dataset* val, unsigned threads,
                     int torch_threads);

/// Of such a text, for people: "AMD EPYC ..., 2 threads"; "" where it is none.
std::string machine_of(std::string_view run_json);

}  // namespace penstock::train
