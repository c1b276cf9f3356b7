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
# - read a latent map, and show **with a measurement** why decoding arbitrary latents fails,
# - say which of these failures can be repaired afterwards, and which ones the next lab has to repair.
#
# **Time**: about 1 minute on two CPU cores. **Data**: built in, no network needed.

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
from vaekit import data, explore, losses, plots, recipes, training
from vaekit.course import check, diagrams

import torch
from IPython.display import Markdown, display
from torch import nn

# %% [markdown]
# ## 1 · The task: keep a few numbers, lose little
#
# Images in this course are tensors of shape (N, C, H, W) with values in [0, 1]. **Expect** small grey pictures, all from one narrow family.

# %%
train = data.load(dataset, "train", limit=train_images)
test = data.load(dataset, "test")
x_train, x_test = train.images(), test.images()
plots.sheet(x_test[:30], title=f"{dataset}: the first 30 test images")

# %% [markdown]
# Almost no point of the 784-dimensional cube of all images looks like this: neighbouring pixels agree, most borders are black, shapes repeat. That regularity is what a compressor can use.

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
# Had you averaged over pixels, the check would have told you that an image twice as tall must cost twice as much.
#
# What is the error of a decoder that is given **no** number ($d = 0$) and always answers with the mean of the training images? **Expect** a blurred average, and the error that every method has to undercut.

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
# A linear autoencoder trained on the squared error can do no better: its optimum spans these very directions (Bourlard & Kamp 1988; Baldi & Hornik 1989). So PCA is the method to compare with: a network with a larger error has gained nothing from its non-linearity.

# %% [markdown]
# ### ✏️ Exercise 2 (find the bug): the wrong components
# $V$ holds eigenvectors of the training images' covariance matrix, as columns. This function looks right, and its copies explain almost nothing:

# %%
def suspect_pca(train, x, k):
    mean = train.mean(0)
    centred = train - mean
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, :k]
    return mean + (x - mean) @ directions @ directions.T


suspect_copies = suspect_pca(x_train.flatten(1), x_test.flatten(1), 32).view_as(x_test)
suspect_error = squared_error(x_test, suspect_copies).mean().item()
check.between("error with 32 components, over that of none", suspect_error / mean_error, 0.95, 1.0)

# %% [markdown]
# Thirty-two components, and nearly the error of the mean image. Write the function as it should be: x rebuilt from its k *leading* principal components.
#
# <details><summary>Hint 1</summary>In which order does torch.linalg.eigh return the eigenvalues? Its documentation says so in one word.</details>
# <details><summary>Hint 2</summary>The eigenvalues ascend, so the directions of largest variance are the last k columns.</details>

# %%
def pca(train, x, k):
    """x rebuilt from its k leading components in `train`.  (M, P), (N, P), int → (N, P)"""
    # BEGIN SOLUTION
    mean = train.mean(0)
    centred = train - mean
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -k:]
    return mean + (x - mean) @ directions @ directions.T
    # END SOLUTION

# %%
pca = check.or_reference(pca)

# %% [markdown]
# Now on images: flatten, rebuild, unflatten. **Expect** the average to take shape as $d$ grows.

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
# On Fashion-MNIST two numbers tell tops from shoes; thirty-two bring the outlines back. What looks wrong, semi-transparent sleeves for instance, comes from linearity: a copy is a weighted *sum* of fixed pictures, and a sum can fade an edge but never move it.

# %% [markdown]
# ## 3 · A network with a narrow middle
#
# An autoencoder replaces the two matrices by networks. We take the convolutional one of S4 (*Generating Images using conditional Variational Autoencoders*), unchanged. Each strided convolution halves height and width; the first makes 8 channels, and each further one doubles them, so that later layers see larger parts of the picture. `BatchNorm2d` brings each channel to mean 0 and variance 1 over the batch, which lets the training take larger steps (Ioffe & Szegedy 2015). The last `Linear` gives the code. S4 uses $d = 4$.

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
# The decoder goes the same way back. A *transposed* convolution of stride 2 doubles the image; `output_padding` decides between the two sizes that halve to the same one. The sigmoid keeps pixels in [0, 1].

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
# A training step is five lines, the same for every model of this course: take a **batch**, compute the **loss**, clear the gradients, go **backward**, **step**. One pass over the data:

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
# **Expect** rough copies after a single pass: the right kind of thing, without details.

