# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · The β-VAE: how much should the latents tell?
#
# [start page](00_start.ipynb) · next: [05 Judging a generator](05_judging_generators.ipynb)
#
# Lab 02 met β by accident: a mean in the wrong place made it 784, and the posterior collapsed. Here we change β on purpose. Afterwards you can
#
# - read a rate–distortion curve, and say why the totals of two β do not compare;
# - find out which β a published loss really uses, and let the data choose it (σ-VAE);
# - diagnose posterior collapse latent by latent, and compare three repairs;
# - write free bits and the mutual information gap;
# - measure whether a latent holds one factor, beside shuffled factors, six principal components and other seeds.

# %% [markdown]
# **Time and data**: one to one and a half minutes on two cores, offline. Fashion-MNIST is built in; squares, ellipses and hearts are drawn when they are needed.

# %% tags=["parameters"]
dataset: str = "fashion"  # fashion, digits, shapes are built in; mnist, cifar10 downloaded once
train_images: int = 10_000  # use at most this many training images, at least 100
epochs: int = 4  # passes over the training set, for each training of sections 1, 4 and 7
brief: int = 390  # steps of each short training in section 5
seeds: int = 3  # trainings of each objective in section 7, at least 2
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
from vaekit.models import VAE, nets

import math
from functools import partial

import torch
from IPython.display import Markdown, display
from scipy.stats import t
from sklearn.decomposition import PCA
from sklearn.metrics import mutual_info_score

# %%
for name, value, least in [("train_images", train_images, 100), ("epochs", epochs, 1),
                           ("brief", brief, 1), ("seeds", seeds, 2)]:
    errors.at_least(name, value, least)
errors.check_seed(seed)

train = data.load(dataset, "train", limit=train_images)
test = data.load(dataset, "test").first(2000)
x_test = test.images()
pixels = math.prod(train.shape)
# after a shorter training some statements below need not hold: then they are not checked
full_run = epochs * len(train) >= 40_000 and brief >= 300
plots.sheet(x_test[:10], title=f"Ten test images ({dataset})")

# %% [markdown]
# ## 1 · Two terms and a weight
#
# The encoder answers an image $x$ with a Gaussian $q(z \mid x)$, its **posterior**; one draw $z$ goes through the decoder.

# %%
diagrams.beta_vae()

# %% [markdown]
# The loss has two terms. The **distortion** $D = -\mathbb E_q \log p(x \mid z)$ is lab 02's reconstruction term. The **rate** $R = \mathrm{KL}(q(z \mid x) \,\|\, p(z))$ compares the posterior with the prior $p(z) = \mathcal N(0, I)$; averaged over images, it is the most that the latents can tell about the image. Both are in **nats**: one nat is $1/\ln 2 \approx 1.44$ bits. The β-VAE (Higgins et al. 2017) minimises
#
# $$\mathcal L_\beta = D + \beta R$$

# %% [markdown]
# One nat of $R$ more is worth it if it lowers $D$ by at least β nats. At β = 1 this is −ELBO, for black-and-white pixels an upper bound on $-\log p(x)$ (for grey ones it is a convention); above 1 a looser bound, below 1 no bound.

# %%
def beta_loss(output, x, c=None, beta=1.0):
    """D + βR per image; logits are the decoder's answer before the sigmoid."""
    distortion = losses.bernoulli_nll(output.logits, x)  # D, summed over pixels: (N,)
    rate = losses.gaussian_kl(output.mean, output.log_var).sum(1)  # R, over latents: (N,)
    return {"loss": distortion + beta * rate, "reconstruction": distortion, "kl": rate}

# %% [markdown]
# `losses.negative_elbo` is this function. We repeat the sweep of S1 (*Variational Autoencoder for Image Generation*, AI3611), which used MNIST: five β, one network, 784-256-256-64 and back. Our training is short, so compare the shape of the curve, not its numbers. **Expect** a larger β to lower the rate and to raise the distortion.

# %%
betas = (0.1, 0.5, 1, 2, 10)
usual = dict(epochs=epochs, batch_size=100, schedule="one-cycle")

def train_on_images(loss):
    model = recipes.build("mlp-vae-mnist", 64, train.shape, seed)
    training.fit(model, train, loss, lr=3e-3, seed=seed, **usual)
    return model.cpu()

models = {beta: train_on_images(partial(beta_loss, beta=beta)) for beta in betas}

# %% [markdown]
# Then $D$ and $R$ of all five are measured on the same test images.

# %%
at_one = {beta: training.evaluate(models[beta], test, losses.negative_elbo) for beta in betas}
D = {beta: terms["reconstruction"] for beta, terms in at_one.items()}
R = {beta: terms["kl"] for beta, terms in at_one.items()}
points = {dataset: {beta: (R[beta], D[beta]) for beta in betas}}
plots.rate_distortion(points, label="β = ", title=f"{dataset}: five β")

# %% tags=["nbval-ignore-output"]
steps = list(zip(betas, betas[1:]))
if full_run:
    ordered = sum(D[b] > D[a] and R[b] < R[a] for a, b in steps)
    print(check.between("steps of β that raise D and lower R, of 4", ordered, 4, 4))
