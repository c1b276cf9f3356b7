# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 · Faces: detail, attributes, and what happens to the rare ones
#
# [start page](00_start.ipynb) · next: [10 The latent explorer](10_latent_explorer.ipynb)
#
# S2 and S4, two student reports that this course checks, trained VAEs on photographs of faces. Here the faces are drawn, so that we know every attribute of each of them. Afterwards you can
#
# - convert a weight λ of another loss into β, and say what it does to copies and to samples;
# - measure which frequencies a VAE loses, and what instance normalisation takes away;
# - add and take away an attribute, and let a classifier say whether it worked;
# - measure what a biased data set does: error by attribute, amplification, membership; and what a repair changes.

# %% [markdown]
# **Time and data**: about 1 minute on two cores, offline. The faces are drawn on first use (some seconds) and kept. Three small networks are trained here; the others are shipped, and `data/README.md` has the command of each.

# %% tags=["parameters"]
dataset: str = "faces"  # faces, or celeba where it is on your disk (then all is trained here)
epochs: int = 3  # passes over the training images for the networks trained here, 1 … 20
n: int = 1000  # samples, and test images, for each measurement, 200 … 2,000
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
from vaekit.course import check, diagrams
from vaekit.data.faces import faces
from vaekit.device import seeded
from vaekit.errors import at_least, check_seed, pick
from vaekit.recipes import pretrained

from functools import partial

import torch
from IPython.display import Markdown, display

# %%
pick("dataset", dataset, ("faces", "celeba"))
epochs = at_least("epochs", epochs, 1, 20)
n = at_least("n", n, 200, 2000)
check_seed(seed)
drawn = dataset == "faces"
train = data.load(dataset)
test = data.load(dataset, "test").first(n)
x_test = test.images()
names = list(test.classes)
few = x_test[:10]
# rows of faces, somewhat larger than rows of digits
compare = partial(plots.compare, scale=0.7)


def column(images, name):
    """Whether each image has the attribute, (N,) bool."""
    return images.y[:, list(images.classes).index(name)] == 1


def noise(count, d=64, seed=seed):
    return torch.randn(count, d, generator=seeded(seed))

# %% [markdown]
# ## 1 · Faces of which everything is known
#
# Each face is drawn from 23 factors. Thirteen are continuous (turn, light, skin, age, mouth, hair length …); 17 **attributes**, each yes or no, follow from the others and from thresholds on mouth, skin and age. They have the names of CelebA, the data set of S2 and S4. No label of race or gender is drawn; skin tone and beards are, so a bias can be studied.

# %% tags=["nbval-ignore-output", "cover"]
plots.sheet(train.first(48), columns=12, title="48 training images")

# %% [markdown]
# Two dials belong to the drawing: the **share** of each attribute, and the **correlation** of two. The same ten faces, with glasses for 10 % and for 70 % of all:

# %%
rows = {f"{share:.0%}": faces(10, shares={"Eyeglasses": share}) for share in (0.1, 0.7)}
compare(rows, title="The share of Eyeglasses, nothing else changed")

# %% [markdown]
# The share is that of a large set; ten faces can have more or fewer. In section 8 we turn both dials on purpose. First the models.
#
# ## 2 · A colour that is hard to see
#
# S2's encoder repeats *convolution → InstanceNorm → ReLU* eight times, and its decoder mirrors it. (In the report's table the decoder's first 4×4 layer has stride 1. With that the image comes out as 40×32; stride 2 gives 64×48.)

# %%
diagrams.face_vae()

# %% [markdown]
# The loss is that of lab 02 with another likelihood. With Gaussian pixels, $p(x \mid z) = \mathcal N(\hat x, \tfrac12 I)$, $-\log p(x \mid z)$ is the squared error plus a constant:
#
# $$L = \lVert x - \hat x \rVert^2 + \beta \, \mathrm{KL}(q(z \mid x) \,\|\, p(z)).$$

# %%
def loss(output, x, c=None, beta=0.023):
    """The formula above, per image."""
    x_hat = output.logits.sigmoid()
    error = (x - x_hat).square().flatten(1).sum(1)
    kl = losses.gaussian_kl(output.mean, output.log_var).sum(1)
    return {"loss": error + beta * kl, "error": error, "kl": kl}

# %% [markdown]
# We train S2's network, with a quarter of its channels, for a few passes over 2,400 images. **Look** at hair, skin and background of the copies.

# %% tags=["nbval-ignore-output"]
def briefly(model, beta=0.023, passes=epochs):
    """Train on 2,400 images; the same images, order and settings for every model."""
    training.fit(model, train.first(2400), partial(loss, beta=beta), epochs=passes,
                 batch_size=32, lr=2e-3, schedule="one-cycle", seed=seed)
    return model.eval()

def copy_of(model, x):
    with torch.no_grad():
        return model.reconstruct(x)

torch.manual_seed(seed)
s2 = briefly(recipes.builders.instance_norm_vae(width=8)(64, train.shape))
compare({"original": few, "S2's network": copy_of(s2, few)},
              title=f"Reconstructions after {epochs} passes over 2,400 images")

