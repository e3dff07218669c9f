#!/usr/bin/env python3
"""Makes the golden files of networks of rows with PyTorch alone; run it here, commit what it writes.

    pip install torch==2.11.0 numpy
    python3 make_golden_tables.py

NAME.txt: every tensor of the state_dict ("name extent extent ..."), "outputs" in evaluation for the weights and rows that `pattern` gives,
"loss" of a training step's forward pass, and "gradient NAME values ..." of some tensors. The networks are written down here once more,
from fast.ai's TabularModel, from the reference DLRM, and from Rendle's sum over all pairs (not its shortcut).
"""
import pathlib

import numpy
import torch
from torch import nn

HERE = pathlib.Path(__file__).parent
CARDINALITIES = [5, 3, 12]
NUMBERS = 4
ROWS = 6


def pattern(count, stream):
    """As in make_golden.py."""
    with numpy.errstate(over="ignore"):
        x = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(stream << 32)
        x = (x + numpy.uint64(1)) * numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        x = x ^ (x >> numpy.uint64(31))
    return (x >> numpy.uint64(40)).astype(numpy.float64) / 2.0**23 - 1.0


def fill(index, name, tensor):
    """As in make_golden.py."""
    wave = pattern(tensor.numel(), index)
    if not tensor.is_floating_point():
        return tensor if tensor.dim() > 0 else torch.tensor(index, dtype=torch.int64)
    if tensor.dim() >= 2:
        values = wave * numpy.sqrt(3.0 / (tensor.numel() / tensor.shape[0]))
    elif name.endswith("running_var") or name.endswith("weight"):
        values = 1.0 + 0.5 * wave
    else:
        values = 0.1 * wave
    return torch.from_numpy(values.astype(numpy.float32)).reshape(tensor.shape)


class Tabular(nn.Module):
    """fast.ai's TabularModel(emb_szs, n_cont, out_sz, layers), with y_range."""

    def __init__(self, widths, layers, outputs, y_range):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(n, w) for n, w in zip(CARDINALITIES, widths)])
        self.bn_cont = nn.BatchNorm1d(NUMBERS)
        sizes = [sum(widths) + NUMBERS] + layers
        blocks = [
            nn.Sequential(nn.Linear(a, b, bias=False), nn.ReLU(), nn.BatchNorm1d(b)) for a, b in zip(sizes, sizes[1:])
        ]
        self.layers = nn.Sequential(*blocks, nn.Sequential(nn.Linear(sizes[-1], outputs)))
        self.y_range = y_range

    def forward(self, cat, cont):
        x = torch.cat([e(cat[:, i]) for i, e in enumerate(self.embeds)] + [self.bn_cont(cont)], 1)
        x = self.layers(x)
        if self.y_range is None:
            return x
        low, high = self.y_range
        return torch.sigmoid(x) * (high - low) + low


class Dlrm(nn.Module):
    """dlrm_s_pytorch.py with --arch-interaction-op=dot, but for the last sigmoid."""

    def __init__(self, width, bottom, top, outputs):
        super().__init__()
        self.emb_l = nn.ModuleList([nn.Embedding(n, width) for n in CARDINALITIES])
        self.bot_l = self.stack([NUMBERS, *bottom, width], last=True)
        vectors = len(CARDINALITIES) + 1
        self.top_l = self.stack([width + vectors * (vectors - 1) // 2, *top, outputs], last=False)

    @staticmethod
    def stack(sizes, last):
        layers = []
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            layers.append(nn.Linear(a, b))
            if last or i + 2 < len(sizes):
                layers.append(nn.ReLU())
        return nn.Sequential(*layers)

    def forward(self, cat, cont):
        x = self.bot_l(cont)
        vectors = [x] + [e(cat[:, i]) for i, e in enumerate(self.emb_l)]
        pairs = [(vectors[i] * vectors[j]).sum(1) for i in range(len(vectors)) for j in range(i)]
        return self.top_l(torch.cat([x, torch.stack(pairs, 1)], 1))


class Fm(nn.Module):
    """Equation 1 of Rendle 2010: the sum over all pairs of one-hot codes and numbers."""

    def __init__(self, factors, outputs):
        super().__init__()
        self.linear = nn.ModuleList([nn.Embedding(n, outputs) for n in CARDINALITIES])
        self.factors = nn.ModuleList([nn.Embedding(n, outputs * factors) for n in CARDINALITIES])
        self.number_linear = nn.Parameter(torch.zeros(NUMBERS, outputs))
        self.number_factors = nn.Parameter(torch.zeros(NUMBERS, outputs * factors))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.shape = (outputs, factors)

    def forward(self, cat, cont):
        out = self.bias + sum(e(cat[:, i]) for i, e in enumerate(self.linear)) + cont @ self.number_linear
        vectors = [e(cat[:, i]) for i, e in enumerate(self.factors)]
        vectors += [cont[:, i : i + 1] * self.number_factors[i] for i in range(NUMBERS)]
        vectors = [v.reshape(-1, *self.shape) for v in vectors]
        for i in range(len(vectors)):
            for j in range(i):
                out = out + (vectors[i] * vectors[j]).sum(2)
        return out


def text(values):
    return " ".join(f"{value:.9g}" for value in values.flatten().tolist())


def golden(name, net, task, gradients):
    torch.set_num_threads(1)
    state = {key: fill(i, key, tensor) for i, (key, tensor) in enumerate(net.state_dict().items())}
    net.load_state_dict(state)
    cat = torch.tensor([[(r * 7 + c * 3) % n for c, n in enumerate(CARDINALITIES)] for r in range(ROWS)])
    cont = torch.from_numpy(pattern(ROWS * NUMBERS, 1000).astype(numpy.float32)).reshape(ROWS, NUMBERS)
    targets = torch.from_numpy(pattern(ROWS, 1001).astype(numpy.float32))
    net.eval()
    with torch.no_grad():
        outputs = net(cat, cont)
    net.train()
    trained = net(cat, cont)
    if task == "classes":
        loss = nn.functional.cross_entropy(trained, torch.arange(ROWS) % 3)
    elif task == "binary":
        loss = nn.functional.binary_cross_entropy_with_logits(trained[:, 0], (targets > 0).float())
    else:
        loss = nn.functional.mse_loss(trained[:, 0], targets)
    loss.backward()
    lines = [" ".join([key, *map(str, tensor.shape)]) for key, tensor in state.items()]
    lines += ["outputs " + text(outputs), "loss " + text(loss.detach())]
    parameters = dict(net.named_parameters())
    lines += [f"gradient {key} {text(parameters[key].grad)}" for key in gradients]
    (HERE / f"{name}.txt").write_text("\n".join(lines) + "\n")
    print(name, outputs.tolist(), loss.item())


golden("tabular", Tabular([4, 3, 5], [8, 6], 1, (-1.0, 2.0)), "regression", ["embeds.1.weight", "bn_cont.weight"])
golden("tabular_classes", Tabular([4, 3, 5], [8, 6], 3, None), "classes", ["embeds.0.weight", "layers.2.0.bias"])
golden("dlrm", Dlrm(4, [6, 5], [7, 5], 1), "binary", ["emb_l.1.weight", "bot_l.0.bias", "top_l.2.bias"])
golden("fm", Fm(3, 2), "regression", ["bias", "linear.1.weight", "factors.1.weight", "number_linear"])
