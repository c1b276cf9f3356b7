# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Diffusion: learning to remove noise
#
# [start page](00_start.ipynb) · next: [08 The fair fight](08_fair_fight.ipynb)
#
# A diffusion model turns noise into an image by removing a little noise many times. Afterwards you can
#
# - write the forward process, one step of DDIM and one of DDPM, and test a sampler against the truth;
# - say in which sense the training loss is a reweighted ELBO, and measure the bound in bits per dimension;
# - read and train a small U-Net, and say what each part of a larger model adds;
# - measure when it is decided what an image shows; encode one, fill in a half, redraw a drawing.
#
# One question runs through it: **at which degree of noise is what decided?** (Section 8; 4 and 5 prepare it.)

# %% [markdown]
# **Time**: about a minute on two quiet CPU cores. **Data**: handwritten digits, Fashion-MNIST and the
# weights of three trained models, all built in; no internet is needed.

# %% tags=["parameters"]
dataset: str = "digits"     # what the small U-Net learns: digits, fashion (built in), mnist, …
train_images: int = 1_400   # images it is trained on, 64 or more
epochs: int = 20            # passes over them, in each of the four trainings
n_bound: int = 100          # test images that the bound is measured on, 2 or more
seed: int = 0               # of weights, batch order and every random draw below

# %%
import sys

if "google.colab" in sys.modules:
    # `make links REPO=owner/name` writes where Colab installs vaekit from
    raise RuntimeError(
        "this copy cannot install itself on Colab; "
        "run it on your computer, or ask for a link to Colab"
    )

# vaekit before torch: it tells torch's threads to share the cores
from vaekit import data, errors, explore, metrics, plots
from vaekit.course import check, diagrams
from vaekit.models import diffusion
from vaekit.recipes import pretrained

import copy
import math

import torch
import torch.nn.functional as F
from IPython.display import Markdown
from torch import nn
from torch.distributions import Categorical, MixtureSameFamily, Normal

# %%
errors.at_least("train_images", train_images, 64)
errors.at_least("epochs", epochs, 1)
errors.at_least("n_bound", n_bound, 2)
errors.check_seed(seed)
train = data.load(dataset, "train", limit=train_images)
if not train.labelled or train.y.ndim != 1:
    raise errors.UserError(f"dataset must have one class per image, which {dataset!r} has not")


def noise(*shape):
    """Always the same noise, so that pictures compare."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


diagrams.denoising_chain()

# %% [markdown]
# ## 1 · One dimension first
#
# We begin with data that are single numbers. Their density is a mixture of three bumps, and everything that a
# network has to learn can be computed exactly.
#
# The **forward process** mixes a data point $x_0$ with Gaussian noise $\varepsilon$. There are $T$ degrees of
# noise, $t = 1 \dots T$:
#
# $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \varepsilon, \qquad \varepsilon \sim \mathcal N(0, 1)$$
#
# For data of variance 1, $\bar\alpha_t$ (say *alpha bar*) is the share of the variance that still comes from the
# data. It falls from 1 at $t = 0$ to almost 0 at $t = T$. Ours follows a squared cosine, a simplified version of
# Nichol & Dhariwal's (2021).

# %%
T = 100
kept = torch.cos(torch.linspace(0, 0.99, T + 1) * math.pi / 2) ** 2  # ᾱ_0 … ᾱ_T

# %% [markdown]
# ### ✏️ Exercise 1 (write it): the forward process
# Draw $x_t$ for a whole batch; each row has its own $\bar\alpha_t$. Return the noise too, since the network
# will have to predict it.
#
# <details><summary>Hint 1</summary>Data of variance 1 should keep it. So by what is a <i>number</i> multiplied if its
# variance is to become ᾱ?</details>
# <details><summary>Hint 2</summary><code>torch.randn_like(x0)</code> draws ε; the factors are
# <code>kept.sqrt()</code> and <code>(1 - kept).sqrt()</code>.</details>

# %%
def forward_process(x0, kept):
    """A draw of x_t, and the noise in it.  (N, …) and ᾱ (N, 1, …) → (N, …) twice"""
    # BEGIN SOLUTION
    eps = torch.randn_like(x0)
    return kept.sqrt() * x0 + (1 - kept).sqrt() * eps, eps
    # END SOLUTION

# %%
forward_process = check.or_reference(forward_process)

# %% [markdown]
# A Gaussian bump stays Gaussian: its centre moves towards 0, its variance towards 1. So the density of $x_t$
# is known for every $t$.

# %%
centres = torch.tensor([-1.3, 0.3, 1.1])
widths = torch.tensor([0.25, 0.12, 0.2])
shares = torch.tensor([0.4, 0.2, 0.4])


def density(kept):
    """The density of x_t: three bumps on their way to N(0, 1)."""
    variances = kept * widths**2 + 1 - kept
    bumps = Normal(kept.sqrt() * centres, variances.sqrt())
    return MixtureSameFamily(Categorical(shares), bumps)

# %% [markdown]
# **Before you run it**: what remains of three bumps at $t = T$?

# %% tags=["cover"]
grid = torch.linspace(-3, 3, 301)
picture = torch.stack([density(a).log_prob(grid).exp() for a in kept], 1)

fig, (left, right) = plots.figure(9, 3.4, columns=2)
left.imshow(picture, extent=(0, T, -3, 3), origin="lower", aspect="auto", cmap="Blues")
left.grid(False)
left.set(xlabel="t", ylabel="x", title="Density of xₜ (darker: higher)")
for t, colour, dash in zip((0, 25, 50, 75, 100), plots.LINES, ("-", "--", "-.", ":", "-")):
    right.plot(grid, picture[:, t], dash, color=colour, label=f"t = {t}, ᾱ = {kept[t]:.2g}")
right.set(xlabel="x", ylabel="density", title="Five columns of it", ylim=(0, 1.2))
right.legend(fontsize=9, loc="upper center", ncols=2)
fig

# %% [markdown]
# The three bumps spread, overlap and become one Gaussian. Does `forward_process` draw from these densities?
# Compare the share of draws below each $x$ with the exact share.

# %% tags=["nbval-ignore-output"]
torch.manual_seed(seed)
data_points = density(kept[0]).sample((20_000,))
x_50, _ = forward_process(data_points, kept[50].expand(20_000))
drawn_below = (x_50[:, None] < grid).float().mean(0)
exact_below = density(kept[50]).cdf(grid)
gap = (drawn_below - exact_below).abs().max()
check.between("largest gap between the two shares, t = 50", gap, 0, 0.02)

# %% [markdown]
# ## 2 · The exact score and the exact denoiser
#
# The **score** is the slope of the log-density, $\nabla_x \log q(x_t)$: it points to where $x_t$ is denser. The
# best estimate of the data behind an $x_t$, in the sense of the squared error, is the mean
# $\mathbb E[x_0 \mid x_t]$. Tweedie's formula says that one gives the other:
#
# $$\mathbb E[x_0 \mid x_t] = \frac{x_t + (1 - \bar\alpha_t)\, \nabla \log q(x_t)}{\sqrt{\bar\alpha_t}}$$

# %%
def score(x, kept):
    """The slope of the log-density at x, (N,)."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(density(kept).log_prob(x).sum(), x)[0]

