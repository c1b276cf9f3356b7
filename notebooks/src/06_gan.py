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
# - write the non-saturating loss, and say where it and the minimax loss have a slope;
# - say what happens in a round of the game, and which player learns from which loss;
# - change one thing at a time (the loss, then β₁) and measure over several games what it buys;
# - provoke mode collapse, measure it per mode, and tell it apart from divergence;
# - say what the discriminator's loss tells about the samples, and what it does not.

# %% [markdown]
# **Time and data**: a little more than a minute on two free cores, offline. Fashion-MNIST (12,000 images) is
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
errors.at_least("epochs", epochs, 1)
errors.check_seed(seed)
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
# Typed as they stand, the formulas break. **Expect** infinities for a fake that $D$ is
# sure is real.

# %% tags=["nbval-ignore-output"]
rows = []
for score in (0.0, 20.0, 200.0):
    s = torch.tensor(score, requires_grad=True)
    for way, loss in {"typed": -(1 - s.sigmoid()).log(), "softplus": F.softplus(s)}.items():
        slope = torch.autograd.grad(loss, s, retain_graph=True)[0]
        rows.append([f"{score:g}", way, f"{loss.item():.3g}", f"{slope.item():.3g}"])
plots.table(["score of a fake", "−log(1 − σ(s)), written as", "loss, nats", "slope"], rows)

# %% [markdown]
# In 32 bits $\sigma(20)$ is exactly 1, so $1 - \sigma(20)$ is 0 and its logarithm is $-\infty$. The
# slope is NaN, and one such image makes every weight NaN.
# But $-\log(1 - \sigma(s)) = \log(1 + e^{s})$, which `softplus` computes for every score:

# %%
def minimax(real, fake):
    """What D and G minimise, nats, for scores (N,) of real and generated images: (N,) each."""
    of_discriminator = F.softplus(-real) + F.softplus(fake)
    of_generator = -F.softplus(fake)
    return of_discriminator, of_generator

# %% [markdown]
# ### ✏️ Exercise 1 (write it): the non-saturating losses
# The same paper proposes another loss for the generator. The minimax loss *minimises the logarithm*
# of the probability that $D$ is right, $\log(1 - \sigma(s))$. This one *maximises the logarithm* of
# the probability that $D$ is wrong:
#
# $$\mathcal L_G^\text{non-saturating} = -\log \sigma(s_\text{fake})$$
#
# The goal is the same, a higher score; the slope is not. The discriminator's loss stays. Write both
# players' losses, stable for every score.
#
# <details><summary>Hint 1</summary>1 − σ(s) is σ(−s). Which sign inside softplus turns
# −log(1 − σ(s)) into −log σ(s)?</details>
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
# What slope does each loss give to the generator? **Expect** a difference where the discriminator
# wins, at low scores of fakes.

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
# they differ in *which* fakes are pushed.

# %% [markdown]
# ## 2 · Who learns from what

# %% [markdown]
# In sections 2 to 6 an "image" is a point in the plane, so that everything can be drawn.
# The data are eight clusters on a circle. The networks are small; `LeakyReLU` lets a part of a
# negative input pass, so that no unit stops learning.

# %%
angles = torch.arange(8) * math.pi / 4
centres = torch.stack([angles.cos(), angles.sin()], 1)


def ring(n):
    """n data points, (n, 2): a cluster at random, and Gaussian noise of deviation 0.05."""
    return centres[torch.randint(8, (n,))] + 0.05 * torch.randn(n, 2)


def mlp(inputs, outputs, width=64):
    """Three linear layers with LeakyReLU between them."""
    first = [nn.Linear(inputs, width), nn.LeakyReLU(0.05)]
    second = [nn.Linear(width, width), nn.LeakyReLU(0.05)]
    return nn.Sequential(*first, *second, nn.Linear(width, outputs))

# %% [markdown]
# ### ✏️ Exercise 2 (find the bug): the loss of the discriminator
# A round begins with the discriminator's loss. This function looks right, and the number that it
# returns is right. The loss is for $D$ only: a right one gives $D$ a gradient, and $G$ none.

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
# The generator gets a gradient too, and it asks for images that are *easier* to recognise.
# Where does it come from? Correct the function.
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
d_loss = discriminator_loss(D, ring(1000), G(fakes)).mean().item()
norms, rows = {}, []
for name, loss in {"minimax": minimax, "non-saturating": non_saturating}.items():
    G.zero_grad()
    score = D(G(fakes))[:, 0]
    loss(score, score)[1].mean().backward()
    norms[name] = gradient_norm(G)
    rows.append([name, f"{d_loss:.3f}", f"{score.mean().item():.1f}", f"{norms[name]:.2g}"])
