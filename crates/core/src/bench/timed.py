"""What the scripts beside the papers' benchmarks share: weights and numbers that both sides have, and the answers.

A script is started with the number of threads, as in

    PYTHONPATH=crates/core/src/bench python3 crates/PAPER/src/bench/pytorch.py 2

It writes a line {"ready": versions}; then it reads lines "CASE SECONDS", repeats the work of the case for at least so
long, and answers {"milliseconds": per unit, "units": of the work done once}, or {"skipped": reason} where there is
nothing to compare with.
"""

import json
import sys
import time

import torch
import torch.nn as nn


class Skipped(Exception):
    """There is nothing to compare with."""


def number(index):
    """Follows from the index alone, the same as in `filled.rs`."""
    return index * 7919 % 1009 / 1009 - 0.5


def filled(shape, scale):
    """Numbers in ±scale that depend on the index of an element alone."""
    index = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return (2 * scale * number(index)).reshape(shape).float()


def with_filled_weights(module):
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                part.weight.copy_(filled(part.weight.shape, part.weight[0].numel() ** -0.5))
                if part.bias is not None:
                    part.bias.zero_()
    return module


def answer(cases, request):
    name, seconds = request.split()
    if name not in cases:
        return {"error": "no such case"}
    begun, units = time.perf_counter(), 0
    while True:
        try:
            once = cases[name]()
        except Skipped as skipped:
            return {"skipped": str(skipped)}
        units += once
        elapsed = time.perf_counter() - begun
        if elapsed >= float(seconds):
            return {"milliseconds": 1e3 * elapsed / units, "units": once}


def serve(cases, versions=""):
    """Answers until nobody asks any more; `versions` are of what is there besides PyTorch."""
    torch.set_num_threads(int(sys.argv[1]))
    print(json.dumps({"ready": f"PyTorch {torch.__version__}{versions}"}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(cases, line)), flush=True)
