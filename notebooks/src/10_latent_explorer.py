# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 · The latent explorer
#
# [start page](00_start.ipynb)
#
# Nothing is trained here: the models are ready, and you play with them. One question runs through the lab: a garment passes through a few latent numbers; how much of its class comes out again? In questions 1, 2, 3, 6 and 9 you look for something, in the other five you predict; each answer is then measured. Afterwards you can
#
# - say what one, two and sixty-four latent numbers hold, and how you found out;
# - say what may be read off a t-SNE map, and what may not;
# - explain what β, a class and a direction of the latent space change in a picture.

# %% [markdown]
# **Time and data**: about half a minute on two cores, offline. Test images of Fashion-MNIST (28×28 grey pixels) are built in, and so are the weights of the models, which were trained on all training images of Fashion-MNIST or MNIST.

# %% tags=["parameters"]
limit: int = 1_000  # test images on the maps, at least 400
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
from vaekit import data, explore, plots
from vaekit.course import check
from vaekit.errors import at_least, check_seed
from vaekit.recipes import pretrained

import torch

# %% [markdown]
# A classifier checks what you see. A picture is *read as* the class to which it gives the highest probability.

# %% tags=["nbval-ignore-output"]
check_seed(seed)
test = data.load("fashion", "test").first(at_least("limit", limit, 400, 2000))
names = test.classes


def shipped(name):
    """A model that comes with vaekit."""
    return pretrained.load(name).model


classifier = shipped("classifier-fashion")


@torch.no_grad()
def read(images):
    """The probability of each class in each image.  (N, 1, 28, 28) → (N, 10)"""
    return classifier(images).softmax(1)


def correct(images):
    """The share of the test images' copies that are read as the class of the original."""
    return (read(images).argmax(1) == test.y).float().mean().item()


original = correct(test.images())
print(f"of the {len(test)} test images themselves, {original:.0%} are read correctly")

# %% [markdown]
# ## How to play
#
# Pictures are decoded in your browser while you drag: the ring over a map, or a slider. Or click on one and use the arrow keys; <kbd>Home</kbd>, <kbd>End</kbd> and the <kbd>Page</kbd> keys make large steps. Without a kernel you see one still picture of each. Between `# BEGIN SOLUTION` and `# END SOLUTION` write what *you* found or expect.

# %% [markdown]
# ## 1 · One number
#
# An image of 784 pixels becomes a single number $z_1$. The widget shows what each value decodes to, and where the test images lie, by class.

# %% tags=["nbval-ignore-output"]
one = shipped("vae-fashion-z1")
line = explore.walk(one, test)
line

# %% [markdown]
# **Question 1.** Drag $z_1$ from one end to the other. How many kinds of garment do you pass? Count each kind once.
#
# <details><summary>Hint 1</summary>Where does the picture change quickly? Go slowly there, with the arrow keys.</details>
# <details><summary>Hint 2</summary>Begin at the left end: how many kinds of shoes are there, and what follows them?</details>

# %%
# BEGIN SOLUTION
kinds = 8
# END SOLUTION

# %% [markdown]
# The same walk in small steps. A kind counts where the classifier gives it one half or more:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    along = one.decode(torch.linspace(line.axes.low[0], line.axes.high[0], 801).unsqueeze(1))
p, label = read(along).max(1)
sure = label[p >= 0.5]
print(", ".join(names[k] for k in sure.unique_consecutive()))
passed = sure.unique()
print("never the likeliest:", ", ".join(set(names) - {names[k] for k in label.unique()}))
check.between("your count minus the classifier's", kinds - len(passed), -1, 1)

# %% [markdown]
# One number must put all garments in a row. Some neighbours in it look alike (sneaker and ankle boot); others do not: after the boot comes a pullover. No place is read as a coat.

# %% [markdown]
# ## 2 · Two numbers
#
# Now the codes fill a plane. Behind the ring lies what the decoder makes of each place; the dots are the codes of the test images.

# %% tags=["cover", "nbval-ignore-output"]
two = shipped("vae-fashion-z2")
plane = explore.walk(two, test, name="plane")
plane