head = ["generator's loss", "D's loss, nats", "mean score of a fake", "generator's gradient"]
plots.table(head, rows)

# %%
ratio = norms["non-saturating"] / norms["minimax"]
check.between("gradient, non-saturating over minimax", ratio, 10, math.inf)

# %% [markdown]
# The discriminator says "fake" with near certainty, and the minimax generator gets almost no
# gradient. But here $D$ was given 300 steps alone. Is it ever that sure in a game?

# %% [markdown]
# ## 3 · A whole game

# %% [markdown]
# A round is: $D$ takes a step with fresh data and fakes, then $G$ takes one with what $D$ now says.
# **Adam** steps along an average of gradients, divided by their usual size, so that
# a small gradient alone does not mean a small step; $\beta_1$ is the weight
# of the old average, 0.9 by default. The step, 0.005, is five times the default.

# %%
def play(loss, beta1, seed=seed, rounds=rounds, lr=5e-3, g_steps=1):
    """A game on the ring: its generator, its draws at four moments, D's loss per round."""
    torch.manual_seed(seed)
    G, D = mlp(8, 2), mlp(2, 1)
    # fused: all weights in one call, which is faster
    how = dict(lr=lr, betas=(beta1, 0.999), fused=True)
    g_optimizer = torch.optim.Adam(G.parameters(), **how)
    d_optimizer = torch.optim.Adam(D.parameters(), **how)
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
    return {"G": G, "draws": draws, "end": G(noise).detach(), "d_losses": d_losses}

# %% [markdown]
# Numbers for a game come from 1,000 samples of its generator, the **draws**. A draw is **on a
# cluster** if it is nearer than 0.15 (three standard deviations) to its centre. A cluster is
# **covered** if it gets at least half of its eighth of all draws. The **spread** is the root of the
# summed variances of the draws; the **median distance** is from a draw to the nearest centre. What
# would data get, and what would an even ring get, points anywhere on the circle?

# %%
def shares(points):
    """The share of the draws (N, 2) that lies on each cluster, (8,)."""
    distance, cluster = torch.cdist(points, centres).min(1)
    return cluster[distance < 0.15].bincount(minlength=8) / len(points)


def facts(points):
    """Share on a cluster, clusters covered, spread, median distance: four floats."""
    each = shares(points)
    distance = torch.cdist(points, centres).amin(1).median()
    spread = points.var(0).sum().sqrt()
    return [float(value) for value in (each.sum(), (each >= 1 / 16).sum(), spread, distance)]


def row(name, points):
    """A line of a table from `facts`."""
    on, covered, spread, distance = facts(points)
    return [name, f"{on:.0%}", f"{covered:.0f}", f"{spread:.2f}", f"{distance:.2g}"]

# %% tags=["nbval-ignore-output"]
HEAD = ["draws", "on a cluster", "covered, of 8", "spread", "median distance"]
torch.manual_seed(seed)
turn = torch.rand(100_000) * 2 * math.pi
even_ring = torch.stack([turn.cos(), turn.sin()], 1)
even = float(shares(even_ring).sum())
references = [row("data", ring(100_000)), row("even ring", even_ring)]
plots.table(HEAD, references)

# %% [markdown]
# An even ring hits a cluster by chance with more than a third of its draws.

# %% [markdown]
# The first setting: the non-saturating losses, and $\beta_1 = 0.9$.

# %% tags=["nbval-ignore-output"]
def play_all(loss, beta1, **settings):
    """Games with the same setting and different seeds."""
    # networks as small as these are faster on one thread
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = [play(loss, beta1, seed=seed + k, **settings) for k in range(games)]
    torch.set_num_threads(threads)
    return found


played = {("non-saturating", 0.9): play_all(non_saturating, 0.9)}

