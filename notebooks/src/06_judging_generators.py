# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · Judging a generator: what a score can say, and what it cannot
#
# [start page](00_start.ipynb)
#
# Of the five reports behind this course, two judge their samples by a number that means nothing, and one failed to get a number at all. After this lab you can
#
# - say what SSIM, FID, KID and NLL each measure, and to what each of them is blind,
# - compute FID and KID by hand, and tell how many images they need,
# - recognise three traps: a wrong data range, too few images, a generator that copies,
# - read a table in a paper with nine questions at hand.
#
# **Time**: about 1 minute on two CPU cores. **Data**: built in, no network needed.

# %% tags=["parameters"]
dataset: str = "fashion"      # fashion, digits (built in); mnist, fashion_full (downloaded once)
train_images: int = 10_000    # use at most this many training images
epochs: int = 8               # passes over the training set for the VAE under test
n_max: int = 10_000           # the largest sample size in the curves of FID and KID
seed: int = 0                 # of weights, batch order and every random draw below

# %%
import sys

if "google.colab" in sys.modules:
    # `make links REPO=owner/name` writes where Colab installs vaekit from
    raise RuntimeError(
        "this copy cannot install itself on Colab; "
        "run it on your computer, or ask for a link to Colab"
    )

# vaekit before torch: it tells torch's threads to share the cores
from vaekit import data, losses, metrics, plots, recipes, training
from vaekit.course import check

import math

import torch
from IPython.display import Markdown, display
from skimage.metrics import structural_similarity
from torchvision.transforms.functional import gaussian_blur

# %% [markdown]
# ## 1 · Four questions, four kinds of score
#
# "How good is this generator?" is several questions, and every score answers a different one.
#
# | score | question | needs | is blind to |
# |---|---|---|---|
# | SSIM | is this copy like its original? | pairs | samples: they have no original |
# | FID, KID | do *sets* of samples and of real images look alike to a network? | thousands of samples, a feature network | copying; whatever the network ignores |
# | NLL | how probable does the model find *new* real images? | a model with a density | what its samples look like |
# | nearest neighbour | are samples copies of training images? | the training set | everything else |

# %% [markdown]
# The model under test is the VAE of lab 02, with 64 latents, trained for a few passes. **Expect** decent copies, and samples that are smeared.

# %% tags=["nbval-ignore-output"]
train, test = data.load(dataset, "train", limit=train_images), data.load(dataset, "test").first(2000)
x_train, x_test = train.images(), test.images()
vae = recipes.build("mlp-vae-mnist", 64, train.shape, seed)
training.fit(vae, train, losses.negative_elbo, epochs=epochs, batch_size=64, lr=2e-3, schedule="one-cycle", seed=seed)
vae = vae.cpu().eval()

# %%
g = torch.Generator().manual_seed(seed)
samples = vae.sample(3000, generator=g)
plots.compare({"test image": x_test[:12], "VAE copy": vae.reconstruct(x_test[:12]), "VAE sample": samples[:12]}, title="The model under test")

# %% [markdown]
# The copies keep shape and brightness and lose print and seams. Samples have no original to be compared with: the difficulty of this lab.

# %% [markdown]
# ## 2 · SSIM, and how noise scores 0.99
#
# The **structural similarity** of Wang et al. (2004) compares two images window by window. With means $\mu_x, \mu_y$, variances $\sigma_x^2, \sigma_y^2$ and covariance $\sigma_{xy}$ of the pixels in one 7×7 window,
#
# $$\mathrm{SSIM} = \frac{(2\mu_x\mu_y + C_1)\,(2\sigma_{xy} + C_2)}{(\mu_x^2 + \mu_y^2 + C_1)\,(\sigma_x^2 + \sigma_y^2 + C_2)}, \qquad C_1 = (0.01\,L)^2,\quad C_2 = (0.03\,L)^2$$
#
# averaged over windows. $L$ is the **data range**, the largest value a pixel can have minus the smallest. The constants keep the fraction finite where an image is flat.

# %%
def ssim(x, y, L):
    """Mean SSIM of image pairs for the data range L, scikit-image's."""
    return sum(structural_similarity(a, b, data_range=L, channel_axis=0) for a, b in zip(x.numpy(), y.numpy())) / len(x)