# %% [markdown]
# The copies are blurred, which more training lessens, and light and colour are off. What can the encoder see of them? **Measure**: halve the contrast of every image about mid-grey, and compare the features before and after.

# %%
def change_of_features(model):
    """How far the features move at half the contrast, as a share of their length."""
    pale = 0.5 + (x_test[:200] - 0.5) / 2
    with torch.no_grad():
        before, after = model.encoder(x_test[:200]), model.encoder(pale)
    return ((after - before).norm(dim=1) / before.norm(dim=1)).mean().item()

moved = change_of_features(s2)
print(check.between("S2's features move by (share of their length)", moved, 0, 0.001))

# %% [markdown]
# Not at all. InstanceNorm subtracts from each channel of each *image* its own mean and divides by its own standard deviation, so two images that differ in contrast alone have the same features. **Repair**: BatchNorm takes mean and deviation over the *batch*; differences between images remain. We replace all of them, in encoder and decoder, and nothing else:

# %% tags=["nbval-ignore-output"]
def with_batch_norm(network):
    """The same network, every InstanceNorm2d replaced."""
    for name, layer in network.named_children():
        if isinstance(layer, torch.nn.InstanceNorm2d):
            setattr(network, name, torch.nn.BatchNorm2d(layer.num_features))
        with_batch_norm(layer)
    return network

torch.manual_seed(seed)
repaired = briefly(with_batch_norm(recipes.builders.instance_norm_vae(width=8)(64, train.shape)))
compare({"original": few, "InstanceNorm": copy_of(s2, few),
               "BatchNorm": copy_of(repaired, few)}, title="The same network, two normalisations")

# %% [markdown]
# How well does the mean colour of a copy follow that of its original? $R^2 = 1$: perfectly; 0: no better than one colour for all.

# %% tags=["nbval-ignore-output"]
def colour_kept(model):
    """R² of the mean colour, over test images."""
    mean = x_test.mean((2, 3))
    error = (copy_of(model, x_test).mean((2, 3)) - mean).square().sum()
    return 1 - (error / (mean - mean.mean(0)).square().sum()).item()

kept = {"InstanceNorm": colour_kept(s2), "BatchNorm": colour_kept(repaired)}
plots.table(["", "features move by", "R² of the mean colour"],
            [[name, f"{change_of_features(m):.5f}", f"{kept[name]:.2f}"]
             for name, m in (("InstanceNorm", s2), ("BatchNorm", repaired))])

# %% [markdown]
# The repair keeps more of it:

# %%
if epochs >= 3:
    print(check.between("R² with BatchNorm minus that with InstanceNorm",
                        kept["BatchNorm"] - kept["InstanceNorm"], 0.05, 3))

# %% [markdown]
# S2 saw that light skin and light hair fail first, and asks whether they are rare in the data. Its network may have a second reason: it sees how light an image is only at the border, where the padding is. (With all its channels and 20 passes over CelebA it has learned to look there: R² = 0.86, RESULTS.md.) From here on we use a network of our own with BatchNorm and wider strides, which trains faster; its weights are shipped.
#
# ## 3 · λ, and what it is here
#
# S2 weights a KL **summed** over latents with λ against a squared error **averaged** over $64 \cdot 48 \cdot 3 = 9216$ values, of images in $[-1, 1]$. Exercise 3 of lab 02 was to convert such weights. Images of twice the range have four times the squared error, so $\beta = \lambda \cdot 9216 / 4$.

# %%
lambdas = ("1e-3", "1e-4", "1e-5", "1e-6")
pixels = x_test[0].numel()
beta_of = {lam: losses.effective_beta(float(lam), pixels=pixels, width=2) for lam in lambdas}
label = {lam: f"λ = {lam}\nβ = {beta_of[lam]:.2g}" for lam in lambdas}

def vae_for(name, beta, d=64):
    """The shipped VAE of this name; for other images one is trained here."""
    if drawn:
        return pretrained.load(name).model
    return briefly(recipes.build("patch-vae-faces", d, train.shape, seed), beta, 4 * epochs)

by_lambda = {lam: vae_for(f"faces-vae-{lam}", beta_of[lam]) for lam in lambdas}

# %% [markdown]
# ### ✏️ Exercise 1 (predict it): the best λ
# A large β makes codes simple, a small one makes better copies. With which λ will **random faces**, decoded from $z \sim \mathcal N(0, I)$, be closest to test faces? Write `"large"` (1e-3 or 1e-4), `"1e-5"` or `"1e-6"`.
#
# <details><summary>Hint 1</summary>A random z is useful to the decoder only where training has put codes. Where did it put them?</details>
# <details><summary>Hint 2</summary>Which term of the loss pulls the codes of all images together into N(0, I)?</details>

# %%
# BEGIN SOLUTION
best_lambda = "large"
# END SOLUTION

# %% [markdown]
# Copies first.