# %%
def show(pictures, title):
    """Draws (N, 2) by name; a grey circle is a cluster, with its number."""
    fig, axes = plots.figure(9, 2.9, columns=len(pictures), sharex=True, sharey=True)
    axes = [axes] if len(pictures) == 1 else axes
    limit = max(1.6, *(1.1 * float(points.abs().max()) for points in pictures.values()))
    around = torch.linspace(0, 2 * math.pi, 60)
    edge = 0.15 * torch.stack([around.cos(), around.sin()], 1)
    for ax, (name, points) in zip(axes, pictures.items()):
        ax.scatter(*points.T, s=5, color=plots.LINES[1])
        for k, centre in enumerate(centres):
            ax.plot(*(centre + edge).T, color="0.3")
            ax.text(*(0.6 * centre), k, ha="center", va="center", fontsize=9)
        ax.set(title=name, xlabel="first coordinate", aspect="equal")
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    axes[0].set_ylabel("second coordinate")
    fig.suptitle(title)
    return fig


first = played["non-saturating", 0.9]
moments = {f"round {i}": points for i, points in first[0]["draws"].items()}
show(moments, "Non-saturating losses, β₁ = 0.9: 1,000 draws at four moments of game 0")

# %% [markdown]
# All games of this setting, beside data and an even ring:

# %% tags=["nbval-ignore-output"]
plots.table(HEAD, references + [row(f"game {k}", game["end"]) for k, game in enumerate(first)])

# %% [markdown]
# Few draws lie on a cluster, fewer than an even ring would put there. What should be changed? Who
# makes two changes at once may give the credit to the wrong one.

# %% [markdown]
# ## 4 · A tournament: only the loss, then only β₁

# %% [markdown]
# A third loss takes part. Mao et al. (2017) compare scores with targets, and halve the squared
# errors: $D$ wants 1 for real images and 0 for fakes, $G$ wants 1 for its fakes.

# %%
def least_squares(real, fake):
    """What D and G minimise for scores (N,) of real and generated images: (N,) each."""
    of_discriminator = ((real - 1) ** 2 + fake**2) / 2
    of_generator = (fake - 1) ** 2 / 2
    return of_discriminator, of_generator


losses = {"minimax": minimax, "non-saturating": non_saturating, "least squares": least_squares}

# %% [markdown]
# ### ✏️ Exercise 3 (predict it): the loss or β₁, and who comes last
# Each loss plays with $\beta_1 = 0.9$ and with 0.5 (for both players). Two bets. Start from the games
# above and change **one** thing: which change raises the mean share of draws on a cluster more?
#
# - **a**: another loss, the better of the other two
# - **b**: $\beta_1 = 0.5$
# - **c**: neither raises it by more than 5 percentage points
#
# Section 2 gives a reason to bet against minimax. Where is its share at $\beta_1 = 0.5$, compared
# with the mean of the other two: **"far behind"** or **"ahead"** (by more than 10 percentage
# points), or **"near"**?
#
# <details><summary>Hint 1</summary>In the pictures of game 0, does the patch stand still? Where does
# an average of old gradients point then?</details>
# <details><summary>Hint 2</summary>Write a letter and a name: <code>guess = "a"</code>,
# <code>minimax_is = "near"</code>.</details>

# %%
# BEGIN SOLUTION
guess = "b"
minimax_is = "near"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
for beta1 in (0.9, 0.5):
    for name, loss in losses.items():
        if (name, beta1) not in played:
            played[name, beta1] = play_all(loss, beta1)


def mean(values):
    return sum(values) / len(values)


on = {key: [facts(game["end"])[0] for game in played[key]] for key in played}
means = {key: mean(on[key]) for key in on}

# %% [markdown]
# Each cell of the table: the mean over games, and the lowest and the highest game.

# %% tags=["nbval-ignore-output"]
rows = []
for name in losses:
    pair = [(name, 0.9), (name, 0.5)]
    cells = [f"{means[key]:.0%} ({min(on[key]):.0%} to {max(on[key]):.0%})" for key in pair]
    covered = mean([facts(game["end"])[1] for game in played[name, 0.5]])
    rows.append([name, *cells, f"{100 * (means[pair[1]] - means[pair[0]]):+.0f}", f"{covered:.1f}"])
rows.append(["even ring", f"{even:.0%}", f"{even:.0%}", "", "0"])
head = ["share on a cluster", "β₁ = 0.9", "β₁ = 0.5", "difference, points",
        "covered at 0.5, of 8"]
plots.table(head, rows)

