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
# Nothing is trained here: the models are ready, and you play with them. There are ten questions. Each asks your hand to find something, and then measures whether what you found is true. Afterwards you can
#
# - say what one, two and sixty-four latent numbers hold, and how you found out;
# - read a map of codes and a t-SNE, and say what each may not be read as;
# - explain what β, a class and a direction of the latent space change in a picture, and what they leave.

# %% [markdown]
# **Time and data**: less than half a minute on two cores, offline. Fashion-MNIST (2,000 test images of 28×28 grey pixels) is built in, and so are the weights of the models, which were trained on all 60,000 images of Fashion-MNIST or MNIST.

# %% tags=["parameters"]
limit: int = 1_000  # test images on the maps, at least 200
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
from vaekit.errors import at_least
from vaekit.recipes import pretrained

import torch

# %%
test = data.load("fashion", "test").first(at_least("limit", limit, 200, 2000))
names = test.classes


def shipped(name):
    """A model that comes with vaekit."""
    return pretrained.load(name).model


# reads the class of a picture, so that a machine can check what you see
reader = shipped("classifier-fashion")


@torch.no_grad()
def read(images):
    """The probability of each class in each image.  (N, 1, 28, 28) → (N, 10)"""
    return reader(images).softmax(1)


# %% [markdown]
# ## How to play
#
# Every picture below is decoded in your browser while you drag. Drag the ring over a map, drag a slider, or click on one and use the arrow keys; <kbd>Home</kbd>, <kbd>End</kbd> and the <kbd>Page</kbd> keys make large steps. In the answer cells, replace what stands between `# BEGIN SOLUTION` and `# END SOLUTION` by what *you* found.

# %% [markdown]
# ## 1 · One number
#
# An image of 784 pixels, squeezed into a single number $z_1$. The strip shows what each value decodes to, and above it where the test images lie, by class.

# %% tags=["nbval-ignore-output"]
one = shipped("vae-fashion-z1")
line = explore.walk(one, test)
line

# %% [markdown]
# **Question 1.** Drag $z_1$ from one end to the other. How many different kinds of garment do you pass? Count them before you look at the check.
#
# <details><summary>Hint</summary>Go slowly where the picture changes quickly, with the arrow keys: one press is a two-hundredth of the way.</details>

# %%
# BEGIN SOLUTION
kinds = 8
# END SOLUTION

# %% [markdown]
# The same walk, in small steps, read by a classifier:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    along = one.decode(torch.linspace(-3, 3, 601).unsqueeze(1))
passed = read(along).argmax(1).unique()
print("the classifier reads", ", ".join(names[label] for label in passed))
check.between("your count minus the classifier's", kinds - len(passed), -2, 2)

# %% [markdown]
# One number must put all garments in a row. Neighbours in this row are garments that are cheap to mistake for one another, and some kinds find no place at all.

# %% [markdown]
# ## 2 · Two numbers
#
# Now there is a plane. Behind the ring lies what the decoder makes of each place, and on it the codes of the test images.

# %% tags=["cover", "nbval-ignore-output"]
two = shipped("vae-fashion-z2")
plane = explore.walk(two, test, name="plane")
plane

# %% [markdown]
# **Question 2.** Trousers and dresses meet somewhere. Find a place where the picture is neither, and type its $z_1$ and $z_2$. (`plane.z` is where your ring stands.)
#
# <details><summary>Hint</summary>Look at the colours of both in the legend. Where do they touch?</details>

# %%
# BEGIN SOLUTION
border = torch.tensor([0.9, 0.3])
# END SOLUTION

# %% [markdown]
# What the classifier makes of your place:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    p = read(two.decode(border.unsqueeze(0)))[0]
print(", ".join(f"{names[label]} {p[label]:.0%}" for label in p.argsort(descending=True)[:3]))
both = p[names.index("Trouser")] + p[names.index("Dress")]
check.between("probability of the likelier of the two", p.max() / both, 0.5, 0.9)