# %%
rows = {"original": few} | {label[lam]: copy_of(m, few) for lam, m in by_lambda.items()}
compare(rows, title="Reconstructions, by λ")

# %% [markdown]
# Then samples. **Look**: which rows are faces?

# %%
def decoded(model, z):
    with torch.no_grad():
        return model.decode(z)

rows = {label[lam]: decoded(m, noise(10)) for lam, m in by_lambda.items()}
compare(rows, title="Random faces, by λ (one z per column)")

# %% [markdown]
# Now in numbers. FID (lab 05) looks through the features of a small **attribute classifier**, so it does not compare with published FIDs. The classifier also reads attributes for us from now on.

# %% tags=["nbval-ignore-output"]
def judge_for():
    """The shipped classifier; for other images one is trained here."""
    if drawn:
        return pretrained.load("classifier-faces").model
    judge = recipes.build("classifier-faces", None, train.shape, seed, classes=len(names))
    training.fit(judge, train, losses.attribute_cross_entropy, epochs=4 * epochs,
                 batch_size=64, lr=3e-3, schedule="one-cycle", seed=seed)
    return judge.eval()

def error_of(model, x):
    """The squared error of each image."""
    return (copy_of(model, x) - x).square().flatten(1).sum(1)

def row_of(model, d=64):
    """Squared error, KL, active units, FID of n samples."""
    kl = metrics.kl_per_dimension(model, test).sum().item()
    units = metrics.active_units(model, test).value
    fid = metrics.fid(test, decoded(model, noise(n, d)), features=judge, resamples=20)
    return error_of(model, x_test).mean().item(), kl, units, fid

judge = judge_for()
measured = {lam: row_of(m) for lam, m in by_lambda.items()}
head = ["λ", "effective β", "squared error per image", "KL, nats", "active units", "FID"]
plots.table(head, [[lam, f"{beta_of[lam]:.2g}", f"{e:.1f}", f"{kl:.0f}", f"{u:.0f} of 64",
                    f"{fid.value:.1f} [{fid.low:.1f}, {fid.high:.1f}]"]
                   for lam, (e, kl, u, fid) in measured.items()])

# %% [markdown]
# And your guess?

# %%
fids = {lam: row[3].value for lam, row in measured.items()}
lowest = min(fids, key=fids.get)
check.prediction(best_lambda, {"large": lowest in ("1e-3", "1e-4"), "1e-5": lowest == "1e-5",
                               "1e-6": lowest == "1e-6"},
                 because="Where β is small, the codes lie far apart, and a z from N(0, I) falls "
                         "between them, where the decoder was never trained; where it is large, "
                         "few latents are used, and all faces are blurred.")

# %% [markdown]
# Copies and samples disagree about the best λ. S2, who looked at samples, found that 1e-3 gives symmetrical frontal faces only, 1e-5 is best and 1e-6 deforms. On CelebA, S2's own network confirms that (RESULTS.md); on these faces a larger λ is better. The best λ belongs to the data and the network.
#
# The second dial of S2 is the size of z, at λ = 1e-5:

# %% tags=["nbval-ignore-output"]
by_size = {32: vae_for("faces-vae-z32", beta_of["1e-5"], 32), 64: by_lambda["1e-5"],
           128: vae_for("faces-vae-z128", beta_of["1e-5"], 128)}
sizes = {d: row_of(m, d) for d, m in by_size.items()}
display(compare({f"z = {d}": torch.cat([copy_of(m, few[:6]), decoded(m, noise(6, d))])
                       for d, m in by_size.items()},
                      title="Left: six reconstructions. Right: six random faces"))
display(plots.table(
    ["z", "effective β", "squared error per image", "KL, nats", "active units", "FID"],
    [[d, f"{beta_of['1e-5']:.2g}", f"{e:.1f}", f"{kl:.0f}", f"{u:.0f}",
      f"{fid.value:.1f} [{fid.low:.1f}, {fid.high:.1f}]"]
     for d, (e, kl, u, fid) in sizes.items()]))

# %% [markdown]
# More numbers hardly help the copies of these networks; random faces get worse, since more directions of z have to be right at once.
#
# ## 4 · Why the copies are blurred
#
# Split images into waves: coarse ones (few cycles over the height) and fine ones. For each band, how much of the power of the originals do the copies keep?

# %% tags=["nbval-ignore-output"]
half = x_test[:500]
spectra = {f"λ = {lam}": metrics.lost_frequencies(half, copy_of(m, half), resamples=20)
           for lam, m in by_lambda.items()}
bands = list(spectra["λ = 1e-5"])
plots.lines(bands, {name: [s.value for s in bands_.values()] for name, bands_ in spectra.items()},
            title="Power kept by reconstructions", xlabel="frequency, cycles per image height",
            ylabel="share of the originals' power", reference={"all of it": 1.0})

# %% [markdown]
# The same in two numbers, at λ = 1e-5:

# %%
finest, coarsest = (spectra["λ = 1e-5"][bands[at]].value for at in (-1, 0))
print(check.between("λ = 1e-5: power kept in the finest band", finest, 0, 0.3))
print(check.between("finest over coarsest", finest / coarsest, 0, 0.4))