# %%
with torch.no_grad():
    copies = autoencoder.eval()(x_test)
first_error = squared_error(x_test, copies).mean().item()
rows = {"test image": x_test[:10], "copy": copies[:10]}
plots.compare(rows, title=f"d = 4, one pass: squared error {first_error:.3g}")

# %% [markdown]
# Four numbers already carry the kind of garment and how bright it is. The fine grid on the copies comes from the transposed convolutions of stride 2: their kernels overlap unevenly (Odena et al. 2016). From here on `recipes.build` makes this same network and `training.fit` runs this same loop, with a progress bar and one refinement: the *one-cycle* schedule raises the learning rate and lowers it again to almost zero (Smith 2018). With few epochs, this helps.

# %% [markdown]
# ## 4 · Reconstruction error against latent size
#
# Six autoencoders, from $d = 1$ to $d = 32$, equal in everything but the size of the code. This is the longest cell of the lab.
#
# ### ✏️ Exercise 3 (predict it): thirty-two numbers
# Each network gets the same few epochs. At $d = 32$, whose copies will have the smaller error: `"PCA"` or `"network"`?
#
# <details><summary>Hint 1</summary>Whatever 8 numbers can say, 32 can say as well. Is that the only question?</details>
# <details><summary>Hint 2</summary>PCA reaches its optimum in one computation. What does a network need to reach its own?</details>

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
# Now both methods in one picture.

# %% tags=["nbval-ignore-output"]
def error_of(model, images=test):
    # the ℓ of exercise 1, averaged over images
    return training.evaluate(model, images, losses.reconstruction_error)["loss"]


ae_error = [error_of(models[d]) for d in SIZES]
plots.lines(
    SIZES, {"PCA": pca_error, "convolutional AE": ae_error}, log_x=True,
    reference={"mean image, d = 0": mean_error}, title="What d numbers can hold (lower is better)",
    xlabel="latent size d", ylabel="squared error per test image",
)

# %% tags=["nbval-ignore-output"]
check.prediction(
    better_at_32,
    {"PCA": pca_error[-1] < ae_error[-1], "network": pca_error[-1] >= ae_error[-1]},
    because=f"PCA {pca_error[-1]:.3g}, network {ae_error[-1]:.3g}.",
)

# %% [markdown]
# Read the two lines from the left. With few numbers the network has the smaller error; it may bend its few axes along the data, PCA may not. With the default settings the lines cross, and **at 32 the network's error is larger**, even larger than that of the same network with 8. The size of the code cannot be the cause: whatever 8 numbers can say, 32 can.
#
# So what is it? If the network had memorised the training images, its training error would lie far below its test error. Measure both before believing anything:

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
# The first two are close, so the network has not memorised its training images. It has not even *fitted* them: the optimiser had too few steps. The repair is simple, and worth testing: four times the epochs, everything else equal.

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
# With more training the error falls, in the default setting below that of PCA. Remember: PCA reaches its optimum in one step of algebra, a network only approaches its own, so a curve of error against latent size always shows *capacity and training together*.

# %% [markdown]
# ### Is d = 2 the smallest reasonable latent?
# S4 claims so, for MNIST. "Reasonable" must first be made measurable. Besides the error, ask what the code still tells: predict the class of a test image from its five nearest training codes. **Expect** a steep rise that levels off; the question is where.

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
    xlabel="latent size d", ylabel="test images classed right, %",
)

# %% [markdown]
# The same numbers side by side, with the share of the images' variance that the copies explain:

# %% tags=["nbval-ignore-output"]
body = [
    [d, f"{p:.1f}", f"{a:.1f}", f"{1 - a / mean_error:.0%}", f"{r:.0f} %"]
    for d, p, a, r in zip(SIZES, pca_error, ae_error, right)
]
plots.table(["d", "PCA", "AE", "AE: variance explained", "class read rightly"], body)

# %% [markdown]
# And how much of the error each doubling of d removes:

# %% tags=["nbval-ignore-output"]
fall = [1 - after / before for before, after in zip(ae_error, ae_error[1:])]
steps = [[f"{d} → {2 * d}", f"{share:.0%}"] for d, share in zip(SIZES, fall)]
plots.table(["d", "of the error removed"], steps)

# %% [markdown]
# If 2 were the smallest reasonable size, the lines would have a bend there: much gained up to 2, little after it. On Fashion-MNIST there is none: the step from 2 to 4 removes about as large a share of the error as the step from 1 to 2, and the class is read better with 4 numbers than with 2. `dataset="mnist"` shows the same for S4's own data. So the claim holds in one sense only: 2 is the smallest size that gives a *map* one can look at. As a compressor 4 is the better choice, and it is the one S4 itself trained.

# %% [markdown]
# ## 5 · The latent map
#
# A code of two numbers can be drawn. Every point below is a test image, placed where the encoder puts it. **Expect** groups: the network was not told the classes, but similar images need similar codes.

# %%
z2_train, z2_test = codes(models[2], x_train), codes(models[2], x_test)
plots.latent_map(z2_test, test.y, test.classes, title="Test images in the latent plane, d = 2")

# %% [markdown]
# Trousers, shoes and bags have regions of their own, and all tops share one. The outline is irregular, and there are wide empty stretches.
#
# What lies between the regions? Decode a regular grid over the same region. The ends are the 2nd and 98th percentiles of the training codes, since nothing in the loss says where codes should lie.

# %% tags=["cover"]
low, high = z2_train.quantile(0.02, 0), z2_train.quantile(0.98, 0)
(x0, y0), (x1, y1) = low.tolist(), high.tolist()
title = "The latent plane, decoded on a grid"
plots.lattice(models[2], x=(x0, x1), y=(y0, y1), title=title)

# %% [markdown]
# Each kind of garment appears where the map has it. In the empty stretches the decoder draws figures that are no garment.
#
# **Try**: drag the ring, or use the arrow keys. Start on trousers and go to shoes without passing through a picture that is neither. Is there a way?

# %% tags=["nbval-ignore-output"]
explore.walk(models[2], test)

# %% [markdown]
# And with one number only, the whole data set lies on a single curve. **Expect** very different things to become neighbours.

# %%
z1_train = codes(models[1], x_train)
left, right_end = z1_train.quantile(0.02).item(), z1_train.quantile(0.98).item()
title = "d = 1: the whole data set on one line"
plots.walk(models[1], low=left, high=right_end, n=15, title=title)

# %% [markdown]
# On a line there is no way around anything: to get from one kind to another, one passes through all that lie between. The slider moves along the same line. **Try**: which kind has no clear picture anywhere?

# %% tags=["nbval-ignore-output"]
explore.walk(models[1], test, low=left, high=right_end)

# %% [markdown]
# ## 6 · Can it generate? Decode random latents
#
# A decoder turns numbers into images. So draw random numbers and decode them, here with $d = 8$, whose copies are good. Two obvious choices: a standard normal, and a uniform draw from the box that holds the training codes. **Expect failure**, of two different kinds.

# %%
z_train, z_test = codes(models[8], x_train), codes(models[8], x_test)
box = z_train.quantile(0.02, 0), z_train.quantile(0.98, 0)
g = torch.Generator().manual_seed(seed)
normal = torch.randn(200, 8, generator=g)
uniform = box[0] + (box[1] - box[0]) * torch.rand(200, 8, generator=g)
draws = {"N(0, I)": normal, "uniform in the box": uniform}
with torch.no_grad():
    images = {name: models[8].decode(z[:10]) for name, z in draws.items()}