grey = torch.special.entr(x_test) + torch.special.entr(1 - x_test)
print(f"D of a perfect copy: {grey.flatten(1).sum(1).mean():.0f} nats per image")

# %% [markdown]
# S1 reports: the smaller β, the smaller the reconstruction error. So it is here. But $D = 0$ is out of reach: a grey pixel costs its own entropy even in a perfect copy (lab 02).
#
# From right to left the curve gets steeper. Training gives up a nat as long as that raises $D$ by less than β, so where it ends the curve falls by β per nat (Alemi et al. 2018). **Expect** the line between two neighbours to fall by a number between their two β.

# %% tags=["nbval-ignore-output"]
slope = {(a, b): (D[b] - D[a]) / (R[a] - R[b]) for a, b in steps}
inside = sum(a < v < b for (a, b), v in slope.items())
# with other data this training is too short for it
least = 3 if full_run and dataset == "fashion" else 0
print(check.between("slopes that lie between their two β, of 4", inside, least, 4))
plots.table(["between β =", "and", "nats of D for one nat of R"],
            [[a, b, f"{v:.2f}"] for (a, b), v in slope.items()])

# %% [markdown]
# The dashed lines join points of the same $D + R$. Two β on either side of 1 can lie near the same line:

# %% tags=["nbval-ignore-output"]
total = {beta: D[beta] + R[beta] for beta in betas}
display(Markdown(
    f"β = 0.5 and β = 2 differ by **{abs(D[2] - D[0.5]):.1f}** nats of D and by "
    f"**{abs(R[2] - R[0.5]):.1f}** of R, in D + R = −ELBO by **{abs(total[2] - total[0.5]):.1f}**: "
    "the total alone does not say where on the curve a model lies."
))

# %% [markdown]
# ## 2 · Which total may be compared?
#
# S1 (MNIST, 64 latents) prints for each row the total $D + \beta R$ at the row's *own* β, and the smallest total belongs to β = 0.1. But a smaller weight makes a smaller total for the *same* $D$ and $R$.

# %% [markdown]
# ### ✏️ Exercise 1 (write it): a total that compares
# You know a model's total $D + \beta R$ at its own β, and its rate, the KL. What is its −ELBO?
#
# <details><summary>Hint 1</summary>How often does the total count the rate, and how often does the −ELBO?</details>
# <details><summary>Hint 2</summary>Add <code>(1 - beta) * kl</code>.</details>

# %%
def comparable_total(total, kl, beta):
    """The −ELBO (β = 1) of a model whose loss at weight beta is `total`, nats per image."""
    # BEGIN SOLUTION
    return total + (1 - beta) * kl
    # END SOLUTION

# %%
comparable_total = check.or_reference(comparable_total)

# %% [markdown]
# Which row of S1's table has the best −ELBO? **Choose one, then run.**

# %% tags=["nbval-ignore-output"]
rows = [row for row in recipes.get("mlp-vae-mnist").reported if row.latent_dim == 64]
printed = {row.beta: row.terms["loss"] for row in rows}
kls = {row.beta: row.terms["kl"] for row in rows}
compared = {beta: comparable_total(printed[beta], kls[beta], beta) for beta in printed}
plots.table(["S1: β", "KL", "total as printed", "−ELBO"],
            [[beta, kls[beta], printed[beta], round(compared[beta], 1)] for beta in sorted(kls)])

# %%
print("S1's best β, as printed:", min(printed, key=printed.get))
print("S1's best β, by −ELBO:  ", min(compared, key=compared.get))

# %% [markdown]
# Now our five models, each measured at every β; the best of a row is bold. **Before you run**: the four slopes of section 1 already say which model wins each row. How?

# %% tags=["nbval-ignore-output"]
measured = {weight: {beta: D[beta] + weight * R[beta] for beta in betas} for weight in betas}
own = sum(min(row, key=row.get) == weight for weight, row in measured.items())
least = 4 if full_run and dataset == "fashion" else 0
print(check.between("rows won by the model trained with their β, of 5", own, least, 5))

def bold_best(row):
    return [f"**{v:.1f}**" if v == min(row) else f"{v:.1f}" for v in row]

plots.table(["measured at", *(f"trained at {beta}" for beta in betas)],
            [[f"β = {weight}", *bold_best(row.values())] for weight, row in measured.items()])

# %% [markdown]
# In the row of weight β, a step to a smaller $R$ pays while the slope is below β: if the slopes lie between the β, each row is won by the model trained with its own. Compare within a row. A table of "final losses" prints the diagonal, where every number has another weight.

# %% [markdown]
# ## 3 · The pictures along the curve
#
# **Look for** the first row that the eye can tell from the one above it.

# %%
copies = {f"β = {beta}": model.reconstruct(x_test[:10]) for beta, model in models.items()}
plots.compare({"test image": x_test[:10]} | copies, title="Reconstructions by five models")

# %%
def sample(model, n=10):
    return model.sample(n, generator=torch.Generator().manual_seed(seed))

draws = {f"β = {beta}": sample(model) for beta, model in models.items()}
plots.compare(draws, title="Ten samples from the prior of each model")

