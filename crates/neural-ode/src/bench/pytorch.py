"""The work of the benchmarks in this folder, with PyTorch and torchdiffeq.

    python3 -m pip install torch torchdiffeq

Started with the number of threads. Writes a line {"ready": versions}; then reads lines "CASE SECONDS", repeats the
work of the case for at least so long, and answers {"milliseconds": per unit, "units": of the work done once}.
"""

import json
import sys
import time
from functools import cache

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchdiffeq
from torchdiffeq import odeint, odeint_adjoint


def filled(shape, scale):
    """Numbers that depend on the index of an element alone, the same as those of `filled.rs`."""
    index = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return (2 * scale * (index * 7919 % 1009 / 1009 - 0.5)).reshape(shape).float()


def with_filled_weights(module):
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, (nn.Linear, nn.Conv2d)):
                part.weight.copy_(filled(part.weight.shape, part.weight[0].numel() ** -0.5))
                if part.bias is not None:
                    part.bias.zero_()
    return module


# solve.rs


class Perceptron(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.hidden, self.output = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, t, y):
        return self.output(torch.tanh(self.hidden(y)))


STEPS = 200
UNIT = torch.tensor([0.0, 1.0])
RK4 = {"method": "rk4", "options": {"step_size": 1 / STEPS}}


@cache
def problem():
    return with_filled_weights(Perceptron(4, 20)), filled((32, 4), 2.0)


def rk4():
    network, start = problem()
    with torch.no_grad():
        odeint(network, start, UNIT, **RK4)
    return STEPS


def rk4_gradient(solve):
    network, start = problem()
    network.zero_grad()
    solve(network, start, UNIT, **RK4)[-1].sum().backward()
    return STEPS


def dopri5(count=[]):
    network, start = problem()
    if not count:
        # The first solve counts its steps.
        steps = []
        network.callback_accept_step = lambda t, y, dt: steps.append(dt)
        with torch.no_grad():
            odeint(network, start, torch.tensor([0.0, 20.0]), method="dopri5", rtol=1e-5, atol=1e-5)
        del network.callback_accept_step
        count.append(len(steps))
    with torch.no_grad():
        odeint(network, start, torch.tensor([0.0, 20.0]), method="dopri5", rtol=1e-5, atol=1e-5)
    return count[0]


CASES = {
    "solver/rk4": rk4,
    "solver/rk4-direct": lambda: rk4_gradient(odeint),
    "solver/rk4-checkpointed": lambda: rk4_gradient(odeint),
    "solver/rk4-adjoint": lambda: rk4_gradient(odeint_adjoint),
    "solver/dopri5": dopri5,
}


def answer(request):
    name, seconds = request.split()
    if name not in CASES:
        return {"error": "no such case"}
    begun, units = time.perf_counter(), 0
    while True:
        once = CASES[name]()
        units += once
        elapsed = time.perf_counter() - begun
        if elapsed >= float(seconds):
            return {"milliseconds": 1e3 * elapsed / units, "units": once}


torch.set_num_threads(int(sys.argv[1]))
print(json.dumps({"ready": f"PyTorch {torch.__version__} and torchdiffeq {torchdiffeq.__version__}"}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(line)), flush=True)