# %% [markdown]
# S0 (*Variational Autoencoder for Image Generation*) reports an SSIM of 0.99872 on CIFAR-10's airplanes and 0.99969 on its frogs, for images scaled to [0, 1]. How hard is it to get there? The candidates: pure noise, the class mean for every image, a blurred copy, and the VAE's copy.

# %%
def blur(x, sigma):
    return gaussian_blur(x, 13, sigma)

def candidates(x):
    """What to compare with images x of one class."""
    return {"noise": torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)), "class mean": x.mean(0, keepdim=True).expand_as(x),
            "blurred copy": blur(x, 1.0)}

one_class = test.only(test.classes[2]).images()
rivals = candidates(one_class) | {"VAE copy": vae.reconstruct(one_class)}
plots.compare({"original": one_class[:10]} | {name: y[:10] for name, y in rivals.items()}, title=f"Four rivals for SSIM ({test.classes[2]})")

# %% [markdown]
# Now leave the data range at 255, as for byte images, while the pixels lie in [0, 1]. **Expect** trouble in the first row.

# %% tags=["nbval-ignore-output"]
def ssim_table(x, rivals):
    lines = "".join(f"| {name} | {ssim(x, y, 255):.5f} | {ssim(x, y, 1):.3f} |\n" for name, y in rivals.items())
    return Markdown("| compared with the original | SSIM, range 255 (wrong) | SSIM, range 1 (right) |\n|---|---|---|\n" + lines)

print(check.between("noise, wrong range", ssim(one_class, rivals["noise"], 255), 0.95, 1), check.between("noise, right range", ssim(one_class, rivals["noise"], 1), -0.1, 0.1), sep="\n")
ssim_table(one_class, rivals)

# %% [markdown]
# In the wrong column pure noise scores 0.99 and every rival with any resemblance at least 0.994; our VAE gets 0.9987, S0's figure for airplanes. The right column tells the four apart.
#
# **Diagnosis.** Put numbers into the formula. How large is $C_2$, and how large can a window's variance be?

# %%
windows = one_class.unfold(2, 7, 1).unfold(3, 7, 1)             # every 7×7 window of every image
largest = windows.var((4, 5)).max().item()
for L in (255, 1):
    print(f"L = {L}: C2 = {(0.03 * L) ** 2:.1e}, largest variance of a window = {largest:.1e}")

# %% [markdown]
# With $L = 255$ the constant is over two hundred times the largest variance. Numerator and denominator are both $C_2$ plus small change, and their ratio is nearly 1 whatever the image shows. Every range that is too large flatters:

# %%
ranges = [2**k for k in range(9)]
some = {name: [ssim(one_class[:30], y[:30], L) for L in ranges] for name, y in rivals.items()}
plots.lines(ranges, some, log_x=True, title="SSIM of images in [0, 1]", xlabel="data range L claimed (1 is right)", ylabel="mean SSIM of 30 pairs")

# %% [markdown]
# At 256 the four lines have met just below 1. Now S0's own images, if you have them:

# %% tags=["nbval-ignore-output"]
if data.locate("cifar10"):
    planes = data.load("cifar10", "test").only("airplane").images()
    shown = ssim_table(planes, candidates(planes))
else:
    shown = Markdown("CIFAR-10 is not on this machine. `data.load('cifar10')` downloads it once (170 MB); then run this cell again.")
display(shown)

# %% [markdown]
# With CIFAR-10's 1,000 test airplanes the wrong range gives 0.992 to noise, 0.994 to the class mean and 0.9999 to a blurred copy; the right one 0.008, 0.206 and 0.88 (0.76 if blurred by 1.5 pixels). Whatever S0's models do, 0.99872 is no evidence for it. The trap closes silently: given floats and no range, libraries guess.

# %% [markdown]
# ## 3 · FID in ten lines
#
# Samples have no originals, so compare *distributions*. A classifier turns every image into a vector of **features**, a Gaussian is fitted to the features of each set, and the **Fréchet distance** of the two Gaussians is the FID (Heusel et al. 2017):
#
# $$d^2 = \lVert \mu_1 - \mu_2 \rVert^2 + \mathrm{tr}\big(\Sigma_1 + \Sigma_2 - 2\,(\Sigma_1 \Sigma_2)^{1/2}\big)$$
#
# Here $\mu_i$ and $\Sigma_i$ are mean and covariance of the features of set $i$, and tr sums the diagonal. Read it as transport: the least mean squared distance by which points must move to turn one cloud into the other.