# %% [markdown]
# $D$ is lowest at the top, but hard to see: on Fashion-MNIST the rows β = 0.1 to 2 look alike, and none keeps a print. Of the samples at β = 0.1 many show no object; at β = 10 they are smooth and of few kinds. $D$ prefers β = 0.1; by eye β = 2 copies about as well, and more of its samples show an object.

# %% [markdown]
# Now turn β yourself (slider, arrow keys). **Find out by moving slowly**: between which two stops do the reconstructions change most, and between which two the samples? The $D$ in the caption checks the first answer.

# %% tags=["nbval-ignore-output"]
captions = {beta: f"D {D[beta]:.0f}, R {R[beta]:.1f} nats per image" for beta in betas}
explore.dial(models, test, captions=captions, n=12, seed=seed)

# %% [markdown]
# How many of the 64 latents are used? Two counts: **active units**, for which the *variance* over images of the posterior mean exceeds 0.01 (Burda et al. 2016), and latents whose KL exceeds 0.1 nats.

# %% tags=["nbval-ignore-output"]
kl = {beta: metrics.kl_per_dimension(model, test) for beta, model in models.items()}
active = {beta: round(metrics.active_units(model, test).value) for beta, model in models.items()}
def share_above(v, least=0.1):
    return f"{100 * v[v > least].sum() / v.sum():.0f} %"

plots.table(["β", "D", "R", "active units", "latents above 0.1 nats", "their share of R"],
            [[beta, f"{D[beta]:.1f}", f"{R[beta]:.1f}", active[beta], int((kl[beta] > 0.1).sum()),
              share_above(kl[beta])] for beta in betas])

# %% [markdown]
# Both thresholds are conventions. The last column shows what the second one leaves out: many latents that tell little each.

# %% [markdown]
# ## 4 · Which β is it, and which is right?
#
# Programs average where the formula sums. With the distortion averaged over $P$ pixel values, the KL over $L$ latents, and a weight $w$ before it, lab 02 found
#
# $$\beta = w\,P / L$$

# %% [markdown]
# S2 (*Image generation with VAE*, CelebA) puts λ before a summed KL, against a *squared error* averaged over 64×48×3 values in [−1, 1]; that range is twice ours, which divides β by 2². **Before you run**: which β is its λ = 1e-3?

# %% tags=["nbval-ignore-output"]
beta_of = losses.effective_beta
wild = {"BCE averaged over 784 pixels": beta_of(1, pixels=784),
        "KL averaged over 64 latents": beta_of(1, latents=64),
        "both averaged": beta_of(1, pixels=784, latents=64)}
wild |= {f"S2, λ = {weight}": beta_of(weight, pixels=64 * 48 * 3, width=2)
         for weight in (1e-3, 1e-4, 1e-5, 1e-6)}
plots.table(["as written", "β", "σ = √(β/2) of a pixel in [0, 1]"],
            [[name, f"{b:.2g}" if b < 100 else f"{b:.0f}",
              f"{(b / 2) ** 0.5:.2g}" if "S2" in name else "–"] for name, b in wild.items()])

# %% [markdown]
# Why the last column? A squared error is the likelihood of a Gaussian decoder $p(x \mid z) = \mathcal N(\hat x, \sigma^2 I)$, with $\hat x$ the decoded image:
#
# $$-\log p(x \mid z) = \frac{\lVert x - \hat x\rVert^2}{2\sigma^2} + \frac P2 \log(2\pi\sigma^2)$$

# %% [markdown]
# Multiply −ELBO by $2\sigma^2$: the KL stands beside the squared error with the weight $\beta = 2\sigma^2$. So for a Gaussian, **to choose β is to claim how large the decoder's errors are.** S2's λ = 1e-3 claims errors as wide as the whole range of a pixel. (A β compares only under one likelihood: S2's have no place on our Bernoulli curve.)

# %% [markdown]
# A claim about errors can be measured. The **σ-VAE** (Rybkin et al. 2021) takes the variance under which the data are most likely, the mean squared error per pixel, $\sigma^2 = \overline{\lVert x - \hat x\rVert^2} / P$, the bar being the mean over a **batch**, the images of one training step.

# %%
def gaussian_loss(output, x, c=None, variance=None):
    """−ELBO of a Gaussian decoder; without a variance, with the best one of the batch."""
    error = losses.squared_error(output.logits.sigmoid(), x)  # (N,)
    variance = torch.as_tensor(error.mean() / pixels if variance is None else variance)
    distortion = error / (2 * variance) + pixels / 2 * (2 * math.pi * variance).log()
    rate = losses.gaussian_kl(output.mean, output.log_var).sum(1)
    return {"loss": distortion + rate, "kl": rate, "error": error}

# %% [markdown]
# ### ✏️ Exercise 2 (predict it): where does σ-VAE put β?
# Pixels lie in [0, 1]. **Choose before you train**: its $\beta = 2\sigma^2$ will be **a** above 0.2, **b** between 0.02 and 0.2, **c** below 0.02.
#
# <details><summary>Hint 1</summary>Look at the reconstructions of section 3: by how much, typically, does a pixel differ from the original?</details>
# <details><summary>Hint 2</summary>An error of 0.1 gives β = 2 · 0.1² = 0.02, one of 0.5 gives 0.5.</details>

