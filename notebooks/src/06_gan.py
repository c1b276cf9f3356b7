# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · The GAN: a generator and its opponent
#
# [start page](00_start.ipynb) · next: [07 Diffusion](07_diffusion.ipynb)

# %% [markdown]
# Afterwards you can
#
# - write the minimax loss and the non-saturating loss, and say where each has a slope;
# - write one round of the game, and say which player learns from which loss;
# - change one thing at a time (the loss, then β₁) and measure over several games what it buys;
# - provoke mode collapse, measure it per mode, and tell it apart from divergence;
# - say what the discriminator's loss tells about the samples, and what it does not.

# %% [markdown]
# **Time and data**: about 1½ minutes on two cores, offline. Fashion-MNIST (12,000 images) is
# built in, and so is a DC-GAN that was trained on all 60,000.

# %% tags=["parameters"]
dataset: str = "fashion"  # fashion, digits (built in); mnist, fashion_full (downloaded once)
train_images: int = 5_000  # images for the GANs that are trained here
epochs: int = 3  # passes over these images
games: int = 4  # games with each setting on the ring of clusters
rounds: int = 600  # rounds of each of these games
seed: int = 0  # same seed, same machine, same numbers

# %%
import sys

if "google.colab" in sys.modules:
    # `make links REPO=owner/name` writes where Colab installs vaekit from
    raise RuntimeError(
        "this copy cannot install itself on Colab; "
        "run it on your computer, or ask for a link to Colab"
    )

# vaekit before torch: it tells torch's threads to share the cores
from vaekit import data, errors, explore, metrics, plots, recipes, training
from vaekit.course import check, diagrams
from vaekit.models import gan
from vaekit.recipes import pretrained

import math

import torch
import torch.nn.functional as F
from IPython.display import Markdown, display
from torch import nn

# %%
judges = {"fashion": "fashion", "fashion_full": "fashion", "digits": "mnist", "mnist": "mnist"}
judge_name = judges[errors.pick("dataset", dataset, judges)]
games = errors.at_least("games", games, 1)
rounds = errors.at_least("rounds", rounds, 4)
train = data.load(dataset, "train", limit=train_images)

# %% [markdown]
# ## 1 · The game

# %% [markdown]
# The VAE of lab 02 needed a formula for the error of an image. A **generative adversarial
# network** (Goodfellow et al. 2014) replaces the formula by an opponent. The **generator** $G$
# turns noise $z$ into an image. The **discriminator** $D$ gives an image a score $s$; a high score
# means "real". Both are trained at the same time.

# %% tags=["nbval-ignore-output"]
diagrams.gan()

# %% [markdown]
# The score is a **logit**: $\sigma(s) = 1/(1 + e^{-s})$ is the probability of "real". The
# discriminator minimises the cross-entropy of its answers to real images $x$ and generated
# ones, **fakes**:
#
# $$\mathcal L_D = -\log \sigma(s_\text{real}) - \log\big(1 - \sigma(s_\text{fake})\big)$$
#
# In the **minimax game** the generator maximises the same value. Only the second term depends on
# its images, so it minimises
#
# $$\mathcal L_G^\text{minimax} = \log\big(1 - \sigma(s_\text{fake})\big)$$

# %% [markdown]
# Typed as they stand, the formulas break. **Expect** infinities for a fake that $D$ is sure about.

# %% tags=["nbval-ignore-output"]
rows = []
for score in (0.0, 20.0, 200.0):
    s = torch.tensor(score, requires_grad=True)
    for way, loss in {"typed": -(1 - s.sigmoid()).log(), "softplus": F.softplus(s)}.items():
        slope = torch.autograd.grad(loss, s, retain_graph=True)[0]
        rows.append([f"{score:g}", way, f"{loss.item():.3g}", f"{slope.item():.3g}"])
plots.table(["score of a fake", "−log(1 − σ(s))", "loss, nats", "slope"], rows)

# %% [markdown]
# In 32 bits $\sigma(20)$ is exactly 1, its logarithm is infinite, and one such image makes every
# weight NaN. Since $-\log(1 - \sigma(s)) = \log(1 + e^{s})$, the function `softplus` computes the
# same loss without the detour, and the minimax game is two lines:

# %%
def minimax(real, fake):
    """What D and G minimise, nats, for scores (N,) of real and generated images: (N,) each."""
    of_discriminator = F.softplus(-real) + F.softplus(fake)
    of_generator = -F.softplus(fake)
    return of_discriminator, of_generator