plots.compare(images, title="Decoded random latents, d = 8")

# %% [markdown]
# With the default data the first row shows ten pictures that are almost the same, and dark. The second has some whole garments, and several torn ones: half shirt, half shoe.
#
# Why? Look where such draws land. In the plane we can see it: the crosses are uniform draws from the box around the codes.

# %%
crosses = low + (high - low) * torch.rand(60, 2, generator=g)
title = "Where the data is, and where we draw"
names = dict(extra=crosses, extra_name="uniform draws")
plots.latent_map(z2_test, test.y, test.classes, title=title, **names)

# %% [markdown]
# Many crosses fall into gaps, where the decoder was never trained: there its output is whatever its weights happen to give. In eight dimensions we cannot look, but we can measure. Let the **gap** of a latent $z$ be its distance to the nearest training code, in units of what is usual for a test image:
#
# $$\mathrm{gap}(z) = \frac{\min_i \lVert z - z_i \rVert}{\mathrm{median}_j \min_i \lVert z'_j - z_i \rVert}$$
#
# with $z_i$ the codes of the training images and $z'_j$ those of the test images. A gap of 1 is a latent as close to the data as fresh data are.

# %%
def nearest(z, codes):
    """min over i of ‖z − zᵢ‖, for each z"""
    return torch.cdist(z, codes).min(1).values


def gap(z, codes=z_train, fresh=z_test):
    return nearest(z, codes) / nearest(fresh, codes).median()

# %% [markdown]
# If the empty stretches are the cause, draws that follow the codes should be better. Two repairs: a **Gaussian fitted to the codes** (their mean and covariance), and a **small step** from a real code.

# %%
centre, factor = z_train.mean(0), torch.linalg.cholesky(z_train.T.cov())
# mean and covariance of the codes
fitted = centre + torch.randn(200, 8, generator=g) @ factor.T
chosen = z_train[torch.randperm(len(z_train), generator=g)[:200]]
# a fifth of their spread away from a real code
nudged = chosen + 0.2 * torch.randn(200, 8, generator=g) @ factor.T
draws = {"N(0, I)": normal, "uniform": uniform, "fitted Gaussian": fitted, "small step": nudged}
with torch.no_grad():
    images = {name: models[8].decode(z[:10]) for name, z in draws.items()}
plots.compare(images, title="Four ways to draw a latent, d = 8")

# %% tags=["nbval-ignore-output"]
spread = nearest(z_test, z_test.mean(0, keepdim=True)).median()
body = []
for name, z in ({"test images": z_test} | draws).items():
    own_spread = nearest(z, z.mean(0, keepdim=True)).median() / spread
    body.append([name, f"{gap(z).median():.2f}", f"{own_spread:.2f}"])
plots.table(["latents", "gap (test images: 1)", "spread (test images: 1)"], body)

# %% [markdown]
# Uniform draws are the worst:

# %% tags=["nbval-ignore-output"]
further = gap(uniform).median() / gap(fitted).median()
check.between("gap of uniform draws over that of the fitted Gaussian", further, 1.1, 100)

# %% [markdown]
# Read both columns. **Uniform** draws lie several times as far from the data as test images do: these are the torn garments. The **fitted Gaussian** has a smaller gap, but not 1, and some of its garments are still torn: the codes do not form one ellipsoid, so an ellipsoid covers empty stretches as well. The **small step** has a gap near 1 and mostly good pictures, but it only varies images that we already have, and it needs the training set.
#
# **N(0, I)** fails in the other way: its gap is small, but so is its spread, because the codes lie far from the origin and all draws land close to it. What is there?

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
# With the default data this network uses the distance from the origin for brightness, so the darkest images lie near it. Nothing in the loss asks for this; another data set or seed may give something else.

# %% [markdown]
# ## 7 · Walking from one image to another
#
# If codes are good coordinates, the point halfway between two codes should be an image halfway between two images.

