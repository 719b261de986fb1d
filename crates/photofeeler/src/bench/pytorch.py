"""The work of the benchmarks in this folder, with PyTorch.

    python3 -m pip install torch

How it is asked and answers: `timed.py`.
"""

from functools import cache

import torch
import torch.nn as nn
import torch.nn.functional as F

from timed import filled, serve

BINS, PHOTOS, VOTERS, LEARNED = 10, 800, 150, 2000
# Batch, side, channels in, channels of the layers.
CNN = {"portraits": (64, 32, 1, [16, 32, 64]), "mebeauty": (48, 48, 3, [16, 32, 64])}
# Embedding and hidden units.
SIZES = {"portraits": (8, [32, 32]), "mebeauty": (16, [64, 64])}
BATCH, LARGE = 128, (4, 3, 71, 71)


def targets(rows):
    positive = filled((rows, BINS), 0.5) + 0.6
    return positive / positive.sum(1, keepdim=True)


def cnn(inputs, channels):
    layers = []
    for pair in zip([inputs, *channels], channels):
        layers += [nn.Conv2d(*pair, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(pair[1], 1e-3, 0.1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels[-1], BINS))


def mlp(sizes):
    layers = [part for pair in zip(sizes, sizes[1:]) for part in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], BINS))


def norm(channels):
    return nn.BatchNorm2d(channels, 1e-3, 0.01)


class Separable(nn.Sequential):
    def __init__(self, inputs, outputs):
        depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        super().__init__(depthwise, nn.Conv2d(inputs, outputs, 1, bias=False), norm(outputs))


class Block(nn.Module):
    def __init__(self, sizes, halves):
        super().__init__()
        layers = [part for pair in zip(sizes, sizes[1:]) for part in (nn.ReLU(), Separable(*pair))]
        pool = [nn.MaxPool2d(3, 2, 1)] if halves else []
        self.branch = nn.Sequential(*layers, *pool)
        skip = [nn.Conv2d(sizes[0], sizes[-1], 1, stride=2, bias=False), norm(sizes[-1])] if halves else []
        self.shortcut = nn.Sequential(*skip)

    def forward(self, x):
        return self.branch(x) + self.shortcut(x)


def xception():
    stem = [nn.Conv2d(3, 32, 3, stride=2, bias=False), norm(32), nn.ReLU()]
    stem += [nn.Conv2d(32, 64, 3, bias=False), norm(64), nn.ReLU()]
    entry = [Block([64, 128, 128], True), Block([128, 256, 256], True), Block([256, 728, 728], True)]
    middle = [Block([728] * 4, False) for _ in range(8)]
    last = [Block([728, 728, 1024], True), Separable(1024, 1536), nn.ReLU(), Separable(1536, 2048), nn.ReLU()]
    return nn.Sequential(*stem, *entry, *middle, *last, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, BINS))


class BaseStep:
    def __init__(self, network, photos):
        self.network, self.photos = network, photos
        self.targets = targets(len(photos))
        self.optimizer = torch.optim.AdamW(network.parameters(), 1e-9, weight_decay=1e-4)

    def step(self):
        self.network.train()
        self.optimizer.zero_grad()
        log_q = F.log_softmax(self.network(self.photos), 1)
        loss = F.kl_div(log_q, self.targets, reduction="batchmean")
        told = loss.item()
        loss.backward()
        self.optimizer.step()
        return 1 if told == told else 0

    @torch.no_grad()
    def embed(self):
        self.network.eval()
        return 1 if len(self.network[:-1](self.photos).tolist()) else 0


class Voters(nn.Module):
    def __init__(self, embedding, hidden):
        super().__init__()
        self.voters = nn.Embedding(VOTERS, embedding)
        self.layers = mlp([BINS + embedding, *hidden])
        self.register_buffer("mean", torch.zeros(BINS))
        self.register_buffer("deviation", torch.ones(BINS))

    def forward(self, temporary, voters):
        standard = (temporary - self.mean) / self.deviation
        return self.layers(torch.cat([standard, self.voters(voters)], 1))


class VoterStep:
    def __init__(self, sizes):
        self.model = Voters(*sizes)
        self.inputs = targets(LEARNED)
        self.rows = [[row * 13 % LEARNED, row * 7 % VOTERS, row % BINS] for row in range(BATCH)]
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-9)
        self.photos = targets(PHOTOS)
        self.centers = torch.arange(BINS) * 0.1 + 0.05

    def step(self):
        self.optimizer.zero_grad()
        photos, voters, bins = torch.tensor(self.rows).unbind(1)
        loss = F.cross_entropy(self.model(self.inputs[photos], voters), bins)
        told = loss.item()
        loss.backward()
        self.optimizer.step()
        return 1 if told == told else 0

    @torch.no_grad()
    def panel(self):
        # The first layer looks at each photo and each voter once, as ours does.
        first, rest = self.model.layers[0], self.model.layers[1:]
        standard = (self.photos - self.model.mean) / self.model.deviation
        of_photos = standard @ first.weight[:, :BINS].T
        of_voters = self.model.voters.weight @ first.weight[:, BINS:].T + first.bias
        shares = rest(of_photos[:, None] + of_voters[None]).softmax(2)
        told = (shares @ self.centers).tolist(), shares.mean(1).tolist()
        return 1 if len(told[0]) == PHOTOS else 0


@cache
def base_step(name):
    if name == "features":
        return BaseStep(mlp([32, 64, 32]), filled((64, 32), 1.0))
    if name == "xception":
        return BaseStep(xception(), filled(LARGE, 1.0))
    batch, side, inputs, channels = CNN[name]
    return BaseStep(cnn(inputs, channels), filled((batch, inputs, side, side), 1.0))


@cache
def voter_step(name):
    return VoterStep(SIZES[name])


CASES = {
    "portraits/base-step": lambda: base_step("portraits").step(),
    "mebeauty/base-step": lambda: base_step("mebeauty").step(),
    "features/base-step": lambda: base_step("features").step(),
    "portraits/voter-step": lambda: voter_step("portraits").step(),
    "mebeauty/voter-step": lambda: voter_step("mebeauty").step(),
    "portraits/panel": lambda: voter_step("portraits").panel(),
    "xception/base-step": lambda: base_step("xception").step(),
    "xception/embed": lambda: base_step("xception").embed(),
}


serve(CASES)