# %%
judge = metrics.load_features("mnist" if dataset in ("mnist", "digits") else "fashion", device="cpu")
features = {"test": judge.features(test), "train": judge.features(train), "VAE": judge.features(samples)}
print({name: tuple(f.shape) for name, f in features.items()})

# %% [markdown]
# Our judge is a small classifier of clothes (or digits) with 64 features. Published FIDs use Inception, trained on photographs, with 2,048. **Scores through different networks do not compare**; ours ranks models inside this course.

# %% [markdown]
# ### ✏️ Exercise 1: the Fréchet distance
# $\mathrm{tr}\,(\Sigma_1\Sigma_2)^{1/2}$ is the sum of the square roots of the eigenvalues of $\Sigma_1\Sigma_2$. `torch.linalg.eigvals` gives them as complex numbers; take the root there, and then the real part.

# %%
def frechet_distance(mean1, cov1, mean2, cov2):
    """Squared Fréchet distance of two Gaussians.  (F,), (F, F), (F,), (F, F) → a number"""
    ### BEGIN SOLUTION
    overlap = torch.linalg.eigvals(cov1 @ cov2).sqrt().real.sum()
    return (mean1 - mean2).square().sum() + cov1.trace() + cov2.trace() - 2 * overlap
    ### END SOLUTION

# %%
check.frechet_distance(frechet_distance)

# %% [markdown]
# With it FID is one line. The library adds what a number needs to be read: an interval, and a **floor**, the score of *real* images against real ones.

# %%
def fid(a, b):
    return frechet_distance(a.mean(0), torch.cov(a.T), b.mean(0), torch.cov(b.T)).item()

N = len(test)
fid_vae = metrics.fid(test, samples[:N], features=judge, seed=seed)
check.between("ours minus the library's, relative", fid(features["test"], features["VAE"][:N]) / fid_vae.value - 1, -1e-6, 1e-6)

# %% tags=["nbval-ignore-output"]
print(fid_vae)

# %% [markdown]
# About 27, where real images get less than 1. The interval is narrow beside that gap.

# %% [markdown]
# ## 4 · FID from ten images
#
# S4 (*Generating Images using conditional Variational Autoencoders*) gives FIDs of 182.47 for MNIST and 379.02 for CelebA, **each from 10 real and 10 generated images**. What is that worth? Score *real images against real images*, whose true distance is 0.

# %%
full = data.locate("fashion_full") if dataset == "fashion" else None
pool = judge.features(data.load("fashion_full", limit=2 * n_max)) if full else features["train"]
sizes = [n for n in (10, 30, 100, 300, 1000, 3000, 10_000) if n <= min(n_max, len(pool))]

def two_sets(n):
    """n real images and n others; when the pool is too small for that, two draws from it with replacement."""
    if 2 * n <= len(pool):
        return pool[torch.randperm(len(pool), generator=g)[:2 * n]].split(n)
    return [pool[torch.randint(len(pool), (n,), generator=g)] for _ in range(2)]

# %% [markdown]
# Up to half the pool the two sets share no image. Beyond (built-in data: the point at 10,000) both are drawn with replacement from the same images, with a true distance of 0 again. The band spans five repeats. **Expect** a line that should be 0 everywhere, and is not.

# %%
def against_n(score, repeats=5):
    """score(real, real) and score(real, VAE samples) for each n: lists of tensors (repeats,)."""
    fake = features["VAE"]
    real = [torch.tensor([score(*two_sets(n)) for _ in range(repeats)]) for n in sizes]
    model = [torch.tensor([score(two_sets(n)[0], fake[torch.randperm(len(fake), generator=g)[:n]]) for _ in range(repeats)])
             for n in sizes if n <= len(fake)]
    return {"real against real": real, "VAE against real": model}

def band(ax, name, values, colour):
    ns = sizes[:len(values)]
    ax.fill_between(ns, [v.min() for v in values], [v.max() for v in values], color=colour, alpha=0.25, linewidth=0)
    ax.plot(ns, [v.median() for v in values], "o-", color=colour, label=name)