# %% [markdown]
# **Question 2.** Find a place where the classifier cannot decide between trousers and a dress: it gives each at least one fifth. Type its $z_1$ and $z_2$. (`plane.z` is where your ring stands.)
#
# <details><summary>Hint 1</summary>Which decoded pictures, not which dots, look like something between a dress and trousers?</details>
# <details><summary>Hint 2</summary>Stand on the trousers at z₂ = 0.3 and go left with the arrow keys, to about z₁ = 0.9.</details>

# %%
# BEGIN SOLUTION
border = torch.tensor([0.9, 0.3])
# END SOLUTION

# %% tags=["nbval-ignore-output"]
def read_at(place):
    """The probabilities at a place of the plane, the three highest printed."""
    with torch.no_grad():
        p = read(two.decode(place.unsqueeze(0)))[0]
    highest = p.argsort(descending=True)[:3]
    print(", ".join(f"{names[label]} {p[label]:.0%}" for label in highest))
    return p


p = read_at(border)
lesser = min(p[names.index("Trouser")], p[names.index("Dress")])
check.between("probability of the less likely of the two", lesser, 0.2, 0.5)

# %% [markdown]
# **Question 3.** The decoder always draws something. Find a place where the classifier is unsure: it gives no class more than one half.
#
# <details><summary>Hint 1</summary>What lies between regions of very different garments?</details>
# <details><summary>Hint 2</summary>Try the dark pictures between bags and boots, near z₂ = 0.4.</details>

# %%
# BEGIN SOLUTION
nowhere = torch.tensor([-1.2, 0.4])
# END SOLUTION

# %% tags=["nbval-ignore-output"]
check.between("probability of the likeliest class", read_at(nowhere).max(), 0.1, 0.5)

# %% [markdown]
# ## 3 · Sixty-four numbers
#
# How much comes through one, two and 64 latents? The error is the mean squared error of a pixel, which lies between 0 and 1:

# %% tags=["nbval-ignore-output"]
many = shipped("vae-fashion-z64")
share = {}
rows = [["none: the originals", "0", f"{original:.0%}"]]
for latents, model in {64: many, 2: two, 1: one}.items():
    copies = model.reconstruct(test.images())
    share[latents] = correct(copies)
    error = (copies - test.images()).square().mean()
    rows.append([latents, f"{error:.3f}", f"{share[latents]:.0%}"])
plots.table(["latents", "error", "read correctly"], rows)

# %% [markdown]
# The map under the ring can show two of the 64 latents; the sliders are the six whose codes vary most over the test images.

# %% tags=["nbval-ignore-output"]
explore.walk(many, test, name="many")

# %% [markdown]
# And the four whose codes vary least, each from −3 to 3, the others at 0:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    mean, log_var = many.posterior(test.images())
quiet = mean.var(0).argsort()[:4].tolist()
explore.walk(many, dims=quiet, name="quiet")

# %% [markdown]
# **Question 4.** Move these sliders to their ends. How many of the 64 does this model use? Choose `"fewer than 32"`, `"32 or more, not all"` or `"all 64"`.

# %%
# BEGIN SOLUTION
used = "fewer than 32"
# END SOLUTION

# %% [markdown]
# A dimension is used, or *active*, if its code varies from image to image (Burda et al. 2016):

# %% tags=["nbval-ignore-output"]
is_active = mean.var(0) > 0.01
active = int(is_active.sum())
kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0)
check.prediction(
    used,
    {
        "fewer than 32": active < 32,
        "32 or more, not all": 32 <= active < 64,
        "all 64": active == 64,
    },
    because=f"The variance exceeds 0.01 in {active}. Their KL is {kl[is_active].min():.2f} nats "
    f"or more each, that of any other {kl[~is_active].max():.0e} or less.",
)

# %% [markdown]
# The posterior of an unused dimension is nearly the prior for every image, so its KL is about 0. Its slider moves, and the picture does not (why: lab 04).

# %% [markdown]
# ## 4 · Between two images
#
# Click on two garments, then drag from one to the other: along the straight line, or along the arc, which turns from one code to the other at nearly the same distance from the origin. Compare both at $t = 0.5$: is the arc always better?

