"""The work of the benchmarks in this folder, with PyTorch and torchdiffeq.

    python3 -m pip install torch torchdiffeq
    python3 -m pip install diffrax scipy        # for the cases of plain numbers, which are left out without them

How it is asked and answers: `timed.py`.
"""

import math
from functools import cache

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchdiffeq
from torchdiffeq import odeint, odeint_adjoint

from timed import Skipped, filled, serve, with_filled_weights


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


def solve_adaptively(network, start):
    with torch.no_grad():
        odeint(network, start, torch.tensor([0.0, 20.0]), method="dopri5", rtol=1e-5, atol=1e-5)


@cache
def adaptive_steps():
    """Accepted steps of the adaptive solve."""
    network, start = problem()
    steps = []
    network.callback_accept_step = lambda time, state, step: steps.append(step)
    solve_adaptively(network, start)
    del network.callback_accept_step
    return len(steps)


def dopri5():
    solve_adaptively(*problem())
    return adaptive_steps()


# problems.rs


def van_der_pol(t, y):
    x, v = y[0:1], y[1:2]
    return torch.cat([v, (1 - x.square()) * v - x])


def lorenz(t, y):
    x, y, z = y[0:1], y[1:2], y[2:3]
    return torch.cat([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])


def lotka_volterra(t, y):
    x, y = y[0:1], y[1:2]
    met = x * y
    return torch.cat([1.5 * x - met, met - 3 * y])


class Equation(nn.Module):
    """So that accepted steps can be counted."""

    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def forward(self, t, y):
        return self.slope(t, y)


@cache
def steps_of(slope, start, end, method):
    equation, steps = Equation(slope), []
    equation.callback_accept_step = lambda time, state, step: steps.append(step)
    with torch.no_grad():
        odeint(equation, torch.tensor(start), torch.tensor([0.0, end]), method=method, rtol=1e-5, atol=1e-5)
    return len(steps)


def equation(slope, start, end, method):
    with torch.no_grad():
        odeint(slope, torch.tensor(start), torch.tensor([0.0, end]), method=method, rtol=1e-5, atol=1e-5)
    return steps_of(slope, start, end, method)


def diffrax_of_numbers(slope, start, end, method):
    """A solve that XLA has compiled as a whole."""
    try:
        import diffrax
        import jax
    except ModuleNotFoundError as missing:
        raise Skipped(f"`pip install diffrax` for this case: {missing}") from missing
    solve, start = compiled(diffrax, jax, slope, start, end, method)
    states, steps = solve(start)
    states.block_until_ready()
    return int(steps)


@cache
def compiled(diffrax, jax, slope, start, end, method):
    jax.config.update("jax_enable_x64", True)
    controller = diffrax.PIDController(rtol=1e-5, atol=1e-5)
    term = diffrax.ODETerm(lambda t, y, _: jax.numpy.stack(slope(y)))

    def solve(start):
        found = diffrax.diffeqsolve(
            term, getattr(diffrax, method)(), 0.0, end, None, start, stepsize_controller=controller, max_steps=16384
        )
        return found.ys, found.stats["num_accepted_steps"]

    return jax.jit(solve), jax.numpy.array(start)


def scipy_of_numbers(slope, start, end, method):
    try:
        from scipy.integrate import solve_ivp
    except ModuleNotFoundError as missing:
        raise Skipped(f"`pip install scipy` for this case: {missing}") from missing
    return len(solve_ivp(lambda t, y: slope(y), (0, end), start, method=method, rtol=1e-5, atol=1e-5).t) - 1


def van_der_pol_of_numbers(y):
    return y[1], (1 - y[0] ** 2) * y[1] - y[0]


def lorenz_of_numbers(y):
    return 10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]


def lotka_volterra_of_numbers(y):
    return 1.5 * y[0] - y[0] * y[1], y[0] * y[1] - 3 * y[1]


def implicit_adams():
    options = {"step_size": 0.01, "max_order": 4}
    with torch.no_grad():
        times = torch.tensor([0.0, 10.0])
        odeint(van_der_pol, torch.tensor((2.0, 0.0)), times, method="implicit_adams", rtol=1e-5, atol=1e-5, options=options)
    return 1000


@cache
def speeds_problem():
    speeds = torch.where(torch.arange(512) % 16 == 0, 30.0, 1.0)[:, None]
    return with_filled_weights(Perceptron(32, 256)), speeds, filled((512, 32), 2.0)


def joint():
    """torchdiffeq has one step for all samples."""
    network, speeds, start = speeds_problem()
    with torch.no_grad():
        times = torch.tensor([0.0, 5.0])
        odeint(lambda t, y: network(t, y) * speeds, start, times, method="dopri5", rtol=1e-5, atol=1e-5)
    return 1


# train.rs


RATE = 1e-9


