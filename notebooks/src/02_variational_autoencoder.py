# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · The variational autoencoder: from a point to a distribution
#
# [start page](00_start.ipynb) · next: [03 The conditional VAE](03_conditional_vae.ipynb)
#
# Lab 01 left two questions open: what does a *random* latent decode to, and what lies *halfway*
# between two images? This lab builds a model whose decoder is trained on draws around each code, and
# measures at the end whether it answers them better than an autoencoder. Afterwards you can
#
# - derive the objective of a VAE in four steps, and point at the line of code for each symbol;
# - say why sampling blocks the gradient, and how the reparameterisation lets it through;
# - recognise posterior collapse by two numbers, and compute the weight that a loss
#   really gives to its KL term;
# - tell reconstructions from samples;
# - say what the ELBO is a bound of, and which two approximations make it less than exact.

# %% [markdown]
# The code runs in about 1 minute on two CPU cores, offline. **Data**: Fashion-MNIST, 10,000
# training and 2,000 test images of 28×28 grey pixels, is built in.

# %% tags=["parameters"]
dataset: str = "fashion"  # fashion, digits (built in); mnist, fashion_full (downloaded once)
train_images: int = 10_000  # use at most this many training images
epochs: int = 10  # passes over the training set, in sections 1 and 6
seed: int = 0  # of weights, batch order and every random draw below

# %%
import sys

if "google.colab" in sys.modules:
    # `make links REPO=owner/name` writes where Colab installs vaekit from
    raise RuntimeError(
        "this copy cannot install itself on Colab; "
        "run it on your computer, or ask for a link to Colab"
    )

# vaekit before torch: it tells torch's threads to share the cores
from vaekit import data, errors, explore, losses, plots, recipes, training
from vaekit.course import check, diagrams
from vaekit.models import Autoencoder, nets

import math

import torch
import torch.nn.functional as F
from IPython.display import Markdown, display

# %%
known = ("fashion", "digits", "mnist", "fashion_full")
errors.pick("data set (this lab needs grey images with one class each)", dataset, known)
errors.at_least("train_images", train_images, 200)
errors.at_least("epochs", epochs, 1)
torch.manual_seed(errors.check_seed(seed))

train = data.load(dataset, "train", limit=train_images)
test = data.load(dataset, "test")
test = test.first(min(2000, len(test)))
x_test, pixels = test.images(), math.prod(train.shape)
plots.sheet(x_test[:20], title=f"Twenty test images ({dataset})")

# %% [markdown]
# ## 1 · Two questions to an autoencoder
#
# This is the model that the lab builds; dashed boxes are the terms of its loss. An autoencoder has
# one vector in place of μ and σ, no ε and no KL box.

# %%
diagrams.vae()

# %% [markdown]
# First an autoencoder, to compare with. It gets what the VAE will get: 64 latents, two hidden
# layers of 256, as many epochs (passes over the training images), *batches* of 128 images per step,
# and the same learning rate, which rises and then falls to almost zero (the *one-cycle* schedule).
# Its loss is the right one of the two dashed boxes.

# %%
setting = {
    "epochs": epochs, "batch_size": 128, "lr": 2e-3, "schedule": "one-cycle", "seed": seed,
}


def pixel_loss(x_hat, x, c=None):
    # the package's function takes logits: what the sigmoid made x_hat of (section 5)
    return {"loss": losses.bernoulli_nll(torch.logit(x_hat, eps=1e-6), x)}


shape, hidden = train.shape, (256, 256)
encoder, decoder = nets.mlp_encoder(shape, hidden), nets.mlp_decoder(64, hidden, shape)
ae = Autoencoder(encoder, decoder, 64, shape)
training.fit(ae, train, pixel_loss, **setting)
ae = ae.cpu().eval()

# %% [markdown]
# Ask the two questions: decode points on a straight line between the codes of two test images,
# and decode random points. Which pictures of the line can you name, and which of the random ones?

# %%
first, other = test.classes[1], test.classes[-2]
pair = torch.cat([test.only(name).images()[:1] for name in (first, other)])


@torch.no_grad()
def two_questions(models):
    rows = {}
    for name, model in models.items():
        line = torch.lerp(*model.encode(pair).unsqueeze(1), torch.linspace(0, 1, 9).unsqueeze(1))
        rows[f"{name}: {first} to {other}"] = model.decode(line)
    for name, model in models.items():
        random = torch.randn(9, 64, generator=torch.Generator().manual_seed(seed))
        rows[f"{name}: N(0, I)"] = model.decode(random)
    return plots.compare(rows, title="A line between two codes, and nine random points")


two_questions({"autoencoder": ae})

# %% [markdown]
# To compare models, we need a number: how **similar** is a picture to the training image most like
# it? A distance depends on how dark the picture is, a plain correlation on how much it looks like
# the average image. So we first remove what a constant and the average training image explain
# (least squares), and correlate what is left: 1 for one of these training images, also if it is
# darker; 0 for a black picture and for the average image.

