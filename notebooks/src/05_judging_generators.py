# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Judging a generator: what a score can say, and what it cannot
#
# [start page](00_start.ipynb) · next: [06 The GAN](06_gan.ipynb)
#
# Of the five reports behind this course, two judge their images by a number that means nothing, and a third could not compute one at all. Afterwards you can
#
# - say what SSIM, FID, KID, precision, recall and the likelihood measure, and what each of them cannot see;
# - write FID, KID and the importance-weighted bound;
# - say how many images a score needs, and give the score of *real* images beside it;
# - recognise a generator that copies its training set;
# - read a paper's table with eight questions at hand.

# %% [markdown]
# **Time and data**: about one and a half minutes on two cores, offline. Fashion-MNIST is built in; three trained generators come with the package.

# %% tags=["parameters"]
dataset: str = "fashion"  # fashion, digits are built in; mnist, fashion_full are downloaded once
train_images: int = 10_000  # use at most this many training images, at least 200
epochs: int = 6  # passes over the training set, for each of the two VAEs
n: int = 1_000  # images in each set that is compared, at least 100
steps: int = 10  # network evaluations per sample of the shipped diffusion model
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
from vaekit import data, errors, explore, losses, metrics, plots, recipes, training
from vaekit.course import check, diagrams
from vaekit.recipes import pretrained

import math

import torch
from IPython.display import Markdown, display
from matplotlib.patches import Circle
from skimage.metrics import structural_similarity
from torchvision.transforms.functional import gaussian_blur

# %%
for name, value, least in [("train_images", train_images, 200), ("epochs", epochs, 1),
                           ("n", n, 100), ("steps", steps, 1)]:
    errors.at_least(name, value, least)
train = data.load(dataset, "train", limit=train_images)
test = data.load(dataset, "test")
if train.shape != (1, 28, 28):
    raise errors.UserError(f"dataset must hold grey images of 28×28, got {dataset} "
                           f"{train.shape}; use fashion, digits, mnist or fashion_full")
