# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · The autoencoder: an image in a few numbers
#
# [start page](00_start.ipynb) · next: [02 The variational autoencoder](02_variational_autoencoder.ipynb)
#
# Take an image of 784 pixels, write it down as two numbers, or eight, and rebuild it from them. By the end of this lab you can
#
# - write compression as a loss, and say which number any method must beat,
# - compute the classical answer (PCA), build the convolutional autoencoder of a student report, and compare both at equal latent size,
# - read a latent map, and show **with a measurement** when decoding arbitrary latents fails,
# - say which of these failures can be repaired afterwards, and which ones the next lab has to repair.
#
# **Time**: about 1 minute of computing on two CPU cores, without your reading. **Data**: built in, no network needed.

# %% tags=["parameters"]
dataset: str = "fashion"      # fashion, digits (built in); mnist, fashion_full (downloaded once)
train_images: int = 10_000    # train on the first so many images
epochs: int = 3               # passes over the training set, for each latent size
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
from vaekit import data, errors, explore, losses, plots, recipes, training
from vaekit.course import check, diagrams

import torch
from IPython.display import Markdown, display
from torch import nn

# %% [markdown]
# ## 1 · The task: keep a few numbers, lose little
#
# Images in this course are tensors of shape (N, C, H, W) with values in [0, 1]. The default data is Fashion-MNIST (Xiao et al. 2017): ten classes of garments, here 1,000 training and 200 test images of each.

# %%
errors.at_least("epochs", epochs, 1)
errors.check_seed(seed)
train = data.load(dataset, "train", limit=train_images)
test = data.load(dataset, "test")
x_train, x_test = train.images(), test.images()
plots.sheet(x_test[:30], title=f"{dataset}: the first 30 test images")

# %% [markdown]
# Neighbouring pixels agree, the corners are mostly black, shapes repeat: a compressor can use that.

# %% [markdown]
# An **autoencoder** is a pair of functions. The *encoder* $f$ turns an image $x$ into a short vector $z = f(x)$ of $d$ numbers, its **code** or **latent**. The *decoder* $g$ turns it back: $\hat x = g(z)$. Both are judged by one number, how far the copy is from the original:
#
# $$\ell(x, \hat x) = \lVert x - \hat x \rVert^2, \qquad \hat x = g(f(x))$$
#
# where $\lVert\cdot\rVert$ is the length of the difference, with all pixels in one long vector.

# %%
diagrams.autoencoder()

# %% [markdown]
# ### ✏️ Exercise 1 (write it): the squared error of an image
# Write $\ell$ for a **batch**, several images in one tensor: one number *per image*, so that we stay free to average over images later.
#
# <details><summary>Hint 1</summary>Which axes of (N, C, H, W) belong to one image?</details>
# <details><summary>Hint 2</summary>flatten(1) makes one long row of each image; sum(1) adds along the rows.</details>

# %%
def squared_error(x, x_hat):
    """The squared distance between images and their copies.  x, x_hat: (N, C, H, W) → (N,)"""
    # BEGIN SOLUTION
    return (x - x_hat).square().flatten(1).sum(1)
    # END SOLUTION

# %%
squared_error = check.or_reference(squared_error)

# %% [markdown]
# Why a sum over pixels, and no average? Lab 02 adds a second term to this error, and an average would make that term 784 times as heavy.
#
# What is the error of a decoder that is given **no** number ($d = 0$) and always answers with the mean of the training images? Every method has to undercut its error.

# %%
mean_image = x_train.mean(0, keepdim=True)
averages = mean_image.expand_as(x_test)
mean_error = squared_error(x_test, averages).mean().item()
rows = {"test image": x_test[:10], "copy": averages[:10]}
plots.compare(rows, title=f"d = 0: always the mean image, squared error {mean_error:.3g}")

# %% [markdown]
# ## 2 · PCA, the baseline to beat
#
# The best answer among *linear* encoders and decoders has been known for a century. Let $\mu$ be the mean training image and $V$ the $784 \times d$ matrix whose columns are the $d$ orthonormal directions in which the training images vary most. Principal component analysis keeps the coordinates along them:
#
# $$z = V^\top (x - \mu), \qquad \hat x = \mu + V z$$
#
# In code images are rows, so $V^\top (x - \mu)$ reads `(x - mean) @ V`. A linear autoencoder can do no better on the training images: its optimum spans these very directions (Bourlard & Kamp 1988; Baldi & Hornik 1989). So PCA is the method to compare with.