# %% tags=["nbval-ignore-output"]
explore.interpolate(many, test, 1, 8)

# %% [markdown]
# **Question 5.** How far from the origin is the midpoint of the straight line, compared with the two codes? Choose `"nearer"`, `"as far"` or `"farther"`.

# %%
# BEGIN SOLUTION
distance = "nearer"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
half = len(mean) // 2
a = mean[:half]
b = mean[half : 2 * half]
ratio = (((a + b) / 2).norm(dim=1).mean() / mean.norm(dim=1).mean()).item()
cosine = torch.cosine_similarity(a, b).mean()
check.prediction(
    distance,
    {"nearer": ratio < 0.95, "as far": 0.95 <= ratio <= 1.05, "farther": ratio > 1.05},
    because=f"Over {half} pairs it is at {ratio:.0%} of their distance; for equal lengths at a "
    f"right angle it would be {0.5**0.5:.0%}. The mean cosine of their angle is {cosine:.2f}.",
)

# %% [markdown]
# ## 5 · A map of 64 dimensions
#
# t-SNE places the codes on a plane so that near neighbours stay near; the *perplexity* is about how many neighbours of a point count. Point at a dot to see the image and its reconstruction; click on two to go from one to the other.

# %% tags=["nbval-ignore-output"]
explore.tsne_map(many, test, perplexities=(5, 30, 100), name="many", seed=seed, progress=False)

# %% [markdown]
# **Question 6.** Which two kinds of garment are mixed most? Choose `"Coat and Pullover"`, `"Ankle boot and Sneaker"`, `"Dress and Trouser"` or `"another pair"`.
#
# <details><summary>Hint 1</summary>Which classes share one island?</details>
# <details><summary>Hint 2</summary>Switch all classes off in the legend but two, pair after pair.</details>

# %%
# BEGIN SOLUTION
mixed = "Coat and Pullover"
# END SOLUTION

# %% [markdown]
# Measured in all 64 dimensions, without the map: which classes are most often among the ten nearest codes of each other?