# %%
# BEGIN SOLUTION
guess = "b"
# END SOLUTION

# %% [markdown]
# For comparison, models with a fixed $\sigma^2 = \beta/2$: four β that we choose, and the one that the σ-VAE found. Will the last one tie with the σ-VAE? Every model is measured with the σ that it claims and with the best one for its errors.

# %%
sigma_vae = train_on_images(gaussian_loss)

# what it claims: the error on the images that it was trained on
error = training.evaluate(sigma_vae, train, gaussian_loss)["error"]
sigma_beta = 2 * error / pixels
fixed = {b: train_on_images(partial(gaussian_loss, variance=b / 2))
         for b in (0.002, 0.02, sigma_beta, 0.2, 2)}
outcomes = {"a": sigma_beta > 0.2, "b": 0.02 <= sigma_beta <= 0.2, "c": sigma_beta < 0.02}
check.prediction(guess, outcomes, because="β is twice the mean squared error of a pixel.")

# %% tags=["nbval-ignore-output"]
def measured_row(name, model, beta):
    claimed = training.evaluate(model, test, partial(gaussian_loss, variance=beta / 2))
    best = claimed["error"] / pixels
    at_best = training.evaluate(model, test, partial(gaussian_loss, variance=best))
    grey = [f"{255 * v**0.5:.0f}" for v in (beta / 2, best)]
    return [name, *grey, f"{claimed['kl']:.1f}", round(claimed["loss"]), round(at_best["loss"])]

gaussian_rows = [measured_row(f"β = {b:.2g}", model, b) for b, model in fixed.items()]
gaussian_rows.append(measured_row(f"**σ-VAE**, β = {sigma_beta:.2g}", sigma_vae, sigma_beta))
plots.table(["model", "σ claimed, grey levels of 255", "σ measured", "R",
             "−ELBO, claimed σ", "−ELBO, best σ"], gaussian_rows)

# %% tags=["nbval-ignore-output"]
*others, own = [row[-1] for row in gaussian_rows]
display(Markdown(f"The σ-VAE's β held fixed from the start: −ELBO is **{others[2] - own:+d}** nats "
                 f"from the σ-VAE's; the best fixed β: {min(others) - own:+d}."))

# %% [markdown]
# (A density can exceed 1, so −ELBO may be negative.) Where claimed and measured σ differ by a factor of nearly 5, −ELBO is far from the best; too small a σ costs more than too large a one. To correct σ afterwards closes most of that gap, but not all. The third row does not tie either, though its β is the σ-VAE's own: part of the difference is not the value of β, and we have not measured what it is. The σ-VAE found its β in one training, without a sweep. That is the answer for a likelihood with a variance. A Bernoulli has none to choose, and −ELBO has β = 1. Whoever prefers other *samples* or *codes* to the best bound may still choose another β, and should say so.

# %% [markdown]
# ## 5 · Posterior collapse, produced and repaired
#
# Take one line of section 4's first table, both terms averaged, with 16 latents: β = $P/16$. Trainings in this section are short, on at most 5,000 images.

# %%
few = train.first(5000)

def train_briefly(loss, depth=2):
    """A VAE with 16 latents and a decoder of `depth` hidden layers, all 128 wide."""
    torch.manual_seed(seed)
    model = VAE(nets.mlp_encoder(train.shape, (128, 128)),
                nets.mlp_decoder(16, (128,) * depth, train.shape), 16, train.shape)
    passes = math.ceil(brief / math.ceil(len(few) / 64))
    history = training.fit(model, few, loss, epochs=passes, batch_size=64, lr=2e-3, seed=seed)
    return model.cpu(), history

# %%
wrong = losses.effective_beta(1, pixels=pixels, latents=16)
runs = {f"β = {wrong:.0f}": train_briefly(partial(beta_loss, beta=wrong))[0]}
collapsed = runs[f"β = {wrong:.0f}"].reconstruct(x_test[:10])
plots.compare({"test image": x_test[:10], "decoded": collapsed}, title=f"β = {wrong:.0f}")

# %% [markdown]
# Different images, nearly the same answers. We measure the KL of each latent, averaged over test images.

# %% tags=["nbval-ignore-output"]
per_dim = {name: metrics.kl_per_dimension(model, x_test) for name, model in runs.items()}
check.between("R of the collapsed model, nats", sum(per_dim[f"β = {wrong:.0f}"]), 0, 1)

# %% [markdown]
# Sixteen latents together tell next to nothing: **posterior collapse**.

# %% [markdown]
# ### First repair: raise β slowly
# Bowman et al. (2016) begin with β = 0 and raise it once (**warm-up**), so that the decoder uses $z$ before the rate counts in full. Fu et al. (2019) do so several times, in cycles. `losses.Scheduled` gives an objective the scheduled value at each step.

