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
# Six labs about one question: **how does a machine make an image that nobody has drawn?** Each is a notebook that runs in about a minute, with built-in data and no network. Take them in order: each begins where the one before fails.
#
# | lab | the question | minutes |
# | --- | --- | --- |
# | [01 The autoencoder](01_autoencoder.ipynb) | What is left of an image after eight numbers, and why do random codes decode to nothing? | 1 |
# | [02 The variational autoencoder](02_variational_autoencoder.ipynb) | How does a model learn a space from which one can draw? The ELBO, by hand. | 1 |
# | [03 The conditional VAE](03_conditional_vae.ipynb) | How does one ask for a bag and get a bag? | 1 |
# | [04 The β-VAE](04_beta_vae.ipynb) | What does the latent cost, and when does the model stop using it? | 1 |
# | [05 A bound, a game, a denoiser](05_ddpm_and_gan.ipynb) | VAE, GAN and diffusion: what does each do better? | 1 |
# | [06 Judging a generator](06_judging_generators.ipynb) | Which score may you believe, and how is each one fooled? | 1 |
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
# - ✏️ marks an **exercise**. Delete what stands between `### BEGIN SOLUTION` and `### END SOLUTION`, write your own, run the cell, then the check below it. It answers in a sentence.
# - The **parameters** are in the first code cell: another data set, more epochs, another seed. Change one, then *Run → Restart Kernel and Run All Cells*.
# - A red message is meant to be read: its last line says what is wrong and what to do.
#
# ## Stop one lab before you open the next
#
# A lab that is open holds its models and its data in memory, 0.9 to 1.2 GB, until its **kernel** is stopped; closing the tab is not enough. On Binder you have 2 GB: open one lab at a time, or a kernel is killed without a word. So, when you are done with a lab:
#
# - JupyterLab: *Kernel → Shut Down Kernel*, or the sidebar ⏹ *Running Terminals and Kernels → Shut Down All*.
# - Notebook 7: *File → Close and Shut Down Notebook*. Colab: *Runtime → Manage sessions → Terminate*.
#
# This is the machine that you are on:

# %% tags=["nbval-ignore-output"]
start.machine()