# %% [markdown]
# Fine waves go first. One reason: where z does not say where exactly an edge lies, the squared error is smallest for the **mean** over its possible places, which is a blur. An edge that is 2 pixels off turns a wave of 4 pixels upside down, and hardly changes one of 40. At the two smallest λ z says enough, and the finest band is lost all the same: there the decoder is the limit.
#
# ## 5 · Between two faces, and closer to the centre
#
# The slider of lab 10: choose two faces, and walk from one to the other on the line or on the arc (lab 08). One of the two below wears glasses. **Try**: is there half a pair of glasses in the middle?

# %% tags=["nbval-ignore-output"]
middle_model = by_lambda["1e-4"]
wears = column(test.first(12), "Eyeglasses").long()
explore.interpolate(middle_model, test.first(12), wears.argmax().item(), wears.argmin().item(),
                    scale=4)

# %% [markdown]
# S2 wished for samples "closer to the centre" and added 1 to the weight of the KL. With λ + 1 the effective β is no longer 0.023. We train briefly:

# %% tags=["nbval-ignore-output"]
beta_plus_1 = losses.effective_beta(1 + 1e-5, pixels=pixels, width=2)
centred = briefly(recipes.build("patch-vae-faces", 64, train.shape, seed), beta=beta_plus_1)
active = metrics.active_units(centred, test).value
print(f"λ + 1 amounts to β = {beta_plus_1:,.0f}; active units: {active:.0f} of 64")
temperatures = (1.2, 1.0, 0.7, 0.4)
rows = {f"temperature {t:g}": decoded(middle_model, t * noise(10)) for t in temperatures}
compare({"weight + 1": decoded(centred, noise(10))} | rows,
        title="λ + 1, and draws from N(0, T²·I) at λ = 1e-4")

# %% [markdown]
# How many latents carry anything?

# %%
print(check.between("active units with λ + 1", active, 0, 8))

# %% [markdown]
# The posterior has collapsed (lab 02): every z gives one face, the mean. (S2 shows smoother faces, not one: perhaps it added 1 to another form of the weight.) The usual way to the centre leaves training as it is and draws $z \sim \mathcal N(0, T^2 I)$ with a **temperature** $T < 1$, in the hope of more typical faces. By FID:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    output = middle_model(x_test)
    length = (output.mean.square() + output.log_var.exp()).sum(1).sqrt().mean().item()
by_temperature = {t: metrics.fid(test, decoded(middle_model, t * noise(n)), features=judge,
                                 floor=False, resamples=20) for t in (1.2, 0.7, 0.4)}
by_temperature[1.0] = measured["1e-4"][3]
display(plots.table(["T", "length of a draw, about 8·T", "FID"],
                    [[f"{t:g}", f"{8 * t:.1f}", f"{f.value:.1f} [{f.low:.1f}, {f.high:.1f}]"]
                     for t, f in sorted(by_temperature.items(), reverse=True)]))
print(f"length of z ~ q(z | x) for test images: {length:.1f}")

# %% [markdown]
# The coldest against T = 1:

# %%
if drawn and n >= 1000:
    print(check.between("FID at T = 0.4 over FID at T = 1",
                        by_temperature[0.4].value / by_temperature[1.0].value, 1.2, 20))

# %% [markdown]
# Here cooling hurts, and warming helps a little. The draws with T = 1 are as long as the codes of real faces, and what lies inside the decoder has hardly seen; that explains the first, not the second. So measure before you use a temperature.
#
# ## 6 · Attributes as directions
#
# Adding glasses to a face: find the direction in which glasses lie in the space of codes, and go there.
#
# ### ✏️ Exercise 2 (find the bug): `attribute_vector`
# A first attempt takes the mean code of the images that have the attribute, and adds it.

# %%
sharp = by_lambda["1e-5"]

def codes_of(model, x):
    with torch.no_grad():
        return model.encode(x)

def first_attempt(codes, has):
    """A step towards the attribute.  (N, D), (N,) bool → (D,)"""
    return codes[has].mean(0)

known = train.first(4000)
codes = codes_of(sharp, known.images())
without = x_test[~column(test, "Eyeglasses")]
z = codes_of(sharp, without)
step = first_attempt(codes, column(known, "Eyeglasses"))
compare({"copy": decoded(sharp, z[:10]), "+ first attempt": decoded(sharp, z[:10] + step)},
              title="Adding the mean code of faces with glasses")

# %% [markdown]
# How many have glasses now, by the classifier?

# %% tags=["nbval-ignore-output"]
def share_with(name, images):
    """The share of images in which the classifier reads the attribute."""
    return metrics.read_attributes(judge, images)[:, names.index(name)].double().mean().item()

got = {"nothing": share_with("Eyeglasses", decoded(sharp, z)),
       "first attempt": share_with("Eyeglasses", decoded(sharp, z + step))}
print(f"with glasses before: {got['nothing']:.0%}, after: {got['first attempt']:.0%}")

