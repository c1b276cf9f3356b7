# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · β-VAE: what does a nat buy?
#
# [start page](00_start.ipynb) · next: [05 A bound, a game, a denoiser](05_ddpm_and_gan.ipynb)
#
# Lab 02 met β by accident: a careless mean made it 784, and the posterior collapsed. Here β is a dial that we turn on purpose. Afterwards you can
#
# - read a rate–distortion curve, and say why totals at different β do not compare;
# - write β-VAE, warm-up, free bits, capacity, β-TCVAE and the importance-weighted bound as cases of one formula;
# - find out which β a published loss really uses;
# - diagnose posterior collapse dimension by dimension, and choose the repair that fits its cause;
# - measure whether a latent holds one factor, and say how much of the answer is the seed.

# %% [markdown]
# **Time and data**: about 1 minute on two cores, offline. Fashion-MNIST (12,000 images) is built in; squares, ellipses and hearts are drawn on the spot.

# %% tags=["parameters"]
dataset: str = "fashion"  # fashion and digits are built in; mnist and fashion_full are downloaded once
train_images: int = 10_000  # use at most this many training images
epochs: int = 4  # passes over the training set for each β of the sweep and each seed of section 7
brief: int = 390  # steps of each short training in section 6
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
from vaekit import data, explore, losses, metrics, plots, recipes, training
from vaekit.course import check
from vaekit.models import VAE, nets

import math
from functools import partial

import torch
from IPython.display import Markdown, display
from scipy.stats import t
from sklearn.metrics import mutual_info_score

# %%
train, test = data.load(dataset, "train", limit=train_images), data.load(dataset, "test").first(2000)
x_test = test.images()
full_run = epochs * len(train) >= 40_000        # a shorter run may not have found its balance yet; then the sweep is not checked
plots.sheet(x_test[:10], title=f"Ten test images ({dataset})")

# %% [markdown]
# ## 1 · Two terms and a rate of exchange
#
# A VAE's loss has two terms. The **distortion** $D = -\mathbb E_q \log p(x \mid z)$, lab 02's reconstruction term, says what is lost. The **rate**
# $R = \mathrm{KL}(q(z \mid x) \,\|\, p(z))$ is the most that the latents $z$ tell, on average, about the image $x$, in nats. The β-VAE (Higgins et al. 2017) minimises
#
# $$\mathcal L_\beta = D + \beta R$$
#
# β is an exchange rate: a nat of $R$ is worth having if it saves at least β nats of $D$. At β = 1 this is −ELBO, a bound on $-\log p(x)$; above 1 a looser bound, below 1 none.

# %%
def beta_loss(output, x, c=None, beta=1.0):
    distortion = losses.bernoulli_nll(output.logits, x)                          # D, summed over pixels: (N,)
    rate = losses.gaussian_kl(output.mean, output.log_var).sum(1)                # R, summed over latents: (N,)
    return {"loss": distortion + beta * rate, "reconstruction": distortion, "kl": rate}

# %% [markdown]
# `losses.negative_elbo` is this function. The sweep is S1's (*Variational Autoencoder for Image Generation*, AI3611): 784-256-256-64 and back, five
# values of β. **Expect** a dear rate to be used less, and the distortion to grow.

# %%
betas = (0.1, 0.5, 1, 2, 10)
models = {}
for beta in betas:
    models[beta] = recipes.build("mlp-vae-mnist", 64, train.shape, seed)
    loss = partial(beta_loss, beta=beta)
    training.fit(models[beta], train, loss, epochs=epochs, batch_size=100, lr=3e-3, schedule="one-cycle", seed=seed)
    models[beta] = models[beta].cpu()

# %% [markdown]
# All five are now measured on the same test images: $D$ and $R$ separately, with the weights fixed.

# %%
at_one = {beta: training.evaluate(model, test, losses.negative_elbo) for beta, model in models.items()}
D, R = ({beta: terms[name] for beta, terms in at_one.items()} for name in ("reconstruction", "kl"))
if full_run:
    print(check.between("smallest rise of D from one β to the next, nats", min(D[b] - D[a] for a, b in zip(betas, betas[1:])), 0, 100))
    print(check.between("R at β = 0.1 over R at β = 10", R[0.1] / R[10], 5, 500))

# %%
plots.rate_distortion({dataset: {beta: (R[beta], D[beta]) for beta in betas}}, label="β = ", title=f"Five exchange rates, {len(x_test):,} test images")

