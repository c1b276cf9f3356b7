# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 08 · The fair fight: a bound, a game, a denoiser
#
# [start page](00_start.ipynb) · next: [10 The latent explorer](10_latent_explorer.ipynb)
#
# Labs 02 to 04 trained VAEs, lab 06 a GAN, lab 07 a diffusion model. Which one is best? Afterwards you can
#
# - compare three generators fairly: the same size, the same training time, the same test images, intervals;
# - write a verdict that follows from the table, and say where the table allows none;
# - trade time for quality, and variety for the class, and show both in a figure;
# - say exactly which of the three can encode an image, and which can bound its likelihood.

# %% [markdown]
# **Time and data**: about 1 minute on two cores, offline. Fashion-MNIST (12,000 images) is built in, and so are the weights of the three models. Nothing is trained here: `vaekit train NAME` trains each again, in about 50 minutes on one core.

# %% tags=["parameters"]
n_samples: int = 500  # samples of each model in the comparison, 100 … 5,000
steps: int = 20  # network evaluations for each sample of the diffusion model, 2 … 100
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
from vaekit import data, explore, metrics, plots
from vaekit.course import check, diagrams
from vaekit.device import seeded
from vaekit.errors import at_least
from vaekit.recipes import pretrained

import time

import torch
from IPython.display import Markdown, display

# %%
n_samples = at_least("n_samples", n_samples, 100, 5000)
steps = at_least("steps", steps, 2, 100)
fashion = data.load("fashion")
test = data.load("fashion", "test").first(2000)
judge = metrics.load_features("fashion", device="cpu")  # the classifier of labs 03 and 05
short = [name.replace(" ", "\n").replace("/", "/\n") for name in fashion.classes]


def noise(*shape, seed=seed):
    return torch.randn(shape, generator=seeded(seed))

# %% [markdown]
# ## 1 · Three ways from noise to an image
#
# Each of the three turns noise that we can draw, $z \sim \mathcal N(0, I)$, into an image. They differ in what tells the network how well it does: a **bound** on $\log p(x)$ (lab 02), an **opponent** that learns too (lab 06), or the **noise** that we added ourselves (lab 07).

# %%
diagrams.three_generators()

# %% [markdown]
# A comparison is fair if one thing differs. These three have nearly the same number of weights, and were trained for nearly the same time on the same 60,000 images:

# %%
shipped = {
    "VAE": pretrained.load("conv-cvae-fashion"),
    "GAN": pretrained.load("dc-gan-fashion"),
    "diffusion": pretrained.load("ddpm-fashion"),
}
vae, gan, ddpm = (each.model for each in shipped.values())
weights = {name: each.facts["parameters"] for name, each in shipped.items()}
minutes = {name: each.facts["seconds"] / 60 for name, each in shipped.items()}
body = []
for name, each in shipped.items():
    command, epochs = f"`{each.facts['command']}`", each.facts["epochs"]
    body.append([name, command, epochs, f"{minutes[name]:.0f}", f"{weights[name]:,}"])
plots.table(["", "trained by", "epochs", "minutes on one core", "weights"], body)

# %% [markdown]
# How equal are they?

# %%
for what, values in (("weights", weights.values()), ("training time", minutes.values())):
    print(check.between(f"{what}, most over least", max(values) / min(values), 1, 1.2))

# %% [markdown]
# The same means, used differently: an epoch of the VAE is cheap, so its time buys four times as many of them. Part of the GAN's weights belong to its discriminator, which draws nothing. And two of the models are told a class (a *condition*), the GAN is not.

# %% [markdown]
# ### ✏️ Exercise 1 (predict it): the result
# Before you measure: which model will have the **lowest FID** (lab 05: the distance between the features of samples and of test images), and which will need the **least time** per sample? Write `"VAE"`, `"GAN"` or `"diffusion"`.
#
# <details><summary>Hint 1</summary>What did the samples of labs 03, 06 and 07 look like? How often does each model run its network for one sample?</details>
# <details><summary>Hint 2</summary>One network pass each for VAE and GAN; `steps` passes for diffusion, and its network works at full resolution.</details>

# %%
# BEGIN SOLUTION
lowest_fid = "diffusion"
least_time = "VAE"
# END SOLUTION