# %%
average_image = train.images().mean(0, keepdim=True)
easy = torch.stack([torch.ones(pixels), average_image.flatten()], 1)
# two columns of length 1, at right angles
easy = torch.linalg.qr(easy).Q


def distinctive(x):
    """What is left of each image, with length 1 (0 if nothing is).  (N, C, H, W) → (N, pixels)"""
    flat = x.flatten(1)
    return F.normalize(flat - flat @ easy @ easy.T, eps=0.01)


compared_with = distinctive(train.images()[:5000])


def similarity(x):
    """Similarity to the most similar of 5,000 training images, mean over the pictures."""
    return (distinctive(x) @ compared_with.T).max(1).values.mean().item()


# %% [markdown]
# Five kinds of pictures show what the number means. The models decode four kinds of points; the
# random ones come from $\mathcal N(0, I)$ and, as an autoencoder's codes need not look like that,
# from a Gaussian with the mean and covariance of 2,000 codes.

# %%
real = x_test[:1000]
references = {
    "real test image": real,
    "real, blurred (3×3 mean)": F.avg_pool2d(real, 3, stride=1, padding=1),
    "two real ones overlaid": (real + real.roll(1, 0)) / 2,
    "average training image": average_image,
    "black": torch.zeros_like(average_image),
}


@torch.no_grad()
def decoded(model):
    """Decoded test codes, midpoints of two of them, and two kinds of random points."""
    g = torch.Generator().manual_seed(seed)
    z, known = model.encode(real), model.encode(train.images()[:2000])
    random = torch.randn(len(z), 64, generator=g)
    spread = torch.linalg.cholesky(torch.cov(known.T) + 1e-5 * torch.eye(64))
    points = {
        "reconstruction": z,
        "middle of two": (z + z[torch.randperm(len(z), generator=g)]) / 2,
        "fitted Gaussian": known.mean(0) + random @ spread.T,
        "N(0, I)": random,
    }
    return {name: model.decode(each) for name, each in points.items()}


# %% tags=["nbval-ignore-output"]
measured, shown = {}, []


def measure(name, pictures):
    """Similarity of each kind of picture; adds rows to the table."""
    measured[name] = {kind: similarity(x) for kind, x in pictures.items()}
    for kind, x in pictures.items():
        shown.append([name, kind, f"{measured[name][kind]:.2f}", f"{x.mean().item():.2f}"])


measure("no model", references)
measure("autoencoder", decoded(ae))
columns = ["model", "picture", "similarity", "mean grey value"]
plots.table(columns, shown)

# %% [markdown]
# The overlay shows what "neither one image nor the other" scores. Two weaknesses: blurring need not
# lower the score, so read each model against its own reconstructions, blurred too (of no use where
# those score low); and variety does not count: one training image, repeated, would score 1.
#
# The draws from $\mathcal N(0, I)$ score like an overlay. The midpoints score like real images, but are darker: the
# score does not see that. Nothing in the loss said where codes should lie, or what should lie
# between them. The remedy: let the encoder answer with a **distribution** instead of a point,
# so that a neighbourhood of every code is decoded in training; and ask all these distributions to
# resemble one from which we can draw. Probability theory gives both as one formula.

# %% [markdown]
# ## 2 · The ELBO in four steps
#
# The model first draws a latent $z$ from the **prior** $p(z) = \mathcal N(0, I)$, then an image
# $x$ from the **decoder's** distribution $p(x \mid z)$. We would like $\log p(x)$ to be large for
# the images we have, but $p(x) = \int p(x \mid z)\, p(z)\, dz$ is an integral over all latents, and
# with a network inside it has no closed form. So the **encoder** gives a distribution $q(z \mid x)$
# of the latents that matter for $x$.

# %% [markdown]
# **Step 1. Average something that does not depend on z.**
# $\;\log p(x) = \mathbb E_{q}\big[\log p(x)\big]$, where $\mathbb E_q$ averages over
# $z \sim q(z \mid x)$.
#
# **Step 2. Use Bayes' rule and multiply by $1 = q/q$.** With $p(x) = p(x, z) / p(z \mid x)$,
#
# $$\log p(x) = \mathbb E_q\!\left[\log \frac{p(x, z)}{q(z \mid x)}\right]
# + \underbrace{\mathbb E_q\!\left[\log \frac{q(z \mid x)}{p(z \mid x)}\right]}
# _{\mathrm{KL}(q(z \mid x)\,\|\,p(z \mid x))}$$
#
# **Step 3. Drop what cannot be negative.** A Kullback–Leibler divergence, KL, is never below 0
# (Jensen: $\mathbb E_q[\log(p/q)] \le \log \mathbb E_q[p/q] \le 0$). The other term is a lower
# bound of $\log p(x)$: the *evidence lower bound*, **ELBO**.
#
# **Step 4. Split the joint,** $p(x, z) = p(x \mid z)\,p(z)$:
#
# $$\mathrm{ELBO}(x) = \underbrace{\mathbb E_q\big[\log p(x \mid z)\big]}
# _{-\,\text{reconstruction}} - \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)}
# _{\text{how far from the prior}}$$

