"""The work of the benchmarks in this folder, with PyTorch.

    python3 -m pip install torch numpy

How it is asked and answers: `timed.py`.
"""

from functools import cache

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from timed import filled, serve, with_filled_weights


# The network


UPDATE, BATCH, RUNNING = "update", "batch", "running"
LEAK = 0.1
EPSILON = 1e-3
KEEP = 0.999


class BatchNorm(nn.Module):
    """Normalizes with the batch's statistics, with or without an update of the running ones, or with these."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x, statistics):
        if statistics == BATCH:
            return F.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, EPSILON)
        is_update = statistics == UPDATE
        return F.batch_norm(x, self.mean, self.variance, self.weight, self.bias, is_update, 1 - KEEP, EPSILON)


class Unit(nn.Module):
    def __init__(self, inputs, outputs, stride, is_first):
        super().__init__()
        self.is_first = is_first
        self.norm1, self.norm2 = BatchNorm(inputs), BatchNorm(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs else None

    def forward(self, x, statistics):
        h = F.leaky_relu(self.norm1(x, statistics), LEAK)
        if self.is_first:
            x = h
        h = F.leaky_relu(self.norm2(self.conv1(h), statistics), LEAK)
        return (x if self.shortcut is None else self.shortcut(x)) + self.conv2(h)


class WideResNet(nn.Module):
    def __init__(self, colors, classes, filters, scales, repeat):
        super().__init__()
        self.stem, width = nn.Conv2d(colors, 16, 3, 1, 1, bias=False), 16
        units = []
        for scale in range(scales):
            for index in range(repeat):
                outputs = filters << scale
                units.append(Unit(width, outputs, 2 if scale and not index else 1, not units))
                width = outputs
        self.units = nn.ModuleList(units)
        self.norm, self.linear = BatchNorm(width), nn.Linear(width, classes)

    def forward(self, x, statistics):
        x = self.stem(x)
        for unit in self.units:
            x = unit(x, statistics)
        return self.linear(F.leaky_relu(self.norm(x, statistics), LEAK).mean((2, 3)))


# The algorithm


RATE = 1e-9
DECAY = 0.02
AVERAGE = 0.999
TEMPERATURE = 0.5
ALPHA = 0.75
WEIGHT = 75.0


class Learner:
    """Adam, then the average of the weights, then decay of the kernels."""

    def __init__(self, network):
        self.network = network
        self.parameters = list(network.parameters())
        self.kernels = [parameter for parameter in self.parameters if parameter.dim() > 1]
        self.average = [parameter.detach().clone() for parameter in self.parameters]
        self.optimizer = torch.optim.Adam(self.parameters, RATE)

    def step(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            for average, parameter in zip(self.average, self.parameters):
                average.lerp_(parameter, 1 - AVERAGE)
            for kernel in self.kernels:
                kernel.mul_(1 - DECAY * RATE)


def cross_entropy(targets, logits):
    return -(targets * F.log_softmax(logits, 1)).sum(1).mean()


def sharpened(probabilities):
    raised = probabilities ** (1 / TEMPERATURE)
    return raised / raised.sum(1, keepdim=True)


def guess(network, views):
    with torch.no_grad():
        probabilities = sum(F.softmax(network(view, BATCH), 1) for view in views) / len(views)
        return sharpened(probabilities)


def mixed(images, targets):
    count = len(images)
    share = torch.from_numpy(np.random.beta(ALPHA, ALPHA, count)).float()
    share = torch.maximum(share, 1 - share)
    other = torch.randperm(count)
    share_of_images, share_of_targets = share.reshape(-1, 1, 1, 1), share.reshape(-1, 1)
    images = share_of_images * images + (1 - share_of_images) * images[other]
    return images, share_of_targets * targets + (1 - share_of_targets) * targets[other]


def interleaved(batches):
    """Exchanges piece i of the first batch with piece i of batch i; its own inverse."""
    count, size = len(batches), len(batches[0])
    bounds = [size * index // count for index in range(count + 1)]
    pieces = [[batch[start:end] for start, end in zip(bounds, bounds[1:])] for batch in batches]
    for index in range(1, count):
        pieces[0][index], pieces[index][index] = pieces[index][index], pieces[0][index]
    return [torch.cat(parts) for parts in pieces]


def mixmatch_step(learner, labeled, targets, views):
    network, size = learner.network, len(labeled)
    guesses = guess(network, views)
    images, targets = mixed(torch.cat([labeled, *views]), torch.cat([targets] + [guesses] * len(views)))
    batches = interleaved(images.split(size))
    logits = [network(batch, BATCH if index else UPDATE) for index, batch in enumerate(batches)]
    logits = interleaved(logits)
    consistency = (F.softmax(torch.cat(logits[1:]), 1) - targets[size:]).square().mean()
    learner.step(cross_entropy(targets[:size], logits[0]) + WEIGHT * consistency)
    return 1


def supervised_step(learner, labeled, targets):
    learner.step(cross_entropy(targets, learner.network(labeled, UPDATE)))
    return 1


# The cases


CLASSES = 10
WIDE = {"colors": 3, "classes": CLASSES, "filters": 32, "scales": 3, "repeat": 4}
DIGITS = {"colors": 1, "classes": CLASSES, "filters": 16, "scales": 2, "repeat": 1}


def one_hot(size):
    return F.one_hot(torch.arange(size) % CLASSES, CLASSES).float()


@cache
def problem(is_wide):
    sizes, size, side = (WIDE, 64, 32) if is_wide else (DIGITS, 32, 8)
    learner = Learner(with_filled_weights(WideResNet(**sizes)))
    shape = (size, sizes["colors"], side, side)
    views = [filled(shape, scale) for scale in (0.9, 0.8)]
    return learner, filled(shape, 1.0), one_hot(size), views


def mixmatch(is_wide):
    return mixmatch_step(*problem(is_wide))


def supervised():
    return supervised_step(*problem(True)[:3])


def inference():
    learner, images, *_ = problem(True)
    with torch.no_grad():
        learner.network(images, RUNNING).argmax(1)
    return 1


@cache
def pictures(count=1024, side=32):
    values = np.arange(count * side * side * 3) * 7919 % 1009 % 256
    return values.astype(np.uint8).reshape(count, side, side, 3)


def augment(count=192, pad=4):
    """All pictures are padded at once, then cut one by one: the fastest of several ways."""
    images = pictures()
    side = images.shape[1]
    chosen = images[np.arange(count) * 37 % len(images)]
    padded = np.pad(chosen, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="reflect")
    offsets = np.random.randint(0, 2 * pad + 1, (count, 2))
    flips = np.random.rand(count) < 0.5
    views = np.empty_like(chosen)
    for view, picture, (y, x), flip in zip(views, padded, offsets, flips):
        cut = picture[y : y + side, x : x + side]
        view[:] = cut[:, ::-1] if flip else cut
    views = torch.from_numpy(views).permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    views.mul_(2 / 255).sub_(1)
    return 1


CASES = {
    "wrn-28-2/mixmatch-step": lambda: mixmatch(True),
    "wrn-28-2/supervised-step": supervised,
    "wrn-28-2/inference": inference,
    "digits/mixmatch-step": lambda: mixmatch(False),
    "augment/cifar-batch": augment,
}


serve(CASES, f" and NumPy {np.__version__}")
