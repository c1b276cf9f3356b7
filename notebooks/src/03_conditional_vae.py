# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · The conditional VAE: asking for a boot
#
# [start page](00_start.ipynb) · next: [04 The β-VAE](04_beta_vae.ipynb)
#
# The model of lab 02 draws clothes, but which piece you get is left to chance. This lab gives it a second input, the class. S0, S3 and S4 are student reports, listed at the end. Afterwards you can
#
# - turn a VAE into a conditional one, and draw samples of the class that you ask for;
# - test in two ways whether a model uses its class: permuted labels, and class consistency;
# - measure with a classifier what is left of the class in $z$;
# - give the class by concatenation or by addition, and replace it by attributes;
# - say what goes wrong when a decoder is fed the wrong noise.

# %% [markdown]
# **Time and data**: about one and a half minutes on two cores, offline. Fashion-MNIST, 10,000 training and 2,000 test images of 28×28 grey pixels, is built in. What the text says about pictures was written for it and for the parameters below; the numbers are those of your run. `digits` is small: give it `epochs=20`.

# %% tags=["parameters"]
dataset: str = "fashion"  # fashion, digits are built in; mnist, fashion_full downloaded once
train_images: int = 10_000  # use at most this many training images, at least 100
epochs: int = 3  # passes over the training set for each model, at least 1
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

from dataclasses import replace

import torch
import torch.nn.functional as F
from IPython.display import Markdown, display
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from torch import nn
from torchvision.transforms.functional import gaussian_blur

# %% [markdown]
# The data, and a classifier that ships with the package. It was trained on all training images of Fashion-MNIST (for digits: of MNIST), and on no test image.

# %%
# samples are read by a classifier, and one is shipped for these data
classifier_for = {"fashion": "fashion", "fashion_full": "fashion",
                  "digits": "mnist", "mnist": "mnist"}
errors.pick("data set (this lab needs a classifier of its classes)", dataset, classifier_for)
errors.at_least("train_images", train_images, 100)
errors.at_least("epochs", epochs, 1)
torch.manual_seed(errors.check_seed(seed))

train = data.load(dataset, "train", limit=train_images)
test = data.load(dataset, "test").first(2000)
classes, K = train.classes, len(train.classes)
judge = metrics.load_features(classifier_for[dataset], device="cpu")
# with other settings, or on other data, some statements need not hold: they are not checked
full_run = "fashion" in dataset and epochs == 3 and len(train) == 10_000

# %% [markdown]
# ## 1 · Why p(x | c)
#
# First the model of lab 02. Nowhere in it can one ask for a class:

# %%
diagrams.vae()

# %% [markdown]
# One function trains all models but the two of section 3 and the shipped one of section 8.

# %%
def fit(model, images=train, epochs=epochs):
    """Train on −ELBO: all models but those of sections 3 and 8."""
    training.fit(model, images, losses.negative_elbo, epochs=epochs, batch_size=80, lr=2e-3,
                 schedule="one-cycle", seed=seed)
    return model.cpu().eval()

def generator(offset=0):
    """Random numbers that are the same in every run."""
    return torch.Generator().manual_seed(seed + offset)

# %% [markdown]
# Its networks and its 15 latents are those of the report S3. **Expect** every kind of garment, in shares that nobody chose.

# %%
vae = fit(recipes.build("fc-vae", 15, train.shape, seed))
samples = vae.sample(1000, generator=generator())
plots.sheet(samples[:20], title="Twenty samples of an unconditional VAE")

# %% [markdown]
# The classifier reads all 1,000, and beside them the VAE's reconstructions of test images, which have about equally many of each class:

# %% tags=["nbval-ignore-output"]
# in a random order, since some cells below take only the first or every second one
shuffle = torch.randperm(len(test), generator=generator())
x_test, y_test = test.images()[shuffle], test.y[shuffle]
rows = {"samples, read as": judge.classify(samples),
        "reconstructions, read as": judge.classify(vae.reconstruct(x_test)),
        "test images, their class": y_test}
plots.table(["", *classes], [[name] + [f"{n / len(y):.0%}" for n in y.bincount(minlength=K)]
                             for name, y in rows.items()])

# %% [markdown]
# The shares are far from equal. But a share near 0 % has two readings: the VAE does not draw the class, or the classifier does not recognise it in the VAE's pictures. Where the reconstructions lack a class too, the draw from the prior need not be the reason: encoder, decoder or classifier may be. Section 4 returns to this.
#
# What we want is the distribution of images *given* a class, $p(x \mid c)$. Drawing $c$ first and $x$ second then gives every class its share, since $p(x) = \sum_c p(c)\, p(x \mid c)$.

# %% [markdown]
# ## 2 · The ELBO, given c
#
# The class $c$ is known for each image, so both networks may be told:

# %%
diagrams.conditional_vae()

