# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · A bound, a game, a denoiser
#
# [start page](00_start.ipynb) · next: [06 Judging a generator](06_judging_generators.ipynb)
#
# The VAEs so far are blurred. This lab sets two other ideas against them. Afterwards you can
#
# - write a GAN's two losses, recognise mode collapse in three numbers, and undo one;
# - destroy an image in one line, train a network to undo it, and sample with DDPM and DDIM;
# - compare three generators fairly, and draw a verdict that the table supports;
# - trade time for quality and variety for obedience, and say what a diffusion model's "latent" is;
# - tell what happens to a decoder that is fed the wrong noise, or none.

# %% [markdown]
# **Time and data**: about 1 minute on two cores, offline. Fashion-MNIST (12,000 images) is built in, and so are the weights of three models, each trained for the same time.

# %% tags=["parameters"]
dataset: str = "fashion"  # for what is trained here: fashion and digits are built in; mnist and fashion_full are downloaded once
train_images: int = 5_000  # images for the trainings of this lab
epochs: int = 2  # passes over them
n_samples: int = 500  # samples of each model in the comparison, 100 or more
steps: int = 20  # network evaluations for each sample of the diffusion model
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
from vaekit import data, explore, losses, metrics, plots, recipes, training
from vaekit.course import check
from vaekit.models import diffusion, gan, nets
from vaekit.recipes import pretrained

import math
import time

import torch
import torch.nn.functional as F
from IPython.display import Markdown, display
from torch import nn

# %%
train = data.load(dataset, "train", limit=train_images)
judge = metrics.load_features("mnist" if dataset in ("mnist", "digits") else "fashion", device="cpu")       # the classifier of labs 03 and 06
K = len(train.classes)
full_run = dataset == "fashion" and epochs * len(train) >= 10_000           # else the images' story is only hinted at


def noise(*shape, seed=seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

# %% [markdown]
# ## 1 · One question, three answers
#
# Turn noise that we can draw, $z \sim \mathcal N(0, I)$, into images that look like the data. What tells the network how well it does?
#
# | | what is trained | where the training signal comes from | a sample costs |
# |---|---|---|---|
# | VAE | encoder and decoder | a **bound** on $\log p(x)$ | one pass |
# | GAN | generator and discriminator | an **opponent** that learns too | one pass |
# | diffusion | one denoiser | the **noise** that we added ourselves | many passes |

# %% [markdown]
# ## 2 · The bound, in brief
#
# Lab 03's conditional VAE: minimise $-\mathbb E_{q(z \mid x, c)} \log p(x \mid z, c) + \mathrm{KL}(q(z \mid x, c) \,\|\, p(z))$. In code, with nothing hidden but the networks:

# %%
def bound(model, x, c):
    mean, log_var = model.posterior(x, c)                                                       # q(z | x, c)
    z = mean + (log_var / 2).exp() * torch.randn_like(mean)
    reconstruction = F.binary_cross_entropy_with_logits(model.logits(z, c), x, reduction="none").flatten(1).sum(1)
    return reconstruction + losses.gaussian_kl(mean, log_var).sum(1)                            # −ELBO, nats per image

# %% [markdown]
# `losses.negative_elbo` is this function. A few seconds of S3's network, the class said loudly (lab 03). **Expect** blurred garments, mostly of their class.

# %%
small_cvae = recipes.build("fc-cvae", 15, train.shape, seed, classes=K, weight=5.0)
training.fit(small_cvae, train, losses.negative_elbo, epochs=epochs, batch_size=64, lr=2e-3, schedule="one-cycle", seed=seed)
small_cvae = small_cvae.cpu()
ours = bound(small_cvae, train.images(slice(500)), train.y[:500]).mean().item()
library = training.evaluate(small_cvae, train.first(500), losses.negative_elbo)["loss"]
print(check.between("our bound over the library's (other draws of z)", ours / library, 0.98, 1.02))
plots.sheet(small_cvae.sample(K, torch.arange(K), generator=torch.Generator().manual_seed(seed)), title="VAE after a few seconds: one sample of each class")

# %% [markdown]
# Why blurred? The decoder answers with the *mean* of all that is possible given $z$, and a mean of sharp images is not sharp.

# %% [markdown]
# ## 3 · The game
#
# Two networks. The **discriminator** gives an image a score $s$; $\sigma(s)$ is its probability of being real. The **generator** turns noise into images. Goodfellow et al. (2014) let them play:
#
# $$\mathcal L_D = -\log \sigma(s_\text{real}) - \log\big(1 - \sigma(s_\text{fake})\big), \qquad \mathcal L_G = -\log \sigma(s_\text{fake})$$
#
# Typed as it stands, this breaks. Take a generated image that the discriminator is sure about, in either direction:

# %%
for score in (-120.0, 20.0):
    s = torch.tensor(score, requires_grad=True)
    typed = -torch.log(torch.sigmoid(s)) if score < 0 else -torch.log(1 - torch.sigmoid(s))
    safe = F.softplus(-s) if score < 0 else F.softplus(s)
    slopes = [torch.autograd.grad(loss, s)[0].item() for loss in (typed, safe)]
    print(f"score {score:g}: as typed {typed.item():g}, slope {slopes[0]:g} · by softplus {safe.item():g}, slope {slopes[1]:g}")

# %% [markdown]
# In 32 bits $\sigma(-120)$ is 0 and $\sigma(20)$ is 1: the logarithm is infinite, and one such image makes every weight NaN. The algebra $-\log\sigma(s) = \log(1 + e^{-s})$ = `softplus(-s)` avoids the detour.
#
# A second trap is the original game's $\mathcal L_G = \log(1 - \sigma(s))$: its slope is $-\sigma(s)$, nothing where the discriminator is sure. The form above has a slope near −1 there.

# %% [markdown]
# ### The whole game in one cell
# Eight clusters on a circle, two small networks, two optimisers.

# %%
centres = torch.stack([(torch.arange(8) * math.pi / 4).cos(), (torch.arange(8) * math.pi / 4).sin()], 1)

def ring(n):
    """n points, (n, 2), in eight clusters."""
    return centres[torch.randint(8, (n,))] + 0.05 * torch.randn(n, 2)

def mlp(inputs, outputs, width=64):
    return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs))