# %% [markdown]
# S1's claim that BCE falls as β falls holds here too. Read the curve from the right. At β = 0.1 the model spends freely; giving up 28 of its 46 nats
# costs only 6 nats of distortion. To the left the curve gets steep: each nat saved there costs ever more.
#
# The steepness is no accident. A model gives up a nat as long as that costs less than β. **Expect** the slope between two neighbours to lie between their two β.

# %% tags=["nbval-ignore-output"]
slope = {(a, b): (D[b] - D[a]) / (R[a] - R[b]) for a, b in zip(betas, betas[1:])}
display(Markdown("| between β = | and | nats of D for one nat of R |\n|---|---|---|\n" + "".join(f"| {a} | {b} | {v:.2f} |\n" for (a, b), v in slope.items())))
if full_run:
    print(check.between("slopes that lie between the β of their two ends, of 4", sum(a < v < b for (a, b), v in slope.items()), 3, 4))

# %% [markdown]
# It does: β *is* the slope of the curve (Alemi et al. 2018), and a sweep over β is a walk along it.
#
# The grey lines join points of equal $D + R$. Between the two ends $D$ differs by 54 nats and $R$ by 44, but $D + R$ by only 10: a model that is nearly
# an autoencoder and one that is nearly mute look alike in −ELBO. One number hardly tells them apart; two do.

# %% [markdown]
# ## 2 · Which model is best?
#
# S1 (z = 64, MNIST) prints the total $D + \beta R$ of each row, every one at its own β. Its best total is the row β = 0.1. But a lower price makes a lower bill for the *same* goods.

# %% [markdown]
# ### ✏️ Exercise 1: a total that compares
# You know a model's total $D + \beta R$ at its own β, and its KL. What is its −ELBO?

# %%
def comparable_total(total, kl, beta):
    """The −ELBO (β = 1) of a model whose loss at weight beta is `total`.  nats per image"""
    ### BEGIN SOLUTION
    return total + (1 - beta) * kl
    ### END SOLUTION

# %%
check.comparable_total(comparable_total)

# %% [markdown]
# With it, S1's table again. **Expect** another winner.

# %%
rows = sorted((r for r in recipes.get("mlp-vae-mnist").reported if r.latent_dim == 64), key=lambda r: r.beta)
printed, compared = {r.beta: r.terms["loss"] for r in rows}, {r.beta: comparable_total(r.terms["loss"], r.terms["kl"], r.beta) for r in rows}
print("S1's best β: as printed", min(printed, key=printed.get), "· at one price", min(compared, key=compared.get))

# %% tags=["nbval-ignore-output"]
lines = "".join(f"| {r.beta:g} | {r.terms['reconstruction']:.2f} | {r.terms['kl']:.2f} | {printed[r.beta]:.2f} | {compared[r.beta]:.1f} |\n" for r in rows)
display(Markdown("**S1, Table 1** (MNIST, z = 64)\n\n| β | BCE | KL | total as printed | −ELBO |\n|---|---|---|---|---|\n" + lines))

# %% [markdown]
# Printed, the second worst of the five looks best. At one common price the row β = 1 wins, as it should: it was trained for just that. Now our five models,
# each priced at every β. **Expect** each *line* to be won by the model that was trained for its price.

# %% tags=["nbval-ignore-output"]
bill = {price: {beta: D[beta] + price * R[beta] for beta in betas} for price in betas}
def line(price, row):
    return f"| at β = {price} | " + " | ".join(f"**{v:.1f}**" if v == min(row.values()) else f"{v:.1f}" for v in row.values()) + " |\n"

display(Markdown("| priced | " + " | ".join(f"trained at {beta}" for beta in betas) + " |\n|---" + "|---" * 5 + "|\n" + "".join(line(p, row) for p, row in bill.items())))

# %%
if full_run:
    own = [min(row, key=row.get) for row in bill.values()]
    print(check.between("lines won by the model trained for their price, of 5", sum(a == b for a, b in zip(own, betas)), 4, 5))

# %% [markdown]
# Compare along a line, never down a column and never along the diagonal, which is what a table of "final losses" prints.

# %% [markdown]
# ## 3 · The pictures along the curve
#
# **Expect** reconstructions to lose detail as β grows. What happens to *samples* is less obvious.

# %%
plots.compare({"test image": x_test[:10]} | {f"β = {beta}": model.reconstruct(x_test[:10]) for beta, model in models.items()}, title="Reconstructions")

