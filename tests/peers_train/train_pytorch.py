#!/usr/bin/env python3
"""The PyTorch twin of the built-in recipe `imagenette-resnet18`: PIL, torchvision transforms, DataLoader, the same network,
optimiser, schedule and precision. Prints one JSON object; nothing else goes to stdout.

    pip install torch==2.11.0 torchvision==0.26.0
    python3 train_pytorch.py --data imagenette-224 --seed 1

`seconds` is from the first batch asked for to the last evaluation, `top1` of the weights after the last step.
"""
import argparse
import json
import os
import sys
import time

import torch
import torch.nn.functional as F
import torchvision
from torchvision import transforms as T

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with train/ and val/")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--steps", type=int, default=0, help="stop after so many steps (timing)")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--scale", type=float, default=0.35, help="least area of RandomResizedCrop")
    parser.add_argument("--resize", type=int, default=0, help="shorter side before the center crop; 0: size * 256 / 224")
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--smoothing", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--precision", choices=("bf16", "f32"), default="bf16")
    parser.add_argument("--eval-every", type=int, default=1, help="epochs between evaluations, as the recipe's")
    return parser.parse_args()


def loaders(args):
    train = torchvision.datasets.ImageFolder(os.path.join(args.data, "train"), T.Compose([
        T.RandomResizedCrop(args.size, scale=(args.scale, 1.0)), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MEAN, STD)]))
    val = torchvision.datasets.ImageFolder(os.path.join(args.data, "val"), T.Compose([
        T.Resize(args.resize or args.size * 256 // 224), T.CenterCrop(args.size), T.ToTensor(), T.Normalize(MEAN, STD)]))
    common = dict(num_workers=args.workers, persistent_workers=args.workers > 0)
    generator = torch.Generator().manual_seed(args.seed)
    return (torch.utils.data.DataLoader(train, args.batch, shuffle=True, drop_last=True, generator=generator, **common),
            torch.utils.data.DataLoader(val, args.batch, **common), len(train.classes))


def groups(net, weight_decay):
    """Norms and biases are spared."""
    weights = [p for p in net.parameters() if p.dim() >= 2]
    others = [p for p in net.parameters() if p.dim() < 2]
    return [{"params": weights, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(args.seed)
    train, val, classes = loaders(args)
    net = torchvision.models.resnet18(num_classes=classes).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(groups(net, args.weight_decay), lr=args.lr, fused=True)
    total = len(train) * args.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, total_steps=total)
    autocast = lambda: torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16")

    def evaluate():
        net.eval()
        right = count = loss = 0
        with torch.no_grad(), autocast():
            for images, labels in val:
                logits = net(images.contiguous(memory_format=torch.channels_last)).float()
                loss += F.cross_entropy(logits, labels, reduction="sum").item()
                right += (logits.argmax(1) == labels).sum().item()
                count += len(labels)
        return right / count, loss / count

    start, done, top1, val_loss = time.monotonic(), 0, None, None
    for epoch in range(args.epochs):
        net.train()
        total_loss = 0.0
        for images, labels in train:
            with autocast():
                logits = net(images.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), labels, label_smoothing=args.smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total_loss += loss.item()
            done += 1
            if done == args.steps:
                break
        if done == args.steps:
            break
        if (epoch + 1) % args.eval_every == 0 or epoch + 1 == args.epochs:
            top1, val_loss = evaluate()
        print(f"epoch {epoch + 1} loss {total_loss / len(train):.4f} top1 {top1} {time.monotonic() - start:.1f} s", file=sys.stderr)
    seconds = time.monotonic() - start
    print(json.dumps({"seed": args.seed, "top1": top1, "val_loss": val_loss, "seconds": round(seconds, 2), "steps": done,
                      "records_per_second": round(done * args.batch / seconds, 1), "torch": torch.__version__,
                      "torchvision": torchvision.__version__}))


if __name__ == "__main__":
    main()