# %%
fids = against_n(fid)
fig, ax = plots.figure(6.5, 3.6)
for (name, values), colour in zip(fids.items(), plots.LINES):
    band(ax, name, values, colour)
ax.set(xscale="log", yscale="log", xlabel="images in each set, n", ylabel="FID", title=f"FID against sample size, {pool.shape[1]} features, n up to {sizes[-1]:,}")
ax.legend()
fig

# %% tags=["nbval-ignore-output"]
print(check.between("real against real: FID at n = 10 over FID at the largest n", fids["real against real"][0].median() / fids["real against real"][-1].median(), 20, 10_000))
lines = "".join(f"| {n:,} | {v.median():.3g} | {v.min():.3g} … {v.max():.3g} |\n" for n, v in zip(sizes, fids["real against real"]))
display(Markdown("| n | FID, real against real | five repeats |\n|---|---|---|\n" + lines))

# %% [markdown]
# With ten images, *perfect* samples score 23 to 65: more, for the most part, than the VAE does with thousands, and not to be told from the VAE with ten. From 10 to 1,000 images the score falls about as $1/n$. Two FIDs compare only at the same $n$.

# %% [markdown]
# **Diagnosis.** Look at the terms one by one, at n = 10 and at 1,000.

# %% tags=["nbval-ignore-output"]
def terms(a, b):
    means, traces = (a.mean(0) - b.mean(0)).square().sum(), a.var(0).sum() + b.var(0).sum()
    return means.item(), traces.item(), (means + traces).item() - fid(a, b)

rows = {n: (*terms(*(sets := two_sets(n))), torch.linalg.matrix_rank(torch.cov(sets[0].T)).item()) for n in (10, 1000 if 1000 in sizes else 300)}
lines = "".join(f"| {n:,} | {m:.3g} | {t:,.0f} | {o:,.0f} | {m + t - o:.3g} | {r} of {pool.shape[1]} |\n" for n, (m, t, o, r) in rows.items())
display(Markdown("| n | means apart | traces | overlap, 2 tr (Σ₁Σ₂)^½ | FID | rank of Σ₁ |\n|---|---|---|---|---|---|\n" + lines))

# %% [markdown]
# With ten images the traces are about right and the means some way apart, but above all the **overlap** is too small: ten points span at most nine directions, so each cloud is a flat sheet, and two such sheets in 64 dimensions overlap too little even if cut from the same cloud. The more features, the worse. Take two sets of ten draws from *one* Gaussian $\mathcal N(0, I)$ in $F$ dimensions:

# %%
def ten_draws(F):
    a, b = torch.randn(2, 10, F, generator=g, dtype=torch.double)
    return fid(a, b) / F                                          # F is the trace of the true covariance

widths = [8, 32, 128, 512]
plots.lines(widths, {"n = 10": [ten_draws(F) for F in widths], "truth": [0] * 4}, log_x=True, title="Ten draws against ten from the same Gaussian",
            xlabel="features F", ylabel="FID / tr Σ")

# %% [markdown]
# The score climbs to *twice the variance of the features*, where the truth is 0. At S4's 2,048 features, ten images measure mostly how much features vary, hardly a distance. `metrics.fid` therefore refuses when $n$ does not exceed the number of features:

# %%
try:
    metrics.fid(test.first(10), samples[:10], features=judge)
except ValueError as error:
    print(str(error).split(":")[0])

# %% [markdown]
# ## 5 · KID: the same idea without the bias
#
# KID (Bińkowski et al. 2018) fits no Gaussian. A kernel $k(x, y) = (x^\top y / F + 1)^3$ says how alike the features $x, y$ of two images are; KID compares pairs within the sets with pairs across:
#
# $$\mathrm{KID} = \operatorname*{mean}_{i \neq j} k(x_i, x_j) + \operatorname*{mean}_{i \neq j} k(y_i, y_j) - 2 \operatorname*{mean}_{i, j} k(x_i, y_j)$$
#
# Leaving out $i = j$ makes the estimate **unbiased**: over many draws it averages to the true value at every $n$, so for equal distributions to 0. It must then be negative about half of the time.

# %% [markdown]
# ### ✏️ Exercise 2: the unbiased estimate
# You get the three kernel matrices, $N \times N$, $M \times M$ and $N \times M$. How many entries does an $N \times N$ matrix have off its diagonal?