# %% [markdown]
# ### ✏️ Exercise 2 (find the bug): it explains nothing
# $V$ holds eigenvectors of the training images' covariance matrix, as columns. This function looks right, and its copies explain almost nothing:

# %%
def suspect_pca(train, x, k):
    mean = train.mean(0)
    centred = train - mean
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, :k]
    return mean + (x - mean) @ directions @ directions.T


suspect_copies = suspect_pca(x_train.flatten(1), x_test.flatten(1), 32).view_as(x_test)
suspect_error = squared_error(x_test, suspect_copies).mean().item()
removed = 1 - suspect_error / mean_error
check.between("share of the error that 32 components remove", removed, 0, 0.05)

# %% [markdown]
# Write the function as it should be: x rebuilt from its k principal components.
#
# <details><summary>Hint 1</summary>In which order does torch.linalg.eigh return the eigenvalues? Its documentation says so in one word.</details>
# <details><summary>Hint 2</summary>The eigenvalues ascend, so the directions of largest variance are the last k columns.</details>

# %%
def pca(train, x, k):
    """x rebuilt from its k principal components in `train`.  (M, P), (N, P), int → (N, P)"""
    # BEGIN SOLUTION
    mean = train.mean(0)
    centred = train - mean
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -k:]
    return mean + (x - mean) @ directions @ directions.T
    # END SOLUTION

# %%
pca = check.or_reference(pca)

# %% [markdown]
# Now on images: flatten, rebuild, unflatten.

# %%
SIZES = [1, 2, 4, 8, 16, 32]
pca_error, rows = [], {"test image": x_test[:10]}
for d in SIZES:
    copies = pca(x_train.flatten(1), x_test.flatten(1), d).view_as(x_test)
    pca_error.append(squared_error(x_test, copies).mean().item())
    if d in (2, 8, 32):
        rows[f"PCA, d = {d}"] = copies[:10].clamp(0, 1)
plots.compare(rows, title="The linear baseline")

# %%
check.between("PCA, d = 32: error over the mean image's", pca_error[-1] / mean_error, 0.01, 0.3)

# %% [markdown]
# On Fashion-MNIST most of the ten copies at d = 2 show a top, a trouser or a shoe, two a mixture; thirty-two numbers bring most outlines back. A copy is the mean plus a weighted *sum* of d fixed pictures.

# %% [markdown]
# ## 3 · A network with a narrow middle
#
# An autoencoder replaces the two matrices by networks. We take the convolutional one of S4 (*Generating Images using conditional Variational Autoencoders*), unchanged. Each strided convolution halves height and width (rounded), so that later layers see larger parts of the picture; the first makes 8 channels, and each further one doubles them. `BatchNorm2d` brings each channel to mean 0 and variance 1 over the batch, then scales and shifts it. The last `Linear` gives the code. S4 uses $d = 4$.

# %%
torch.manual_seed(seed)
channels, d = train.shape[0], 4
encoder = nn.Sequential(
    # 28×28 → 14×14
    nn.Conv2d(channels, 8, 3, stride=2, padding=1), nn.ReLU(),
    # 14×14 → 7×7
    nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
    # 7×7 → 3×3
    nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
    nn.Flatten(), nn.Linear(32 * 3 * 3, 128), nn.ReLU(),
    # the code z
    nn.Linear(128, d),
)

# %% [markdown]
# The decoder goes the same way back. A *transposed* convolution of stride 2 about doubles the image; `output_padding` decides between the two sizes that halve to the same one. The sigmoid keeps pixels in [0, 1].