# %% [markdown]
# The mean code of faces with glasses also contains the mean code of all faces, which has no business in a step. Write the mended one.
#
# <details><summary>Hint 1</summary>What do the codes of faces with glasses have that those of faces without do not?</details>
# <details><summary>Hint 2</summary><code>codes[~has]</code> are the others; take one mean from the other.</details>

# %%
def attribute_vector(codes, has):
    """A step towards the attribute.  (N, D), (N,) bool → (D,)"""
    # BEGIN SOLUTION
    return codes[has].mean(0) - codes[~has].mean(0)
    # END SOLUTION

# %% [markdown]
# Check it:

# %%
attribute_vector = check.or_reference(attribute_vector)

# %% [markdown]
# One step, two steps; and two steps back for ten who wear glasses:

# %%
step = attribute_vector(codes, column(known, "Eyeglasses"))
rows = {how: decoded(sharp, z[:10] + times * step)
        for times, how in enumerate(("copy", "+ 1 step", "+ 2 steps"))}
worn = codes_of(sharp, x_test[column(test, "Eyeglasses")])[:10]
rows |= {"wearers, copy": decoded(sharp, worn), "− 2 steps": decoded(sharp, worn - 2 * step)}
compare(rows, title="Adding and subtracting the direction of Eyeglasses")

# %% [markdown]
# And by the classifier:

# %% tags=["nbval-ignore-output"]
for times in (1, 2):
    got[f"{times} of the difference"] = share_with("Eyeglasses", decoded(sharp, z + times * step))
plots.table(["added", "read as wearing glasses"], [[how, f"{s:.0%}"] for how, s in got.items()])

# %% [markdown]
# One step of the difference against the first attempt:

# %%
gained = got["1 of the difference"] - got["first attempt"]
if drawn:
    print(check.between("glasses: one step minus first attempt", gained, 0.02, 1))

# %% [markdown]
# ## 7 · Asking for attributes
#
# A direction is found afterwards. S4 gives the attributes to encoder and decoder from the start (lab 03): a conditional VAE with one number, 0 or 1, for each. Ours has λ = 1e-3 and 16 latents: at a small λ the attributes would stay in $z$, and the decoder would ignore what it is told (lab 03). **Try** the toggles: which of them changes more than you asked for?

# %% tags=["nbval-ignore-output"]
def cvae_for(name, images):
    if drawn:
        return pretrained.load(name).model
    model = recipes.build("patch-cvae-faces", 16, train.shape, seed, classes=len(names))
    training.fit(model, images, partial(loss, beta=beta_of["1e-3"]), epochs=4 * epochs,
                 batch_size=32, lr=2e-3, schedule="one-cycle", seed=seed)
    return model.eval()

cvae = cvae_for("faces-cvae", train)
explore.attributes(cvae, names, scale=3)

# %% [markdown]
# S4's three examples: blond with a goatee, black hair with a goatee, and a man with a moustache. Our labels do not include *man*, so we ask for the moustache. All three are also young, and the third has brown hair, since a face needs a colour.

# %%
def row_asking(*wanted):
    return torch.tensor([float(name in wanted) for name in names])

def asked_for(model, asked, z):
    with torch.no_grad():
        return model.decode(z, asked)

asking = {"blond, goatee": ("Blond_Hair", "Goatee", "Young"),
          "black hair, goatee": ("Black_Hair", "Goatee", "Young"),
          "moustache": ("Brown_Hair", "Mustache", "Young")}
compare({name: asked_for(cvae, row_asking(*wanted).expand(10, -1), noise(10, 16))
               for name, wanted in asking.items()}, title="S4's three wishes, ten faces each")

# %% [markdown]
# Does it do as it is told? We ask for the attributes of test faces, decode each row with a new z, and let the classifier read: how many of those who were to have an attribute have it, and how many of the others are without?

# %% tags=["nbval-ignore-output"]
asked = test.y.float()
given = asked_for(cvae, asked, noise(len(test), 16))
answers = metrics.carried(judge, given, asked, names, real=test)
absent = metrics.carried(judge, given, asked, names, present=False)
plots.table(["asked for", "carried", "95 % interval", "without, as asked", "real faces"],
            [[name, f"{s.value:.1%}", f"{s.low:.0%} … {s.high:.0%}", f"{absent[name].value:.0%}",
              f"{s.floor:.0%}"] for name, s in answers.items()])

# %% [markdown]
# How many reach 90 %?

# %%
well_carried = sum(s.value >= 0.9 for s in answers.values())
if drawn and n >= 1000:
    print(check.between("attributes carried by at least 90 %", well_carried, 8, 17))

# %% [markdown]
# What fails most is in the face: cheeks, mouth, moustache, brows; and many faces that should not smile, or not be young, do and are. It may be missing, or hidden in the blur of section 4: the classifier was tested on sharp and slightly blurred faces only.
#
# ## 8 · What a biased data set does, measured
#
# S2 and S0 write about bias and privacy. We plant a bias and measure it: 3,000 faces of which 5 % wear glasses and 10 % have pale skin, and where goatee and hat mostly come together.