class TimeConvolution(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width + 1, width, 3, padding=1)

    def forward(self, t, x):
        return self.conv(torch.cat([torch.ones_like(x[:, :1]) * t, x], 1))


class OdeFunction(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.GroupNorm(32, width) for _ in range(3))
        self.conv1, self.conv2 = TimeConvolution(width), TimeConvolution(width)

    def forward(self, t, x):
        x = self.conv1(t, F.relu(self.norm1(x), inplace=True))
        x = self.conv2(t, F.relu(self.norm2(x), inplace=True))
        return self.norm3(x)


class OdeNet(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, width, 3), nn.GroupNorm(32, width), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 4, 2, 1), nn.GroupNorm(32, width), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 4, 2, 1),
        )
        self.dynamics = OdeFunction(width)
        self.norm, self.linear = nn.GroupNorm(32, width), nn.Linear(width, 10)

    def forward(self, x, solve, options):
        x = solve(self.dynamics, self.stem(x), UNIT, **options)[-1]
        return self.linear(F.relu(self.norm(x), inplace=True).mean((2, 3)))


@cache
def ode_net_problem():
    network = with_filled_weights(OdeNet())
    optimizer = torch.optim.SGD(network.parameters(), RATE, momentum=0.9)
    return network, optimizer, filled((128, 1, 28, 28), 0.5) + 0.5, torch.arange(128) % 10


def ode_net(solve, **options):
    network, optimizer, images, labels = ode_net_problem()
    optimizer.zero_grad()
    F.cross_entropy(network(images, solve, options), labels).backward()
    optimizer.step()
    return 1


class LatentOde(nn.Module):
    def __init__(self, latent=4, recurrent=25, hidden=20, features=3):
        super().__init__()
        # A loop over cells, as in the authors' release: on a CPU it is faster than `nn.RNN`.
        self.cell, self.posterior = nn.Linear(features + recurrent, recurrent), nn.Linear(recurrent, 2 * latent)
        self.dynamics = nn.Sequential(
            nn.Linear(latent, hidden), nn.ELU(), nn.Linear(hidden, hidden), nn.ELU(), nn.Linear(hidden, latent)
        )
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, 2))

    def forward(self, positions, gaps, rows, noise, times):
        """Negative evidence lower bound; only what was observed is decoded."""
        state = positions.new_zeros(positions.shape[1], self.cell.out_features)
        for observation in torch.cat([positions, gaps], 2).flip(0):
            state = torch.tanh(self.cell(torch.cat([observation, state], 1)))
        mean, log_variance = self.posterior(state).chunk(2, 1)
        start = mean + noise * torch.exp(0.5 * log_variance)
        states = odeint(lambda t, y: self.dynamics(y), start, times, method="dopri5", rtol=1e-3, atol=1e-4)
        predicted = self.decoder(states.flatten(0, 1)[rows]).reshape(positions.shape)
        deviation = 0.1
        log_likelihood = -0.5 * (
            ((positions - predicted) / deviation).square().sum((0, 2))
            + positions[:, 0].numel() * math.log(2 * math.pi * deviation**2)
        )
        kl = 0.5 * (log_variance.exp() + mean.square() - log_variance - 1).sum(1)
        return kl.mean() - log_likelihood.mean()


@cache
def latent_ode_problem(batch=250, observations=30, window=100):
    network = with_filled_weights(LatentOde())
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    times = torch.arange(window, dtype=torch.float64) * (6 * math.pi / 499)
    index = (37 * torch.arange(batch)[:, None] + 3 * torch.arange(observations)[None]) % window
    index = index.sort(1).values.T
    gaps = F.pad(times[index].diff(dim=0), (0, 0, 0, 1))[:, :, None].float()
    positions = filled((batch, observations, 2), 2.0).transpose(0, 1).contiguous()
    rows = (index * batch + torch.arange(batch)).flatten()
    return network, optimizer, (positions, gaps, rows, filled((batch, 4), 1.0), times.float())


def latent_ode():
    network, optimizer, data = latent_ode_problem()
    optimizer.zero_grad()
    network(*data).backward()
    optimizer.step()
    return 1


# flow.rs


class HyperNetwork(nn.Module):
    """The release's, with its trace in closed form."""

    def __init__(self, units=64, hidden=32):
        super().__init__()
        self.units = units
        self.first, self.second = nn.Linear(1, hidden), nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, 7 * units)

    def forward(self, t, state):
        z, _ = state
        flat = self.output(torch.tanh(self.second(torch.tanh(self.first(t.reshape(1, 1)))))).reshape(-1)
        w, u, g = flat[: 6 * self.units].reshape(3, self.units, 2)
        u = u * torch.sigmoid(g) / self.units
        hidden = torch.tanh(z @ w.T + flat[6 * self.units :])
        return hidden @ u, (hidden.square() - 1) @ (w * u).sum(1, keepdim=True)


