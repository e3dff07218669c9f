#!/usr/bin/env python3
"""Makes the golden files of this folder with torchvision and the safetensors library; run it here, commit what it writes.

    pip install torch==2.11.0 torchvision==0.26.0 safetensors==0.8.0 numpy
    python3 make_golden.py

resnetNN.txt: every tensor of torchvision's state_dict ("name extent extent ..."), then "logits" for the weights and images that
`pattern` gives. No weights are stored: the test computes the same ones. The state_dict takes the user's way to Penstock:
torch.save, convert_state_dict.py, and is read back here by the safetensors library.
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy
import safetensors.torch
import torch
import torchvision

HERE = pathlib.Path(__file__).parent
CONVERT = HERE.parents[2] / "models/nets/convert_state_dict.py"


def pattern(count, stream):
    """Numbers in [-1, 1) from splitmix64 of (stream, i): exact in f32, so that C++ gets the same."""
    with numpy.errstate(over="ignore"):
        x = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(stream << 32)
        x = (x + numpy.uint64(1)) * numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        x = x ^ (x >> numpy.uint64(31))
    return (x >> numpy.uint64(40)).astype(numpy.float64) / 2.0**23 - 1.0


def fill(index, name, tensor):
    """The value of the tensor that stands at `index` in the state_dict: of a size that keeps activations near 1."""
    wave = pattern(tensor.numel(), index)
    if name.endswith("num_batches_tracked"):
        return torch.tensor(index, dtype=torch.int64)
    if tensor.dim() >= 2:
        wave = wave * (3.0 / (tensor.numel() / tensor.shape[0])) ** 0.5
    elif name.endswith("running_var") or name.endswith("weight"):
        wave = 1.0 + 0.5 * wave
    else:
        wave = 0.1 * wave
    return torch.from_numpy(wave.astype(numpy.float32)).reshape(tensor.shape)


def golden(arch):
    torch.set_num_threads(1)
    net = getattr(torchvision.models, arch)(num_classes=7)
    state = {name: fill(i, name, tensor) for i, (name, tensor) in enumerate(net.state_dict().items())}
    with tempfile.TemporaryDirectory() as folder:
        torch.save(state, f"{folder}/a.pth")
        subprocess.run([sys.executable, CONVERT, f"{folder}/a.pth", f"{folder}/a.safetensors"], check=True)
        net.load_state_dict(safetensors.torch.load_file(f"{folder}/a.safetensors"))
    net.eval()
    images = torch.from_numpy(pattern(2 * 3 * 64 * 64, 1000).astype(numpy.float32)).reshape(2, 3, 64, 64)
    with torch.no_grad():
        logits = net(images)
    lines = [" ".join([name, *map(str, tensor.shape)]) for name, tensor in net.state_dict().items()]
    lines.append("logits " + " ".join(f"{value:.9g}" for value in logits.flatten().tolist()))
    (HERE / f"{arch}.txt").write_text("\n".join(lines) + "\n")
    print(arch, logits)


def small():
    """All types that networks use, a scalar, an empty tensor and metadata with odd characters."""
    tensors = {
        "f32": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4,
        "bf16": torch.tensor([1.0, -2.5], dtype=torch.bfloat16),
        "f16": torch.tensor([0.5, 65504.0], dtype=torch.float16),
        "i64": torch.tensor(-7, dtype=torch.int64),
        "u8": torch.tensor([1, 2, 255], dtype=torch.uint8),
        "empty": torch.zeros(0, 4),
    }
    safetensors.torch.save_file(tensors, HERE / "small.safetensors", metadata={"note": "quote \" slash \\ line\nümlaut 🙂"})
    (HERE / "small.safetensors").chmod(0o644)


for name in ("resnet18", "resnet34", "resnet50"):
    golden(name)
small()