def denoiser(x, kept):
    """The mean of x_0 given x_t = x, (N,): Tweedie's formula."""
    return (x + (1 - kept) * score(x, kept)) / kept.sqrt()

# %% [markdown]
# **Before you run it**: for which $t$ will the denoiser have steps? To test the formula, we also average the $x_0$ of
# draws whose $x_t$ nearly agree.

# %%
def averaged(t, at):
    """The mean x_0 of draws whose x_t lies near each place."""
    x_t, _ = forward_process(data_points, kept[t].expand(20_000))
    return torch.stack([data_points[(x_t - place).abs() < 0.05].mean() for place in at])

places = torch.linspace(-1.5, 1.5, 13)
fig, (left, right) = plots.figure(9, 3.2, columns=2)
for t, colour, dash in zip((15, 50, 90), plots.LINES, ("-", "--", "-.")):
    left.plot(grid, score(grid, kept[t]).clamp(-8, 8), dash, color=colour, label=f"t = {t}")
    right.plot(grid, denoiser(grid, kept[t]), dash, color=colour, label=f"t = {t}")
    right.plot(places, averaged(t, places), "o", color=colour)
left.set(xlabel="xₜ", ylabel="slope of log q, cut at ±8", title="Score")
right.set(xlabel="xₜ", ylabel="mean of x₀", title="Denoiser (dots: averaged draws)")
left.legend()
right.legend()
fig

# %% [markdown]
# The dots follow the curves. At $t = 90$ all these estimates lie between the outer bumps, which hold most of the
# data: a mean is a good *estimate* and a bad *sample*.

# %% [markdown]
# ## 3 · From noise back to data
#
# So one question to the denoiser is not enough. DDIM (Song et al. 2021) goes a little way towards the estimate
# $\hat x_0$ and asks again. You stand at $x_t$. If $\hat x_0$ is right, which noise does $x_t$ hold? Mix *the
# same* noise with $\hat x_0$ at the next, higher $\bar\alpha_s$. Nothing is drawn.

# %% [markdown]
# ### ✏️ Exercise 2 (write it): one step of DDIM
# `now` is $\bar\alpha_t$ and `after` is $\bar\alpha_s$, both numbers, `after` > `now`.
#
# <details><summary>Hint 1</summary>The mix has one unknown: solve it for ε. What do you do with
# ε then?</details>
# <details><summary>Hint 2</summary><code>eps = (x_t - now**0.5 * x0) / (1 - now) ** 0.5</code>; then the forward
# process again, with <code>after</code>.</details>

# %%
def ddim_step(x_t, x0, now, after):
    """From x_t to x_s, given an estimate of x_0.  (N, …) twice, ᾱ_t, ᾱ_s → (N, …)"""
    # BEGIN SOLUTION
    eps = (x_t - now**0.5 * x0) / (1 - now) ** 0.5
    return after**0.5 * x0 + (1 - after) ** 0.5 * eps
    # END SOLUTION

# %%
ddim_step = check.or_reference(ddim_step)

# %% [markdown]
# The sampler is a loop of three lines. **Expect** one step to fail: it returns the estimate itself.

# %%
def times(steps):
    """T … 0, evenly apart."""
    return [round(T * left / steps) for left in range(steps, -1, -1)]

def walk(denoiser, x, steps):
    """From noise (N,) to data, asking the denoiser `steps` times."""
    for t, s in zip(times(steps), times(steps)[1:]):
        x = ddim_step(x, denoiser(x, kept[t]), kept[t], kept[s])
    return x

# %%
def against_truth(draws):
    """A histogram of each set of draws, the true density dashed."""
    fig, axes = plots.figure(9, 2.6, columns=len(draws))
    for ax, (name, x) in zip(axes, draws.items()):
        ax.hist(x.numpy(), bins=60, range=(-2.5, 2.5), density=True, color=plots.LINES[5])
        ax.plot(grid, picture[:, 0], "--", color="black", label="truth")
        ax.set(title=name, xlabel="x", xlim=(-2.5, 2.5))
    axes[0].set_ylabel("density, own scale each")
    axes[0].legend()
    return fig

start = noise(20_000)
walks = {steps: walk(denoiser, start, steps) for steps in (1, 2, 5, 100)}
against_truth({f"steps: {steps}": x for steps, x in walks.items()})

# %% [markdown]
# How far from the truth? Sort the draws and as many data points, and average the distance between partners
# (the Wasserstein distance in one dimension). A perfect sampler would do as well as fresh data points, whose
# distance is a random number too: we draw them 20 times.

# %% tags=["nbval-ignore-output"]
def distance(a, b):
    """Mean distance between sorted draws: the Wasserstein distance in one dimension."""
    return (a.sort().values - b.sort().values).abs().mean().item()