def minimax(real, fake):
    """What discriminator and generator pay for scores (N,): (N,) each."""
    return F.softplus(-real) + F.softplus(fake), F.softplus(-fake)

# %% [markdown]
# A round: the discriminator learns from real points and fakes, then the generator from what the discriminator now says of these fakes.

# %%
def play(loss, memory=0.9, rounds=800, seed=seed):
    """Points that the generator draws, (500, 2), at four moments of the game."""
    torch.manual_seed(seed)
    generator, discriminator, moments = mlp(8, 2), mlp(2, 1), {}
    g_step, d_step = (torch.optim.Adam(player.parameters(), lr=1e-3, betas=(memory, 0.999)) for player in (generator, discriminator))
    for i in range(1, rounds + 1):
        real, fake = ring(128), generator(torch.randn(128, 8))
        d_loss, _ = loss(discriminator(real)[:, 0], discriminator(fake.detach())[:, 0])         # detach: the generator stays out of this
        d_step.zero_grad()
        d_loss.mean().backward()
        d_step.step()
        _, g_loss = loss(real[:, 0], discriminator(fake)[:, 0])                                 # only the scores of fakes count here
        g_step.zero_grad()
        g_loss.mean().backward()
        g_step.step()
        if i * 4 % rounds == 0:
            moments[i] = generator(noise(500, 8)).detach()
    return moments

# %% [markdown]
# **Expect** … eight clusters, if all goes well. The titles count the clusters that get more than 2 % of the draws, and the share of draws on a cluster (data: 99 %; an even ring: 38 %).

# %%
def shares(points):
    """The share of the draws that lies on each cluster, (8,): nearer than 0.15, three standard deviations, to its centre."""
    distance, cluster = torch.cdist(points, centres).min(1)
    return cluster[distance < 0.15].bincount(minlength=8) / len(points)

def drawn_clusters(points):
    """How many clusters get more than 2 % of the draws."""
    return int((shares(points) > 0.02).sum())

def show(moments, title, name="round"):
    fig, axes = plots.figure(9.5, 2.9, columns=len(moments), sharex=True, sharey=True)
    torch.manual_seed(seed)
    real = ring(300)
    for ax, (moment, points) in zip(axes, moments.items()):
        ax.scatter(*real.T, s=4, color="0.75", label="data")
        ax.scatter(*points.T, s=4, color=plots.LINES[1], label="drawn")
        ax.set(title=f"{name} {moment}\n{drawn_clusters(points)} of 8, {shares(points).sum():.0%} on one", xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal",
               xticks=(-2, 0, 2), yticks=(-2, 0, 2), xlabel="first coordinate")
    axes[0].set_ylabel("second coordinate")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", markerscale=2)
    fig.suptitle(title)
    return fig

collapsed = play(minimax)
show(collapsed, "Minimax: where the generator draws")

# %% [markdown]
# All 500 draws crowd into one patch, and the patch wanders. That is **mode collapse**: the generator puts everything where the discriminator errs at the moment; the discriminator learns this;
# the crowd moves on. No term of the loss asks for *all* clusters.

# %%
clusters = {"minimax": drawn_clusters(collapsed[800])}
check.between("clusters drawn by the minimax game, of 8", clusters["minimax"], 0, 4)

# %% [markdown]
# ### ✏️ Exercise 1: another opponent
# Once the discriminator is sure, the slope of $\mathcal L_G$ is −1 for every fake, however far off, and scores run away. Mao et al. (2017) compare scores with targets, and halve the squared errors:
#
# - the discriminator wants real images to score 1 and generated ones to score 0;
# - the generator wants its images to score 1.

# %%
def least_squares(real, fake):
    """What discriminator and generator pay for scores (N,): (N,) each."""
    ### BEGIN SOLUTION
    discriminator = ((real - 1) ** 2 + fake**2) / 2
    generator = (fake - 1) ** 2 / 2
    return discriminator, generator
    ### END SOLUTION

# %%
check.least_squares(least_squares)

# %% [markdown]
# The same networks with your loss. One more change, for both optimisers: Adam averages gradients with decay 0.9; against an opponent that moves, old gradients mislead, so take 0.5.

# %%
repaired = play(least_squares, memory=0.5)
clusters["least squares"] = drawn_clusters(repaired[800])
print(check.between("clusters drawn with least squares, of 8", clusters["least squares"], 6, 8))
show(repaired, "Least squares, shorter memory: where the generator draws")

# %% [markdown]
# The crowd unrolls and spreads over the ring, if not yet over its clusters: a fake now pays by *how far* its score is from 1, so different fakes are told different things. One game proves little; try others and each change alone, as `drawn_clusters(play(minimax, memory=0.5, seed=1)[800])`.
#
# ### Images, and three numbers to watch
# `models.gan` has the same two losses; `training.fit` lets both players step at once, from the same weights. First S3's fully connected GAN (96-1024-1024-784 against 784-256-256-1) with its settings, minimax, Adam 1e-3, batches of 128, for
# two short epochs. Three numbers to watch: the discriminator's **accuracy**, the norm of each player's **gradient**, and the **variety**, the distance of two generated images as a share of that of two real ones.

# %%
def kinds(images):
    """How many classes a set of images shows: exp(entropy) of the classifier's counts, from 1 to 10."""
    p = judge.classify(images).bincount(minlength=K) / len(images)
    return torch.special.entr(p).sum().exp().item()