g = torch.Generator().manual_seed(seed)
n = min(n, len(test) // 2)
shuffled = test.images()[torch.randperm(len(test), generator=g)]
reference, fresh = shuffled[:n], shuffled[n:2 * n]
x_train = train.images()
# with less training some statements below need not hold: then they are not checked
full_run = dataset == "fashion" and epochs * len(train) >= 40_000 and n >= 1000

# %% [markdown]
# ## 1 · Four questions

# %% [markdown]
# "How good is this generator?" is several questions. Each score answers one of them.

# %%
diagrams.judging()

# %% [markdown]
# | score | its question | it cannot see |
# |---|---|---|
# | SSIM | is this copy like its original? | samples: they have no original |
# | FID, KID, precision, recall | do *sets* of images look alike to a network? | copying |
# | NLL | how probable are *new* real images? | what samples look like |
# | nearest neighbour | are samples copies of training images? | all else |

# %% [markdown]
# The test set is cut into two halves. One is the **reference**: every score below compares $n$ images with these same $n$. The other half stands for a perfect generator: what *it* scores is the **floor** of a score, at the same $n$ and against the same reference.
#
# We judge the VAE of lab 02 with 64 latents. **Expect** decent copies and smeared samples.

# %% tags=["nbval-ignore-output"]
def train_vae(images):
    model = recipes.build("mlp-vae-mnist", 64, train.shape, seed)
    training.fit(model, images, losses.negative_elbo, epochs=epochs, batch_size=64,
                 lr=2e-3, schedule="one-cycle", seed=seed)
    return model.cpu().eval()

vae = train_vae(train)
samples = vae.sample(max(n, 1000), generator=g)
rows = {"test image": fresh[:12], "its copy": vae.reconstruct(fresh[:12]), "sample": samples[:12]}
plots.compare(rows, title="The VAE to judge: copies and samples")

# %% [markdown]
# Copies can be compared with their originals. Samples have none: the difficulty of this lab.

# %% [markdown]
# ## 2 · SSIM, and how noise scores 0.99
#
# The **structural similarity** (Wang et al. 2004) compares two images window by window. With means $\mu_x, \mu_y$, variances $\sigma_x^2, \sigma_y^2$ and covariance $\sigma_{xy}$ of the pixels in a 7×7 window,
#
# $$\mathrm{SSIM} = \frac{(2\mu_x\mu_y + C_1)\,(2\sigma_{xy} + C_2)}{(\mu_x^2 + \mu_y^2 + C_1)\,(\sigma_x^2 + \sigma_y^2 + C_2)}, \qquad C_1 = (0.01\,L)^2,\quad C_2 = (0.03\,L)^2$$
#
# averaged over all windows; 1 means equal. $L$ is the **data range**: the largest value that a pixel can have, minus the smallest.

# %%
def ssim(x, y, L):
    """Mean SSIM of image pairs, (N, C, H, W) twice, for the data range L."""
    pairs = zip(x.numpy(), y.numpy())
    return sum(structural_similarity(a, b, data_range=L, channel_axis=0) for a, b in pairs) / len(x)

# %% [markdown]
# S0 (*Variational Autoencoder for Image Generation*) reports 0.99872 for planes and 0.99969 for frogs, on images scaled to [0, 1]. How hard is that? Four rivals, for images of one class:

# %%
def blur(x, sigma):
    """Blurred by a Gaussian of sigma pixels; 0 leaves the images as they are."""
    return gaussian_blur(x, 13, sigma) if sigma else x

one_class = test.only(test.classes[0]).images()[:200]
rivals = {"noise": torch.rand(one_class.shape, generator=g),
          "class mean": one_class.mean(0, keepdim=True).expand_as(one_class),
          "blurred copy": blur(one_class, 1.0), "VAE copy": vae.reconstruct(one_class)}
shown = {"original": one_class[:10]} | {name: y[:10] for name, y in rivals.items()}
plots.compare(shown, title=f"Four rivals for SSIM ({test.classes[0]})")

# %% [markdown]
# Now leave the data range at 255, as for images of bytes. **Expect** trouble in the first row.

# %% tags=["nbval-ignore-output"]
table = {name: (ssim(one_class, y, 255), ssim(one_class, y, 1)) for name, y in rivals.items()}
print(check.between("SSIM of noise, range 255 (wrong)", table["noise"][0], 0.95, 1))
print(check.between("SSIM of noise, range 1 (right)", table["noise"][1], -0.1, 0.15))
plots.table(["compared with the original", "range 255 (wrong)", "range 1 (right)"],
            [[name, f"{wrong:.4f}", f"{right:.3f}"] for name, (wrong, right) in table.items()])

# %% [markdown]
# In the wrong column everything is nearly perfect, noise included. **Why?** How large is $C_2$, and how large can the variance of a window be?

# %%
windows = one_class.unfold(2, 7, 1).unfold(3, 7, 1)  # every 7×7 window of every image
print(f"largest variance of a window: {windows.var((4, 5)).max():.1e}")
for L in (255, 1):
    print(f"L = {L}: C2 = {(0.03 * L) ** 2:.1e}")

# %% [markdown]
# With the wrong range $C_2$ is much larger than any variance. Numerator and denominator are both about $C_2$, and their ratio is about 1 whatever the image shows. On S0's own data, CIFAR-10's planes, uniform noise scores 0.99172 in this way (RESULTS.md). Always state the range.

# %% [markdown]
# ## 3 · FID in ten lines
#
# For samples we compare *distributions*. A trained classifier, cut off before its last layer, turns each image into a vector of **features**. Fit a Gaussian to the features of each set; the squared **Fréchet distance** of the two is the FID (Heusel et al. 2017):
#
# $$d^2 = \lVert \mu_1 - \mu_2 \rVert^2 + \mathrm{tr}\big(\Sigma_1 + \Sigma_2 - 2\,(\Sigma_1 \Sigma_2)^{1/2}\big)$$
#
# $\mu_i$ and $\Sigma_i$ are mean and covariance of the features of set $i$; tr sums a diagonal. It is the least mean squared distance that the points of one Gaussian must move to become the other.

# %%
network = "mnist" if dataset in ("mnist", "digits") else "fashion"
judge = metrics.load_features(network, device="cpu")
real_features, fresh_features = judge.features(reference), judge.features(fresh)
train_features, vae_features = judge.features(train), judge.features(samples)
print("features of the reference:", tuple(real_features.shape))

# %% [markdown]
# Our network is a small classifier with 64 features. Published FIDs use Inception, trained on photographs, with 2,048. **Scores through different networks do not compare.**

# %% [markdown]
# ### ✏️ Exercise 1 (write it): the Fréchet distance
# $\mathrm{tr}\,(\Sigma_1\Sigma_2)^{1/2}$ is the sum of the square roots of the eigenvalues of $\Sigma_1\Sigma_2$. Write the squared distance.
#
# <details><summary>Hint 1</summary> The root of a matrix is not the root of its entries. What are the eigenvalues of the root of a matrix? </details>
# <details><summary>Hint 2</summary> `torch.linalg.eigvals(cov1 @ cov2).sqrt().real.sum()` is the trace of the root: the eigenvalues come as complex numbers. </details>

# %%
def frechet_distance(mean1, cov1, mean2, cov2):
    """Squared Fréchet distance of two Gaussians.  (F,), (F, F), (F,), (F, F) → a number"""
    # BEGIN SOLUTION
    overlap = torch.linalg.eigvals(cov1 @ cov2).sqrt().real.sum()
    return (mean1 - mean2).square().sum() + cov1.trace() + cov2.trace() - 2 * overlap
    # END SOLUTION

# %%
frechet_distance = check.or_reference(frechet_distance)

# %% [markdown]
# With it FID is one line. `metrics.fid` adds a 95 % interval.

# %% tags=["nbval-ignore-output"]
def fid(a, b):
    """FID of two sets of features, (N, F) and (M, F)."""
    return float(frechet_distance(a.mean(0), torch.cov(a.T), b.mean(0), torch.cov(b.T)))

ours = fid(real_features, vae_features[:n])
score = metrics.fid(reference, samples[:n], features=judge, floor=False, seed=seed)
print(check.between("ours over the library's", ours / score.value, 1 - 1e-6, 1 + 1e-6))
display(Markdown(
    f"The VAE: FID **{score.value:.3g}** [{score.low:.3g}, {score.high:.3g}]. "
    f"Fresh real images: **{fid(real_features, fresh_features):.2g}**. Both: {n:,} images "
    "against the reference."
))

# %% [markdown]
# ## 4 · FID from ten images
#
# S4 (*Generating Images using conditional Variational Autoencoders*) gives an FID of 182.47 for MNIST, **from ten real and ten generated images**. We repeat the experiment with *real images against real images*, whose true distance is 0. Each point is a mean over repeats, more of them where sets are small; the band holds the middle 80 % of the repeats. **Expect** a line that should be 0 everywhere, and is not.

# %%
sizes = [m for m in (10, 30, 100, 300, 1000) if 2 * m <= len(train)]

def against_size(distance):
    """distance(real, real) and distance(real, VAE samples): for each size, (repeats,) each."""
    result = {"real against real": [], "VAE against real": []}
    for m in sizes:
        values = []
        for _ in range(max(10, 3000 // m)):
            a, b = train_features[torch.randperm(len(train), generator=g)[:2 * m]].split(m)
            fake = vae_features[torch.randperm(len(vae_features), generator=g)[:m]]
            values.append([distance(a, b), distance(a, fake)])
        for series, column in zip(result.values(), torch.tensor(values).T):
            series.append(column)
    return result

# %% [markdown]
# The same picture will serve for KID, so it is a function.

# %%
def draw_bands(ax, series, title, ylabel):
    """Means, and the middle 80 % of the repeats, over the number of images."""
    for (name, values), colour in zip(series.items(), plots.LINES):
        low, high = [[v.quantile(q) for v in values] for q in (0.1, 0.9)]
        ax.fill_between(sizes, low, high, color=colour, alpha=0.25, linewidth=0)
        ax.plot(sizes, [v.mean() for v in values], "o-", color=colour, label=name)
    ax.set(xscale="log", xlabel="images in each set", ylabel=ylabel, title=title)
    ax.legend()

fids = against_size(fid)
fig, ax = plots.figure(6.5, 3.6)
draw_bands(ax, fids, "FID depends on the number of images", "FID")
ax.set_yscale("log")
fig

# %% [markdown]
# The two ends of the lines in numbers:

# %% tags=["nbval-ignore-output"]
ten, most = fids["real against real"][0], fids["real against real"][-1]
ten_low, ten_high = ten.quantile(0.1).item(), ten.quantile(0.9).item()
if full_run:
    print(check.between("FID at 10 images over FID at the most", ten.mean() / most.mean(),
                        20, 10_000))
display(Markdown(
    f"Real against real, ten images: FID **{ten_low:.0f} to {ten_high:.0f}**; "
    f"{sizes[-1]:,} images: **{most.mean():.2g}**. The VAE at {n:,}: **{ours:.3g}**."
))

# %% [markdown]
# With ten images *perfect* samples score far from 0, on Fashion-MNIST about as badly as this VAE. FID is **biased**: its mean over many draws is too large, the more so the fewer the images. **Two FIDs compare only at the same number of images.**
#
# **Why?** Look at the terms of the formula, for ten images and for many.

# %% tags=["nbval-ignore-output"]
rows = []
for m in (10, sizes[-1]):
    a, b = train_features[torch.randperm(len(train), generator=g)[:2 * m]].split(m)
    means = float((a.mean(0) - b.mean(0)).square().sum())
    traces = float(a.var(0).sum() + b.var(0).sum())
    rank = int(torch.linalg.matrix_rank(torch.cov(a.T)))
    terms = (means, traces, means + traces - fid(a, b), fid(a, b))
    rows.append([f"{m:,}", *(f"{term:.3g}" for term in terms), f"{rank} of {a.shape[1]}"])
plots.table(["images", "means apart", "tr Σ₁ + tr Σ₂", "2 tr (Σ₁Σ₂)^½", "FID", "rank of Σ₁"], rows)

# %% [markdown]
# What is missing is the overlap: ten points span at most nine directions, so each cloud is flat, and flat clouds in many dimensions hardly overlap. In the limit of many features two sets of $n$ draws from *one* Gaussian do not overlap at all. What stays is $2\,\mathrm{tr}\,\Sigma$ from the traces and $\frac{2}{n}\mathrm{tr}\,\Sigma$ from the means: a limit of $2 + \frac{2}{n}$ times the variance. **Expect** the curve to approach it from below.

# %%
def ten_against_ten(F):
    """FID of ten draws of N(0, I) and ten others, over tr Σ = F."""
    a, b = torch.randn(2, 10, F, generator=g, dtype=torch.double)
    u, v = a - a.mean(0), b - b.mean(0)
    # of flat clouds the trace of the root is a sum of 10 singular values: fast for any F
    overlap = torch.linalg.matrix_norm(u @ v.T, "nuc") / 9
    means = (a.mean(0) - b.mean(0)).square().sum()
    return float(means + u.square().sum() / 9 + v.square().sum() / 9 - 2 * overlap) / F

widths = [8, 32, 128, 512, 2048, 8192, 32_768]
fig, ax = plots.figure(6.5, 3.4)
ax.plot(widths, [ten_against_ten(F) for F in widths], "o-", color=plots.LINES[0])
for value, words in [(2 + 2 / 10, "limit 2 + 2/n"), (0, "the true distance")]:
    ax.axhline(value, color="black", linestyle="--", linewidth=1)
    ax.text(8, value + 0.05, words)
ax.set(xscale="log", ylim=(-0.1, 2.5), xlabel="features F", ylabel="FID / tr Σ",
       title="Ten draws against ten from the same Gaussian")
fig

# %% [markdown]
# With Inception's 2,048 features, an FID from ten images mostly measures how much features vary. `metrics.fid` refuses when there are no more images than features:

# %%
try:
    metrics.fid(reference[:10], samples[:10], features=judge)
except ValueError as error:
    print(str(error).split(":")[0])

# %% [markdown]
# ## 5 · KID: the same idea without the bias
#
# KID (Bińkowski et al. 2018) fits no Gaussian. A **kernel** $k(x, y) = (x^\top y / F + 1)^3$ says how alike the features $x$ and $y$ of two images are. KID compares pairs within the sets with pairs across; in theory it is the *squared maximum mean discrepancy* (MMD):
#
# $$\mathrm{KID} = \operatorname*{mean}_{i \neq j} k(x_i, x_j) + \operatorname*{mean}_{i \neq j} k(y_i, y_j) - 2 \operatorname*{mean}_{i, j} k(x_i, y_j)$$
#
# Here is a first attempt. **Expect** about 0 in the second column: both sets are real.

# %%
def kernel(x, y):
    """(N, F), (M, F) → (N, M)"""
    return (x @ y.T / x.shape[1] + 1) ** 3

def suspicious_mmd(k_xx, k_yy, k_xy):
    return k_xx.mean() + k_yy.mean() - 2 * k_xy.mean()

def kid(a, b, mmd=suspicious_mmd):
    """KID of two sets of features, (N, F) and (M, F)."""
    return float(mmd(kernel(a, a), kernel(b, b), kernel(a, b)))

# %% [markdown]
# Means over the repeats, and the lowest of them:

# %% tags=["nbval-ignore-output"]
kids = against_size(kid)
plots.table(["images", "real against real, mean", "lowest", "VAE against real, mean"],
            [[f"{m:,}", f"{a.mean():.3g}", f"{a.min():.3g}", f"{b.mean():.3g}"]
             for m, a, b in zip(sizes, *kids.values())])

# %% [markdown]
# ### ✏️ Exercise 2 (find the bug): why is it never 0?
# Real against real is far above 0 and falls as the sets grow. Compare the function with the formula and mend it.
#
# <details><summary>Hint 1</summary> What does entry (i, i) of the first matrix compare, and does the formula contain it? </details>
# <details><summary>Hint 2</summary> `(k.sum() - k.trace()) / (len(k) * (len(k) - 1))` is a mean without the diagonal; for which of the three matrices? </details>

# %%
def mmd(k_xx, k_yy, k_xy):
    """Unbiased squared maximum mean discrepancy.  (N, N), (M, M), (N, M) → a number"""
    # BEGIN SOLUTION
    def off_diagonal_mean(k):
        return (k.sum() - k.trace()) / (len(k) * (len(k) - 1))

    return off_diagonal_mean(k_xx) + off_diagonal_mean(k_yy) - 2 * k_xy.mean()
    # END SOLUTION

# %%
mmd = check.or_reference(mmd)

# %% [markdown]
# Without the pairs of an image with itself the estimate is **unbiased**: over many draws it averages to the true value, here to 0, so it must be negative about half of the time. Both scores again, as a share of what the VAE gets with the most images. **Expect** FID's lines to meet on the left; KID's to stay level, with bands that narrow.

# %% tags=["cover"]
kids = against_size(lambda a, b: kid(a, b, mmd))
fig, axes = plots.figure(9, 3.6, columns=2)
for ax, name, series in zip(axes, ("FID", "KID"), (fids, kids)):
    unit = series["VAE against real"][-1].mean()
    shares = {key: [v / unit for v in values] for key, values in series.items()}
    draw_bands(ax, shares, f"{name}, over the VAE's", "share")
axes[0].set_yscale("log")
axes[1].set_yscale("symlog", linthresh=0.1)
axes[1].axhline(0, color="black", linestyle="--", linewidth=1)
fig

# %% [markdown]
# Right: the mean KID of real images stays near 0 (dashed); this axis is linear within ±0.1 and logarithmic beyond. Unbiased is not precise: with ten images a single KID of real images can be as large as the VAE's.

# %% [markdown]
# ## 6 · Two faults, one number
#
# A generator can fail in two ways: poor images of everything, or good images of little. Three sheets; each stands for a set of $n$ images.

# %%
chosen = x_train[torch.randperm(len(train), generator=g)[:n]]
k_distinct = max(5, n // 10)
sheets = {"a: blurred": blur(chosen, 0.7), "b: few": chosen[torch.arange(n) % k_distinct],
          "c: VAE": samples[:n]}
print(f"a: real images, blurred by 0.7 pixels; b: {k_distinct} real images, repeated; c: samples")
plots.compare({name: x[:12] for name, x in sheets.items()}, title="Which set does FID prefer?")

# %% [markdown]
# ### ✏️ Exercise 3 (predict it): which set gets the lowest FID?
# `"a"`: all images, a little blurred. `"b"`: a tenth of the images, sharp, each of them ten times. `"c"`: the VAE's samples. Choose before you run the next cells.
#
# <details><summary>Hint 1</summary> FID sees mean and covariance of the features. How many different images does it take to estimate these? </details>
# <details><summary>Hint 2</summary> Repetition moves no image away from where real ones are; blur moves every image. </details>

# %%
# BEGIN SOLUTION
guess = "b"
# END SOLUTION

# %% [markdown]
# The measurement:

# %% tags=["nbval-ignore-output"]
of_sheets = {name[0]: fid(real_features, judge.features(x)) for name, x in sheets.items()}
print({name: f"FID {value:.3g}" for name, value in of_sheets.items()})
lowest = min(of_sheets, key=of_sheets.get)
check.prediction(guess, {name: name == lowest for name in of_sheets},
                 because="FID compares nothing but the mean and the covariance.")

# %% [markdown]
# One number cannot name the fault. **Precision** and **recall** (Kynkäänniemi et al. 2019) are two. Around each real image, in feature space, draw a ball that reaches to its third-nearest real neighbour. Precision is the share of *samples* inside some ball of a real image; recall exchanges the roles: the share of *real images* inside some ball of a sample.
#
# $$\text{precision} = \frac1M \sum_{j=1}^M \mathbb 1\Big[\exists i:\ \lVert y_j - x_i \rVert \le r_3(x_i)\Big]$$
#
# $x_i$ are the features of the real images, $y_j$ of the $M$ samples, $r_3(x_i)$ is the radius of the ball, and $\mathbb 1[\cdot]$ is 1 where the statement is true, else 0.

# %%
def share_inside(points, centres, k=3):
    """The share of points within a ball of some centre that reaches its k-th neighbour."""
    # the nearest centre of all is the centre itself
    radius = torch.cdist(centres, centres).kthvalue(k + 1).values
    return float((torch.cdist(points, centres) <= radius).any(1).double().mean())

# %% [markdown]
# In two dimensions: real points with their balls, and three generators.

# %%
cloud = torch.randn(60, 2, generator=g)
toys = {"fits": torch.randn(60, 2, generator=g),
        "few, all good": cloud[:4].repeat(15, 1) + 0.02 * torch.randn(60, 2, generator=g),
        "half off": torch.randn(60, 2, generator=g) + torch.tensor([2.5, 0.0])}
fig, axes = plots.figure(9, 3.3, columns=3, sharex=True, sharey=True)
for ax, (name, points) in zip(axes, toys.items()):
    radius = torch.cdist(cloud, cloud).kthvalue(4).values
    for centre, r in zip(cloud.tolist(), radius.tolist()):
        ax.add_patch(Circle(centre, r, color=plots.LINES[0], alpha=0.12, linewidth=0))
    ax.plot(*cloud.T, "o", color=plots.LINES[0], markersize=4, label="real, with balls")
    ax.plot(*points.T, "x", color=plots.LINES[1], markersize=6, label="generated")
    both = share_inside(points, cloud), share_inside(cloud, points)
    ax.set(title=f"{name}\nprecision {both[0]:.2f}, recall {both[1]:.2f}",
           aspect="equal", xlabel="feature 1")
axes[0].set(ylabel="feature 2", ylim=(-6, 4.2))
axes[0].legend(loc="lower left")
fig

# %% [markdown]
# Few good samples keep precision and lose recall. A generator that is off loses both.
#
# Now our two faults, weaker and stronger. **Expect** FID to see both, and the two shares to tell them apart.

# %%
sigmas = [0, 0.3, 0.5, 0.7, 1.0, 1.5]
distinct = [k for k in (10, 30, 100, 300, 1000) if k <= n]
faults = {"blur, pixels": {s: judge.features(blur(chosen, s)) for s in sigmas}}
of_chosen = faults["blur, pixels"][0]
faults["distinct images"] = {k: of_chosen[torch.arange(n) % k] for k in distinct}

def judged(f):
    """FID, precision and recall of features, against the reference."""
    return fid(real_features, f), share_inside(f, real_features), share_inside(real_features, f)

results = {name: {x: judged(f) for x, f in sets.items()} for name, sets in faults.items()}

# %% [markdown]
# Left pair: more and more blur. Right pair: fewer and fewer distinct images. Dashed lines are the floors, what fresh real images get.

# %%
floor = judged(fresh_features)
fig, axes = plots.figure(9, 3.6, columns=4, gridspec_kw={"width_ratios": [1, 1, 1, 1]})
for half, (name, found) in enumerate(results.items()):
    fids_of, precisions, recalls = zip(*found.values())
    left, right = axes[2 * half:2 * half + 2]
    left.plot(list(found), fids_of, "o-", color="black")
    left.axhline(floor[0], color="black", linestyle="--", linewidth=1)
    left.set(yscale="log", xlabel=name, title="FID")
    right.plot(list(found), precisions, "o-", color=plots.LINES[0], label="precision")
    right.plot(list(found), recalls, "s-", color=plots.LINES[1], label="recall")
    for value, colour in zip(floor[1:], plots.LINES):
        right.axhline(value, color=colour, linestyle="--", linewidth=1)
    right.set(ylim=(-0.03, 1.03), xlabel=name, title="shares")
    for ax in (left, right) if half else ():
        ax.set_xscale("log")
axes[3].legend(loc="center left")
fig

# %% tags=["nbval-ignore-output"]
few = results["distinct images"][distinct[0]]
blurred = results["blur, pixels"][sigmas[-1]]
if full_run:
    print(check.between("precision of ten images, over the floor", few[1] / floor[1], 0.6, 1.3))
    print(check.between("recall of ten images", few[2], 0, 0.05))
    print(check.between("precision at the strongest blur, over the floor",
                        blurred[1] / floor[1], 0, 0.85))
display(Markdown(
    f"Floor: precision {floor[1]:.2f}, recall {floor[2]:.2f}. Ten images, repeated: "
    f"**{few[1]:.2f}** and **{few[2]:.2f}**. Blur of {sigmas[-1]} pixels: "
    f"**{blurred[1]:.2f}** and **{blurred[2]:.2f}**."
))

# %% [markdown]
# High precision with low recall means monotony. Blur lowers *both*, here recall first: blurred images no longer lie where sharp ones do, so their balls hold few of these. Low recall alone does not prove that a kind of image is missing: read the pair, and look at samples.
#
# Now with your own eyes. Move the slider (or use the arrow keys) from 0 upwards and stop where you first see the blur. **Which FID stands there, and how many distinct images, repeated, get the same one in the figure above?** The rows above the slider show the same images.

# %% tags=["nbval-ignore-output"]
captions = {s: f"FID {f:.2g}, precision {p:.2f}, recall {r:.2f}"
            for s, (f, p, r) in results["blur, pixels"].items()}
rows = {f"blur {s}": blur(chosen[:12], s) for s in sigmas}
display(plots.compare(rows, title="The slider's images"))
explore.SheetSlider({s: blur(chosen[:24], s) for s in sigmas}, label="blur, pixels",
                    captions=captions, columns=12, scale=2)

# %% [markdown]
# ## 7 · Four generators, judged
#
# For Fashion-MNIST three more models come with the package; **samples of three models that later labs explain**: a conditional VAE, a GAN (lab 06) and a diffusion model (lab 07). One reference, one $n$, and intervals that cover sampling only: each model was trained once. **Expect** different winners in different columns.

# %% tags=["nbval-ignore-output"]
generated = {"VAE, trained here": samples[:n]}
if dataset.startswith("fashion"):
    y = torch.arange(n) % 10
    later = {name: pretrained.load(name).model
             for name in ("conv-cvae-fashion", "dc-gan-fashion", "ddpm-fashion")}
    generated["conditional VAE"] = later["conv-cvae-fashion"].sample(n, y, generator=g)
    generated["GAN"] = later["dc-gan-fashion"].sample(n, generator=g)
    generated["diffusion"] = later["ddpm-fashion"].sample(n, y, generator=g, steps=steps)
    plots_of = {name: x[:12] for name, x in generated.items()}
    display(plots.compare(plots_of, title="Samples, not picked"))

# %% [markdown]
# The scores of all, with the intervals of `vaekit.metrics`:

# %% tags=["nbval-ignore-output"]
how = dict(features=judge, floor=False, seed=seed)
scores = [metrics.fid, metrics.kid, metrics.precision, metrics.recall]
card = {name: [score(reference, x, **how) for score in scores]
        for name, x in ({"real images (floor)": fresh} | generated).items()}
plots.table(["", "FID ↓", "KID ↓", "precision ↑", "recall ↑"],
            [[name, *(f"{s.value:.3g} [{s.low:.2g}, {s.high:.2g}]" for s in row)]
             for name, row in card.items()])

# %% [markdown]
# The same as a picture:

# %%
fig, axes = plots.figure(9, 3.2, columns=4, sharey=True)
names = list(card)[::-1]
for ax, column, title in zip(axes, range(4), ("FID ↓", "KID ↓", "precision ↑", "recall ↑")):
    found = [card[name][column] for name in names]
    for place, s in enumerate(found):
        ax.plot([s.low, s.high], [place, place], color=plots.LINES[0], linewidth=3)
        ax.plot(s.value, place, "o", color="black")
    ax.axvline(found[-1].value, color="black", linestyle="--", linewidth=1)
    ax.set(title=title, yticks=range(len(names)), yticklabels=names)
fig.suptitle(f"Value, 95 % interval, floor (dashed); {n:,} images each")
fig

# %% [markdown]
# None of the generators reaches the floor in every column. The conditional VAE has more precision than the GAN and less recall: one FID weighs the two faults in a way that nobody chose. Samples may even exceed the floor of precision, if they are more typical than real images are.

# %% [markdown]
# ## 8 · Likelihood against looks
#
# A VAE gives every image a probability, up to a bound. With $k$ draws $z_i$ from the encoder's $q(z \mid x)$ (Burda et al. 2016)
#
# $$\log p(x) \;\ge\; \mathbb E\,\log \frac1k \sum_{i=1}^k w_i, \qquad w_i = \frac{p(x \mid z_i)\,p(z_i)}{q(z_i \mid x)}$$
#
# With $k = 1$ this is the ELBO of lab 02; it gets tighter as $k$ grows. The **NLL** (negative log-likelihood) is minus its mean over test images, in nats per image.
#
# The images must be what the density describes: lab 02's decoder describes pixels that are 0 or 1. So here **all images are binarised**: pixels above one half become 1, the others 0. A second VAE is trained on them, and its samples are *draws*, black and white, not means.

# %% tags=["nbval-ignore-output"]
def binarise(images):
    return (images > 0.5).float()

train_bits, reference_bits = binarise(x_train), binarise(reference)
bit_vae = train_vae(data.ImageSet(train_bits, train.y, train.classes))
bit_samples = torch.bernoulli(bit_vae.sample(n, generator=g), generator=g)
rows = {"test image": binarise(fresh[:12]), "draw": bit_samples[:12]}
plots.compare(rows, title="Binarised images, and draws of a VAE trained on such")

# %% [markdown]
# ### ✏️ Exercise 4 (write it): a mean in logarithms
# You get $\log w$; a typical value is $-150$, and in 32-bit floats $e^{-150}$ is 0. Compute $\log \frac1k \sum_i w_i$ without leaving the logarithm.
#
# <details><summary>Hint 1</summary> What happens to the result if you add the same number to all $\log w_i$? </details>
# <details><summary>Hint 2</summary> `torch.logsumexp(log_weights, 0)` is the log of a *sum*; how does it differ from that of a mean? </details>

# %%
def importance_bound(log_weights):
    """The log of the mean weight of each image.  (k, N) → (N,)"""
    # BEGIN SOLUTION
    return torch.logsumexp(log_weights, 0) - math.log(len(log_weights))
    # END SOLUTION

# %%
importance_bound = check.or_reference(importance_bound)

# %% [markdown]
# Does a good NLL promise good samples? Theis et al. (2016) answer with an experiment. Take a model that draws from the VAE once in a hundred times, and tosses a coin for every pixel otherwise:
#
# $$p_\text{mix}(x) = 0.01\,p_\text{VAE}(x) + 0.99\,p_\text{coins}(x) \;\ge\; 0.01\,p_\text{VAE}(x)$$
#
# So its NLL exceeds the VAE's by $\log 100$ at most, which is less than five nats. Your function computes it, as a mean of a hundred probabilities.

# %%
x_some = reference_bits[:300]
P = x_some[0].numel()
log_vae = importance_bound(metrics.importance_weights(bit_vae, x_some, 100, seed=seed))
log_coins = torch.full_like(log_vae, -P * math.log(2))
log_mix = importance_bound(torch.stack([log_vae] + [log_coins] * 99))
print(check.between("nats per image that 99 % coins cost", (log_vae - log_mix).mean(), 4.5, 4.606))
coins = torch.bernoulli(torch.full((n, *train.shape), 0.5), generator=g)
from_vae = torch.rand(n, 1, 1, 1, generator=g) < 0.01
mixture = torch.where(from_vae, bit_samples, coins)
plots.sheet(mixture[:24], columns=12, title="Draws of the mixture")

# %% [markdown]
# Noise, for less than five nats. Now **the reverse**, clear samples with (on Fashion-MNIST) a poor likelihood: a lookup table of $K$ training images. It draws one of them, $t$, and flips each pixel with probability $\varepsilon = 0.02$. That is a density too: if $x$ and $t$ differ in $h$ of $P$ pixels,
#
# $$p_\text{lookup}(x) = \frac1K \sum_{t} \varepsilon^{h(x,t)} (1 - \varepsilon)^{P - h(x,t)}$$

# %%
def log_lookup(x, images, flip=0.02):
    """log p(x) under a lookup table of binary images.  (N, C, H, W), (K, C, H, W) → (N,)"""
    x, t = x.flatten(1), images.flatten(1)
    h = t @ (1 - x).T + (1 - t) @ x.T  # in how many pixels they differ, (K, N)
    return importance_bound(h * math.log(flip) + (P - h) * math.log1p(-flip))

def draw_lookup(images, flip=0.02):
    """n draws of a lookup table."""
    t = images[torch.randint(len(images), (n,), generator=g)]
    flipped = torch.rand(t.shape, generator=g) < flip
    return (t - flipped.float()).abs()

tables = [m for m in (10, 30, 100, 300, 1000, 3000, 10_000) if m <= len(train)]
lookup_nll = [-float(log_lookup(x_some, train_bits[:m]).mean()) for m in tables]

# %% [markdown]
# **Expect** the table's NLL to fall as it grows; does it reach the dashed lines?

# %%
fig, ax = plots.figure(6.5, 3.4)
ax.plot(tables, lookup_nll, "o-", color=plots.LINES[0])
for log_p, words, up in [(log_vae, "VAE", -14), (log_mix, "VAE + 99 % coins", 6)]:
    ax.axhline(-float(log_p.mean()), color="black", linestyle="--", linewidth=1)
    ax.annotate(words, (tables[0], -float(log_p.mean())), (0, up), textcoords="offset points")
ax.set(xscale="log", xlabel="training images in the table, K", ylabel="NLL, nats per image ↓",
       title=f"NLL of {len(x_some)} test images: lookup tables and VAE", ylim=(0, None))
fig

# %% [markdown]
# Both verdicts: NLL of test images, and FID of $n$ draws against the binarised reference.

# %%
bit_features = judge.features(reference_bits)
draws = {"VAE": (log_vae, bit_samples), "VAE + 99 % coins": (log_mix, mixture)}
for m in (100, len(train)):
    owned = train_bits[:m]
    draws[f"lookup, K = {m:,}"] = log_lookup(x_some, owned), draw_lookup(owned)
verdicts = {name: (-float(log_p.mean()), fid(bit_features, judge.features(x)))
            for name, (log_p, x) in draws.items()}
fig, ax = plots.figure(6.5, 3.6)
for (name, point), colour in zip(verdicts.items(), plots.LINES):
    ax.plot(*point, "o", color=colour, markersize=9)
    ax.annotate(name, point, (8, 4), textcoords="offset points")
real_bits = fid(bit_features, judge.features(binarise(fresh)))
ax.axhline(real_bits, color="black", linestyle="--", linewidth=1, label="fresh real images")
ax.set(yscale="log", xlabel="NLL, nats per image ↓", ylabel="FID ↓",
       title="Likelihood and looks disagree")
ax.margins(x=0.45, y=0.15)
ax.legend()
fig

# %% tags=["nbval-ignore-output"]
full_table = verdicts[f"lookup, K = {len(train):,}"]
if full_run:
    print(check.between("NLL: full table minus VAE, nats", full_table[0] - verdicts["VAE"][0],
                        10, 300))
    print(check.between("FID: VAE over full table", verdicts["VAE"][1] / full_table[1], 2, 100))
plots.table(["model", "NLL, nats per image ↓", "FID ↓"],
            [[name, f"{nats:.0f}", f"{score:.3g}"] for name, (nats, score) in verdicts.items()])

# %% [markdown]
# On Fashion-MNIST with the default settings both VAE models have a better likelihood than every table, even with the coins; the table of all training images has by far the better FID. The two scores answer different questions.

# %% [markdown]
# ## 9 · The memoriser wins
#
# A lookup table generates nothing new, and FID prefers it. The **distance to the nearest training image** reveals it: its median, beside that of real images outside the training set. Back to grey images; one suspect shifts its copies by one pixel.

# %%
copies = chosen[:200]
suspects = {"fresh real images": fresh[:200], "lookup table": copies,
            "lookup, moved by one pixel": torch.roll(copies, 1, 3), "VAE": samples[:200],
            "fresh, blurred by 0.7": blur(fresh[:200], 0.7)}

def shifted(x):
    """The nine versions of images that shifts by up to one pixel give."""
    return [torch.roll(x, (down, right), (2, 3)) for down in (-1, 0, 1) for right in (-1, 0, 1)]

def distances(x):
    """To the nearest training image: of x as it is, and of its best shift.  (N,), (N,)"""
    found = torch.stack([metrics.nearest(s, x_train)[0] for s in shifted(x)])
    return found[4], found.min(0).values

nearest = {name: [float(d.median()) for d in distances(x)] for name, x in suspects.items()}

# %% [markdown]
# **Expect** to catch the lookup table, and not its moved copies.

# %% tags=["nbval-ignore-output"]
print(check.between("the lookup table's distance", nearest["lookup table"][0], 0, 1e-6))
moved = nearest["lookup, moved by one pixel"]
print(check.between("moved copies, after undoing the move", moved[1], 0, 1e-6))
plots.table(["200 images of", "median distance", "after the best shift"],
            [[name, f"{a:.3g}", f"{b:.3g}"] for name, (a, b) in nearest.items()])

# %% [markdown]
# Distance 0: a copy. But the same copies **moved by one pixel** are far from 0; only undoing the shift finds them. And on Fashion-MNIST *blurred* fresh images, which are no copies, lie nearer than sharp ones: a smooth picture is close to many. A distance of 0 proves a copy, a larger one proves nothing. Look at the pairs:

# %%
position = metrics.nearest(samples[:12], x_train)[1]
rows = {"VAE sample": samples[:12], "nearest training image": x_train[position]}
plots.compare(rows, title="Copies, or not? Look at the pairs")

# %% [markdown]
# ## 10 · Reading a paper's table
#
# 1. **What was scored**: samples, or copies?
# 2. **Data range**: was the metric told the true one?
# 3. **Number of images**: the same in every row, and more than the features?
# 4. **Reference**: training or test set, and the same in every row?
# 5. **Feature network**, and the resizing before it (Parmar et al. 2022)?
# 6. **Floor and interval**: is real against real given, at the same number of images?
# 7. **NLL**: in nats or bits, of which likelihood, on binarised images or grey ones, with how many draws $k$?
# 8. **Choice**: are samples picked, nearest training images shown, the best of several seeds reported?
#
# S3 (*Generative models using VAEs & GANs*) planned FID and KID and could not run them. An empty cell misleads nobody; the numbers of S0 and S4 do.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
wrong, right = table["noise"]
own = card["VAE, trained here"]
coins_cost = float((log_vae - log_mix).mean())
display(Markdown(
    f"- **Pairs**: under the wrong data range noise has an SSIM of {wrong:.3f}, "
    f"under the right one {right:.3f}.\n"
    f"- **Sets**: real against real has an FID of {ten_low:.0f} to {ten_high:.0f} with ten "
    f"images and {floor[0]:.2g} with {n:,} (precision {floor[1]:.2f}, recall {floor[2]:.2f}); "
    f"the VAE {ours:.3g} ({own[2].value:.2f}, {own[3].value:.2f}).\n"
    f"- **Likelihood**: 99 % coins add {coins_cost:.2f} nats to the VAE's "
    f"{verdicts['VAE'][0]:.0f}. A table of the training set has {full_table[0]:.0f} nats, "
    f"but an FID of {full_table[1]:.2g} where the VAE has {verdicts['VAE'][1]:.3g}."
))

# %% [markdown]
# **Next**: lab 06 trains a GAN, which has no likelihood at all. Its typical failure, to draw few kinds of image, is what recall is for.
#
# ### What to read
# - Wang et al. (2004), *Image quality assessment: from error visibility to structural similarity*
# - Heusel et al. (2017), *GANs trained by a two time-scale update rule converge to a local Nash equilibrium*: FID
# - Bińkowski et al. (2018), *Demystifying MMD GANs*: KID, and the bias of FID
# - Kynkäänniemi et al. (2019), *Improved precision and recall metric for assessing generative models*; Naeem et al. (2020), *Reliable fidelity and diversity metrics for generative models*: their weakness; density and coverage
# - Theis et al. (2016), *A note on the evaluation of generative models*
# - Burda et al. (2016), *Importance weighted autoencoders*
# - Borji (2019), *Pros and cons of GAN evaluation measures*
# - Parmar et al. (2022), *On aliased resizing and surprising subtleties in GAN evaluation*
