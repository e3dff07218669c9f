#!/usr/bin/env python3
"""Between a PyTorch state_dict and safetensors, the format in which Penstock reads and writes weights. Needs only torch.

    convert_state_dict.py model.pth model.safetensors       from torch.save(net.state_dict(), "model.pth")
    convert_state_dict.py weights.safetensors model.pth     back; load with net.load_state_dict(torch.load("model.pth"))

A checkpoint that keeps the weights under "state_dict", "model" or "model_state" is found, and "module." in front of the names
(DataParallel) is taken off. Penstock's optimiser state ("optimizer/...") and average ("ema/...") stay behind.
"""
import json
import struct
import sys

import torch

TYPES = {"U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "I32": torch.int32, "I64": torch.int64, "F16": torch.float16,
         "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}
NAMES = {dtype: name for name, dtype in TYPES.items()}


def raw(tensor):
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return bytes(flat.view(torch.uint8).numpy()) if flat.numel() else b""


def write_safetensors(path, state, metadata):
    for name, tensor in state.items():
        if tensor.dtype not in NAMES:
            sys.exit(f"{path}: tensor '{name}' has a type that cannot be stored: {tensor.dtype}")
    names = sorted(state, key=lambda name: (-state[name].element_size(), name))
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for name in names:
        size = state[name].numel() * state[name].element_size()
        header[name] = {"dtype": NAMES[state[name].dtype], "shape": list(state[name].shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            out.write(raw(state[name]))


def read_safetensors(path):
    with open(path, "rb") as source:
        (length,) = struct.unpack("<Q", source.read(8))
        header, data = json.loads(source.read(length)), source.read()
    state = {}
    for name, entry in header.items():
        if name != "__metadata__" and "/" not in name:
            begin, end = entry["data_offsets"]
            flat = torch.frombuffer(bytearray(data[begin:end]) or bytearray(8), dtype=TYPES[entry["dtype"]])
            state[name] = flat[: (end - begin) // flat.element_size()].reshape(entry["shape"])
    return state


def read_pytorch(path):
    state = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("state_dict", "model", "model_state"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(torch.is_tensor(value) for value in state.values()):
        sys.exit(f"{path}: no state_dict of tensors found")
    return {name.removeprefix("module."): tensor for name, tensor in state.items()}


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    source, dest = sys.argv[1:]
    if source.endswith(".safetensors"):
        torch.save(read_safetensors(source), dest)
    else:
        write_safetensors(dest, read_pytorch(source), {"format": "pt"})


if __name__ == "__main__":
    main()