# %%
progress = [i / 400 for i in range(401)]
fig, ax = plots.figure(6.5, 2.6)
ax.plot(progress, [losses.WarmUp()(p) for p in progress], color=plots.LINES[0], label="warm-up")
cycles = losses.Cyclic(cycles=4, rise=0.5)
ax.plot(progress, [cycles(p) for p in progress], "--", color=plots.LINES[1], label="4 cycles")
ax.set(title="Two schedules", xlabel="progress of training", ylabel="β")
fig.legend(loc="outside right center", frameon=False)
fig

# %% [markdown]
# Before you run warm-up on our collapse: with which β does the training *end*?

# %% tags=["nbval-ignore-output"]
warm_up = losses.Scheduled(losses.negative_elbo, beta=losses.WarmUp(wrong))
runs["warm-up"] = train_briefly(warm_up)[0]
per_dim["warm-up"] = metrics.kl_per_dimension(runs["warm-up"], x_test)
print(f"R at the end: {sum(per_dim[f'β = {wrong:.0f}']):.2f} nats without warm-up, "
      f"{sum(per_dim['warm-up']):.2f} with it")

# %% [markdown]
# Warm-up keeps a little more $R$, but the end has the same wrong β, so the rate stays small.

# %% [markdown]
# ### Second repair: free bits
# Kingma et al. (2016) let each latent use λ nats without a penalty. With $\mathrm{KL}_d$ the KL of latent $d$, averaged over the batch, the loss is $D + \beta\psi$ with
#
# $$\psi = \sum_d \max\big(\lambda,\; \mathrm{KL}_d\big)$$

# %% [markdown]
# Below λ the penalty is constant and has no gradient, so nothing is gained by using less. We write it, and train with the same wrong β and λ = 0.25 nats. **Expect** $R$ of up to 16 · 0.25 = 4 nats.

# %%
def free_bits(kl, free):
    """The penalty ψ of a batch: (N, D) nats → a number."""
    per_latent = kl.mean(0)
    return per_latent.clamp(max=free).sum()

def loss_with(penalty, output, x, c=None):
    """D + β·ψ, with the wrong β."""
    terms = losses.negative_elbo(output, x)
    kl = losses.gaussian_kl(output.mean, output.log_var)  # (N, 16)
    return terms | {"loss": terms["reconstruction"] + wrong * penalty(kl, 0.25)}

# %% tags=["nbval-ignore-output"]
first_try = train_briefly(partial(loss_with, free_bits))[0]
plots.table(["run", "R, nats per image"],
            [[f"β = {wrong:.0f}", f"{sum(per_dim[f'β = {wrong:.0f}']):.2f}"],
             ["with `free_bits`", f"{sum(metrics.kl_per_dimension(first_try, x_test)):.2f}"]])

# %% [markdown]
# ### ✏️ Exercise 3 (find the bug): nothing is free
# $R$ is that of the collapsed run, to the printed digit. Why so exactly? Where does this penalty rise with $\mathrm{KL}_d$, and where is it constant? Write the right function.
#
# <details><summary>Hint 1</summary>What does the function return for a latent at 0, at λ/2, at λ and at 3λ?</details>
# <details><summary>Hint 2</summary><code>clamp(max=…)</code> is a minimum; the formula has a maximum.</details>

# %%
def free_bits(kl, free):
    """The penalty ψ of a batch: (N, D) nats → a number."""
    # BEGIN SOLUTION
    per_latent = kl.mean(0)
    return per_latent.clamp(min=free).sum()
    # END SOLUTION

# %%
free_bits = check.or_reference(free_bits)

# %% [markdown]
# The same training with the right function, and beside it the obvious repair: correct the loss, β = 1. **Expect** free bits to use at most what is free.

# %% tags=["nbval-ignore-output"]
runs["free bits"] = train_briefly(partial(loss_with, free_bits))[0]
runs["β = 1"], shallow_history = train_briefly(losses.negative_elbo)
per_dim |= {name: metrics.kl_per_dimension(runs[name], x_test) for name in ("free bits", "β = 1")}
check.between("R with free bits, nats; 4 are free", sum(per_dim["free bits"]),
              2 if full_run else 0, 4.5)

# %%
# on the logarithmic axis nothing can stand at 0
in_order = {name: v.sort(descending=True).values.clamp(min=1e-6) for name, v in per_dim.items()}
fig = plots.lines(range(1, 17), in_order, title="KL of each latent, sorted",
                  xlabel="rank of the latent", ylabel="nats, mean over test images",
                  reference={"λ = 0.25": 0.25}, log_y=True)
fig.axes[0].legend(loc="upper right", ncols=2)
fig

# %% [markdown]
# Four diagnoses in one picture. With the wrong β all latents lie near 0; warm-up lifts one or a few of them; free bits hold all sixteen near or below λ, about evenly; at β = 1 a few latents carry most. **Before you run**: which of the four has the *smallest* wrong total, $D + \beta R$ at the wrong β?

# %% tags=["nbval-ignore-output"]
terms = {name: training.evaluate(model, test, losses.negative_elbo) for name, model in runs.items()}
worst, best = (terms[name]["reconstruction"] for name in (f"β = {wrong:.0f}", "β = 1"))
def repaired(distortion):
    return f"{100 * (worst - distortion) / (worst - best):.0f} %"