# %%
def mmd(k_xx, k_yy, k_xy):
    """Unbiased squared maximum mean discrepancy.  (N, N), (M, M), (N, M) → a number"""
    ### BEGIN SOLUTION
    def off_diagonal_mean(k):
        return (k.sum() - k.trace()) / (len(k) * (len(k) - 1))

    return off_diagonal_mean(k_xx) + off_diagonal_mean(k_yy) - 2 * k_xy.mean()
    ### END SOLUTION

# %%
check.mmd(mmd)

# %% [markdown]
# Large sets are cut into blocks of 1,000, whose estimates are averaged. Then FID's experiment again, both scores as a share of what the VAE gets. **Expect** FID's line to start high, KID's to stay around 0 while its band narrows.

# %%
def kernel(x, y):
    return (x @ y.T / x.shape[1] + 1) ** 3

def kid(a, b):
    blocks = [mmd(kernel(x, x), kernel(y, y), kernel(x, y)) for x, y in zip(a.split(1000), b.split(1000)) if min(len(x), len(y)) > 1]
    return (sum(blocks) / len(blocks)).item()

# %% tags=["cover"]
kids = against_n(kid)
fig, ax = plots.figure(6.5, 3.6)
for (name, values), colour in zip({"FID": fids, "KID": kids}.items(), plots.LINES):
    vae_score = values["VAE against real"][-1].median()
    band(ax, name, [v / vae_score for v in values["real against real"]], colour)
ax.axhline(0, color="black", linewidth=1, linestyle="--")
ax.set(xscale="log", xlabel="images in each set, n", ylabel="share of the VAE's score", title="Real against real, truth 0: bias (FID) and mere noise (KID)")
ax.legend()
fig

# %% [markdown]
# KID is honest at every $n$, but not precise: with ten images its noise exceeds the VAE's whole score. From a hundred images on, both scores tell this VAE from real images with ease; a *good* model needs more.

# %% [markdown]
# ## 6 · Blur or monotony: which is worse?
#
# A generator can miss in two ways: blurred images of everything, or sharp images of little. We make both from real images. On one side 2,000 real training images, blurred by $\sigma$ pixels; on the other the first $k$ of them, sharp, repeated until there are 2,000. The reference is the test set, the unit again the VAE's score.

# %%
real = torch.randperm(len(train), generator=g)[:2000]
sigmas, distinct = [0.3, 0.5, 0.7, 1.0, 1.5], [k for k in (10, 30, 100, 300, 1000) if k <= len(real)]
blurred = [judge.features(blur(x_train[real], s)) for s in sigmas]
repeated = [features["train"][real[torch.arange(len(real)) % k]] for k in distinct]
plots.compare({"sharp": x_train[real[:10]]} | {f"σ = {s}": blur(x_train[real[:10]], s) for s in (0.5, 1.0, 1.5)} | {"k = 3": x_train[real[torch.arange(10) % 3]]}, title="Blurred, and repeated")

# %%
fig, axes = plots.figure(9.5, 3.6, columns=2, sharey=True)
for ax, x, sets, label in ((axes[0], sigmas, blurred, "blur σ, pixels"), (axes[1], distinct, repeated, "distinct images k")):
    for (name, score), colour, marker in zip((("FID", fid), ("KID", kid)), plots.LINES, "os"):
        unit = score(features["test"], features["VAE"][:N])
        ax.plot(x, [score(features["test"], f) / unit for f in sets], marker + "-", color=colour, label=name)
    ax.set(xlabel=label)
axes[1].set(xscale="log")
axes[0].set(title="All images, blurred", ylabel="share of the VAE's score")
axes[1].set(title="Sharp images, few")
axes[0].legend()
fig

# %% tags=["nbval-ignore-output"]
lines = "".join(f"| {name} | {fid(features['test'], f):.3g} | {kid(features['test'], f):.3g} |\n" for name, f in
                [(f"blur σ = {s}", f) for s, f in zip(sigmas, blurred)] + [(f"{k} distinct images", f) for k, f in zip(distinct, repeated)])
display(Markdown("| set | FID | KID |\n|---|---|---|\n" + lines))

