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
# Of the five reports behind this course, two give their images a score that is doubtful, and a third planned scores and gives none (RESULTS.md of this repository describes them). Afterwards you can
#
# - say what SSIM, FID, KID, precision, recall and the likelihood measure;
# - write FID, KID and the importance-weighted bound;
# - give beside a score what *real* images get at the same number of images;
# - find the copier among five sets of images;
# - put eight questions to a paper's table.

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
from itertools import combinations

import torch
from IPython.display import Markdown, display
from matplotlib.patches import Circle
from skimage.metrics import structural_similarity
from torchvision.transforms.functional import gaussian_blur

# %%
for name, value, least in [("train_images", train_images, 200), ("epochs", epochs, 1),
                           ("n", n, 100), ("steps", steps, 1)]:
    errors.at_least(name, value, least)
errors.check_seed(seed)
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
# | NLL (negative log-likelihood) | how probable are *new* real images? | what samples look like |
# | nearest neighbour | are samples copies of training images? | moved copies; how good or varied samples are |

# %% [markdown]
# The test set is cut into two halves. One is the **reference**: except where we say so, a score compares $n$ images with these same $n$. The other half, **fresh real images**, stands for a perfect generator: its scores are what such a generator gets with $n$ images. A score beyond them is no sign of a better one.
#
# We judge the VAE of lab 02 with 64 latents. **Expect** rough copies and smeared samples.

# %% tags=["nbval-ignore-output"]
def train_vae(images):
    model = recipes.build("mlp-vae-mnist", 64, train.shape, seed)
    training.fit(model, images, losses.negative_elbo, epochs=epochs, batch_size=64,
                 lr=2e-3, schedule="one-cycle", seed=seed)
    return model.cpu().eval()

vae = train_vae(train)
samples = vae.sample(3000, generator=g)
rows = {"test image": fresh[:12], "its copy": vae.reconstruct(fresh[:12]), "sample": samples[:12]}
plots.compare(rows, title="The VAE to judge: copies and samples")

# %% [markdown]
# Copies can be compared with their originals. Samples have none: the difficulty of this lab.

# %% [markdown]
# ## 2 · SSIM needs the data range
#
# The **structural similarity** (Wang et al. 2004) compares two images window by window. With means $\mu_x, \mu_y$, variances $\sigma_x^2, \sigma_y^2$ and covariance $\sigma_{xy}$ of the pixels in a window (7×7 pixels in scikit-image, which we use),
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
# S0 (*Variational Autoencoder for Image Generation*) reports 0.99872 for planes and 0.99969 for frogs, on images scaled to [0, 1]. How hard is that? Four candidates, for images of one class:

# %%
def blur(x, sigma):
    """Blurred by a Gaussian of sigma pixels; 0 leaves the images as they are."""
    return gaussian_blur(x, 13, sigma) if sigma else x

one_class = test.only(test.classes[0]).images()[:200]
candidates = {"noise": torch.rand(one_class.shape, generator=g),
          "class mean": one_class.mean(0, keepdim=True).expand_as(one_class),
          "blurred copy": blur(one_class, 1.0), "VAE copy": vae.reconstruct(one_class)}
shown = {"original": one_class[:10]} | {name: y[:10] for name, y in candidates.items()}
plots.compare(shown, title=f"Four candidates for SSIM ({test.classes[0]})")

# %% [markdown]
# Now give the data range of bytes, 255, for our images in [0, 1]. **Expect** trouble in the first row.

# %% tags=["nbval-ignore-output"]
table = {name: (ssim(one_class, y, 255), ssim(one_class, y, 1)) for name, y in candidates.items()}
print(check.between("SSIM of noise, range 255 (wrong)", table["noise"][0], 0.95, 1))
print(check.between("SSIM of noise, range 1 (right)", table["noise"][1], -0.1, 0.15))
plots.table(["compared with the original", "range 255 (wrong)", "range 1 (right)"],
            [[name, f"{wrong:.4f}", f"{right:.3f}"] for name, (wrong, right) in table.items()])

# %% [markdown]
# In the wrong column everything is nearly perfect, noise included. **Why?** How large are $C_1$ and $C_2$, and how large can a squared mean or a variance be?

