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
# Lab 01 ended with a walk from one image to another whose middle belonged to neither. This lab repairs that middle. Afterwards you can
#
# - derive the objective of a VAE in four steps, and point at the line of code that computes each symbol;
# - say why sampling blocks the gradient, and how one line of algebra lets it through;
# - recognise posterior collapse from two numbers, and compute the β that a loss *really* uses;
# - tell reconstructions from samples, and read the two halves of a loss separately.

# %% [markdown]
# **Time and data**: about 1 minute on two cores, offline. Fashion-MNIST, 10,000 training and 2,000 test images of 28×28 grey pixels, is built in.

# %% tags=["parameters"]
dataset: str = "fashion"  # fashion and digits are built in; mnist and fashion_full are downloaded once
train_images: int = 10_000  # use at most this many training images
epochs: int = 10  # passes over the training set for each VAE
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
from vaekit import data, explore, losses, plots, recipes, training
from vaekit.course import check
from vaekit.models import Autoencoder, nets

import math

import torch
import torch.nn.functional as F
from IPython.display import Markdown, display
from sklearn.manifold import TSNE

# %%
torch.manual_seed(seed)
train, test = data.load(dataset, "train", limit=train_images), data.load(dataset, "test")
x_test = test.images()[:2000]
pixels = math.prod(train.shape)
plots.sheet(x_test[:20], title=f"Twenty test images ({dataset})")

# %% [markdown]
# ## 1 · The broken middle
#
# First the failure, quickly: a plain autoencoder, three epochs, 64 latent numbers an image. Then we ask it two questions it was never
# trained for: what lies halfway between two images, and what does a random point of the latent space decode to?

# %%
shape, hidden = train.shape, (256, 256)
ae = Autoencoder(nets.mlp_encoder(shape, hidden), nets.mlp_decoder(64, hidden, shape), 64, shape)
training.fit(ae, train, losses.reconstruction_error, epochs=3, lr=2e-3, seed=seed)
ae = ae.cpu().eval()

# %%
pair = torch.stack([x_test[test.y[:2000] == c][0] for c in (1, 8)])      # one image of class 1, one of class 8
dice = torch.randn(9, 64, generator=torch.Generator().manual_seed(seed))


def middle_and_random(model, title):
    """Decode a straight line between two codes, and nine random points."""
    with torch.no_grad():
        a, b = model.encode(pair)
        line = torch.lerp(a, b, torch.linspace(0, 1, 9).unsqueeze(1))
        return plots.compare({"line": model.decode(line), "random": model.decode(dice)}, title=title)


middle_and_random(ae, "Plain autoencoder: a line between two codes; nine draws from N(0, I)")

# %% [markdown]
# The ends of the upper row are recognisable; its middle is dim and belongs to neither. The lower row is fog. A measurement says why: how far
# is a point from the nearest code of a training image? **Expect** a random point to be much farther away than a test image.

# %%
with torch.no_grad():
    known, new = ae.encode(train.images()[:2000]), ae.encode(x_test)
points = {"test image": new, "middle of two": (new + new.flip(0)) / 2, "random": torch.randn_like(new)}
nearest = {name: torch.cdist(z, known).min(1).values.mean() for name, z in points.items()}
check.between("distance to the nearest code, random point over test image", nearest["random"] / nearest["test image"], 3, 1000)

# %% tags=["nbval-ignore-output"]
display(Markdown("Distance to the nearest known code: " + ", ".join(f"{name} **{d:.2f}**" for name, d in nearest.items()) + "."))

# %% [markdown]
# The decoder is asked about places it has never seen. Nothing in the loss said *where* codes should lie or what should be between them.
#
# The remedy has two parts. Let the encoder answer with a small **cloud** instead of a point, so that the neighbourhood of
# every code is decoded during training. And ask all clouds together to resemble one distribution that we can draw from. Probability
# theory gives both as one formula.

