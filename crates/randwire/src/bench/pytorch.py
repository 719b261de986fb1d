"""The work of the benchmarks in this folder, with PyTorch.

    python3 -m pip install torch

How it is asked and answers: `timed.py`.
"""

from functools import cache

import torch
import torch.nn as nn
import torch.nn.functional as F

from timed import filled, number, serve, with_filled_weights


# The graph


class Draws:
    def __init__(self):
        self.count = 0

    def uniform(self):
        self.count += 1
        return number(self.count) + 0.5

    def below(self, count):
        return int(self.uniform() * count)


def watts_strogatz(nodes, k, p):
    """Predecessors of each node."""
    draws = Draws()
    neighbors = [{(v + i) % nodes for i in range(-(k // 2), k // 2 + 1) if i} for v in range(nodes)]
    for i in range(1, k // 2 + 1):
        for v in range(nodes):
            w = (v + i) % nodes
            if draws.uniform() < p and len(neighbors[v]) < nodes - 1:
                new = draws.below(nodes)
                while new == v or new in neighbors[v]:
                    new = draws.below(nodes)
                neighbors[v].remove(w)
                neighbors[w].remove(v)
                neighbors[v].add(new)
                neighbors[new].add(v)
    return [sorted(u for u in around if u < v) for v, around in enumerate(neighbors)]


# The networks


def normalization(channels):
    return nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1)


def convolution(inputs, outputs, side, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, side, stride, side // 2, groups=groups, bias=False)


class Unit(nn.Sequential):
    def __init__(self, inputs, outputs, side, stride):
        super().__init__(convolution(inputs, outputs, side, stride), normalization(outputs))


class Node(nn.Module):
    def __init__(self, inputs, outputs, stride, degree):
        super().__init__()
        self.gates = nn.Parameter(torch.zeros(degree)) if degree > 1 else None
        self.depthwise = convolution(inputs, inputs, 3, stride, inputs)
        self.mix = convolution(inputs, outputs, 1)
        self.norm = normalization(outputs)

    def aggregate(self, inputs):
        if self.gates is None:
            return inputs[0]
        shares = torch.sigmoid(self.gates)
        total = inputs[0] * shares[0]
        for x, share in zip(inputs[1:], shares[1:]):
            total = torch.addcmul(total, x, share)
        return total

    def forward(self, x):
        return self.norm(self.mix(self.depthwise(F.relu(x))))


class Stage(nn.Module):
    def __init__(self, before, inputs, outputs):
        super().__init__()
        self.before = before
        after = [[v for v, sources in enumerate(before) if u in sources] for u in range(len(before))]
        self.consumers = [len(targets) for targets in after]
        source = lambda v: not before[v]
        self.nodes = nn.ModuleList(
            Node(inputs if source(v) else outputs, outputs, 2 if source(v) else 1, len(before[v]))
            for v in range(len(before))
        )

    def forward(self, x, keeps=False):
        outputs, waiting, ends = {}, list(self.consumers), []
        for v, node in enumerate(self.nodes):
            sources = self.before[v]
            y = node(node.aggregate([outputs[u] for u in sources]) if sources else x)
            if self.consumers[v]:
                outputs[v] = y
            else:
                ends.append(y)
            for u in sources:
                waiting[u] -= 1
                if not waiting[u] and not keeps:
                    del outputs[u]
        total = ends[0]
        for y in ends[1:]:
            total = total + y
        return total / len(ends)


class RandWire(nn.Module):
    def __init__(self, colors, classes, channels, stages, head):
        super().__init__()
        self.stem, width = Unit(colors, channels // 2, 3, 2), channels // 2
        self.stages = nn.ModuleList()
        for nodes, multiple in stages:
            outputs = multiple * channels
            wired = Stage(watts_strogatz(nodes, 4, 0.75), width, outputs) if nodes else Unit(width, outputs, 3, 2)
            self.stages.append(wired)
            width = outputs
        self.head, self.classifier = Unit(width, head, 1, 1), nn.Linear(head, classes)

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x) if isinstance(stage, Stage) else stage(F.relu(x))
        return self.classifier(F.relu(self.head(F.relu(x))).mean((2, 3)))


class Residual(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.first, self.second = Unit(inputs, outputs, 3, 2), Unit(outputs, outputs, 3, 1)
        self.shortcut = Unit(inputs, outputs, 1, 2)

    def forward(self, x):
        return F.relu(self.shortcut(x) + self.second(F.relu(self.first(x))))


class ResNet(nn.Module):
    def __init__(self, colors, classes, channels, stages):
        super().__init__()
        widths = [channels] + [channels << stage for stage in range(stages)]
        self.stem = Unit(colors, channels, 3, 2)
        self.blocks = nn.Sequential(*(Residual(*pair) for pair in zip(widths, widths[1:])))
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, x):
        return self.classifier(self.blocks(F.relu(self.stem(x))).mean((2, 3)))


# The work


class Problem:
    def __init__(self, network, shape, classes):
        self.network, self.images = with_filled_weights(network), filled(shape, 1.0)
        self.labels = torch.arange(shape[0]) % classes
        kernels = [weight for weight in network.parameters() if weight.dim() > 1]
        others = [weight for weight in network.parameters() if weight.dim() == 1]
        groups = [{"params": kernels, "weight_decay": 5e-5}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.SGD(groups, 1e-9, momentum=0.9)

    def step(self):
        self.network.train()
        self.optimizer.zero_grad()
        logits = self.network(self.images)
        right = (logits.argmax(1) == self.labels).sum().item()
        loss = F.cross_entropy(logits, self.labels, label_smoothing=0.1)
        value = loss.item()
        loss.backward()
        self.optimizer.step()
        return 1

    def inference(self):
        self.network.eval()
        with torch.inference_mode():
            self.network(self.images).argmax(1)
        return 1


@cache
def problem(name):
    if name == "fashion":
        network = RandWire(1, 10, channels=12, stages=[(10, 1), (10, 2), (10, 4)], head=64)
        return Problem(network, (64, 1, 28, 28), 10)
    if name == "resnet":
        return Problem(ResNet(1, 10, channels=11, stages=3), (64, 1, 28, 28), 10)
    network = RandWire(3, 1000, channels=78, stages=[(0, 1), (32, 1), (32, 2), (32, 4)], head=1280)
    return Problem(network, (8, 3, 128, 128), 1000)


@cache
def stage_alone():
    stage = with_filled_weights(Stage(watts_strogatz(32, 4, 0.75), 78, 78)).eval()
    return stage, filled((8, 78, 64, 64), 1.0)


def pass_stage(keeps):
    stage, x = stage_alone()
    with torch.inference_mode():
        stage(x, keeps)
    return 1


CASES = {
    "fashion/step": lambda: problem("fashion").step(),
    "fashion/resnet-step": lambda: problem("resnet").step(),
    "fashion/inference": lambda: problem("fashion").inference(),
    "small-128/step": lambda: problem("small").step(),
    "small-128/inference": lambda: problem("small").inference(),
    "stage/inference": lambda: pass_stage(False),
    "stage/inference-keeping": lambda: pass_stage(True),
}


serve(CASES)
