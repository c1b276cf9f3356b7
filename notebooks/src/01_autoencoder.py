# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · The autoencoder: an image through a keyhole
#
# [start page](00_start.ipynb) · next: [02 The variational autoencoder](02_variational_autoencoder.ipynb)
#
# Take an image of 784 pixels, write it down as two numbers, or eight, and rebuild it from them. By the end of this lab you can
#
# - state compression as a loss and say what number any method must beat,
# - compute the classical answer (PCA), build the convolutional autoencoder of a student report, and compare both at equal latent size,
# - read a latent map, and show **with a measurement** why decoding arbitrary latents fails,
# - say which of these failures can be patched, and which ones the next lab has to repair.
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
from vaekit.course import check

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
# Almost no point of the 784-dimensional cube looks like this: neighbouring pixels agree, most borders are black, shapes repeat. That regularity is what a compressor can use.

# %% [markdown]
# An **autoencoder** is a pair of functions. The *encoder* $f$ turns an image $x$ into a short vector $z = f(x)$ of $d$ numbers, its **code** or **latent**. The *decoder* $g$ turns it back: $\hat x = g(z)$. Both are judged by one number, how far the copy is from the original:
#
# $$\ell(x, \hat x) = \lVert x - \hat x \rVert^2, \qquad \hat x = g(f(x))$$
#
# where $\lVert\cdot\rVert$ is the length of the difference, with all pixels in one long vector.

# %% [markdown]
# ### ✏️ Exercise 1: the squared error of an image
# Write $\ell$ for a batch: one number *per image*, so that we stay free to average over images later.

# %%
def squared_error(x, x_hat):
    """The squared distance between images and their copies.  x, x_hat: (N, C, H, W) → (N,)"""
    ### BEGIN SOLUTION
    return (x - x_hat).square().flatten(1).sum(1)
    ### END SOLUTION

# %%
check.squared_error(squared_error)

# %% [markdown]
# Had you averaged over pixels, the check would have told you that an image twice as tall must cost twice as much.
#
# What does the laziest possible decoder cost, one that keeps **no** number ($d = 0$) and always answers with the mean of the training images? **Expect** a ghost, and the error that every honest method has to undercut.

# %%
mean_image = x_train.mean(0, keepdim=True)
ghosts = mean_image.expand_as(x_test)
lazy_error = squared_error(x_test, ghosts).mean().item()
plots.compare({"test image": x_test[:10], "copy": ghosts[:10]}, title=f"d = 0: always the mean image, squared error {lazy_error:.3g}")

# %% [markdown]
# ## 2 · PCA, the baseline to beat
#
# The best answer among *linear* encoders and decoders has been known for a century. Let $\mu$ be the mean training image and $V$ the $784 \times d$ matrix whose columns are the $d$ orthonormal directions in which the training images vary most. Principal component analysis keeps the coordinates along them:
#
# $$z = V^\top (x - \mu), \qquad \hat x = \mu + V z$$
#
# A linear autoencoder trained on the squared error can do no better: its optimum spans these very directions (Bourlard & Kamp 1988; Baldi & Hornik 1989). So PCA is the fair opponent. A network that loses to it has gained nothing from its non-linearity.

# %% [markdown]
# ### ✏️ Exercise 2: rebuild images from k principal components
# $V$ holds eigenvectors of the training images' covariance matrix; `torch.linalg.eigh` returns eigenvalues in **ascending** order, with the eigenvectors as columns.

# %%
def pca(train, x, k):
    """x rebuilt from its k leading principal components in `train`.  (M, P), (N, P), int → (N, P)"""
    ### BEGIN SOLUTION
    mean = train.mean(0)
    centred = train - mean
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -k:]
    return mean + (x - mean) @ directions @ directions.T
    ### END SOLUTION

# %%
check.pca(pca)

# %% [markdown]
# Now on images: flatten, rebuild, unflatten. **Expect** the ghost to take shape as $d$ grows.