# %% [markdown]
# From 0.1 to 2 they hardly differ at this size: the extra nats buy shades. At β = 10 the dark jacket (column 7) is a grey ghost with a shoe in it; telling
# more would cost more than it saves. Now the samples: the same ten draws from the prior for all.

# %%
def sample(model, n):
    return model.sample(n, generator=torch.Generator().manual_seed(seed))

plots.compare({f"β = {beta}": sample(model, 10) for beta, model in models.items()}, title="Samples from the prior, the same z for all")

# %% [markdown]
# The order is reversed. At β = 0.1, the best copier, samples are dark fog: its clouds are small and lie apart, so a draw from the prior falls between them, into places
# the decoder has never seen, as in lab 01. From row to row they gain shape; at β = 10 most are whole, blurred garments of a few kinds. Reconstructions and samples want different β.

# %% [markdown]
# How many latents do the work? Two counts: **active units**, whose posterior mean varies over images by more than 0.01 (Burda et al. 2016), and latents that tell at least 0.1 nats.

# %% tags=["nbval-ignore-output"]
kl = {beta: metrics.kl_per_dimension(model, test).sort(descending=True).values for beta, model in models.items()}
active = {beta: round(metrics.active_units(model, test).value) for beta, model in models.items()}
lines = "".join(f"| {beta} | {D[beta]:.1f} | {R[beta]:.1f} | {active[beta]} | {int((kl[beta] > 0.1).sum())} |\n" for beta in betas)
display(Markdown("| β | D | R | active units of 64 | latents above 0.1 nats |\n|---|---|---|---|---|\n" + lines))

# %% [markdown]
# The second count falls steadily, from 63 to 4. The first hardly follows: after so short a training the means of unused latents still twitch a little, and
# 0.01 is a low bar. Prefer the KL in nats, and look at it latent by latent.

# %% [markdown]
# Now turn the dial yourself (arrow keys; Page Up and Page Down in Notebook 7). Left half of the sheet: copies, right half: samples.

# %% tags=["nbval-ignore-output"]
def halves(left, right):
    """Rows of eight images from each, side by side."""
    return torch.cat([torch.cat(pair) for pair in zip(left.split(8), right.split(8))])

sheets = {beta: halves(model.reconstruct(x_test[:32]), sample(model, 32)) for beta, model in models.items()}
explore.SheetSlider(sheets, columns=16, captions={beta: f"distortion {D[beta]:.0f}, rate {R[beta]:.1f} nats per image" for beta in betas})

# %% [markdown]
# ## 4 · One formula for seven objectives
#
# Draw $K$ latents $z_k \sim q(z \mid x)$ and charge a price $\psi_k$ for what they tell:
#
# $$\mathcal L = -\log \frac1K \sum_{k=1}^K \exp\big(\log p(x \mid z_k) - \psi_k\big)$$

# %% [markdown]
# $\mathrm{KL}_d$ is the KL of latent $d$. Averaged over images, $\sum_d \mathrm{KL}_d = I + \mathrm{TC} + \sum_d \mathrm{KL}(q(z_d) \| p(z_d))$: the **information** $I$ between $x$ and $z$,
# the **total correlation** TC, how far the latents depend on each other, and the distance of each latent's own distribution from its prior.

# %% [markdown]
# | objective | in `losses` | K | price ψ | is the ELBO at |
# |---|---|---|---|---|
# | β-VAE | `negative_elbo` | 1 | $\beta\,\mathrm{KL}$ | β = 1 |
# | warm-up | `Scheduled(…, beta=WarmUp())` | 1 | $\beta(t)\,\mathrm{KL}$, rising once | its end |
# | cyclic annealing | `Scheduled(…, beta=Cyclic())` | 1 | $\beta(t)\,\mathrm{KL}$, rising again and again | a cycle's end |
# | free bits | `free_bits` | 1 | $\beta \sum_d \max(\lambda, \mathrm{KL}_d)$, KL averaged over the batch | β = 1, λ = 0 |
# | capacity | `capacity` | 1 | $\gamma\,\lvert \mathrm{KL} - C \rvert$, KL averaged likewise | γ = 1, C = 0 |
# | β-TCVAE | `beta_tcvae` | 1 | $\alpha I + \beta\,\mathrm{TC} + \gamma \sum_d \mathrm{KL}(q(z_d) \Vert p(z_d))$ | α = β = γ = 1 |
# | importance-weighted | `ImportanceWeighted` | K | $\log q(z_k \mid x) - \log p(z_k)$ | K = 1 |