# %% [markdown]
# The steps of lab 02 go through with $c$ behind every bar. For the prior we *choose* $p(z \mid c) = p(z)$:
#
# $$\log p(x \mid c) \;\ge\; \mathbb E_{q(z \mid x, c)}\big[\log p(x \mid z, c)\big] - \mathrm{KL}\big(q(z \mid x, c)\,\|\,p(z)\big)$$
#
# | symbol | meaning | code below |
# |---|---|---|
# | $c$ | class, as a row of zeros with a single one | `code = one_hot(c, K)` |
# | $q(z \mid x, c) = \mathcal N(\mu, \mathrm{diag}\,\sigma^2)$ | encoder, told the class | `encoder(torch.cat([x, code], 1))` |
# | $p(x \mid z, c)$ | decoder, told the class | `decoder(torch.cat([z, code], 1))` |
# | $p(z) = \mathcal N(0, I)$ | prior, **not** told: the same for all classes | `torch.randn(n, latent_dim)` |
#
# The prior is the same for all classes, so what $z$ says about the class costs KL, while the decoder is told the class at no cost. **Expect**, then, that training removes the class from $z$. Sections 4 and 5 measure how far that is true.

# %% [markdown]
# As numbers, class 9 would be nine times class 1; in a *one-hot* row every two classes differ equally.

# %%
def one_hot(y, classes):
    """Labels as rows of zeros with a single one.  (N,) int64 → (N, classes) float"""
    return F.one_hot(y, classes).float()

# %% [markdown]
# ### ✏️ Exercise 1 (write it): `sample_class`
# To generate, only the decoder is needed. Draw a latent for each image, put the class asked for beside it, decode, and turn the decoder's answers, the *logits*, into pixels between 0 and 1. The check hands you a toy decoder of [3 latents, 6 classes] and looks at what you feed it.
#
# <details><summary>Hint 1</summary>Which distribution did the KL pull the latents towards in training?</details>
# <details><summary>Hint 2</summary><code>torch.cat([torch.randn(n, latent_dim), code], 1)</code> goes into the decoder, where <code>code</code> is <code>one_hot(torch.full((n,), c), classes)</code>; <code>torch.sigmoid</code> of what comes out.</details>

# %%
def sample_class(decoder, c, n, latent_dim=3, classes=6):
    """n images of class c.  → (n, pixels) in (0, 1)"""
    # BEGIN SOLUTION
    z = torch.randn(n, latent_dim)
    code = one_hot(torch.full((n,), c), classes)
    return torch.sigmoid(decoder(torch.cat([z, code], 1)))
    # END SOLUTION

# %%
sample_class = check.or_reference(sample_class)

# %% [markdown]
# ## 3 · By hand, with a bug
#
# Two networks of one hidden layer, and the two terms of the loss: lab 02 plus two concatenations. The pixels are grey, not 0 or 1; for them the first term is the usual stand-in for $-\log p(x \mid z, c)$, and its smallest value is not 0.

# %%
def networks(pixels, hidden=256, latents=2):
    """An encoder of [image, class] and a decoder of [z, class]."""
    encoder = nn.Sequential(
        nn.Linear(pixels + K, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latents))
    decoder = nn.Sequential(
        nn.Linear(latents + K, hidden), nn.ReLU(), nn.Linear(hidden, pixels))
    return encoder, decoder

def two_terms(encoder, decoder, x, code):
    """−log p(x | z, c) and KL, in nats per image, averaged over the batch."""
    mean, log_var = encoder(torch.cat([x, code], 1)).chunk(2, 1)  # q(z | x, c)
    z = mean + (log_var / 2).exp() * torch.randn_like(mean)
    logits = decoder(torch.cat([z, code], 1))  # p(x | z, c)
    distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    return distortion.mean(), losses.gaussian_kl(mean, log_var).sum(1).mean()

# %% [markdown]
# The loop is that of lab 02.

# %%
def train_by_hand(x, y, steps=300, batch=64):
    """The trained encoder and decoder; the −ELBO, each value the mean of ten steps."""
    torch.manual_seed(seed)
    encoder, decoder = networks(x[0].numel())
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
    log = []
    for _ in range(steps):
        i = torch.randint(len(x), (batch,))
        distortion, kl = two_terms(encoder, decoder, x[i].flatten(1), one_hot(y[i], K).to(x))
        optimizer.zero_grad()
        (distortion + kl).backward()
        optimizer.step()
        log.append((distortion + kl).item())
    return (encoder, decoder), torch.tensor(log).view(-1, 10).mean(1)

# %% [markdown]
# We shuffle first. **Look for an alarm** in the curve (its first 50 steps are left out, they would fill the axis).

# %%
x_shuffled = train.images()[torch.randperm(len(train))]
y_shuffled = train.y[torch.randperm(len(train))]
broken, broken_log = train_by_hand(x_shuffled, y_shuffled)
steps = range(60, 301, 10)
plots.lines(steps, {"run 1": broken_log[5:].tolist()}, title="−ELBO of run 1",
            xlabel="training step", ylabel="nats per image")

# %% [markdown]
# An ordinary curve. Now ask run 1 for four classes.

# %%
some = (1, 5, 8, 9)