# %% [markdown]
# ## 2 · Samples, not picked
#
# `asked` are the classes that we ask for, in turn. The time is that of the processor, so that other programs do not count.

# %%
asked = torch.arange(n_samples) % 10
x_T = noise(n_samples, 1, 28, 28)


def timed(model, *c, n=n_samples, **how):
    """n images, and the milliseconds of processor time that each one took."""
    start = time.process_time()
    images = model.sample(n, *c, generator=seeded(seed), **how)
    return images, (time.process_time() - start) * 1000 / n


drawn, ms = {}, {}
drawn["VAE"], ms["VAE"] = timed(vae, asked)
drawn["GAN"], ms["GAN"] = timed(gan)
drawn["diffusion"], ms["diffusion"] = timed(ddpm, asked, steps=steps, x_T=x_T)

# %% [markdown]
# **Expect** differences that you can see. The first thirty samples of each, ten in a row:

# %% tags=["cover"]
rows = {"test image": torch.stack([test.images()[test.y == c][0] for c in range(10)])}
for name, images in drawn.items():
    rows |= {f"{name} {k + 1}": images[10 * k : 10 * k + 10] for k in range(3)}
plots.compare(rows, title="Thirty samples of each; columns by class, but for the GAN", ticks=short)

# %% [markdown]
# Which row is blurred? Which has odd shapes? Which could pass for the first row? Decide, and then let the scores speak.

# %% [markdown]
# ## 3 · The table
#
# The scores of lab 05, all at the same number of samples, with 95 % intervals. The last column is what real images score.

# %%
def scored(name):
    images = drawn[name]
    found = {
        "FID": metrics.fid(test, images, features=judge, seed=seed),
        "KID": metrics.kid(test, images, features=judge, seed=seed),
        "distance to the nearest training image": metrics.nearest_neighbours(
            images[:200], fashion, test.first(200)
        ),
    }
    if name != "GAN":
        found["class consistency"] = metrics.consistency_of(images, asked, features=judge)
    return found


scores = {name: scored(name) for name in drawn}

# %% [markdown]
# All lines of the table:

# %% tags=["nbval-ignore-output"]
def cell(score):
    return f"{score.value:.3g} [{score.low:.3g}, {score.high:.3g}]" if score else "—"


body = [
    [metric, *(cell(scores[name].get(metric)) for name in scores), f"{score.floor:.3g}"]
    for metric, score in scores["diffusion"].items()
]
body.append(["milliseconds per sample", *(f"{ms[name]:.2g}" for name in scores), ""])
plots.table(["", *scores, "real images"], body)

# %% [markdown]
# How to read it:
#
# - **FID** and **KID**: lower is better. Values at another number of samples, or with other features, do not compare.
# - **Class consistency**: the share of samples that a classifier reads as the class that was asked for. The GAN cannot be asked.
# - **Distance to the nearest training image**: far *below* that of real test images would mean that images were copied. Only 10,000 of the 60,000 training images are searched, so most copies would be missed; and blur alone makes the distance smaller (lab 05).

# %% [markdown]
# ### The answer to exercise 1

# %% tags=["nbval-ignore-output"]
fid = {name: scores[name]["FID"] for name in scores}
best_fid = min(fid, key=lambda name: fid[name].value)
quickest = min(ms, key=ms.get)
print(check.prediction(lowest_fid, {name: name == best_fid for name in fid}))
print(check.prediction(least_time, {name: name == quickest for name in ms}))

# %% [markdown]
# ## 4 · A verdict
#
# A model *wins* a line of the table if its interval is clear of all others. Where intervals overlap, the honest verdict is: not decided with so many samples.

# %%
def verdict(metric):
    """The best model of a line, and whether its interval is clear of the others'."""
    found = {name: each[metric] for name, each in scores.items() if metric in each}
    sign = 1 if next(iter(found.values())).better == "lower" else -1
    best = min(found, key=lambda name: sign * found[name].value)
    clear = all(found[best].beats(found[name]) for name in found if name != best)
    return best if clear else f"not decided ({best} has the best value)"


# %% [markdown]
# The same for every line:

# %% tags=["nbval-ignore-output"]
slowest = max(ms, key=ms.get)
times = f"{quickest}; {slowest} takes {ms[slowest] / ms[quickest]:,.0f} times as long per sample"
plots.table(
    ["question", f"winner, with {n_samples} samples"],
    [
        ["closest to the test images (FID)", verdict("FID")],
        ["closest to the test images (KID)", verdict("KID")],
        ["the class that was asked for", verdict("class consistency")],
        ["least time per sample", times],
    ],
)