class TimePerceptron(nn.Module):
    """FFJORD's: one vector-Jacobian product with frozen noise."""

    def __init__(self, noise, units=64, depth=3):
        super().__init__()
        widths = [3] + depth * [units] + [2]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.noise = noise

    def forward(self, t, state):
        z, _ = state
        with torch.enable_grad():
            z = z if z.requires_grad else z.requires_grad_()
            x = self.layers[0](torch.cat([z, t.expand(z.shape[0], 1)], 1))
            for layer in self.layers[1:]:
                x = layer(torch.tanh(x))
            (row,) = torch.autograd.grad(x, z, self.noise, create_graph=True)
        return x, -(row * self.noise).sum(1, keepdim=True)


class PlanarLayers(nn.Module):
    def __init__(self, layers=64):
        super().__init__()
        self.w, self.u, self.b = (nn.Parameter(filled((layers, width), 1.0)) for width in (2, 2, 1))

    def forward(self, z):
        product = (self.w * self.u).sum(1, keepdim=True)
        u = self.u + (F.softplus(product) - 1 - product) * self.w / self.w.square().sum(1, keepdim=True)
        stretch = (self.w * u).sum(1)
        total = 0
        for w, u, b, s in zip(self.w, u, self.b, stretch):
            hidden = torch.tanh(z @ w[:, None] + b)
            z = z + hidden * u
            total = total + torch.log1p((1 - hidden.square()) * s)
        return z, total


def base_log_density(z):
    return -0.5 * (z.square().sum(1, keepdim=True) + 2 * math.log(2 * math.pi))


@cache
def flow_problem(kind):
    noise = filled((1, 256, 2), 1.0)[0]
    network = {"hyper": HyperNetwork, "perceptron": lambda: TimePerceptron(noise), "layers": PlanarLayers}[kind]()
    network = with_filled_weights(network)
    return network, torch.optim.Adam(network.parameters(), RATE), filled((256, 2), 2.0)


def flow(kind, solve):
    network, optimizer, data = flow_problem(kind)
    optimizer.zero_grad()
    if kind == "layers":
        z, log_determinant = network(data)
    else:
        state = (data, torch.zeros(len(data), 1))
        z, change = solve(network, state, UNIT.flip(0), method="rk4", options={"step_size": 1 / 20})
        z, log_determinant = z[-1], -change[-1]
    (-(base_log_density(z) + log_determinant).mean()).backward()
    optimizer.step()
    return 1


CASES = {
    "solver/rk4": rk4,
    "solver/rk4-direct": lambda: rk4_gradient(odeint),
    "solver/rk4-checkpointed": lambda: rk4_gradient(odeint),
    "solver/rk4-adjoint": lambda: rk4_gradient(odeint_adjoint),
    "solver/dopri5": dopri5,
    "problems/van-der-pol-dopri5": lambda: equation(van_der_pol, (2.0, 0.0), 20.0, "dopri5"),
    "problems/lorenz-dopri8": lambda: equation(lorenz, (1.0, 1.0, 1.0), 10.0, "dopri8"),
    "problems/lotka-volterra-bosh3": lambda: equation(lotka_volterra, (1.0, 1.0), 10.0, "bosh3"),
    "problems/van-der-pol-implicit-adams": implicit_adams,
    "numbers/van-der-pol-dopri5-scipy": lambda: scipy_of_numbers(van_der_pol_of_numbers, (2.0, 0.0), 20.0, "RK45"),
    "numbers/van-der-pol-dopri5-diffrax": lambda: diffrax_of_numbers(van_der_pol_of_numbers, (2.0, 0.0), 20.0, "Dopri5"),
    "numbers/lorenz-dopri8-diffrax": lambda: diffrax_of_numbers(lorenz_of_numbers, (1.0, 1.0, 1.0), 10.0, "Dopri8"),
    "numbers/lotka-volterra-bosh3-diffrax": lambda: diffrax_of_numbers(lotka_volterra_of_numbers, (1.0, 1.0), 10.0, "Bosh3"),
    "samples/joint": joint,
    "samples/independent": joint,
    "latent-ode/dopri5": latent_ode,
    "ode-net/rk4-direct": lambda: ode_net(odeint, method="rk4", options={"step_size": 0.5}),
    "ode-net/rk4-checkpointed": lambda: ode_net(odeint, method="rk4", options={"step_size": 0.5}),
    "flow/hyper-network": lambda: flow("hyper", odeint),
    "flow/hyper-network-adjoint": lambda: flow("hyper", odeint_adjoint),
    "flow/hutchinson": lambda: flow("perceptron", odeint),
    "flow/planar-layers": lambda: flow("layers", None),
    "ode-net/dopri5-adjoint": lambda: ode_net(odeint_adjoint, method="dopri5", rtol=1e-3, atol=1e-3),
}


serve(CASES, f" and torchdiffeq {torchdiffeq.__version__}")
