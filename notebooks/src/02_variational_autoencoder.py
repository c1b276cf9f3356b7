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
# between two images? This lab builds a model that is trained with random latents, and measures
# at the end which of the two questions it answers better than an autoencoder. Afterwards you can
#
# - derive the objective of a VAE in four steps, and point at the line of code for each symbol;
# - say why sampling blocks the gradient, and how the reparameterisation lets it through;
# - recognise posterior collapse by two numbers, and compute the β that a loss really uses;
# - tell reconstructions from samples;
# - say what the ELBO is a bound of, and which two approximations make it less than exact.

# %% [markdown]
# **Time**: about 1 minute on two quiet CPU cores, offline. **Data**: Fashion-MNIST, 10,000
# training and 2,000 test images of 28×28 grey pixels, is built in.

# %% tags=["parameters"]
dataset: str = "fashion"  # fashion, digits (built in); mnist, fashion_full (downloaded once)
train_images: int = 10_000  # use at most this many training images
epochs: int = 10  # passes over the training set, for each model
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
# This is the model that the lab builds, in one picture. An autoencoder has the upper row only,
# with a single vector in place of μ and σ, and no ε.

# %%
diagrams.vae()

# %% [markdown]
# We begin with an autoencoder, to have something to compare with. It gets what the VAE will get:
# 64 latents, two hidden layers of 256, the same number of epochs (passes over the training
# images), *batches* of 128 images per step, and the same learning rate, which rises and then falls
# to almost zero (the *one-cycle* schedule). Its loss is one of the two terms of the VAE's, the
# cross-entropy of section 5.

# %%
setting = {
    "epochs": epochs, "batch_size": 128, "lr": 2e-3, "schedule": "one-cycle", "seed": seed,
}


def pixel_loss(x_hat, x, c=None):
    cost = F.binary_cross_entropy(x_hat, x, reduction="none")
    return {"loss": cost.flatten(1).sum(1)}


shape, hidden = train.shape, (256, 256)
encoder, decoder = nets.mlp_encoder(shape, hidden), nets.mlp_decoder(64, hidden, shape)
ae = Autoencoder(encoder, decoder, 64, shape)
training.fit(ae, train, pixel_loss, **setting)
ae = ae.cpu().eval()

# %% [markdown]
# Ask the two questions: decode points on a straight line between the codes of two test images,
# and decode random points. **Expect** recognisable images at both ends of the line only.

# %%
other = test.classes[-2]
pair = torch.cat([test.only(test.classes[1]).images()[:1], test.only(other).images()[:1]])


@torch.no_grad()
def two_questions(model, name):
    a, b = model.encode(pair)
    line = torch.lerp(a, b, torch.linspace(0, 1, 9).unsqueeze(1))
    random = torch.randn(9, 64, generator=torch.Generator().manual_seed(seed))
    rows = {"line": model.decode(line), "N(0, I)": model.decode(random)}
    return plots.compare(rows, title=f"{name}: a line between two codes; nine random points")


two_questions(ae, "Autoencoder")

# %% [markdown]
# To compare two models later, we need a number. We decode four kinds of points, and measure how far
# each **picture** is from the nearest training image (the length of the difference of all pixels).
# The random points are drawn from $\mathcal N(0, I)$ and, as an autoencoder's codes need not look
# like that, from a Gaussian with the mean and covariance of the model's own codes too.

# %%
@torch.no_grad()
def pictures(model):
    """Decoded test codes, midpoints of two of them, and two kinds of random points."""
    g = torch.Generator().manual_seed(seed)
    z, known = model.encode(x_test[:1000]), model.encode(train.images()[:2000])
    random = torch.randn(len(z), 64, generator=g)
    spread = torch.linalg.cholesky(torch.cov(known.T) + 1e-5 * torch.eye(64))
    points = {
        "copy of a test image": z,
        "middle of two": (z + z[torch.randperm(len(z), generator=g)]) / 2,
        "fitted Gaussian": known.mean(0) + random @ spread.T,
        "N(0, I)": random,
    }
    return {name: model.decode(each) for name, each in points.items()}

# %%
some = train.images()[:5000].flatten(1)


def distances(model):
    """Median distance to the nearest training image, and the mean grey value, of each kind."""
    found = {}
    for name, x in pictures(model).items():
        nearest = torch.cdist(x.flatten(1), some).min(1).values
        found[name] = (nearest.median().item(), x.mean().item())
    return found


