#!/usr/bin/env python3
"""Checks the walls of the house: includes point down only, and each third-party header stays in its room.

    check_layering.py ROOT         names every include that breaks a wall; exit code 1 if there is one
    check_layering.py --self-test  proves on small trees that each wall is noticed when it is broken
"""
import re
import sys
from pathlib import Path

import checker

# Which rooms a room may include: tools -> pipelines -> stages -> {io, models} -> engine.
BELOW = {
    "engine": {"engine"},
    "io": {"io", "engine"},
    "models": {"models", "engine"},
    "stages": {"stages", "io", "models", "engine"},
    "pipelines": {"pipelines", "stages", "io", "models", "engine"},
    "tools": {"tools", "pipelines", "stages", "io", "models", "engine"},
    "examples": {"examples", "pipelines", "stages", "io", "models", "engine"},
    "tests": {"tests", "tools", "pipelines", "stages", "io", "models", "engine"},
}

# (what, include pattern, pattern of the files that may). Tests may include anything: they check against it.
# The first line whose include pattern matches decides.
THIRD_PARTY = [
    ("CUDA", r"(cuda|cublas|curand|cufft|cusparse|nvml|nvjpeg|nccl|nvtx3?/|cub/|thrust/|ATen/cuda/|c10/cuda/|torch/cuda)", r".*/cuda/.*"),
    ("TBB", r"(tbb|oneapi)/", r"engine/run/.*|engine/([^/]+/)*parallel_for\.(h|cc)"),
    ("LMDB", r"lmdb\.h", r"io/.*"),
    ("HDF5", r"(hdf5|hdf5_hl|H5\w+)\.h", r"io/.*"),
    ("matio", r"matio\.h", r"io/.*"),
    ("Arrow", r"(arrow|parquet)/", r"io/.*"),
    ("XXH3", r"(xxhash|xxh3|xxh_\w+)\.h", r"io/.*"),
    ("liburing", r"liburing(\.h|/)|linux/io_uring\.h", r"io/.*"),
    ("libjpeg-turbo", r"(jpeglib|jerror|jconfig|jmorecfg|turbojpeg)\.h", r"stages/image/.*"),
    ("libpng", r"png(conf|libconf)?\.h|libpng", r"stages/image/.*"),
    ("Highway", r"hwy/", r"(stages/image|models/classic)/.*"),
    ("libtorch", r"(torch|ATen|c10|caffe2)/", r"(models/nets|stages/learn)/.*"),
    ("XGBoost", r"xgboost/", r"models/classic/.*"),
    ("OpenBLAS", r"(cblas|lapacke|openblas\w*)\.h|openblas/", r"models/classic/.*"),
    ("toml++", r"(toml\+\+|tomlplusplus)/|toml\.hpp", r"pipelines/recipe[^/]*(/.*)?"),
    ("CLI11", r"CLI/|CLI11\.hpp", r"tools/.*"),
    ("MPI", r"mpi(\.h|xx\.h|/)", r"engine/mpi/.*"),
    # No class of ours has JSON in its interface, but where the file says so by its name.
    ("nlohmann/json", r"nlohmann/", r"(io|models|pipelines|tools)/(.*\.cc|(.*/)?[^/]*json[^/]*\.h)"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = {".h", ".cc", ".cu", ".cuh", ".hpp", ".inc"}


def includes(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def violations(root):
    found = []
    for room in BELOW:
        for path in sorted((root / room).rglob("*")):
            if path.suffix not in SOURCES or not path.is_file():
                continue
            name = path.relative_to(root).as_posix()
            for line, quoted, target in includes(path):
                where = f"{name}:{line}"
                top = target.split("/")[0]
                if top in BELOW and "/" in target:
                    if top not in BELOW[room]:
                        found.append(f"{where}: {room} must not include {top} ('{target}'): includes point down only")
                    continue
                third = next((rule for rule in THIRD_PARTY if re.match(rule[1], target)), None)
                if third is None:
                    if quoted:
                        found.append(f"{where}: '{target}': include by the path from the root, system headers in <>")
                elif room != "tests" and not re.fullmatch(third[2], name):
                    found.append(f"{where}: {third[0]} ('{target}') stays in its room: {third[2]}")
    return found


def self_test():
    good = {
        "engine/base/error.h": "#include <string>",
        "engine/run/executor.cc": "#include <tbb/flow_graph.h>",
        "engine/base/parallel_for.cc": '#include "engine/base/error.h"\n#include <oneapi/tbb/parallel_for.h>',
        "engine/cuda/device.cc": "#include <cuda_runtime.h>",
        "io/lmdb/reader.cc": '#include <lmdb.h>\n#include <xxhash.h>\n#include <liburing.h>\n#include "engine/base/error.h"',
        "io/manifest.cc": "#include <nlohmann/json.hpp>",
        "models/nets/resnet.h": "#include <torch/nn/module.h>",
        "models/classic/blas.cc": "#include <cblas.h>\n#include <hwy/highway.h>",
        "models/json_text.h": "#include <nlohmann/json.hpp>",
        "stages/image/jpeg.cc": '#include <jpeglib.h>\n#include <png.h>\n#include <hwy/highway.h>\n#include "io/file.h"',
        "stages/learn/sgd.cc": '#include <ATen/ops/add.h>\n#include "models/nets/resnet.h"',
        "stages/learn/cuda/lane.cc": "#include <c10/cuda/CUDAStream.h>",
        "pipelines/recipe.cc": "#include <toml++/toml.h>",
        "pipelines/recipe/load.cc": "#include <toml++/toml.h>",
        "tools/main.cc": '#include <CLI/CLI.hpp>\n#include "pipelines/recipe.h"',
        "tests/io/reader_test.cc": '#include <lmdb.h>\n#include "tests/support/data_dir.h"\n#include "io/lmdb/reader.h"',
        "engine/mpi/group.cc": "#include <mpi.h>",
        "engine/comment.cc": '// #include "io/file.h"',
    }
    bad = {  # one broken wall each
        "engine/a.cc": '#include "io/file.h"',
        "engine/b.h": '  #  include "models/metrics.h"',
        "io/a.cc": '#include "models/metrics.h"',
        "models/a.cc": '#include "io/file.h"',
        "stages/image/a.cc": '#include "pipelines/recipe.h"',
        "pipelines/a.cc": '#include "tools/main.h"',
        "tools/a.cc": '#include "tests/support/data_dir.h"',
        "examples/a.cc": '#include "tools/main.h"',
        "io/b.cc": '#include "file.h"',
        "engine/c.cc": "#include <tbb/parallel_for.h>",
        "stages/image/b.cc": "#include <lmdb.h>",
        "tools/c.cc": "#include <xxhash.h>",
        "models/c.cc": "#include <hdf5.h>",
        "engine/d.cc": "#include <liburing.h>",
        "pipelines/b.cc": "#include <arrow/api.h>",
        "io/c.cc": "#include <jpeglib.h>",
        "io/d.cc": "#include <png.h>",
        "engine/e.cc": "#include <hwy/highway.h>",
        "models/metrics.cc": "#include <ATen/Tensor.h>",
        "pipelines/c.h": "#include <torch/types.h>",
        "tools/d.cc": "#include <toml++/toml.h>",
        "pipelines/d.cc": "#include <CLI/CLI.hpp>",
        "io/e.h": "#include <nlohmann/json.hpp>",
        "engine/f.cc": "#include <nlohmann/json.hpp>",
        "engine/h.cc": "#include <mpi.h>",
        "engine/g.cc": "#include <cuda_runtime.h>",
        "stages/learn/a.cc": "#include <ATen/cuda/CUDAContext.h>",
        "models/nets/a.cc": "#include <cblas.h>",
        "models/nets/c.cc": "#include <hwy/highway.h>",
        "stages/classic/a.cc": "#include <cblas.h>",
        "models/nets/b.cc": "#include <xgboost/c_api.h>",
    }
    return checker.self_test(violations, good, bad, "broken walls")


if __name__ == "__main__":
    sys.exit(checker.main(sys.argv[1:], __doc__, violations, "every include points down, every third party is in its room", self_test))