# %% [markdown]
# ### ✏️ Exercise 1 (write it): the non-saturating losses
# The same paper trains its generator with another loss. $G$ does not minimise the probability that
# $D$ is right, it maximises the probability that $D$ is wrong:
#
# $$\mathcal L_G^\text{non-saturating} = -\log \sigma(s_\text{fake})$$
#
# The discriminator's loss stays. Write both, stable for every score.
#
# <details><summary>Hint 1</summary>You know σ(−s) = 1 − σ(s). Which sign inside softplus
# turns −log(1 − σ(s)) into −log σ(s)?</details>
# <details><summary>Hint 2</summary><code>F.softplus(-fake)</code> is −log σ(fake).</details>

# %%
def non_saturating(real, fake):
    """What D and G minimise, nats, for scores (N,) of real and generated images: (N,) each."""
    # BEGIN SOLUTION
    of_discriminator = F.softplus(-real) + F.softplus(fake)
    of_generator = F.softplus(-fake)
    return of_discriminator, of_generator
    # END SOLUTION

# %%
non_saturating = check.or_reference(non_saturating)

# %% [markdown]
# What does a generator feel of each loss? **Expect** a difference where the discriminator wins,
# at low scores of fakes.

# %%
scores = torch.linspace(-10, 10, 201, requires_grad=True)
fig, ax = plots.figure(7.5, 3.4)
ax.axvspan(-10, -4, color="0.9", label="the discriminator is sure: fake")
for name, loss, style in (("minimax", minimax, "--"), ("non-saturating", non_saturating, "-")):
    _, of_generator = loss(scores.detach(), scores)
    slope = torch.autograd.grad(of_generator.sum(), scores)[0]
    ax.plot(scores.detach(), slope, style, linewidth=2.5, label=name)
ax.set(xlabel="score s of a fake", ylabel="slope of G's loss, nats per unit of s")
ax.set_title("The generator's slope: minimax loses it where the discriminator wins")
ax.legend(loc="center right")
fig

# %% [markdown]
# The minimax slope is $-\sigma(s)$, nearly 0 for a fake that is recognised: the loss
# **saturates**. The other slope is $-(1 - \sigma(s))$, nearly −1 there. Both losses push scores up;
# they differ in *which* fakes are pushed. Most code that says "minimax loss" uses the second one,
# and so do the trainings of this course (`gan.non_saturating`).

# %% [markdown]
# ## 2 · Who learns from what

# %% [markdown]
# For the rest of this part an "image" is a point in the plane, so that everything can be drawn.
# The data are eight clusters on a circle. The networks are small.

# %%
angles = torch.arange(8) * math.pi / 4
centres = torch.stack([angles.cos(), angles.sin()], 1)


def ring(n):
    """n data points, (n, 2): a cluster at random, and Gaussian noise of deviation 0.05."""
    return centres[torch.randint(8, (n,))] + 0.05 * torch.randn(n, 2)


def mlp(inputs, outputs, width=64):
    """Three linear layers with ReLU between them."""
    hidden = [nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Linear(width, outputs))

# %% [markdown]
# ### ✏️ Exercise 2 (find the bug): the loss of the discriminator
# A round begins with the discriminator's loss. This function looks right, and the number that it
# returns is right. **Expect** a gradient in $D$, and none in $G$: this loss is not for $G$.

# %% tags=["nbval-ignore-output"]
def discriminator_loss_with_a_bug(discriminator, real, fake):
    """D's loss, nats: (N,).  `real` and `fake` are points (N, 2)."""
    of_real = F.softplus(-discriminator(real)[:, 0])
    of_fake = F.softplus(discriminator(fake)[:, 0])
    return of_real + of_fake


def gradient_norm(player):
    """The length of the gradient in all weights of a player."""
    found = [w.grad.flatten() for w in player.parameters() if w.grad is not None]
    return torch.cat(found).norm().item() if found else 0.0


torch.manual_seed(seed)
G, D = mlp(8, 2), mlp(2, 1)
discriminator_loss_with_a_bug(D, ring(128), G(torch.randn(128, 8))).mean().backward()
rows = [["discriminator", f"{gradient_norm(D):.3f}"], ["generator", f"{gradient_norm(G):.3f}"]]
plots.table(["player", "gradient of the discriminator's loss"], rows)

# %% [markdown]
# The generator gets a gradient that asks it to *help* the discriminator. If it is added to the
# generator's own gradient, $G$ works against itself. Mend the function.
#
# <details><summary>Hint 1</summary>Through which argument does the graph reach $G$? $D$ must still
# learn from the scores of these points.</details>
# <details><summary>Hint 2</summary><code>fake.detach()</code> has the same numbers and no
# history. Detach the points, not their scores.</details>

