# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 · Start here
#
# Ten labs about one question: **how does a machine make an image that nobody has drawn?** Each is a notebook that runs in about a minute, with built-in data and no network. Take them in order: each begins where the one before fails. The last one has no order: play with it whenever you like.
#
# | lab | the question | minutes |
# | --- | --- | --- |
# | [01 The autoencoder](01_autoencoder.ipynb) | What is left of an image after eight numbers, and why do random codes decode to nothing? | 1 |
# | [02 The variational autoencoder](02_variational_autoencoder.ipynb) | How does a model learn a space from which one can draw? The ELBO, by hand. | 1 |
# | [03 The conditional VAE](03_conditional_vae.ipynb) | How does one ask for a bag and get a bag? | 1 |
# | [04 The β-VAE](04_beta_vae.ipynb) | What does the latent cost, and when does the model stop using it? | 1 |
# | [05 Judging a generator](05_judging_generators.ipynb) | Which score may you believe, and how is each one fooled? | 1 |
# | [06 The GAN](06_gan.ipynb) | Can a network learn to draw from nothing but the verdicts of another network? | 1 |
# | [07 Diffusion](07_diffusion.ipynb) | How do many small steps lead from pure noise to an image? | 1 |
# | [08 The fair fight](08_fair_fight.ipynb) | VAE, GAN and diffusion, of equal size and training time: what can each of them do? | 1 |
# | [09 Faces](09_faces.ipynb) | What does a model do to rare attributes, and to the people in its data? | 1½ |
# | [10 The latent explorer](10_latent_explorer.ipynb) | What does a model keep in its latent numbers? Find out by dragging. | ½ |
#
# The minutes are the computer's, on two cores. You will need longer: there are exercises in each lab.

# %%
import sys

if "google.colab" in sys.modules:
    # `make links REPO=owner/name` writes where Colab installs vaekit from
    raise RuntimeError(
        "this copy cannot install itself on Colab; "
        "run it on your computer, or ask for a link to Colab"
    )

from vaekit.course import start

# %%
start.covers()

# %% [markdown]
# ## How to work through a lab
#
# - Click on a lab in the table. Run its cells from the top, one by one: <kbd>Shift</kbd> + <kbd>Enter</kbd>.
# - ✏️ marks an **exercise**: write a function, predict a measurement, or find a bug. Delete what stands between `# BEGIN SOLUTION` and `# END SOLUTION`, write your own, run the cell, then the check below it. It answers in a sentence. Two hints fold out under the question.
# - If you are stuck, go on: where your function fails its check, `check.or_reference` says so and the lab continues with a reference solution, so that you can come back later.
# - The **parameters** are in the first code cell: another data set, more epochs, another seed. Change one, then *Run → Restart Kernel and Run All Cells*.
# - A red message is meant to be read: its last line says what is wrong and what to do.
#
# ## Stop one lab before you open the next
#
# A lab that is open holds torch, its models and its data in memory until its **kernel** is stopped; closing the tab is not enough. These are 0.6 to 0.85 GB, or 1.0 to 1.25 GB where torch brings CUDA's libraries, as on a computer with a GPU. On Binder you have 2 GB and no CUDA: a third lab is one too many, and a kernel is killed without a word. So, when you are done with a lab:
#
# - JupyterLab: *Kernel → Shut Down Kernel*, or the sidebar ⏹ *Running Terminals and Kernels → Shut Down All*.
# - Notebook 7: *File → Close and Shut Down Notebook*. Colab: *Runtime → Manage sessions → Terminate*.
#
# This is the machine that you are on:

# %% tags=["nbval-ignore-output"]
start.machine()
