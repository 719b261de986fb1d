"""The work of the benchmarks in this folder, with PyTorch, and with Gymnasium on MuJoCo where they are installed.

    python3 -m pip install torch numpy 'gymnasium[mujoco]'

How it is asked and answers: `timed.py`.
"""

import copy
from functools import cache

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from timed import Skipped, serve

try:
    import gymnasium
    import mujoco
except ModuleNotFoundError as missing:
    gymnasium, missing_module = None, missing.name

SIZE, ACTIONS, CLIP = 11, 3, 60


def numbers(*shape, scale=1.0):
    index = torch.arange(int(np.prod(shape)), dtype=torch.float32)
    return (2 * scale * (index * 7919 % 1009 / 1009 - 0.5)).reshape(shape)


# Environments: Gymnasium's own, without the wrappers that check arguments.


@cache
def environment(name):
    if gymnasium is None:
        raise Skipped(f"no module {missing_module} (python3 -m pip install 'gymnasium[mujoco]')")
    made = gymnasium.make(name).unwrapped
    rng = np.random.default_rng(0)
    space = made.action_space
    if isinstance(space, gymnasium.spaces.Discrete):
        return made, rng.integers(0, space.n, 1000)
    return made, rng.uniform(-1, 1, (1000, *space.shape)).astype(np.float32)


def steps(name):
    made, actions = environment(name)
    for step, action in enumerate(actions):
        if step % 200 == 0:
            made.reset(seed=0)
        made.step(action)
    return len(actions)


def own_game():
    raise Skipped("a game of our own")


# TRPO: the Fisher product by differentiating twice, as programs on PyTorch do.


def mlp(inputs, outputs, activation):
    return nn.Sequential(
        nn.Linear(inputs, 64), activation(), nn.Linear(64, 64), activation(), nn.Linear(64, outputs)
    )


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = mlp(SIZE, ACTIONS, nn.Tanh)
        self.log_std = nn.Parameter(torch.zeros(ACTIONS))
        with torch.no_grad():
            self.mean[-1].weight.mul_(0.01)

    def forward(self, observations):
        return self.mean(observations), self.log_std


def log_probability(mean, log_std, actions):
    return (-0.5 * ((actions - mean) / log_std.exp()) ** 2 - log_std - 0.919).sum(-1)


def entropy(log_std):
    return (log_std + 1.419).sum()


def kl(mean_old, log_std_old, mean, log_std):
    variance = (2 * log_std).exp()
    return (
        (log_std - log_std_old + ((2 * log_std_old).exp() + (mean_old - mean) ** 2) / (2 * variance) - 0.5)
        .sum(-1)
        .mean()
    )


@cache
def agent():
    torch.manual_seed(0)
    return Policy(), mlp(SIZE, 1, nn.Tanh), numbers(32 * 300, SIZE), numbers(32 * 300, ACTIONS), numbers(32, 300)


def act():
    policy, *_ = agent()
    with torch.no_grad():
        mean, log_std = policy(numbers_32())
        (mean + log_std.exp() * torch.randn_like(mean)).numpy()
    return 1


@cache
def numbers_32():
    return numbers(32, SIZE)


def advantages(rewards, values, discount=0.995, smoothing=0.97):
    """Of truncated episodes; all side by side."""
    following = torch.cat([values[:, 1:], values[:, -1:]], 1)
    deltas = rewards + discount * following - values
    found, running = torch.zeros_like(rewards), torch.zeros(len(rewards))
    for step in reversed(range(rewards.shape[1])):
        running = deltas[:, step] + discount * smoothing * running
        found[:, step] = running
    return found


def flat(tensors):
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def trpo_update(max_kl=0.01, damping=0.1):
    policy, value, observations, actions, rewards = agent()
    policy, value = copy.deepcopy(policy), copy.deepcopy(value)
    parameters = list(policy.parameters())
    with torch.no_grad():
        values = value(observations).reshape(32, 300)
    found = advantages(rewards, values)
    returns = (found + values).reshape(-1)
    found = found.reshape(-1)
    found = (found - found.mean()) / (found.std() + 1e-8)
    with torch.no_grad():
        mean_old, log_std_old = policy(observations)
        old = log_probability(mean_old, log_std_old, actions)

    def surrogate():
        mean, log_std = policy(observations)
        ratio = (log_probability(mean, log_std, actions) - old).exp()
        return (ratio * found).mean() + 0.01 * entropy(log_std), kl(mean_old, log_std_old, mean, log_std)

    before, divergence = surrogate()
    gradient = flat(torch.autograd.grad(before, parameters, retain_graph=True)).detach()
    slope = flat(torch.autograd.grad(divergence, parameters, create_graph=True))

    def product(vector):
        return flat(torch.autograd.grad(slope @ vector, parameters, retain_graph=True)).detach() + damping * vector

    x, residual = torch.zeros_like(gradient), gradient.clone()
    direction, norm = residual.clone(), residual @ residual
    for _ in range(10):
        image = product(direction)
        rate = norm / (direction @ image)
        x, residual = x + rate * direction, residual - rate * image
        following = residual @ residual
        direction, norm = residual + following / norm * direction, following
    step = x * (2 * max_kl / (x @ product(x))).sqrt()
    start = nn.utils.parameters_to_vector(parameters).detach()
    for halving in range(11):
        with torch.no_grad():
            nn.utils.vector_to_parameters(start + 0.5**halving * step, parameters)
            after, divergence = surrogate()
        if divergence < 1.5 * max_kl and after > before:
            break
    optimizer = torch.optim.Adam(value.parameters(), 1e-3)
    for _ in range(5):
        for batch in torch.randperm(9600).split(128):
            optimizer.zero_grad()
            F.mse_loss(value(observations[batch])[:, 0], returns[batch]).backward()
            optimizer.step()
    return 1