def fit_gan(model, batch, lr, betas):
    history = training.fit(model, train, gan.minimax, epochs=epochs, batch_size=batch, lr=lr, betas=betas, seed=seed)
    return model.cpu(), history.last | {"images": model.sample(500, generator=torch.Generator().manual_seed(seed))}

games = {}
fc_gan, games["S3's settings"] = fit_gan(recipes.build("fc-gan", image_shape=train.shape, seed=seed), 128, 1e-3, (0.9, 0.999))
if full_run:
    print(check.between("variety of S3's GAN", games["S3's settings"]["train_variety"], 0, 0.1))
    print(check.between("classes that it shows, of 10", kinds(games["S3's settings"]["images"]), 1, 2.5))
plots.sheet(games["S3's settings"]["images"][:20], title="S3's GAN after a few seconds: twenty samples")

# %% [markdown]
# Twenty times the same picture. The repair is S3's third system, a DC-GAN (Radford et al. 2016), here a small one: convolutions, and **batch normalisation** in the discriminator, which thereby sees whether the images of a batch are all alike.
# Also the shorter memory, and four times as many steps, in smaller batches. (These alone bring S3's network to a variety of 0.17: try `fit_gan(recipes.build("fc-gan"), 32, 1e-3, (0.5, 0.999))[1]["train_variety"]`.)

# %%
torch.manual_seed(seed)
dc_gan = gan.GAN(gan.dc_generator(96, train.shape, 16), gan.dc_discriminator(train.shape, 16), 96, train.shape)
dc_gan, games["DC-GAN"] = fit_gan(dc_gan, 32, 1e-3, (0.5, 0.999))
if full_run:
    print(check.between("variety of the DC-GAN", games["DC-GAN"]["train_variety"], 0.3, 1.5))
plots.sheet(games["DC-GAN"]["images"][:20], title="A small DC-GAN after a few seconds: twenty samples")

# %% tags=["nbval-ignore-output"]
def game(name):
    last, counts = games[name], judge.classify(games[name]["images"]).bincount(minlength=K)
    most = f"{train.classes[int(counts.argmax())]} {counts.max() / counts.sum():.0%}"
    return (f"| {name} | {last['train_accuracy']:.2f} | {last['train_generator_gradient']:.1f} | {last['train_variety']:.2f} | "
            f"{kinds(last['images']):.1f} | {most} |\n")

head = "| game | accuracy of D | gradient of G | variety | classes shown, of 10 | most frequent |\n|---|---|---|---|---|---|\n"
display(Markdown(head + game("S3's settings") + game("DC-GAN") + "\nThe first three are means over the last epoch; the classifier read 500 samples."))

# %% [markdown]
# The first line is collapse because **the discriminator has won**: its accuracy is near 1, any pixel tells, for real backgrounds are exactly black. The generator's gradient is not small, but the same for every fake, so all go the same way. The second line is a game: a discriminator that is often, not always,
# right, and almost the variety of the data. No fashion yet, but different shapes. The losses tell little: each is measured against a moving opponent.

# %% [markdown]
# ## 4 · The denoiser
#
# Destroying is easy. Mix an image $x_0$ (in $[-1, 1]$) with Gaussian noise $\varepsilon$, so that data of variance 1 keep it:
#
# $$q(x_t \mid x_0) = \mathcal N\big(\sqrt{\bar\alpha_t}\, x_0,\; (1 - \bar\alpha_t)\, I\big), \qquad t = 1 \dots T$$
#
# $\bar\alpha_t$ is the share of the variance that is left of the image; it falls from 1 to almost 0. A cosine (Nichol & Dhariwal 2021) does it evenly: $\bar\alpha_t = \cos^2(0.99\, \tfrac{\pi}{2}\, t / T)$, not quite to 0, for we shall divide by it.

# %%
T = 100
kept = torch.cos(torch.linspace(0, 0.99, T + 1) * math.pi / 2) ** 2           # ᾱ_0 … ᾱ_T

# %% [markdown]
# ### ✏️ Exercise 2: the forward process
# Draw $x_t$ for a batch, each row at its own $\bar\alpha$. Return the noise as well: it will be the network's homework.

# %%
def forward_process(x0, kept):
    """A draw of q(x_t | x_0), and the noise in it.  (N, …) and ᾱ (N, 1, …) → (N, …) twice"""
    ### BEGIN SOLUTION
    eps = torch.randn_like(x0)
    return kept.sqrt() * x0 + (1 - kept).sqrt() * eps, eps
    ### END SOLUTION

# %%
check.forward_process(forward_process)

# %% [markdown]
# Three images:

# %%
torch.manual_seed(seed)
times = torch.arange(0, 101, 10)
one = train.images()[:3].repeat_interleave(11, 0)
x_t, _ = forward_process(2 * one - 1, kept[times].repeat(3).view(-1, 1, 1, 1))
rows = dict(zip(("first", "second", "third"), ((x_t + 1) / 2).clamp(0, 1).split(11)))
plots.compare(rows, title="Three images, destroyed in a hundred steps", ticks=[f"t = {t}\nᾱ {kept[t]:.2f}" for t in times.tolist()])

# %% [markdown]
# Now learn to undo it. A network sees $x_t$ and $t$ and guesses the noise (Ho et al. 2020):
#
# $$\mathcal L = \mathbb E_{x_0, t, \varepsilon}\, \big\lVert \varepsilon - \varepsilon_\theta(x_t, t) \big\rVert^2$$
#
# No opponent, no bound to balance: a regression with a fixed target. On the ring again, with a wider network than the players had:

# %%
torch.manual_seed(seed)
denoiser = mlp(4, 2, width=128)                                               # two coordinates, and t as (√ᾱ, √(1 − ᾱ))