# %%
SIZES = [1, 2, 4, 8, 16, 32]
pca_copies = {d: pca(x_train.flatten(1), x_test.flatten(1), d).view_as(x_test) for d in SIZES}
pca_error = [squared_error(x_test, pca_copies[d]).mean().item() for d in SIZES]
print(check.between("PCA, d = 32: error as a share of the mean image's", pca_error[-1] / lazy_error, 0.01, 0.3))
rows = {"test image": x_test[:10]} | {f"PCA, d = {d}": pca_copies[d][:10].clamp(0, 1) for d in (2, 8, 32)}
plots.compare(rows, title="The linear baseline")

# %% [markdown]
# Two numbers tell tops from shoes; thirty-two bring the outlines back. What looks wrong, semi-transparent sleeves for instance, is the price of linearity: a copy is a weighted *sum* of fixed pictures, and a sum can fade an edge but never move it.

# %% [markdown]
# ## 3 · A network with a waist
#
# An autoencoder replaces the two matrices by networks. We take the convolutional one of S4 (*Generating Images using conditional Variational Autoencoders*), unchanged. Each strided convolution halves the image and doubles the channels, so that later layers see larger parts of the picture; the `Linear` at the end is the waist. S4 uses $d = 4$.

# %%
torch.manual_seed(seed)
channels, d = train.shape[0], 4
encoder = nn.Sequential(
    nn.Conv2d(channels, 8, 3, stride=2, padding=1), nn.ReLU(),                  # 28×28 → 14×14
    nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),    # 14×14 → 7×7
    nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),                                  # 7×7 → 3×3
    nn.Flatten(), nn.Linear(32 * 3 * 3, 128), nn.ReLU(),
    nn.Linear(128, d),                                                          # z: the waist
)

# %% [markdown]
# The decoder runs the film backwards. A *transposed* convolution of stride 2 doubles the image; `output_padding` settles whether 7 came from 13 or from 14. The sigmoid keeps pixels in [0, 1].

# %%
decoder = nn.Sequential(
    nn.Linear(d, 128), nn.ReLU(),
    nn.Linear(128, 32 * 3 * 3), nn.ReLU(), nn.Unflatten(1, (32, 3, 3)),
    nn.ConvTranspose2d(32, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU(),                               # 3×3 → 7×7
    nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1), nn.BatchNorm2d(8), nn.ReLU(),    # 7×7 → 14×14
    nn.ConvTranspose2d(8, channels, 3, stride=2, padding=1, output_padding=1), nn.Sigmoid(),              # 14×14 → 28×28
)
print(f"{tuple(x_test[:2].shape)} → {tuple(encoder(x_test[:2]).shape)} → {tuple(decoder(encoder(x_test[:2])).shape)}")

# %% [markdown]
# Training is four lines, and they are the same for every model of this course: **batch, loss, backward, step**. One pass over the data:

# %%
autoencoder = nn.Sequential(encoder, decoder).train()
optimizer = torch.optim.Adam(autoencoder.parameters(), lr=3e-3)
for x, _ in train.batches(64, shuffle=True, generator=torch.Generator().manual_seed(seed)):    # batch
    loss = squared_error(x, autoencoder(x)).mean()                                             # loss: ℓ, averaged over images
    optimizer.zero_grad()
    loss.backward()                                                                            # backward
    optimizer.step()                                                                           # step

# %% [markdown]
# **Expect** rough copies after a single pass: the right kind of thing, without details.

# %%
with torch.no_grad():
    copies = autoencoder.eval()(x_test)
first_error = squared_error(x_test, copies).mean().item()
plots.compare({"test image": x_test[:10], "copy": copies[:10]}, title=f"d = 4, one pass: squared error {first_error:.3g}")

# %% [markdown]
# Four numbers already carry the kind of garment and how bright it is. The fine grid on the copies is the footprint of stride-2 transposed convolutions: their kernels overlap unevenly (Odena et al. 2016). From here on `recipes.build` makes this same network and `training.fit` runs this same loop, with a progress bar and one refinement: the *one-cycle* schedule raises the learning rate and lowers it again to almost zero (Smith 2018). With few epochs to spend, this matters.