# %% [markdown]
# All are nats per image and know nothing of the network. With $K = 1$ the formula is $D + \psi$. The last one prices nothing differently; it tightens the bound by drawing more:

# %%
bound = [training.evaluate(models[1], test.first(500), losses.ImportanceWeighted(k))["loss"] for k in (1, 5, 20)]
check.between("bound with 1 draw minus bound with 20, nats", bound[0] - bound[-1], 0, 30)

# %% [markdown]
# Same weights, another ruler: importance-weighted bounds compare only at the same $K$ (lab 06).

# %% [markdown]
# ## 5 · Which β is it really?
#
# Programs average where the formula sums. With the distortion averaged over $P$ pixel values, the KL averaged over $L$ latents, and a weight $w$ in front,
#
# $$\beta = w\,P / L$$
#
# (lab 02's exercise 4; pass only what was averaged). The conventions met in the wild, at 28×28 pixels and 64 latents, and S2's (*Image generation with VAE*, CelebA):
# λ = 1e-3 … 1e-6 times a summed KL, against a *squared error* averaged over 64×48×3 = 9,216 values. Its images lie in [−1, 1]: twice as wide as ours, so divide by 2².

# %% tags=["nbval-ignore-output"]
wild = {"BCE and KL summed": losses.effective_beta(1), "BCE averaged": losses.effective_beta(1, pixels=784), "KL averaged": losses.effective_beta(1, latents=64),
        "both averaged": losses.effective_beta(1, pixels=784, latents=64)}
wild |= {f"S2, λ = {weight}": losses.effective_beta(float(weight), pixels=64 * 48 * 3, width=2) for weight in ("1e-3", "1e-4", "1e-5", "1e-6")}
display(Markdown("| as written | β |\n|---|---|\n" + "".join(f"| {name} | {beta:.2g} |\n" if beta < 100 else f"| {name} | {beta:.0f} |\n" for name, beta in wild.items())))

# %% [markdown]
# A weight of 0.00001 looked like "hardly any KL"; it is β = 0.023. And 1 looked natural, and would have been 2,304.
#
# One caution: a β compares only under one likelihood. A squared error is a Gaussian's, so S2's β have no place on our curve. For a Gaussian, β and the variance are one knob:
# the minimum is that of the −ELBO at $\sigma^2 = \beta/2$. λ = 1e-3, which gave S2 symmetrical frontal faces only, is a σ of 1.07, noise as wide as the whole range
# of a pixel; 1e-5, which it likes best, is 0.11.

# %% [markdown]
# ## 6 · Collapse, made to happen
#
# Take one slip of that list, both terms averaged, with 16 latents: β = 784/16 = 49. Every run in this section takes about 400 steps, on 5,000 images.

# %%
few = train.first(5000)

def train_briefly(loss, depth=2):
    """A VAE with 16 latents and a decoder of `depth` hidden layers, all 128 wide."""
    torch.manual_seed(seed)
    model = VAE(nets.mlp_encoder(train.shape, (128, 128)), nets.mlp_decoder(16, (128,) * depth, train.shape), 16, train.shape)
    passes = math.ceil(brief / math.ceil(len(few) / 64))
    history = training.fit(model, few, loss, epochs=passes, batch_size=64, lr=2e-3, seed=seed)
    return model.cpu(), history

slip = losses.effective_beta(1, pixels=math.prod(train.shape), latents=16)
collapsed, _ = train_briefly(partial(beta_loss, beta=slip))
plots.compare({"test image": x_test[:10], "decoded": collapsed.reconstruct(x_test[:10])}, title=f"β = {slip:.0f}: ten different images, hardly different copies")

# %% [markdown]
# Ten garments, and little more than two answers: something like a top, something like a shoe. A bad picture could have other causes. The measurement is the KL of each latent, averaged over test images.

# %%
per_dim = {"β = 49": metrics.kl_per_dimension(collapsed, x_test)}
print(check.between("R of the collapsed model, nats", per_dim["β = 49"].sum(), 0, 1))

# %% [markdown]
# Less than one nat for all 16 latents together: hardly enough to say "top or shoe".
#
# ### The first repair: warm-up
# Bowman et al. (2016) begin with β = 0 and raise it, so that the decoder learns to listen before the price is asked. Fu et al. (2019) do it several times.

# %% [markdown]
# ### ✏️ Exercise 2: a cyclic schedule
# `progress` runs from 0 to 1. It is cut into `cycles` equal parts. In each, the weight rises in a straight line from 0 to `to` over the share `rise` of the part, then stays.