def by_class(nets, title):
    _, decoder = nets
    with torch.no_grad():
        rows = {classes[c]: sample_class(decoder, c, 10, latent_dim=2, classes=K) for c in some}
    return plots.compare({name: row.view(10, *train.shape) for name, row in rows.items()},
                         title=title)

by_class(broken, "Run 1: ten of each class")

# %% [markdown]
# The name at the left says nothing about what stands in the row.
#
# ### ✏️ Exercise 2 (write it): `label_gain`
# A model that uses $c$ needs the right one: give its images permuted labels, and its loss must rise. Write this test. `loss(x, y)` is the −ELBO of images with labels, in nats per image; how many nats do the right labels save?
#
# <details><summary>Hint 1</summary>How do you get wrong labels without changing how often each class occurs?</details>
# <details><summary>Hint 2</summary><code>y[torch.randperm(len(y))]</code> are the same labels in a random order. Take the difference of two losses.</details>

# %%
def label_gain(loss, x, y):
    """What the right labels save, against permuted ones, in nats per image."""
    # BEGIN SOLUTION
    permuted = y[torch.randperm(len(y))]
    return loss(x, permuted) - loss(x, y)
    # END SOLUTION

# %%
label_gain = check.or_reference(label_gain)

# %% [markdown]
# Now run 1, on test images:

# %%
def loss_by_hand(nets):
    """The −ELBO of an encoder and a decoder, as a function of images and labels."""
    def loss(x, y):
        # the same noise every time
        torch.manual_seed(seed)
        with torch.no_grad():
            return sum(two_terms(*nets, x.flatten(1), one_hot(y, K).to(x))).item()
    return loss

gains = {"run 1": label_gain(loss_by_hand(broken), x_test, y_test)}
if len(train) >= 1000:
    print(check.between("what the right labels save run 1, nats per image", gains["run 1"], -2, 2))

# %% [markdown]
# Next to nothing. **Look back** at the cell that trained run 1: why does $c$ not matter to it?
#
# <details><summary>Diagnosis</summary>The cell calls <code>randperm</code> twice, so images and labels are shuffled into two different orders and no longer belong together. For the model c is noise: the decoder learns to ignore it.</details>
#
# **Repair**: one order for both.

# %%
del x_shuffled, y_shuffled
order = torch.randperm(len(train))
repaired, repaired_log = train_by_hand(train.images()[order], train.y[order])
plots.lines(steps, {"run 1, two orders": broken_log[5:].tolist(),
                    "run 2, one order": repaired_log[5:].tolist()},
            title="−ELBO of two runs", xlabel="training step", ylabel="nats per image")

# %% [markdown]
# **Expect** rows that follow their names.

# %%
by_class(repaired, "Run 2, one order for images and labels: ten of each class")

# %% [markdown]
# `label_gain` looks at test images, whose $z$ comes from the encoder. Samples take theirs from the prior and need a number of their own: **class consistency**, the share of samples that a classifier reads as the class asked for, each class being asked for equally often. A decoder that ignores $c$ scores $1/K$, **chance**.