# %% [markdown]
# ## 2 · The ELBO in four steps
#
# The model first draws a latent $z$ from the **prior** $p(z) = \mathcal N(0, I)$, then an image $x$ from the **decoder's** distribution
# $p(x \mid z)$. We would like to make $\log p(x)$ large for the images we have, but $p(x) = \int p(x \mid z)\, p(z)\, dz$ is an integral
# over all latents. So we bring in the **encoder's** guess $q(z \mid x)$ of which latents matter for $x$.

# %% [markdown]
# **Step 1. Average something that does not depend on z.** $\;\log p(x) = \mathbb E_{q}\big[\log p(x)\big]$, where $\mathbb E_q$ averages over $z \sim q(z \mid x)$.
#
# **Step 2. Use Bayes' rule and multiply by $1 = q/q$.** With $p(x) = p(x, z) / p(z \mid x)$,
#
# $$\log p(x) = \mathbb E_q\!\left[\log \frac{p(x, z)}{q(z \mid x)}\right] + \underbrace{\mathbb E_q\!\left[\log \frac{q(z \mid x)}{p(z \mid x)}\right]}_{\mathrm{KL}(q(z \mid x)\,\|\,p(z \mid x))}$$

# %% [markdown]
# **Step 3. Drop what cannot be negative.** A Kullback–Leibler divergence, KL, is never below 0, so the first term is a lower bound of $\log p(x)$: the *evidence lower bound*, ELBO.
#
# **Step 4. Split the joint,** $p(x, z) = p(x \mid z)\,p(z)$:
#
# $$\mathrm{ELBO}(x) = \underbrace{\mathbb E_q\big[\log p(x \mid z)\big]}_{-\,\text{reconstruction}} - \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)}_{\text{distance to the prior}}$$

# %% [markdown]
# We minimise $-\mathrm{ELBO}$ = reconstruction + KL, in **nats per image** (a nat is $1/\ln 2 = 1.44$ bits). All of it can be computed:
#
# | symbol | meaning | code |
# |---|---|---|
# | $q(z \mid x) = \mathcal N(\mu, \mathrm{diag}\,\sigma^2)$ | the cloud for image $x$ | `mean, log_var = model.posterior(x)` |
# | $z \sim q(z \mid x)$ | one draw from it | `reparameterize(mean, log_var)` |
# | $-\log p(x \mid z)$ | reconstruction term | `bernoulli_nll(…)` |
# | $\mathrm{KL}(q \,\Vert\, p(z))$ | KL term | `gaussian_kl(mean, log_var)`, summed over dimensions |
# | $p(z) = \mathcal N(0, I)$ | the prior | `torch.randn(n, latent_dim)` |

# %% [markdown]
# The next three sections write the three functions of the table.

# %% [markdown]
# ## 3 · The KL term, in closed form
#
# Between one Gaussian and the standard one the integral has a closed form, one value for each latent dimension $d$:
#
# $$\mathrm{KL}_d = \tfrac12\left(\mu_d^2 + \sigma_d^2 - 1 - \log \sigma_d^2\right)$$
#
# Read it as a price list: leaving the centre costs $\mu^2/2$; a cloud narrower than the prior pays through $-\log\sigma^2$, a wider one through $\sigma^2$.

# %% [markdown]
# ### Exercise 1: `gaussian_kl`
# The network predicts `log_var` $= \log\sigma^2$, which may be any real number while σ must stay positive. Return one value per dimension; the caller sums.

# %%
def gaussian_kl(mean, log_var):
    """KL of N(mean, exp(log_var)) from N(0, 1), in nats.  (N, D) twice → (N, D)"""
    ### BEGIN SOLUTION
    variance = log_var.exp()
    return (mean**2 + variance - 1 - log_var) / 2
    ### END SOLUTION


# %%
check.gaussian_kl(gaussian_kl)