# %% [markdown]
# We minimise $-\mathrm{ELBO}$ = reconstruction + KL, in **nats per image** (the unit of information
# for natural logarithms; a nat is $1/\ln 2 = 1.44$ bits). The KL is computed exactly, the
# reconstruction term is estimated from one draw per image:
#
# | symbol | meaning | code |
# |---|---|---|
# | $q(z \mid x) = \mathcal N(\mu, \mathrm{diag}\,\sigma^2)$ | encoder | `model.posterior(x)` |
# | $z \sim q(z \mid x)$ | one draw from it | `reparameterize(mean, log_var)` |
# | $-\log p(x \mid z)$ | reconstruction term | `bernoulli_nll(probability, x)` |
# | $\mathrm{KL}(q \,\Vert\, p(z))$ | KL term | `gaussian_kl(mean, log_var).sum(1)` |
# | $p(z) = \mathcal N(0, I)$ | prior | `torch.randn(n, latent_dim)` |

# %% [markdown]
# ## 3 · The KL term, in closed form
#
# From one Gaussian to the standard one the integral has a closed form, one value for each latent
# dimension $d$, with the mean $\mu_d$ and the variance $\sigma_d^2$ that the encoder gives:
#
# $$\mathrm{KL}_d = \tfrac12\left(\mu_d^2 + \sigma_d^2 - 1 - \log \sigma_d^2\right)$$
#
# Leaving the centre costs $\mu^2/2$; a $q$ narrower than the prior pays through $-\log\sigma^2$,
# a wider one through $\sigma^2$. The network predicts `log_var` $= \log\sigma^2$, which may be any
# real number, while σ must stay positive.

# %%
def gaussian_kl(mean, log_var):
    """KL of N(mean, exp(log_var)) from N(0, 1), in nats.  (N, D) twice → (N, D)"""
    variance = log_var.exp()
    return (mean**2 + variance - 1 - log_var) / 2


check.gaussian_kl(gaussian_kl)

# %% [markdown]
# By definition the KL is an average, $\mathbb E_q[\log q(z) - \log p(z)]$, and averages can be
# estimated by drawing: **Monte Carlo**. **Expect** it to settle on the closed form.

# %% tags=["nbval-ignore-output"]
q, p = torch.distributions.Normal(1.0, 0.5), torch.distributions.Normal(0.0, 1.0)
z = q.sample((2**16,))
# E_q[log q − log p], over the first 1, 2, 3, … draws
running = (q.log_prob(z) - p.log_prob(z)).cumsum(0) / torch.arange(1, 2**16 + 1)
exact = gaussian_kl(torch.tensor(1.0), torch.tensor(2 * math.log(0.5))).item()

draws = [2**k for k in range(0, 17, 2)]
estimates = [running[n - 1].item() for n in draws]
print(check.between("Monte Carlo minus closed form, nats", estimates[-1] - exact, -0.02, 0.02))
fig = plots.lines(
    draws, {"Monte Carlo": estimates}, log_x=True,
    title="KL of N(1, 0.5²) from N(0, 1)", xlabel="draws averaged", ylabel="nats",
)
fig.axes[0].axhline(exact, color="black", linestyle="--", label="closed form")
fig.axes[0].legend()
fig

# %% [markdown]
# With the closed form, the KL term adds no noise from the draw of $z$ to the gradient.

# %% [markdown]
# ## 4 · Where the gradient stops
#
# The reconstruction term needs a draw from $q$. PyTorch has `torch.normal(mean, std)` for this.
# Moving μ by 1 moves the draw by 1, so **expect** a derivative of 1. What does autograd say?

# %%
mean = torch.tensor([0.5, -1.0], requires_grad=True)
std = torch.ones(2)
# a correct draw
z = torch.normal(mean, std)
z.sum().backward()
print("dz/dμ =", mean.grad.tolist())

# %% [markdown]
# Zero, and no error: PyTorch's rule for `torch.normal` is the derivative 0. An encoder trained this
# way learns nothing from the reconstruction term. The repair writes the same draw as a formula
# whose randomness comes from outside:
#
# $$z = \mu + \sigma \cdot \varepsilon, \qquad \varepsilon \sim \mathcal N(0, I)$$
#
# Now $\partial z/\partial\mu = 1$ and $\partial z/\partial\sigma = \varepsilon$. This is the
# **reparameterisation trick**.

# %% [markdown]
# ### ✏️ Exercise 1 (write it): `reparameterize`
# Write it for a batch: one row of `mean` and `log_var` per image.
#
# <details><summary>Hint 1</summary>You are given log σ². How does σ follow from it? And how many
# numbers ε does a batch of N images with D latents need?</details>
# <details><summary>Hint 2</summary><code>sigma = (log_var / 2).exp()</code>, and
# <code>torch.randn_like(mean)</code> has one ε for each entry.</details>