# %% [markdown]
# This is a verdict on three trained models, not on three families: another hour of training, another network or another data set may turn it. RESULTS.md has the same comparison with 5,000 samples of each.
#
# ### What each *can* do
#
# The table has no line for the following, and a choice often rests on it:
#
# | | VAE | GAN | diffusion |
# | --- | --- | --- | --- |
# | encode an image | yes: the posterior $q(z \mid x)$, one pass | no encoder; only by searching for a $z$ | yes: DDIM backwards (lab 07), many passes |
# | a bound on $\log p(x)$ | yes: the ELBO | no: samples only | yes: its loss is a reweighted ELBO (lab 07) |
# | size of its latent here | 20 | 96 | 784, as many as pixels |
# | a sample costs | one pass | one pass | many passes |

# %% [markdown]
# ## 5 · Steps against time
#
# The number of DDIM's steps is chosen after training. From the same noise, with more and more steps: **expect** coarse shapes first, then detail, and at some point no more change.

# %%
n = min(200, n_samples)
by_steps = {}
cost = {}
for k in (1, 2, 5, 10, 20):
    by_steps[k], cost[k] = timed(ddpm, asked[:n], n=n, steps=k, x_T=x_T[:n])
shown = {f"{k} step{'s' * (k > 1)}": images[:10] for k, images in by_steps.items()}
plots.compare(shown, title="The same noise, more and more steps", ticks=short)

# %% [markdown]
# The same in numbers: KID against what a sample costs, all with the same number of samples.

# %% tags=["nbval-ignore-output"]
def kid_of(images):
    return metrics.kid(test, images[:n], features=judge, floor=False, seed=seed)


def bars(found):
    """Values and the lengths of their error bars."""
    values = [s.value for s in found]
    return values, [[s.value - s.low for s in found], [s.high - s.value for s in found]]


kids = {k: kid_of(images) for k, images in by_steps.items()}
fig, ax = plots.figure(7, 3.6)
values, lengths = bars(kids.values())
ax.errorbar(cost.values(), values, lengths, fmt="o-", capsize=3, label="diffusion")
for k, score in kids.items():
    ax.annotate(f"{k}", (cost[k], score.value), (6, 6), textcoords="offset points")
for name, marker in (("VAE", "s"), ("GAN", "D")):
    values, lengths = bars([kid_of(drawn[name])])
    ax.errorbar([ms[name]], values, lengths, fmt=marker, capsize=3, label=name)
ax.set(xscale="log", xlabel="milliseconds of processor time per sample", ylabel="KID")
ax.set_title(f"Quality against time, {n} samples, 95 % intervals; numbers: steps")
ax.xaxis.set_major_formatter("{x:g}")
ax.legend()
fig

# %% tags=["nbval-ignore-output"]
check.between("KID with 1 step over KID with 20", kids[1].value / kids[20].value, 1.5, 100)

# %% [markdown]
# With a single step the model shows its best guess from pure noise: about the mean of the class, blurred like a VAE's picture. The first few steps improve it most. And for any number of steps the same noise gives the same kind of garment: DDIM is a *map* from noise to image.

# %% [markdown]
# ## 6 · Guidance: the class against variety
#
# Ask the network twice, once told the class and once not, and exaggerate the difference (Ho & Salimans 2022):
#
# $$\hat v = \hat v_\text{untold} + w\,(\hat v_\text{told} - \hat v_\text{untold})$$
#
# $w = 1$ is the model as it was trained, $w = 0$ ignores the class.
#
# ### ✏️ Exercise 2 (find the bug): too strong
# This function was found in a student's program. It ran, and all pictures looked too strong. Here is what it gives for three weights, where the told prediction is 2 and the untold one is 1:

# %%
def suspect(told, untold, weight):
    return told + weight * (told - untold)


two, one = torch.tensor([[2.0]]), torch.tensor([[1.0]])
plots.table(
    ["w", "suspect", "by the equation"],
    [[w, f"{suspect(two, one, w).item():g}", f"{1 + w:g}"] for w in (0, 1, 2)],
)