truth = [distance(density(kept[0]).sample((20_000,)), data_points) for _ in range(20)]
fresh = f"{min(truth):.3f} to {max(truth):.3f}"
gaps = {steps: distance(x, data_points) for steps, x in walks.items()}
rows = [[f"DDIM, steps: {steps}", f"{gap:.3f}"] for steps, gap in gaps.items()]
print(check.between("distance in 100 steps over that in 1 step", gaps[100] / gaps[1], 0, 0.1))
plots.table(["sampler", "distance to the data"], [*rows, ["fresh data, 20 times", fresh]])

# %% [markdown]
# One step puts every draw near the mean. More steps repair it: at smaller $t$, $x_t$ leaves less doubt about
# $x_0$, so the next estimate is better.

# %% [markdown]
# ### ✏️ Exercise 3 (find the bug): the wrong noise
# DDPM (Ho et al. 2020) replaces some of the old noise by fresh noise, in each step, so that $x_s$ is a draw of
# $q(x_s \mid x_t, x_0)$. This version looks right and runs. See what it draws with the exact denoiser:

# %%
def buggy_step(x_t, x0, now, after, noise):
    """A step of DDPM from x_t to x_s, with a mistake."""
    eps = (x_t - now**0.5 * x0) / (1 - now) ** 0.5
    sigma = (1 - after) / (1 - now) * (1 - now / after)
    return after**0.5 * x0 + (1 - after - sigma) ** 0.5 * eps + sigma * noise

def walk_with_noise(step, x, steps=T):
    """From noise (N,) to data, with fresh noise in every step."""
    torch.manual_seed(seed)
    for t, s in zip(times(steps), times(steps)[1:]):
        x = step(x, denoiser(x, kept[t]), kept[t], kept[s], torch.randn_like(x))
    return x

# %% tags=["nbval-ignore-output"]
wrong = walk_with_noise(buggy_step, start)
print(check.between("distance to the data, buggy DDPM", distance(wrong, data_points), 0.05, 2))
for name, draws in (("data", data_points), ("buggy DDPM", wrong)):
    print(f"{name}: {(draws - 0.2).abs().lt(0.5).float().mean():.0%} between -0.3 and 0.7")
against_truth({"buggy DDPM, 100 steps": wrong, "DDIM, 100 steps": walks[100]})

# %% [markdown]
# Too many draws lie in the middle. The fresh noise should have the standard deviation $\sigma$:
#
# $$\sigma^2 = \frac{1 - \bar\alpha_s}{1 - \bar\alpha_t} \Big(1 - \frac{\bar\alpha_t}{\bar\alpha_s}\Big), \qquad
# x_s = \sqrt{\bar\alpha_s}\, \hat x_0 + \sqrt{1 - \bar\alpha_s - \sigma^2}\, \varepsilon + \sigma z, \quad z \sim \mathcal N(0, 1)$$
#
# Find the mistake, and write the mended step.
#
# <details><summary>Hint 1</summary>At $\bar\alpha_s$ the noise must have variance 1 − ᾱ_s. Add up the variances of
# the two noise terms: what do you get here?</details>
# <details><summary>Hint 2</summary>The line that computes <code>sigma</code> computes σ²; noise is multiplied by
# σ.</details>

# %%
def ddpm_step(x_t, x0, now, after, noise):
    """A draw of q(x_s | x_t, x̂_0), made of the noise.  (N, …) thrice, ᾱ_t, ᾱ_s → (N, …)"""
    # BEGIN SOLUTION
    eps = (x_t - now**0.5 * x0) / (1 - now) ** 0.5
    variance = (1 - after) / (1 - now) * (1 - now / after)
    return after**0.5 * x0 + (1 - after - variance) ** 0.5 * eps + variance**0.5 * noise
    # END SOLUTION

# %%
ddpm_step = check.or_reference(ddpm_step)

# %% [markdown]
# With your step:

# %% tags=["nbval-ignore-output"]
mended = walk_with_noise(ddpm_step, start)
print(check.between("distance to the data, DDPM", distance(mended, data_points), 0, 0.05))
against_truth({"buggy DDPM": wrong, "mended DDPM": mended})

# %% [markdown]
# ## 4 · When the denoiser has to be learned
#
# For images no exact denoiser is known. But a regression finds the mean: a network that predicts the noise in
# $x_t$ with the least squared error predicts its mean, and $\hat x_0$ follows by solving the mix. The loss
# (Ho et al. 2020) has a target that does not depend on the network:
#
# $$\mathcal L = \mathbb E_{x_0, t, \varepsilon} \big[ (\varepsilon - \varepsilon_\theta(x_t, t))^2 \big]$$
#
# averaged over the numbers of $x_t$. It cannot fall to 0: $x_t$ is one number made from two unknown ones. The exact
# denoiser gives the lowest loss that is possible, in expectation.

# %%
torch.manual_seed(seed)
guess = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(guess.parameters(), lr=3e-3)
losses = []
for _ in range(1500):
    a = kept[torch.randint(1, T + 1, (512, 1))]
    x_t, eps = forward_process(data_points[torch.randint(20_000, (512, 1))], a)
    guessed = guess(torch.cat([x_t, a.sqrt(), (1 - a).sqrt()], 1))
    loss = (guessed - eps).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

# %% [markdown]
# **Before you run it**: is the noise harder to tell where there is little of it or much?

# %% tags=["nbval-ignore-output"]
def noise_error(a):
    """The exact denoiser's mean squared error of the noise, at one ᾱ."""
    x_t, eps = forward_process(data_points, a.expand(20_000))
    found = (x_t - a.sqrt() * denoiser(x_t, a)) / (1 - a).sqrt()
    return (found - eps).square().mean().item()