# %% [markdown]
# Check the algebra. By definition the KL is an average, $\mathbb E_q[\log q(z) - \log p(z)]$, and averages can be
# estimated by drawing: this is **Monte Carlo**. **Expect** the estimate for $\mu = 1$, $\sigma = 0.5$ to wander and then settle on the closed form.

# %%
posterior, prior = torch.distributions.Normal(1.0, 0.5), torch.distributions.Normal(0.0, 1.0)
z = posterior.sample((2**16,))
running = (posterior.log_prob(z) - prior.log_prob(z)).cumsum(0) / torch.arange(1, 2**16 + 1)      # E_q[log q − log p] so far
exact = gaussian_kl(torch.tensor([[1.0]]), torch.tensor([[2 * math.log(0.5)]])).item()
draws = [2**k for k in range(0, 17, 2)]
print(check.between("65,536 draws minus the closed form, nats", running[-1].item() - exact, -0.02, 0.02))
plots.lines(draws, {"Monte Carlo": [running[n - 1].item() for n in draws], "closed form": [exact] * len(draws)}, log_x=True,
            title="KL of N(1, 0.5²) from N(0, 1)", xlabel="draws averaged", ylabel="nats")

# %% [markdown]
# The closed form spares us the wandering: the KL term adds no sampling noise to the gradient.

# %% [markdown]
# ## 4 · Where the gradient stops
#
# The reconstruction term needs a draw from the cloud. PyTorch has `torch.normal(mean, std)` for this, so use it. **Expect** that moving
# μ by one moves the draw by one, a derivative of 1. That is what happens to the numbers; see what autograd says.

# %%
mean = torch.tensor([0.5, -1.0], requires_grad=True)
std = torch.ones(2)
z = torch.normal(mean, std)              # a correct draw, but a dead end for the gradient
z.sum().backward()
print("dz/dμ =", mean.grad.tolist())

# %% [markdown]
# Zero. The random generator hands out numbers, not a formula, so there is nothing to differentiate; an encoder trained this way would
# never hear from the decoder. Worse, no error is raised. The repair writes the same draw as a formula whose randomness comes from outside:
#
# $$z = \mu + \sigma \cdot \varepsilon, \qquad \varepsilon \sim \mathcal N(0, I)$$
#
# Now $\partial z/\partial\mu = 1$ and $\partial z/\partial\sigma = \varepsilon$. This is the **reparameterisation trick**.

# %% [markdown]
# ### Exercise 2: `reparameterize`
# Write it for a batch. Mind that you are given $\log\sigma^2$ and need $\sigma$. The check measures the centre, the spread, the
# shape of the noise, and the gradient of both inputs, and names the one that is off.

# %%
def reparameterize(mean, log_var):
    """Draw z ~ N(mean, exp(log_var)) so that a gradient reaches both.  (N, D) twice → (N, D)"""
    ### BEGIN SOLUTION
    sigma = (log_var / 2).exp()
    return mean + sigma * torch.randn_like(mean)
    ### END SOLUTION


# %%
check.reparameterize(reparameterize)

# %%
mean.grad = None
reparameterize(mean, std.square().log()).sum().backward()       # the same question, asked of your function
print("dz/dμ =", mean.grad.tolist())

# %% [markdown]
# ## 5 · The reconstruction term, and its floor
#
# The decoder outputs a number $\hat x_i \in (0, 1)$ for each pixel $i$. Read it as the probability of white. Then
#
# $$-\log p(x \mid z) = -\sum_i \Big[x_i \log \hat x_i + (1 - x_i)\log(1 - \hat x_i)\Big]$$
#
# is the binary cross-entropy, BCE. The sum runs over **all pixels of an image**: the probability of an image is a product over its pixels.

# %% [markdown]
# ### Exercise 3: `bernoulli_nll`
# Return one number an image. (`vaekit` has the same function of the decoder's *logits*, which stays finite when a probability rounds to 0 or 1.)

