#!/usr/bin/env python3
"""Prints what schedule_test.cc and optimiser_test.cc compare with, made by PyTorch:  pip install torch==2.11.0"""
import torch


def one_cycle(total, lr):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([weight], lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=total)
    for step in range(total):
        group = optimizer.param_groups[0]
        print(f"{{{group['lr']:.17g}, {group['betas'][0]:.17g}}},")
        optimizer.step()
        if step + 1 < total:
            schedule.step()


def steps(make):
    weight = torch.nn.Parameter(torch.tensor([[1.0, -2.0], [3.0, 0.5]]))
    bias = torch.nn.Parameter(torch.tensor([0.25, -0.75]))
    optimizer = make([weight], [bias])
    for step in range(5):
        weight.grad = torch.tensor([[0.1, -0.2], [0.3, 0.4]]) * (step + 1)
        bias.grad = torch.tensor([1.0, -0.5]) * (step - 2)
        optimizer.step()
    print(", ".join(f"{v:.9g}f" for v in [*weight.flatten().tolist(), *bias.tolist()]))


print("one-cycle, 12 steps, 3e-3")
one_cycle(12, 3e-3)
for nesterov in (False, True):
    print("sgd, nesterov", nesterov)
    steps(lambda w, b: torch.optim.SGD([{"params": w, "weight_decay": 0.1}, {"params": b}], lr=0.05, momentum=0.9, nesterov=nesterov))
print("adamw")
steps(lambda w, b: torch.optim.AdamW([{"params": w, "weight_decay": 0.1}, {"params": b, "weight_decay": 0.0}], lr=0.05))