# %%
windows = one_class.unfold(2, 7, 1).unfold(3, 7, 1)  # every 7×7 window of every image
print(f"largest variance of a window: {windows.var((4, 5)).max():.1e}")
for L in (255, 1):
    print(f"L = {L}: C1 = {(0.01 * L) ** 2:.1e}, C2 = {(0.03 * L) ** 2:.1e}")
white = torch.ones(1, *train.shape)
print(f"black against white, L = 255: {ssim(0 * white, white, 255):.2f}")

# %% [markdown]
# Squared means are at most 1 and variances small: with the wrong range the constants outweigh them, and both factors come near 1: even black against white gives 0.87. S0 does not state its range. With 255, uniform noise scores 0.99172 on its own data, CIFAR-10's planes (RESULTS.md). Always state the range.

# %% [markdown]
# ## 3 · FID in ten lines
#
# For samples we compare *distributions*. A trained classifier, cut off before its last layer, turns each image into a vector of **features**. Fit a Gaussian to the features of each set; the squared **Fréchet distance** of the two is the FID, the *Fréchet inception distance* (Heusel et al. 2017):
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
# Our network is a small classifier with 64 features. Published FIDs usually use Inception, trained on photographs, with 2,048. **Scores through different networks do not compare.**

# %% [markdown]
# ### ✏️ Exercise 1 (write it): the Fréchet distance
# Write the squared distance of two Gaussians. The last term, $\mathrm{tr}\big((\Sigma_1\Sigma_2)^{1/2}\big)$, needs no matrix root, only numbers that belong to $\Sigma_1\Sigma_2$.
#
# <details><summary>Hint 1</summary> A trace is the sum of the eigenvalues. What are the eigenvalues of the root of a matrix? </details>
# <details><summary>Hint 2</summary> `torch.linalg.eigvals(cov1 @ cov2)` gives eigenvalues as complex numbers; `.sqrt().real` of them are the roots. </details>

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
# With it FID is one line. `metrics.fid` adds a 95 % interval for the *mean* FID of sets of this size.

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
# S4 (*Generating Images using conditional Variational Autoencoders*) gives an FID of 182.47 for MNIST, **from ten real and ten generated images**. How good can a score from ten be? We compare *training images with training images*, whose true distance is 0. Each point is a mean over repeats; the band holds the middle 80 % of them. **Expect** a line that should be 0 everywhere, and is not.

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
of_vae = fids["VAE against real"]
if full_run:
    print(check.between("FID at 10 images over FID at the most", ten.mean() / most.mean(),
                        20, 10_000))
display(Markdown(
    f"Real against real: FID **{ten_low:.0f} to {ten_high:.0f}** with ten images, "
    f"**{most.mean():.2g}** with {sizes[-1]:,}. Mean of the VAE: **{of_vae[0].mean():.3g}** "
    f"with ten, **{of_vae[-1].mean():.3g}** with {sizes[-1]:,}."
))

# %% [markdown]
# With ten images *perfect* samples score far from 0. FID is **biased**: its mean over many draws is too large, the more so the fewer the images. **Compare two FIDs only at the same number of images.** Even then the bias does not cancel: here it is larger for real images than for the VAE's.
#
# **Why?** Here are the means of the formula's terms, for ten images and for many.

# %% tags=["nbval-ignore-output"]
rows = []
for m in (10, sizes[-1]):
    terms = []
    for _ in range(30):
        a, b = train_features[torch.randperm(len(train), generator=g)[:2 * m]].split(m)
        means = float((a.mean(0) - b.mean(0)).square().sum())
        traces = float(a.var(0).sum() + b.var(0).sum())
        distance = fid(a, b)
        terms.append([means, traces, means + traces - distance, distance])
    rank = int(torch.linalg.matrix_rank(torch.cov(a.T)))
    average = torch.tensor(terms).mean(0)
    rows.append([f"{m:,}", *(f"{term:.3g}" for term in average), f"{rank} of {a.shape[1]}"])
plots.table(["images", "means apart", "tr Σ₁ + tr Σ₂", "2 tr (Σ₁Σ₂)^½", "FID", "rank of Σ₁"], rows)