# %% [markdown]
# ## 4 · Reconstruction error against latent size
#
# Six autoencoders, from $d = 1$ to $d = 32$, equal in everything but the waist. This is the longest cell of the lab, 15 to 25 seconds.

# %% tags=["nbval-ignore-output"]
recipe = dict(batch_size=64, lr=1e-2, schedule="one-cycle", seed=seed)
models = {}
for d in SIZES:
    models[d] = recipes.build("conv-ae-mnist", d, train.shape, seed)
    training.fit(models[d], train, losses.reconstruction_error, epochs=epochs, **recipe)

# %% [markdown]
# Now both methods in one picture. **Expect** the network below PCA, and both lines falling.

# %% tags=["nbval-ignore-output"]
def error_of(model, images=test):
    return training.evaluate(model, images, losses.reconstruction_error)["loss"]    # the ℓ of exercise 1, averaged over images

ae_error = [error_of(models[d]) for d in SIZES]
plots.lines(SIZES, {"PCA": pca_error, "convolutional AE": ae_error}, log_x=True, title="What d numbers can hold (lower is better)",
            xlabel="latent size d", ylabel="squared error per test image")

# %% [markdown]
# Read the two lines from the left. With one to eight numbers the network clearly wins; it may bend its few axes along the data, PCA may not. At 16 they meet. **At 32 the network loses**, and it is even worse than the same network with 8. That cannot be the latent's fault: whatever 8 numbers can say, 32 can.
#
# So what is it? If the network had memorised the training images, its training error would lie far below its test error. Measure both before believing anything:

# %% tags=["nbval-ignore-output"]
display(Markdown(f"d = 32: squared error **{error_of(models[32], train):.3g}** on training images, **{ae_error[-1]:.3g}** on test images; "
                 f"PCA **{pca_error[-1]:.3g}** on test images."))

# %% [markdown]
# The two are close: it is not memory. The network has not even *fitted* its training set; the optimiser had too little time. The repair is dull, and worth testing: four times the epochs, everything else equal.

# %% tags=["nbval-ignore-output"]
patient = recipes.build("conv-ae-mnist", 32, train.shape, seed)
training.fit(patient, train, losses.reconstruction_error, epochs=4 * epochs, **recipe)
print(check.between("d = 32: error after four times the training, as a share of before", error_of(patient) / ae_error[-1], 0.1, 0.98))
display(Markdown(f"d = 32 after {4 * epochs} epochs: **{error_of(patient):.3g}**, after {epochs}: **{ae_error[-1]:.3g}**, PCA: **{pca_error[-1]:.3g}**."))

# %% [markdown]
# With patience the network beats PCA at 32 as well. Keep the lesson: PCA reaches its optimum in one step of algebra, a network only approaches its own, and a curve of error against latent size always shows *capacity and training together*.

# %% [markdown]
# ### Is d = 2 the smallest reasonable latent?
# S4 claims so, for MNIST. "Reasonable" must first be made measurable. Besides the error, ask what the code still *knows*: predict the class of a test image from its five nearest training codes. **Expect** a steep rise that levels off; the question is where.

# %%
from sklearn.neighbors import KNeighborsClassifier


@torch.no_grad()
def codes(model, x):
    return torch.cat([model.encode(part).cpu() for part in x.split(1000)])

def class_from_code(model):
    neighbours = KNeighborsClassifier(5).fit(codes(model, x_train), train.y)
    return 100 * neighbours.score(codes(model, x_test), test.y)

right = [class_from_code(models[d]) for d in SIZES]
untrained = error_of(recipes.build("conv-ae-mnist", 2, train.shape, seed))
print(check.between("d = 2: error as a share of the untrained network's", ae_error[1] / untrained, 0.01, 0.9))
plots.lines(SIZES, {"5 nearest codes": right, "guessing": [100 / len(train.classes)] * 6}, log_x=True,
            title="What a code knows about the class", xlabel="latent size d", ylabel="test images classed right, %")

# %% [markdown]
# The same numbers side by side, with the share of the images' variance that the copies explain:

# %% tags=["nbval-ignore-output"]
table = "".join(f"| {d} | {p:.1f} | {a:.1f} | {100 - 100 * a / lazy_error:.0f} % | {r:.0f} % |\n"
                for d, p, a, r in zip(SIZES, pca_error, ae_error, right))
display(Markdown("| d | PCA | AE | AE: variance explained | class known |\n|---|---|---|---|---|\n" + table))

# %% [markdown]
# On Fashion-MNIST there is no bend at 2. Going from one number to two removes about 28 % of the error, going from two to four another 28 %, from four to eight still 16 %. Two numbers know the class of about six test images in ten, four of about seven; beyond eight the class gains little.
#
# On S4's own data (`dataset="mnist"`, everything else as here) we measured the same pattern, more sharply: $d = 2$ explains 29 % of the variance and knows the class of six test images in ten, $d = 4$ explains 52 % and knows eight in ten. So the claim holds in one sense only: 2 is the smallest size that gives a *map* one can look at. As a compressor, 4 is the better choice, and it is the one S4 itself trained.

# %% [markdown]
# ## 5 · The latent map
#
# A code of two numbers can be drawn. Every point below is a test image, placed where the encoder puts it. **Expect** islands: nobody told the network about classes, but similar images need similar codes.

# %%
z2_train, z2_test = codes(models[2], x_train), codes(models[2], x_test)
plots.latent_map(z2_test, test.y, test.classes, title="Test images in the latent plane, d = 2")

# %% [markdown]
# Shoes lie on the right, trousers at the lower left, bags fan out thinly over the upper right, and all tops crowd into the middle, so close that their names barely find room. The outline is ragged, and there are wide empty stretches, between trousers and sneakers for instance.
#
# What lies between the islands? Decode a regular grid over the same region. The ends are the 2nd and 98th percentiles of the training codes, since nothing in the loss says where codes should lie.

# %% tags=["cover"]
low, high = z2_train.quantile(0.02, 0), z2_train.quantile(0.98, 0)
(x0, y0), (x1, y1) = low.tolist(), high.tolist()
plots.lattice(models[2], x=(x0, x1), y=(y0, y1), title="The latent plane, decoded on a grid")

# %% [markdown]
# Trousers, tops, bags and shoes appear where the map has them. Between trousers and shoes, in the lower middle, the decoder draws dim figures that are neither: the map has next to no points there.
#
# Walk there yourself: each slider is one latent number, and the picture follows. Click a slider, then use the **arrow keys** (in Notebook 7: PageUp and PageDown). Without a running kernel, the grid above is your static version.

# %% tags=["nbval-ignore-output"]
explore.Walk(models[2], low=[x0, y0], high=[x1, y1], start=z2_train.median(0).values)

# %% [markdown]
# And with one number only, the whole data set lies on a single curve. **Expect** very different things to become neighbours.

# %%
z1_train = codes(models[1], x_train)
left, right_end = z1_train.quantile(0.02).item(), z1_train.quantile(0.98).item()
plots.walk(models[1], low=left, high=right_end, n=15, title="d = 1: the whole data set on one line")

# %% [markdown]
# Tops, then a dark blur, then shoes that grow into boots. Trousers get little more than the blur: on a line there is no way around anything. The slider moves along the same line.

# %% tags=["nbval-ignore-output"]
explore.Walk(models[1], 1, low=left, high=right_end)

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
with torch.no_grad():
    images = {name: models[8].decode(z[:10]) for name, z in (("N(0, I)", normal), ("uniform in the box", uniform))}
plots.compare(images, title="Decoded random latents, d = 8")

# %% [markdown]
# The first row is ten times almost the same darkness. The second has some garments in one piece, and several torn ones: half shirt, half shoe.
#
# Why? Look where such draws land. In the plane we can see it: the crosses are uniform draws from the box around the codes.

# %%
crosses = low + (high - low) * torch.rand(60, 2, generator=g)
plots.latent_map(z2_test, test.y, test.classes, extra=crosses, extra_name="uniform draws", title="Where the data is, and where we draw")