# %% tags=["nbval-ignore-output"]
before = means["non-saturating", 0.9]
by_loss = max(means["minimax", 0.9], means["least squares", 0.9]) - before
by_beta = means["non-saturating", 0.5] - before
outcomes = {
    "a": by_loss > max(0.05, by_beta),
    "b": by_beta > 0.05 and by_beta >= by_loss,
    "c": max(by_loss, by_beta) <= 0.05,
}
points = f"Another loss: {100 * by_loss:+.0f} percentage points; β₁ alone: {100 * by_beta:+.0f}."
display(check.prediction(guess, outcomes, because=points))

# %% tags=["nbval-ignore-output"]
others = (means["non-saturating", 0.5] + means["least squares", 0.5]) / 2
behind = others - means["minimax", 0.5]
within = max(max(on[name, 0.5]) - min(on[name, 0.5]) for name in losses)
loss_of_d = mean([mean(game["d_losses"][-50:]) for game in played["minimax", 0.5]])
outcomes = {"far behind": behind > 0.1, "near": abs(behind) <= 0.1, "ahead": behind < -0.1}
side = "behind" if behind > 0 else "ahead"
text = (f"It is {100 * abs(behind):.0f} points {side}; games of one setting at 0.5 differ "
        f"by up to {100 * within:.0f}. D's loss at the end of minimax: {loss_of_d:.2f} nats.")
check.prediction(minimax_is, outcomes, because=text)

# %% [markdown]
# Compare a difference of means with the range over games before you believe it. With seed 0 the
# three ranges at 0.5 overlap, and the last column ranks the losses differently. And minimax?
# It saturates against a $D$ that is sure, with a loss near 0 as in section 2; in these games it was
# not. This is one network with one step: a rule about neither losses nor $\beta_1$.
#
# These are the games with the least-squares losses at 0.5. Look at the gaps between the clusters:
# data leave them empty.

# %% tags=["cover", "nbval-ignore-output"]
sorted_games = sorted(played["least squares", 0.5], key=lambda game: facts(game["end"])[0])
ends = {f"{facts(game['end'])[0]:.0%} on a cluster": game["end"] for game in sorted_games}
show(ends, "Least-squares losses, β₁ = 0.5: 1,000 draws at the end of each game")

# %% [markdown]
# How can an average of gradients matter? The smallest game gives a hint (Mescheder et al. 2018): the
# data are one point, 0; the generator draws one point, $\theta$; the discriminator's score is
# $\psi x$. Both step along an average of gradients whose old value has the weight **momentum** (as
# $\beta_1$ in Adam). PyTorch's `SGD` by default *adds up* gradients; `dampening` makes an average.

# %%
def smallest_game(momentum, dampening, steps=200):
    """The path of (θ, ψ), (steps, 2)."""
    theta, psi = (torch.tensor([start], requires_grad=True) for start in (1.0, 0.0))
    how = dict(lr=0.1, momentum=momentum, dampening=dampening)
    g_optimizer, d_optimizer = torch.optim.SGD([theta], **how), torch.optim.SGD([psi], **how)
    path = []
    for _ in range(steps):
        update(d_optimizer, non_saturating(0 * psi, psi * theta.detach())[0])
        update(g_optimizer, non_saturating(0 * psi.detach(), psi.detach() * theta)[1])
        path.append(torch.cat([theta, psi]).detach())
    return torch.stack(path)

# %%
kinds = {"no momentum": (0.0, 0.0), "0.5, average": (0.5, 0.5), "0.9, average": (0.9, 0.9),
         "0.9, sum": (0.9, 0.0)}
paths = {name: smallest_game(*kind) for name, kind in kinds.items()}
distances = {name: path[-1].norm().item() for name, path in paths.items()}

# %%
fig, axes = plots.figure(9, 3.1, columns=4)
for ax, (name, path) in zip(axes, paths.items()):
    limit, ends = max(2.2, 1.1 * float(path.abs().max())), distances[name]
    ax.plot(*path.T, color=plots.LINES[0])
    ax.plot(1, 0, "o", color=plots.LINES[1], label="start")
    ax.plot(0, 0, "k+", markersize=12, markeredgewidth=2, label="solution")
    ax.set(title=f"{name}\nends at {ends:,.{2 if ends < 10 else 0}f}", xlabel="θ", aspect="equal")
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    ax.locator_params(nbins=4)
axes[0].set_ylabel("ψ")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
fig.suptitle("The smallest game, 200 steps: distance to the solution at the end (start: 1)")
fig