# %% tags=["nbval-ignore-output"]
if drawn:
    biased, unseen = data.load("faces_biased"), data.load("faces_biased", "test").first(n)
    rare, tied = ("Eyeglasses", "Pale_Skin"), ("Goatee", "Wearing_Hat")
else:
    # of CelebA's own correlations, one that is strong
    biased, unseen = train.first(3000), test
    rare, tied = ("Eyeglasses", "Pale_Skin"), ("Heavy_Makeup", "Wearing_Lipstick")
tie = {"training set": metrics.phi(*(column(biased, name).long() for name in tied))}
shares = {name: column(biased, name).double().mean().item() for name in (*rare, *tied)}
fair = train.first(3000)
fair_vae = vae_for("faces-vae-fair", beta_of["1e-4"])
bias_vae = vae_for("faces-vae-biased", beta_of["1e-4"])
display(plots.table(["attribute", "share"], [[k, f"{v:.0%}"] for k, v in shares.items()]))
print(f"correlation φ of {tied[0]} and {tied[1]}: {tie['training set']:.2f}")

# %% [markdown]
# **Is it worse for the rare ones?** The error of faces with an attribute minus that of faces without, on unbiased test faces. Glasses are harder to copy for any model, so a control stands beside it: the same network, trained for as long on 3,000 *unbiased* faces.

# %% tags=["nbval-ignore-output"]
gaps = {who: metrics.error_by_attribute(error_of(model, x_test), test, resamples=200)
        for who, model in (("biased", bias_vae), ("unbiased", fair_vae))}

def with_interval(score, form=".1f"):
    return f"{score.value:{form}} [{score.low:{form}}, {score.high:{form}}]"

plots.table(["squared error: with − without", "trained on biased", "trained on unbiased"],
            [[name, *(with_interval(gaps[who][name].difference) for who in gaps)]
             for name in (*rare, *tied, "Smiling")])

# %% [markdown]
# If rarity makes the error larger, the gaps of glasses (5 % instead of 30) and of pale skin (10 % instead of 20) are larger on the left, and those of the others are not. Where the intervals of a row overlap, this test cannot say so: S2's observation then stays open, as it does on CelebA (RESULTS.md).

# %% [markdown]
# ### ✏️ Exercise 3 (predict it): amplification
# In the training set goatee and hat have the correlation that is printed above. In faces *generated* by the model, will it be `"lower"`, `"equal"` (0 in the interval of the difference) or `"higher"`?
#
# <details><summary>Hint 1</summary>The decoder draws both in one picture, from one z. Is there a z for "goatee, no hat"?</details>
# <details><summary>Hint 2</summary>Samples from N(0, I) fall between codes, too. What does the classifier read in a blurred face?</details>

# %%
# BEGIN SOLUTION
amplified = "lower"
# END SOLUTION

# %% [markdown]
# Now measure:

# %% tags=["nbval-ignore-output"]
generated = decoded(bias_vae, noise(2 * n))
found = metrics.bias_amplification(judge, generated, unseen, *tied, resamples=200)
rates = metrics.generation_rates(judge, generated, biased)
display(plots.table(["", "φ of the two"],
                    [["labels of unseen faces", with_interval(found.labelled, ".2f")],
                     ["the same faces, as read", with_interval(found.read, ".2f")],
                     ["generated faces, as read", with_interval(found.generated, ".2f")],
                     ["amplification", with_interval(found.amplification, ".2f")]]))
display(plots.table(["generated faces", "share", "share in training, as read"],
                    [[name, with_interval(rates[name], ".1%"), f"{rates[name].floor:.1%}"]
                     for name in rare]))

# %% [markdown]
# And your guess?

# %%
change = found.amplification
check.prediction(amplified, {"lower": change.high < 0, "equal": change.low <= 0 <= change.high,
                         "higher": change.low > 0},
                 because="A z from N(0, I) falls between the codes of faces with both and of "
                         "faces with neither; perhaps the decoder draws one of the two, perhaps "
                         "the classifier misses a blurred goatee.")

# %% [markdown]
# The same classifier reads real and generated faces, so its errors on sharp faces cancel; those on blurred ones do not.
#
# **Edits on the rare side.** Take the direction of one of the two tied attributes from the biased codes, add it to faces that have neither, and look at the *other* one.

# %% tags=["nbval-ignore-output"]
biased_codes = codes_of(bias_vae, biased.images())
neither = x_test[~column(test, tied[0]) & ~column(test, tied[1])]
z_neither = codes_of(bias_vae, neither)
plain = attribute_vector(biased_codes, column(biased, tied[0]))
held = explore.attribute_direction(biased_codes, biased, tied[0], hold=[tied[1]])
# as long as the other, so that only the direction differs
held = held * plain.norm() / held.norm()
edits = {"copy": 0 * plain, "difference of means": 2 * plain, "hat held fixed": 2 * held}
display(compare({how: decoded(bias_vae, z_neither[:10] + s) for how, s in edits.items()},
                      title=f"Adding {tied[0]}, with directions from biased data"))