# %%
def cyclic(progress, to=1.0, cycles=4, rise=0.5):
    """The weight of the KL after a share `progress` of the training."""
    ### BEGIN SOLUTION
    position = progress * cycles % 1.0               # where in its cycle
    return to * min(1.0, position / rise)
    ### END SOLUTION

# %%
check.cyclic(cyclic)

# %% [markdown]
# `losses.WarmUp` and `losses.Cyclic` are such functions; `losses.Scheduled` hands their value to an objective at each step.

# %%
steps = [i / 400 for i in range(400)]
fig, ax = plots.figure(6.5, 2.6)
for name, schedule, style in (("warm-up", losses.WarmUp(), "-"), ("cyclic, 4 cycles", cyclic, "--")):
    ax.plot(steps, [schedule(p) for p in steps], style, color=plots.LINES[style == "--"], label=name)
ax.set(title="Two ways to raise β", xlabel="progress of training", ylabel="β")
fig.legend(loc="outside right center", frameon=False)
fig

# %% [markdown]
# Warm-up is the case of one cycle. Try it on our collapse. **Expect** … think first: at which β does the training *end*?

# %%
warm, _ = train_briefly(losses.Scheduled(losses.negative_elbo, beta=losses.WarmUp(slip)))
per_dim["warm-up to 49"] = metrics.kl_per_dimension(warm, x_test)
check.between("R after warm-up to 49, nats", per_dim["warm-up to 49"].sum(), 0, 2)

# %% [markdown]
# Still collapsed. Warm-up repairs the *path* of the training, not its destination: at β = 49 a nat must save 49 nats, and few do.

# %% [markdown]
# ### The second repair: free bits
# Kingma et al. (2016) give each latent an allowance of λ nats for which nothing is charged:
#
# $$\psi = \sum_d \max\big(\lambda,\; \mathrm{KL}_d\big), \qquad \mathrm{KL}_d \text{ averaged over the batch}$$
#
# Below λ the price is constant, so there is no gradient, and nothing to gain from dying.

# %% [markdown]
# ### ✏️ Exercise 3: free bits
# From the KL of each image and latent, return the price of the batch. Mind the order of averaging and comparing.

# %%
def free_bits(kl, free):
    """Σ_d max(free, KL_d) with KL_d averaged over images.  (N, D) → a number, nats"""
    ### BEGIN SOLUTION
    return kl.mean(0).clamp(min=free).sum()
    ### END SOLUTION

# %%
check.free_bits(free_bits)

# %% [markdown]
# Same slip, same β = 49, with λ = 0.25 nats for each of the 16 latents. Beside it the obvious repair: mend the slip, β = 1. **Expect** the first to use its allowance and no more.

# %%
freed, _ = train_briefly(partial(losses.free_bits, free=0.25, beta=slip))
per_dim["β = 49, free bits"] = metrics.kl_per_dimension(freed, x_test)
mended, _ = train_briefly(losses.negative_elbo)
per_dim["β = 1"] = metrics.kl_per_dimension(mended, x_test)
print(check.between("R with free bits, 16 · 0.25 = 4 nats allowed", per_dim["β = 49, free bits"].sum(), 2 if brief >= 300 else 0, 5))
plots.lines(range(1, 17), {name: v.sort(descending=True).values.tolist() for name, v in per_dim.items()}, title="KL of each latent, sorted",
            xlabel="rank of the latent", ylabel="nats, mean over test images")

# %% [markdown]
# Three diagnoses in one picture. At β = 49 all sixteen latents are nearly dead; warm-up revives one, and half of a second. Free bits hold all sixteen just below their allowance, evenly,
# whether or not the images need sixteen. At β = 1 the model itself decides: four latents carry nearly everything. In nats:

# %% tags=["nbval-ignore-output"]
runs = {"β = 49": collapsed, "warm-up to 49": warm, "β = 49, free bits": freed, "β = 1": mended}
terms = {name: training.evaluate(model, test, losses.negative_elbo) for name, model in runs.items()}
lines = "".join(f"| {name} | {v['reconstruction']:.0f} | {v['kl']:.1f} | {v['loss']:.0f} | {int((per_dim[name] > 0.1).sum())} |\n" for name, v in terms.items())
display(Markdown("| run | D | R | −ELBO | latents above 0.1 nats, of 16 |\n|---|---|---|---|---|\n" + lines))

# %% [markdown]
# What do a few nats buy? **Look at** the trousers (columns 3, 4, 6) and the dark jacket (column 7).