# %%
def bernoulli_nll(probability, x):
    """−log p(x) of independent Bernoulli pixels, nats per image.  (N, C, H, W) twice → (N,)"""
    ### BEGIN SOLUTION
    log_likelihood = x * probability.log() + (1 - x) * (1 - probability).log()
    return -log_likelihood.flatten(1).sum(1)
    ### END SOLUTION


# %%
check.bernoulli_nll(bernoulli_nll)

# %% [markdown]
# A perfect copy should cost 0. **Does it?** Only for black-and-white images: a pixel of 0.4, predicted as 0.4 exactly, still costs its
# entropy. Three marks to read all later numbers against: a perfect copy, the average image shown for everything, and ½ everywhere.

# %%
def inside(p):
    """Keep log p finite where p is exactly 0 or 1."""
    return p.clamp(1e-6, 1 - 1e-6)


average_image = train.images().mean(0, keepdim=True)
floor = bernoulli_nll(inside(x_test), x_test).mean().item()
average = bernoulli_nll(inside(average_image).expand_as(x_test), x_test).mean().item()
blank = pixels * math.log(2)
print(f"perfect copy {floor:.0f}, average image {average:.0f}, ½ everywhere {blank:.0f} nats per image")

# %% [markdown]
# The floor is far from 0, so a BCE of 240 here is not "240 away from perfect". Read a reconstruction term by how far it stands above the floor.

# %% [markdown]
# ## 6 · Training, wrong and right
#
# One training step is five lines: run the model, compute the loss, clear the gradients, differentiate, step. Inside `model(x)` happens what you
# have just written: posterior, reparameterised draw, decoder.

