"""The work of the benchmarks in this folder, with PyTorch.

    python3 -m pip install torch

How it is asked and answers: `timed.py`.
"""

import math
from functools import cache

import torch
import torch.nn as nn
import torch.nn.functional as F

from timed import filled, serve, with_filled_weights

CLASSES = 10
LABELED, UNLABELED = 123, 4877
ALPHA, WEIGHT_PRIOR = 0.02, 0.5


# The model


class Mlp(nn.Module):
    """What the first layer makes of a part of the input is computed once for all combinations with other parts."""

    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        sizes = [inputs, *hidden, outputs]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(sizes, sizes[1:]))

    def forward(self, *parts):
        first = self.layers[0]
        weights = first.weight.split([part.shape[-1] for part in parts], dim=1)
        x = sum(F.linear(part, weight) for part, weight in zip(parts, weights)) + first.bias
        for layer in self.layers[1:]:
            x = layer(F.relu(x))
        return x

    def gaussian(self, *parts):
        mean, log_variance = self(*parts).chunk(2, -1)
        return mean, log_variance.clamp(-10, 10)


def log_normal(x, mean, log_variance):
    return (-0.5 * ((x - mean).square() * (-log_variance).exp() + log_variance + math.log(2 * math.pi))).sum(-1)


def draw(mean, log_variance, samples):
    return mean + torch.randn(samples) * (0.5 * log_variance).exp()


class Model(nn.Module):
    def __init__(self, values, hidden, latent, auxiliary, has_mixture, has_auxiliary):
        super().__init__()
        self.has_mixture, self.has_auxiliary, self.latent = has_mixture, has_auxiliary, latent
        extra = auxiliary if has_auxiliary else 0
        self.classifier = Mlp(values + extra, hidden, CLASSES)
        self.encoder = Mlp(values + CLASSES + extra, hidden, 2 * latent)
        self.decoder = Mlp(latent if has_mixture else CLASSES + latent, hidden, values)
        if has_mixture:
            self.mean, self.log_variance = nn.Linear(CLASSES, latent), nn.Linear(CLASSES, latent)
        if has_auxiliary:
            self.auxiliary_encoder = Mlp(values, hidden, 2 * auxiliary)
            self.auxiliary_decoder = Mlp(CLASSES + latent, hidden, 2 * auxiliary)

    def forward(self, x, y):
        """log q(y|x) [batch, 1, classes] and the bound of each row and class [batch, classes of y]."""
        x = x.unsqueeze(1)
        extra = []
        if self.has_auxiliary:
            posterior = self.auxiliary_encoder.gaussian(x)
            a = draw(*posterior, posterior[0].shape)
            extra, log_qa = [a], log_normal(a, *posterior)
        log_classes = F.log_softmax(self.classifier(x, *extra), -1)
        posterior = self.encoder.gaussian(x, y, *extra)
        z = draw(*posterior, posterior[0].shape)
        seen = [z] if self.has_mixture else [y, z]
        log_px = -F.binary_cross_entropy_with_logits(self.decoder(*seen), x.expand(-1, z.shape[1], -1), reduction="none")
        prior = (self.mean(y), self.log_variance(y)) if self.has_mixture else (z.new_zeros(1), z.new_zeros(1))
        bound = log_px.sum(-1) - math.log(CLASSES) + log_normal(z, *prior) - log_normal(z, *posterior)
        if self.has_auxiliary:
            bound = bound + log_normal(a, *self.auxiliary_decoder.gaussian(y, z)) - log_qa
        return log_classes, bound


class Problem:
    def __init__(self, model, values, batch, balance):
        self.model, self.balance = with_filled_weights(model), balance
        self.x = (filled((batch, values), 1.0) > 0).float()
        self.labels = torch.arange(batch) % CLASSES
        self.kernels = [weight for weight in model.parameters() if weight.dim() > 1]
        self.optimizer = torch.optim.Adam(model.parameters(), 1e-9)

    def step(self):
        self.optimizer.zero_grad()
        y = F.one_hot(self.labels, CLASSES).float().unsqueeze(1)
        log_classes, labeled = self.model(self.x, y)
        log_class = (log_classes * y).sum(-1)
        log_q, bounds = self.model(self.x, torch.eye(CLASSES).unsqueeze(0))
        log_q = log_q.squeeze(1)
        q = log_q.exp()
        unlabeled = (q * (bounds - log_q)).sum(-1)
        effective = ALPHA * (LABELED + UNLABELED) / LABELED
        loss = -(labeled.mean() + unlabeled.mean() + effective * log_class.mean())
        mean = q.mean(0).log()
        balance = (mean.exp() * (mean + math.log(CLASSES))).sum()
        if self.balance:
            loss = loss + self.balance * balance
        squares = sum(weight.square().sum() for weight in self.kernels)
        loss = loss + 0.5 * WEIGHT_PRIOR / (LABELED + UNLABELED) * squares
        told = torch.stack([loss, labeled.mean(), unlabeled.mean(), log_class.mean(), balance]).tolist()
        loss.backward()
        torch.nn.utils.clip_grad_value_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return 1 if all(map(math.isfinite, told)) else 0


@cache
def problem(size, kind):
    has_mixture, has_auxiliary = kind != "m2", kind == "agm-dgm"
    if size == "reduced":
        return Problem(Model(172, [150, 150], 10, 10, has_mixture, has_auxiliary), 172, 50, 20.0)
    return Problem(Model(690, [500, 500], 100, 100, has_mixture, has_auxiliary), 690, 100, 0.0)


CASES = {
    "reduced/m2-step": lambda: problem("reduced", "m2").step(),
    "reduced/gm-dgm-step": lambda: problem("reduced", "gm-dgm").step(),
    "reduced/agm-dgm-step": lambda: problem("reduced", "agm-dgm").step(),
    "full/gm-dgm-step": lambda: problem("full", "gm-dgm").step(),
}


serve(CASES)