# %% [markdown]
# For equal Gaussians the first term is 0 and the third equals the second. With ten images the means are apart by chance, and the third term falls short, too. Ten points span at most nine directions. `metrics.fid` refuses when there are no more images than features:

# %%
try:
    metrics.fid(reference[:10], samples[:10], features=judge)
except ValueError as error:
    print(str(error).split(":")[0])

# %% [markdown]
# ## 5 · KID: the same idea without the bias
#
# The *kernel inception distance*, KID (Bińkowski et al. 2018), fits no Gaussian. A **kernel** $k(x, y) = (x^\top y / F + 1)^3$ says how alike the features $x$ and $y$ of two images are. KID compares pairs within the sets with pairs across; it estimates the *squared maximum mean discrepancy* (MMD):
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
# The mean over the repeats, and how many of them are negative:

# %% tags=["nbval-ignore-output"]
def kid_table(kids):
    head = ["images", "real against real, mean", "below 0", "VAE against real, mean"]
    return plots.table(head, [
        [f"{m:,}", f"{a.mean():.2g}", f"{(a < 0).double().mean():.0%}", f"{b.mean():.2g}"]
        for m, a, b in zip(sizes, *kids.values())])

kids = against_size(kid)
kid_table(kids)

# %% [markdown]
# ### ✏️ Exercise 2 (find the bug): why is it never 0?
# Real against real is above 0 at every size, and more so in small sets. Compare the function with the formula and mend it.
#
# <details><summary>Hint 1</summary> Where are the largest entries of `k_xx`, and which images do they compare? </details>
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
# Without the pairs of an image with itself the estimate is **unbiased**: over many draws it averages to the true value, here to 0, so it must sometimes be negative. The table again, with your function:

# %% tags=["nbval-ignore-output"]
kids = against_size(lambda a, b: kid(a, b, mmd))
kid_table(kids)

# %% [markdown]
# Both scores as a share of what the VAE gets with the most images. **Expect** FID's lines to come together on the left; KID's to stay level, with bands that narrow.

# %% tags=["cover"]
fig, axes = plots.figure(9, 3.6, columns=2)
for ax, name, series in zip(axes, ("FID", "KID"), (fids, kids)):
    unit = series["VAE against real"][-1].mean()
    shares = {key: [v / unit for v in values] for key, values in series.items()}
    draw_bands(ax, shares, f"{name}, over the VAE's", f"{name} / the VAE's {name}")
axes[0].set_yscale("log")
axes[1].set_yscale("symlog", linthresh=0.1)
axes[1].axhline(0, color="black", linestyle="--", linewidth=1)
fig

# %% [markdown]
# Right: the mean KID of real images stays near 0 (dashed); this axis is linear within ±0.1 and logarithmic beyond. Unbiased is not precise: with ten images a single KID of real images can be as large as the VAE's.

# %% [markdown]
# ## 6 · Two faults, one number
#
# A generator can fail in two ways: poor images of everything, or good images of little. One number cannot name the fault. **Precision** and **recall** (Kynkäänniemi et al. 2019) are two. Around each real image, in feature space, draw a ball that reaches to its third-nearest real neighbour. Precision is the share of *samples* inside some ball of a real image; recall exchanges the roles: the share of *real images* inside some ball of a sample.
#
# $$\text{precision} = \frac1M \sum_{j=1}^M \mathbb 1\Big[\exists i:\ \lVert y_j - x_i \rVert \le r_3(x_i)\Big]$$
#
# with the features $x_i$ of real images and $y_j$ of the $M$ samples; $r_3(x_i)$ is the radius of a ball, $\mathbb 1[\cdot]$ is 1 where true, else 0.

# %%
def radii(centres, neighbour=3):
    """The distance from each centre to its third-nearest other one.  (N, F) → (N,)"""
    # the smallest distance in each row is the centre's own, 0
    return torch.cdist(centres, centres).kthvalue(neighbour + 1).values

def share_inside(points, centres):
    """The share of points that lie in the ball of some centre."""
    return float((torch.cdist(points, centres) <= radii(centres)).any(1).double().mean())

# %% [markdown]
# In two dimensions, three generators. Above, balls of real points: how many crosses do they hold? Below, balls of generated points: how many dots?