# %%
plots.compare({"test image": x_test[:10], "β = 49": collapsed.reconstruct(x_test[:10]), "warm-up": warm.reconstruct(x_test[:10]), "free bits": freed.reconstruct(x_test[:10]),
               "β = 1": mended.reconstruct(x_test[:10])}, title="One slip, three repairs")

# %% [markdown]
# With under a nat everything is a top or a shoe. Warm-up adds a hint of trousers. With free bits, trousers are trousers and shoes are shoes, at the wrong β: a few nats undo most of the
# damage. Dark garments return only at β = 1. So: **if β itself is wrong, mend β.** Free bits are a safety net, and their price is a flat, unchosen use of the latents; warm-up to a wrong β is no repair at all.

# %% [markdown]
# ### When warm-up does help
# A decoder of six narrow layers is deaf at first: its initial weights shrink whatever $z$ says, so telling costs β a nat and saves nothing. The encoder falls silent
# within the first steps, and training loses time or gets stuck. Two runs with the same objective at the end, β = 2, so that their totals compare. **Expect** a difference in the *first* epochs above all.

# %%
deep, deep_history = {}, {}
for name, loss in {"β = 2 throughout": partial(beta_loss, beta=2.0), "warm-up to 2": losses.Scheduled(losses.negative_elbo, beta=losses.WarmUp(2.0))}.items():
    deep[name], deep_history[name] = train_briefly(loss, 6)
fig = plots.lines(range(1, 1 + len(deep_history["warm-up to 2"])), {name: h["train_kl"] for name, h in deep_history.items()},
                  title="Six-layer decoder: rate during training", xlabel="epoch", ylabel="R, nats per image")
fig.axes[0].xaxis.get_major_locator().set_params(integer=True)
fig

# %% tags=["nbval-ignore-output"]
deep_terms = {name: training.evaluate(model, test, partial(beta_loss, beta=2.0)) for name, model in deep.items()}
lines = "".join(f"| {name} | {v['reconstruction']:.1f} | {v['kl']:.1f} | {v['loss']:.1f} |\n" for name, v in deep_terms.items())
display(Markdown("| deep decoder | D | R | D + 2R |\n|---|---|---|---|\n" + lines))

# %% [markdown]
# Without warm-up the rate starts near 1 nat and needs the whole run to climb; with it the latents speak from the first epoch. At the end
# the rates are alike, but the early speakers use theirs better: 7 nats less in total here, and 12 and 9 nats less in trials with two other seeds. A gain from the path alone; in longer trials it shrank.

# %% [markdown]
# ## 7 · Does a latent mean something?
#
# Higgins et al. (2017) raised β for another reason: under pressure, they hoped, each latent would take one *factor* of the images: place, size, kind. `data.shapes.shapes` has five factors that we know.
#
# For a factor $v$, let $I_{(1)}$ and $I_{(2)}$ be the largest and second largest mutual information of one latent with it, and $H(v)$ its entropy. The **mutual information gap** (Chen et al. 2018) is
#
# $$\mathrm{MIG} = \operatorname*{mean}_v \frac{I_{(1)} - I_{(2)}}{H(v)}$$

# %% [markdown]
# ### ✏️ Exercise 4: the gap
# You get a table, one row a latent and one column a factor, and the entropies.

# %%
def information_gap(information, entropy):
    """Mean over factors of the relative gap between the two best latents.  (D, F), (F,) → a number"""
    ### BEGIN SOLUTION
    best = information.topk(2, dim=0).values
    return ((best[0] - best[1]) / entropy).mean()
    ### END SOLUTION

# %%
check.information_gap(information_gap)

# %% [markdown]
# β-VAE presses on the whole KL, and with it on the information. β-TCVAE presses on TC alone. Nine small VAEs with 6 latents, four epochs each: three objectives, three seeds.
# **Expect** higher MIG under pressure; watch how far the *seeds* scatter.

# %%
shapes, held_out = data.shapes.shapes(min(train_images, 10_000)), data.shapes.shapes(2000, "test")
objectives = {"β = 1": losses.negative_elbo, "β = 4": partial(losses.negative_elbo, beta=4.0),
              "β-TCVAE, β = 6": partial(losses.beta_tcvae, images=len(shapes), beta=6.0)}

def train_on_shapes(loss, seed):
    torch.manual_seed(seed)
    model = VAE(nets.mlp_encoder(shapes.shape, (128, 128)), nets.mlp_decoder(6, (128, 128), shapes.shape), 6, shapes.shape)
    training.fit(model, shapes, loss, epochs=epochs, batch_size=100, lr=5e-3, schedule="one-cycle", seed=seed)
    return model.cpu()