# %%
ended = distances["0.9, average"]
check.between("distance to the solution, momentum 0.9 as an average", ended, 1.2, 3)

# %% [markdown]
# Each player's best direction turns as the other moves, and an average of old directions lags
# behind. Without momentum the path comes closer; with 0.5 it does so at first, then circles (try
# `steps=1000`); with 0.9 it goes out and circles. As a *sum* the same momentum makes steps ten times
# as long, and the distance grows without bound (look at the axes): **divergence**. This is a hint,
# as Adam also divides; the table is the evidence.

# %% [markdown]
# ## 5 · Mode collapse and divergence, on purpose

# %% [markdown]
# **Mode collapse** is another failure: the draws show only few of the clusters; in the extreme, made
# here, all are alike. Against a discriminator that stands still, the best reply is a single point,
# the one with the highest score. So let the generator take ten steps for each step of the
# discriminator, for 120 rounds. The control takes one.

# %% tags=["nbval-ignore-output"]
control = play_all(non_saturating, 0.5, rounds=120)
collapsed = play_all(non_saturating, 0.5, rounds=120, g_steps=10)
pictures = {f"game {k}": game["end"] for k, game in enumerate(collapsed)}
show(pictures, "Ten steps of G for one of D: 1,000 draws at the end of each game")

# %% [markdown]
# Which centre is nearest to a draw, and is the draw on that cluster? The bars show each
# setting's game with the most draws on a cluster.

# %% tags=["nbval-ignore-output"]
def nearest(points):
    """The share of the draws to which each centre is the nearest, (8,)."""
    return torch.cdist(points, centres).argmin(1).bincount(minlength=8) / len(points)


def best_of(all_games):
    return max((game["end"] for game in all_games), key=lambda points: facts(points)[0])


pictures = {"least squares, β₁ = 0.5": played["least squares", 0.5],
            "120 rounds, one step of G": control, "120 rounds, ten steps of G": collapsed}
fig, axes = plots.figure(9, 3.4, columns=3, sharey=True)
for ax, (name, all_games) in zip(axes, pictures.items()):
    points = best_of(all_games)
    ax.bar(range(8), nearest(points), color="0.8", label="nearest to this centre")
    ax.bar(range(8), shares(points), width=0.5, color=plots.LINES[0], label="on this cluster")
    ax.axhline(1 / 8, color="black", linestyle="--", label="data: both; even ring: nearest")
    ax.axhline(even / 8, color="black", linestyle=":", label="even ring: on a cluster")
    ax.set(title=f"{name}\n{facts(points)[0]:.0%} on a cluster", xlabel="cluster", ylim=(0, 1.02))
axes[0].set_ylabel("share of 1,000 draws")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
fig.suptitle("Which clusters get the draws? The best game of each setting")
fig

# %% [markdown]
# Two rules tell the failures apart, game by game. **Collapsed** (the extreme): the spread is below
# 0.5. **Diverged**: halfway and at
# the end the median distance is above 1. The middle of the ring is at distance 1 from every centre,
# so these draws have left the data and stay away. To provoke it: a step of 0.1, twenty times the one
# above, with $\beta_1 = 0.9$. Only the loss is changed.
#
# **Question:** three games without names. Which has collapsed, which has diverged?
#
# <details><summary>Answer</summary>A has diverged (minimax, step 0.1), B has collapsed (ten steps of
# G), C neither: it is a game of the control, after few rounds.</details>

# %% tags=["nbval-ignore-output"]
wild = {name: play_all(losses[name], 0.9, rounds=120, lr=0.1)
        for name in ("minimax", "non-saturating")}
rows = []
for name, game in {"A": wild["minimax"][0], "B": collapsed[0], "C": control[0]}.items():
    halfway, end = facts(game["draws"][60]), facts(game["end"])
    rows.append([name, f"{end[2]:.2f}", f"{halfway[3]:.2f}", f"{end[3]:.2f}"])
plots.table(["game", "spread (data: 1)", "median distance, halfway", "at the end"], rows)

# %% [markdown]
# All games by the same rules:

# %% tags=["nbval-ignore-output"]
def diagnosis(name, all_games):
    """A line of the table: means over games, and how many have collapsed or diverged."""
    _, _, spreads, end = zip(*(facts(game["end"]) for game in all_games))
    half = [facts(list(game["draws"].values())[1])[3] for game in all_games]
    alike = sum(spread < 0.5 for spread in spreads)
    away = sum(min(pair) > 1 for pair in zip(half, end))
    numbers = [f"{mean(values):.2f}" for values in (spreads, half, end)]
    return [name, *numbers, f"{alike} of {games}", f"{away} of {games}"]


pictures = {f"{name}, β₁ = {beta1}": played[name, beta1] for name, beta1 in played} | pictures
rows = [diagnosis(name, pictures[name]) for name in pictures]
rows += [diagnosis(f"{name}, β₁ = 0.9, step 0.1", wild[name]) for name in wild]
head = ["games, means of", "spread (data: 1)", "median distance, halfway", "at the end",
        "collapsed", "diverged"]
plots.table(head, rows)

# %% tags=["nbval-ignore-output"]
spreads = [facts(game["end"])[2] for game in collapsed]
display(check.between("mean spread of the collapsed draws (data: 1)", mean(spreads), 0, 0.5))
sure = mean([mean(game["d_losses"][-50:]) for game in wild["minimax"]])
check.between("minimax, step 0.1: D's loss over the last 50 rounds, nats", sure, 0, 0.2)

# %% [markdown]
# With the large step the minimax games run away and stay away; those with the non-saturating loss do
# not. The loss of $D$ is near 0: so sure *can* it be in a game, and there the minimax loss has almost no slope. At the smaller step, with seed 0, two of four non-saturating games have collapsed; the
# others with $\beta_1 = 0.9$ meet neither rule: they are wider, and mostly off the clusters.

# %% [markdown]
# ## 6 · What the discriminator's loss tells

# %% [markdown]
# In theory a discriminator that cannot tell real from fake scores everything 0, and its loss is
# $2 \log 2 \approx 1.39$ nats.

# %% [markdown]
# ### ✏️ Exercise 4 (predict it): the loss of a collapsed game
# In the games with ten steps of $G$ all draws sit in one patch. What was $D$'s mean loss over the
# last 50 rounds, averaged over these games?
#
# - **a**: below 1.2 nats: fakes that are all alike are easy to recognise
# - **b**: between 1.2 and 1.6, about that of a $D$ that cannot tell
# - **c**: above 1.6: $D$ is wrong most of the time
#
# <details><summary>Hint 1</summary>If the patch has moved since $D$ last learned, what can $D$ still
# know about it?</details>
# <details><summary>Hint 2</summary>Write your choice as a letter: <code>collapse_loss = "a"</code>,
# <code>"b"</code> or <code>"c"</code>.</details>

# %%
# BEGIN SOLUTION
collapse_loss = "b"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
in_game = {
    "non-saturating, β₁ = 0.5": [mean(g["d_losses"][-50:]) for g in played["non-saturating", 0.5]],
    "ten steps of G": [mean(game["d_losses"][-50:]) for game in collapsed],
}
measured = mean(in_game["ten steps of G"])
single = [loss for game in collapsed for loss in game["d_losses"][-50:]]
outcomes = {"a": measured < 1.2, "b": 1.2 <= measured <= 1.6, "c": measured > 1.6}
text = f"The mean was {measured:.2f} nats; single rounds, {min(single):.2f} to {max(single):.2f}."
check.prediction(collapse_loss, outcomes, because=text)

# %% [markdown]
# Ask a second discriminator: a **fresh** one, trained for 300 steps against a generator that stands
# still. If it were the best possible, its loss would be $2 \log 2 - 2\,\mathrm{JSD}$. The
# **Jensen–Shannon divergence** (JSD) measures how far two distributions are apart, from 0 (equal)
# to $\log 2$ (no overlap). More steps could lower the loss further, so read the JSD as "at least".

# %%
def referee(generator, steps=300):
    """The loss, nats per pair, and the accuracy of a fresh D; the generator stands still."""
    torch.manual_seed(seed)
    fresh_d = mlp(2, 1)
    optimizer = torch.optim.Adam(fresh_d.parameters(), lr=5e-3, fused=True)
    for _ in range(steps):
        fake = generator(torch.randn(128, 8))
        update(optimizer, discriminator_loss(fresh_d, ring(128), fake))
    with torch.no_grad():
        real, fake = ring(4000), generator(torch.randn(4000, 8))
        right = torch.cat([fresh_d(real) > 0, fresh_d(fake) < 0]).float().mean().item()
        return discriminator_loss(fresh_d, real, fake).mean().item(), right