exact = [noise_error(a) for a in kept[1:]]
least = sum(exact) / T
fig, (left, right) = plots.figure(9, 3, columns=2)
left.plot(torch.tensor(losses).unfold(0, 50, 50).mean(1), "o-", label="network")
left.axhline(least, linestyle="--", color="black", label="exact denoiser")
left.set(xlabel="updates, in units of 50", ylabel="squared error of the noise", ylim=(0, 1))
left.set_title("The loss does not fall to 0")
left.legend()
right.plot(range(1, T + 1), exact, color="black")
right.set(xlabel="t", ylim=(0, 1.1), title="The exact denoiser's error")
ratio = sum(losses[-200:]) / 200 / least
print(check.between("loss of the network over the lowest possible", ratio, 0.9, 1.2))
print(check.between("exact denoiser, t = 1", exact[0], 0.9, 1.1))
print(check.between("exact denoiser, t = 100", exact[-1], 0, 0.05))
fig

# %% [markdown]
# At $t = 1$, where noise is a tiny part of $x_t$, the error is about 1, as if 0 were guessed. At $t = T$ the noise
# is nearly all of $x_t$.

# %% [markdown]
# ## 5 · The loss is a reweighted ELBO
#
# A diffusion model is a VAE with $T$ latents $x_1 \dots x_T$ whose encoder, the forward process, is fixed. So it
# has an ELBO. Each step backwards but the last, from $x_t$ to $x_{t-1}$, is a Gaussian around the mean that $\hat x_0$ gives, with
# the variance $\sigma^2$ of exercise 3. The KL of two Gaussians of the same variance is their means' squared distance
# over $2\sigma^2$:
#
# $$-\log p(x_0) \le \underbrace{\mathrm{KL}(q(x_T \mid x_0) \,\Vert\, \mathcal N(0, I))}_{L_T} +
# \sum_{t=2}^{T} \underbrace{w_t\, \mathbb E\, \lVert v - \hat v \rVert^2}_{L_{t-1}} + \underbrace{\mathbb E[-\log p(x_0 \mid x_1)]}_{L_0},
# \qquad w_t = \frac{\bar\alpha_{t-1} - \bar\alpha_t}{2\,(1 - \bar\alpha_{t-1})}$$
#
# $v = \sqrt{\bar\alpha_t}\, \varepsilon - \sqrt{1 - \bar\alpha_t}\, x_0$ is one more way to write what is unknown
# (Salimans & Ho 2022): with $x_t$, each of $\varepsilon$, $x_0$ and $v$ gives the other two. The training loss of
# our shipped model is the same sum of squared errors *without* $w_t$: a reweighted ELBO.

# %% [markdown]
# Look at the denominator of $w_t$: **up to which** of the shipped model's 1,000 $t$ does half of the weight lie?

# %%
ddpm = pretrained.load("ddpm-fashion").model
w = metrics.step_weights(ddpm.alpha_bar)
share = w / w.sum()
t = torch.arange(2, ddpm.steps + 1)
half = t[share.cumsum(0) >= 0.5][0].item()
levels = 255 / 2 * (1 - ddpm.alpha_bar[half]).sqrt()

fig, ax = plots.figure(6.5, 2.8)
ax.plot(t, share.cumsum(0), color=plots.LINES[0], label="ELBO: wₜ")
ax.plot(t, (t - 1) / len(t), "--", color="black", label="training loss: the same for all t")
ax.set(xscale="log", xlabel="t", ylabel="share of the weight up to t")
ax.set_title("Where a squared error of v counts")
ax.legend()
print(check.between("half of the ELBO's weight lies in t up to", half, 10, 100))
print(f"standard deviation of the noise at this t: {levels:.1f} of 256 grey levels")
fig

# %% [markdown]
# Half of the ELBO's weight lies where the noise is a few grey levels. The training loss gives more to large $t$: what is
# decided there, section 8 measures. For the error of $\varepsilon$, Ho et al. found better pictures and a worse bound
# without the ELBO's weight; for $v$ we do not measure it.

# %% [markdown]
# ## 6 · A U-Net of your own
#
# Now images: 8×8 pixels, in $[-1, 1]$. The network must see details and the whole. A **U-Net** (Ronneberger et
# al. 2015) halves the resolution, computes there, doubles it again, and a bridge carries the details across.

# %%
diagrams.small_u_net()

# %%
def tiny(images):
    """Images (N, C, H, W) in [0, 1], cropped and averaged down to 8×8, in [-1, 1]."""
    top, left = (side % 8 // 2 for side in images.shape[2:])
    height, width = (side // 8 * 8 for side in images.shape[2:])
    cropped = images[:, :, top:top + height, left:left + width]
    return 2 * F.adaptive_avg_pool2d(cropped, 8) - 1

K = len(train.classes)
x, real = tiny(train.images()), tiny(data.load(dataset, "test").first(1000).images())

# %% [markdown]
# A **convolution** computes each pixel of its output from a neighbourhood, here 3×3. The network is told $t$ by two
# constant channels, $\sqrt{\bar\alpha_t}$ and $\sqrt{1 - \bar\alpha_t}$, and later the class in the same way.

# %%
class SmallUNet(nn.Module):
    """(x_t, ᾱ_t) → a guess of x_t's shape."""

    def __init__(self, told=2, width=32):
        super().__init__()
        channels = x.shape[1]
        self.enter = nn.Conv2d(channels + told, width, 3, padding=1)
        self.down = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)  # 8×8 → 4×4
        self.middle = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)  # 4×4 → 8×8
        self.join = nn.Conv2d(2 * width, width, 3, padding=1)
        self.leave = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, x_t, a, cond=None):
        told = [a.sqrt(), (1 - a).sqrt()] + ([] if cond is None else [cond[..., None, None]])
        constant = torch.cat(told, 1).expand(-1, -1, *x_t.shape[2:])
        fine = F.silu(self.enter(torch.cat([x_t, constant], 1)))
        coarse = F.silu(self.middle(F.silu(self.down(fine))))
        bridged = torch.cat([F.silu(self.up(coarse)), fine], 1)
        return self.leave(F.silu(self.join(bridged)))