# %% [markdown]
# Many crosses fall into gaps, where the decoder was never trained: there its output is whatever its weights happen to give. In eight dimensions we cannot look, but we can measure. Let the **gap** of a latent $z$ be its distance to the nearest training code, in units of what is usual for a test image:
#
# $$\mathrm{gap}(z) = \frac{\min_i \lVert z - z_i \rVert}{\mathrm{median}_j \min_i \lVert z'_j - z_i \rVert}$$
#
# with $z_i$ the codes of the training images and $z'_j$ those of the test images. A gap of 1 is a latent as close to the data as fresh data are.

# %%
def nearest(z, codes):
    return torch.cdist(z, codes).min(1).values            # min over i of ‖z − zᵢ‖

def gap(z, codes=z_train, fresh=z_test):
    return nearest(z, codes) / nearest(fresh, codes).median()

# %% [markdown]
# If emptiness is the illness, a draw that follows the codes should help. Two repairs: a **Gaussian fitted to the codes** (their mean and covariance), and a **small step** from a real code.

# %%
centre, factor = z_train.mean(0), torch.linalg.cholesky(z_train.T.cov())
fitted = centre + torch.randn(200, 8, generator=g) @ factor.T             # mean and covariance of the codes
chosen = z_train[torch.randperm(len(z_train), generator=g)[:200]]
nudged = chosen + 0.2 * torch.randn(200, 8, generator=g) @ factor.T       # a fifth of their spread away from a real code
draws = {"N(0, I)": normal, "uniform": uniform, "fitted Gaussian": fitted, "small step": nudged}
with torch.no_grad():
    images = {name: models[8].decode(z[:10]) for name, z in draws.items()}
plots.compare(images, title="Four ways to draw a latent, d = 8")

# %% tags=["nbval-ignore-output"]
spread = nearest(z_test, z_test.mean(0, keepdim=True)).median()
print(check.between("gap of uniform draws as a share of the fitted Gaussian's", float(gap(uniform).median() / gap(fitted).median()), 1.1, 100))
lines = "".join(f"| {name} | {gap(z).median():.2f} | {nearest(z, z.mean(0, keepdim=True)).median() / spread:.2f} |\n"
                for name, z in ({"test images": z_test} | draws).items())
display(Markdown("| latents | gap (1 = like test images) | spread (1 = like test images) |\n|---|---|---|\n" + lines))

# %% [markdown]
# Read the columns together. **Uniform** draws lie nearly four times as far from the data as test images do: that is the torn garments. The **fitted Gaussian** brings this down to about two and a half, not to 1, and some of its garments are still torn: the codes do not form one ellipsoid, so an ellipsoid covers gaps as well. The **small step** has a gap near 1 and mostly good pictures, but it only varies images we already own, and it needs the training set at hand.
#
# And **N(0, I)**? Its gap is even below 1. It fails in the other way: its spread is an eighth of the data's, so all draws land in one small heap around the origin. Why is it dark there?

# %% tags=["nbval-ignore-output"]
brightness, radius = x_train.flatten(1).mean(1), z_train.norm(dim=1)
r = torch.corrcoef(torch.stack([brightness, radius]))[0, 1]
central = brightness[radius.argsort()[:100]].mean()
display(Markdown(f"Brightness against distance from the origin: correlation **{r:.2f}**. Mean brightness: **{central:.2f}** for the "
                 f"100 most central training images, **{brightness.mean():.2f}** for all."))

# %% [markdown]
# This network happens to write brightness as distance from the origin, and the origin is the place of the darkest images. Nobody asked it to; another data set or seed may do otherwise.

# %% [markdown]
# ## 7 · Walking from one image to another
#
# If codes are good coordinates, the point halfway between two codes should be an image halfway between two images.

# %% [markdown]
# ### ✏️ Exercise 3: a straight line in latent space
# Give `steps` evenly spaced points from $a$ to $b$, both ends included. In symbols, with $t$ running from 0 to 1: $z(t) = (1 - t)\,a + t\,b$.

# %%
def interpolate(a, b, steps):
    """Evenly spaced points on the straight line from a to b.  (D,), (D,), int → (steps, D)"""
    ### BEGIN SOLUTION
    t = torch.linspace(0, 1, steps).unsqueeze(1)
    return (1 - t) * a + t * b
    ### END SOLUTION