# %%
cloud, fits, other = torch.randn(3, 100, 2, generator=g)
left = torch.stack([-other[:, 0].abs(), other[:, 1]], 1)
toys = {"fits": fits, "only the left half": left,
        "shifted": other + torch.tensor([2.5, 0.0])}
for score in ("precision", "recall"):
    fig, axes = plots.figure(9, 3.2, columns=3, sharex=True, sharey=True)
    for ax, (name, made) in zip(axes, toys.items()):
        points, centres = (made, cloud) if score == "precision" else (cloud, made)
        colour = plots.LINES[centres is made]
        for centre, r in zip(centres.tolist(), radii(centres).tolist()):
            ax.add_patch(Circle(centre, r, color=colour, alpha=0.12, linewidth=0))
        ax.plot(*cloud.T, "o", color=plots.LINES[0], markersize=3, label="real")
        ax.plot(*made.T, "x", color=plots.LINES[1], markersize=4, label="generated")
        ax.set(title=f"{name}: {score} {share_inside(points, centres):.2f}", aspect="equal",
               xlim=(-4.5, 6.5), ylim=(-4, 5), xlabel="feature 1")
    axes[0].set_ylabel("feature 2")
    axes[2].legend(loc="upper right", fontsize=9)
    display(fig)

# %% [markdown]
# Half of the distribution keeps most of its precision and loses recall. The shift loses recall too, but keeps most of its precision: a few large balls, around points far from all others, hold many of its crosses.
#
# Now real training images with our two faults, weaker and stronger: all of them blurred; or all different and sharp, but only of the first few classes. **Expect** FID to see both, and the two shares to tell them apart.

# %%
order = torch.randperm(len(train), generator=g)
chosen, of_chosen = x_train[order[:n]], train_features[order[:n]]
sigmas = [0, 0.3, 0.5, 0.7, 1.0, 1.5]
kept = [c for c in (10, 7, 5, 3, 2, 1) if c <= len(train.classes)]
faults = {"blur, pixels": {s: judge.features(blur(chosen, s)) for s in sigmas},
          # n images, or fewer where these classes have fewer
          "classes kept": {c: train_features[order[train.y[order] < c][:n]] for c in kept}}

def judged(f):
    """FID, precision and recall of features, against the reference."""
    return fid(real_features, f), share_inside(f, real_features), share_inside(real_features, f)

results = {name: {x: judged(f) for x, f in sets.items()} for name, sets in faults.items()}

# %% [markdown]
# Left: more and more blur. Right: fewer and fewer classes. Dashed: fresh real images.

# %%
real_scores = judged(fresh_features)
fig, axes = plots.figure(9, 2.8, columns=2, sharey=True)
fig2, axes2 = plots.figure(9, 2.8, columns=2, sharey=True)
for ax, ax2, (name, found) in zip(axes, axes2, results.items()):
    fids_of, *shares = zip(*found.values())
    ax.plot(list(found), fids_of, "o-", color="black")
    ax.axhline(real_scores[0], color="black", linestyle="--", linewidth=1)
    for share, mark, colour, label, real in zip(
            shares, "os", plots.LINES, ("precision", "recall"), real_scores[1:]):
        ax2.plot(list(found), share, f"{mark}-", color=colour, label=label)
        ax2.axhline(real, color=colour, linestyle="--", linewidth=1)
    ax.set(xlabel=name, title=f"FID by {name}")
    ax2.set(xlabel=name, title=f"Precision and recall by {name}")
axes[0].set(yscale="log", ylabel="FID")
axes2[0].set(ylim=(-0.03, 1.03), ylabel="share")
axes2[0].legend(loc="lower left")
for right in (axes[1], axes2[1]):
    right.invert_xaxis()
display(fig, fig2)