# %% [markdown]
# ### ✏️ Exercise 4 (write it): a straight line in latent space
# Give `steps` evenly spaced points from $a$ to $b$, both ends included. In symbols, with $t$ running from 0 to 1: $z(t) = (1 - t)\,a + t\,b$.
#
# <details><summary>Hint 1</summary>Which shape must t have, so that t times b gives one row for each t?</details>
# <details><summary>Hint 2</summary>t = torch.linspace(0, 1, steps).unsqueeze(1)</details>

# %%
def interpolate(a, b, steps):
    """Evenly spaced points on the straight line from a to b.  (D,), (D,), int → (steps, D)"""
    # BEGIN SOLUTION
    t = torch.linspace(0, 1, steps).unsqueeze(1)
    return (1 - t) * a + t * b
    # END SOLUTION

# %%
interpolate = check.or_reference(interpolate)

# %% [markdown]
# Your function serves twice: on pixels, where it makes a plain cross-fade, and on codes. **Expect** the codes to do better near the ends. Then look at the middle.

# %%
pair = (1, 7)
a, b = (int((train.y == label).nonzero()[0]) for label in pair)
fade = interpolate(x_train[a].flatten(), x_train[b].flatten(), 9).view(9, *train.shape)
line = interpolate(z_train[a], z_train[b], 9)
with torch.no_grad():
    images = {"pixels": fade, "codes": models[8].decode(line)}
title = f"From {train.classes[1]} to {train.classes[7]}, d = 8"
plots.compare(images, title=title, ticks=[f"{t / 8:.3g}" for t in range(9)], xlabel="t")

# %% [markdown]
# The cross-fade shows both images at once, everywhere. The codes do better near the ends, where the picture stays one garment. But in the middle it is a torn shape that is neither.
#
# One pair proves little. Take 300 pairs of test images of different classes and measure the gap along their lines.

# %%
i, j = torch.randint(len(z_test), (2, 600), generator=g)
i, j = (index[test.y[i] != test.y[j]][:300] for index in (i, j))
along = torch.linspace(0, 1, 9)
gaps = [gap(torch.lerp(z_test[i], z_test[j], float(t))).median().item() for t in along]
plots.lines(
    along.tolist(), {"on the line": gaps}, reference={"test images": 1.0},
    title="Distance to the data along 300 straight lines, d = 8", xlabel="t", ylabel="median gap",
)

# %% [markdown]
# The ends are as close to the data as test images are, as they must be, and the middle is farther away. The codes fill a bent region with gaps, and a straight line between two of its points leaves it.
#
# The repair follows from the diagnosis: go around. Go from code to code, and let a step cost the *square* of its length, so that many short steps cost less than one long one. Dijkstra's algorithm finds the route of least cost.

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
longest = stones.diff(dim=0).norm(dim=1).max() / (z_train[b] - z_train[a]).norm()
print(check.between("longest step over the straight line", float(longest), 0, 0.9))
nine = stones[torch.linspace(0, len(stones) - 1, 9).round().long()]
with torch.no_grad():
    images = {"straight": models[8].decode(line), "via the data": models[8].decode(nine)}
plots.compare(images, title=f"The same pair: straight, and over {len(stones) - 2} real codes")

# %% [markdown]
# No torn shape this time, but at a cost: the change of kind comes in one jump, and every picture on the way is the copy of a training image. Nothing new is generated.
#
# **Try** other pairs: click on two images, then drag from one to the other. Between which two is every picture a garment?

# %% tags=["nbval-ignore-output"]
explore.interpolate(models[8], test)

# %% [markdown]
# ## 8 · Probing for failure
#
# An autoencoder copies what it has learned to copy. Show it what it has not: pure noise, a checkerboard, its own images upside down, another data set. **Expect** copies that look like garments, whatever is shown.