# %%
check.interpolate(interpolate)

# %% [markdown]
# Your function serves twice: on pixels, where it makes a plain cross-fade, and on codes. **Expect** the codes to do better near the ends. Then look at the middle.

# %%
a, b = (int((train.y == label).nonzero()[0]) for label in (1, 7))
fade = interpolate(x_train[a].flatten(), x_train[b].flatten(), 9).view(9, *train.shape)
line = interpolate(z_train[a], z_train[b], 9)
with torch.no_grad():
    images = {"pixels": fade, "codes": models[8].decode(line)}
plots.compare(images, title=f"From {train.classes[1]} to {train.classes[7]}, d = 8", ticks=[f"{t / 8:.2g}" for t in range(9)], xlabel="t")

# %% [markdown]
# The cross-fade shows both images at once, everywhere. The codes do better at first: the trousers stay trousers while they shorten. But in the middle they shrink into a torn shape that is neither trousers nor shoe.
#
# One pair is an anecdote. Take 300 pairs of test images of different classes and measure the gap along their lines.

# %%
i, j = torch.randint(len(z_test), (2, 600), generator=g)
i, j = (index[test.y[i] != test.y[j]][:300] for index in (i, j))
along = torch.linspace(0, 1, 9)
gaps = [gap(torch.lerp(z_test[i], z_test[j], float(t))).median().item() for t in along]
plots.lines(along.tolist(), {"on the line": gaps, "test images": [1.0] * 9}, title="Distance to the data along 300 straight lines, d = 8",
            xlabel="t", ylabel="median gap (1 = like test images)")

# %% [markdown]
# A hill: the ends are as close to the data as test images are, as they must be, and the middle is about 1.4 times as far. Classes form a bent and patchy region of code space, and a straight line between two of its points leaves it.
#
# The repair follows from the diagnosis: go around. Hop from code to code, and let a hop cost the *square* of its length, so that many short hops are cheaper than one long one. The cheapest route is Dijkstra's.

# %%
from scipy.sparse.csgraph import dijkstra


def stepping_stones(codes, a, b):
    """Indices of the codes on the cheapest way from code a to code b."""
    cost = torch.cdist(codes, codes).square().numpy()
    _, before = dijkstra(cost, indices=a, return_predecessors=True)
    path = [b]
    while path[-1] != a:
        path.append(int(before[path[-1]]))
    return path[::-1]

# %%
stones = z_train[stepping_stones(z_train[:2000], a, b)]
longest_hop = stones.diff(dim=0).norm(dim=1).max() / (z_train[b] - z_train[a]).norm()
print(check.between("longest hop as a share of the straight line", float(longest_hop), 0, 0.9))
nine = stones[torch.linspace(0, len(stones) - 1, 9).round().long()]
with torch.no_grad():
    images = {"straight": models[8].decode(line), "via the data": models[8].decode(nine)}
plots.compare(images, title=f"From {train.classes[1]} to {train.classes[7]}: straight, and over {len(stones) - 2} real codes")

# %% [markdown]
# No torn shape this time. The trousers dim, a dim shoe takes over and brightens: the route leads through the dark images near the origin, where the classes meet. The price is plain to see as well. The change of kind comes in one jump, and every picture on the way is the copy of a training image. Nothing new is generated.

# %% [markdown]
# ## 8 · Probing for failure
#
# An autoencoder copies what it has learned to copy. Show it what it has not: pure noise, a checkerboard, its own images upside down, another data set. **Expect** it to answer in the only language it knows.