# %%
def discriminator_loss(discriminator, real, fake):
    """D's loss, nats: (N,).  `real` and `fake` are points (N, 2); G learns nothing from it."""
    # BEGIN SOLUTION
    of_real = F.softplus(-discriminator(real)[:, 0])
    of_fake = F.softplus(discriminator(fake.detach())[:, 0])
    return of_real + of_fake
    # END SOLUTION

# %%
discriminator_loss = check.or_reference(discriminator_loss)

# %% [markdown]
# Now let the discriminator win: it takes 300 steps alone, against a generator that stands still.
# Then the generator asks for its gradient, once from each loss. **Expect** the picture of section 1
# in two numbers.

# %%
def update(optimizer, loss):
    """One step of an optimiser down the mean of a loss (N,)."""
    optimizer.zero_grad()
    loss.mean().backward()
    optimizer.step()


d_optimizer = torch.optim.Adam(D.parameters(), lr=2e-3)
for _ in range(300):
    update(d_optimizer, discriminator_loss(D, ring(128), G(torch.randn(128, 8))))

# %% tags=["nbval-ignore-output"]
fakes = torch.randn(1000, 8)
norms, rows = {}, []
for name, loss in {"minimax": minimax, "non-saturating": non_saturating}.items():
    G.zero_grad()
    score = D(G(fakes))[:, 0]
    loss(score, score)[1].mean().backward()
    norms[name] = gradient_norm(G)
    rows.append([name, f"{score.mean().item():.1f}", f"{norms[name]:.2g}"])
plots.table(["generator's loss", "mean score of a fake", "generator's gradient"], rows)

# %%
ratio = norms["non-saturating"] / norms["minimax"]
check.between("gradient, non-saturating over minimax", ratio, 10, math.inf)

# %% [markdown]
# The discriminator says "fake" with near certainty, and the minimax generator has almost no
# gradient to learn from. Note what this does *not* say: where $D$ is unsure, both losses train.
# Adam also divides by the size of the gradients, which hides a part of the difference.

# %% [markdown]
# ## 3 · A whole game

# %% [markdown]
# A round is: $D$ takes a step with fresh data and fakes, then $G$ takes one with what $D$ now says.
# **Adam** averages gradients; its parameter $\beta_1$ is the weight of the old average, 0.9 by
# default.