def guess_noise(x_t, a):
    return denoiser(torch.cat([x_t, a.sqrt(), (1 - a).sqrt()], 1))

optimizer = torch.optim.Adam(denoiser.parameters(), lr=5e-3)
slower = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, 2000)             # the target does not move: steps may shrink to nothing
for _ in range(2000):
    a = kept[torch.randint(1, T + 1, (256, 1))]                               # a t for each row
    x_t, eps = forward_process(ring(256), a)
    loss = (guess_noise(x_t, a) - eps).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    slower.step()

# %% [markdown]
# A guess of the noise is one of the data: solve the mix for $\hat x_0 = (x_t - \sqrt{1 - \bar\alpha_t}\, \hat\varepsilon) / \sqrt{\bar\alpha_t}$. Done in one question? **Expect** not. From pure noise every cluster is possible, so the best
# guess is their mean; and $\sqrt{\bar\alpha_T} = 0.016$ in the denominator multiplies every error by 64. So go only a little way, and ask again.

# %% [markdown]
# ### ✏️ Exercise 3: one DDIM step
# Song et al. (2021): you stand at $x_t$, at $\bar\alpha_t$ = `now`, with an estimate `x0`. Which noise does $x_t$ hold if that estimate is right? Mix the *same* noise with `x0` again, at $\bar\alpha_s$ = `after`, closer to the data. Nothing is drawn.

# %%
def ddim_step(x_t, x0, now, after):
    """From x_t to x_s, given an estimate of x_0.  (N, …) twice, ᾱ_t, ᾱ_s → (N, …)"""
    ### BEGIN SOLUTION
    eps = (x_t - now**0.5 * x0) / (1 - now) ** 0.5
    return after**0.5 * x0 + (1 - after) ** 0.5 * eps
    ### END SOLUTION

# %%
check.ddim_step(ddim_step)

# %% [markdown]
# Sampling is now a loop of three lines. The same noise, in 1, 2, 5 and 50 steps:

# %%
@torch.no_grad()
def draw(x, asked):
    """From noise (N, 2) to points, asking the network `asked` times."""
    path = [round(T * left / asked) for left in range(asked, -1, -1)]         # T … 0, evenly apart
    for a, after in zip(kept[path], kept[path[1:]]):
        eps = guess_noise(x, a.expand(len(x), 1))
        x0 = (x - (1 - a).sqrt() * eps) / a.sqrt()
        x = ddim_step(x, x0, a, after)
    return x

walks = {asked: draw(noise(500, 2), asked) for asked in (1, 2, 5, 50)}
clusters["denoiser"] = drawn_clusters(walks[50])
print(check.between("clusters drawn by the denoiser in 50 steps, of 8", clusters["denoiser"], 7, 8))
show(walks, "Denoiser: the same noise in 1, 2, 5 and 50 steps", name="steps:")

# %% [markdown]
# One step lands anywhere, many points outside the frame: the factor 64. Each further step corrects the last; after fifty most points have found a cluster. All eight, without a trick: whoever leaves one out guesses its noise badly.
#
# ### The real thing
# `models.diffusion` is the same with $T = 1000$ and five differences: a **U-Net** reads images; it is told the **class**, which is withheld from a tenth of the images; it predicts **v** $= \sqrt{\bar\alpha}\,\varepsilon - \sqrt{1 - \bar\alpha}\, x_0$ instead
# of $\varepsilon$, from which $x_0$ follows without dividing by $\sqrt{\bar\alpha}$; estimates of $x_0$ are cut to $[-1, 1]$; and sampling uses an **average** of the weights. First forty batches. **Expect** mush.

# %%
small_ddpm = recipes.build("ddpm-fashion", image_shape=train.shape, seed=seed, classes=K)
some = train.first(min(1280, len(train)))
training.fit(small_ddpm, some, diffusion.denoising_error, epochs=1, batch_size=32, lr=2e-3, optimizer="radam", seed=seed)
small_ddpm = small_ddpm.cpu()
plots.sheet(small_ddpm.sample(K, torch.arange(K), steps=10, generator=torch.Generator().manual_seed(seed)), title="Diffusion after forty batches: one sample of each class")

# %% [markdown]
# Mush it is. (S0's DDPM runs ended anywhere between recognisable and noise.) Good pictures take an hour of a core, so from here on the weights are ready.

# %% [markdown]
# ## 5 · The fair fight
#
# Three models of nearly the same size, trained for the same time on the full Fashion-MNIST (60,000 images). (Whatever `dataset` says, the rest is about Fashion-MNIST.)

# %% tags=["nbval-ignore-output"]
fashion, test = data.load("fashion"), data.load("fashion", "test").first(2000)
shipped = {"VAE": pretrained.load("conv-cvae-fashion"), "GAN": pretrained.load("dc-gan-fashion"), "diffusion": pretrained.load("ddpm-fashion")}
cvae, dcgan, ddpm = (each.model for each in shipped.values())
weights = {name: each.facts["parameters"] for name, each in shipped.items()}
minutes = {name: each.facts["seconds"] / 60 for name, each in shipped.items()}
lines = "".join(f"| {name} | `{each.facts['command']}` | {each.facts['epochs']} | {minutes[name]:.0f} | {weights[name] / 1e6:.2f} |\n" for name, each in shipped.items())
display(Markdown("| | trained by | epochs | minutes on one core | million weights |\n|---|---|---|---|---|\n" + lines))

# %%
print(check.between("most weights over fewest", max(weights.values()) / min(weights.values()), 1, 1.2))
print(check.between("longest training over shortest", max(minutes.values()) / min(minutes.values()), 1, 1.2))

# %% [markdown]
# Equal means, unequal use: the VAE's time buys many more passes over the data; the GAN's discriminator is thrown away after training. VAE and diffusion are told a class, each equally often; the GAN cannot be.