# %%
def consistency(nets, n=1000):
    """The share of n samples that is read as the class asked for, with its 95 % interval."""
    _, decoder = nets
    with torch.no_grad():
        images = torch.cat([sample_class(decoder, c, n // K, latent_dim=2, classes=K)
                            for c in range(K)])
    asked = torch.arange(K).repeat_interleave(n // K)
    return metrics.consistency_of(images.view(-1, *train.shape), asked, features=judge, seed=seed)

by_hand = {"run 1": consistency(broken), "run 2": consistency(repaired)}
print(check.between("class consistency of run 1", by_hand["run 1"].value, 0.03, 0.19))
if full_run:
    print(check.between("class consistency of run 2", by_hand["run 2"].value, 0.25, 1))

# %% [markdown]
# Both numbers for both runs:

# %% tags=["nbval-ignore-output"]
gains["run 2"] = label_gain(loss_by_hand(repaired), x_test, y_test)
loss = {"run 1": loss_by_hand(broken)(x_test, y_test),
        "run 2": loss_by_hand(repaired)(x_test, y_test)}
consistency_of_real = (judge.classify(x_test) == y_test).float().mean().item()

def with_interval(score):
    return f"{score.value:.0%} [{score.low:.0%}, {score.high:.0%}]"

plots.table(["nats per image; shares", "−ELBO", "right labels save", "class consistency"],
            [[name, f"{loss[name]:.1f}", f"{gains[name]:.1f}", with_interval(by_hand[name])]
             for name in loss]
            + [["real images", "–", "–", f"{consistency_of_real:.0%}"]])

# %% [markdown]
# The samples of run 2 follow their class well above chance, and far below real images. (The interval is for other samples of one training.) Run 1's curve alone does not show its fault; a second number does.

# %% [markdown]
# ## 4 · A better network, and a surprise
#
# From here on the code is the package's. `recipes.build("fc-cvae", …)` is S3's conditional VAE: the model of section 1, three hidden layers of 400 on either side and 15 latents, with the one-hot row concatenated to the image and to $z$. It has more weights than ours and sees more images. **Expect** higher numbers than those of run 2.

# %%
def ten_of_each(model, title):
    """Row c: ten samples of class c."""
    rows = {classes[c]: model.sample(10, c, generator=generator(c)) for c in range(K)}
    return plots.compare(rows, title=title, scale=0.5)

def build(**changes):
    return recipes.build("fc-cvae", 15, train.shape, seed, classes=K, **changes)

plain = fit(build())
ten_of_each(plain, "S3's conditional VAE: ten of each class")

# %% [markdown]
# Both numbers again:

# %% tags=["nbval-ignore-output"]
def asked_for(model):
    """Class consistency of 1,000 samples, with its 95 % interval."""
    return metrics.class_consistency(model, range(K), n=1000, features=judge, seed=seed)

def loss_of(model):
    """The −ELBO of a model of the package, as a function of images and labels."""
    def loss(x, y):
        torch.manual_seed(seed)
        with torch.no_grad():
            return losses.negative_elbo(model(x, y), x)["loss"].mean().item()
    return loss

follows = {"plain": asked_for(plain)}
loss["plain"] = loss_of(plain)(x_test, y_test)
gains["plain"] = label_gain(loss_of(plain), x_test, y_test)

# %% [markdown]
# Beside run 2:

# %% tags=["nbval-ignore-output"]
here, ours = follows["plain"], by_hand["run 2"]
verdict = ("lower" if here.high < ours.low else "higher" if here.low > ours.high
           else "not told apart: the intervals overlap")
display(plots.table(
    ["", "−ELBO, nats per image", "right labels save", "class consistency"],
    [[words, f"{loss[name]:.1f}", f"{gains[name]:.1f}", with_interval(score)]
     for words, name, score in (("run 2", "run 2", ours), ("S3's network", "plain", here))]))
display(Markdown(f"Class consistency of S3's network: **{verdict}**."))

# %% [markdown]
# On Fashion-MNIST that is a surprise: the right labels save this network many nats, so it uses them, and yet most of its rows hold many other classes. Is the class still in $z$ too, so that a $z$ from the prior says one class and $c$ another? Ask a classifier that sees **nothing but z**, a *probe*.

# %% [markdown]
# ### ✏️ Exercise 3 (find the bug): `probe`
# A first attempt fits a linear classifier to latents and returns its share of right answers. To try it out, it gets *pure noise* in place of latents, so that a correct probe finds chance.

# %%
def first_attempt(z, y):
    """How well the class can be read from z.  (N, D), (N,) → share of images read correctly"""
    classifier = LogisticRegression(max_iter=1000).fit(z[::2], y[::2])
    return classifier.score(z[::2], y[::2])

noise = torch.randn(200, 100, generator=generator())
print(f"class read from noise: {first_attempt(noise, y_test[:200]):.0%}")

# %% [markdown]
# It reads the class from noise. Find out why, and write the mended one.
#
# <details><summary>Hint 1</summary>Which images has the classifier seen before it is asked about them?</details>
# <details><summary>Hint 2</summary><code>[::2]</code> are the images 0, 2, 4 …; <code>[1::2]</code> are the others.</details>

# %%
def probe(z, y):
    """How well the class can be read from z.  (N, D), (N,) → share of unseen images"""
    # BEGIN SOLUTION
    classifier = LogisticRegression(max_iter=1000).fit(z[::2], y[::2])
    return classifier.score(z[1::2], y[1::2])
    # END SOLUTION

# %%
probe = check.or_reference(probe)
print(f"class read from noise: {probe(noise, y_test[:200]):.0%}")

# %% [markdown]
# Now your probe and the test images. It reads one draw from each $q(z \mid x, c)$, which is what the decoder is given in training. **Expect**, by section 2, chance for the conditional VAE.

# %% tags=["nbval-ignore-output"]
def draw_z(model, *c):
    """One draw of q(z | x) or q(z | x, c) for each test image."""
    torch.manual_seed(seed)
    with torch.no_grad():
        return model(x_test, *c).z

known = {"VAE": probe(draw_z(vae), y_test), "plain": probe(draw_z(plain, y_test), y_test)}
plots.table(["class read from z", "share of test images"],
            [["VAE, not told", f"{known['VAE']:.0%}"],
             ["conditional VAE", f"{known['plain']:.0%}"], ["chance", f"{1 / K:.0%}"]])

# %% [markdown]
# The condition took a part of the class out of $z$, but far from all of it. In training $z$ and $c$ agree, so the decoder may rely on either. When we sample, $z$ comes from the prior and knows nothing of $c$; where the decoder relies on $z$, it can draw the class that $z$ suggests.
#
# Why would a network pay KL for what it is told anyway? Two explanations:
#
# - **time**: the class would leave $z$ if training went on;
# - **scale**: in the encoder $c$ is a single 1 among hundreds of inputs, in the decoder it stands beside 15 latents, so both learn to use it late, when the class is already in $z$.
#
# S0 puts a *weight* on its condition. Borrow that: a row of zeros with a single 5, in both networks. One step of the optimizer can then change the influence of $c$ five times as much. And for the first explanation, three times the epochs. **Expect** both to help; which more?

# %%
long = fit(build(), epochs=3 * epochs)
cvae = fit(build(weight=5.0))
models = {"plain": plain, "plain, 3 × epochs": long, "weight 5": cvae}
ten_of_each(cvae, "Weight 5: ten of each class")

# %% [markdown]
# All four on test images, class consistency on samples; *plain* has weight 1:

# %% tags=["nbval-ignore-output"]
def copies_of(model, *c):
    return model.reconstruct(x_test, *c)

def row(name, model, *c):
    torch.manual_seed(seed)
    with torch.no_grad():
        terms = losses.negative_elbo(model(x_test, *c), x_test)
    known[name] = probe(draw_z(model, *c), y_test)
    if c:
        follows[name] = asked_for(model)
        gains[name] = label_gain(loss_of(model), x_test, y_test)
    copied = (judge.classify(copies_of(model, *c)) == y_test).float().mean()
    return [name, f"{terms['loss'].mean():.1f}", f"{terms['kl'].mean():.1f}",
            f"{gains[name]:.1f}" if c else "–", f"{known[name]:.0%}",
            f"{follows[name].value:.0%}" if c else "–", f"{copied:.0%}"]

rows = [row("VAE", vae)] + [row(name, model, y_test) for name, model in models.items()]
plots.table(["nats per image; shares", "−ELBO", "KL", "right labels save", "class read from z",
             "class consistency", "reconstructions read correctly"], rows)

# %% [markdown]
# What each of the two changed:

# %% tags=["nbval-ignore-output"]
gap = follows["weight 5"].value - follows["plain"].value
by_time = follows["plain, 3 × epochs"].value - follows["plain"].value
if full_run:
    print(check.between("class consistency, weight 5 minus plain", gap, 0.1, 1))
    print(check.between("class read from z, VAE minus weight 5",
                        known["VAE"] - known["weight 5"], 0.25, 1))
display(Markdown(f"Weight 5 changes class consistency by **{100 * gap:+.0f}** points, "
                 f"three times the epochs by **{100 * by_time:+.0f}**."))

# %% [markdown]
# On Fashion-MNIST three times the epochs lower the −ELBO most, but class consistency moves little. The weight takes out of $z$ most of what a linear probe can read (it can miss a class that is there in another form), and the samples follow. That is **consistent with** the second explanation, and no proof: the weight rescales the input of *both* networks, and acts as a larger learning rate for these columns.

# %% [markdown]
# Even a *reconstruction*, made from a test image with its own class, is read correctly less often than a real image. Blur is the suspect. **Expect** real images, blurred by a 5×5 Gaussian kernel (our choice), to be confused alike.

# %%
def confusion(images):
    """Of each class (row), the share that is read as each class (column).  (K, K)"""
    counts = torch.zeros(K, K)
    counts.index_put_((y_test, judge.classify(images)), torch.tensor(1.0), accumulate=True)
    return counts / counts.sum(1, keepdim=True).clamp(min=1)

read = {"real": confusion(x_test), "real, blurred": confusion(gaussian_blur(x_test, 5, 1.5)),
        "reconstructions": confusion(copies_of(cvae, y_test))}
short = [name.split("/")[0].replace("Ankle boot", "Boot") for name in classes]
figure, axes = plots.figure(9, 3.5, 3)
for ax, (name, shares) in zip(axes, read.items()):
    drawn = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ax.set(title=f"{name}: {shares.diag().mean():.0%} right", xlabel="read as")
    ax.set_xticks(range(K), short, rotation=90)
    ax.set_yticks(range(K), short if ax is axes[0] else [])
    ax.grid(False)
axes[0].set_ylabel("class")
figure.colorbar(drawn, ax=axes, shrink=0.7, label="share of the class")
figure

# %% [markdown]
# The largest entries off the diagonal:

# %% tags=["nbval-ignore-output"]
def worst(shares, n=3):
    """The n largest shares off the diagonal."""
    off = shares - torch.diag(shares.diag())
    places = [divmod(i.item(), K) for i in off.flatten().topk(n).indices]
    return ", ".join(f"{short[a]} as {short[b]} {shares[a, b]:.0%}" for a, b in places)

plots.table(["images", "read correctly", "most frequent confusions"],
            [[name, f"{shares.diag().mean():.0%}", worst(shares)]
             for name, shares in read.items()])

# %% [markdown]
# On Fashion-MNIST blurred images and reconstructions alike turn coats and shirts into pullovers and sandals into other shoes; trousers suffer from our blur only. Hardly any of them is read as Coat: its share in section 1 need not mean that none was drawn.
#
# In the table of four models compare the last two columns. The samples of *weight 5* are read nearly as well as its reconstructions, so most of what is missing is missing in its reconstructions already. Those of *plain* are read far less well than its reconstructions: there drawing $z$ from the prior loses more.

# %% [markdown]
# ## 5 · What z encodes instead
#
# t-SNE lays out the $z$ of 400 test images in two dimensions; its *perplexity*, here 30, says how many neighbours of a point count. **Expect** the groups by colour to dissolve where the class is given.

# %%
def z_map(ax, z, title, n=400):
    """The t-SNE of n latents, each class in its colour."""
    perplexity = min(30, (min(n, len(z)) - 1) / 3)
    flat = TSNE(init="pca", random_state=0, perplexity=perplexity).fit_transform(z[:n].numpy())
    for k, name in enumerate(short):
        across, up = flat[y_test[:n].numpy() == k].T
        ax.scatter(across, up, s=26, color=plots.CLASSES[k % len(plots.CLASSES)], label=name,
                   marker="os^Dv"[k % 5], edgecolors="black", linewidths=0.3)
    ax.set(title=title, xlabel="t-SNE 1", ylabel="t-SNE 2", xticks=[], yticks=[])

figure, axes = plots.figure(9, 4.4, 2)
z_map(axes[0], draw_z(vae), "VAE")
z_map(axes[1], draw_z(cvae, y_test), "Conditional VAE, weight 5")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
figure

# %% [markdown]
# At the left trousers, many bags and the shoes form groups, and the tops overlap; at the right all mix. If $z$ does not hold the class, it holds what varies within a class. Cross the two: **one z per column, one class per row.**

# %%
z = torch.randn(10, 15, generator=generator())
with torch.no_grad():
    crossed = {classes[c]: cvae.decode(z, c) for c in range(K)}
plots.compare(crossed, title="Same z down a column, same class along a row", scale=0.5,
              ticks=[f"z {i + 1}" for i in range(10)])

# %% [markdown]
# Along a row the class mostly stays and the rest varies. Does a $z$ that makes a bright T-shirt make everything bright? Ask 500 of them:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    many = torch.randn(500, 15, generator=generator())
    brightness = torch.stack([cvae.decode(many, c).mean((1, 2, 3)) for c in range(K)])
alike = torch.corrcoef(brightness)[0]
plots.table(["correlation of mean pixels", *short],
            [[f"with {short[0]}", *(f"{each:.2f}" for each in alike)]])

# %% [markdown]
# Near 1 the same $z$ are bright for both classes, near 0 no straight line links the two. Nothing in the loss makes $z$ mean the same for every class.
#
# Giving an image's $z$ another $c$ is a simple **style transfer**: encode with the own class, decode with another.

# %% tags=["cover"]
few = torch.stack([x_test[y_test == c][i] for c in (1, 9) for i in range(5)])
with torch.no_grad():
    style = cvae.encode(few, torch.tensor([1] * 5 + [9] * 5))
    transfer = {"test image": few} | {f"as {classes[c]}": cvae.decode(style, c)
                                      for c in (1, 9, 2, 8)}
plots.compare(transfer, title=f"Style transfer: the z of five {classes[1]} and five {classes[9]} "
              "images, decoded as other classes")

# %% [markdown]
# Print and seams do not travel: the reconstructions have lost them already.
#
# Now by hand. The square spans the two latents with most KL, decoded as the class chosen; its points are the codes of test images. Drag, or use the arrow keys, then choose another class at the same place. **Find out**: where does a T-shirt get brighter, and which classes do *not*?
#
# <details><summary>Answer</summary>Those with the lowest correlation above are the candidates.</details>

# %% tags=["nbval-ignore-output"]
most_kl = metrics.kl_per_dimension(cvae, test).argsort(descending=True)[:2].tolist()
explore.walk(cvae, test, dims=most_kl, classes=classes)

# %% [markdown]
# ## 6 · Other ways to give the condition
#
# | `condition=` | what happens | report |
# |---|---|---|
# | `"one-hot"` | the row is **concatenated** to features and latent | S3, S4 |
# | `"embedding"` | label → a learned vector (*embedding*) → small network, **added** to $z$; the encoder is not told | S0 |
# | `"attributes"` | a row of several 0/1 **attributes**, concatenated | S4, on CelebA |

# %% tags=["nbval-ignore-output"]
added = fit(build(condition="embedding"))
follows["added"] = asked_for(added)
gains["added"] = label_gain(loss_of(added), x_test, y_test)
known["added"] = probe(draw_z(added, y_test), y_test)
in_words = {"plain": "concatenated", "weight 5": "concatenated, weight 5",
            "added": "added, weight 1"}
plots.table(["condition", "right labels save", "class read from z", "class consistency"],
            [[words, f"{gains[name]:.1f} nats", f"{known[name]:.0%}", with_interval(follows[name])]
             for name, words in in_words.items()])

# %% [markdown]
# S0's encoder is not told the class. On Fashion-MNIST the right labels save many nats, and yet $z$ keeps the class and few samples follow. A large label gain is not enough: it is measured with $z$ from the encoder.
#
# **Attributes** describe an image by several properties at once. S4 uses CelebA's 40; here we derive some from the class. They say what is typical of a *class*, and two classes can have the same row.

# %%
clothes = {"on feet": [5, 7, 9], "open toes": [5], "high": [9], "sleeves": [2, 4, 6],
           "opens in front": [4, 6], "covers legs": [1, 3], "two legs": [1], "carried": [8]}
strokes = {"loop": [0, 6, 8, 9], "2nd loop": [8], "stem": [1, 4, 9], "flat top": [5, 7],
           "open left": [3, 5], "flat foot": [2]}
holders = strokes if classifier_for[dataset] == "mnist" else clothes
names = list(holders)
has = torch.tensor([[int(c in holders[name]) for name in names] for c in range(K)])
plots.table(["", *names], [[name, *("1" if bit else "·" for bit in row)]
                           for name, row in zip(classes, has)])

# %% [markdown]
# These rows take the place of the labels:

# %%
described = replace(train, y=has[train.y], classes=tuple(names))
by_attribute = fit(recipes.build("fc-cvae", 15, train.shape, seed, condition="attributes",
                                 classes=len(names), weight=5.0), described)

# %% [markdown]
# A row of attributes can be one that **no training image has**. **Expect** something between the known rows, and be sceptical.

# %%
wishes = [names[3:4], names[5:6], [names[3], names[5]], names[:2], names[:3]]

def wish(some):
    """A row of pictures with some attributes, its name starred if no class has just these."""
    row = torch.tensor([int(name in some) for name in names])
    new = not (has == row).all(1).any()
    return " + ".join(some) + " ★" * new, by_attribute.decode(z, row).detach()

plots.compare(dict(map(wish, wishes)), title="★ no training image has this", scale=0.6)

# %% [markdown]
# On Fashion-MNIST the third row hangs sleeves on the body of the second, and the last makes the shoes of the fourth higher. No test image carries a starred row, so we cannot measure how right it is.
#
# Switch attributes on and off. **Find out**: with the first one on, which others still change the picture?

# %% tags=["nbval-ignore-output"]
explore.attributes(by_attribute, names, n=10, seed=seed)

# %% [markdown]
# ## 7 · Two reports' networks, equal budget
#
# Both reports concatenate a one-hot row, with weight 1. But S3 has fully connected networks and 15 latents, S4 convolutions and two; S3's network with two latents stands between. Images, epochs, batches and learning rate are equal.

# %%
small = fit(recipes.build("fc-cvae", 2, train.shape, seed, classes=K))
conv = recipes.build("conv-cvae-mnist", 2, train.shape, seed, classes=K)
# another order in memory, for speed
conv = fit(conv.to(memory_format=torch.channels_last))
systems = {"S3: fc, z = 15": plain, "fc, z = 2": small, "S4: conv, z = 2": conv}

# %% [markdown]
# In numbers:

# %% tags=["nbval-ignore-output"]
scores = {name: asked_for(model) for name, model in systems.items()}
plots.table(["system", "weights", "−ELBO, nats per image", "right labels save",
             "class consistency"],
            [[name, f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M",
              f"{loss_of(model)(x_test, y_test):.1f}",
              f"{label_gain(loss_of(model), x_test, y_test):.1f}", with_interval(scores[name])]
             for name, model in systems.items()])

# %% [markdown]
# With two latents the single 1 of $c$ stands beside 2 numbers in the decoder, not beside 15:

# %% tags=["nbval-ignore-output"]
moved = scores["fc, z = 2"].value - scores["S3: fc, z = 15"].value
display(Markdown(f"Class consistency moves by **{100 * moved:+.0f}** points, "
                 f"with weight 5 in section 4 by **{100 * gap:+.0f}**."))

# %% [markdown]
# On Fashion-MNIST this is little beside the weight. Why section 3's shallow network does better we have not measured. This is no ranking.

# %% [markdown]
# ## 8 · The wrong noise
#
# S0 (CIFAR-10) feeds its decoder *uniform* noise, while its prior is $\mathcal N(0, I)$: `torch.rand` for `torch.randn`. Then the mean is ½ and not 0, the standard deviation $1/\sqrt{12} \approx 0.29$ and not 1.
#
# We take a convolutional conditional VAE that ships with the package, trained on all of Fashion-MNIST with 20 latents (do not compare its values with ours), and two scores: class consistency, and **variety within a class**, the mean distance of two samples of one class as the classifier's features see it, divided by that of real images: 1 is what real images have, 0 is one picture repeated.

# %%
shipped = pretrained.load("conv-cvae-fashion").model
real = data.load("fashion", "test").first(2000)
n, d = 1000, shipped.latent_dim
uniform = torch.rand(n, d, generator=generator())
fed = {"Gaussian": torch.randn(n, d, generator=generator()), "uniform": uniform,
       # mean 0 and variance 1
       "uniform, rescaled": 12**0.5 * (uniform - 0.5)}

# %% [markdown]
# ### ✏️ Exercise 4 (predict it)
# What falls with uniform noise in place of Gaussian? "Falls" means: class consistency by more than 5 points, variety by more than a tenth.
#
# a. both class consistency and variety fall · b. variety falls, class consistency does not · c. class consistency falls, variety does not · d. neither falls
#
# <details><summary>Hint 1</summary>Is one coordinate of uniform noise unusual for N(0, 1)? And how far apart are two whole vectors?</details>
# <details><summary>Hint 2</summary>Each coordinate lies between 0 and 1, so within one standard deviation of the prior's centre and always on the same side.</details>

# %%
# BEGIN SOLUTION
guess = "b"
# END SOLUTION

# %% [markdown]
# Now look …

# %%
with torch.no_grad():
    bags = {name: shipped.decode(latent[:12], 8) for name, latent in fed.items()}
plots.compare(bags, title="Twelve bags, three kinds of noise")

# %% [markdown]
# … and measure.

# %% tags=["nbval-ignore-output"]
asked = torch.arange(n) % 10
fashion = metrics.load_features("fashion", device="cpu")
followed, variety = {}, {}
for name, latent in fed.items():
    with torch.no_grad():
        images = shipped.decode(latent, asked)
    followed[name] = metrics.consistency_of(images, asked, features=fashion).value
    variety[name] = metrics.class_variety(images, asked, real, features=fashion, seed=seed).value
plots.table(["fed", "mean", "mean distance of two z", "class consistency",
             "variety within a class"],
            [[name, f"{fed[name].mean():.2f}", f"{torch.pdist(fed[name]).mean():.2f}",
              f"{followed[name]:.0%}", f"{variety[name]:.2f}"] for name in fed])

# %%
print(check.between("variety, uniform over Gaussian",
                    variety["uniform"] / variety["Gaussian"], 0.1, 0.8))
print(check.between("variety, rescaled over Gaussian",
                    variety["uniform, rescaled"] / variety["Gaussian"], 0.85, 1.15))
falls = followed["uniform"] < followed["Gaussian"] - 0.05
narrows = variety["uniform"] < 0.9 * variety["Gaussian"]
check.prediction(
    guess,
    {"a": falls and narrows, "b": narrows and not falls, "c": falls and not narrows,
     "d": not falls and not narrows},
    because="Each coordinate is a usual one, but the vectors lie close together.",
)

# %% [markdown]
# The middle row may look *better* than the first. But its bags are much alike, which class consistency does not see, and variety does. Rescaled to mean 0 and variance 1, uniform vectors are as far apart as Gaussian ones, and the variety is back.
#
# Does the gain of section 4 have a price in variety?

# %% tags=["nbval-ignore-output"]
def variety_of(model):
    images = model.sample(n, asked, generator=generator())
    return metrics.class_variety(images, asked, test, features=judge, seed=seed).value

plots.table(["section 4", "class consistency", "variety within a class"],
            [[name, f"{follows[name].value:.0%}", f"{variety_of(model):.2f}"]
             for name, model in models.items()])

# %% [markdown]
# On Fashion-MNIST *weight 5* gains class consistency and loses variety. How much of the variety of *plain* is only samples of wrong classes we have not measured. Lab 05 looks for scores that see both at once.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
display(Markdown("\n".join([
    f"- **Is c used?** With labels out of order the right ones save {gains['run 1']:.1f} nats per "
    f"image and class consistency is {by_hand['run 1'].value:.0%}; in order {gains['run 2']:.0f} "
    f"nats and {by_hand['run 2'].value:.0%}; chance is {1 / K:.0%}.",
    f"- **What does z know?** A probe reads the class from z for {known['VAE']:.0%} of images "
    f"without the condition, {known['plain']:.0%} with it, {known['weight 5']:.0%} at weight 5; "
    f"class consistency is {follows['plain'].value:.0%} and {follows['weight 5'].value:.0%}.",
    f"- **The wrong noise**: variety of the shipped VAE fed with Gaussian noise "
    f"{variety['Gaussian']:.2f}, with uniform noise {variety['uniform']:.2f}, rescaled "
    f"{variety['uniform, rescaled']:.2f}; class consistency {followed['Gaussian']:.0%}, "
    f"{followed['uniform']:.0%}, {followed['uniform, rescaled']:.0%}.",
])))

# %% [markdown]
# **Next**: here the KL had weight 1 throughout, and what $z$ kept changed with the condition's weight. [Lab 04](04_beta_vae.ipynb) changes the weight of the KL itself, β.

# %% [markdown]
# **To read**
# - K. Sohn, H. Lee, X. Yan (2015), *Learning Structured Output Representation using Deep Conditional Generative Models*: the conditional VAE, with a prior that may depend on the condition.
# - D. P. Kingma, D. J. Rezende, S. Mohamed, M. Welling (2014), *Semi-supervised Learning with Deep Generative Models*: class beside style, when few images have labels.
# - S0, *Variational Autoencoder for Image Generation*, TDDE70, Linköping University: the label's vector added to the latent, and uniform noise.
# - S3, *Generative models using VAEs & GANs*, CPSC 8810, Clemson University: the fully connected conditional VAE with 15 latents.
# - S4, *Generating Images using conditional Variational Autoencoders*: the convolutional one with two latents, and attributes.