# %% [markdown]
# **Question 3.** A model never says "I do not know". Find a place where the picture belongs to no class: the classifier gives none of them more than one half.
#
# <details><summary>Hint</summary>Dark places on the map, between regions of very different garments.</details>

# %%
# BEGIN SOLUTION
nowhere = torch.tensor([-1.2, 0.4])
# END SOLUTION

# %% [markdown]
# And of this one:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    p = read(two.decode(nowhere.unsqueeze(0)))[0]
check.between("probability of the likeliest class", p.max(), 0.1, 0.5)

# %% [markdown]
# ## 3 · Sixty-four numbers
#
# With 64 latents the pictures are better, and the plane is gone: the pad shows only two of them, the sliders the six whose codes vary most over the test images.

# %% tags=["nbval-ignore-output"]
many = shipped("vae-fashion-z64")
explore.walk(many, test, name="many")

# %% [markdown]
# The same for the four dimensions whose codes vary least:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    mean, log_var = many.posterior(test.images())
quiet = mean.var(0).argsort()[:4].tolist()
explore.walk(many, dims=quiet, name="quiet")

# %% [markdown]
# **Question 4.** Move all of these sliders to their ends. What do you expect of the other dimensions: how many of the 64 does this model use at all?

# %%
# BEGIN SOLUTION
used = "fewer than 32"
# END SOLUTION

# %% [markdown]
# A dimension counts as used if its code varies from image to image:

# %% tags=["nbval-ignore-output"]
active = int((mean.var(0) > 0.01).sum())
check.prediction(
    used,
    {
        "fewer than 32": active < 32,
        "32 or more, not all": 32 <= active < 64,
        "all 64": active == 64,
    },
    because=f"The variance of the code exceeds 0.01 in {active} dimensions (Burda et al. 2016).",
)

# %% [markdown]
# A dimension that would cost more KL than it saves in reconstruction is left at the prior: its slider moves and the picture does not (lab 04).

# %% [markdown]
# ## 4 · Between two images
#
# Click on two garments. Then drag from one to the other, along the straight line and along the arc.

# %% tags=["nbval-ignore-output"]
explore.interpolate(many, test, 1, 8)

# %% [markdown]
# **Question 5.** In 64 dimensions, how long is the middle of the straight line between two codes, compared with the codes themselves? Choose before you run the check.

# %%
# BEGIN SOLUTION
length = "shorter"
# END SOLUTION

# %% [markdown]
# Measured over pairs of test images:

# %% tags=["nbval-ignore-output"]
half = len(mean) // 2
middle = (mean[:half] + mean[half : 2 * half]) / 2
ratio = (middle.norm(dim=1).mean() / mean.norm(dim=1).mean()).item()
check.prediction(
    length,
    {"shorter": ratio < 0.95, "as long": 0.95 <= ratio <= 1.05, "longer": ratio > 1.05},
    because=f"On average it has {ratio:.0%} of their length: it passes nearer to the origin.",
)

# %% [markdown]
# ## 5 · A map of 64 dimensions
#
# t-SNE places the codes on a plane such that near neighbours stay near. Point at a dot to see the image and its reconstruction; click on two to go from one to the other. The ring follows the walk of section 3.

# %% tags=["nbval-ignore-output"]
explore.tsne_map(many, test, perplexities=(5, 30, 100), name="many", seed=seed, progress=False)

# %% [markdown]
# **Question 6.** Which two kinds of garment are mixed most?
#
# <details><summary>Hint</summary>Switch classes off in the legend until two are left that cannot be told apart.</details>

# %%
# BEGIN SOLUTION
mixed = {"Pullover", "Coat"}
# END SOLUTION

# %% [markdown]
# Measured in all 64 dimensions, without the map: which classes stand among the ten nearest codes of each other?