# %%
judge = metrics.load_features("fashion", device="cpu")
asked = torch.arange(n_samples) % 10

def timed(model, *c, n=n_samples, **how):
    """n images, and the milliseconds of one core that each one took."""
    start = time.process_time()
    images = model.sample(n, *c, generator=torch.Generator().manual_seed(seed), **how)
    return images, (time.process_time() - start) * 1000 / n

drawn, ms = {}, {}
x_T = noise(n_samples, 1, 28, 28)
for name, model, told, how in (("VAE", cvae, [asked], {}), ("GAN", dcgan, [], {}), ("diffusion", ddpm, [asked], {"steps": steps, "x_T": x_T})):
    drawn[name], ms[name] = timed(model, *told, **how)

# %% [markdown]
# The first thirty of each, not picked:

# %% tags=["cover"]
first = torch.stack([test.images()[test.y == c][0] for c in range(10)])
short = [name.replace(" ", "\n").replace("/", "/\n") for name in fashion.classes]
rows = {"test image": first}
for name, images in drawn.items():
    rows |= {f"{name} {again + 1}": images[10 * again:10 * again + 10] for again in (0, 1, 2)}
plots.compare(rows, title="Thirty samples of each; columns by class, but for the GAN", ticks=short)

# %% [markdown]
# Look before you measure: which is blurred, which odd, which could pass for real? Now the scores of lab 06, with intervals and floors:

# %%
def scored(name):
    images, near = drawn[name], drawn[name][:200]
    told = {} if name == "GAN" else {"class consistency": metrics.consistency_of(images, asked, features=judge)}
    return {"FID": metrics.fid(test, images, features=judge, seed=seed), "KID": metrics.kid(test, images, features=judge, seed=seed),
            "distance to the nearest training image": metrics.nearest_neighbours(near, fashion, test.first(200))} | told

scores = {name: scored(name) for name in drawn}
floor = scores["diffusion"]

# %% [markdown]
# All in one table:

# %% tags=["nbval-ignore-output"]
def line(metric, digits=3):
    cells = [scores[name].get(metric) for name in scores]
    return f"| {metric} | " + " | ".join(f"{s.value:.{digits}g} [{s.low:.{digits}g}, {s.high:.{digits}g}]" if s else "—" for s in cells) + f" | {floor[metric].floor:.{digits}g} |\n"

def plain(what, values, real=""):
    return f"| {what} | " + " | ".join(values) + f" | {real} |\n"

body = line("FID") + line("KID", 2) + line("class consistency", 2) + plain("classes shown, of 10", [f"{kinds(x):.1f}" for x in drawn.values()], f"{kinds(test.images()):.1f}")
body += line("distance to the nearest training image") + plain("training, seconds of a core", [f"{60 * m:,.0f}" for m in minutes.values()])
body += plain("milliseconds of a core per sample", [f"{m:.2g}" for m in ms.values()]) + plain("weights", [f"{w:,}" for w in weights.values()])
display(Markdown("| | " + " | ".join(scores) + " | real images |\n|---|---|---|---|---|\n" + body + f"\n{n_samples} samples of each against 2,000 test images, features `{judge.name}`; 95 % intervals; diffusion in {steps} steps."))

# %% [markdown]
# The GAN was never told a class, but it can be asked how many it shows, and a collapse would show there. The distance is to 10,000 of the 60,000 training images, so it would miss most copies; a value far *below* the floor would accuse, and blur alone lowers it (lab 06); far *above* it, samples are not
# realistic. FID at this $n$ compares within this table only.

# %% tags=["nbval-ignore-output"]
def verdict(metric):
    """The best model, and whether its interval is clear of the others'."""
    found = {name: s[metric] for name, s in scores.items() if metric in s}
    best = min(found, key=lambda name: found[name].value * (1 if found[name].better == "lower" else -1))
    return best, all(found[best].beats(other) for name, other in found.items() if name != best)

words = {True: "its interval is clear of the others", False: "but the intervals overlap: no verdict at this n"}
said = [f"- **{metric}**: {verdict(metric)[0]} ({words[verdict(metric)[1]]})" for metric in ("FID", "KID", "class consistency")]
quick, slow = min(ms, key=ms.get), max(ms, key=ms.get)
said += [f"- **time**: {quick}; a sample of {slow} costs {ms[slow] / ms[quick]:,.0f} times as much"]
display(Markdown("**The verdict**, line by line:\n\n" + "\n".join(said)))

# %% [markdown]
# A winner for each purpose and none for all: nearest to the data, a million samples by tonight, a class on demand. And what the table does not ask: only the VAE can *encode* an image and bound its likelihood, and only
# the GAN's training could have failed in ways that no loss curve shows. A verdict on these three, not on three families. (RESULTS.md has 5,000 samples of each, and there the intervals part.)

# %% [markdown]
# ## 6 · Two dials
#
# ### Steps against time
# DDIM's steps are chosen after training. The same noise, ever more steps; **expect** coarse shapes early, and detail that saturates.

# %%
n = min(200, n_samples)
by_steps, price = {steps: drawn["diffusion"][:n]}, {steps: ms["diffusion"]}              # these we have already
for k in {1, 2, 5, 10} - {steps}:
    by_steps[k], price[k] = timed(ddpm, asked[:n], n=n, steps=k, x_T=x_T[:n])
by_steps, price = dict(sorted(by_steps.items())), dict(sorted(price.items()))
plots.compare({f"{k} step{'s' * (k > 1)}": x[:10] for k, x in by_steps.items()}, title="The same noise, more and more steps", ticks=short)

# %% [markdown]
# In numbers, against what a sample costs.

# %% tags=["nbval-ignore-output"]
def closeness(images):
    return metrics.kid(test, images, features=judge, floor=False, seed=seed)