plots.table(["run", "D", "R", "−ELBO", f"D + {wrong:.0f}R", "share of the rise of D undone"],
            [[name, f"{v['reconstruction']:.0f}", f"{v['kl']:.1f}", f"{v['loss']:.0f}",
              f"{v['reconstruction'] + wrong * v['kl']:.0f}", repaired(v["reconstruction"])]
             for name, v in terms.items()])

# %%
repairs = {name: model.reconstruct(x_test[:10]) for name, model in runs.items()}
plots.compare({"test image": x_test[:10]} | repairs, title="A wrong β and three repairs")

# %% [markdown]
# By the wrong total warm-up is the best, the plain run just behind, β = 1 the last: each training did what its loss asked (one seed). Free bits undo a part. **If β itself is wrong, correct β.**

# %% [markdown]
# ### Where warm-up can help
# Here β is right, and the decoder has six hidden layers, not two. **Expect** its first answers to depend less on $z$: then a nat of $R$ lowers $D$ by next to nothing, and the encoder has no reason to keep it.

# %% tags=["nbval-ignore-output"]
def spread(depth):
    """How far the logits of an untrained decoder differ between draws of z."""
    torch.manual_seed(seed)
    decoder = nets.mlp_decoder(16, (128,) * depth, train.shape)
    return decoder(torch.randn(500, 16)).std(0).mean().item()

check.between("spread after six layers, % of that after two", 100 * spread(6) / spread(2), 0, 10)

# %% [markdown]
# Two runs that *end* with the same objective, −ELBO, and beside them the two-layer run from above:

# %%
plain, warm = "six layers, β = 1", "six layers, warm-up"
deep = {"two layers, β = 1": runs["β = 1"]}
rates = {"two layers, β = 1": shallow_history["train_kl"]}
to_one = losses.Scheduled(losses.negative_elbo, beta=losses.WarmUp(1.0))
for name, loss in {plain: losses.negative_elbo, warm: to_one}.items():
    deep[name], history = train_briefly(loss, depth=6)
    rates[name] = history["train_kl"]
passes = [str(1 + i) for i in range(len(rates[warm]))]
plots.lines(passes, rates, title="The rate during training",
            xlabel="epoch", ylabel="R, nats per image, training")

# %% tags=["nbval-ignore-output"]
at_end = {name: training.evaluate(model, test, losses.negative_elbo)
          for name, model in deep.items()}
plots.table(["decoder", "D", "R", "−ELBO"],
            [[name, *(f"{v[term]:.1f}" for term in ("reconstruction", "kl", "loss"))]
             for name, v in at_end.items()])

# %% [markdown]
# In the first epoch the six layers use less of $z$ than the two, unless warm-up makes the rate cheap. But on Fashion-MNIST β = 1 throughout does not collapse: its rate rises later, by itself. The last column compares the ends, for one seed and one short training.

# %% [markdown]
# ## 6 · What else is in `losses`
#
# All but the last are $D + \psi$ with another penalty ψ. Averaged over images, KL has three parts: the **information** $I$ between $x$ and $z$, the **total correlation** TC, which is 0 if the latents are independent, and the distance $M$ of each latent's own distribution from its prior.

# %%
plots.table(["objective", "in `losses`", "penalty ψ", "is the ELBO at"], [
    ["β-VAE", "`negative_elbo`", "β·KL", "β = 1"],
    ["warm-up, cycles", "`Scheduled`, `WarmUp`, `Cyclic`", "β(t)·KL", "the end of a rise to 1"],
    ["free bits", "`free_bits`", "β·Σ max(λ, KL_d)", "β = 1, λ = 0"],
    ["capacity", "`capacity`", "γ·|KL − C|", "γ = 1, C = 0"],
    ["β-TCVAE", "`beta_tcvae`", "α·I + β·TC + γ·M", "α = β = γ = 1"],
    ["importance-weighted", "`ImportanceWeighted`", "none: a tighter bound, K draws", "K = 1"],
])

# %% [markdown]
# ## 7 · Does a latent mean something?
#
# Higgins et al. raised β for another reason: they hoped that each latent would then take one *factor* of the images. `data.shapes` draws images from five factors that we know.

# %% [markdown]
# **Mutual information** is what one quantity tells about another, in nats. For a factor $v$, let $I_{(1)}$ and $I_{(2)}$ be the largest and the second largest mutual information of one latent with it, and $H(v)$ its entropy, the most that can be known about it. The **mutual information gap** (Chen et al. 2018) is
#
# $$\mathrm{MIG} = \operatorname*{mean}_v \frac{I_{(1)} - I_{(2)}}{H(v)}$$

# %% [markdown]
# ### ✏️ Exercise 4 (write it): the gap
# `information` has one row per latent and one column per factor.
#
# <details><summary>Hint 1</summary>Along which axis are the latents? Of which numbers do you need the best two?</details>
# <details><summary>Hint 2</summary><code>information.topk(2, dim=0).values</code> has them, one pair per factor.</details>

# %%
def information_gap(information, entropy):
    """Mean over factors of the relative gap between the best two latents: (D, F), (F,)."""
    # BEGIN SOLUTION
    best = information.topk(2, dim=0).values
    return ((best[0] - best[1]) / entropy).mean()
    # END SOLUTION