# %% [markdown]
# Write the function that follows the equation.
#
# <details><summary>Hint 1</summary>What should the result be at w = 0, where the class is to be ignored?</details>
# <details><summary>Hint 2</summary>The equation starts from the untold prediction.</details>

# %%
def guided(told, untold, weight):
    """Classifier-free guidance.  (N, C, H, W) twice, a number → (N, C, H, W)"""
    # BEGIN SOLUTION
    return untold + weight * (told - untold)
    # END SOLUTION


# %%
guided = check.or_reference(guided)

# %% [markdown]
# ### ✏️ Exercise 3 (predict it): what guidance costs
# Class consistency will rise with $w$. What will happen to the **variety within a class**, the mean distance of two samples of one class as a share of that of two test images: `"rises"`, `"falls"` or `"stays"` (within 5 %) from $w = 1$ to $w = 4$?
#
# <details><summary>Hint 1</summary>What do two images have in common that both are made to look more like a shoe?</details>
# <details><summary>Hint 2</summary>Guidance moves every sample away from what all classes share, towards what its class shares.</details>

# %%
# BEGIN SOLUTION
variety = "falls"
# END SOLUTION

# %% [markdown]
# The same noise with four weights:

# %%
by_w = {}
for w in (0, 1, 2, 4):
    by_w[w] = ddpm.sample(n, asked[:n], steps=10, guidance=w, x_T=x_T[:n])
shown = {f"w = {w}": images[:10] for w, images in by_w.items()}
plots.compare(shown, title="The same noise, guidance from none to four", ticks=short)

# %% [markdown]
# Both numbers, with their intervals:

# %% tags=["nbval-ignore-output"]
consistent = {
    w: metrics.consistency_of(x, asked[:n], features=judge, seed=seed) for w, x in by_w.items()
}
varied = {
    w: metrics.class_variety(x, asked[:n], test, features=judge, seed=seed)
    for w, x in by_w.items()
}
plots.table(
    ["w", f"class consistency, n = {n}", f"variety within a class, n = {n}"],
    [[w, cell(consistent[w]), cell(varied[w])] for w in by_w],
)

# %% [markdown]
# The answer to exercise 3:

# %% tags=["nbval-ignore-output"]
change = varied[4].value / varied[1].value - 1
outcomes = {"rises": change > 0.05, "falls": change < -0.05, "stays": abs(change) <= 0.05}
print(check.prediction(variety, outcomes, because=f"It changes by {change:+.0%}."))
gain = consistent[4].value - consistent[1].value
check.between("class consistency at w = 4 minus at w = 1", gain, 0, 1)

# %% [markdown]
# At $w = 0$ the class has no effect, so class consistency is near chance, one in ten, and the variety within a "class" is that of all classes together, above 1. From 1 on, more guidance means clearer classes and less variety: the same exchange that β makes in a β-VAE (lab 04), but chosen after training.
#
# Both choices by hand. **Try**: set guidance to 8 and compare the six pictures with each other; then set it to 1. Which details are the same in all six at 8?

# %% tags=["nbval-ignore-output"]
explore.denoise(ddpm, classes=fashion.classes, steps=(5, 10, 20), n=6, seed=seed)

# %% [markdown]
# ## 7 · Between two samples
#
# Lab 01 began with a straight line between two codes. Draws from $\mathcal N(0, I)$ in $d$ dimensions have a length near $\sqrt d$; the middle of two of them has only about $\sqrt{d/2}$, and for large $d$ no draw is so short. An **arc** keeps the length:
#
# $$z(t) = \frac{\sin((1 - t)\,\Omega)\; a + \sin(t\,\Omega)\; b}{\sin \Omega}, \qquad \cos\Omega = \frac{a \cdot b}{\lvert a\rvert\,\lvert b\rvert}$$

# %% [markdown]
# ### ✏️ Exercise 4 (write it): the arc
# For two latents of the same length and several $t$ at once.
#
# <details><summary>Hint 1</summary>Which shape must t have, so that t times a latent gives one row for each t?</details>
# <details><summary>Hint 2</summary>angle = torch.acos((a @ b) / (a.norm() * b.norm())); t = t.unsqueeze(1)</details>