# %% tags=["nbval-ignore-output"]
distance = torch.cdist(mean, mean).fill_diagonal_(torch.inf)
neighbours = test.y[distance.topk(10, largest=False).indices]
of_class = [neighbours[test.y == label].flatten() for label in range(10)]
counts = torch.stack([each.bincount(minlength=10) for each in of_class])
pairs = (counts + counts.T).float().triu(1)
order = pairs.flatten().argsort(descending=True)[:3]
found = [{names[int(i) // 10], names[int(i) % 10]} for i in order]
print("most often neighbours:", "; ".join(" and ".join(sorted(pair)) for pair in found))
check.prediction("yes" if mixed in found else "no", {"yes": True, "no": False})

# %% [markdown]
# **Question 7.** Now drag the slider of the perplexity from 5 to 100. The picture changes a good deal. Does it change who is neighbour to whom: the share of a point's ten nearest neighbours on the map that are of its own class?

# %%
# BEGIN SOLUTION
neighbourhood = "by less than 10 points"
# END SOLUTION

# %% [markdown]
# The same measurement on the three maps:

# %% tags=["nbval-ignore-output"]
from vaekit.explore.tsne import tsne_maps

shares = []
for places in tsne_maps(mean, (5, 30, 100), seed=seed, progress=False):
    apart = torch.cdist(places, places).fill_diagonal_(torch.inf)
    near = apart.topk(10, largest=False).indices
    shares.append((test.y[near] == test.y.unsqueeze(1)).float().mean().item())
change = max(shares) - min(shares)
check.prediction(
    neighbourhood,
    {"by less than 10 points": change < 0.1, "by 10 points or more": change >= 0.1},
    because="Shares at 5, 30, 100: " + ", ".join(f"{share:.0%}" for share in shares) + ".",
)

# %% [markdown]
# Distances between far islands, and the size of an island, say little in a t-SNE; who stands beside whom says much (Wattenberg et al. 2016).

# %% [markdown]
# ## 6 · The dial
#
# Six models, alike but for the β of their training. The ring keeps its place while you turn β; beneath, the same test images and what each model makes of them.

# %% tags=["nbval-ignore-output"]
betas = (0.1, 0.5, 1, 2, 4, 10)
row = {beta: shipped(f"vae-fashion-z2-beta{beta:g}") for beta in betas if beta != 1}
row = dict(sorted({1: two, **row}.items()))
explore.dial(row, test)

# %% [markdown]
# **Question 8.** Turn β up from 0.1. At which stop do the reconstructions begin to lose their class: where does the classifier read less than half of them rightly?

# %%
# BEGIN SOLUTION
stop = "never"
# END SOLUTION

# %% [markdown]
# The share of reconstructions that the classifier reads rightly, at each stop:

# %% tags=["nbval-ignore-output"]
kept = {}
for beta, model in row.items():
    copies = model.reconstruct(test.images())
    kept[beta] = (read(copies).argmax(1) == test.y).float().mean().item()
lost = [f"{beta:g}" for beta in betas if kept[beta] < 0.5]
outcomes = {f"{beta:g}": lost[:1] == [f"{beta:g}"] for beta in betas} | {"never": not lost}
shares = ", ".join(f"β = {beta:g}: {share:.0%}" for beta, share in kept.items())
check.prediction(stop, outcomes, because=f"Read rightly: {shares}.")

# %% [markdown]
# ## 7 · Directions
#
# The mean code of pullovers minus that of T-shirts is a direction: what the model thinks that sleeves are. Turn it on and off.

# %% tags=["nbval-ignore-output"]
centre = torch.stack([mean[test.y == label].mean(0) for label in range(10)])
sleeves = centre[names.index("Pullover")] - centre[names.index("T-shirt/top")]
boots = centre[names.index("Ankle boot")] - centre[names.index("Sneaker")]
directions = {"sleeves": sleeves, "boots": boots}
explore.attributes(many, images=test.only("T-shirt/top"), directions=directions)

# %% [markdown]
# **Question 9.** Add the sleeves to all T-shirts of the test set. What does the classifier read in most of them afterwards?

# %%
# BEGIN SOLUTION
afterwards = "Pullover"
# END SOLUTION

# %% [markdown]
# All T-shirts of the test set, with the sleeves added:

# %% tags=["nbval-ignore-output"]
shirts = mean[test.y == names.index("T-shirt/top")]
with torch.no_grad():
    dressed = read(many.decode(shirts + sleeves)).argmax(1)
counts = dressed.bincount(minlength=10)
most = names[int(counts.argmax())]
check.prediction(
    afterwards,
    {name: name == most for name in names},
    because=f"{counts.max() / counts.sum():.0%} of them are read as {most}.",
)

# %% [markdown]
# ## 8 · The class, and what is left
#
# A conditional VAE is told the digit, so its two latents need not say it. Choose a class, then another, and leave the ring where it is.

# %% tags=["nbval-ignore-output"]
cvae = shipped("cvae-mnist-z2")
explore.walk(cvae, classes=[str(digit) for digit in range(10)], name="cvae")

# %% [markdown]
# **Question 10.** What stays when only the class changes? Choose, then see: over 500 latents we measure how slanted a 1 and a 7 are, and whether the same latents slant both.

# %%
# BEGIN SOLUTION
stays = "the slant"
# END SOLUTION

# %% tags=["nbval-ignore-output"]
def slant(images):
    """How far a stroke leans: the covariance of column and row, over the variance of rows."""
    weight = images.flatten(1) / images.flatten(1).sum(1, keepdim=True)
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    x, y = x.flatten(), y.flatten()
    dx = x - (weight @ x).unsqueeze(1)
    dy = y - (weight @ y).unsqueeze(1)
    return (weight * dx * dy).sum(1) / (weight * dy * dy).sum(1)


z = torch.randn(500, 2, generator=torch.Generator().manual_seed(seed))
with torch.no_grad():
    lean = torch.stack([slant(cvae.decode(z, digit)) for digit in (1, 7)])
same = torch.corrcoef(lean)[0, 1].item()
check.prediction(
    stays,
    {"the slant": same > 0.5, "nothing": same <= 0.5},
    because=f"The correlation of both slants is {same:.2f}.",
)

# %% [markdown]
# ## 9 · Draw your own
#
# Draw a digit. While the pen moves, its posterior appears as a cloud on the map, and its reconstruction beside it. Then draw something that is none: a letter, a house, a face.

# %% tags=["nbval-ignore-output"]
explore.draw(shipped("vae-mnist-z2"), centre=True)

# %% [markdown]
# Whatever you draw, a digit comes back: the decoder knows nothing else. Draw a 4 whose top closes slowly, and watch at which moment it becomes a 9.

# %% [markdown]
# ## What we saw

# %% tags=["nbval-ignore-output"]
plots.table(
    ["question", "measured in this run"],
    [
        ["kinds of garment along one latent", len(passed)],
        ["of 64 latents, used", active],
        ["length of a middle as a share of its ends'", f"{ratio:.0%}"],
        ["right after reconstruction, β = 0.1 and 10", f"{kept[0.1]:.0%}, {kept[10]:.0%}"],
        ["correlation of the slants of 1 and 7", f"{same:.2f}"],
    ],
)

# %% [markdown]
# **Your own models**: `vaekit explore runs/NAME/weights.safetensors` shows them like this, and `vaekit explore --html page.html WEIGHTS` writes a page that needs neither Python nor a network.
#
# ## Further reading
# - Burda, Grosse, Salakhutdinov (2016), *Importance weighted autoencoders*: active units.
# - Wattenberg, Viégas, Johnson (2016), *How to use t-SNE effectively*, distill.pub.
# - White (2016), *Sampling generative networks*: arcs, and directions of attributes.