# %% tags=["nbval-ignore-output"]
def as_table(measured):
    head, rows = ["decoded point"], {name: [name] for name in measured["autoencoder"]}
    for model, found in measured.items():
        head += [f"{model}: distance", "as a share of copies", "mean grey value"]
        copies = found["copy of a test image"][0]
        for name, (distance, grey) in found.items():
            rows[name] += [f"{distance:.2f}", f"{distance / copies:.2f}", f"{grey:.3f}"]
    return plots.table(head, list(rows.values()))


measured = {"autoencoder": distances(ae)}
as_table(measured)

# %% [markdown]
# A share above 1 means: farther from every training image than a copy of a test image usually is.
# The mean grey value shows whether pictures fade.
#
# The decoder is asked about latents it never saw in training, and nothing in the loss said where
# codes should lie. The remedy: let the encoder answer with a **distribution** instead of a point,
# so that a neighbourhood of every code is decoded in training; and ask all these distributions to
# resemble one from which we can draw. Probability theory gives both as one formula.

# %% [markdown]
# ## 2 · The ELBO in four steps
#
# The model first draws a latent $z$ from the **prior** $p(z) = \mathcal N(0, I)$, then an image
# $x$ from the **decoder's** distribution $p(x \mid z)$. We would like $\log p(x)$ to be large for
# the images we have, but $p(x) = \int p(x \mid z)\, p(z)\, dz$ is an integral over all latents. So
# the **encoder** gives a distribution $q(z \mid x)$ of the latents that matter for $x$.

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
# **Step 3. Drop what cannot be negative.** A Kullback–Leibler divergence, KL, is never below 0.
# The other term is a lower bound of $\log p(x)$: the *evidence lower bound*, **ELBO**.
#
# **Step 4. Split the joint,** $p(x, z) = p(x \mid z)\,p(z)$:
#
# $$\mathrm{ELBO}(x) = \underbrace{\mathbb E_q\big[\log p(x \mid z)\big]}
# _{-\,\text{reconstruction}} - \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)}
# _{\text{distance to the prior}}$$

# %% [markdown]
# We minimise $-\mathrm{ELBO}$ = reconstruction + KL, in **nats per image** (the unit of information
# for natural logarithms; a nat is $1/\ln 2 = 1.44$ bits). All of it can be computed:
#
# | symbol | meaning | code |
# |---|---|---|
# | $q(z \mid x) = \mathcal N(\mu, \mathrm{diag}\,\sigma^2)$ | encoder | `model.posterior(x)` |
# | $z \sim q(z \mid x)$ | one draw from it | `reparameterize(mean, log_var)` |
# | $-\log p(x \mid z)$ | reconstruction term | `bernoulli_nll(probability, x)` |
# | $\mathrm{KL}(q \,\Vert\, p(z))$ | KL term, summed over latents | `gaussian_kl(mean, log_var)` |
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
# With the closed form, the KL term adds no sampling noise to the gradient.

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
# Zero, and no error. The generator returns numbers, not a formula, so there is nothing to
# differentiate; an encoder trained this way learns nothing from the reconstruction term. The
# repair writes the same draw as a formula whose randomness comes from outside:
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
# This is the binary cross-entropy, BCE. Here is a version that looks right, and a training loop.

# %%
def inside(probability):
    """Keep log p finite where p is exactly 0 or 1."""
    return probability.clamp(1e-6, 1 - 1e-6)


def averaged_nll(probability, x):
    log_likelihood = x * probability.log() + (1 - x) * (1 - probability).log()
    return -log_likelihood.flatten(1).mean(1)