# %% tags=["nbval-ignore-output"]
groups = {
    "non-saturating, β₁ = 0.5": played["non-saturating", 0.5],
    "ten steps of G": collapsed,
    "least squares, β₁ = 0.5": played["least squares", 0.5],
}
verdicts = {name: [referee(game["G"]) for game in groups[name]] for name in groups}
fresh = {name: [loss for loss, _ in verdicts[name]] for name in groups}

# %% [markdown]
# A point is a game; some coincide. The least-squares loss has other units, so it is missing on the
# left. By which panel would you choose a game?

# %% tags=["nbval-ignore-output"]
fig, axes = plots.figure(9, 3.4, columns=2, sharex=True, sharey=True)
where = {"D's loss in the game, last 50 rounds": in_game, "loss of a fresh D": fresh}
for ax, (title, losses_of) in zip(axes, where.items()):
    for name, marker in zip(losses_of, "sDo"):
        covered = [facts(game["end"])[1] for game in groups[name]]
        ax.plot(losses_of[name], covered, marker, markersize=9, fillstyle="none",
                markeredgewidth=2, label=name)
    ax.axvline(2 * math.log(2), color="black", linestyle="--", label="2 log 2: cannot tell")
    ax.set(title=title, xlabel="nats per pair", xlim=(-0.05, 1.55), ylim=(-0.4, 8.4))
axes[0].set_ylabel("clusters covered, of 8")
fig.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=2)
fig.suptitle("Does the loss of D say how good a game is? Up is better")
fig

# %% tags=["nbval-ignore-output"]
rows = []
for name in groups:
    loss_in_game = f"{mean(in_game[name]):.2f}" if name in in_game else "in other units"
    right = mean([accuracy for _, accuracy in verdicts[name]])
    jsd = math.log(2) - mean(fresh[name]) / 2
    rows.append([name, loss_in_game, f"{mean(fresh[name]):.2f}", f"{right:.0%}", f"{jsd:.2f}"])
head = ["games", "loss in the game, nats", "loss of a fresh D, nats", "accuracy of a fresh D",
        "JSD at least, nats (at most 0.69)"]
plots.table(head, rows)

# %% tags=["nbval-ignore-output"]
gap = mean(in_game["ten steps of G"]) - mean(fresh["ten steps of G"])
check.between("collapsed: loss in the game minus loss of a fresh D, nats", gap, 0.5, 2)

# %% [markdown]
# On the left the collapsed games lie nearest to $2 \log 2$: read as a score, this loss would prefer
# them. It says only that *this* $D$ cannot tell; a fresh one is nearly always right about them. On
# the right the order is nearly that of the clusters covered: a measure of the samples.

# %% [markdown]
# ## 7 · Images: three GANs

# %% [markdown]
# The slides of a Clemson course (S3, see the end) train three: **FC-GAN**, fully connected;
# **LS-GAN**, the same networks with the least-squares losses; and **DC-GAN**, convolutional (Radford
# et al. 2016; small here). Adam's step is 0.001, as S3 gives it; the DC-GAN paper found this too
# high, took a fifth of it, and lowered $\beta_1$ to 0.5. Our DC-GAN changes two
# things, the networks and $\beta_1$; a fourth training changes only $\beta_1$.
#
# Unlike on the ring, `training.fit` takes the step of both players at once. It also records the
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
judge = metrics.load_features(judge_name, device="cpu")
test = data.load(dataset, "test")
test = test.first(min(1000, len(test)))


def fid(images):
    return metrics.fid(test, images, features=judge).value

# %% [markdown]
# **FID** (lab 05) compares 1,000 samples with test images; real images against the test images say
# what is best possible. **Classes shown** is $e^{H}$, where $H$ is the entropy of the classes
# that a classifier sees: 1 if all samples look like one class, 10 for ten equally frequent ones.

# %% tags=["nbval-ignore-output"]
def classes_shown(images):
    counts = judge.classify(images).bincount(minlength=10)
    return torch.special.entr(counts / counts.sum()).sum().exp().item()