# %% [markdown]
# Both scores see both faults, at a curious rate of exchange. A blur of half a pixel, slight to the eye, costs as much FID as throwing away all but 100 of the images. In units of this VAE, KID is the harsher judge of blur; on monotony the two nearly agree from 30 images on, and both are lenient: a generator that repeats 100 pictures gets 6 % of the VAE's score. Neither number *names* the fault; look at many samples beside it.

# %% [markdown]
# ## 7 · Likelihood against looks
#
# A VAE gives every image a probability, up to a bound: with $k$ draws $z_i$ from the encoder's $q(z \mid x)$ (Burda et al. 2016)
#
# $$\log p(x) \;\ge\; \log \frac1k \sum_{i=1}^k w_i, \qquad w_i = \frac{p(x \mid z_i)\,p(z_i)}{q(z_i \mid x)}$$
#
# on average over the draws. With $k = 1$ this is the ELBO of lab 02; it gets tighter as $k$ grows. **NLL** is minus its mean over test images, in nats per image. It needs no feature network, and a forgotten kind of image costs it dearly.

# %% [markdown]
# ### ✏️ Exercise 3: a mean in logarithms
# You get $\log w$, around −250; in 32-bit floats $e^{-250}$ is 0. Compute $\log \frac1k \sum_i w_i$ without ever leaving the logarithm.

# %%
def importance_bound(log_weights):
    """The log of the mean weight of each image.  (k, N) → (N,)"""
    ### BEGIN SOLUTION
    return torch.logsumexp(log_weights, 0) - math.log(len(log_weights))
    ### END SOLUTION

# %%
check.importance_bound(importance_bound)

# %% [markdown]
# Does a good NLL promise good samples? Theis et al. (2016) answer with an experiment. Take a model that shows a VAE sample once in a hundred times, and coin-flip noise otherwise:
#
# $$p_\text{mix}(x) = 0.01\,p_\text{VAE}(x) + 0.99\,p_\text{noise}(x) \;\ge\; 0.01\,p_\text{VAE}(x)$$
#
# so its NLL exceeds the VAE's by at most $\log 100 = 4.6$ nats. A mean of a hundred probabilities, one of them the VAE's: your function again.

# %%
x_some = x_test[:300]
log_vae = importance_bound(metrics.importance_weights(vae, x_some, 100, seed=seed))
log_noise = torch.full_like(log_vae, -x_some[0].numel() * math.log(2))                     # every pixel a fair coin
log_mix = importance_bound(torch.stack([log_vae] + [log_noise] * 99))
print(check.between("what 99 % noise costs, nats per image", (log_vae - log_mix).mean(), 4.5, 4.61))
coins = (torch.rand(1980, *train.shape, generator=g) < 0.5).float()
mixture = torch.cat([samples[:20], coins])[torch.randperm(2000, generator=g)]
plots.sheet(mixture[:40], columns=20, title="Forty samples of the mixture")

# %% [markdown]
# Forty samples and not one garment, for 4.6 nats out of some 250. Now **the reverse**, sharp samples with a poor likelihood: a lookup table of $k$ training images. It shows one of them at random, each pixel with an error too small to see (1/510, half a grey level). Its density is a mean again, over the images it owns:
#
# $$p_\text{lookup}(x) = \frac1k \sum_{i=1}^k p(x \mid x_i)$$

# %%
def log_lookup(x, images, invisible=1 / 510):
    """log p(x) under a lookup table of some images.  (N, C, H, W), (k, C, H, W) → (N,)"""
    p, x = images.flatten(1).clamp(invisible, 1 - invisible), x.flatten(1)
    return importance_bound(p.log() @ x.T + (1 - p).log() @ (1 - x).T)                      # (k, N) → (N,)

owned = [k for k in (10, 30, 100, 300, 1000, 3000, 10_000) if k <= len(train)]
lookup = [-log_lookup(x_some, x_train[:k]).mean().item() for k in owned]
best = -log_vae.mean().item()
plots.lines(owned, {"lookup table": lookup, "VAE": [best] * len(owned), "VAE + 99 % noise": [-log_mix.mean().item()] * len(owned)}, log_x=True,
            title="Test NLL: perfect samples, and noise", xlabel="training images in the table, k", ylabel="nats per image (lower is better)")