side = {how: [share_with(name, decoded(bias_vae, z_neither + s)) for name in tied]
        for how, s in edits.items()}
plots.table(["added to faces with neither", *(f"read as {name}" for name in tied)],
            [[how, *(f"{share:.0%}" for share in both)] for how, both in side.items()])

# %% [markdown]
# How much of the hat is due to the direction?

# %%
along = side["difference of means"][1] - side["hat held fixed"][1]
if drawn:
    print(check.between(f"{tied[1]} that comes along, and goes when held fixed", along, 0.02, 1))

# %% [markdown]
# The difference of means cannot tell the two apart: who has the one mostly has the other. *Held fixed* (the difference is taken among faces with a hat and among faces without, and averaged), the direction leaves the hat where it is. And the goatee, does it still come?
#
# And an attribute that is only **rare**? Two steps towards glasses, in the model that saw few of them and in the control:

# %% tags=["nbval-ignore-output"]
def given_rare(model, images):
    """Share of faces without the rare attribute that have it after two steps, by the classifier."""
    step = attribute_vector(codes_of(model, images.images()), column(images, rare[0]))
    before = codes_of(model, x_test[~column(test, rare[0])])
    share = share_with(rare[0], decoded(model, before + 2 * step))
    return metrics.wilson_interval(share, len(before)), share

plots.table(["trained on", f"{rare[0]} after two steps", "95 % interval"],
            [[who, f"{share:.0%}", f"{low:.0%} … {high:.0%}"]
             for who, ((low, high), share) in (("biased", given_rare(bias_vae, biased)),
                                               ("unbiased", given_rare(fair_vae, fair)))])

# %% [markdown]
# **Who was in the training set?** If a model copies its training images better than unseen ones, an error alone hints at membership.
#
# ### ✏️ Exercise 4 (write it): `auc`
# An attacker sees the errors of two images, one of them a member, and calls the one with the *smaller* error the member. How often is the attacker right? Equal errors count half, as if a coin were tossed.
#
# <details><summary>Hint 1</summary>How many pairs of a member and another image are there?</details>
# <details><summary>Hint 2</summary><code>members[:, None] &lt; others</code> is the table of all pairs; its mean is a share.</details>

# %%
def auc(members, others):
    """How often a member has the smaller error of two.  (N,), (M,) → a number in 0 … 1"""
    # BEGIN SOLUTION
    smaller = (members[:, None] < others).double().mean()
    equal = (members[:, None] == others).double().mean()
    return float(smaller + equal / 2)
    # END SOLUTION

# %% [markdown]
# Check it:

# %%
auc = check.or_reference(auc)

# %% [markdown]
# Now the attack on the biased model, and as a control on a model that never saw these faces:

# %% tags=["nbval-ignore-output"]
members = biased.first(n)

def leak(model):
    """The attack's AUC, with an interval: members against unseen faces of the same kind."""
    pair = error_of(model, members.images()), error_of(model, unseen.images())
    assert abs(auc(*pair) - metrics.membership(*pair).value) < 1e-6
    return metrics.membership(*pair)

leaks = {"trained on them": leak(bias_vae), "trained on other faces": leak(fair_vae)}
plots.table(["model", "AUC (0.5 is guessing)"],
            [[who, with_interval(score, ".2f")] for who, score in leaks.items()])

# %% [markdown]
# Only the first should leave 0.5:

# %%
if drawn and n >= 1000:
    print(check.between("AUC, trained on them", leaks["trained on them"].value, 0.53, 1))
    print(check.between("AUC, trained on other faces", leaks["trained on other faces"].value,
                        0.45, 0.55))

# %% [markdown]
# One weak attack on one model: a safe result here would not make it safe, and an average hides single persons. Do samples leak, too? The attacker calls "member" whichever face has the nearer sample:

# %% tags=["nbval-ignore-output"]
by_samples = metrics.membership_by_samples(generated, members, unseen)
print(f"AUC by samples: {with_interval(by_samples, '.2f')}")
some = generated[:10]
_, at = metrics.nearest(some, members.x.float() / 255)
compare({"sample": some, "nearest of 1,000\ntraining faces": members.images(at)},
              title="Samples of the biased model and their nearest training faces")

# %% [markdown]
# **Repair**, in two ways. *Reweight*: train again on the same faces, each taken as often as makes goatee and hat independent (a goatee without a hat about five times). Or train the *conditional* model on the biased faces, and ask it for attributes as they should be.

# %% tags=["nbval-ignore-output"]
balanced = vae_for("faces-vae-balanced", beta_of["1e-4"])
biased_cvae = cvae_for("faces-cvae-biased", biased)
generator = seeded(seed)
wished = test.y[torch.randint(len(test), (2 * n,), generator=generator)].float()
repaired = {"biased": generated, "reweighted": decoded(balanced, noise(2 * n)),
            "conditional": asked_for(biased_cvae, wished, noise(2 * n, 16))}