# %%
def play(loss, beta1=0.9, seed=seed, rounds=rounds, lr=5e-3, g_steps=1):
    """A game on the ring: its two players, its draws at four moments, D's loss per round."""
    torch.manual_seed(seed)
    G, D = mlp(8, 2), mlp(2, 1)
    g_optimizer = torch.optim.Adam(G.parameters(), lr=lr, betas=(beta1, 0.999))
    d_optimizer = torch.optim.Adam(D.parameters(), lr=lr, betas=(beta1, 0.999))
    noise = torch.randn(1000, 8)
    draws, d_losses = {}, []
    for i in range(1, rounds + 1):
        real = D(ring(128))[:, 0]
        of_d, _ = loss(real, D(G(torch.randn(128, 8)).detach())[:, 0])
        update(d_optimizer, of_d)
        d_losses.append(of_d.mean().item())
        for _ in range(g_steps):
            _, of_g = loss(real.detach(), D(G(torch.randn(128, 8)))[:, 0])
            update(g_optimizer, of_g)
        if i % (rounds // 4) == 0:
            draws[i] = G(noise).detach()
    return {"G": G, "D": D, "draws": draws, "end": G(noise).detach(), "d_losses": d_losses}

# %% [markdown]
# To judge a game we need numbers. A draw is **on a cluster** if it is nearer than 0.15 (three
# standard deviations) to its centre. A cluster is **covered** if it gets at least half of its
# eighth of all draws. The **spread** is the root of the summed variances of the draws. What would
# data get, and what would an even ring get, points anywhere on the circle?

# %%
def shares(points):
    """The share of the draws (N, 2) that lies on each cluster, (8,)."""
    distance, cluster = torch.cdist(points, centres).min(1)
    return cluster[distance < 0.15].bincount(minlength=8) / len(points)


def facts(points):
    """Share on a cluster, clusters covered, largest share of a cluster, spread, distance."""
    each = shares(points)
    distance = torch.cdist(points, centres).amin(1).median()
    spread = points.var(0).sum().sqrt()
    return [each.sum(), (each >= 1 / 16).sum(), each.max(), spread, distance]


def row(name, points):
    """A line of a table from `facts`."""
    on, covered, largest, spread, distance = (float(value) for value in facts(points))
    counts = [f"{on:.0%}", f"{covered:.0f}", f"{largest:.1%}"]
    return [name, *counts, f"{spread:.2f}", f"{distance:.2g}"]

# %% tags=["nbval-ignore-output"]
HEAD = ["draws", "on a cluster", "covered, of 8", "largest share", "spread", "median distance"]
torch.manual_seed(seed)
turn = torch.rand(100_000) * 2 * math.pi
even_ring = torch.stack([turn.cos(), turn.sin()], 1)
even = float(shares(even_ring).sum())
references = [row("data", ring(100_000)), row("even ring", even_ring)]
plots.table(HEAD, references)

# %% [markdown]
# An even ring hits a cluster by chance with more than a third of its draws. A number below it is
# no success, and counting clusters that get "some" draws would call the ring perfect.

# %% [markdown]
# The first setting: the non-saturating losses, Adam as it comes. **Expect** … eight clusters, if
# all goes well.

# %% tags=["nbval-ignore-output"]
def play_all(loss, beta1, **settings):
    """Games with the same setting and different seeds."""
    return [play(loss, beta1, seed=seed + k, **settings) for k in range(games)]


played = {"non-saturating, β₁ = 0.9": play_all(non_saturating, 0.9)}

# %%
def show(game, title):
    """Four moments of a game: the data in grey, 1,000 draws in colour."""
    fig, axes = plots.figure(9, 2.9, columns=len(game["draws"]), sharex=True, sharey=True)
    torch.manual_seed(seed)
    real = ring(400)
    farthest = max(float(points.abs().max()) for points in game["draws"].values())
    limit = max(1.6, 1.1 * farthest)
    for ax, (moment, points) in zip(axes, game["draws"].items()):
        ax.scatter(*real.T, s=6, color="0.6", label="data")
        ax.scatter(*points.T, s=6, color=plots.LINES[1], label="drawn")
        ax.set(title=f"round {moment}", xlabel="first coordinate", aspect="equal")
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    axes[0].set_ylabel("second coordinate")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", markerscale=3)
    fig.suptitle(title)
    return fig


show(played["non-saturating, β₁ = 0.9"][0], "Non-saturating losses, β₁ = 0.9: where G draws")

# %% tags=["nbval-ignore-output"]
def rows_of(setting):
    """A line of the table for each game with a setting."""
    return [row(f"game {k}", game["end"]) for k, game in enumerate(played[setting])]


plots.table(HEAD, references + rows_of("non-saturating, β₁ = 0.9"))

# %% [markdown]
# Few draws, if any, lie on a cluster, fewer than an even ring would put there. Look at the spread
# too: where it is far below 1, the draws have shrunk to a patch or a point that wanders. Section 5
# comes back to that. What should be changed? Here it is easy to fool oneself: one makes two changes
# at once, and the wrong one gets the credit.

# %% [markdown]
# ## 4 · Only the loss, then only β₁
#
# ### ✏️ Exercise 3 (write it): the least-squares losses
# Mao et al. (2017) compare scores with targets, and halve the squared errors. The discriminator
# wants real images to score 1 and fakes to score 0; the generator wants its fakes to score 1.
#
# $$\mathcal L_D = \tfrac12 (s_\text{real} - 1)^2 + \tfrac12 s_\text{fake}^2, \qquad
# \mathcal L_G = \tfrac12 (s_\text{fake} - 1)^2$$
#
# <details><summary>Hint 1</summary>What should a fake with a score of 3 cost the generator:
# nothing, or as much as one with a score of −1?</details>
# <details><summary>Hint 2</summary>The generator's loss is
# <code>(fake - 1) ** 2 / 2</code>.</details>

# %%
def least_squares(real, fake):
    """What D and G minimise for scores (N,) of real and generated images: (N,) each."""
    # BEGIN SOLUTION
    of_discriminator = ((real - 1) ** 2 + fake**2) / 2
    of_generator = (fake - 1) ** 2 / 2
    return of_discriminator, of_generator
    # END SOLUTION

# %%
least_squares = check.or_reference(least_squares)

# %% [markdown]
# ### ✏️ Exercise 4 (predict it): the loss or β₁
# Start from the games above and change **one** thing: the loss (least squares), or $\beta_1$ (0.5
# instead of 0.9, for both players). Which one raises the mean share of draws on a cluster more?
#
# - **a**: the loss
# - **b**: $\beta_1$
# - **c**: neither raises it by more than 5 percentage points
#
# <details><summary>Hint 1</summary>The opponent of round 100 is not the opponent of round 90. What
# does an average of old gradients know about the new one?</details>
# <details><summary>Hint 2</summary>Write your choice as a letter: <code>guess = "a"</code>,
# <code>"b"</code> or <code>"c"</code>.</details>

# %%
# BEGIN SOLUTION
guess = "b"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
settings = {
    "least squares, β₁ = 0.9": (least_squares, 0.9),
    "non-saturating, β₁ = 0.5": (non_saturating, 0.5),
    "least squares, β₁ = 0.5": (least_squares, 0.5),
}
for name, (loss, beta1) in settings.items():
    played[name] = play_all(loss, beta1)


def on_a_cluster(setting):
    """The share of draws on a cluster in each game with a setting."""
    return [float(shares(game["end"]).sum()) for game in played[setting]]


rows, means = [], {}
for name, all_games in played.items():
    on = on_a_cluster(name)
    means[name] = sum(on) / games
    covered = sum(float(facts(game["end"])[1]) for game in all_games) / games
    rows.append([name, f"{means[name]:.0%}", f"{min(on):.0%} to {max(on):.0%}", f"{covered:.1f}"])
rows.append(["even ring", f"{even:.0%}", "", "0"])
plots.table(["setting", "on a cluster, mean", "lowest to highest game", "covered, of 8"], rows)

# %% tags=["nbval-ignore-output"]
before = means["non-saturating, β₁ = 0.9"]
by_loss = means["least squares, β₁ = 0.9"] - before
by_beta = means["non-saturating, β₁ = 0.5"] - before
check.prediction(
    guess,
    {
        "a": by_loss > max(0.05, by_beta),
        "b": by_beta > 0.05 and by_beta >= by_loss,
        "c": max(by_loss, by_beta) <= 0.05,
    },
    because=f"The loss alone changed the mean share by {100 * by_loss:+.0f} percentage points, "
    f"β₁ alone by {100 * by_beta:+.0f}.",
)

# %% [markdown]
# Read the table down: one line differs from the first by the loss, one by $\beta_1$, the last by
# both. Compare a difference of means with the range over games before you believe it: a single
# game can say anything. Here is a game with the last setting.

# %% tags=["cover", "nbval-ignore-output"]
show(played["least squares, β₁ = 0.5"][0], "Least-squares losses, β₁ = 0.5: where G draws")

# %% [markdown]
# Why would an average of gradients matter so much? The smallest game of all shows it (Mescheder et
# al. 2018): the data are one point, 0; the generator draws one point, $\theta$; the discriminator's
# score is $\psi x$. Both take plain gradient steps, with momentum, on the non-saturating losses.
# The game is solved at $\theta = \psi = 0$. **Expect** circles around it.

# %%
def smallest_game(momentum, steps=80, lr=0.1):
    """The path of (θ, ψ), (steps, 2)."""
    theta, psi = (torch.tensor([start], requires_grad=True) for start in (1.0, 0.0))
    g_optimizer = torch.optim.SGD([theta], lr=lr, momentum=momentum)
    d_optimizer = torch.optim.SGD([psi], lr=lr, momentum=momentum)
    path = []
    for _ in range(steps):
        update(d_optimizer, non_saturating(0 * psi, psi * theta.detach())[0])
        update(g_optimizer, non_saturating(0 * psi.detach(), psi.detach() * theta)[1])
        path.append(torch.cat([theta, psi]).detach())
    return torch.stack(path)


paths = {momentum: smallest_game(momentum) for momentum in (0.0, 0.5, 0.9)}
fig, axes = plots.figure(9, 3.2, columns=3)
for ax, (momentum, path) in zip(axes, paths.items()):
    ax.plot(*path.T, "o-", markersize=3, color=plots.LINES[0])
    ax.plot(0, 0, "k+", markersize=12, markeredgewidth=2)
    ax.set(title=f"momentum {momentum:g}", xlabel="θ, the generator's point")
axes[0].set_ylabel("ψ, the discriminator's slope")
fig.suptitle("The smallest game: its solution is the cross")
fig

# %%
grown = {momentum: (path[-20:].norm(dim=1).max()).item() for momentum, path in paths.items()}
check.between("distance to the solution at the end, momentum 0.9", grown[0.9], 5, math.inf)

# %% [markdown]
# Each player's best direction turns as the other moves. Without momentum the path slowly comes
# closer. With momentum 0.9 each player still follows an average of the last ten directions or so,
# and the circles grow without bound (look at the axes). That is **divergence**. Adam is not this
# optimiser, but its $\beta_1$ is the same kind of average.

# %% [markdown]
# ## 5 · Mode collapse, on purpose

# %% [markdown]
# **Mode collapse** is the other failure: the draws are all alike. It can be provoked. Against a
# discriminator that stands still, the best reply is a single point, the one with the highest
# score. So let the generator take ten steps for each step of the discriminator.

# %% tags=["nbval-ignore-output"]
collapsed = play_all(non_saturating, 0.5, rounds=120, g_steps=10)
show(collapsed[0], "Ten steps of G for one of D: where G draws")

# %% [markdown]
# All draws sit in one patch, and the patch moves when the discriminator has learnt where it is.
# Measure it: which centre is nearest to a draw, and is the draw on that cluster? Data and an even
# ring both give each centre an eighth.

# %% tags=["nbval-ignore-output"]
def nearest(points):
    """The share of the draws to which each centre is the nearest, (8,)."""
    return torch.cdist(points, centres).argmin(1).bincount(minlength=8) / len(points)


pictures = {
    "least squares, β₁ = 0.5": played["least squares, β₁ = 0.5"][0]["end"],
    "ten steps of G": collapsed[0]["end"],
}
fig, axes = plots.figure(9, 3.2, columns=2, sharey=True)
for ax, (name, points) in zip(axes, pictures.items()):
    ax.bar(range(8), nearest(points), color="0.8", label="nearest to this centre")
    ax.bar(range(8), shares(points), width=0.5, color=plots.LINES[0], label="on this cluster")
    ax.axhline(1 / 8, color="black", linestyle="--", label="data, and even ring: nearest")
    ax.axhline(even / 8, color="black", linestyle=":", label="even ring: on a cluster")
    ax.set(title=name, xlabel="cluster", ylim=(0, 1.02))
axes[0].set_ylabel("share of 1,000 draws")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
fig.suptitle("Share per mode at the end of a game")
fig

# %% tags=["nbval-ignore-output"]
lines = references + rows_of("least squares, β₁ = 0.5")
lines += [row(f"ten steps of G, game {k}", game["end"]) for k, game in enumerate(collapsed)]
plots.table(HEAD, lines)

# %% tags=["nbval-ignore-output"]
spreads = [float(facts(game["end"])[3]) for game in collapsed]
check.between("mean spread of the collapsed draws (data: 1)", sum(spreads) / games, 0, 0.5)

# %% [markdown]
# Two numbers tell the two failures apart. In **collapse** the spread falls far below that of the
# data while the draws stay near them. In **divergence** the distance to the data grows and keeps
# growing. A quality measure for single images would praise a collapsed generator whose patch sits
# on a cluster: each of its draws is perfect.

# %% [markdown]
# ## 6 · What the discriminator's loss tells

# %% [markdown]
# In theory a discriminator that cannot tell real from fake scores everything 0, and its loss is
# $2 \log 2 \approx 1.39$ nats. Is a loss of 1.39 a good sign? Compare the collapsed games with
# the good ones. And ask a second discriminator: a **fresh** one, trained to the end against a
# generator that stands still. If it were the best possible, its loss would be
# $2 \log 2 - 2\,\mathrm{JSD}$. The **Jensen–Shannon divergence** (JSD) measures how far two
# distributions are apart, from 0 (equal) to $\log 2$ (no overlap).

# %%
def referee(generator, steps=300):
    """The loss of a fresh discriminator against a generator that stands still, nats per pair."""
    torch.manual_seed(seed)
    judge_of_points = mlp(2, 1)
    optimizer = torch.optim.Adam(judge_of_points.parameters(), lr=5e-3)
    for _ in range(steps):
        fake = generator(torch.randn(128, 8))
        update(optimizer, discriminator_loss(judge_of_points, ring(128), fake))
    with torch.no_grad():
        fake = generator(torch.randn(4000, 8))
        return discriminator_loss(judge_of_points, ring(4000), fake).mean().item()

# %% tags=["nbval-ignore-output"]
def mean(values):
    return sum(values) / len(values)


groups = {
    "β₁ = 0.9": played["non-saturating, β₁ = 0.9"],
    "β₁ = 0.5": played["non-saturating, β₁ = 0.5"],
    "ten steps of G": collapsed,
}
in_game, fresh = {}, {}
for name, all_games in groups.items():
    in_game[name] = [mean(game["d_losses"][-50:]) for game in all_games]
    fresh[name] = [referee(game["G"]) for game in all_games]

fig, axes = plots.figure(9, 3.4, columns=2, sharex=True, sharey=True)
where = {"D's loss in the game, last 50 rounds": in_game, "loss of a fresh D": fresh}
for ax, (title, losses_of) in zip(axes, where.items()):
    for (name, all_games), marker in zip(groups.items(), "osD"):
        on = [float(shares(game["end"]).sum()) for game in all_games]
        ax.plot(losses_of[name], on, marker, markersize=8, label=name)
    ax.axvline(2 * math.log(2), color="black", linestyle="--", label="2 log 2: cannot tell")
    ax.axhline(even, color="black", linestyle=":", label="even ring")
    ax.set(title=title, xlabel="nats per pair", ylim=(-0.04, 1.04))
axes[0].set_ylabel("share of draws on a cluster")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
fig.suptitle("All games with the non-saturating losses")
fig

# %% tags=["nbval-ignore-output"]
rows = []
for name in groups:
    jsd = math.log(2) - mean(fresh[name]) / 2
    rows.append([name, f"{mean(in_game[name]):.2f}", f"{mean(fresh[name]):.2f}", f"{jsd:.2f}"])
head = ["games", "loss in the game", "loss of a fresh D", "JSD at least, nats (at most 0.69)"]
plots.table(head, rows)

# %% tags=["nbval-ignore-output"]
gap = mean(in_game["ten steps of G"]) - mean(fresh["ten steps of G"])
check.between("collapsed: loss in the game minus loss of a fresh D, nats", gap, 0.5, 2)

# %% [markdown]
# The collapsed games show the loss of a game that has ended well, and a fresh discriminator is
# nearly always right about them. So, within one game, the discriminator's loss tells who is ahead
# *at the moment*. A value near 0 says that $D$ has won. A value near $2 \log 2$ says only that
# *this* $D$ cannot tell, perhaps because it is behind. It is no measure of the samples; the loss
# of a fresh $D$, trained to the end, is one.

# %% [markdown]
# ## 7 · Images: S3's three GANs

# %% [markdown]
# S3 (*Generative models using VAEs & GANs*) trains three: **FC-GAN**, fully connected; **LS-GAN**, the same networks with the least-squares
# losses; and **DC-GAN**, convolutional (Radford et al. 2016; small here). Adam's step is 0.001, as
# S3 gives it. The DC-GAN changes two things at once, the networks and $\beta_1 = 0.5$, so a fourth
# training changes only $\beta_1$.
#
# `training.fit` takes the step of both players at once, from the same weights. It also records the
# discriminator's **accuracy** and the **variety**: the distance between two fakes as a share of the
# distance between two real images.

# %%
def fc_gan():
    return recipes.build("fc-gan", image_shape=train.shape, seed=seed)


def dc_gan(width=16):
    """Convolutions, and batch normalisation: each channel is scaled by its batch's statistics."""
    torch.manual_seed(seed)
    G, D = gan.dc_generator(96, train.shape, width), gan.dc_discriminator(train.shape, width)
    return gan.GAN(G, D, 96, train.shape)


def fit(model, loss, beta1):
    """Train a GAN for a few passes: the last line of its history, and 1,000 samples."""
    how = dict(epochs=epochs, batch_size=64, lr=1e-3, betas=(beta1, 0.999), seed=seed)
    history = training.fit(model, train, loss, **how)
    samples = model.cpu().sample(1000, generator=torch.Generator().manual_seed(seed))
    return history.last, samples

# %% tags=["nbval-ignore-output"]
trained = {
    "FC-GAN": fit(fc_gan(), gan.non_saturating, 0.9),
    "LS-GAN: only the loss": fit(fc_gan(), gan.least_squares, 0.9),
    "FC-GAN, β₁ = 0.5: only β₁": fit(fc_gan(), gan.non_saturating, 0.5),
    "DC-GAN, β₁ = 0.5": fit(dc_gan(), gan.non_saturating, 0.5),
}
plots.compare(
    {name: samples[:12] for name, (_, samples) in trained.items()},
    title="Twelve samples of each, after the same number of steps",
)

# %% [markdown]
# **FID** (lab 05) compares 1,000 samples with test images; real images against the test images say
# what is best possible. **Classes shown** is $e^{H}$, where $H$ is the entropy of the classes
# that a classifier sees: 1 if all samples look like one class, 10 for ten equally frequent ones.

# %% tags=["nbval-ignore-output"]
judge = metrics.load_features(judge_name, device="cpu")
test = data.load(dataset, "test")
test = test.first(min(1000, len(test)))


def classes_shown(images):
    counts = judge.classify(images).bincount(minlength=10)
    return torch.special.entr(counts / counts.sum()).sum().exp().item()


real = train.first(min(1000, len(train))).images()
rows = [["real images", "", "1", f"{classes_shown(real):.1f}",
         f"{metrics.fid(test, real, features=judge).value:.1f}"]]
for name, (last, samples) in trained.items():
    accuracy, variety = last["train_accuracy"], last["train_variety"]
    fid = metrics.fid(test, samples, features=judge).value
    rows.append([name, f"{accuracy:.2f}", f"{variety:.2f}", f"{classes_shown(samples):.1f}",
                 f"{fid:.1f}"])
plots.table(["model", "accuracy of D", "variety", "classes shown", "FID"], rows)

# %% [markdown]
# Read accuracy and variety together. An accuracy near 1 says that the discriminator has won; a
# variety near 0 says that all fakes are the same picture, whatever the noise. A row with both is a
# collapsed game that cannot recover by itself. A discriminator that is often, but not always, right
# still has something to teach. What helped on the ring need not help here: compare the first three
# rows. And these are one short training each: they show how the models *begin*.

# %% [markdown]
# ## 8 · Walk through a trained generator

# %% [markdown]
# Twelve passes over 60,000 images make a DC-GAN of this course's recipe `dc-gan-fashion`, which is
# shipped. **Question:** is one number of the noise a property of the garment? Drag $z_1$ from end
# to end. Then change $z_2$ and drag $z_1$ again: does it do the same? Arrow keys move the slider
# that has the focus.

# %% tags=["nbval-ignore-output"]
shipped = pretrained.load("dc-gan-fashion").model
start = torch.randn(12, 96, generator=torch.Generator().manual_seed(seed))[8]
explore.walk(shipped, dims=3, start=start)

# %% [markdown]
# Nothing in the game asks an axis to mean anything; what an axis does depends on where you stand.
#
# There is no encoder either: a GAN cannot say which noise belongs to a given image, and it gives no
# likelihood. But two draws can be joined. Noise of 96 numbers has a length near
# $\sqrt{96} \approx 10$; a straight line between two draws passes through shorter vectors, an arc
# does not. **Question:** choose two garments of different kinds and drag. Where does one kind
# become the other: gradually, or at one place? Switch between line and arc: does the middle change?

# %% tags=["nbval-ignore-output"]
explore.interpolate(shipped, a=2, b=6, spherical=True, seed=seed)

# %%
z = torch.randn(1000, 2, 96, generator=torch.Generator().manual_seed(seed))
middle = z.mean(1).norm(dim=1).mean() / z.norm(dim=2).mean()
check.between("length of the middle of a line, over that of a draw", middle, 0.68, 0.74)

# %% [markdown]
# The middle of a line is shorter by a factor $1/\sqrt 2$, a length that the generator hardly ever
# met in training. For this reason interpolations between draws of noise follow the arc
# (**spherical**), even where the eye sees little difference.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
best = max(means, key=means.get)
names = list(trained)
variety = {name: last["train_variety"] for name, (last, _) in trained.items()}
display(Markdown(f"""
- **One change at a time.** On the ring the loss alone moved the mean share on a cluster by
  {100 * by_loss:+.0f} percentage points, β₁ alone by {100 * by_beta:+.0f}; the best setting,
  *{best}*, reached {means[best]:.0%}, where an even ring gets {even:.0%}.
- **Collapse is not divergence.** Ten steps of G left a spread of {mean(spreads):.2f} (data: 1) near
  the data; momentum 0.9 in the smallest game ended {grown[0.9]:,.0f} away from its solution.
- **The loss of D is no score.** In the collapsed games it was {mean(in_game['ten steps of G']):.2f}
  nats (2 log 2 = 1.39); a fresh D got {mean(fresh['ten steps of G']):.2f}. Of the images' GANs
  the variety was {variety[names[0]]:.2f} (FC-GAN), {variety[names[1]]:.2f} (LS-GAN) and
  {variety[names[3]]:.2f} (DC-GAN).
"""))

# %% [markdown]
# **Next**, lab 07 trains a generator without an opponent: a network that removes noise. Lab 08 lets
# the shipped DC-GAN meet the VAE and the diffusion model.
#
# ## Further reading
# - Goodfellow et al. (2014), *Generative adversarial nets*: both losses, in section 3.
# - Mao et al. (2017), *Least squares generative adversarial networks*.
# - Radford, Metz, Chintala (2016), *Unsupervised representation learning with deep convolutional
#   generative adversarial networks*.
# - Mescheder, Geiger, Nowozin (2018), *Which training methods for GANs do actually converge?*
# - S3, *Generative models using VAEs & GANs*, CPSC 8810, Clemson University: the three GANs.