# %%
other = "fashion" if dataset == "digits" else "digits"
noise = torch.rand(100, *train.shape, generator=torch.Generator().manual_seed(seed))
rows, columns = torch.meshgrid(torch.arange(28), torch.arange(28), indexing="ij")
checkerboard = ((rows // 4 + columns // 4) % 2).float().expand(1, *train.shape)
probes = {"test": x_test, "noise": noise, "checker": checkerboard, "flipped": x_test.flip(2)}
probes[other] = data.load(other, "test").images()

# %% [markdown]
# Above what was shown, below what came back:

# %%
shown = torch.cat([x[:1 if name == "checker" else 2] for name, x in probes.items()])
ticks = [name for name in probes for _ in range(1 if name == "checker" else 2)]
rows = {"shown": shown, "copy": models[8].reconstruct(shown).cpu()}
plots.compare(rows, title="Copies of what it never saw, d = 8", ticks=ticks)

# %% [markdown]
# Whatever was shown, what comes back looks like the training data: the decoder can give nothing else. Now in numbers:

# %% tags=["nbval-ignore-output"]
each = {name: squared_error(x, models[8].reconstruct(x).cpu()) for name, x in probes.items()}
limit = each["test"].quantile(0.95)
body = [[name, f"{e.mean():.1f}", f"{(e > limit).float().mean():.0%}"] for name, e in each.items()]
plots.table(["shown", "squared error per image", "larger than 95 % of test images"], body)

# %% tags=["nbval-ignore-output"]
grey = x_test[0].numel() / 12
print(f"always grey, ½ for each pixel, costs {grey:.0f} on noise")
check.between("error on noise over that of grey", each["noise"].mean() / grey, 0.95, 10)

# %% [markdown]
# Can the error tell foreign images from ordinary ones? For noise and the checkerboard, yes. But of upside-down garments and of digits most are rebuilt with an error that ordinary test images have too: smooth shapes have a small error, wherever they come from. A small reconstruction error does not prove that an image belongs to the data.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
smaller = ", ".join(str(d) for d, a, p in zip(SIZES, ae_error, pca_error) if a < p) or "none"
display(Markdown(f"""
- **Compression**: squared error of the mean image {mean_error:.3g}; with d = 2 PCA
  {pca_error[1]:.3g}, the autoencoder {ae_error[1]:.3g}. The autoencoder's was smaller at
  d = {smaller}; at 32 it came to {patient_error:.3g} with four times the training, PCA
  {pca_error[-1]:.3g}.
- **Generation**: uniform latents lie {gap(uniform).median():.2g} times as far from the data as
  test images do, draws from a fitted Gaussian {gap(fitted).median():.2g} times.
- **Interpolation**: halfway between two images of different classes the gap is {gaps[4]:.2g};
  at the ends it is {gaps[0]:.2g}.
"""))

# %% [markdown]
# **What is missing**: the loss never says *where* codes should lie, nor that the space between them should be filled. Lab 02 adds one term that says both, and gets the variational autoencoder.
#
# **Try**: `dataset="mnist"` for S4's own data; `epochs=15` for longer training; `train_images=500`, and compare training and test error.

# %% [markdown]
# ## Further reading
# - H. Bourlard, Y. Kamp (1988), *Auto-association by multilayer perceptrons and singular value decomposition*, and P. Baldi, K. Hornik (1989), *Neural networks and principal component analysis: learning from examples without local minima*: linear autoencoders are PCA.
# - G. Hinton, R. Salakhutdinov (2006), *Reducing the dimensionality of data with neural networks*, Science 313: the deep autoencoder against PCA, with a figure that ours echoes.
# - I. Goodfellow, Y. Bengio, A. Courville (2016), *Deep Learning*, chapter 14: undercomplete, regularised and denoising autoencoders.
# - A. Odena, V. Dumoulin, C. Olah (2016), *Deconvolution and checkerboard artifacts*, Distill: where the fine grid comes from.
# - L. Smith (2018), *A disciplined approach to neural network hyper-parameters*: the one-cycle schedule.
# - S4, *Generating Images using conditional Variational Autoencoders*: source of the network, trained there on MNIST with d = 4 for 15 epochs (batches of 512, Adam at 0.001, weight decay 0.00001).