# %%
def reparameterize(mean, log_var):
    """Draw z ~ N(mean, exp(log_var)) so that a gradient reaches both.  (N, D) twice → (N, D)"""
    # BEGIN SOLUTION
    sigma = (log_var / 2).exp()
    return mean + sigma * torch.randn_like(mean)
    # END SOLUTION


# %%
reparameterize = check.or_reference(reparameterize)
mean.grad = None
reparameterize(mean, std.square().log()).sum().backward()
print("dz/dμ =", mean.grad.tolist())

# %% [markdown]
# ## 5 · The reconstruction term, wrong and right
#
# The last layer of the decoder gives any real number $\ell_i$ for pixel $i$, a **logit**. The
# sigmoid $\hat x_i = 1/(1 + e^{-\ell_i})$ turns it into the probability that the pixel is white.
# The probability of an image is a product over its pixels, so its logarithm is a sum:
#
# $$-\log p(x \mid z) = -\sum_i \Big[x_i \log \hat x_i + (1 - x_i)\log(1 - \hat x_i)\Big]$$
#
# This is the binary cross-entropy, BCE. Here is a first version, and a training loop.

# %%
def inside(probability):
    """Keep log p finite where p is exactly 0 or 1."""
    return probability.clamp(1e-6, 1 - 1e-6)


def nll_v1(probability, x):
    log_likelihood = x * probability.log() + (1 - x) * (1 - probability).log()
    return -log_likelihood.flatten(1).mean(1)