# %% tags=["nbval-ignore-output"]
apart = torch.cdist(mean, mean).fill_diagonal_(torch.inf)
near = test.y[apart.topk(10, largest=False).indices]
of_class = [near[test.y == label].flatten() for label in range(10)]
counts = torch.stack([each.bincount(minlength=10) for each in of_class])
order = (counts + counts.T).triu(1).flatten().argsort(descending=True)[:3]
pairs = [" and ".join(sorted([names[int(i) // 10], names[int(i) % 10]])) for i in order]
known = ("Coat and Pullover", "Ankle boot and Sneaker", "Dress and Trouser")
check.prediction(
    mixed,
    {pair: pair == pairs[0] for pair in known} | {"another pair": pairs[0] not in known},
    because=f"Most often neighbours: {'; '.join(pairs)}.",
)

# %% [markdown]
# **Question 7.** Drag the perplexity from 5 to 100. How many of a point's ten nearest neighbours on the map at 5 are still among its ten nearest at 100? Choose `"9 or more"`, `"7 to 9"` or `"fewer than 7"`.

# %%
# BEGIN SOLUTION
still = "fewer than 7"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
from vaekit.explore.tsne import tsne_maps

nearest = []
for places in tsne_maps(mean, (5, 30, 100), seed=seed, progress=False):
    apart = torch.cdist(places, places).fill_diagonal_(torch.inf)
    nearest.append(apart.topk(10, largest=False).indices)
same_class = [(test.y[near] == test.y.unsqueeze(1)).float().mean() for near in nearest]
first, last = nearest[0], nearest[-1]
stay = (first.unsqueeze(2) == last.unsqueeze(1)).sum((1, 2)).float().mean().item()
check.prediction(
    still,
    {"9 or more": stay >= 9, "7 to 9": 7 <= stay < 9, "fewer than 7": stay < 7},
    because=f"On average {stay:.1f} of ten. Neighbours of a point's own class at 5, 30, 100: "
    + ", ".join(f"{value:.0%}" for value in same_class) + ".",
)

# %% [markdown]
# The class of the neighbours hardly depends on the perplexity; which images they are does. Distances between far islands, and the size of an island, say little (Wattenberg et al. 2016).

# %% [markdown]
# ## 6 · Six values of β
#
# Six models with two latents, alike but for the β of their training. The ring keeps its place while you turn β; beneath are the same test images and what each model makes of them.

# %% tags=["nbval-ignore-output"]
betas = (0.1, 0.5, 1, 2, 4, 10)
row = {beta: two if beta == 1 else shipped(f"vae-fashion-z2-beta{beta:g}") for beta in betas}
explore.dial(row, test)

# %% [markdown]
# **Question 8.** Where does more of the class get lost: on the way `"from the originals to β = 0.1"`, or `"from β = 0.1 to β = 10"`?

# %%
# BEGIN SOLUTION
lost = "from the originals to β = 0.1"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
kept = {}
rows = []
for beta, model in row.items():
    with torch.no_grad():
        centre, spread = model.posterior(test.images())
    kl = 0.5 * (centre**2 + spread.exp() - 1 - spread).sum(1).mean()
    copies = model.reconstruct(test.images())
    kept[beta] = correct(copies)
    error = (copies - test.images()).square().mean()
    rows.append([f"{beta:g}", f"{kl:.1f}", f"{error:.3f}", f"{kept[beta]:.0%}"])
plots.table(["β", "KL, nats per image", "error", "read correctly"], rows)

# %% [markdown]
# The KL falls with every β: the posteriors come closer to the prior. Error and class change little.

# %% tags=["nbval-ignore-output"]
squeeze = original - kept[0.1]
turn = kept[0.1] - kept[10]
check.prediction(
    lost,
    {
        "from the originals to β = 0.1": squeeze > turn,
        "from β = 0.1 to β = 10": squeeze <= turn,
    },
    because=f"{100 * squeeze:.0f} points are lost on the first, {100 * turn:.0f} on the second.",
)

# %% [markdown]
# Most of the loss is there at β = 0.1 already.

# %% [markdown]
# ## 7 · Directions
#
# The mean code of pullovers minus that of T-shirts is a direction. We call it sleeves; ankle boots minus sneakers we call boots. Both come from the first half of the test images.

# %% tags=["nbval-ignore-output"]
codes = {name: mean[:half][test.y[:half] == k].mean(0) for k, name in enumerate(names)}
sleeves = codes["Pullover"] - codes["T-shirt/top"]
boots = codes["Ankle boot"] - codes["Sneaker"]
directions = {"sleeves": sleeves, "boots": boots}
explore.attributes(many, images=test.only("T-shirt/top"), directions=directions)

# %% [markdown]
# **Question 9.** Subtract the boots from T-shirts (−1). What are most of them read as? Choose `"T-shirt/top"`, `"Trouser"`, `"Sneaker"` or `"another class"`.
#
# <details><summary>Hint 1</summary>A T-shirt has no boots to lose. Does that mean that nothing happens?</details>
# <details><summary>Hint 2</summary>Look at the row of boots −1: where is there a dark gap?</details>

# %%
# BEGIN SOLUTION
without = "Trouser"
# END SOLUTION

# %% [markdown]
# Measured on the second half of the test images:

# %% tags=["nbval-ignore-output"]
shirts = b[test.y[half : 2 * half] == names.index("T-shirt/top")]
sneakers = b[test.y[half : 2 * half] == names.index("Sneaker")]
changed = {
    "T-shirts": shirts,
    "T-shirts + sleeves": shirts + sleeves,
    "sneakers": sneakers,
    "sneakers + boots": sneakers + boots,
    "T-shirts − boots": shirts - boots,
}
rows = []
for name, z in changed.items():
    with torch.no_grad():
        images = many.decode(z)
    counts = read(images).argmax(1).bincount(minlength=10)
    most = names[int(counts.argmax())]
    rows.append([name, len(z), f"{counts.max() / len(z):.0%} {most}", f"{images.mean():.2f}"])
plots.table(["decoded", "images", "most are read as", "mean pixel"], rows)

# %% [markdown]
# Where they were learnt, both directions do what their names say. And on the T-shirts?

# %% tags=["nbval-ignore-output"]
options = ("T-shirt/top", "Trouser", "Sneaker")
check.prediction(
    without,
    {name: name == most for name in options} | {"another class": most not in options},
)

# %% [markdown]
# A direction holds everything in which the two means differ, not only what we named it after. Learnt between shoes, it means something else on a T-shirt.

# %% [markdown]
# ## 8 · The class as a condition
#
# A conditional VAE is told the digit, so its two latents need not hold it. Choose a class, then another, and leave the ring where it is. (The still picture shows the digit 0.)

# %% tags=["nbval-ignore-output"]
cvae = shipped("cvae-mnist-z2")
explore.walk(cvae, classes=[str(digit) for digit in range(10)], name="cvae")

# %% [markdown]
# **Question 10.** What do all ten digits share at one place of the ring? Choose what they share most: `"the slant"`, `"the ink"` (how much of the image is white), or `"neither"`.

# %%
# BEGIN SOLUTION
stays = "the slant"
# END SOLUTION

# %% [markdown]
# At 500 random places we decode all ten digits, and correlate each pair of classes over the places, once in slant and once in ink:

# %% tags=["nbval-ignore-output"]
def slant(images):
    """How far a stroke leans: the covariance of column and row, over the variance of rows."""
    weight = images.flatten(1) / images.flatten(1).sum(1, keepdim=True)
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    x, y = x.flatten(), y.flatten()
    dx = x - (weight @ x).unsqueeze(1)
    dy = y - (weight @ y).unsqueeze(1)
    return (weight * dx * dy).sum(1) / (weight * dy * dy).sum(1)


def weakest(values):
    """The lowest correlation of two classes, of all 45 pairs.  (10, N) → a number"""
    return torch.corrcoef(values)[torch.triu_indices(10, 10, 1).unbind()].min().item()

# %% tags=["nbval-ignore-output"]
z = torch.randn(500, 2, generator=torch.Generator().manual_seed(seed))
with torch.no_grad():
    digits = [cvae.decode(z, digit) for digit in range(10)]
leaning = weakest(torch.stack([slant(images) for images in digits]))
ink = weakest(torch.stack([images.mean((1, 2, 3)) for images in digits]))
check.prediction(
    stays,
    {
        "the slant": leaning > max(ink, 0.5),
        "the ink": ink > 0.5 and ink >= leaning,
        "neither": max(leaning, ink) <= 0.5,
    },
    because=f"The weakest of the 45 correlations is {leaning:.2f} in slant, {ink:.2f} in ink.",
)

# %% [markdown]
# ## 9 · Draw your own
#
# Draw a digit. While the pen moves, draws from its posterior appear as a cloud of dots on the map (the ellipses are one and two standard deviations), and its reconstruction beside it. Draw a 4 whose top closes slowly: at which moment does it become a 9? Then draw a letter, a house, a face. This model has seen nothing but digits.

# %% tags=["nbval-ignore-output"]
explore.draw(shipped("vae-mnist-z2"), centre=True)

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
from IPython.display import Markdown

Markdown(f"""
- **Class**: {original:.0%} of the originals are read correctly, {share[64]:.0%} of the copies
  through 64 latents (of which {active} are used), {share[2]:.0%} through two, {share[1]:.0%}
  through one; from β = 0.1 to 10, {kept[0.1]:.0%} to {kept[10]:.0%}.
- **Maps**: of ten neighbours at perplexity 5, {stay:.1f} are still neighbours at 100; midpoints
  lie at {ratio:.0%} of the distance of their ends from the origin.
- **Changes**: T-shirts minus "boots" are mostly read as {most}; the slants of all ten digits vary
  together over the plane (correlations of {leaning:.2f} or more).
""")

# %% [markdown]
# **Your own models**: `vaekit explore runs/NAME/weights.safetensors` shows them like this. What does *your* model do to a T-shirt without boots?
#
# ## Further reading
# - Burda, Grosse, Salakhutdinov (2016), *Importance weighted autoencoders*: active units.
# - Wattenberg, Viégas, Johnson (2016), *How to use t-SNE effectively*, distill.pub.
# - White (2016), *Sampling generative networks*: arcs, and directions of attributes.