kids = {k: closeness(x) for k, x in by_steps.items()}
fig, ax = plots.figure(6.5, 3.4)
bars = [[s.value - s.low for s in kids.values()], [s.high - s.value for s in kids.values()]]
ax.errorbar(list(price.values()), [s.value for s in kids.values()], bars, fmt="o-", capsize=3, color=plots.LINES[0], label=f"diffusion (n = {n})")
for k in kids:
    ax.annotate(f"{k}", (price[k], kids[k].value), (6, 6), textcoords="offset points")
for (name, marker), colour in zip((("VAE", "s"), ("GAN", "D")), plots.LINES[1:]):
    s = scores[name]["KID"]
    ax.errorbar(ms[name], s.value, [[s.value - s.low], [s.high - s.value]], fmt=marker, capsize=3, color=colour, label=f"{name} (n = {n_samples})")
ax.set(xscale="log", xlabel="milliseconds of a core per sample", ylabel="KID (lower is better)", title="Quality against time, with 95 % intervals; numbers: steps")
ax.xaxis.set_major_formatter("{x:g}")
ax.legend(loc="upper left")
fig

# %% [markdown]
# With one step the model shows its best guess from pure noise: the mean of the class, the VAE's blur again (predicting $v$ divides by nothing, so no factor of 64). The first few steps buy nearly everything, the last doubling hardly shows. And at any number the same
# noise leads to the same kind of picture: DDIM is a *map* from noise to image.
#
# ### Guidance: obedience against variety
# Ask the network twice, told the class and not told, and exaggerate the difference (Ho & Salimans 2022):
#
# $$\hat v = \hat v_\text{untold} + w\,(\hat v_\text{told} - \hat v_\text{untold})$$
#
# $w = 1$ is the model as trained, $w = 0$ ignores the class. **Expect** a larger $w$ to give clearer classes and less variety.

# %%
def variety(images, y):
    """Mean distance of two images of one class, seen through the classifier, as a share of that of two test images."""
    return metrics.class_variety(images, y, test, features=judge, resamples=2).value

m = n // 2                                                                    # guidance asks twice a step
by_w = {1: by_steps[10][:m]} | {w: ddpm.sample(m, asked[:m], steps=10, guidance=w, x_T=x_T[:m]) for w in (0, 2, 4)}
by_w = dict(sorted(by_w.items()))
plots.compare({f"w = {w:g}": x[:10] for w, x in by_w.items()}, title="The same noise, guidance from none to four", ticks=short)

# %% [markdown]
# Both sides of the bargain in numbers:

# %%
obeys = {w: metrics.consistency_of(x, asked[:m], features=judge).value for w, x in by_w.items()}
varies = {w: variety(x, asked[:m]) for w, x in by_w.items()}
print(check.between("class consistency at w = 4 minus at w = 1", obeys[4] - obeys[1], 0, 1))
print(check.between("variety within a class at w = 4 minus at w = 1", varies[4] - varies[1], -1, 0))
plots.lines(list(by_w), {"class consistency": list(obeys.values()), "variety within a class": list(varies.values())}, title=f"Guidance: what it buys and what it costs, {m} samples",
            xlabel="guidance w", ylabel="share; variety: test images = 1")

# %% [markdown]
# At $w = 0$ the class is not heard, so consistency is luck. From 1 on, the two lines part: guidance sells variety for obedience, a bargain like β's (lab 04), but turned after training. A little of it is a gain: the model as trained is vaguer than the data,
# and with 5,000 samples FID at $w = 2$ is half of that at 1 (RESULTS.md). At 4 it has risen again.
#
# Both dials by hand: $x_t$ above, the estimate of $x_0$ below. Then the sheets of the last figure. (Focus a slider and use the arrow keys; in Notebook 7, Page Up and Page Down.)

# %% tags=["nbval-ignore-output"]
explore.Denoise(ddpm, classes=fashion.classes, steps=(5, 10, 20, 50), guidance=(0, 1, 2, 4, 8), n=6, seed=seed)

# %% tags=["nbval-ignore-output"]
captions = {w: f"class consistency {obeys[w]:.0%}, variety {varies[w]:.2f} of the test images'" for w in by_w}
explore.SheetSlider({w: x[:40] for w, x in by_w.items()}, label="w", columns=10, captions=captions)

# %% [markdown]
# ## 7 · Between two samples
#
# Lab 01 began with a walk between two images. VAE and GAN have a small latent ($d$ = 20 and 96); DDIM's is its starting noise, as large as the image, $d$ = 784. Two draws and the straight line between them, all bags (GAN: whatever comes).
#
# Mind the length: draws from $\mathcal N(0, I)$ have a length near $\sqrt d$, the middle of two only $\sqrt{d/2}$, and in many dimensions no draw is so short. An **arc** keeps the length. **Expect** one row to lose something.

# %%
def line_between(a, b):
    return torch.stack([torch.lerp(a, b, s) for s in torch.linspace(0, 1, 9)])

def arc_between(a, b):
    angle = torch.acos(F.cosine_similarity(a.flatten(), b.flatten(), 0))
    return torch.stack([(((1 - s) * angle).sin() * a + (s * angle).sin() * b) / angle.sin() for s in torch.linspace(0, 1, 9)])

makers = {"VAE": (lambda z: cvae.decode(z, 8), 20), "GAN": (dcgan.decode, 96),
          "diffusion": (lambda z: ddpm.sample(len(z), 8, steps=10, x_T=z.view(-1, 1, 28, 28)), 784)}
with torch.no_grad():
    walks = {f"{name}, {way}": make(between(*noise(2, d))) for name, (make, d) in makers.items()
             for way, between in (("line", line_between), ("arc", arc_between))}
plots.compare(walks, title="Nine steps from one draw to another")