# %%
def train_by_hand(nll, beta=1.0, steps=160):
    """A VAE with two latents, trained with the functions of this page."""
    torch.manual_seed(seed)
    model = recipes.build("mlp-vae-mnist", 2, train.shape, seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(steps):
        x = train.images(torch.randint(len(train), (128,)))
        mean, log_var = model.posterior(x)
        z = reparameterize(mean, log_var)
        kl = gaussian_kl(mean, log_var).sum(1)
        loss = (nll(inside(model.decode(z)), x) + beta * kl).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


# %%
collapsed = train_by_hand(nll_v1)
rows = {"test image": x_test[:10], "decoded": collapsed.reconstruct(x_test[:10])}
plots.compare(rows, title="Trained with nll_v1: the same picture for every image")

# %% [markdown]
# **Diagnosis by two measurements**: does the latent carry information (KL), and do the decoded
# images differ from each other (their spread over images, relative to that of the originals)?

# %% tags=["nbval-ignore-output"]
def diagnose(model):
    """KL in nats per image; the spread of the reconstructions relative to the originals'."""
    with torch.no_grad():
        kl = gaussian_kl(*model.posterior(x_test)).sum(1).mean().item()
    return kl, (model.reconstruct(x_test).std(0).mean() / x_test.std(0).mean()).item()


kl_collapsed, spread_collapsed = diagnose(collapsed)
print(check.between("KL of the collapsed model, nats per image", kl_collapsed, 0, 0.1))
print(check.between("relative spread", spread_collapsed, 0, 0.1))

# %% [markdown]
# With KL near 0 the encoder gives nearly $\mathcal N(0, I)$ for every image, so $z$ says nothing
# about $x$, and the best that the decoder can do is the average image. This is **posterior
# collapse**.

# %% [markdown]
# ### ✏️ Exercise 2 (find the bug): `bernoulli_nll`
# `nll_v1` does not follow the equation above it. Write the mended function; images may have three
# channels.
#
# <details><summary>Hint 1</summary>The KL is summed over its latents. What does the code do to the
# pixels, and what does the equation do?</details>
# <details><summary>Hint 2</summary><code>.flatten(1).sum(1)</code> adds up channels, rows and
# columns, and keeps the images apart.</details>

# %%
def bernoulli_nll(probability, x):
    """−log p(x) of independent Bernoulli pixels, nats per image.  (N, C, H, W) twice → (N,)"""
    # BEGIN SOLUTION
    log_likelihood = x * probability.log() + (1 - x) * (1 - probability).log()
    return -log_likelihood.flatten(1).sum(1)
    # END SOLUTION


# %% tags=["nbval-ignore-output"]
bernoulli_nll = check.or_reference(bernoulli_nll)
repaired = train_by_hand(bernoulli_nll)
kl_repaired, spread = diagnose(repaired)
print(check.between("KL of the repaired model, nats per image", kl_repaired, 0.3, 30))
print(check.between("relative spread, gained", spread - spread_collapsed, 0.02, 1.2))
rows = {"test image": x_test[:10], "decoded": repaired.reconstruct(x_test[:10])}
plots.compare(rows, title="Trained with bernoulli_nll: the latent is used")

# %% [markdown]
# Only the reduction differs. The decoded images are blurred, but each follows its original.

# %% [markdown]
# ### ✏️ Exercise 3 (write it): `effective_beta`
# How far off was the wrong loss? Write every objective as
# $\text{BCE}_\text{sum} + \beta \cdot \text{KL}_\text{sum}$. A program minimises
# mean-over-pixels(BCE) + weight · mean-over-latents(KL). Multiplying a whole loss by a positive
# number does not move its minimum. Which β is it? (Where the KL is summed, `latents` is 1.)
#
# <details><summary>Hint 1</summary>By what must the whole loss be multiplied so that its first term
# becomes the sum over pixels? What is then in front of the summed KL?</details>
# <details><summary>Hint 2</summary>A mean over n values is their sum divided by n: the factor
# <code>pixels</code> appears, and <code>1 / latents</code>.</details>

# %%
def effective_beta(weight, pixels=1, latents=1):
    """The β of a loss with BCE averaged over `pixels`, and weight · KL averaged over `latents`."""
    # BEGIN SOLUTION
    return weight * pixels / latents
    # END SOLUTION


# %%
effective_beta = check.or_reference(effective_beta)
print(f"BCE averaged, KL summed: β = {effective_beta(1.0, pixels):.3g}")
print(f"both averaged, 64 latents: β = {effective_beta(1.0, pixels, 64):.3g}")

# %% [markdown]
# The rule that gives β = 1: **sum over pixels and latents, average over images**.

# %% [markdown]
# ### What a BCE of 0 would mean
# Only a black-and-white image can cost 0: a grey pixel of 0.4 costs its entropy even if 0.4 is
# predicted. Three references: every pixel predicted exactly, the average training image, and ½
# everywhere.

# %%
floor = bernoulli_nll(inside(x_test), x_test).mean().item()
average = bernoulli_nll(inside(average_image.expand_as(x_test)), x_test).mean().item()
blank = pixels * math.log(2)
print(f"exact {floor:.0f}, average image {average:.0f}, ½ everywhere {blank:.0f} nats")

# %% [markdown]
# For grey pixels the formula is no probability density: it does not integrate to 1 (the *continuous
# Bernoulli* of Loaiza-Ganem & Cunningham 2019 does). We compare only models trained with it.

# %% [markdown]
# ### Does every large β collapse?
# With no code at all the decoder gives the average image, and the KL is 0. A code costs less than
# that as long as it saves **more than β nats of BCE per nat of KL**. All three models have two latents
# and 160 steps; the first has β = 1, the last is `nll_v1`. Before you run it: does the one between
# collapse?

# %% tags=["nbval-ignore-output"]
middle_beta = effective_beta(1.0, pixels, 64)
by_beta = {
    1.0: repaired,
    middle_beta: train_by_hand(bernoulli_nll, beta=middle_beta),
    effective_beta(1.0, pixels): collapsed,
}
rows_of_beta = []
for beta, model in by_beta.items():
    with torch.no_grad():
        mean, log_var = model.posterior(x_test)
        x_hat = inside(model.decode(reparameterize(mean, log_var)))
    bce = bernoulli_nll(x_hat, x_test).mean().item()
    kl = gaussian_kl(mean, log_var).sum(1).mean().item()
    # too small a KL to divide by
    saved = f"{(average - bce) / kl:.1f}" if kl > 0.1 else "–"
    rows_of_beta.append([f"{beta:.4g}", f"{bce:.1f}", f"{kl:.2f}", saved])
plots.table(["β", "BCE", "KL", "BCE saved per nat of KL"], rows_of_beta)

# %% [markdown]
# With Fashion-MNIST the code of β = 1 saves more than the second β per nat: collapse would not be
# the minimum there. The KL shrinks but stays, and what is left saves more per nat. The β of collapse
# lies somewhere between the last two.

# %% [markdown]
# ## 6 · One, two and sixty-four latents
#
# From here on the loss is `losses.negative_elbo` and the loop `training.fit`: the same loss and
# kind of step, with a one-cycle learning rate, whole epochs, a history and a test set. **Expect**
# more latents to give a smaller BCE and a larger KL.

# %%
vaes, histories = {}, {}
named = {1: "1 latent", 2: "2 latents", 64: "64 latents"}
for d in named:
    vaes[d] = recipes.build("mlp-vae-mnist", d, train.shape, seed)
    histories[d] = training.fit(vaes[d], train, losses.negative_elbo, test=test, **setting)
    vaes[d] = vaes[d].cpu().eval()
print(vaes[64])

# %% tags=["nbval-ignore-output"]
# a very short training need only be better than ½ everywhere
limit = average if epochs * len(train) >= 50_000 else blank
for d, history in histories.items():
    loss = history.last["test_loss"]
    print(check.between(f"{named[d]}: test −ELBO, nats", loss, round(floor), round(limit)))

# %% [markdown]
# The first epoch would fill the axis, so it is printed, and the figure begins with the second.

# %% tags=["nbval-ignore-output"]
for d, history in histories.items():
    print(f"{named[d]}, after the first epoch: {history['test_loss'][0]:.0f} nats")
start = min(1, epochs - 1)
plots.lines(
    range(start + 1, epochs + 1),
    {named[d]: history["test_loss"][start:] for d, history in histories.items()},
    title="−ELBO of the test images", xlabel="epoch", ylabel="nats per image",
)

# %% [markdown]
# From one latent to 64 the two terms move in opposite directions. The last column is of S1, an
# unpublished student report on MNIST (RESULTS.md trains its table again): compare the pattern.

# %% tags=["nbval-ignore-output"]
reported = {1: 161.04, 2: 144.49, 64: 100.03}
rows = []
for d, history in histories.items():
    bce, kl, total = (history.last[f"test_{term}"] for term in ("reconstruction", "kl", "loss"))
    rows.append([d, f"{bce:.1f}", f"{bce - floor:.1f}", f"{kl:.1f}", f"{total:.1f}", reported[d]])
head = ["latents", "BCE", "BCE above exact prediction", "KL", "−ELBO", "−ELBO, S1 (MNIST)"]
plots.table(head, rows)

# %% [markdown]
# ## 7 · Which latents does the prior produce?
#
# With one latent the whole model fits in a row. S1 shows $z$ from −5 to 5, and so do we, and count
# how much of the prior lies within some limits.

# %% tags=["nbval-ignore-output"]
draws = torch.randn(100_000, generator=torch.Generator().manual_seed(seed)).abs()
for limit in (1.0, 2.5, 3.3):
    print(f"|z| < {limit}: {(draws < limit).float().mean():.1%} of 100,000 draws")
with torch.no_grad():
    far = (vaes[1].encode(x_test).abs() > 3.3).float().mean()
print(f"|z| > 3.3: {far:.1%} of the codes of test images, one latent")
both = math.erf(2.5 / math.sqrt(2)) ** 2
print(f"two latents, both within ±2.5: {both:.1%} of the prior")
plots.walk(vaes[1], low=-5, high=5, n=11, title="1 latent: equal steps of z from −5 to 5")

# %% [markdown]
# Four of the eleven pictures lie beyond ±3.3, where a sample practically never falls, though the
# encoder may use the place. Steps of equal *probability* show what samples are like.

# %%
probability = (torch.arange(11) + 0.5) / 11
# the z with so much probability below it
z = torch.special.ndtri(probability).unsqueeze(1)
plots.compare(
    {"decoded": vaes[1].decode(z).detach()}, ticks=[f"{v:.2f}" for v in z[:, 0]],
    xlabel="z, 1/11 of the prior between neighbours", title="1 latent: equal steps of probability",
)

# %% [markdown]
# **Try it.** Drag the slider, or use the arrow keys. Which step of 1 in $z$ passes the most kinds of
# image?

# %% tags=["nbval-ignore-output"]
explore.walk(vaes[1], test, low=-3.3, high=3.3)

# %% [markdown]
# With two latents the model is a map. S1 shows the square from −5 to 5; the square with half
# that side holds 97.5 % of the prior. Which cells are nearly black, or two kinds of images at once, and do codes
# lie there in the next figure?

# %% tags=["cover"]
plots.lattice(vaes[2], x=(-2.5, 2.5), y=(-2.5, 2.5), n=15, title="2 latents over [−2.5, 2.5]²")

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    codes, log_var = vaes[2].posterior(x_test)
    z = reparameterize(codes, log_var)
outside = (z.abs() > 2.5).any(1).float().mean()
print(f"outside the square: {outside:.1%} of draws of q(z | x), one per test image")
plots.latent_map(
    codes, test.y, test.classes, densest=True, title="2 latents: posterior means of test images"
)

# %% [markdown]
# The model never saw a label; still, kinds of image gather. Compare the share outside with the prior's: all the $q(z \mid x)$ together only approximate $p(z)$.
#
# **Try it.** Drag the pad from the middle of one group to the middle of another: do you pass a
# third kind of image, an overlay of both, or a region without points?

# %% tags=["nbval-ignore-output"]
explore.walk(vaes[2], test)

# %% [markdown]
# ## 8 · Reconstructions are not samples
#
# For 64 latents S1 shows decoded *test images*. Those are reconstructions: the encoder has seen the
# image, and `reconstruct` decodes its μ. A sample starts from the prior. Does the difference grow with the latents?

# %%
rows = {named[d]: vae.reconstruct(x_test[:10]) for d, vae in vaes.items()}
plots.compare({"test image": x_test[:10]} | rows, title="Reconstructions")


# %%
@torch.no_grad()
def sample(model, n):
    """Draw from the prior, decode. `model.sample` is this code."""
    z = torch.randn(n, model.latent_dim, generator=torch.Generator().manual_seed(seed))
    return torch.sigmoid(model.decoder(z))


rows = {named[d]: sample(vae, 10) for d, vae in vaes.items()}
plots.compare(rows, title="Samples from the prior: no test image was used")

# %% tags=["nbval-ignore-output"]
rows = []
for d, vae in vaes.items():
    kinds = similarity(vae.reconstruct(real)), similarity(sample(vae, 1000))
    rows.append([d, *(f"{each:.2f}" for each in (*kinds, kinds[0] - kinds[1]))])
plots.table(["latents", "similarity of reconstructions", "of samples", "difference"], rows)

# %% [markdown]
# A reconstruction here decodes μ, so the difference mixes two things: the prior in place of $q$, and
# a draw in place of μ. Where do the 64 latents spend their KL? Averaged over images, and sorted:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    kl_of_each = gaussian_kl(*vaes[64].posterior(x_test)).mean(0)
idle = kl_of_each <= 0.1
print(f"{int(idle.sum())} of 64 latents hold at most 0.1 nats, "
      f"together {kl_of_each[idle].sum():.1f} of {kl_of_each.sum():.1f}")
fig = plots.lines(
    range(1, 65), {"mean over test images": kl_of_each.sort(descending=True).values.tolist()},
    title="64 latents: KL of each, sorted", xlabel="rank of the latent", ylabel="nats",
)
fig.axes[0].axhline(0.1, color="black", linestyle="--", label="0.1 nats")
fig.axes[0].legend()
fig

# %% [markdown]
# For the latents below the line, the *idle* ones, $q(z \mid x)$ is nearly the prior: posterior
# collapse, latent by latent. Does the decoder ignore them? Change them in 1,000 samples, and see
# how far each picture moves (length of the difference of all pixels, median).

# %% tags=["nbval-ignore-output"]
g = torch.Generator().manual_seed(seed)
z, new = torch.randn(2, 1000, 64, generator=g)
changes = {
    "none": z,
    "idle ones drawn again": torch.where(idle, new, z),
    "the others drawn again": torch.where(idle, z, new),
    "idle ones set to 0": torch.where(idle, 0.0, z),
}
with torch.no_grad():
    pictures = {name: vaes[64].decode(each) for name, each in changes.items()}
rows = []
for name, x in pictures.items():
    moved = (x - pictures["none"]).flatten(1).norm(dim=1).median()
    rows.append([name, f"{moved:.1f}", f"{x.mean():.2f}"])
plots.table(["change", "difference of the pictures", "mean grey value"], rows)

# %% [markdown]
# Not quite. In training the decoder saw them drawn, hardly ever all near 0, where `reconstruct` and
# `encode` put them: the last row shows what that does.
#
# **t-SNE** keeps neighbours together in the plane; its **perplexity**
# is, roughly, how many neighbours of each point count. Distances between groups, and the axes, mean
# nothing. **Try it.** Which groups stay together at both perplexities?

# %% tags=["nbval-ignore-output"]
explore.tsne_map(vaes[64], test, perplexities=[5, 30], limit=500, seed=seed, progress=False)

# %% [markdown]
# ## 9 · The two questions again
#
# Now ask the VAE with 64 latents what section 1 asked the autoencoder.

# %%
two_questions({"autoencoder": ae, "VAE": vaes[64]})

# %% [markdown]
# ### ✏️ Exercise 4 (predict it): which question gains more?
# For each model take the similarity of its reconstructions minus that of its midpoints. The VAE
# **gains** at midpoints if its difference is smaller by more than 0.01. The same for draws from
# $\mathcal N(0, I)$. Choose before you run the table.
#
# - `"a"`: both gain, the draws more,
# - `"b"`: both gain, the midpoints more,
# - `"c"`: only the draws gain,
# - `"d"`: only the midpoints gain,
# - `"e"`: neither gains.
#
# <details><summary>Hint 1</summary>Which of the two kinds of points does the ELBO mention?</details>
# <details><summary>Hint 2</summary>In the first table, which of the two lies farther below the
# autoencoder's reconstructions, and has more to gain?</details>

# %%
# BEGIN SOLUTION
guess = "a"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
measure("VAE", decoded(vaes[64]))
plots.table(columns, shown)

# %% tags=["nbval-ignore-output"]
def below(model, kind):
    """How much less similar than the model's own reconstructions."""
    return measured[model]["reconstruction"] - measured[model][kind]


draws, middles = (
    below("autoencoder", kind) - below("VAE", kind) for kind in ("N(0, I)", "middle of two")
)
outcomes = {
    "a": middles > 0.01 and draws >= middles, "b": draws > 0.01 and middles > draws,
    "c": draws > 0.01 >= middles, "d": middles > 0.01 >= draws, "e": max(draws, middles) <= 0.01,
}
print(f"gain of the draws {draws:.3f}, of the midpoints {middles:.3f}")
check.prediction(guess, outcomes, because="The KL pulls the draws of q towards N(0, I).")

# %% [markdown]
# With Fashion-MNIST and the settings above, the VAE improves the random draw most. But a Gaussian
# fitted to the codes afterwards improves the autoencoder's draws too: part of the gain is only
# *where* one draws. And the VAE's draws from
# $\mathcal N(0, I)$ are darker than real images (the similarity does not see it). Each model was trained once; another `seed` shows how much is chance.

# %% [markdown]
# ## 10 · Is it really a bound?
#
# With one latent we can afford the integral that section 2 avoided: sum $p(x \mid z)\,p(z)$ over a
# fine grid of $z$. **Expect** $\log p(x) \ge \mathrm{ELBO}$ for *every* image. (The four steps only
# need $p(x \mid z) \ge 0$, so they hold for BCE on grey pixels too; we go on writing $\log p(x)$.)

# %%
x = x_test[:200]
grid = torch.linspace(-10, 10, 4001)
with torch.no_grad():
    logits, flat = vaes[1].decoder(grid.unsqueeze(1)).flatten(1), x.flatten(1)
    # log p(x | z) for each image and each z of the grid: (200, 4001)
    log_likelihood = flat @ logits.T - F.softplus(logits).sum(1)
log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(grid)
# a sum over the grid, times the distance of its points
evidence = torch.logsumexp(log_likelihood + log_prior, 1) + math.log(grid[1] - grid[0])


def elbo(mean, log_var):
    """The ELBO per image, its expectation taken over the grid.  (N, 1) twice → (N,)"""
    # softmax: the densities at the grid's points, made to add up to 1
    q = torch.distributions.Normal(mean, (log_var / 2).exp()).log_prob(grid).softmax(1)
    return (q * log_likelihood).sum(1) - gaussian_kl(mean, log_var).sum(1)


# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    mean, log_var = vaes[1].posterior(x)
    of_encoder = elbo(mean, log_var)
difference = evidence - of_encoder
check.between("smallest log p(x) − ELBO of 200 images, nats", difference.min(), -0.001, 500)

# %% [markdown]
# None of the 200 breaks the bound. What is the difference made of? A Gaussian $q$ may have the
# wrong *shape*: the **approximation gap**. And one encoder serves all images, so its μ and σ need
# not be the best for this one: the **amortisation gap** (Cremer et al. 2018). Separate them:
# improve μ and σ for each image by gradient steps, from the best $z$ of the grid.

# %%
peak = grid[(log_likelihood + log_prior).argmax(1)].unsqueeze(1)
own = [each.clone().requires_grad_() for each in (peak, log_var)]
optimizer = torch.optim.Adam(own, lr=0.03)
for _ in range(60):
    optimizer.zero_grad()
    (-elbo(*own).sum()).backward()
    optimizer.step()
with torch.no_grad():
    best = torch.maximum(elbo(*own), of_encoder)

# %% tags=["nbval-ignore-output"]
parts = {
    "amortisation: best Gaussian found − encoder's": best - of_encoder,
    "approximation: log p(x) − best Gaussian found": evidence - best,
    "together: log p(x) − ELBO": difference,
}
rows = [
    [name, f"{gap.mean():.2f}", f"{gap.median():.2f}", f"{gap.max():.2f}"]
    for name, gap in parts.items()
]
plots.table(["gap, nats per image", "mean", "median", "largest"], rows)

# %% [markdown]
# A better encoder would reduce the first row, a more flexible $q$ the second; neither changes
# $\log p(x)$ while the decoder stays.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
last = {d: history.last for d, history in histories.items()}
display(Markdown(f"""
- **Terms**: from one latent to 64, BCE goes from {last[1]['test_reconstruction']:.0f} to
  {last[64]['test_reconstruction']:.0f} nats per image (predicted exactly: {floor:.0f}), KL from
  {last[1]['test_kl']:.1f} to {last[64]['test_kl']:.1f}. With two latents and 160 steps, a mean over
  pixels made β {effective_beta(1.0, pixels):.0f} and the KL {kl_collapsed:.1f}; the sum gave
  {kl_repaired:.1f}.
- **The two questions**: draws from N(0, I) are less similar to training images than
  reconstructions, by {below('autoencoder', 'N(0, I)'):.2f} for the autoencoder and
  {below('VAE', 'N(0, I)'):.2f} for the VAE; midpoints by
  {below('autoencoder', 'middle of two'):.2f} and {below('VAE', 'middle of two'):.2f}; draws from a
  Gaussian fitted to the codes by {below('autoencoder', 'fitted Gaussian'):.2f} and
  {below('VAE', 'fitted Gaussian'):.2f}. Two real
  images overlaid score {measured['no model']['two real ones overlaid']:.2f}, real ones
  {measured['no model']['real test image']:.2f}, a black picture
  {measured['no model']['black']:.2f}.
- **The bound**: with one latent, log p(x) lies {difference.mean():.2f} nats above the ELBO; at
  least {(best - of_encoder).mean():.2f} of them are the amortisation gap.
"""))

# %% [markdown]
# Lab 03 tells the model the class of each image, so that we can choose what is drawn.

# %% [markdown]
# ## What to read
# - D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2013. The ELBO and the trick;
#   appendix B has the closed-form KL.
# - C. Cremer, X. Li and D. Duvenaud, *Inference Suboptimality in Variational Autoencoders*, 2018.
#   The two gaps of section 10.
# - G. Loaiza-Ganem and J. P. Cunningham, *The continuous Bernoulli: fixing a pervasive error in
#   variational autoencoders*, 2019.
# - D. P. Kingma and M. Welling, *An Introduction to Variational Autoencoders*, 2019.
# - S1, *Variational Autoencoder for Image Generation*, AI3611, Shanghai Jiao Tong University. The
#   experiment this lab follows.