# %%
information_gap = check.or_reference(information_gap)

# %% [markdown]
# β-VAE weights the whole KL, and with it the information; β-TCVAE weights TC alone. Small VAEs with 6 latents, three objectives, several seeds. The authors of β-TCVAE report a higher MIG. **Watch the seeds.**

# %%
shapes = data.shapes.shapes(min(train_images, 10_000))
held_out = data.shapes.shapes(2000, "test")
objectives = {"β = 1": losses.negative_elbo, "β = 4": partial(losses.negative_elbo, beta=4.0),
              "β-TCVAE": partial(losses.beta_tcvae, images=len(shapes), beta=6.0)}

def train_on_shapes(loss, seed):
    torch.manual_seed(seed)
    model = VAE(nets.mlp_encoder(shapes.shape, (128, 128)),
                nets.mlp_decoder(6, (128, 128), shapes.shape), 6, shapes.shape)
    training.fit(model, shapes, loss, lr=5e-3, seed=seed, **usual)
    return model.cpu()

found = {name: [train_on_shapes(loss, seed + i) for i in range(seeds)]
         for name, loss in objectives.items()}

# %% [markdown]
# Each latent, one draw of $z$ per image, is cut into 20 bins and counted against each factor. From 2,000 images such a count finds information even where there is none, by chance: we shuffle the factors among the images and measure again. That is a low **floor**. A harder one: the first six principal components (of training images; their codes have no noise).

# %%
def codes(model):
    """One draw of z for each image: (N, 6)."""
    mean, log_var = model.posterior(held_out.images())
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(seed))
    return (mean + (log_var / 2).exp() * noise).detach()

def informations(z, factors=held_out.factors):
    """Mutual information of each latent with each factor: (6, 5), nats."""
    low, high = z.aminmax(dim=0)
    bins = ((z - low) / (high - low) * 20).long().clamp(max=19)
    return torch.tensor([[mutual_info_score(b, v) for v in factors.T] for b in bins.T])

entropy = torch.tensor([mutual_info_score(v, v) for v in held_out.factors.T])
tables = {name: [informations(codes(model)) for model in row] for name, row in found.items()}
mig = {name: [float(information_gap(each, entropy)) for each in row]
       for name, row in tables.items()}

order = torch.randperm(len(held_out), generator=torch.Generator().manual_seed(seed))
shuffled = {name: [informations(codes(model), held_out.factors[order]) for model in row]
            for name, row in found.items()}
pca = PCA(6, random_state=seed).fit(shapes.images().flatten(1).numpy())
components = pca.transform(held_out.images().flatten(1).numpy())
of_pca = float(information_gap(informations(torch.from_numpy(components)), entropy))
floor = max(float(information_gap(each, entropy)) for row in shuffled.values() for each in row)

# %%
fig, ax = plots.figure(6.5, 3.2)
for x, (values, colour) in enumerate(zip(mig.values(), plots.LINES)):
    places = [x - 0.15 + 0.3 * i / (seeds - 1) for i in range(seeds)]
    ax.scatter(places, values, s=60, color=colour, zorder=3)
    mean = sum(values) / seeds
    ax.plot([x - 0.25, x + 0.25], [mean, mean], color=colour, linewidth=2)
ax.axhline(floor, color="0.4", linestyle="--", label="largest with shuffled factors")
ax.axhline(of_pca, color="0.4", linestyle=":", label="six principal components")
ax.set(xticks=range(3), xticklabels=mig, ylim=(0, None), ylabel="MIG",
       title="MIG: one point per seed, a line at the mean")
fig.legend(loc="outside lower center", ncols=2, frameon=False)
fig

# %%
def interval(values):
    """Mean and half width of the 95 % t-interval of a few runs, t·s/√n."""
    v = torch.tensor(values)
    return v.mean().item(), t.ppf(0.975, len(v) - 1) * v.std().item() / math.sqrt(len(v))

gain = {name: [b - a for a, b in zip(mig["β = 1"], mig[name])] for name in ("β = 4", "β-TCVAE")}

# %% tags=["nbval-ignore-output"]
entries = mig | {f"{name} minus β = 1, same seed": v for name, v in gain.items()}
display(plots.table(["", "MIG, mean and 95 % interval", "from", "to"], [
    [name, "{:.2f} ± {:.2f}".format(*interval(v)), f"{min(v):.2f}", f"{max(v):.2f}"]
    for name, v in entries.items()]))
display(Markdown(f"Six principal components: {of_pca:.2f}. Shuffled, at most: {floor:.3f}."))
for name, v in gain.items():
    mean, half = interval(v)
    verdict = "leaves out 0" if abs(mean) > half else "includes 0: no clear difference"
    display(Markdown(f"{name} against β = 1, {seeds} seeds: the interval **{verdict}**."))

# %% [markdown]
# Above the shuffled factors the latents know *something*; the dotted line needed no network. And trainings that differ only in the seed can differ as much as two objectives: one run proves nothing, three prove little (set `seeds=10`), and ours are short. Locatello et al. (2019) trained 12,000 models and found that the seed and the hyper-parameters matter more than the choice of objective, and that without labels nobody can tell the good runs.