after = {}
for how, images in repaired.items():
    phi = metrics.bias_amplification(judge, images, unseen, *tied, resamples=200).generated
    rates = metrics.generation_rates(judge, images, biased)
    after[how] = (phi, *(rates[name] for name in (*tied, *rare)))
wanted = metrics.phi(*(wished[:, names.index(name)].long() for name in tied))
display(compare({how: images[:10] for how, images in repaired.items()},
                      title="Generated faces before and after two repairs"))
asked_for_shares = [f"{wished[:, names.index(name)].mean():.1%}" for name in (*tied, *rare)]
head = ["generated faces", "φ", *(f"with {name}" for name in (*tied, *rare))]
plots.table(head,
            [[how, with_interval(phi, ".2f"), *(f"{share.value:.1%}" for share in shares_of)]
             for how, (phi, *shares_of) in after.items()]
            + [["(asked of the conditional)", f"{wanted:.2f}", *asked_for_shares]])

# %% [markdown]
# How much looser is the tie?

# %%
if drawn and n >= 1000:
    phis = {how: score.value for how, (score, *_) in after.items()}
    print(check.between("φ: biased minus reweighted", phis["biased"] - phis["reweighted"], 0.05, 1))

# %% [markdown]
# Look along the rows. Reweighting unties goatee and hat, and what it was not told to keep can suffer: compare the share of glasses before and after. Asking sets the shares as well, as far as the model learned the attribute from few examples. And does the reweighted model leak more? It saw some faces five times as often.

# %% tags=["nbval-ignore-output"]
leaks["reweighted, trained on them"] = leak(balanced)
plots.table(["model", "AUC (0.5 is guessing)"],
            [[who, with_interval(score, ".2f")] for who, score in leaks.items()])

# %% [markdown]
# ## 9 · Faces belong to people
#
# - **Consent.** CelebA's photographs show celebrities; no consent of theirs is documented. Its page limits it to non-commercial research and forbids passing it or its derived data on. That is why none of its images, and no weights trained on them, are in this repository. Where people can be recognised, photographs are personal data (GDPR), and a person may ask for deletion; a trained model makes that hard.
# - **Privacy.** S0 lists privacy in training data: the AUC above is that concern as a number, on average over faces. Only training with differential privacy (Abadi et al. 2016) gives a bound.
# - **Bias.** In commercial gender classification, darker-skinned women were misjudged tens of points more often than lighter-skinned men (Buolamwini & Gebru 2018). Above, a repair of one tie changed another share: measure every group again after each repair, and do not carry results on drawn faces over to people.
# - **Misuse.** A model of faces can show people in scenes that never happened. The EU's AI Act (2024, article 50) asks providers to mark generated images, and those who publish deep fakes to say so. A classifier of attributes is a tool of its own: CelebA's labels (*Attractive*, *Young*) are opinions in binary form.
#
# ## What we saw

# %% tags=["nbval-ignore-output"]
best = min(measured, key=lambda lam: measured[lam][3].value)
in_words = ", ".join(f"{score.value:.2f} ({how})" for how, (score, *_) in after.items())
display(Markdown(f"""
- **λ**: from 1e-3 to 1e-6 (β from {beta_of["1e-3"]:.2g} to {beta_of["1e-6"]:.2g}) the squared
  error falls from {measured["1e-3"][0]:.0f} to {measured["1e-6"][0]:.0f} per image; random faces
  are closest to test faces at λ = {best} (FID {measured[best][3].value:.1f}).
- **Normalisation**: S2's network, small and briefly trained, keeps R² = {kept["InstanceNorm"]:.2f}
  of the mean colour, and {kept["BatchNorm"]:.2f} once it normalises over the batch.
- **Attributes**: {well_carried} of {len(names)} are carried by at least 90 % of the faces that
  were asked for them.
- **Bias**: φ of {tied[0]} and {tied[1]} is {tie["training set"]:.2f} in training;
  in generated faces {in_words}. Membership: AUC {leaks["trained on them"].value:.2f}.
"""))

# %% [markdown]
# **Next**: in lab 10 you move the latents of shipped models by hand.
#
# ## Further reading
# - Liu, Luo, Wang, Tang (2015), *Deep learning face attributes in the wild*: CelebA. Ulyanov, Vedaldi, Lempitsky (2016), *Instance normalization*.
# - Larsen et al. (2016), *Autoencoding beyond pixels*: attribute vectors. White (2016), *Sampling generative networks*.
# - Zhao et al. (2017), *Men also like shopping*; Wang & Russakovsky (2021), *Directional bias amplification*. Kamiran & Calders (2012): reweighing.
# - Yeom et al. (2018), *Privacy risk in machine learning*; Hilprecht, Härterich, Bernau (2019), *Monte Carlo and reconstruction membership inference attacks*.
# - Abadi et al. (2016), *Deep learning with differential privacy*. Buolamwini & Gebru (2018), *Gender shades*. Regulation (EU) 2024/1689.