found = {name: [train_on_shapes(loss, seed + i) for i in range(seeds)] for name, loss in objectives.items()}

# %%
def informations(model):
    """What each latent's mean, cut into 20 bins, tells about each factor: (6, 5), nats."""
    mean = model.encode(held_out.images()).detach()
    low, high = mean.aminmax(dim=0)
    cuts = ((mean - low) / (high - low) * 20).long().clamp(max=19)
    return torch.tensor([[mutual_info_score(cut, factor) for factor in held_out.factors.T] for cut in cuts.T])

entropy = torch.tensor([mutual_info_score(factor, factor) for factor in held_out.factors.T])
table = {name: [informations(model) for model in row] for name, row in found.items()}
mig = {name: [information_gap(information, entropy).item() for information in row] for name, row in table.items()}
library = metrics.mig(found["β = 1"][0].encode(held_out.images()).detach(), held_out.factors).value
check.between("ours minus the library's", mig["β = 1"][0] - library, -0.01, 0.01)

# %% [markdown]
# Three seeds give an interval, a wide one, for the *objective*; resampling the images of one model would give one for that model only.

# %%
def interval(values):
    """Mean and 95 % t-interval of a few runs: mean ± t·s/√n."""
    v = torch.tensor(values)
    half = t.ppf(0.975, len(v) - 1) * v.std().item() / math.sqrt(len(v))
    return v.mean().item(), half

# %%
fig, ax = plots.figure(6.5, 3)
for x, ((_, values), colour) in enumerate(zip(mig.items(), plots.LINES)):
    mean, half = interval(values)
    ax.errorbar(x + 0.12, mean, half, fmt="_", markersize=14, capsize=4, color=colour)
    for i, v in enumerate(values):
        ax.annotate(str(seed + i), (x - 0.3 + 0.3 * i / seeds, v), ha="center", va="center", color=colour)
ax.set(xticks=range(3), xticklabels=mig, xlim=(-0.5, 2.5), ylim=(min(0, ax.get_ylim()[0]), None), ylabel="MIG", title="MIG: each number is one seed; bars are mean and 95 % t-interval")
fig

# %% tags=["nbval-ignore-output"]
difference = [b - a for a, b in zip(mig["β = 1"], mig["β-TCVAE, β = 6"])]
entries = mig | {"β-TCVAE minus β = 1, same seed": difference}
lines = "".join("| {} | {:.2f} ± {:.2f} | {:.2f} … {:.2f} |\n".format(name, *interval(v), min(v), max(v)) for name, v in entries.items())
display(Markdown("| objective | MIG, mean and 95 % t-interval | from … to |\n|---|---|---|\n" + lines))

# %% [markdown]
# β = 4 gains nothing over β = 1: pressure on the whole KL also presses out information. β-TCVAE has the higher mean. But look at the seeds: one run at β = 1 beats two of β-TCVAE's three, and the
# interval of the same-seed difference includes 0. Eight seeds, run once, made it 0.09 ± 0.04, a clear gain. A single run proves nothing in either direction, and three prove little.
#
# Locatello et al. (2019) trained 12,000 models and found just that: seed and β matter more than the choice of objective, and without labels nobody can tell the good seeds from the bad ones.

# %% [markdown]
# Pictures say what a number hides. Take one image's code and move one latent at a time from −2.5 to 2.5: a **latent traversal**, for the first seed of two objectives. **Look for** rows in which one thing changes and nothing else.

# %% tags=["cover"]
def traversals(model, title):
    order = metrics.kl_per_dimension(model, held_out).argsort(descending=True).tolist()
    z = model.encode(held_out.images()[:1]).detach().repeat(6, 11, 1)
    for row, d in enumerate(order):
        z[row, :, d] = torch.linspace(-2.5, 2.5, 11)
    rows = {f"z{d + 1}".translate(plots.SUBSCRIPTS): model.decode(z[row]).detach() for row, d in enumerate(order)}
    return plots.compare(rows, title=title, ticks=[f"{v:.1f}" for v in torch.linspace(-2.5, 2.5, 11)], xlabel="value of the latent")

traversals(found["β = 1"][0], "β = 1: each latent from −2.5 to 2.5, most informative first")

# %%
traversals(found["β-TCVAE, β = 6"][0], "β-TCVAE: each latent from −2.5 to 2.5, most informative first")

