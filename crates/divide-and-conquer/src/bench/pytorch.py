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


# Networks


class ConvNet(nn.Module):
    """5x5 with stride 2, 3x3, 3x3 with stride 2, and a dense layer, each followed by ReLU."""

    def __init__(self, colors, height, width):
        super().__init__()
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(colors, 16, 5, 2, 2), nn.Conv2d(16, 32, 3, 1, 1), nn.Conv2d(32, 64, 3, 2, 1)]
        )
        self.dense = nn.Linear(64 * -(-height // 4) * -(-width // 4), 128)
        self.features = 128

    def forward(self, x):
        for convolution in self.convolutions:
            x = F.relu(convolution(x))
        return F.relu(self.dense(x.flatten(1)))


class FrozenNorm(nn.Module):
    """Batch normalization by fixed statistics, whose scale and shift learn."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x):
        return F.batch_norm(x, self.mean, self.variance, self.weight, self.bias, False, 0.0, 1e-5)


class Bottleneck(nn.Module):
    def __init__(self, before, inside, stride):
        super().__init__()
        after = 4 * inside
        self.conv1, self.bn1 = nn.Conv2d(before, inside, 1, bias=False), FrozenNorm(inside)
        self.conv2, self.bn2 = nn.Conv2d(inside, inside, 3, stride, 1, bias=False), FrozenNorm(inside)
        self.conv3, self.bn3 = nn.Conv2d(inside, after, 1, bias=False), FrozenNorm(after)
        self.shortcut = None
        if before != after or stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), FrozenNorm(after))

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        h = self.bn3(self.conv3(h))
        return F.relu((x if self.shortcut is None else self.shortcut(x)) + h)


class ResNet50(nn.Module):
    def __init__(self, colors):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(colors, 64, 7, 2, 3, bias=False), FrozenNorm(64)
        blocks, before = [], 64
        for stage, count in enumerate([3, 4, 6, 3]):
            for block in range(count):
                blocks.append(Bottleneck(before, 64 << stage, 2 if block == 0 and stage > 0 else 1))
                before = 256 << stage
        self.blocks = nn.Sequential(*blocks)
        self.features = before

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.blocks(x).mean((2, 3))


# Losses


def distances(z):
    return torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist")


def pairs(labels):
    same = labels[:, None] == labels[None]
    anchor, positive = (same & ~torch.eye(len(labels), dtype=torch.bool)).nonzero(as_tuple=True)
    return same, anchor, positive


def triplet_loss(z, labels):
    with torch.no_grad():
        d = distances(z)
        same, anchor, positive = pairs(labels)
        rows, other = d[anchor], ~same[anchor]
        outside = torch.where(other & (rows > d[anchor, positive][:, None]), rows, torch.inf)
        near, nearest = outside.min(1)
        farthest = torch.where(other, rows, -torch.inf).argmax(1)
        negative = torch.where(near.isinf(), farthest, nearest)
    a = z[anchor]
    dap = ((a - z[positive]).square().sum(1) + 1e-16).sqrt()
    dan = ((a - z[negative]).square().sum(1) + 1e-16).sqrt()
    return F.relu(dap - dan + 0.2).mean()


def margin_loss(z, labels):
    with torch.no_grad():
        d, width = distances(z), z.shape[1]
        same, anchor, positive = pairs(labels)
        c = d.clamp_min(0.5)
        weight = (2 - width) * c.log() - (width - 3) / 2 * (1 - c * c / 4).clamp_min(1e-8).log()
        valid = ~same & (d < 1.4)
        weight = torch.where(valid, weight, -torch.inf)
        probabilities = torch.where(valid.any(1, True), weight.softmax(1), (~same).float())
        negative = torch.multinomial(probabilities[anchor], 1).squeeze(1)
    a = z[anchor]
    near = F.relu(((a - z[positive]).square().sum(1) + 1e-8).sqrt() - 1.2 + 0.2)
    far = F.relu(1.2 - ((a - z[negative]).square().sum(1) + 1e-8).sqrt() + 0.2)
    active = (near > 0).sum() + (far > 0).sum()
    return (near.sum() + far.sum()) / active.clamp_min(1)


class Updates:
    """A slice of an embedding learns."""

    def __init__(self, network, loss, classes, images, shape, dimension, learners):
        self.network = with_filled_weights(network)
        self.layer = with_filled_weights(nn.Linear(network.features, dimension))
        self.loss, self.width = loss, dimension // learners
        self.images = filled([classes * images, *shape], 1.0)
        self.labels = torch.arange(classes).repeat_interleave(images)
        parameters = [*self.network.parameters(), *self.layer.parameters()]
        self.optimizer = torch.optim.Adam(parameters, 1e-9, weight_decay=1e-4)

    def __call__(self):
        z = self.layer(self.network(self.images))[:, self.width : 2 * self.width]
        z = F.normalize(z, dim=1)
        if not z.isfinite().all():
            raise ValueError("not finite")
        loss = self.loss(z, self.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        loss.item()
        return 1


# Retrieval


class Recall:
    """Recall@1 to 8 of points that are each other's gallery, in blocks."""

    def __init__(self, count):
        self.points = F.normalize(filled([count, 128], 1.0), dim=1)
        self.labels = torch.arange(count) % (count // 5)

    def __call__(self):
        hits = torch.zeros(8)
        squares = self.points.square().sum(1)
        for first in range(0, len(self.points), 512):
            queries = self.points[first : first + 512]
            d = squares[None] - 2 * queries @ self.points.T
            rows = torch.arange(len(queries))
            d[rows, first + rows] = torch.inf
            found = d.topk(8, largest=False).indices
            right = self.labels[found] == self.labels[first : first + 512, None]
            hits += right.cumsum(1).clamp_max(1).sum(0)
        hits.sum().item()
        return 1


CASES = {
    "dg-100-s/triplet-step": lambda: Updates(ConvNet(1, 14, 28), triplet_loss, 5, 4, [1, 14, 28], 64, 8),
    "dg-100-l/margin-step": lambda: Updates(ConvNet(1, 14, 28), margin_loss, 20, 4, [1, 14, 28], 64, 4),
    "resnet-50/margin-step": lambda: Updates(ResNet50(3), margin_loss, 2, 4, [3, 128, 128], 128, 8),
    "recall/10000x128": lambda: no_gradient(Recall(10000)),
}


def no_gradient(work):
    return torch.no_grad()(work.__call__)


@cache
def prepared(name):
    return CASES[name]()


serve({name: lambda name=name: prepared(name)() for name in CASES}, f" and NumPy {np.__version__}")