# %%
other = "fashion" if dataset == "digits" else "digits"
noise = torch.rand(100, *train.shape, generator=torch.Generator().manual_seed(seed))
rows, columns = torch.meshgrid(torch.arange(28), torch.arange(28), indexing="ij")
checkerboard = ((rows // 4 + columns // 4) % 2).float().expand(1, *train.shape)
probes = {"test": x_test, "noise": noise, "checker": checkerboard, "flipped": x_test.flip(2), other: data.load(other, "test").images()}

# %% [markdown]
# Above what was shown, below what came back:

# %%
shown = torch.cat([x[:1 if name == "checker" else 2] for name, x in probes.items()])
ticks = [name for name in probes for _ in range(1 if name == "checker" else 2)]
plots.compare({"shown": shown, "copy": models[8].reconstruct(shown).cpu()}, title="Copies of what it never saw, d = 8", ticks=ticks)

# %% [markdown]
# Noise and the checkerboard both come back as a dim pullover, a digit as something like a dress: the decoder can only say what lies on its map. Now in numbers:

# %% tags=["nbval-ignore-output"]
each = {name: squared_error(x, models[8].reconstruct(x).cpu()) for name, x in probes.items()}
limit = each["test"].quantile(0.95)
print(check.between("error on noise as a share of the noise's own variance", float(each["noise"].mean() / (x_test[0].numel() / 12)), 0.95, 10))
lines = "".join(f"| {name} | {e.mean():.1f} | {100 * (e > limit).float().mean():.0f} % |\n" for name, e in each.items())
display(Markdown("| shown | mean squared error | share above the 95 % mark of test images |\n|---|---|---|\n" + lines))

# %% [markdown]
# On noise the error even exceeds $784/12 \approx 65$, the cost of answering with plain grey, half way between black and white.
#
# Is the error then an alarm for foreign images? For noise and the checkerboard, always. But with the default data only about one in three upside-down garments or digits costs more than the worst 5 % of ordinary test images: smooth blobs are cheap, wherever they come from. A low reconstruction error does not prove that an image belongs.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
wins = ", ".join(str(d) for d, a, p in zip(SIZES, ae_error, pca_error) if a < p) or "none"
display(Markdown(f"""
- **Compression**: the mean image costs {lazy_error:.3g}; with d = 2 PCA costs {pca_error[1]:.3g} and the autoencoder {ae_error[1]:.3g}. It beat PCA at d = {wins}; at 32 it reached {error_of(patient):.3g} with four times the training, PCA {pca_error[-1]:.3g}.
- **Generation**: uniform latents lie {gap(uniform).median():.2g} times as far from the data as test images do, draws from a fitted Gaussian {gap(fitted).median():.2g} times.
- **Interpolation**: halfway between two images of different classes the gap is {gaps[4]:.2g} times the usual one; at the ends it is {gaps[0]:.2g}.
"""))

# %% [markdown]
# **The exercises.** (1) The squared error is *summed* over pixels and kept per image; the course stays with this convention, and lab 02 shows what goes wrong without it. (2) PCA takes its mean and its directions from the training set alone. (3) A straight line between codes is easy to draw, and nothing in the loss makes it lead through data.
#
# **What is missing** is a single thing: the loss never says *where* codes should lie, nor that the space between them should be filled. Lab 02 adds one term that says both, and gets the variational autoencoder.
#
# **Try**: `dataset="mnist"` for S4's own data; `epochs=15` to see the whole curve below PCA's; `train_images=500` to see memory appear as a distance between training and test error.

# %% [markdown]
# ### Further reading
# - H. Bourlard, Y. Kamp (1988), *Auto-association by multilayer perceptrons and singular value decomposition*, and P. Baldi, K. Hornik (1989), *Neural networks and principal component analysis: learning from examples without local minima*: linear autoencoders are PCA.
# - G. Hinton, R. Salakhutdinov (2006), *Reducing the dimensionality of data with neural networks*, Science 313: the deep autoencoder against PCA, with a figure that ours echoes.
# - I. Goodfellow, Y. Bengio, A. Courville (2016), *Deep Learning*, chapter 14: undercomplete, regularised and denoising autoencoders.
# - A. Odena, V. Dumoulin, C. Olah (2016), *Deconvolution and checkerboard artifacts*, Distill: where the fine grid comes from.
# - L. Smith (2018), *A disciplined approach to neural network hyper-parameters*: the one-cycle schedule.
# - S4, *Generating Images using conditional Variational Autoencoders*: source of the network, trained there on MNIST with d = 4 for 15 epochs (batches of 512, Adam at 0.001, weight decay 0.00001).
