"""Gradients of one step as several processes against one's: gradients.py FOLDER

FOLDER/NAME are runs of train_test.sh: first-NORM (the weights before the step), step-NORM-M (after one step of plain SGD at rate 1, as M
processes), apart-batch-2 (without SyncBatchNorm). A gradient is the difference of the two. As in tests/learn/replicas_test.cc the bound is
absolute: no value of any parameter's gradient differs by more than 1e-5.
"""
import glob
import json
import struct
import sys
from array import array
from operator import sub

BOUND = 1e-5
HEADER = struct.Struct("<8sIIQQQ")  # of a checkpoint: magic, version, 0, step, bytes of metadata and of the state that follow
UNTRAINED = ("running_mean", "running_var", "num_batches_tracked")


def weights(run):
    """Name -> f32 values of the parameters, of the only checkpoint that is no best one."""
    paths = [p for p in glob.glob(f"{run}/checkpoints/*") if "best" not in p]
    assert len(paths) == 1, paths
    data = open(paths[0], "rb").read()
    magic, _, _, _, metadata_bytes, _ = HEADER.unpack_from(data)
    assert magic == b"PENSTCKP", magic
    data = memoryview(data)[HEADER.size + metadata_bytes :]  # a safetensors: length of its JSON, JSON, values
    length, = struct.unpack_from("<Q", data)
    out = {}
    for name, entry in json.loads(bytes(data[8 : 8 + length])).items():
        if name == "__metadata__" or "/" in name or name.endswith(UNTRAINED) or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        out[name] = array("f", bytes(data[8 + length + begin : 8 + length + end]))
    return out


def largest_difference(a, b):
    return max(map(abs, map(sub, a, b)))


def compare(before, one, many):
    """Over all parameters: the largest gradient, the largest difference of two, where it is, and the largest relative to its parameter's largest gradient.

    Both are steps from the same weights at rate 1, so their difference is that of the gradients."""
    assert before.keys() == one.keys() == many.keys() and len(one) == 62
    largest, worst, where, relative = 0.0, 0.0, "", 0.0
    for name in one:
        gradient, off = largest_difference(before[name], one[name]), largest_difference(one[name], many[name])
        largest, relative = max(largest, gradient), max(relative, off / max(gradient, 1e-30))
        if off > worst:
            worst, where = off, name
    assert largest > 1e-3, "nothing was learnt"
    return largest, worst, where, relative


def main(folder):
    failed = False
    for norm in ("group", "batch"):
        before, one = weights(f"{folder}/first-{norm}"), weights(f"{folder}/step-{norm}-1")
        for processes in (2, 4):
            largest, worst, where, relative = compare(before, one, weights(f"{folder}/step-{norm}-{processes}"))
            print(f"first gradients of {processes} processes, {norm} norm: differ from one's by at most {worst:.1e} ({where}); the largest "
                  f"gradient is {largest:.1e}, the largest difference relative to its parameter's largest {relative:.1e}")
            failed |= not worst <= BOUND
    # Without SyncBatchNorm they are others: the comparison can fail.
    _, apart, _, _ = compare(before, one, weights(f"{folder}/apart-batch-2"))
    print(f"without SyncBatchNorm they differ by {apart:.1e}")
    return 1 if failed or apart < 1e-3 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