real = train.first(min(1000, len(train))).images()
rows = [["real images", "", "1", f"{classes_shown(real):.1f}", f"{fid(real):.1f}"]]
for name, (history, samples) in trained.items():
    accuracy, variety = history["train_accuracy"], history["train_variety"]
    numbers = [f"{accuracy:.2f}", f"{variety:.2f}", f"{classes_shown(samples):.1f}"]
    rows.append([name, *numbers, f"{fid(samples):.1f}"])
plots.table(["model", "accuracy of D", "variety", "classes shown", "FID"], rows)

# %% tags=["nbval-ignore-output"]
plots.compare(
    {name: samples[:12] for name, (_, samples) in trained.items()},
    title="Twelve samples of each, after the same number of steps",
)

# %% [markdown]
# An accuracy near 1 says that $D$ has won; a variety
# near 0 says that all fakes are the same picture, whatever the noise. Between rows of noise FID
# ranks nothing. And $\beta_1$ alone does not make the variety of the DC-GAN; whether its networks
# alone would was not tried. These are short trainings, one of each: they show how the models *begin*.

# %% [markdown]
# ## 8 · Walk through a trained generator

# %% [markdown]
# Twelve passes over 60,000 images make a DC-GAN of this course's recipe `dc-gan-fashion`, which
# comes with the package. The sliders are the three of 96 numbers that change this garment most.
# **Question:** is one number of the noise a property of the garment? Drag each from end to end.
# Arrow keys move the slider that has the focus.

# %% tags=["nbval-ignore-output"]
shipped = pretrained.load("dc-gan-fashion").model
start = torch.randn(12, 96, generator=torch.Generator().manual_seed(seed))[8]
with torch.no_grad():
    ends = [shipped.decode(start + end * torch.eye(96)) for end in (-3, 3)]
change = (ends[1] - ends[0]).flatten(1).norm(dim=1)
explore.walk(shipped, dims=change.topk(3).indices.tolist(), start=start)

# %% [markdown]
# With seed 0 the picture shows one and the same change three times, between a jumper and something wide like a bag: three numbers are not three properties.
#
# There is no encoder: no network says which noise belongs to a given image (one can only search for
# it), and there is no likelihood.
#
# But two draws can be joined. Noise of 96 numbers has a length near $\sqrt{96} \approx 10$; a
# straight line between two draws passes through shorter vectors, an arc does not. **Question:**
# choose two garments of different kinds, and compare line and arc at $t = 0.5$. Which picture is the
# better one?

# %% tags=["nbval-ignore-output"]
explore.interpolate(shipped, a=2, b=6, spherical=True, seed=seed)

# %%
z = torch.randn(1000, 2, 96, generator=torch.Generator().manual_seed(seed))
middle = z.mean(1).norm(dim=1).mean() / z.norm(dim=2).mean()
check.between("length of the middle of a line, over that of a draw", middle, 0.68, 0.74)

# %% [markdown]
# The middle of a line is shorter by a factor $1/\sqrt 2$, a length that the generator hardly ever
# met in training. The arc (**spherical** interpolation) avoids short vectors. Its pictures need
# not be better: with seed 0 both ways pass through mixtures that are no garment.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
lines = [f"{name} {means[name, 0.5]:.0%}" for name in losses]
away, near = [mean([facts(game["end"])[3] for game in wild[name]]) for name in wild]
variety = [history["train_variety"] for history, _ in trained.values()]
display(Markdown(f"""
- **One change at a time.** β₁ = 0.5 alone moved the mean share on a cluster by
  {100 * by_beta:+.0f} percentage points, another loss alone by {100 * by_loss:+.0f}. At 0.5:
  {", ".join(lines)}, an even ring {even:.0%}; games of one setting differ by up to
  {100 * within:.0f} points.
- **Collapse is not divergence.** Ten steps of G left a spread of {mean(spreads):.2f} (data: 1).
  With a step of 0.1 minimax ended at a median distance of {away:,.1f},
  the non-saturating loss at {near:.1f}. On images the variety was {variety[0]:.2f} (FC-GAN),
  {variety[1]:.2f} (LS-GAN), {variety[2]:.2f} (only β₁) and {variety[3]:.2f} (DC-GAN).
- **The loss of D is no score.** In the collapsed games it was {mean(in_game['ten steps of G']):.2f}
  nats (2 log 2 = 1.39); a fresh D got {mean(fresh['ten steps of G']):.2f}.
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