# %% tags=["nbval-ignore-output"]
half = results["classes kept"][kept[len(kept) // 2]]
blurred = results["blur, pixels"][sigmas[-1]]
if full_run:
    print(check.between("precision of three classes, over fresh images'", half[1] / real_scores[1],
                        0.85, 1.15))
    print(check.between("their recall", half[2], 0.1, 0.7))
    print(check.between("precision at the strongest blur, over fresh images'",
                        blurred[1] / real_scores[1], 0, 0.85))

# %% [markdown]
# Missing classes lower recall and leave precision; much blur lowers both. But a *little* blur lowers recall first: high precision with low recall *can* mean that kinds of image are missing, or blur. Look at samples.
#
# Recall has a trap. Of these $n$ images take only ten: once each, or copied until there are $n$ again. **Is the recall of ten real images nearer to 0 or to 1?** Choose, then run.

# %% tags=["nbval-ignore-output"]
few = of_chosen[:10]
sets = {f"{n:,} images": of_chosen, "10 of them, once each": few,
        "the same 10, copied": few.repeat(n // 10, 1)}
trap = {name: (share_inside(real_features, f), radii(f).median()) for name, f in sets.items()}
print(check.between("recall of the copies", trap["the same 10, copied"][0], 0, 0.05))
plots.table(["training images", "recall", "median radius of a ball"],
            [[name, f"{share:.2f}", f"{r:.2f}"] for name, (share, r) in trap.items()])

# %% [markdown]
# Ten images lie far apart, so their balls are huge. Copies are each other's nearest neighbours: their balls have radius 0 and hold nothing. **Compare recalls only at equal $n$, and count the copies first.**
#
# Now with your own eyes. Move the slider (or use the arrow keys) up from 0, and stop where you first see the blur. **Which score has changed by then?**

# %% tags=["nbval-ignore-output"]
captions = {s: f"FID {f:.2g}, precision {p:.2f}, recall {r:.2f}"
            for s, (f, p, r) in results["blur, pixels"].items()}
explore.SheetSlider({s: blur(chosen[:12], s) for s in sigmas}, label="blur, pixels",
                    captions=captions, columns=12, scale=2)

# %% [markdown]
# ## 7 · Judged blind
#
# Five sets in random order: samples of our VAE and of three models that come with the package, a conditional VAE (lab 03), a GAN (lab 06) and a diffusion model (lab 07); and **one set copied from the training images**. (Without Fashion-MNIST: two sets.) The models were trained once each, and not equally long: lab 08 compares methods, we compare sets.

# %% tags=["nbval-ignore-output"]
generated = {"training images, copied": chosen, "VAE, trained here": samples[:n]}
if dataset.startswith("fashion"):
    y = torch.arange(n) % 10
    later = {name: pretrained.load(name).model
             for name in ("conv-cvae-fashion", "dc-gan-fashion", "ddpm-fashion")}
    generated["conditional VAE"] = later["conv-cvae-fashion"].sample(n, y, generator=g)
    generated["GAN"] = later["dc-gan-fashion"].sample(n, generator=g)
    generated["diffusion"] = later["ddpm-fashion"].sample(n, y, generator=g, steps=steps)
names = [list(generated)[i] for i in torch.randperm(len(generated), generator=g)]
blind = dict(zip("ABCDE", names))
rows = {letter: generated[name][torch.randperm(n, generator=g)[:12]]
        for letter, name in blind.items()}
plots.compare(rows, title="Whose images are these?")

# %% [markdown]
# Their scores, with 95 % intervals for the drawing of images:

# %% tags=["nbval-ignore-output"]
how = dict(features=judge, floor=False, seed=seed)
scores = {"FID ↓": metrics.fid, "KID ↓": metrics.kid,
          "precision ↑": metrics.precision, "recall ↑": metrics.recall}
judged_sets = {"fresh real": fresh} | {letter: generated[name] for letter, name in blind.items()}
card = {label: [score(reference, x, **how) for score in scores.values()]
        for label, x in judged_sets.items()}
plots.table(["", *scores],
            [[label, *(f"{s.value:.3g} [{s.low:.2g}, {s.high:.2g}]" for s in row)]
             for label, row in card.items()])

# %% [markdown]
# The same as a picture:

# %%
fig, axes = plots.figure(9, 3.2, columns=4, sharey=True)
labels = list(card)[::-1]
for column, (ax, title) in enumerate(zip(axes, scores)):
    found = [card[label][column] for label in labels]
    for place, s in enumerate(found):
        ax.plot([s.low, s.high], [place, place], color=plots.LINES[0], linewidth=5, alpha=0.6)
        ax.plot(s.value, place, "|", color="black", markersize=11, markeredgewidth=2)
    ax.axvline(found[-1].value, color="black", linestyle="--", linewidth=1)
    ax.set(title=title, xlabel=title[:-2], yticks=range(len(labels)), yticklabels=labels)
    if title in ("precision ↑", "recall ↑"):
        ax.set_xlim(-0.03, 1.03)
fig.suptitle(f"Value, 95 % interval, fresh real images (dashed); {n:,} images each")
fig

# %% [markdown]
# Where two intervals are apart, the sets differ. Where they overlap, we claim nothing: a cautious rule. **Which pairs can FID not separate?**

# %% tags=["nbval-ignore-output"]
for column, title in enumerate(scores):
    pairs = [f"{a} and {b}" for a, b in combinations(card, 2)
             if max(card[a][column].low, card[b][column].low)
             <= min(card[a][column].high, card[b][column].high)]
    print(f"{title[:-2]}: intervals overlap of", ", ".join(pairs) or "(all are separated)")

# %% [markdown]
# ### ✏️ Exercise 3 (predict it): which letter is the copier?
# Judge by the images and by the scores: `"A"`, `"B"`, `"C"`, `"D"` or `"E"`. Section 8 answers.
#
# <details><summary>Hint 1</summary> What would copies of real images score, if a score cannot see copying? </details>
# <details><summary>Hint 2</summary> Look for the row that no score separates from fresh real images. </details>

# %%
# BEGIN SOLUTION
guess = "D"
# END SOLUTION

# %% [markdown]
# ## 8 · The copier, found
#
# The **distance to the nearest training image** (Euclidean, between pixels): its median over 100 images of each set, beside that of fresh real images. Two sets more: the copies moved by one pixel, and fresh images blurred. The last column undoes shifts of up to one pixel. (The package's models saw 60,000 images; we search 10,000.)

# %%
suspects = {label: x[:100] for label, x in judged_sets.items()}
suspects["copies, moved by one pixel"] = torch.roll(chosen[:100], 1, 3)
suspects["fresh, blurred by 0.7"] = blur(fresh[:100], 0.7)

def shifted(x):
    """The nine versions of images that shifts by up to one pixel give."""
    return [torch.roll(x, (down, right), (2, 3)) for down in (-1, 0, 1) for right in (-1, 0, 1)]

def distances(x):
    """To the nearest training image: of x as it is, and of its best shift.  (N,), (N,)"""
    found = metrics.nearest(torch.cat(shifted(x)), x_train)[0].view(9, -1)
    return found[4], found.min(0).values

nearest = {name: [float(d.median()) for d in distances(x)] for name, x in suspects.items()}

# %% [markdown]
# **Expect** one median distance of 0 before the shift, and the names.

# %% tags=["nbval-ignore-output"]
moved = nearest["copies, moved by one pixel"]
print(check.between("moved copies, after undoing the move", moved[1], 0, 1e-6))
display(plots.table(["100 images of", "was", "median distance", "after the best shift"],
                    [[label, blind.get(label, ""), f"{a:.3g}", f"{b:.3g}"]
                     for label, (a, b) in nearest.items()]))
copied = {letter: letter in blind and nearest[letter][0] < 1e-6 for letter in "ABCDE"}
check.prediction(guess, copied,
                 because="At least half of these images lie at distance 0 from a training image.")

# %% [markdown]
# The distance finds the copies, unless they **move by one pixel**: then only undoing the shift does. On Fashion-MNIST *blurred* fresh images, which are no copies, lie nearer than sharp ones. So a distance of 0 proves copying, and a small one does not. On Fashion-MNIST precision falls with smearing only slowly: our VAE keeps much of it, while its recall is near 0.
#
# Look at pairs, too: no copy among the images that were searched.

# %%
shown = generated[list(generated)[-1]][:12]
gaps, position = metrics.nearest(shown, x_train)
rows = {list(generated)[-1]: shown, "nearest training image": x_train[position]}
plots.compare(
    rows, title=f"Nearest training images. Distances {gaps.min():.1f} to {gaps.max():.1f}"
)

# %% [markdown]
# ## 9 · Would the likelihood have found it?
#
# A VAE gives every image a probability, up to a bound. With $k$ draws $z_i$ from the encoder's $q(z \mid x)$ (Burda et al. 2016)
#
# $$\log p(x) \;\ge\; \mathbb E\,\log \frac1k \sum_{i=1}^k w_i, \qquad w_i = \frac{p(x \mid z_i)\,p(z_i)}{q(z_i \mid x)}$$
#
# With $k = 1$ this is the ELBO of lab 02; it gets tighter as $k$ grows. Minus its mean over test images bounds the **NLL** from above, in nats per image; we use $k = 100$ and 300 images.
#
# Lab 02's decoder gives probabilities to pixels that are 0 or 1. So here **all images are binarised**: 1 above one half, else 0. A second VAE is trained on them, and its samples are *draws*, not means.

# %% tags=["nbval-ignore-output"]
def binarise(images):
    return (images > 0.5).float()

train_bits, reference_bits = binarise(x_train), binarise(reference)
bit_vae = train_vae(data.ImageSet(train_bits, train.y, train.classes))
bit_samples = torch.bernoulli(bit_vae.sample(n, generator=g), generator=g)

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
# Does a good NLL promise good samples? Theis et al. (2016) answer with a thought experiment. Take a model that draws from the VAE once in a hundred times, and tosses a coin for every pixel otherwise:
#
# $$p_\text{mix}(x) = 0.01\,p_\text{VAE}(x) + 0.99\,p_\text{coins}(x) \;\ge\; 0.01\,p_\text{VAE}(x)$$
#
# So its NLL exceeds the VAE's by $\log 100$ at most. Your function computes it, as a mean of a hundred probabilities.

# %% tags=["nbval-ignore-output"]
x_some = reference_bits[:300]
P = x_some[0].numel()
log_vae = importance_bound(metrics.importance_weights(bit_vae, x_some, 100, seed=seed))
log_coins = torch.full_like(log_vae, -P * math.log(2))
log_mix = importance_bound(torch.stack([log_vae] + [log_coins] * 99))
cost = float((log_vae - log_mix).mean())
print(f"log 100 = {math.log(100):.3f} nats, the coins cost {cost:.3f}")
print(check.between("what the coins cost, over log 100", cost / math.log(100), 0.97, 1.0001))
coins = torch.bernoulli(torch.full((n, *train.shape), 0.5), generator=g)
from_vae = torch.rand(n, 1, 1, 1, generator=g) < 0.01
mixture = torch.where(from_vae, bit_samples, coins)

# %% [markdown]
# Noise, for less than five nats. And a **copier**? Exact copies give every new image the probability 0. So take, also from Theis et al., a lookup table of $K$ training images that draws one of them, $t$, and flips each pixel with probability $\varepsilon$. If $x$ and $t$ differ in $h$ of $P$ pixels,
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
# **Expect** the table's NLL, with $\varepsilon = 0.02$, to fall as it grows; does it reach the dashed lines?

# %%
fig, ax = plots.figure(6.5, 3.4)
ax.plot(tables, lookup_nll, "o-", color=plots.LINES[0])
for log_p, words, up in [(log_vae, "VAE", -14), (log_mix, "VAE + 99 % coins", 6)]:
    ax.axhline(-float(log_p.mean()), color="black", linestyle="--", linewidth=1)
    ax.annotate(words, (tables[0], -float(log_p.mean())), (0, up), textcoords="offset points")
ax.set(xscale="log", xlabel="training images in the table, K", ylabel="NLL (VAE: bound), nats ↓",
       title=f"NLL of {len(x_some)} test images: lookup tables and VAE", ylim=(0, None))
fig

# %% [markdown]
# Draws of all, their NLL, and FID against the binarised reference (the feature network knows grey images: compare these FIDs only among themselves).

# %%
bit_features = judge.features(reference_bits)
draws = {"VAE": (log_vae, bit_samples), "VAE + 99 % coins": (log_mix, mixture)}
for m, flip in ((100, 0.02), (len(train), 0.02), (len(train), 0.06)):
    owned = train_bits[:m]
    draws[f"K = {m:,}, ε = {flip}"] = log_lookup(x_some, owned, flip), draw_lookup(owned, flip)
both = {name: (-float(log_p.mean()), fid(bit_features, judge.features(x)))
        for name, (log_p, x) in draws.items()}
rows = {"test image": reference_bits[:12]} | {name: x[:12] for name, (_, x) in draws.items()}
plots.compare(rows, title="Binarised images, and draws of five models")

# %% [markdown]
# The two scores in one picture:

# %%
fig, ax = plots.figure(6.5, 3.6)
for (name, point), colour in zip(both.items(), plots.LINES):
    ax.plot(*point, "o", color=colour, markersize=9)
    ax.annotate(name, point, (8, 4), textcoords="offset points")
real_bits = fid(bit_features, judge.features(binarise(fresh)))
ax.axhline(real_bits, color="black", linestyle="--", linewidth=1, label="fresh real images")
ax.set(yscale="log", xlabel="NLL (VAE: bound), nats per image ↓", ylabel="FID ↓",
       title="Likelihood and FID disagree")
ax.margins(x=0.45, y=0.15)
ax.legend()
fig

# %% tags=["nbval-ignore-output"]
full_table = both[f"K = {len(train):,}, ε = 0.02"]
if full_run:
    print(check.between("NLL: full table minus VAE, nats", full_table[0] - both["VAE"][0],
                        10, 300))
    print(check.between("FID: VAE over full table", both["VAE"][1] / full_table[1], 2, 100))
plots.table(["model", "NLL, or its bound, nats per image ↓", "FID ↓"],
            [[name, f"{nats:.0f}", f"{score:.3g}"] for name, (nats, score) in both.items()])

# %% [markdown]
# On Fashion-MNIST with the default settings no table wins by likelihood: both VAE models, even the one that mostly draws noise, have a lower NLL. But an NLL does not say *copier*, and images without a model have none. FID prefers the table of all training images to both.

# %% [markdown]
# ## 10 · Reading a paper's table
#
# 1. **What was scored**: samples, or copies?
# 2. **Data range**: was the metric told the true one?
# 3. **Number of images**: the same in every row, and many times the features?
# 4. **Reference**: training or test set, and the same in every row?
# 5. **Feature network**, and the resizing before it (Parmar et al. 2022)?
# 6. **Real against real**: is it given, at the same number of images, and an interval?
# 7. **NLL**: in nats or bits, of which likelihood, on binarised images or grey ones, with how many draws $k$?
# 8. **Choice**: are samples picked, nearest training images shown, the best of several seeds reported?
#
# Question 3 rules out S4's FIDs, 182.47 (MNIST) and 379.02 (CelebA), each from ten images; question 2 makes S0's SSIM doubtful; S3 (*Generative models using VAEs & GANs*) planned FID and KID and gives none. **Which questions does the last table that you read answer?**

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
wrong, right = table["noise"]
by_name = {name: card[letter] for letter, name in blind.items()}
copies, own = by_name["training images, copied"], by_name["VAE, trained here"]
display(Markdown(
    f"- **Pairs**: under the wrong data range noise has an SSIM of {wrong:.3f}, "
    f"under the right one {right:.3f}.\n"
    f"- **Sets**: real against real has an FID of {ten_low:.0f} to {ten_high:.0f} with ten "
    f"images and {most.mean():.2g} with {sizes[-1]:,}. Against the reference our VAE gets "
    f"{ours:.3g} (recall {own[3].value:.2f}), the copier {copies[0].value:.2g} "
    f"({copies[3].value:.2f}), fresh images {real_scores[0]:.2g} ({real_scores[2]:.2f}).\n"
    f"- **Likelihood**, binarised: 99 % coins add {cost:.3f} nats to the VAE's "
    f"{both['VAE'][0]:.0f}. A table of the training set has {full_table[0]:.0f}, "
    f"but an FID of {full_table[1]:.2g} where that VAE has {both['VAE'][1]:.3g}."
))

# %% [markdown]
# **Next**: lab 06 trains a GAN, which has no likelihood at all. Its best-known failure, to draw few kinds of image, is one that recall can show.
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