# %% [markdown]
# The training step is that of section 4, prepared for three changes: the target may be $v$ instead of $\varepsilon$,
# the class may be told, and a copy of the weights follows them as their moving average.

# %%
def batch_of(target, labelled):
    """x_t, ᾱ_t, the condition or None, and what is to be predicted."""
    rows = torch.randint(len(x), (64,))
    a = kept[torch.randint(1, T + 1, (64, 1, 1, 1))]
    x_t, eps = forward_process(x[rows], a)
    cond = None
    if labelled:
        # withheld from a tenth of the images: a row of zeros
        cond = F.one_hot(train.y[rows], K).float() * (torch.rand(64, 1) > 0.1)
    wanted = eps if target == "eps" else a.sqrt() * eps - (1 - a).sqrt() * x[rows]
    return x_t, a, cond, wanted

def follow(average, network, update):
    """The average moves by 9 / (update + 9) of the way, in the end by no less than 1 %."""
    rate = max(0.01, 9 / (update + 9))
    with torch.no_grad():
        for mean, weight in zip(average.parameters(), network.parameters()):
            mean.lerp_(weight, rate)

# %% [markdown]
# It keeps samples of a few moments.

# %%
def fit(network, target="eps", labelled=False, watch=()):
    """Train; returns the network, its average, and samples at the updates to watch."""
    average = copy.deepcopy(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    seen = {}
    for update in range(1, epochs * math.ceil(len(x) / 64) + 1):
        x_t, a, cond, wanted = batch_of(target, labelled)
        loss = (network(x_t, a, cond) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        follow(average, network, update)
        if update in watch:
            seen[f"{update} updates"] = draw(network, target, n=12)
    return network, average, seen

# %% [markdown]
# Sampling is `walk` with a network in the denoiser's place:

# %%
@torch.no_grad()
def draw(network, target="eps", n=400, steps=20, clip=False, cond=None):
    """n images in [0, 1] by DDIM, always from the same noise."""
    x_t = noise(n, *x.shape[1:])
    for t, s in zip(times(steps), times(steps)[1:]):
        a = kept[t].expand(n, 1, 1, 1)
        guess = network(x_t, a, cond)
        x0 = a.sqrt() * x_t - (1 - a).sqrt() * guess
        if target == "eps":
            x0 = (x_t - (1 - a).sqrt() * guess) / a.sqrt()
        if clip:
            x0 = x0.clamp(-1, 1)
        x_t = ddim_step(x_t, x0, kept[t], kept[s])
    return ((x_t + 1) / 2).clamp(0, 1)

# %% [markdown]
# The same noise in each row. **From which row on** do you recognise anything? Compare with the last one.

# %%
torch.manual_seed(seed)
updates = epochs * math.ceil(len(x) / 64)
watch = sorted({max(1, updates * k // 16) for k in (1, 2, 4, 8, 16)})
network, average, seen = fit(SmallUNet(), watch=watch)
plots.compare(seen | {"training images": (x[:12] + 1) / 2}, title="What the small U-Net draws")

# %% [markdown]
# ## 7 · Five steps towards the shipped model
#
# We take five steps from our network towards the shipped model, `diffusion.Diffusion`, one after the other, and measure the **Fréchet distance** of lab 05, here on the 64 pixels themselves: how far mean and covariance of
# 400 samples are from those of test images. Lower is better; the reference is training images.

# %%
def frechet(images):
    """Fréchet distance of images in [0, 1] to the test images, on their pixels in [-1, 1]."""
    a, b = (2 * images - 1).flatten(1).double(), real.flatten(1).double()
    product = torch.cov(a.T) @ torch.cov(b.T)
    overlap = torch.linalg.eigvals(product).sqrt().real.sum()
    spread = a.var(0).sum() + b.var(0).sum() - 2 * overlap
    return ((a.mean(0) - b.mean(0)).square().sum() + spread).item()

drawn = {
    "the small U-Net": draw(network),
    "+ clipping": draw(network, clip=True),
    "+ average of weights": draw(average, clip=True),
}

# %% [markdown]
# **1, clipping**: no pixel lies outside $[-1, 1]$, so an estimate $\hat x_0$ is cut there. At large $t$ it needs that,
# since $\hat x_0$ is made by dividing by $\sqrt{\bar\alpha_t}$. **2, the average** of the
# weights, which move with each batch. Both cost no further training.
#
# **3, predicting $v$**: no division by $\sqrt{\bar\alpha_t}$ any more. **4, the class** is told, but withheld from a
# tenth of the images, so that the network can also be asked without it. **5, a deeper U-Net**: residual blocks,
# attention (each place looks at all others), $\bar\alpha_t$ and class in every block.

# %%
torch.manual_seed(seed)
_, with_v, _ = fit(SmallUNet(), "v")
drawn["+ predicts v"] = draw(with_v, "v", clip=True)

torch.manual_seed(seed)
_, told, _ = fit(SmallUNet(told=2 + K), "v", labelled=True)
classes = F.one_hot(train.y[torch.arange(400) % len(x)], K).float()
drawn["+ is told the class"] = draw(told, "v", clip=True, cond=classes)

# %% [markdown]
# The package's `UNet` has such blocks:

# %%
class Deeper(nn.Module):
    """The package's U-Net, called as ours: it is told t as a number up to 1,000."""

    def __init__(self):
        super().__init__()
        self.unet = diffusion.UNet(x.shape[1:], channels=(16, 32), cond_width=K, patch=1)

    def forward(self, x_t, a, cond):
        return self.unet(x_t, 1000 * a.sqrt().acos().flatten() / (math.pi / 2), cond)

torch.manual_seed(seed)
_, deeper, _ = fit(Deeper(), "v", labelled=True)
drawn["+ deeper U-Net"] = draw(deeper, "v", clip=True, cond=classes)

# %% tags=["nbval-ignore-output"]
apart = {name: frechet(images) for name, images in drawn.items()}
reference = frechet((x[:400] + 1) / 2)
rows = [[name, f"{value:.2f}"] for name, value in apart.items()]
plots.table(["each row adds to the one above", "Fréchet distance of the pixels"],
            [*rows, ["training images", f"{reference:.2f}"]])

# %%
sizes = [sum(p.numel() for p in each.parameters()) for each in (network, deeper)]
print(f"weights of the small U-Net: {sizes[0]:,}, of the deeper one: {sizes[1]:,}")
first_images = {name: images[:12] for name, images in drawn.items()}
asked_for = [train.classes[k].split("/")[0] for k in train.y[torch.arange(12) % len(x)]]
plots.compare(first_images, title="The last two rows are told the class", ticks=asked_for)

# %% [markdown]
# Rows 1 to 3 share one training, each later row is one of its own: small differences may be chance. The last two rows are also told the classes of the training images, which may be part of their gain. Below
# the reference this distance cannot rank. What remains: 28×28 pixels, $T = 1000$ with Nichol & Dhariwal's own cosine, 1.5 million weights, 12 passes
# over 60,000 images, another optimiser (RAdam). That takes most of an hour on one core (RESULTS.md), so they are shipped.

# %% [markdown]
# ## 8 · The shipped model: DDIM, DDPM and guidance
#
# Sections 8 to 11 are about Fashion-MNIST, whatever `dataset` says. **How many** bags will each sampler draw from one
# noise? `eta` is the share of $\sigma$ that is used: 0 is DDIM, 1 is DDPM.

# %% tags=["nbval-ignore-output"]
fashion, test = data.load("fashion", "train"), data.load("fashion", "test")
same = noise(1, 1, 28, 28).expand(9, -1, -1, -1)
runs = {}
for name, eta in (("DDIM", 0.0), ("DDPM", 1.0)):
    generator = torch.Generator().manual_seed(seed)
    runs[name] = ddpm.sample(9, 8, steps=20, eta=eta, x_T=same, generator=generator)
spread = {name: images.std(0).max() for name, images in runs.items()}
print(check.between("DDIM: largest standard deviation of a pixel", spread["DDIM"], 0, 0.02))
print(check.between("DDPM: largest standard deviation of a pixel", spread["DDPM"], 0.1, 1))
plots.compare(runs, title="Nine runs from the same noise, class bag, 20 steps")

# %% [markdown]
# With DDIM the image is a function of $x_T$, so $x_T$ is a latent code; with DDPM the same start leads to different
# images.
#
# **Guidance** (Ho & Salimans 2022) asks the network twice, with and without the class, and extrapolates:
#
# $$\hat v = \hat v_\text{without} + w\,(\hat v_\text{with} - \hat v_\text{without})$$
#
# $w = 1$ is the model as trained, $w = 0$ ignores the class (their $w$ is ours minus 1). We keep how the classifier of
# lab 05 names each step's estimate $\hat x_0$.

# %%
short = [name.split("/")[0] for name in test.classes]
judge = metrics.load_features("fashion", device="cpu")
labels = torch.arange(100) % 10
names, guided = {}, {}
for weight in (0, 1, 4):
    names[weight] = {}
    way = ddpm.trajectory(noise(100, 1, 28, 28), labels, steps=10, guidance=weight)
    for step in way:
        images = (step.x0 + 1) / 2
        names[weight][step.t] = judge.logits(images).argmax(1)
    # the last estimate is the sample
    guided[f"w = {weight}"] = images[:10]
plots.compare(guided, title="The same noise, more and more guidance", ticks=short)

# %% [markdown]
# How often does the classifier see the class that was asked for?

# %% tags=["nbval-ignore-output"]
def wilson(hits, n=100):
    """A share and its 95 % interval (Wilson 1927)."""
    middle = (hits + 1.92) / (n + 3.84)
    half = 1.96 * (hits * (n - hits) / n + 0.96) ** 0.5 / (n + 3.84)
    return [f"{hits / n:.0%}", f"{middle - half:.0%} to {middle + half:.0%}"]

final = {weight: of[min(of)] for weight, of in names.items()}
hits = {weight: (name == labels).sum().item() for weight, name in final.items()}
gain = (hits[4] - hits[0]) / 100
print(check.between("classified as asked for, w = 4 minus w = 0", gain, 0.4, 1))
rows = [[weight, *wilson(number)] for weight, number in hits.items()]
plots.table(["guidance w", "classified as asked for (n = 100)", "95 % interval"], rows)

# %% [markdown]
# At $w = 0$ agreement is near chance level, one in ten. Telling the class ($w = 1$) raises it most, guidance a little
# more. Agreement is not quality: look at the sandals.

# %% [markdown]
# ### ✏️ Exercise 4 (predict it): when is it decided what the image shows?
# Walk from $t = 1000$ down, without a class ($w = 0$). Where do at least half of the 100 estimates first have the name
# that the final image will have? In **a** the first third of the way, $t > 667$, **b** the second third, **c** the
# last, $t \le 333$.
#
# <details><summary>Hint 1</summary>Which survives more noise: the number of legs of a garment, or the pattern of its
# cloth?</details>
# <details><summary>Hint 2</summary>A large shape has hundreds of pixels, over which noise averages out.</details>

# %%
# BEGIN SOLUTION
choice = "a"
# END SOLUTION

# %% [markdown]
# First by hand: set guidance to 0, so that the class you choose counts for nothing, and drag $t$ (or use the arrow
# keys). **At which $t$ can you name the garment in the lower row, the estimate?**

# %% tags=["nbval-ignore-output"]
stops = {"steps": (5, 10, 20), "guidance": (0, 1, 2, 4)}
explore.denoise(ddpm, classes=test.classes, **stops, n=6, seed=seed)

# %% [markdown]
# The classifier's answer:

# %% tags=["nbval-ignore-output"]
decided = {}
fig, ax = plots.figure(6.5, 2.8)
for (weight, of), colour, mark in zip(names.items(), plots.LINES, ("o-", "s--", "^-.")):
    same_name = [(name == final[weight]).float().mean().item() for name in of.values()]
    decided[weight] = max(t for t, each in zip(of, same_name) if each >= 0.5)
    ax.plot(list(of), same_name, mark, color=colour, label=f"w = {weight}")
ax.axhline(0.5, linestyle=":", color="black")
ax.set(xlabel="t, from noise to image", ylabel="share", xlim=(1030, 70), ylim=(0, 1.05))
ax.set_title("Estimates with the name of the final image")
ax.legend()
print(check.prediction(
    choice,
    {"a": decided[0] > 667, "b": 333 < decided[0] <= 667, "c": decided[0] <= 333},
    because=f"At w = 0 it is t = {decided[0]}. The ELBO gives t > 667 {share[666:].sum():.1%} "
    "of its weight.",
))
fig

# %% [markdown]
# About a fifth agree at $t = T$ already, by chance. So the kind of garment begins to show at large $t$ (ten were asked),
# where the ELBO has hardly any weight. Told the class, most
# estimates have the final name from the start.

# %% [markdown]
# ## 9 · The bound, measured
#
# An image has 256 grey levels per pixel. If a model gives each level a probability, $-\log_2 p$ divided by the number of
# pixels is the **bits per dimension** that are needed to transmit the image exactly: 8 without any model. We estimate $\sum_t L_{t-1}$
# from a few $t$ per
# image, drawn in proportion to $w_t$; $L_T$ is exact.
#
# The variances of the steps are free. Ho et al. fix them; Nichol & Dhariwal (2021) learn them. We also fit them on
# training images, by grey and $t$; the KL then has two more terms, for the two variances.

# %%
known, unseen = fashion.first(n_bound), test.first(n_bound)
variances = metrics.fit_variances(ddpm, known, draws=8, seed=seed)
fixed = metrics.denoising_bound(ddpm, unseen, draws=8, seed=seed)
fitted = metrics.denoising_bound(ddpm, unseen, draws=8, variances=variances, seed=seed)

# %% [markdown]
# The VAE, a conditional one of about the same size and training time (RESULTS.md), was trained with a Bernoulli
# likelihood, which does not sum to 1 over 256 levels: its ELBO does not compare. So we take its decoded pixel as the
# centre of a **logistic** density, integrated over each level; its bound is the KL plus these bits. The width is fitted
# on training images: one for all pixels, or one for each of 15 groups of decoded greys.

# %%
vae = pretrained.load("conv-cvae-fashion").model.eval()

@torch.no_grad()
def decoded(images):
    """Levels in [0, 1], one decoded draw of the posterior, and the KL in bits per pixel."""
    levels, c = images.images(), images.y
    mean, log_var = vae.posterior(levels, c)
    z = mean + (0.5 * log_var).exp() * noise(*mean.shape)
    kl = (mean**2 + log_var.exp() - 1 - log_var).sum(1) / 2
    return levels, vae.decode(z, c), kl / (784 * math.log(2))

def costs(levels, predicted, kl, width):
    """The VAE's bound per image, bits per dimension."""
    return kl + metrics.level_nll(levels, predicted, width).flatten(1).mean(1)

# %% [markdown]
# Fit on training images, measure on test images:

# %%
levels, predicted, _ = decoded(fashion.first(500))
one_width = min(torch.logspace(-3, -0.5, 26).tolist(),
                key=lambda width: metrics.level_nll(levels, predicted, width).mean().item())
by_grey = metrics.fit_level_scales(levels, predicted)

levels, predicted, kl = decoded(unseen)
bounds = {
    ("VAE", "one, fitted"): costs(levels, predicted, kl, one_width),
    ("diffusion", "fixed, as in Ho et al."): fixed.total,
    ("VAE", "fitted by grey"): costs(levels, predicted, kl, by_grey[metrics.grey_bins(predicted)]),
    ("diffusion", "fitted by grey and t"): fitted.total,
}

# %% [markdown]
# Both models are given the class. In rows 3 and 4 the widths are fitted on training images: by grey for
# the VAE, by grey and $t$ for diffusion. The VAE was not trained for this likelihood, which is a handicap.

# %% tags=["nbval-ignore-output"]
def mean_and_interval(values):
    half = 1.96 * values.std().item() / len(values) ** 0.5
    return f"{values.mean():.2f} ± {half:.2f}"

rows = [[*name, mean_and_interval(values)] for name, values in bounds.items()]
saved = bounds["VAE", "fitted by grey"] - bounds["diffusion", "fitted by grey and t"]
print(check.between("bits per dimension saved, both fitted", saved.mean(), 0.2, 1.5))
print(f"saved, difference per image: {mean_and_interval(saved)}")
plots.table(["model", "width", "bound on −log₂ p(x | class), bits per dimension"], rows)

# %% [markdown]
# Where the bits of diffusion lie, term by term:

# %% tags=["nbval-ignore-output"]
parts = {"fixed": fixed, "fitted": fitted}
rows = [[name, *(f"{part.mean():.2f}" for part in bound)] for name, bound in parts.items()]
plots.table(["diffusion", "L_T", "sum of L_{t−1}", "L_0, the levels themselves"], rows)

# %% [markdown]
# $L_0$, one step of 1,000, is about a third of these bits. These are bounds, of one training each.

# %% [markdown]
# ## 10 · Encoding: DDIM in reverse
#
# Can only the VAE encode? DDIM is a function from $x_T$ to an image. Run it in reverse, from the image towards the noise,
# and a test image gets a code, from which DDIM draws it again. Such a step needs the noise in an $x_t$ not yet known:
# it is estimated at the old place, and each further *iteration* estimates it at the new one.

# %%
chosen = torch.stack([(test.y == k).nonzero()[0, 0] for k in range(10)])
originals, y = test.images()[chosen], test.y[chosen]
pairs = [(10, 1), (10, 3), (40, 1), (40, 3)]
codes = {p: diffusion.invert(ddpm, originals, y, steps=p[0], iterations=p[1]) for p in pairs}
back = {p: ddpm.sample(10, y, x_T=codes[p], steps=p[0], clip=False) for p in pairs}
errors_of = {p: (back[p] - originals).square().flatten(1).sum(1).mean().item() for p in pairs}

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    copies = vae.decode(vae.encode(originals, y), y)
vae_error = (copies - originals).square().flatten(1).sum(1).mean().item()
rows = [["VAE, 20 numbers", f"{vae_error:.2f}", ""]]
for (steps, n), error in errors_of.items():
    name = f"DDIM, {steps} steps, iterations: {n}"
    rows.append([name, f"{error:.2f}", f"{codes[steps, n].std():.2f}"])
head = ["encoded and decoded by", "squared error per image (n = 10)", "spread of the code"]
plots.table(head, rows)

# %% tags=["nbval-ignore-output"]
ratio = errors_of[40, 3] / vae_error
print(check.between("error of the last row over that of the VAE", ratio, 0, 0.5))
rows = {"test image": originals, "VAE": copies}
rows |= {"10 steps, 1 iteration": back[10, 1], "40 steps, 3 iterations": back[40, 3]}
plots.compare(rows, title="Encoded and decoded again", ticks=short)

# %% [markdown]
# More steps and iterations make the copies better. But the code has as many numbers as the image: nothing
# is compressed. And draws of the prior have a spread of 1: these codes have less.

# %% [markdown]
# ## 11 · Two things people love
#
# **Inpainting** (RePaint, Lugmayr et al. 2022): after each step, the known pixels are replaced by the given ones with
# the noise of that $t$. The network fills in the rest; repeating each step lets both parts agree.

# %%
above = torch.zeros(1, 1, 28, 28, dtype=torch.bool)
above[..., :14, :] = True
filled = {}
for repeats in (1, 5):
    generator = torch.Generator().manual_seed(seed)
    filled[repeats] = diffusion.inpaint(
        ddpm, originals, above, y, steps=15, repeats=repeats, generator=generator
    )
rows = {"original": originals, "given": originals * above,
        "each step once": filled[1], "each step 5 times": filled[5]}
plots.compare(rows, title="The lower half is invented", ticks=short)

# %% [markdown]
# Look for a seam at half height.

# %% [markdown]
# **Drawing to image** (SDEdit, Meng et al. 2022): noise a drawing up to some $t$, and let the model come back. The
# noise hides small faults at a lower $t$ than the overall shape. `strength` is the share of the way.

# %%
drawing = torch.zeros(1, 1, 28, 28)
drawing[..., 5:26, 9:19] = 0.6    # a body
drawing[..., 5:12, 3:25] = 0.6    # two sleeves
asked = torch.tensor([0, 0, 2, 2, 3, 4, 6, 6])
rows = {"drawing": drawing.expand(8, -1, -1, -1)}
for strength in (0.3, 0.5, 0.7, 0.9):
    generator = torch.Generator().manual_seed(seed)
    rows[f"strength {strength}"] = diffusion.redraw(
        ddpm, rows["drawing"], asked, strength=strength, steps=20, generator=generator
    )
names = [short[k] for k in asked]
plots.compare(rows, title="From a drawing of two rectangles", ticks=names)

# %% [markdown]
# From which strength on do the pullovers get long sleeves? Compare with exercise 4. Change the rectangles, or ask for a
# sandal (5), and run the cell again.

# %% [markdown]
# ## 12 · S0's diffusion model
#
# S0 (*Variational Autoencoder for Image Generation*, Linköping University) trained a class-conditional DDPM on
# CIFAR-10. We have not trained it again (`vaekit train ddpm-cifar10` does). One thing needs no training: by what an error of the network is multiplied in $\hat x_0$ at $t = T$, where
# $\hat\varepsilon$ is divided by $\sqrt{\bar\alpha_T}$ and $\hat v$ is not.

# %%
rows = []
for schedule in ("linear", "cosine"):
    a = diffusion.cumulative(schedule, 1000)[-1]
    rows.append([schedule, f"{((1 - a) / a).sqrt():,.0f}", f"{(1 - a).sqrt():,.0f}"])
plots.table(["schedule", "error of ε is multiplied by", "error of v by"], rows)

# %% [markdown]
# With $\varepsilon$ the linear schedule is the milder one. The size of the error itself is not in the table.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
best = bounds["diffusion", "fitted by grey and t"].mean()
vae_bits = bounds["VAE", "fitted by grey"].mean()
Markdown(f"""
- In one dimension, with the exact denoiser, DDIM comes within {gaps[100]:.3f} of the data in 100
  steps, and {gaps[1]:.2f} in one (fresh data {fresh}): an estimate is a mean.
- Half of the ELBO's weight lies in t ≤ {half}, but at t = {decided[0]} of 1,000 half of
  the estimates already show what the image will. The bound, with fitted widths: {best:.2f}
  bits per dimension, the VAE's {vae_bits:.2f}.
- Clipping and averaging took the Fréchet distance from {apart["the small U-Net"]:.2f} to
  {apart["+ average of weights"]:.2f}, all five steps to {apart["+ deeper U-Net"]:.2f} (training
  images {reference:.2f}). DDIM in reverse copies ten test images from 784
  numbers each with a mean error of {errors_of[40, 3]:.2f}, the VAE from 20 with {vae_error:.2f}.
""")

# %% [markdown]
# **To read**: Sohl-Dickstein et al. (2015), the idea and its bound. Ho, Jain, Abbeel (2020), DDPM. Song, Meng, Ermon (2021),
# DDIM. Nichol, Dhariwal (2021), the cosine and learned variances. Kingma et al. (2021), *Variational
# diffusion models*. Salimans, Ho (2022), $v$. Ho, Salimans (2022), guidance. Lugmayr et al. (2022), RePaint.
# Meng et al. (2022), SDEdit.
#
# **Next**: lab 08 compares the VAE, the GAN and this model, with predictions first.