# %% [markdown]
# The table's samples *are* photographs, and at every size it finds unseen ones less probable than the VAE does, even the VAE buried in noise: by some 180 nats with 10 images, 65 with 100, and still 8 with all of them. Both verdicts in one picture:

# %%
few = judge.features(x_train[:100])[torch.arange(2000) % 100]
points = {"VAE": (best, features["VAE"][:2000]), "VAE + 99 % noise": (-log_mix.mean().item(), judge.features(mixture)),
          "lookup, k = 100": (-log_lookup(x_some, x_train[:100]).mean().item(), few), f"lookup, k = {len(train):,}": (lookup[-1], features["train"][real])}
fig, ax = plots.figure(6.5, 3.6)
for (name, (nats, f)), colour in zip(points.items(), plots.LINES):
    ax.plot(nats, fid(features["test"], f), "o", color=colour, label=name)
ax.set(yscale="log", xlabel="NLL, nats per image (left is better)", ylabel="FID (down is better)", title="Likelihood and looks disagree")
fig.legend(loc="outside right center", frameon=False)
fig

# %% [markdown]
# In likelihood both VAE models beat both tables; in FID both tables beat both VAE models, by a factor of eight or more. Neither axis is wrong; they answer different questions.

# %% [markdown]
# ## 8 · The memoriser wins
#
# One point of that picture should alarm you: the full lookup table has by far the best FID, and it generates nothing. The **distance to the nearest training image** exposes it; real test images give the floor.

# %%
copies = x_train[real[:200]]
shifted = torch.roll(copies, 1, 3)                                   # the same copies, moved by one pixel
held_out = test.first(200)
suspects = {"lookup": copies, "lookup, moved 1 pixel": shifted, "VAE": samples[:200], "blurred, σ = 0.7": blur(held_out.images(), 0.7)}
distance = {name: metrics.nearest_neighbours(x, train, held_out) for name, x in suspects.items()}
check.between("the lookup table's distance to its training images", distance["lookup"].value, 0, 1e-6)

# %% tags=["nbval-ignore-output"]
fid_moved = fid(features["test"], judge.features(torch.roll(x_train[real], 1, 3)))
print("FID:", f"lookup {fid(features['test'], features['train'][real]):.2g}, moved by one pixel {fid_moved:.2g}, VAE {fid_vae.value:.3g}")
metrics.table(distance)

# %% [markdown]
# Distance 0: caught. But read the other rows. The same copies **moved by one pixel** keep an FID below 1 and lie *farther* from the training set than test images do: not caught. And the VAE lies *nearer* than the floor; so do blurred **test** images, which are no copies, since a smooth picture is close to many. Distance in pixels is fooled both ways.
#
# **Repair**: compare with the nine versions of each image that a shift by up to one pixel gives, and look at the pairs.