# %%
def arc(a, b, t):
    """Points on the arc from a to b.  (D,) twice, of one length, and (T,) → (T, D)"""
    # BEGIN SOLUTION
    angle = torch.acos((a @ b) / (a.norm() * b.norm()))
    t = t.unsqueeze(1)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)
    # END SOLUTION


# %%
arc = check.or_reference(arc)

# %% [markdown]
# Line and arc for all three models, from one draw to another (bags for the two that can be asked). The latents of diffusion are the noise $x_T$ that DDIM starts from. **Expect** one row to lose something in its middle.

# %%
def line(a, b, t):
    return torch.lerp(a, b, t.unsqueeze(1))


def as_image(z):
    return ddpm.sample(len(z), 8, steps=10, x_T=z.view(-1, 1, 28, 28))


makers = {
    "VAE": (lambda z: vae.decode(z, 8), 20),
    "GAN": (gan.decode, 96),
    "diffusion": (as_image, 784),
}
t = torch.linspace(0, 1, 9)
ways = {}
with torch.no_grad():
    for name, (make, d) in makers.items():
        a, b = noise(2, d)
        # of one length, as the arc needs it
        b = b * a.norm() / b.norm()
        ways |= {f"{name}, line": make(line(a, b, t)), f"{name}, arc": make(arc(a, b, t))}
plots.compare(ways, title="Nine steps from one draw to another")

# %% [markdown]
# How much detail is left in the middle? We measure how much neighbouring pixels differ, over twenty pairs, as a share of the same at the ends:

# %% tags=["nbval-ignore-output"]
@torch.no_grad()
def detail_in_the_middle(make, d, between):
    middles, ends = [], []
    for a, b in zip(noise(20, d), noise(20, d, seed=seed + 1)):
        b = b * a.norm() / b.norm()
        middles.append(between(a, b, torch.tensor([0.5]))[0])
        ends += [a, b]

    def detail(images):
        return images.diff(dim=3).abs().mean().item()

    return detail(make(torch.stack(middles))) / detail(make(torch.stack(ends)))


left = {
    name: [detail_in_the_middle(make, d, between) for between in (line, arc)]
    for name, (make, d) in makers.items()
}
rows = [[name, makers[name][1], *(f"{share:.2f}" for share in left[name])] for name in left]
plots.table(["", "d", "detail in the middle of the line", "of the arc"], rows)

# %% tags=["nbval-ignore-output"]
on_line, on_arc = left["diffusion"]
check.between("diffusion: detail on the line over that on the arc", on_line / on_arc, 0.3, 0.97)

# %% [markdown]
# In the middle of the straight line the diffusion model is given noise of *half the variance* that it was trained with, and answers with a flatter picture. In 20 dimensions the difference is small.
#
# **Try** it yourself: choose two other pictures, and switch between line and arc in the middle. In which model does the picture change more?

# %% tags=["nbval-ignore-output"]
explore.interpolate(ddpm, classes=fashion.classes, steps=5, limit=6, seed=seed)

# %% tags=["nbval-ignore-output"]
explore.interpolate(gan, limit=8, seed=seed)

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
fids = ", ".join(f"{name} {score.value:.3g}" for name, score in fid.items())
costs = ", ".join(f"{name} {each:.2g}" for name, each in ms.items())
display(Markdown(f"""
- **The fight**: FID with {n_samples} samples: {fids}. Milliseconds per sample: {costs}.
- **Steps and guidance**: from 1 to 20 steps KID falls from {kids[1].value:.2g} to
  {kids[20].value:.2g}; from w = 1 to 4 class consistency goes from {consistent[1].value:.0%} to
  {consistent[4].value:.0%}, variety from {varied[1].value:.2f} to {varied[4].value:.2f}.
- **Between samples**: in the middle of a straight line diffusion keeps {on_line:.0%} of its
  detail, on the arc {on_arc:.0%}.
"""))

# %% [markdown]
# **Next**: lab 10 lets you play with shipped models, from one latent number to 64.
#
# ## Further reading
# - Kingma & Welling (2013), VAE. Goodfellow et al. (2014), GAN. Ho, Jain, Abbeel (2020), DDPM. Song, Meng, Ermon (2021), DDIM.
# - Ho & Salimans (2022), *Classifier-free diffusion guidance*. White (2016), *Sampling generative networks*: the arc.
# - Theis, van den Oord, Bethge (2016), *A note on the evaluation of generative models*: why no single score ranks them.