# %%
def train_by_hand(nll, steps=160):
    """A VAE with two latents, trained by the steps that `training.fit` takes too."""
    model = recipes.build("mlp-vae-mnist", 2, train.shape, seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        x = train.images(torch.randint(len(train), (128,), generator=generator))
        # inside: posterior, reparameterised draw, decoder
        output = model(x)
        kl = gaussian_kl(output.mean, output.log_var).sum(1)
        loss = (nll(inside(output.logits.sigmoid()), x) + kl).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


# %%
collapsed = train_by_hand(averaged_nll)
rows = {"test image": x_test[:10], "decoded": collapsed.reconstruct(x_test[:10])}
plots.compare(rows, title="Trained with averaged_nll: the same picture for every image")

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
# One operation of `averaged_nll` does not follow the equation above it. Write the mended function,
# which must also serve images of three channels.
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
# Same network, same loop, same steps; only the reduction differs. The decoded images are blurred,
# but each follows its original.

# %% [markdown]
# ### ✏️ Exercise 3 (write it): `effective_beta`
# How far off was the wrong loss? Write every objective as
# $\text{BCE}_\text{sum} + \beta \cdot \text{KL}_\text{sum}$. A program minimises mean-over-pixels(BCE) + weight · mean-over-latents(KL).
# Multiplying a whole loss by a positive number does not move its minimum. Which β is it? (Where
# the KL is summed, `latents` is 1.)
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
# We wanted an ELBO, β = 1, and got the first of these. The rule that avoids it: **sum over pixels
# and latents, average over images**.

# %% [markdown]
# ### What a BCE of 0 would mean
# Only a black-and-white image can cost 0: a grey pixel of 0.4 costs its entropy even if 0.4 is
# predicted exactly. Three references: a perfect copy, the average training image for every test
# image, and ½ everywhere.

# %%
average_image = train.images().mean(0, keepdim=True).expand_as(x_test)
floor = bernoulli_nll(inside(x_test), x_test).mean().item()
average = bernoulli_nll(inside(average_image), x_test).mean().item()
blank = pixels * math.log(2)
print(f"perfect copy {floor:.0f}, average image {average:.0f}, ½ everywhere {blank:.0f} nats")

# %% [markdown]
# For grey pixels the formula has another flaw: it is no probability density. A density of $x_i$ on
# [0, 1] must integrate to 1. **Measure** what $\hat x^{x}(1-\hat x)^{1-x}$ integrates to:

# %%
grey = torch.linspace(0, 1, 10_001)
for chance in (0.5, 0.9, 0.99):
    mass = torch.trapezoid(chance**grey * (1 - chance) ** (1 - grey), grey)
    print(f"predicted {chance}: integral over all grey values {mass:.2f}")

# %% [markdown]
# Below 1, and different for each prediction. The *continuous Bernoulli* (Loaiza-Ganem & Cunningham
# 2019) divides by this integral. We keep BCE, as most programs do; on grey images it ranks models
# of one family, but it is no log-likelihood.

# %% [markdown]
# ## 6 · One, two and sixty-four latents
#
# From here on the loss is `losses.negative_elbo` and the loop `training.fit`: the same code, with a
# history and a test set. **Expect** more latents to give a smaller BCE and a larger KL.

# %%
vaes, histories = {}, {}
for d in (1, 2, 64):
    vaes[d] = recipes.build("mlp-vae-mnist", d, train.shape, seed)
    histories[d] = training.fit(vaes[d], train, losses.negative_elbo, test=test, **setting)
    vaes[d] = vaes[d].cpu().eval()

# %% tags=["nbval-ignore-output"]
# a very short training need only be better than ½ everywhere
limit = average if epochs * len(train) >= 50_000 else blank
for d, history in histories.items():
    loss = history.last["test_loss"]
    print(check.between(f"z = {d}: test −ELBO, nats", loss, round(floor), round(limit)))

# %% [markdown]
# The first epoch lies far above the others and would fill the axis, so the figure begins with the
# second.

# %%
first = min(1, epochs - 1)
plots.lines(
    range(first + 1, epochs + 1),
    {f"z = {d}": history["test_loss"][first:] for d, history in histories.items()},
    title="−ELBO of the test images", xlabel="epoch", ylabel="nats per image",
)

# %% [markdown]
# The total hides two terms that move in opposite directions. Here they are, with the totals of S1
# (*Variational Autoencoder for Image Generation*), which trained the same networks on MNIST for
# much longer. Those are other images: compare the pattern, not the numbers.

# %% tags=["nbval-ignore-output"]
reported = {1: 161.04, 2: 144.49, 64: 100.03}
rows = []
for d, history in histories.items():
    bce, kl, total = (history.last[f"test_{term}"] for term in ("reconstruction", "kl", "loss"))
    rows.append([d, f"{bce:.1f}", f"{bce - floor:.1f}", f"{kl:.1f}", f"{total:.1f}", reported[d]])
head = ["latents", "BCE", "BCE above a perfect copy", "KL", "−ELBO", "−ELBO, S1 (MNIST)"]
plots.table(head, rows)

# %% [markdown]
# A nat of KL is worth paying as long as it saves more than a nat of BCE. Totals compare only at
# the **same β**: at β = 0.1 the total is smaller because the KL is counted at a tenth.

# %% [markdown]
# ### Are training and test equal?
# S1 finds its two curves nearly equal, with 60,000 images. Measure the difference here; then with a
# tenth of the images and as many steps. **Expect** more where a network can learn its few images by
# heart.

# %% tags=["nbval-ignore-output"]
def gap(model, images):
    """Test −ELBO minus training −ELBO, nats per image."""
    losses_of = [training.evaluate(model, x, losses.negative_elbo)["loss"] for x in (test, images)]
    return losses_of[0] - losses_of[1]


few = train.first(len(train) // 10)
small = recipes.build("mlp-vae-mnist", 64, train.shape, seed)
training.fit(small, few, losses.negative_elbo, **(setting | {"epochs": 10 * epochs}))
gaps = {len(train): gap(vaes[64], train), len(few): gap(small.cpu(), few)}
plots.table(
    ["training images", "test minus training, nats per image"],
    [[f"{n:,}", f"{difference:.1f}"] for n, difference in gaps.items()],
)

# %% tags=["nbval-ignore-output"]
more = gaps[len(few)] - gaps[len(train)]
check.between("gap with few images minus gap with all, nats", more, 0, 1000)

# %% [markdown]
# "Nearly equal" says something about the number of images and steps, not about VAEs.

# %% [markdown]
# ## 7 · Which latents does the prior produce?
#
# With one latent the whole model fits in a row. S1 shows $z$ from −5 to 5, and so do we. Count at
# the same time how much of the prior lies within some limits.

# %%
draws = torch.randn(100_000, generator=torch.Generator().manual_seed(seed)).abs()
for limit in (1.0, 2.5, 3.3):
    print(f"|z| < {limit}: {(draws < limit).float().mean():.1%} of 100,000 draws")
both = math.erf(2.5 / math.sqrt(2)) ** 2
print(f"two latents, both within ±2.5: {both:.1%} of the prior")
plots.walk(vaes[1], low=-5, high=5, n=11, title="z = 1, equal steps from −5 to 5")

# %% [markdown]
# Four of the eleven pictures lie beyond ±3.3, where a sample practically never falls: there the
# decoder extrapolates. With steps of equal *probability* each picture stands for the same share of
# samples.

# %%
probability = (torch.arange(11) + 0.5) / 11
# the z with so much probability below it
z = torch.special.ndtri(probability).unsqueeze(1)
plots.compare(
    {"decoded": vaes[1].decode(z).detach()}, ticks=[f"{p:.0%}" for p in probability],
    xlabel="share of the prior below this z", title="z = 1, equal steps of probability",
)

# %% [markdown]
# **Your hand.** Drag the slider, or focus it and use the arrow keys. Between which two values of
# $z$ does the kind of image change most often, and does any change happen in a single step?

# %% tags=["nbval-ignore-output"]
explore.walk(vaes[1], test, low=-3.3, high=3.3)

# %% [markdown]
# With two latents the model is a map. S1 shows the square from −5 to 5; half of that side holds
# 97.5 % of the prior. **Expect** neighbours that resemble each other.

# %% tags=["cover"]
plots.lattice(vaes[2], x=(-2.5, 2.5), y=(-2.5, 2.5), n=15, title="z = 2 over [−2.5, 2.5]²")

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    codes = vaes[2].encode(x_test)
print(f"outside the square: {(codes.abs() > 2.5).any(1).float().mean():.1%} of the test images")
plots.latent_map(codes, test.y, test.classes, title="z = 2: posterior means of test images")

# %% [markdown]
# The model never saw a label; kinds of image gather because similar images share pixels. But the
# means are not spread like the prior: all the $q(z \mid x)$ together only approximate $p(z)$.
#
# **Your hand.** The pad shows the same map. Drag from the middle of one group to the middle of
# another: do you pass a third kind of image, an overlay of both, or a region without points? Find
# a pair of groups for each answer. (Arrow keys move in small steps.)

# %% tags=["nbval-ignore-output"]
explore.walk(vaes[2], test)

# %% [markdown]
# ## 8 · Reconstructions are not samples
#
# For z = 64 S1 shows decoded *test images*. Those are reconstructions: the encoder has seen the
# image. A sample starts from the prior. **Expect** the two to differ more as z grows.

# %%
rows = {f"z = {d}": vae.reconstruct(x_test[:10]) for d, vae in vaes.items()}
plots.compare({"test image": x_test[:10]} | rows, title="Reconstructions")


# %%
@torch.no_grad()
def sample(model, n):
    """Draw from the prior, decode. `model.sample` is this code."""
    z = torch.randn(n, model.latent_dim, generator=torch.Generator().manual_seed(seed))
    return torch.sigmoid(model.decoder(z))


rows = {f"z = {d}": sample(vae, 10) for d, vae in vaes.items()}
plots.compare(rows, title="Samples from the prior: no test image was used")

# %% [markdown]
# Reconstructions gain from more latents; samples need not. Only the second figure shows what a
# model generates.
#
# Where do the 64 latents spend their KL? Average it over images, one dimension at a time, and sort.

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    kl_of_each = gaussian_kl(*vaes[64].posterior(x_test)).mean(0).sort(descending=True).values
print(f"{int((kl_of_each > 0.1).sum())} of 64 latents hold more than 0.1 nats")
plots.lines(
    range(1, 65), {"mean over test images": kl_of_each.tolist()},
    title="z = 64: KL of each latent, sorted", xlabel="rank of the latent", ylabel="nats",
)

# %% [markdown]
# The other latents stay at the prior and cost almost nothing; the decoder ignores them. The model
# has chosen how many it uses.
#
# What do 64 latents look like? **t-SNE** places points in the plane so that neighbours stay
# neighbours; its **perplexity** is, roughly, how many neighbours of each point count. Distances
# between groups, and the axes, mean nothing.
#
# **Your hand.** Move the slider through the perplexities: which groups stay together at all three
# settings, and which fall apart at the smallest? Put the pointer on a point in the wrong group and
# look at its image: would you have placed it elsewhere?

# %% tags=["nbval-ignore-output"]
explore.tsne_map(
    vaes[64], test, perplexities=[5, 30, 100], limit=500, seed=seed, progress=False
)

# %% [markdown]
# ## 9 · The two questions again
#
# Now ask the VAE with 64 latents what section 1 asked the autoencoder.

# %%
two_questions(vaes[64], "VAE")

# %% [markdown]
# ### ✏️ Exercise 4 (predict it): which question does the VAE answer better?
# Look at both figures, and choose before you run the table. "Closer" means: the distance as a share
# of copies is smaller than the autoencoder's by more than 0.03. Where are the VAE's pictures closer?
#
# - `"a"`: for draws from $\mathcal N(0, I)$ only,
# - `"b"`: for the middle of two images only,
# - `"c"`: for both,
# - `"d"`: for neither.
#
# <details><summary>Hint 1</summary>Which of the two kinds of points does the ELBO mention?</details>
# <details><summary>Hint 2</summary>The KL term moves codes towards the prior, from which samples
# are drawn. No term looks at straight lines between codes.</details>

# %%
# BEGIN SOLUTION
guess = "a"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
measured["VAE"] = distances(vaes[64])
as_table(measured)

# %%
def share(model, kind):
    return measured[model][kind][0] / measured[model]["copy of a test image"][0]


draw, middle = (
    share("VAE", kind) < share("autoencoder", kind) - 0.03 for kind in ("N(0, I)", "middle of two")
)
outcomes = {
    "a": draw and not middle, "b": middle and not draw,
    "c": draw and middle, "d": not draw and not middle,
}
check.prediction(guess, outcomes, because="The ELBO asks for codes like N(0, I), and for no line.")

# %% [markdown]
# With Fashion-MNIST and the settings above, what the VAE repairs is the random draw. The middle of
# two images is *not* nearer to a training image than the autoencoder's; it only fades less (compare
# the grey values). And a small distance is no proof of quality: a blurred picture is near to many.

# %% [markdown]
# ## 10 · Is it really a bound?
#
# With one latent we can afford the integral that section 2 avoided: sum $p(x \mid z)\,p(z)$ over a
# fine grid of $z$. **Expect** $\log p(x) \ge \mathrm{ELBO}$ for *every* image. (The four steps only
# need $p(x \mid z) \ge 0$, so they hold for BCE on grey pixels as well.)

# %%
x = x_test[:200]
grid = torch.linspace(-10, 10, 4001)
with torch.no_grad():
    logits, flat = vaes[1].decoder(grid.unsqueeze(1)).flatten(1), x.flatten(1)
    # log p(x | z) for each image and each z of the grid: (200, 4001)
    log_likelihood = flat @ logits.T - F.softplus(logits).sum(1)
log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(grid)
evidence = torch.logsumexp(log_likelihood + log_prior, 1) + math.log(grid[1] - grid[0])


def elbo(mean, log_var):
    """The ELBO per image, its expectation taken over the grid.  (N, 1) twice → (N,)"""
    q = torch.distributions.Normal(mean, (log_var / 2).exp()).log_prob(grid).softmax(1)
    return (q * log_likelihood).sum(1) - gaussian_kl(mean, log_var).sum(1)


# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    mean, log_var = vaes[1].posterior(x)
    of_encoder = elbo(mean, log_var)
difference = evidence - of_encoder
check.between("smallest log p(x) − ELBO of 200 images, nats", difference.min(), -0.001, 500)

# %% [markdown]
# No image breaks the bound. What is the difference made of? A Gaussian $q$ may have the wrong
# *shape*: the **approximation gap**. And one encoder serves all images, so its μ and σ need not be
# the best Gaussian for this one: the **amortisation gap** (Cremer et al. 2018). Separate them:
# improve μ and σ for each image by gradient steps, starting from the encoder's.

# %%
own = [each.clone().requires_grad_() for each in (mean, log_var)]
optimizer = torch.optim.Adam(own, lr=0.01)
for _ in range(100):
    optimizer.zero_grad()
    (-elbo(*own).sum()).backward()
    optimizer.step()
with torch.no_grad():
    best = torch.maximum(elbo(*own), of_encoder)

# %% tags=["nbval-ignore-output"]
parts = {
    "amortisation: best Gaussian − encoder's": best - of_encoder,
    "approximation: log p(x) − best Gaussian": evidence - best,
    "together: log p(x) − ELBO": difference,
}
rows = [
    [name, f"{gap.mean():.2f}", f"{gap.min():.2f}", f"{gap.max():.2f}"]
    for name, gap in parts.items()
]
plots.table(["gap, nats per image", "mean", "smallest", "largest"], rows)

# %% [markdown]
# A more flexible $q$ would reduce the second row, a better encoder the first, and neither changes
# $\log p(x)$. (The search finds a nearby optimum, so the first row is a lower limit.)

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
last = {d: history.last for d, history in histories.items()}
display(Markdown(f"""
- **Terms**: from one latent to 64, BCE goes from {last[1]['test_reconstruction']:.0f} to
  {last[64]['test_reconstruction']:.0f} nats per image (a perfect copy: {floor:.0f}), KL from
  {last[1]['test_kl']:.1f} to {last[64]['test_kl']:.1f}. A mean over pixels made β
  {effective_beta(1.0, pixels):.0f} and the KL {kl_collapsed:.1f}; the sum gave {kl_repaired:.1f}.
- **The two questions**: draws from N(0, I) are {share('autoencoder', 'N(0, I)'):.2f} times as far
  from training images as copies are for the autoencoder, {share('VAE', 'N(0, I)'):.2f} times for
  the VAE; midpoints {share('autoencoder', 'middle of two'):.2f} and
  {share('VAE', 'middle of two'):.2f} times.
- **The bound**: with one latent, log p(x) lies {difference.mean():.2f} nats above the ELBO;
  {(best - of_encoder).mean():.2f} of them are the amortisation gap.
"""))

# %% [markdown]
# Lab 03 tells the model the class of each image, so that we can choose what is drawn. To go on by
# yourself: set `epochs` to 40 and see whether the answer of exercise 4 changes.

# %% [markdown]
# ## What to read
# - D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2013. The ELBO and the trick;
#   appendix B has the closed-form KL.
# - C. Cremer, X. Li and D. Duvenaud, *Inference Suboptimality in Variational Autoencoders*, 2018.
#   The two gaps of section 10.
# - G. Loaiza-Ganem and J. P. Cunningham, *The continuous Bernoulli: fixing a pervasive error in
#   variational autoencoders*, 2019.
# - D. P. Kingma and M. Welling, *An Introduction to Variational Autoencoders*, 2019. Book length.
# - S1, *Variational Autoencoder for Image Generation*, AI3611, Shanghai Jiao Tong University. The
#   experiment this lab follows.