# A2C on a grid


class Grid(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(4, 16, 3)
        self.hidden = nn.Linear(16 * 8 * 8, 128)
        self.actor, self.critic = nn.Linear(128, 3), nn.Linear(128, 1)

    def forward(self, cells):
        hidden = F.relu(self.hidden(F.relu(self.convolution(cells)).flatten(1)))
        return self.actor(hidden), self.critic(hidden)[:, 0]


@cache
def grid():
    torch.manual_seed(0)
    network = Grid()
    optimizer = torch.optim.RMSprop(network.parameters(), 7e-4, 0.99, 1e-5)
    return network, optimizer, (numbers(16 * 5, 4, 10, 10) > 0.9).float(), (numbers(16, 4, 10, 10) > 0.9).float()


def a2c_update():
    network, optimizer, cells, last = grid()
    rewards = numbers(16, 5, scale=0.05)
    actions = (torch.arange(80) % 3)[:, None]
    with torch.no_grad():
        running = network(last)[1]
    returns = torch.zeros(16, 5)
    for step in reversed(range(5)):
        running = rewards[:, step] + 0.99 * running
        returns[:, step] = running
    returns = returns.reshape(-1)
    logits, values = network(cells)
    log_probabilities = F.log_softmax(logits, 1)
    spread = -(log_probabilities.exp() * log_probabilities).sum(1).mean()
    chosen = log_probabilities.gather(1, actions)[:, 0]
    loss = (
        -(chosen * (returns - values).detach()).mean()
        + 0.5 * F.mse_loss(values, returns)
        - 0.01 * spread
    )
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 0.5)
    optimizer.step()
    return 1


# The reward model


class Reward(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = mlp(SIZE + ACTIONS, 1, lambda: nn.LeakyReLU(0.01))

    def forward(self, rows):
        return self.layers(rows)[..., 0]


@cache
def ensemble():
    torch.manual_seed(0)
    members = [Reward() for _ in range(3)]
    return members, [torch.optim.Adam(member.parameters(), 1e-3) for member in members], numbers(512, CLIP, SIZE + ACTIONS)


def preference_loss(returns, wanted):
    probability = 0.9 * torch.sigmoid(returns[:, 0] - returns[:, 1]) + 0.05
    return -(wanted * probability.log() + (1 - wanted) * (1 - probability).log()).mean()


def fit(minibatches=25):
    members, optimizers, clips = ensemble()
    pairs, wanted = clips.reshape(256, 2, CLIP, -1), (torch.arange(256) % 2).float()
    for _ in range(minibatches):
        for member, optimizer in zip(members, optimizers):
            chosen = torch.randint(0, 256, (64,))
            returns = member(pairs[chosen]).sum(-1)
            penalty = sum((weight**2).sum() for weight in member.parameters() if weight.dim() > 1)
            loss = preference_loss(returns, wanted[chosen]) + 1e-4 * penalty
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        for member in members:
            preference_loss(member(pairs).sum(-1), wanted).item()
    return minibatches


@cache
def rows():
    return numbers(9600, SIZE + ACTIONS)


def predict():
    with torch.no_grad():
        for member in ensemble()[0]:
            member(rows()).numpy()
    return 1


@cache
def pool():
    return numbers(2000, CLIP, SIZE + ACTIONS)


def choose():
    with torch.no_grad():
        drawn = torch.randint(0, 2000, (100, 2))
        chosen = pool()[drawn]
        probabilities = []
        for member in ensemble()[0]:
            returns = member(chosen).sum(-1)
            probabilities.append(torch.sigmoid(returns[:, 0] - returns[:, 1]))
        torch.stack(probabilities).var(0, unbiased=False).topk(10)
    return 1


# A round of Hopper: 300 steps of 32 environments, predicted rewards, labels, fits, an update.


def round_hopper():
    made, actions = environment("Hopper-v5")
    for step in range(300):
        act()
        for lane in range(32):
            if step == 0:
                made.reset(seed=0)
            made.step(actions[(step * 32 + lane) % len(actions)])
    predict()
    choose()
    fit()
    trpo_update()
    return 1


CASES = {
    "environment/pendulum": lambda: steps("Pendulum-v1"),
    "environment/cartpole": lambda: steps("CartPole-v1"),
    "environment/hopper": lambda: steps("Hopper-v5"),
    "environment/half-cheetah": lambda: steps("HalfCheetah-v5"),
    "environment/walker2d": lambda: steps("Walker2d-v5"),
    "environment/inverted-pendulum": lambda: steps("InvertedPendulum-v5"),
    "environment/double-pendulum": lambda: steps("InvertedDoublePendulum-v5"),
    "environment/moving-dot": own_game,
    "environment/pong": own_game,
    "environment/breakout": own_game,
    "environment/drive": own_game,
    "trpo/act-32": act,
    "trpo/update-9600": trpo_update,
    "a2c/grid-update": a2c_update,
    "reward/fit-64-pairs": fit,
    "reward/predict-9600": predict,
    "queries/choose-10-of-100": choose,
    "round/hopper": round_hopper,
}


versions = f", Gymnasium {gymnasium.__version__}, MuJoCo {mujoco.__version__}" if gymnasium else ""
serve(CASES, versions)
