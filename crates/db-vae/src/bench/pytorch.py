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

FACES, DETECTED, BINS, SMOOTHING = 2500, 500, 10, 0.01
MANY = (50_000, 100)
# Side, filters, kernels of encoder and decoder, hidden units, latent dimensions, batch.
SIZES = {
    "drawn": (16, [8, 16], [3, 3], [4, 4], [64], 6, 64),
    "fairface": (32, [12, 24, 48], [3, 3, 3], [4, 4, 4], [128], 16, 64),
    "lab": (64, [12, 24, 48, 72], [5, 5, 3, 3], [3, 3, 5, 5], [512], 100, 32),
}


class Model(nn.Module):
    def __init__(self, side, filters, kernels, decoder_kernels, hidden, latent):
        super().__init__()
        self.latent = latent
        channels = [3, *filters]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(*pair, kernel, stride=2, padding=(kernel - 1) // 2)
            for pair, kernel in zip(zip(channels, filters), kernels)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(count) for count in filters)
        self.smallest = (filters[-1], side >> len(filters), side >> len(filters))
        wide = [math.prod(self.smallest), *hidden]
        narrow = [latent, *hidden[::-1], math.prod(self.smallest)]
        self.dense = nn.ModuleList(nn.Linear(*pair) for pair in zip(wide, wide[1:]))
        self.head = nn.Linear(wide[-1], 1 + 2 * latent)
        self.undense = nn.ModuleList(nn.Linear(*pair) for pair in zip(narrow, narrow[1:]))
        back = channels[::-1]
        self.deconvolutions = nn.ModuleList(
            nn.ConvTranspose2d(*pair, kernel, stride=2, padding=(kernel - 1) // 2, output_padding=kernel % 2)
            for pair, kernel in zip(zip(back, back[1:]), decoder_kernels)
        )

    def encode(self, x):
        for convolution, norm in zip(self.convolutions, self.norms):
            x = norm(F.relu(convolution(x)))
        x = x.flatten(1)
        for layer in self.dense:
            x = F.relu(layer(x))
        return self.head(x).split([1, self.latent, self.latent], 1)

    def decode(self, z):
        for layer in self.undense:
            z = F.relu(layer(z))
        z = z.unflatten(1, self.smallest)
        for layer in self.deconvolutions[:-1]:
            z = F.relu(layer(z))
        return torch.sigmoid(self.deconvolutions[-1](z))


def weights_and_draws(mean, uniforms):
    chosen = torch.zeros(len(mean), dtype=torch.float64)
    for column in mean.unbind(1):
        least, greatest = column.min(), column.max()
        if greatest == least:
            least, greatest = least - 0.5, greatest + 0.5
        width = (greatest - least) / BINS
        bins = ((column - least) / width).long().clamp(0, BINS - 1)
        density = torch.bincount(bins, minlength=BINS) / (len(column) * width) + SMOOTHING
        inverse = 1 / (density / density.sum())[bins]
        chosen = torch.maximum(chosen, inverse / inverse.sum())
    draws = torch.searchsorted((chosen / chosen.sum()).cumsum(0), uniforms, right=True)
    return 1 if len(draws.clamp(max=len(mean) - 1)) else 0


@cache
def latents():
    """As contiguous columns, which is what PyTorch is fastest with here."""
    mean = filled(MANY, 0.5).double().T.contiguous().T
    return mean, torch.arange(MANY[0], dtype=torch.float64) * 7919 % 1009 / 1009


class Problem:
    def __init__(self, name):
        *sizes, batch = SIZES[name]
        self.model = with_filled_weights(Model(*sizes))
        self.side, self.faces = sizes[0], (batch + 1) // 2
        self.x = self.pictures(batch)
        self.labels = (torch.arange(batch) < self.faces).float().unsqueeze(1)
        self.noise = filled((self.faces, self.model.latent), 1.0)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-9)

    def pictures(self, count):
        return filled((count, 3, self.side, self.side), 0.5) + 0.5

    def step(self):
        self.model.train()
        self.optimizer.zero_grad()
        logit, mean, log_variance = self.model.encode(self.x)
        bce = F.binary_cross_entropy_with_logits(logit, self.labels, reduction="none").sum(1)
        # Only faces are decoded, as the loss of the others has no such part.
        mean, log_variance = mean[: self.faces], log_variance[: self.faces]
        made = self.model.decode(mean + self.noise * (0.5 * log_variance).exp())
        distance = (self.x[: self.faces] - made).abs().flatten(1).mean(1)
        kl = 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).sum(1)
        loss = (bce.sum() + (distance + 5e-4 * kl).sum()) / len(bce)
        told = torch.stack([bce.mean(), distance.mean(), kl.mean(), loss]).tolist()
        loss.backward()
        self.optimizer.step()
        return 1 if all(map(math.isfinite, told)) else 0

    @torch.no_grad()
    def weights(self):
        self.model.eval()
        return weights_and_draws(self.model.encode(self.all)[1].double(), self.uniforms)

    @torch.no_grad()
    def detect(self):
        self.model.eval()
        return 1 if len(self.model.encode(self.some)[0].tolist()) else 0


@cache
def problem(name):
    made = Problem(name)
    made.all, made.some = made.pictures(FACES), made.pictures(DETECTED)
    made.uniforms = torch.arange(FACES, dtype=torch.float64) * 7919 % 1009 / 1009
    return made


CASES = {
    "drawn/step": lambda: problem("drawn").step(),
    "fairface/step": lambda: problem("fairface").step(),
    "lab/step": lambda: problem("lab").step(),
    "drawn/epoch-weights": lambda: problem("drawn").weights(),
    "lab/weights": lambda: weights_and_draws(*latents()),
    "drawn/detect": lambda: problem("drawn").detect(),
}


serve(CASES)