# %%
def train_by_hand(loss, steps=160):
    """A VAE with two latents, trained by the steps that `training.fit` takes too."""
    model = recipes.build("mlp-vae-mnist", 2, train.shape, seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        x = train.images(torch.randint(len(train), (128,), generator=generator))
        output = model(x)                            # logits, mean, log_var, z
        objective = loss(output, x)
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()
    return model.eval()

# %% [markdown]
# For the loss, take PyTorch's BCE as it comes, and add the KL. This looks right and is what very many programs contain.

# %%
def averaged_loss(output, x):
    bce = F.binary_cross_entropy_with_logits(output.logits, x)                # PyTorch's default: the mean over every pixel
    kl = gaussian_kl(output.mean, output.log_var).sum(1).mean()
    return bce + kl


collapsed = train_by_hand(averaged_loss)
plots.compare({"test image": x_test[:10], "decoded": collapsed.reconstruct(x_test[:10])}, title="BCE averaged over pixels: one answer for every image")

# %% [markdown]
# Every image gets the same grey blend. **Diagnosis by two measurements**: does the latent carry information (KL), and do the
# reconstructions differ from each other (their spread over images, relative to that of the originals)?

# %%
def vital_signs(model):
    """KL in nats per image, and the spread of the reconstructions relative to the originals'."""
    with torch.no_grad():
        kl = losses.gaussian_kl(*model.posterior(x_test)).sum(1).mean().item()
    return kl, (model.reconstruct(x_test).std(0).mean() / x_test.std(0).mean()).item()


kl, spread = vital_signs(collapsed)
print(check.between("KL of the collapsed model, nats", kl, 0, 0.1), check.between("relative spread", spread, 0, 0.1), sep="\n")

# %% [markdown]
# KL ≈ 0 nats: the encoder answers $\mathcal N(0, 1)$ whatever it sees, so $z$ says nothing about $x$, and the decoder's best reply is the
# average image. This is **posterior collapse**. The cause is the hidden mean: dividing the BCE by the number of pixels makes the KL that many times heavier.

# %% [markdown]
# ### Exercise 4: `effective_beta`
# Write the objective as $\text{BCE}_\text{sum} + \beta \cdot \text{KL}_\text{sum}$. A program minimises
# $\text{BCE}/P + w \cdot \text{KL}/L$: the BCE averaged over $P$ pixels, the KL averaged over $L$ latents. A constant factor in front of a whole
# loss does not move its minimum. Which β does the program use?

# %%
def effective_beta(weight, pixels=1, latents=1):
    """The β of a summed loss whose BCE was averaged over `pixels` and whose KL, times `weight`, was averaged over `latents`."""
    ### BEGIN SOLUTION
    return weight * pixels / latents
    ### END SOLUTION


# %%
check.effective_beta(effective_beta)

# %%
print(f"BCE averaged, KL summed: β = {effective_beta(1.0, pixels=pixels):.3g}")
print(f"BCE averaged, KL averaged over 64 latents: β = {effective_beta(1.0, pixels=pixels, latents=64):.3g}")

# %% [markdown]
# We asked for an ELBO, β = 1, and got 784. The repair: sum over pixels and latents, average over images only.

# %%
def summed_loss(output, x):
    bce = bernoulli_nll(inside(torch.sigmoid(output.logits)), x)              # summed over the pixels of each image
    kl = gaussian_kl(output.mean, output.log_var).sum(1)                      # summed over its latents
    return (bce + kl).mean()                                                  # −ELBO, averaged over images


repaired = train_by_hand(summed_loss)
kl, spread = vital_signs(repaired)
print(check.between("KL of the repaired model, nats", kl, 0.5, 30), check.between("relative spread", spread, 0.15, 1.2), sep="\n")
plots.compare({"test image": x_test[:10], "decoded": repaired.reconstruct(x_test[:10])}, title="BCE summed over pixels: the latent is used")

# %% [markdown]
# Same network, same loop, same 160 steps; one reduction changed. The decoded garments are blurred, but each follows its image.

# %% [markdown]
# ## 7 · One, two and sixty-four latents
#
# From here on the loss is `losses.negative_elbo` and the loop is `training.fit`: the same code as above, with a history and a test set.
# **Expect** more latents to reconstruct better, and to pay for it in KL.

# %%
def train_vae(latent_dim, images=train, epochs=epochs):
    model = recipes.build("mlp-vae-mnist", latent_dim, images.shape, seed)
    history = training.fit(model, images, losses.negative_elbo, test=test, epochs=epochs, batch_size=128, lr=2e-3,
                           schedule="one-cycle", seed=seed)
    return model.cpu(), history


vaes, histories = {}, {}
for latent_dim in (1, 2):
    vaes[latent_dim], histories[latent_dim] = train_vae(latent_dim)

# %%
vaes[64], histories[64] = train_vae(64)
ceiling = average if epochs * len(train) >= 50_000 else blank          # a very short run need only beat ½ everywhere
for latent_dim, history in histories.items():
    print(check.between(f"z = {latent_dim}: test −ELBO, nats", history.last["test_loss"], round(floor), round(ceiling)))

# %%
plots.curves({f"z = {d}": history for d, history in histories.items()}, title="−ELBO over training")

# %% [markdown]
# The largest step is from one latent to two; 64 add less. At first the dashed training lines lie *above* the test lines: a training value is an
# average over an epoch in which the weights still improve. Later they lie close together; we come back to that. First split the total,
# because **the two terms do not move together**.

# %% tags=["nbval-ignore-output"]
def row(d):
    last = histories[d].last
    reconstruction, kl = last["test_reconstruction"], last["test_kl"]
    return f"| {d} | {reconstruction:.1f} | {reconstruction - floor:.1f} | {kl:.1f} | {last['test_loss']:.1f} |"


head = "| z | BCE | BCE above the floor | KL | total |\n|---|---|---|---|---|\n"
display(Markdown(head + "\n".join(row(d) for d in histories)))

# %%
plots.curves({f"z = {d}": history for d, history in histories.items()}, term="kl", title="The KL term alone: information held by z")

# %% [markdown]
# In the first epochs KL *rises* while the total falls: the encoder learns to say more about each image, as long as a nat of KL saves more
# than a nat of BCE. Then it levels off, at a higher level for more latents.
#
# Totals compare only at the **same β**: at β = 0.1 the total is smaller because the KL is counted at a tenth, not because the model is better.

# %% [markdown]
# The report S1 (Variational Autoencoder for Image Generation, AI3611) trained these three networks on MNIST for 300 epochs and reports on its test set:
#
# | z | BCE | KL | total |
# |---|---|---|---|
# | 1 | 156.82 | 4.22 | 161.04 |
# | 2 | 137.70 | 6.80 | 144.49 |
# | 64 | 76.23 | 23.80 | 100.03 |
#
# Those are other images, with another floor, and a longer training: compare the pattern, not the numbers. `vaekit train mlp-vae-mnist`
# reproduces the last row (`--latent-dim 1` or `2` the others).

# %% [markdown]
# ### Are train and test really equal?
# S1 finds its two curves nearly equal, with 60,000 images. Measure the gap here, both sets with the same final weights, and again with
# a tenth of the images and as many steps. **Expect** the gap to grow when the network can learn its few images by heart.

# %% tags=["nbval-ignore-output"]
def gap(model, images):
    """Test −ELBO minus training −ELBO, nats per image."""
    return training.evaluate(model, test, losses.negative_elbo)["loss"] - training.evaluate(model, images, losses.negative_elbo)["loss"]


few = train.first(max(1, len(train) // 10))
small, _ = train_vae(64, few, epochs=10 * epochs)
gaps = {len(train): gap(vaes[64], train), len(few): gap(small, few)}
check.between("gap with few images minus the gap with all, nats", gaps[len(few)] - gaps[len(train)], 0, 1000)
display(Markdown("Test minus train: " + ", ".join(f"**{g:.1f} nats** with {n:,} images" for n, g in gaps.items()) + "."))

# %% [markdown]
# "Nearly equal" is a statement about the amount of data and training, not about VAEs.

# %% [markdown]
# ## 8 · Walks and grids: which latents does the prior produce?
#
# With one latent, the whole model fits in a row. S1 shows $z$ from −5 to 5; so do we. **Look at** how the ends behave.

# %%
plots.walk(vaes[1], low=-5, high=5, n=15, title="z = 1, equal steps from −5 to 5")

# %% [markdown]
# How much of this does the prior ever draw? Count a hundred thousand draws.

# %%
draws = torch.randn(100_000, generator=torch.Generator().manual_seed(seed)).abs()
shares = {limit: (draws < limit).float().mean().item() for limit in (1.0, 2.5, 3.3)}
print(", ".join(f"|z| < {limit}: {share:.1%}" for limit, share in shares.items()))

# %% [markdown]
# 99.9 % of the draws lie within ±3.3, so six of the fifteen pictures show latents that a sample practically never meets: there the decoder
# extrapolates, and repeats a trouser at one end and a shoe at the other. The fair walk takes steps of equal *probability*, at the quantiles of $\mathcal N(0, 1)$:

# %%
probability = (torch.arange(15) + 0.5) / 15                   # the middle of each fifteenth of the prior
z = torch.special.ndtri(probability).unsqueeze(1)              # its quantile: the z with so much probability below it
with torch.no_grad():
    equal = vaes[1].decode(z)
plots.compare({"decoded": equal}, ticks=[f"{p:.0%}" for p in probability], xlabel="share of the prior below this z", title="z = 1, equal steps of probability")

# %% [markdown]
# Each picture now stands for the same share of samples. Tops fill about half of the row, where equal steps had squeezed them into three pictures.
# Try it by hand: focus the slider and use the arrow keys (in Notebook 7, Page Up and Page Down).

# %% tags=["nbval-ignore-output"]
explore.Walk(vaes[1], dims=1)

# %% [markdown]
# With two latents the model is a map. **Expect** S1's square, [−5, 5]², to be mostly border, and compare it with a square of half the side.

# %%
plots.lattice(vaes[2], n=15, title="z = 2 over [−5, 5]²")

# %%
plots.lattice(vaes[2], x=(-2.5, 2.5), y=(-2.5, 2.5), n=15, title="z = 2 over [−2.5, 2.5]²: 97.5 % of the prior")

# %% [markdown]
# Wide regions of the first square repeat one over-bright shape, and a corner decodes to fragments. The second has a quarter of the area and
# holds almost everything the prior draws. Neighbours resemble each other: that is the repaired middle. Where shoes meet tops runs a dark
# seam; the decoder hedges between the two.
#
# The test images themselves are encoded here:

# %%
with torch.no_grad():
    codes = vaes[2].encode(x_test)
plots.latent_map(codes, test.y[:2000], test.classes, title="z = 2: posterior means of test images", limit=5)

# %% [markdown]
# The labels were never shown to the model; kinds of image gather because alike images share pixels. Similar kinds overlap.
# Trousers, and bags above all, reach beyond ±2.5, and empty patches remain near the centre: all clouds together only approximate the prior. Two sliders walk the same map.

# %% tags=["nbval-ignore-output"]
explore.Walk(vaes[2], dims=2)

# %% [markdown]
# ## 9 · Reconstructions are not samples
#
# For z = 64 no grid can be drawn, and S1 shows decoded *test images*. Those are reconstructions: the encoder has seen the answer. A sample
# starts from the prior. **Expect** the two to differ more as z grows.

# %%
rows = {f"z = {d}": vae.reconstruct(x_test[:10]) for d, vae in vaes.items()}
plots.compare({"test image": x_test[:10], **rows}, title="Reconstructions")

# %%
def sample(model, n):
    """Draw from the prior, decode. `model.sample` is this code."""
    z = torch.randn(n, model.latent_dim, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return torch.sigmoid(model.decoder(z))


plots.compare({f"z = {d}": sample(vae, 10) for d, vae in vaes.items()}, title="Prior samples: no test image was used")

# %% [markdown]
# Reconstructions improve with z: from one latent to two the dark garments become dark (columns 7 and 8); no row draws the print or the checks
# yet. Samples do not follow. With one latent they are blurred but whole, with two some fall into the dark seam, and with 64 several are
# speckled mixtures. A report that shows only the first figure has not shown what its model generates.

# %% [markdown]
# Where do the 64 latents spend their KL? Average it over images, one dimension at a time, and sort.

# %%
with torch.no_grad():
    per_dim = losses.gaussian_kl(*vaes[64].posterior(x_test)).mean(0).sort(descending=True).values
plots.lines(range(1, 65), {"mean over test images": per_dim.tolist()}, title="z = 64: KL of each dimension, sorted", xlabel="rank of the dimension", ylabel="nats")

# %% [markdown]
# About ten dimensions carry nearly everything; the rest stay at the prior, at a price close to 0. The model chose its own latent size.
# What do those latents look like? t-SNE, which keeps neighbours together, lays them out on paper.

# %% tags=["cover"]
n = min(1000, len(x_test))
with torch.no_grad():
    codes = vaes[64].encode(x_test[:n])
flat = TSNE(init="pca", random_state=0, perplexity=min(30, (n - 1) / 3)).fit_transform(codes.numpy())
plots.latent_map(torch.from_numpy(flat), test.y[:n], test.classes, title=f"z = 64: t-SNE of {n:,} posterior means", xlabel="t-SNE 1", ylabel="t-SNE 2")

# %% [markdown]
# Trousers, bags and boots stand apart more clearly than on the two-dimensional map; pullovers, coats and shirts still mix. Bags form several
# islands, with their name between them. Read neighbourhoods only: the axes of a t-SNE map, and distances between its groups, mean nothing.

# %% [markdown]
# ### The middle, again
# Now the two questions of section 1, asked again of the model with the same 64 latents.

# %%
middle_and_random(vaes[64], "VAE: a line between two codes; nine draws from N(0, I)")

# %% [markdown]
# The line is brighter: it stays a garment for longer, with one blurred picture where the kind changes. Most of the random draws now have an
# outline; the autoencoder's had none. Photographs they are not; later labs work on that.

# %% [markdown]
# ## 10 · Is it really a bound?
#
# With one latent we can afford the integral that section 2 avoided: sum $p(x \mid z)\,p(z)$ over a fine grid of $z$. **Expect**
# $\log p(x) \ge \mathrm{ELBO}$, the difference being the KL dropped in step 3.

# %%
def log_evidence_and_elbo(vae, x, points=4001):
    """log p(x) by summing over a grid of z, and the ELBO with its expectation taken on the same grid."""
    grid = torch.linspace(-10, 10, points)
    logits, x = vae.decoder(grid.unsqueeze(1)).flatten(1), x.flatten(1)
    log_likelihood = x @ logits.T - F.softplus(logits).sum(1)                        # log p(x | z), (N, points)
    log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(grid)
    evidence = torch.logsumexp(log_likelihood + log_prior, 1) + math.log(grid[1] - grid[0])
    mean, log_var = vae.posterior(x.unflatten(1, train.shape))
    q = torch.softmax(torch.distributions.Normal(mean, (log_var / 2).exp()).log_prob(grid), 1)
    return evidence, (q * log_likelihood).sum(1) - gaussian_kl(mean, log_var).sum(1)


with torch.no_grad():
    evidence, elbo = log_evidence_and_elbo(vaes[1], x_test[:500])
check.between("log p(x) − ELBO, mean over 500 test images, nats", (evidence - elbo).mean().item(), 0, 50)

# %% [markdown]
# The bound holds. The difference is the part of the true posterior that a Gaussian cloud misses; a more flexible encoder narrows it and
# leaves $\log p(x)$ where it is.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
last = {d: history.last for d, history in histories.items()}
display(Markdown(f"""
- **The terms.** From one latent to 64, BCE falls from {last[1]['test_reconstruction']:.0f} to {last[64]['test_reconstruction']:.0f} nats per image (floor: {floor:.0f}); KL rises from {last[1]['test_kl']:.1f} to {last[64]['test_kl']:.1f}.
- **The reduction.** Averaging BCE over {pixels} pixels means β = {effective_beta(1.0, pixels):.0f} and a collapsed posterior; summing brings the KL back, to {kl:.1f} nats after 160 steps.
- **The bound and the gap.** With one latent, log p(x) lies {(evidence - elbo).mean():.2f} nats above the ELBO; test lies {gaps[len(train)]:.1f} nats above training with {len(train):,} images, {gaps[len(few)]:.1f} with {len(few):,}.
"""))

# %% [markdown]
# **Exercises, recap**: 1 · `gaussian_kl`, a price for leaving the prior. 2 · `reparameterize`, a draw with a gradient. 3 · `bernoulli_nll`,
# summed over pixels. 4 · `effective_beta`, what a reduction does to the objective. To go on: set `epochs` to 40 above and see which
# reconstructions sharpen, and what happens to the gap.

# %% [markdown]
# ## Further reading
# - D. P. Kingma and M. Welling, *Auto-Encoding Variational Bayes*, 2013. The ELBO and the trick; appendix B has the closed-form KL.
# - D. J. Rezende, S. Mohamed and D. Wierstra, *Stochastic Backpropagation and Approximate Inference in Deep Generative Models*, 2014. The same idea, found independently.
# - C. Doersch, *Tutorial on Variational Autoencoders*, 2016. The gentlest derivation.
# - D. P. Kingma and M. Welling, *An Introduction to Variational Autoencoders*, 2019. The book-length view, with tighter posteriors.
# - S1, *Variational Autoencoder for Image Generation*, AI3611, Shanghai Jiao Tong University. The experiment this lab follows and amends.