# %%
decoder = nn.Sequential(
    nn.Linear(d, 128), nn.ReLU(),
    nn.Linear(128, 32 * 3 * 3), nn.ReLU(), nn.Unflatten(1, (32, 3, 3)),
    # 3×3 → 7×7
    nn.ConvTranspose2d(32, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU(),
    # 7×7 → 14×14
    nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),
    nn.BatchNorm2d(8), nn.ReLU(),
    # 14×14 → 28×28
    nn.ConvTranspose2d(8, channels, 3, stride=2, padding=1, output_padding=1), nn.Sigmoid(),
)
two = encoder(x_test[:2])
print(f"{tuple(x_test[:2].shape)} → {tuple(two.shape)} → {tuple(decoder(two).shape)}")

# %% [markdown]
# A training step is five lines, the same for most models of this course (a GAN takes two such steps in turn): take a **batch**, compute the **loss**, clear the gradients, go **backward**, **step**. One pass over the data:

# %%
autoencoder = nn.Sequential(encoder, decoder).train()
optimizer = torch.optim.Adam(autoencoder.parameters(), lr=3e-3)
order = torch.Generator().manual_seed(seed)
for x, _ in train.batches(64, shuffle=True, generator=order):
    # ℓ, averaged over the images of the batch
    loss = squared_error(x, autoencoder(x)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% [markdown]
# **Expect** rough copies after a single pass.

# %%
# eval: BatchNorm uses averages from the training, not of this batch
with torch.no_grad():
    copies = autoencoder.eval()(x_test)
first_error = squared_error(x_test, copies).mean().item()
rows = {"test image": x_test[:10], "copy": copies[:10]}
plots.compare(rows, title=f"d = 4, one pass: squared error {first_error:.3g}")

# %% [markdown]
# Four numbers already carry mostly the kind of garment and how bright it is. From here on `recipes.build` makes this same network and `training.fit` runs this same loop, with a progress bar and another learning rate: not 0.003 throughout, but a *one-cycle* schedule that rises to 0.01 and falls again to almost zero (Smith 2018).

# %% [markdown]
# ## 4 · Reconstruction error against latent size
#
# Six autoencoders, from $d = 1$ to $d = 32$, equal in everything but the size of the code, each trained once, from one seed.
#
# ### ✏️ Exercise 3 (predict it): thirty-two numbers
# Each network gets the same few epochs. At $d = 32$, whose copies will have the smaller error: `"PCA"` or `"network"`? Note your reason too.
#
# <details><summary>Hint 1</summary>Is what 32 numbers *could* hold the same as what a network has *learned* to put there?</details>
# <details><summary>Hint 2</summary>`len(x_train) / 64 * epochs` is about the number of steps that each network takes.</details>

# %%
# BEGIN SOLUTION
better_at_32 = "PCA"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
recipe = dict(batch_size=64, lr=1e-2, schedule="one-cycle", seed=seed)
models = {}
for d in SIZES:
    models[d] = recipes.build("conv-ae-mnist", d, train.shape, seed)
    training.fit(models[d], train, losses.reconstruction_error, epochs=epochs, **recipe)

# %% [markdown]
# Both methods in one picture:

# %% tags=["nbval-ignore-output"]
def error_of(model, images=test):
    # the ℓ of exercise 1, averaged over images
    return training.evaluate(model, images, losses.reconstruction_error)["loss"]


ae_error = [error_of(models[d]) for d in SIZES]
plots.lines(
    SIZES, {"PCA": pca_error, "convolutional AE": ae_error}, log_x=True,
    reference={"mean image, d = 0": mean_error}, title="Error after short training (lower: better)",
    xlabel="latent size d", ylabel="squared error per test image",
)

# %% tags=["nbval-ignore-output"]
check.prediction(
    better_at_32,
    {"PCA": pca_error[-1] < ae_error[-1], "network": pca_error[-1] >= ae_error[-1]},
    because=f"PCA {pca_error[-1]:.3g}, network {ae_error[-1]:.3g}.",
)

# %% [markdown]
# On Fashion-MNIST the network has the smaller error with few numbers: its axes may bend, those of PCA may not (not tested here). With the default settings the lines cross, and **at 32 the network's error is larger**, even larger than that of the same network with 8. Too little room in the code cannot be the cause: whatever 8 numbers can say, 32 can.
#
# Has the network memorised the training images? Then its training error would lie far below its test error.

# %% tags=["nbval-ignore-output"]
plots.table(
    ["d = 32", "squared error per image"],
    [
        ["network, training images", f"{error_of(models[32], train):.3g}"],
        ["network, test images", f"{ae_error[-1]:.3g}"],
        ["PCA, test images", f"{pca_error[-1]:.3g}"],
    ],
)

# %% [markdown]
# The first two are close: it has not memorised the training images, it has not even *fitted* them. Were the steps too few? Take four times the epochs, with the schedule stretched to match.

# %% tags=["nbval-ignore-output"]
patient = recipes.build("conv-ae-mnist", 32, train.shape, seed)
training.fit(patient, train, losses.reconstruction_error, epochs=4 * epochs, **recipe)
patient_error = error_of(patient)
print(check.between("d = 32: error over that before", patient_error / ae_error[-1], 0.1, 0.98))
plots.table(
    ["d = 32", "squared error per test image"],
    [
        [f"network, {epochs} epochs", f"{ae_error[-1]:.3g}"],
        [f"network, {4 * epochs} epochs", f"{patient_error:.3g}"],
        ["PCA", f"{pca_error[-1]:.3g}"],
    ],
)

# %% [markdown]
# With more training the error falls, in the default setting below that of PCA. So a network's curve of error against latent size always shows *capacity and training together*. The other five sizes keep their short training here; `epochs=12` gives it to all six.

# %% [markdown]
# ### Is d = 2 the smallest reasonable latent?
# S4 claims so, for MNIST. "Reasonable" must first be made measurable. Besides the error, ask what the code still tells: predict the class of a test image from its five nearest training codes.

# %%
from sklearn.neighbors import KNeighborsClassifier


@torch.no_grad()
def codes(model, x):
    return torch.cat([model.encode(part).cpu() for part in x.split(1000)])


def class_from_code(model):
    neighbours = KNeighborsClassifier(5).fit(codes(model, x_train), train.y)
    return 100 * neighbours.score(codes(model, x_test), test.y)


right = [class_from_code(models[d]) for d in SIZES]
plots.lines(
    SIZES, {"5 nearest codes": right}, log_x=True,
    reference={"chance": 100 / len(train.classes)}, title="What a code tells about the class",
    xlabel="latent size d", ylabel="class predicted correctly, %",
)

# %% [markdown]
# The same numbers side by side, with the share of the error that each doubling of d removes:

# %% tags=["nbval-ignore-output"]
fall = [mean_error, *ae_error]
body = [
    [d, f"{p:.1f}", f"{a:.1f}", "–" if d == 1 else f"{1 - a / before:.0%}", f"{r:.0f} %"]
    for d, p, a, before, r in zip(SIZES, pca_error, ae_error, fall, right)
]
head = ["d", "error, PCA", "error, AE", "AE: removed by doubling", "class predicted correctly"]
plots.table(head, body)

# %% [markdown]
# With the default settings the error rises after 8; at 32 longer training brought it below that of 8 with the short one. 8 and 16 were not trained longer.
#
# Is much gained up to d = 2, and little after it? Not on Fashion-MNIST: the step from 2 to 4 removes about as large a share of the error as the step from 1 to 2, and the class is predicted better from 4 numbers than from 2. On S4's own data, MNIST, the class is predicted correctly for 62, 83 and 91 % of the test images at d = 2, 4 and 8 (RESULTS.md, from `dataset="mnist"`). So 2 is the smallest size that gives a *map* one can look at; for compression take 4, which S4 itself trained, or 8.

# %% [markdown]
# ## 5 · The latent map
#
# A code of two numbers can be drawn. Every point below is a test image, placed where the encoder puts it. **Expect** groups: the network was not told the classes. Similar codes give similar images; do similar images also get similar codes?

# %%
z2_train, z2_test = codes(models[2], x_train), codes(models[2], x_test)
plots.latent_map(z2_test, test.y, test.classes, title="Test images in the latent plane, d = 2")

# %% [markdown]
# Trousers and shoes mostly have regions of their own, tops share one, and bags are scattered. Between them are wide empty stretches.
#
# What lies between the regions? Decode a regular grid over its middle part: on each axis from the 2nd to the 98th percentile of the training codes.

# %% tags=["cover"]
low, high = z2_train.quantile(0.02, 0), z2_train.quantile(0.98, 0)
(x0, y0), (x1, y1) = low.tolist(), high.tolist()
title = "The latent plane, decoded on a grid"
plots.lattice(models[2], x=(x0, x1), y=(y0, y1), title=title)

# %% [markdown]
# With the default settings trousers, tops, boots, sneakers and bags appear roughly where the map has them; sandals appear nowhere. The upper left corner, almost empty, gives tops. Most broken pictures stand between kinds; some dark ones stand where there are many codes (section 6 returns to this).
#
# **Try**: drag the ring, or use the arrow keys. Start on trousers and go to shoes so that every picture on the way is a garment. Is there a way?

# %% tags=["nbval-ignore-output"]
explore.walk(models[2], test)

# %% [markdown]
# And with one number only, all copies lie on a single curve. Each step below holds equally many training images.

# %%
z1_train = codes(models[1], x_train)
left, right_end = z1_train.quantile(0.02).item(), z1_train.quantile(0.98).item()
stops = z1_train.flatten().quantile(torch.linspace(0.02, 0.98, 12))
with torch.no_grad():
    images = {"decoded": models[1].decode(stops.unsqueeze(1))}
ticks = [f"{stop:.1f}".replace("-", "−") for stop in stops]
plots.compare(images, title="d = 1: codes on a line, copies on a curve", ticks=ticks, xlabel="z₁")

# %% [markdown]
# The slider moves along the same line. **Try**: which kinds have a clear picture somewhere, and which have none?

# %% tags=["nbval-ignore-output"]
explore.walk(models[1], test, low=left, high=right_end)

# %% [markdown]
# ## 6 · Can it generate? Decode random latents
#
# Draw random numbers and decode them, here with $d = 8$. Two obvious choices: a standard normal, N(0, I), and a uniform draw from the box between the 2nd and 98th percentile of the training codes, axis by axis. **Guess before you run it**: which of the two gives garments?

# %%
z_train, z_test = codes(models[8], x_train), codes(models[8], x_test)
box = z_train.quantile(0.02, 0), z_train.quantile(0.98, 0)
g = torch.Generator().manual_seed(seed)
normal = torch.randn(200, 8, generator=g)
uniform = box[0] + (box[1] - box[0]) * torch.rand(200, 8, generator=g)
draws = {"N(0, I)": normal, "uniform": uniform}
with torch.no_grad():
    images = {name: models[8].decode(z[:10]) for name, z in draws.items()}
plots.compare(images, title="Decoded random latents, d = 8")

# %% [markdown]
# With the default data the first row shows no garment at all: ten pictures, almost the same, and nearly black. The second has some whole garments, and several torn ones: half shirt, half shoe.
#
# Why? Look where such draws land. In the plane we can see it: the crosses are uniform draws from the same kind of box.

# %%
crosses = low + (high - low) * torch.rand(60, 2, generator=g)
title = "Where the data is, and where we draw"
names = dict(extra=crosses, extra_name="uniform draws")
plots.latent_map(z2_test, test.y, test.classes, title=title, **names)

# %% [markdown]
# Many crosses fall into empty stretches, on which the decoder was not trained. Are the torn pictures made there? In eight dimensions we cannot look, but we can measure.
#
# ### ✏️ Exercise 4 (write it): the gap
# The **gap** of a latent $z$ is its distance to the nearest training code, in units of what is usual for a test image:
#
# $$\mathrm{gap}(z) = \frac{\min_i \lVert z - z_i \rVert}{\mathrm{median}_j \min_i \lVert z'_j - z_i \rVert}$$
#
# with $z_i$ the codes of the training images (`codes`) and $z'_j$ those of the test images (`fresh`). A gap of 1 is a latent as close to the data as fresh data are.
#
# <details><summary>Hint 1</summary>torch.cdist(z, codes) holds all distances. What do its rows stand for, and over which axis goes the minimum?</details>
# <details><summary>Hint 2</summary>The unit below the line is the same computation with fresh in place of z, then .median().</details>

# %%
def gap(z, codes, fresh):
    """How far from the codes, in units of fresh codes.  (M, D), (N, D), (K, D) → (M,)"""
    # BEGIN SOLUTION
    nearest = torch.cdist(z, codes).min(1).values
    usual = torch.cdist(fresh, codes).min(1).values.median()
    return nearest / usual
    # END SOLUTION

# %%
gap = check.or_reference(gap)

# %% [markdown]
# Two repairs: a **Gaussian fitted to the codes** (their mean and covariance), and a **small step** from a real code, its length chosen so that the gap is near 1.

# %%
centre, factor = z_train.mean(0), torch.linalg.cholesky(z_train.T.cov())
# mean and covariance of the codes
fitted = centre + torch.randn(1000, 8, generator=g) @ factor.T
chosen = z_train[torch.randperm(len(z_train), generator=g)[:200]]
# a fifth of their spread away from a real code
nudged = chosen + 0.2 * torch.randn(200, 8, generator=g) @ factor.T
draws |= {"fitted Gaussian": fitted, "small step": nudged}
with torch.no_grad():
    images = {name: models[8].decode(z) for name, z in draws.items()}
rows = {name: image[:10] for name, image in images.items()}
plots.compare(rows, title="Four ways to draw a latent, d = 8")

# %% [markdown]
# Beside the gap the table has the *spread*, the median distance of a set's latents to their mean (test images: 1), and an error in *pixels*: the squared distance between a decoded picture and the nearest training image, as a share of the picture's own squared length, median again.

# %% tags=["nbval-ignore-output"]
def spread(z):
    return (z - z.mean(0)).norm(dim=1).median()


def pixel_error(pictures):
    rows = pictures.flatten(1)
    nearest = torch.cdist(rows, x_train.flatten(1)).min(1).values
    return nearest.square() / rows.square().sum(1)


images = {"test images": models[8].reconstruct(x_test[:200]).cpu()} | images
body = []
for name, z in ({"test images": z_test} | draws).items():
    numbers = gap(z, z_train, z_test).median(), spread(z) / spread(z_test)
    error = pixel_error(images[name]).median()
    body.append([name, *[f"{number:.2f}" for number in numbers], f"{error:.0%}"])
plots.table(["latents", "gap", "spread", "pixel error"], body)

# %% [markdown]
# Is the gap really what tears a picture? Then it must separate good from bad among draws of *one* kind. Sort the thousand draws of the fitted Gaussian by their gap; here are the first and the last ten:

# %% tags=["nbval-ignore-output"]
fitted_gap = gap(fitted, z_train, z_test)
order, rows = fitted_gap.argsort(), {}
for name, part in {"smallest": order[:10], "largest": order[-10:]}.items():
    rows[f"{name} gaps: {fitted_gap[part].median():.1f}"] = images["fitted Gaussian"][part]
plots.compare(rows, title="Draws of the fitted Gaussian, sorted by gap, d = 8")

# %% tags=["nbval-ignore-output"]
error = pixel_error(images["fitted Gaussian"])[order]
nearer, farther = error[:200].median(), error[-200:].median()
plots.table(
    ["draws", "pixel error"],
    [["fifth of smallest gaps", f"{nearer:.0%}"], ["fifth of largest gaps", f"{farther:.0%}"]],
)

# %% [markdown]
# With the default data the first row shows mostly whole garments, some of them dim, and the second many torn ones, all drawn from the same Gaussian. The pixel error agrees. But the gap does not rank the kinds: uniform draws have a larger one than the Gaussian's, and about the same pixel error. The **small step** keeps the gap small, but it only varies images that we already have.
#
# **N(0, I)** fails in the other way. With the default data its gap is small, but so is its spread: the codes spread several times as wide, so all draws land in one spot. What is there?

# %% tags=["nbval-ignore-output"]
brightness, radius = x_train.flatten(1).mean(1), z_train.norm(dim=1)
r = torch.corrcoef(torch.stack([brightness, radius]))[0, 1]
central = brightness[radius.argsort()[:100]].mean()
plots.table(
    ["brightness of training images", ""],
    [
        ["correlation with the distance from the origin", f"{r:.2f}"],
        ["mean of the 100 nearest to the origin", f"{central:.2f}"],
        ["mean of all", f"{brightness.mean():.2f}"],
    ],
)

# %% [markdown]
# With the default data the distance from the origin goes with brightness, and the darkest images lie near it. Another data set or seed may give something else.

# %% [markdown]
# ## 7 · Walking from one image to another
#
# If codes are good coordinates, the point halfway between two codes should be an image halfway between two images. With $t$ running from 0 to 1, the straight line from $a$ to $b$ is $z(t) = (1 - t)\,a + t\,b$, `torch.lerp(a, b, t)`. On pixels this is a plain cross-fade. **Guess**: which of the two is better in the middle?

# %%
pair = (1, 7)
a, b = (int((train.y == label).nonzero()[0]) for label in pair)
along = torch.linspace(0, 1, 9)
fade = torch.lerp(x_train[a], x_train[b], along.view(9, 1, 1, 1))
line = torch.lerp(z_train[a], z_train[b], along.view(9, 1))
with torch.no_grad():
    images = {"pixels": fade, "codes": models[8].decode(line)}
title = f"From {train.classes[1]} to {train.classes[7]}, d = 8"
plots.compare(images, title=title, ticks=[f"{t / 8:.3g}" for t in range(9)], xlabel="t")

# %% [markdown]
# The cross-fade shows both images at once, all the way between the ends. With the codes and the default data the picture stays one garment near the ends; in the middle it is torn.
#
# One pair proves little. Take 300 pairs of test images of different classes and measure the gap along their lines. For comparison, do the same where the "codes" themselves are draws from the fitted Gaussian.

# %%
i, j = torch.randint(len(z_test), (2, 600), generator=g)
i, j = (index[test.y[i] != test.y[j]][:300] for index in (i, j))


def gaps_along(a, b, codes, fresh):
    return [gap(torch.lerp(a, b, t), codes, fresh).median().item() for t in along]


gaps = gaps_along(z_test[i], z_test[j], z_train, z_test)
cloud = centre + torch.randn(10_000, 8, generator=g) @ factor.T
ends = cloud[:300], cloud[300:600]
plots.lines(
    along.tolist(),
    {"our codes": gaps, "one Gaussian": gaps_along(*ends, cloud[1000:], cloud[:1000])},
    reference={"fresh data": 1.0}, title="Distance to the data along 300 straight lines, d = 8",
    xlabel="t", ylabel="median gap",
)

# %% [markdown]
# For one Gaussian the middle is closer to the data than the ends; for our codes it is farther away. They do not form one round cloud.
#
# So go around, from code to code. Let a step cost the *square* of its length, so that many short steps cost less than one long one; Dijkstra's algorithm finds the route of least cost.

# %%
from scipy.sparse.csgraph import dijkstra


def stepping_stones(codes, a, b):
    """Indices of the codes on the route of least cost from code a to code b."""
    cost = torch.cdist(codes, codes).square().numpy()
    _, before = dijkstra(cost, indices=a, return_predecessors=True)
    path = [b]
    while path[-1] != a:
        path.append(int(before[path[-1]]))
    return path[::-1]

# %%
stones = z_train[stepping_stones(z_train[:2000], a, b)]
nine = stones[torch.linspace(0, len(stones) - 1, 9).round().long()]
with torch.no_grad():
    images = {"straight": models[8].decode(line), "via the data": models[8].decode(nine)}
plots.compare(images, title="The same pair: straight, and from real code to real code")

# %% [markdown]
# The torn shape is gone, but with the default settings the route goes through dark images: the trouser fades, and a dark shoe brightens. Every picture is the copy of a training image, with a gap of 0; nothing new is generated.
#
# **Try** other pairs: click on two images, then drag from one to the other. Between which two is every picture a garment? (An *arc* goes around the origin, where the line comes nearer to it.)

# %% tags=["nbval-ignore-output"]
explore.interpolate(models[8], test)

# %% [markdown]
# ## 8 · Probing for failure
#
# Show the autoencoder what it has not learned: pure noise, a checkerboard, its own images upside down, another data set. scikit-learn's digits come enlarged to 28×28. **Guess**: what do their copies look like?

# %%
other = "fashion" if dataset == "digits" else "digits"
noise = torch.rand(100, *train.shape, generator=torch.Generator().manual_seed(seed))
rows, columns = torch.meshgrid(torch.arange(28), torch.arange(28), indexing="ij")
checkerboard = ((rows // 4 + columns // 4) % 2).float().expand(1, *train.shape)
probes = {"test": x_test, "noise": noise, "checker": checkerboard, "flipped": x_test.flip(2)}
probes[other] = data.load(other, "test").images()

# %% [markdown]
# Above what was shown, below the copy:

# %%
shown = torch.cat([x[:1 if name == "checker" else 2] for name, x in probes.items()])
ticks = [name for name in probes for _ in range(1 if name == "checker" else 2)]
rows = {"shown": shown, "copy": models[8].reconstruct(shown).cpu()}
plots.compare(rows, title="Copies of what it never saw, d = 8", ticks=ticks)

# %% [markdown]
# With the default data most copies look like garments, even of noise and of digits; the flipped boot becomes a cloud. Now in numbers:

# %% tags=["nbval-ignore-output"]
each = {name: squared_error(x, models[8].reconstruct(x).cpu()) for name, x in probes.items()}
limit = each["test"].quantile(0.95)
body = [[name, f"{e.mean():.1f}", f"{(e > limit).float().mean():.0%}"] for name, e in each.items()]
plots.table(["shown", "squared error per image", "share above 95 % of test images"], body)

# %% tags=["nbval-ignore-output"]
grey = x_test[0].numel() / 12
print(f"always grey, ½ for each pixel, costs {grey:.0f} on noise")
check.between("error on noise over that of grey", each["noise"].mean() / grey, 0.95, 10)

# %% [markdown]
# On noise plain grey is no worse than the network. Can the error tell foreign images from ordinary ones? Noise and the checkerboard (a single image), yes. For upside-down garments and digits not always: with the default data the mean is about twice that of test images, but about two thirds stay below the limit. A small reconstruction error does not prove that an image belongs to the data.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
smaller = ", ".join(str(d) for d, a, p in zip(SIZES, ae_error, pca_error) if a < p) or "none"
display(Markdown(f"""
- **Compression**: squared error of the mean image {mean_error:.3g}; with d = 2 PCA
  {pca_error[1]:.3g}, the autoencoder {ae_error[1]:.3g}. The autoencoder's was smaller at
  d = {smaller}; at 32 it came to {patient_error:.3g} with four times the training, PCA
  {pca_error[-1]:.3g}.
- **Generation**: draws from a fitted Gaussian lie {fitted_gap.median():.2g} times as far from the
  data as test images do. Pixel error of the pictures: {nearer:.0%} in the fifth with the smallest
  gaps, {farther:.0%} in the fifth with the largest.
- **Interpolation**: halfway between two images of different classes the gap is {gaps[4]:.2g};
  at the two ends it is {gaps[0]:.2f} and {gaps[-1]:.2f}.
"""))

# %% [markdown]
# **What was repaired afterwards**: the place and width of the draws (a fitted Gaussian; the error stays above that of test images), and a way between two images (from code to code). **What was not**: the empty stretches. Only another training can fill them with pictures. The loss never says *where* codes should lie, nor that the space between them should be filled. Lab 02 lets the encoder answer with a small cloud instead of a point, and adds one term to the loss.
#
# **Try**: `dataset="mnist"` for S4's own data; `epochs=15` for longer training; `train_images=500`, and compare training and test error.

# %% [markdown]
# ## Further reading
# - H. Bourlard, Y. Kamp (1988), *Auto-association by multilayer perceptrons and singular value decomposition*, and P. Baldi, K. Hornik (1989), *Neural networks and principal component analysis: learning from examples without local minima*: linear autoencoders are PCA.
# - G. Hinton, R. Salakhutdinov (2006), *Reducing the dimensionality of data with neural networks*, Science 313: the deep autoencoder against PCA.
# - L. Smith (2018), *A disciplined approach to neural network hyper-parameters*.
# - H. Xiao, K. Rasul, R. Vollgraf (2017), *Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms*.
# - S4, a student report, *Generating Images using conditional Variational Autoencoders*: source of the network, trained there on MNIST with d = 4 for 15 epochs (batches of 512, Adam at 0.001, weight decay 0.00001).