# %% [markdown]
# At β = 1 the second and third latent move the shape *and* change its size. In β-TCVAE one latent moves it sideways, one up and down, and one changes its size while it stays in place; a
# fourth nudges it, and the last two do nearly nothing. Here MIG and the eye agree. Every shape is a round blob: six latents and four short epochs leave no room for corners.

# %% [markdown]
# The same by hand, from the same image: six sliders.

# %% tags=["nbval-ignore-output"]
walker = found["β-TCVAE, β = 6"][0]
explore.Walk(walker, dims=6, low=-2.5, high=2.5, start=walker.encode(held_out.images()[:1])[0])

# %% [markdown]
# And in numbers, the table behind this model's MIG:

# %% tags=["nbval-ignore-output"]
share = table["β-TCVAE, β = 6"][0] / entropy
lines = "".join(f"| z{d + 1} | " + " | ".join(f"**{v:.2f}**" if v == column.max() else f"{v:.2f}" for v, column in zip(row, share.T)) + " |\n" for d, row in enumerate(share))
display(Markdown("Share of each factor's entropy that a latent of this β-TCVAE tells:\n\n| | " + " | ".join(held_out.factor_names) + " |\n|---" + "|---" * 5 + "|\n" + lines))

# %% [markdown]
# One latent tells three quarters of the scale, one more than half of x, one more than half of y, and no other comes near: wide gaps. Of rotation no latent knows anything, and of the kind of shape hardly
# one; what a model does not reconstruct it cannot disentangle. MIG averages all five, so read the columns.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
display(Markdown(f"""
- **The curve.** From β = 0.1 to 10 the rate falls from {R[0.1]:.0f} to {R[10]:.1f} nats, the distortion rises from {D[0.1]:.0f} to {D[10]:.0f}; at β = 1, D + R is {D[1] + R[1]:.0f}, and {D[0.1] + R[0.1]:.0f} and {D[10] + R[10]:.0f} at the ends.
- **Collapse.** At β = {slip:.0f} the latents tell {per_dim['β = 49'].sum():.2f} nats, after warm-up to the same β {per_dim['warm-up to 49'].sum():.2f}, with free bits {per_dim['β = 49, free bits'].sum():.1f}. In the deep decoder warm-up moves D + 2R from {deep_terms['β = 2 throughout']['loss']:.0f} to {deep_terms['warm-up to 2']['loss']:.0f}.
- **Meaning.** MIG is {interval(mig['β = 1'])[0]:.2f} at β = 1, {interval(mig['β = 4'])[0]:.2f} at β = 4 and {interval(mig['β-TCVAE, β = 6'])[0]:.2f} with β-TCVAE; same seed, the last gains {interval(difference)[0]:.2f} ± {interval(difference)[1]:.2f}.
"""))

# %% [markdown]
# **Exercises, recap**: 1 · `comparable_total`, one price for all. 2 · `cyclic`, a path for β. 3 · `free_bits`, an allowance that makes dying pointless. 4 · `information_gap`, one factor, one latent.
#
# **Try**: `capacity` instead of a β (`Scheduled(losses.capacity, nats=losses.WarmUp(20))`); `losses.Cyclic` in the deep decoder; ten seeds (`seeds=10`) in section 7.

# %% [markdown]
# ## Further reading
# - I. Higgins et al. (2017), *β-VAE: learning basic visual concepts with a constrained variational framework*.
# - A. Alemi et al. (2018), *Fixing a broken ELBO*: the rate–distortion plane.
# - S. Bowman et al. (2016), *Generating sentences from a continuous space*: collapse under a strong decoder, and warm-up. H. Fu et al. (2019), *Cyclical annealing schedule*: several times.
# - D. P. Kingma et al. (2016), *Improving variational inference with inverse autoregressive flow*: free bits. C. Burgess et al. (2018), *Understanding disentangling in β-VAE*: capacity.
# - R. Chen et al. (2018), *Isolating sources of disentanglement in VAEs*: β-TCVAE, MIG. Y. Burda et al. (2016), *Importance weighted autoencoders*: tighter bounds, active units.
# - F. Locatello et al. (2019), *Challenging common assumptions in the unsupervised learning of disentangled representations*: 12,000 models; seeds and settings matter more than the objective.
# - S1, *Variational Autoencoder for Image Generation*, AI3611, Shanghai Jiao Tong University; S2, *Image generation with Variational Autoencoders (VAE)*, Universities of Pavia and Milano.