# %% [markdown]
# Three measurements, over twenty pairs. **Detail**: how much neighbouring pixels differ in the middle, as a share of the ends. And how far the image moves if **one** of the $d$ numbers moves by 2 (twenty of them are tried), as a share of the distance between
# two samples. If all numbers counted alike, that would be $2 / \sqrt{2d}$, since two draws lie $\sqrt{2d}$ apart.

# %% tags=["nbval-ignore-output"]
def detail(images):
    return images.diff(dim=3).abs().mean().item()

@torch.no_grad()
def measured(make, d):
    a, b = noise(20, d), noise(20, d, seed=seed + 1)
    ends, line, arc = make(torch.cat([a, b])), make((a + b) / 2), make((a + b) / math.sqrt(2))    # for draws at right angles, as here nearly
    one = a + 2 * F.one_hot(torch.arange(20) * d // 20, d)
    moved = (make(one) - ends[:20]).flatten(1).norm(dim=1) / (ends[:20] - ends[20:]).flatten(1).norm(dim=1).mean()
    return detail(line) / detail(ends), detail(arc) / detail(ends), moved.mean().item(), moved.max().item(), 2 / math.sqrt(2 * d)

between = {name: measured(make, d) for name, (make, d) in makers.items()}
print(check.between("diffusion: detail in the middle of the line over that of the arc", between["diffusion"][0] / between["diffusion"][1], 0.3, 0.97))
print(check.between("VAE: the largest effect of one number", between["VAE"][3], 0.5, 1.5))
print(check.between("diffusion: the mean effect over that of equal numbers", between["diffusion"][2] / between["diffusion"][4], 0.5, 2))
lines = "".join(f"| {name} | {makers[name][1]} | " + " | ".join(f"{value:.2f}" for value in row) + " |\n" for name, row in between.items())
head = "| | d | detail, middle of the line | detail, middle of the arc | effect of one number, mean | largest | if all counted alike |\n|---|---|---|---|---|---|---|\n"
display(Markdown(head + lines))

# %% [markdown]
# In the middle of the straight line the diffusion model is given noise of *half the variance* that it expects; it takes the rest for image and paints it flat. On the arc each stop is a proper bag.
#
# Still it is another kind of space. Of the VAE's twenty numbers most do next to nothing, and one alone nearly makes another image: it means something, and a slider on it (lab 02) shows what. Diffusion **compresses nothing**: its 784 numbers are the noise of 784 pixels, each counts as little as geometry
# demands, and what the image shows is settled by all together.
#
# And the map exists only because DDIM draws nothing on the way. In general a step from $t$ to $s$ replaces some of the noise by fresh noise of standard deviation
#
# $$\sigma = \eta\, \sqrt{\frac{1 - \bar\alpha_s}{1 - \bar\alpha_t}}\, \sqrt{1 - \frac{\bar\alpha_t}{\bar\alpha_s}}$$
#
# DDIM is $\eta = 0$; $\eta = 1$, with all $T$ steps, is DDPM's ancestral sampler (Ho et al. 2020). Here both in few steps:

# %%
same = noise(1, 1, 28, 28).expand(9, -1, -1, -1)
ways = {f"η = {eta:g}": ddpm.sample(9, 8, steps=steps, eta=eta, x_T=same, generator=torch.Generator().manual_seed(seed)) for eta in (0.0, 1.0)}
print(check.between("η = 0: largest standard deviation of a pixel over nine runs from one noise", ways["η = 0"].std(0).max(), 0, 0.01))
print(check.between("η = 1: largest standard deviation of a pixel over nine runs from one noise", ways["η = 1"].std(0).max(), 0.1, 1))
plots.compare(ways, title=f"Nine runs from the same noise in {steps} steps: DDIM (above), with fresh noise (below)")

# %% [markdown]
# Above nine times one picture, below nine different ones: at $\eta = 1$ the start is soon forgotten, and there is nothing to interpolate.

# %% [markdown]
# ## 8 · The wrong noise
#
# S0 (*Variational Autoencoder for Image Generation*, TDDE70) generates colour images by feeding its decoder *uniform* noise. Its prior is $\mathcal N(0, I)$. What does one letter cost, `torch.rand` for `torch.randn`?
#
# In $[0, 1)^d$ every coordinate is positive: one of $2^d$ orthants. The mean is ½, not 0, the spread 0.29, not 1, the length about $\sqrt{d/3}$, not $\sqrt d$. **Expect** the same garment again and again.

# %%
z = noise(n_samples, 20)
u = torch.rand(n_samples, 20, generator=torch.Generator().manual_seed(seed))
fed = {"Gaussian": z, "uniform": u, "uniform, rescaled": math.sqrt(12) * (u - 0.5)}          # the last with mean 0 and variance 1
with torch.no_grad():
    decoded = {name: cvae.decode(latent, asked) for name, latent in fed.items()}
    bags = {name: cvae.decode(latent[:12], 8) for name, latent in fed.items()}
plots.compare(bags, title="Twelve bags, three kinds of noise")

# %% tags=["nbval-ignore-output"]
wrong = {name: metrics.fid(test, x, features=judge, resamples=20, floor=False, seed=seed) for name, x in decoded.items()}
spread = {name: variety(x, asked) for name, x in decoded.items()}
lines = "".join(f"| {name} | {fed[name].mean():.2f} | {fed[name].norm(dim=1).mean():.2f} | {s.value:.3g} [{s.low:.3g}, {s.high:.3g}] | {spread[name]:.2f} | "
                f"{metrics.consistency_of(decoded[name], asked, features=judge).value:.0%} |\n" for name, s in wrong.items())
print(check.between("variety with uniform noise over variety with Gaussian", spread["uniform"] / spread["Gaussian"], 0.1, 0.8))
print(check.between("the same, rescaled", spread["uniform, rescaled"] / spread["Gaussian"], 0.85, 1.15))
display(Markdown("| fed | mean | length | FID | variety within a class | class consistency |\n|---|---|---|---|---|---|\n" + lines))


# %% [markdown]
# The middle row looks *better* than the first: whole, clean bags, from near the centre of what the decoder knows. But all alike. Class consistency may even praise the slip; variety and FID do not. Rescaled to mean 0 and variance 1, uniform noise does about as well as Gaussian: place and size matter, the
# shape hardly. A few good samples in a report prove nothing.
#
# S0's own decoder, `block-cvae-cifar10` trained on 5,000 planes of CIFAR-10:

# %%
s0, d = pretrained.load("block-cvae-cifar10").model, 128
with torch.no_grad():
    planes = {"Gaussian": s0.decode(noise(12, d), 0), "uniform": s0.decode(torch.rand(12, d, generator=torch.Generator().manual_seed(seed)), 0)}
print(check.between("how much pixels differ between planes, uniform over Gaussian", planes["uniform"].std(0).mean() / planes["Gaussian"].std(0).mean(), 0, 0.8))
plots.compare(planes, title="Twelve planes by S0's decoder, two kinds of noise")

# %% [markdown]
# A VAE's mist in both rows, and the same mist twelve times in the second.
#
# ### The missing sum
# A second slip: S0 stacks blocks of four convolutions after Child (2021), but leaves out the sum around each, $f(x)$ in place of $x + f(x)$. Send 64 draws of $z$ through three such blocks, **before any training**. **Expect** little of their differences to arrive.

# %%
@torch.no_grad()
def arrives(*, residual=False, torchs_own=False):
    """The spread over 64 draws of z, before and after each of the decoder's three blocks, as a share of the first."""
    torch.manual_seed(seed)
    x, spreads = noise(64, 128), []
    for layer in nets.block_decoder(128, (3, 32, 32), residual=residual)[:-1]:
        if torchs_own and isinstance(layer, nets.Block):
            layer.apply(lambda part: part.reset_parameters() if isinstance(part, nn.Conv2d) else None)
        x = layer(x)
        if isinstance(layer, (nn.Unflatten, nets.Block)):
            spreads.append(x.std(0).mean().item())
    return [spread / spreads[0] for spread in spreads]

signal = {"x + f(x)": arrives(residual=True), "f(x), He et al. 2015": arrives(), "f(x), torch's own": arrives(torchs_own=True)}
print(check.between("share that arrives with the sum", signal["x + f(x)"][3], 0.5, 2))
print(check.between("without it, He et al. 2015", signal["f(x), He et al. 2015"][3], 0.01, 0.3))
print(check.between("without it, torch's own initial weights", signal["f(x), torch's own"][3], 0, 1e-5))
plots.lines(["0", "1", "2", "3"], signal, title="A decoder before training: what arrives of z", xlabel="blocks passed", ylabel="spread over 64 draws, first = 1", log_y=True)

# %% [markdown]
# S0 does not say how its weights start. With torch's usual ones a block without the sum lets less than a hundredth through. The decoder cannot hear $z$ and learns the mean image; a latent then costs KL for nothing, so the encoder falls silent too: posterior collapse. Two repairs: larger initial
# weights (He et al. 2015), as our `block-cvae-cifar10` has; or the sum, as in `block-cvae`. RESULTS.md has all three trained.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
def three(metric):
    return ", ".join(f"{name} {s[metric].value:.2g}" for name, s in scores.items() if metric in s)

most = max(by_steps)
display(Markdown(f"""
- **The game.** On the ring minimax drew {clusters['minimax']} of 8 clusters, least squares {clusters['least squares']}, the denoiser {clusters['denoiser']}; S3's GAN fell to a variety of {games["S3's settings"]['train_variety']:.2f}, a small DC-GAN kept {games['DC-GAN']['train_variety']:.2f}.
- **The fair fight.** FID: {three('FID')}; class consistency: {three('class consistency')}; milliseconds per sample: {', '.join(f'{name} {m:.2g}' for name, m in ms.items())}.
- **The dials.** From 1 step to {most} KID falls from {kids[1].value:.2g} to {kids[most].value:.2g}; from w = 1 to 4 class consistency goes from {obeys[1]:.0%} to {obeys[4]:.0%} and variety from {varies[1]:.2f} to {varies[4]:.2f}. Uniform noise costs the VAE {1 - spread['uniform'] / spread['Gaussian']:.0%} of its variety.
"""))

# %% [markdown]
# **Exercises, recap**: 1 · `least_squares`, targets instead of a verdict. 2 · `forward_process`: what the image loses the noise gains. 3 · `ddim_step`: find the noise, mix it again.
#
# **Try**: `steps=50` and `n_samples=2000`, for narrower intervals; `gan.least_squares` for S3's network.

# %% [markdown]
# ## Further reading
# - Goodfellow et al. (2014), *Generative adversarial nets*. Radford, Metz, Chintala (2016), DC-GAN. Mao et al. (2017), *Least squares GANs*.
# - Sohl-Dickstein et al. (2015), *Deep unsupervised learning using nonequilibrium thermodynamics*. Ho, Jain, Abbeel (2020), DDPM. Song, Meng, Ermon (2021), DDIM.
# - Nichol, Dhariwal (2021), *Improved DDPM*: the cosine. Salimans, Ho (2022), *Progressive distillation*: v. Ho, Salimans (2022), *Classifier-free diffusion guidance*.
# - He et al. (2015), *Delving deep into rectifiers*. Child (2021), *Very deep VAEs*: the block.
# - S0, *Variational Autoencoder for Image Generation*, Linköping University. S3, *Generative models using VAEs & GANs*, Clemson University: the three GANs.