# %% [markdown]
# A number does not show *what* a latent changes. Take the code of one image and move one latent at a time: a **traversal**. We take the β-TCVAE of median MIG. **Look for** rows in which one thing changes and nothing else.

# %%
ranked = sorted(range(seeds), key=mig["β-TCVAE"].__getitem__)
middle = ranked[seeds // 2]
walker = found["β-TCVAE"][middle]
by_rate = metrics.kl_per_dimension(walker, held_out).argsort(descending=True).tolist()

# %% tags=["cover"]
places = torch.linspace(-2.5, 2.5, 10)
image = held_out.images()[:1]
rows = {}
for d in by_rate:
    z = walker.encode(image).detach().repeat(10, 1)
    z[:, d] = places
    rows[plots.latent_name(d)] = torch.cat([image, walker.decode(z).detach()])
plots.compare(rows, title=f"Traversals of β-TCVAE, MIG {mig['β-TCVAE'][middle]:.2f}",
              ticks=["image", *(f"{v:.1f}" for v in places)],
              xlabel="value of the latent; most informative latent first")

# %% [markdown]
# And the table behind this model's MIG: the share of each factor's entropy that a latent tells. The last row has the largest share with shuffled factors; bold is the best of a column if it is more than twice that.

# %% tags=["nbval-ignore-output"]
share = tables["β-TCVAE"][middle] / entropy
by_chance = (shuffled["β-TCVAE"][middle] / entropy).amax(0)
clear = share.amax(0).where(share.amax(0) > 2 * by_chance, math.inf)
body = [[plots.latent_name(d), *(f"**{v:.2f}**" if v >= best else f"{v:.2f}"
                                 for v, best in zip(row, clear))]
        for d, row in enumerate(share)]
plots.table(["", *held_out.factor_names], [*body, ["chance", *(f"{v:.2f}" for v in by_chance)]])

# %% [markdown]
# Read the columns: a factor without bold is next to unknown to each latent of this model, so it adds next to nothing to the MIG, the mean of all five. The rotation cannot be known fully: an ellipse looks the same after half a turn, a square after a quarter. That is not the whole reason: the shape has no bold either, and tilted ellipses are decoded as round blobs.

# %% [markdown]
# Here is another start image. **Drag to find out**: does each latent still change what it changed above? And after you moved another one?

# %% tags=["nbval-ignore-output"]
start = walker.encode(held_out.images()[1:2])[0].detach()
explore.walk(walker, held_out, dims=by_rate, low=-2.5, high=2.5, start=start.clamp(-2.5, 2.5))

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
R_of = {name: sum(v).item() for name, v in per_dim.items()}
means = {name: interval(v)[0] for name, v in mig.items()}
gained = "{:.2f} ± {:.2f}".format(*interval(gain["β-TCVAE"]))
display(Markdown("\n".join([
    f"- **The curve.** From β = 0.1 to 10 the rate goes from {R[0.1]:.0f} to {R[10]:.1f} nats, "
    f"the distortion from {D[0.1]:.0f} to {D[10]:.0f}; for a squared error, σ-VAE finds "
    f"β = {sigma_beta:.2g}.",
    f"- **Collapse.** The rate is {R_of[f'β = {wrong:.0f}']:.2f} nats at β = {wrong:.0f}, "
    f"{R_of['warm-up']:.2f} after warm-up, {R_of['free bits']:.1f} with free bits and "
    f"{R_of['β = 1']:.1f} once β is 1.",
    f"- **Meaning.** MIG is {means['β = 1']:.2f} at β = 1, {means['β = 4']:.2f} at β = 4 and "
    f"{means['β-TCVAE']:.2f} with β-TCVAE, whose gain is {gained}; six principal "
    f"components have {of_pca:.2f}, shuffled factors at most {floor:.3f}.",
])))

# %% [markdown]
# **Next**: we have judged samples by eye. [Lab 05](05_judging_generators.ipynb) builds the scores that judge a generator, and tests the judges first.

# %% [markdown]
# **To read**
# - I. Higgins et al. (2017), *β-VAE*; A. Alemi et al. (2018), *Fixing a broken ELBO*: the rate–distortion plane.
# - O. Rybkin et al. (2021), *Simple and effective VAE training with calibrated decoders*: σ-VAE.
# - S. Bowman et al. (2016), *Generating sentences from a continuous space*; H. Fu et al. (2019), *Cyclical annealing schedule*; D. P. Kingma et al. (2016), *Improving variational inference with inverse autoregressive flow*: free bits.
# - R. Chen et al. (2018), *Isolating sources of disentanglement in VAEs*; F. Locatello et al. (2019), *Challenging common assumptions in the unsupervised learning of disentangled representations*. Also: Burgess et al. (2018), capacity; Burda et al. (2016), importance weights, active units.
# - S1, *Variational Autoencoder for Image Generation*, AI3611, Shanghai Jiao Tong University; S2, *Image generation with Variational Autoencoders (VAE)*, Universities of Pavia and Milano.