# %%
def nearest_shifted(x):
    """Distance to the nearest training image, of any shift by up to one pixel."""
    shifts = [torch.roll(x, (down, right), (2, 3)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return torch.stack([metrics.nearest(s, x_train)[0] for s in shifts]).min(0).values

undone = {"test images": nearest_shifted(held_out.images())} | {name: nearest_shifted(suspects[name]) for name in ("lookup, moved 1 pixel", "VAE")}
print(check.between("moved copies after undoing the move, as a share of test images", undone["lookup, moved 1 pixel"].median() / undone["test images"].median(), 0, 0.01))
index = metrics.nearest(samples[:10], x_train)[1]
plots.compare({"VAE sample": samples[:10], "nearest training image": x_train[index]}, title="Is it a copy? Look at the pairs")

# %% [markdown]
# The moved copies are caught. The VAE's samples do not look like copies: their neighbours are similar in outline, not in detail. No list of disguises is complete (mirrored, brighter, two halves glued), so this test can convict, never acquit.

# %% [markdown]
# ## 9 · The score card of lab 02's VAE
#
# Everything together: each score with its interval, its $n$, and its floor.

# %% tags=["nbval-ignore-output"]
card = [metrics.ssim(test, vae.reconstruct(x_test)), fid_vae, metrics.kid(test, samples[:N], features=judge, seed=seed),
        metrics.nll(vae, x_some, k=100, seed=seed), metrics.nearest_neighbours(samples[:200], train, held_out)]
metrics.table({"lab 02's VAE": card})

# %%
print(check.between("SSIM of copies", card[0].value, 0.05, 0.95), check.between("FID over its floor", card[1].value / card[1].floor, 5, 10_000), sep="\n")
metrics.table({"VAE": card[:4]}).figure(title="lab 02's VAE: value, interval, floor (dashed)")

# %% [markdown]
# The dashed line is the floor. For SSIM it is what *another* real image would score, so to its right is good; for FID and KID it is real against real; for NLL the entropy of grey pixels, which no Bernoulli model can undercut (lab 02).

# %% [markdown]
# ## 10 · Reading a paper's table
#
# 1. **What was scored**: samples, or reconstructions? SSIM fits only the latter.
# 2. **Data range**: are pixels in [0, 1] or bytes, and was the metric told? An SSIM above 0.99 from a blurred model is a symptom.
# 3. **n**: how many samples, how many real images? An FID from fewer images than features says nothing, and one from a few hundred little.
# 4. **Reference**: training or test set, and the same for every row?
# 5. **Feature network**, and the resizing before it: either can move FID by several points (Parmar et al. 2022).
# 6. **Floor and interval**: is real against real given? Is the difference between rows larger than the spread of repeats?
# 7. **NLL**: in nats or bits, of which likelihood, with how many draws $k$? Different $k$ do not compare.
# 8. **Memory**: are nearest training images shown, and with which distance?
# 9. **Choice**: are the samples shown random, or picked? Is the best of several seeds reported?
#
# S3 (*Generative models using VAEs & GANs*) planned FID and KID and could not run them. An empty cell in a table does not mislead; S0's and S4's numbers do.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
ten, most = fids["real against real"][0], fids["real against real"][-1]
display(Markdown(f"""
- **SSIM**: with the wrong range noise scores {some['noise'][-1]:.3f} and the VAE's copies {some['VAE copy'][-1]:.4f}; with the right one {some['noise'][0]:.3f} and {some['VAE copy'][0]:.2f}.
- **FID**: real against real is {ten.median():.0f} with 10 images ({ten.min():.0f} to {ten.max():.0f}) and {most.median():.2g} with {sizes[-1]:,}; the VAE gets {fid_vae.value:.0f}. KID of real against real is {kids['real against real'][-1].median():.1g} at the largest size, the VAE's {card[2].value:.2f}.
- **Likelihood and memory**: 99 % noise costs {(log_vae - log_mix).mean():.2f} nats of {best:.0f}. A lookup table of all training images has the best FID, {fid(features['test'], features['train'][real]):.2g}, at distance {distance['lookup'].value:.2g} from its training set.
"""))

# %% [markdown]
# **The exercises.** (1) `frechet_distance`: few images cannot estimate the overlap of two covariances. (2) `mmd`: leaving out the diagonal removes the bias, not the noise. (3) `importance_bound`: a mean of probabilities, for mixtures and VAEs alike.
#
# **Try**: `epochs=30`, to see which scores improve; `dataset="mnist"`, S4's own data; your own generator in place of `samples`.

# %% [markdown]
# ### Further reading
# - Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli (2004), *Image quality assessment: from error visibility to structural similarity*: SSIM, its window and constants.
# - M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler, S. Hochreiter (2017), *GANs trained by a two time-scale update rule converge to a local Nash equilibrium*: FID.
# - M. Bińkowski, D. Sutherland, M. Arbel, A. Gretton (2018), *Demystifying MMD GANs*: KID, and the bias of FID.
# - L. Theis, A. van den Oord, M. Bethge (2016), *A note on the evaluation of generative models*: likelihood against looks, and the 4.6 nats.
# - Y. Burda, R. Grosse, R. Salakhutdinov (2016), *Importance weighted autoencoders*: the bound of section 7.
# - A. Borji (2019), *Pros and cons of GAN evaluation measures*, and (2022) its sequel *New developments*: the survey.
# - G. Parmar, R. Zhang, J.-Y. Zhu (2022), *On aliased resizing and surprising subtleties in GAN evaluation*: how resizing moves FID.
# - S0, *Variational Autoencoder for Image Generation*, TDDE70, Linköping University; S3, *Generative models using VAEs & GANs*, CPSC 8810, Clemson University; S4, *Generating Images using conditional Variational Autoencoders*.
