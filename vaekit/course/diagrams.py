"""The diagrams that stand before each lab's code: what goes in, what comes out, what the loss sees.

Each function draws one; a notebook shows it as the last value of a cell.
"""
from __future__ import annotations

from ..plots.diagrams import Diagram, chain


def vae() -> Diagram:
    """Image, posterior, one draw, image; and the two terms of the negative ELBO."""
    draw = Diagram(
        860,
        235,
        "The variational autoencoder: an image becomes a distribution, "
        "one draw of it becomes an image",
    )
    x = draw.image(60, 100, "x")
    encoder = draw.encoder(195, 100, "encoder")
    posterior = draw.box(340, 100, "μ(x)\nlog σ²(x)", kind="latent", width=96, height=56)
    z = draw.circle(470, 100, "z")
    decoder = draw.decoder(610, 100, "decoder")
    copy = draw.image(760, 100, "x̂")
    chain(draw, [x, encoder, posterior, z, decoder, copy])

    noise = draw.circle(470, 195, "ε", kind="noise")
    draw.arrow(noise, z, "z = μ + σε")

    kl = draw.box(340, 195, "KL(q(z | x) ‖ p(z))", kind="loss", width=160, height=36)
    draw.arrow(posterior, kl, dashed=True)
    error = draw.box(760, 195, "−log p(x | z)", kind="loss", width=130, height=36)
    draw.arrow(copy, error, dashed=True)
    return draw


def beta_vae() -> Diagram:
    """The VAE's two terms, rate and distortion, and their weighted sum."""
    draw = Diagram(
        860, 245, "The β-VAE: rate R, distortion D, and how one weight β trades them"
    )
    x = draw.image(60, 100, "x")
    encoder = draw.encoder(195, 100, "encoder")
    posterior = draw.box(345, 100, "q(z | x)\nμ(x), σ(x)", kind="latent", width=100, height=56)
    z = draw.circle(480, 100, "z")
    decoder = draw.decoder(615, 100, "decoder")
    copy = draw.image(765, 100, "x̂")
    chain(draw, [x, encoder, posterior])
    draw.arrow(posterior, z, "draw")
    chain(draw, [z, decoder, copy])

    rate = draw.box(
        345, 200, "R = KL(q(z | x) ‖ p(z))", kind="loss", width=200, height=38
    )
    draw.arrow(posterior, rate, dashed=True)
    distortion = draw.box(765, 200, "D = −log p(x | z)", kind="loss", width=156, height=38)
    draw.arrow(copy, distortion, dashed=True)
    total = draw.box(565, 200, "L = D + β·R", kind="loss", width=130, height=38)
    draw.arrow(rate, total, dashed=True)
    draw.arrow(distortion, total, dashed=True)
    return draw


def face_vae() -> Diagram:
    """A VAE of faces: what stands in its layers, and the two terms of a Gaussian likelihood."""
    draw = Diagram(
        860,
        270,
        "S2's VAE of faces: every layer normalises each image by itself",
    )
    x = draw.image(60, 100, "x")
    encoder = draw.encoder(195, 100, "encoder")
    posterior = draw.box(345, 100, "μ(x)\nlog σ²(x)", kind="latent", width=96, height=56)
    z = draw.circle(475, 100, "z")
    decoder = draw.decoder(615, 100, "decoder")
    copy = draw.image(765, 100, "x̂")
    chain(draw, [x, encoder, posterior, z, decoder, copy])

    layer = draw.box(
        190, 215, "8 × conv → InstanceNorm → ReLU\n(repaired: BatchNorm)",
        width=320, height=56,
    )
    draw.arrow(layer, encoder, dashed=True)
    kl = draw.box(490, 215, "β · KL(q(z | x) ‖ p(z))", kind="loss", width=190, height=38)
    draw.arrow(posterior, kl, dashed=True)
    error = draw.box(765, 215, "‖x − x̂‖²", kind="loss", width=120, height=38)
    draw.arrow(copy, error, dashed=True)
    return draw


def three_generators() -> Diagram:
    """VAE, GAN and diffusion, one below the other: what is trained, and what the loss compares."""
    draw = Diagram(860, 330, "Three generators in training: what is learned, and what teaches it")
    _bound(draw, 80)
    _game(draw, 175)
    _denoiser(draw, 270)
    return draw


def _bound(draw: Diagram, y: float) -> None:
    draw.note(50, y, "VAE")
    x = draw.image(135, y, "x", size=54)
    encoder = draw.encoder(260, y, "encoder")
    z = draw.circle(385, y, "z")
    decoder = draw.decoder(510, y, "decoder")
    copy = draw.image(640, y, "x̂", size=54)
    loss = draw.box(770, y, "a bound\non log p(x)", kind="loss", width=130, height=48)
    chain(draw, [x, encoder, z, decoder, copy])
    draw.arrow(copy, loss, dashed=True)


def _game(draw: Diagram, y: float) -> None:
    draw.note(50, y, "GAN")
    z = draw.circle(135, y, "z", kind="noise")
    generator = draw.decoder(260, y, "generator")
    fake = draw.image(385, y, "x̂", size=54)
    judge = draw.encoder(510, y, "discriminator", width=130)
    score = draw.circle(640, y, "s", kind="latent")
    loss = draw.box(770, y, "an opponent\nthat learns", kind="loss", width=130, height=48)
    chain(draw, [z, generator, fake, judge, score])
    draw.arrow(score, loss, dashed=True)


def _denoiser(draw: Diagram, y: float) -> None:
    draw.note(50, y, "diffusion")
    x = draw.image(135, y, "x", size=54)
    noisy = draw.image(260, y, "xₜ", size=54)
    network = draw.box(420, y, "denoiser", kind="network", width=130)
    guess = draw.circle(580, y, "v̂", kind="latent")
    loss = draw.box(770, y, "image and noise\nthat we mixed", kind="loss", width=130, height=48)
    draw.arrow(x, noisy, "+ noise")
    chain(draw, [noisy, network, guess])
    draw.arrow(guess, loss, dashed=True)


def gan() -> Diagram:
    """The game: noise to a fake image, fake and real images to one score, two losses."""
    draw = Diagram(
        860,
        290,
        "A GAN: the generator turns noise into images, "
        "the discriminator scores real and generated ones",
    )
    z = draw.circle(60, 105, "z", kind="noise")
    generator = draw.decoder(190, 105, "generator G")
    fake = draw.image(330, 105, "G(z)")
    real = draw.image(330, 215, "x")
    discriminator = draw.encoder(500, 160, "discriminator D", width=140)
    score = draw.circle(630, 160, "s")
    of_generator = draw.box(770, 105, "G wants:\nfakes called real", kind="loss", width=150)
    of_discriminator = draw.box(
        770, 215, "D wants:\nreal and fake apart", kind="loss", width=150
    )

    chain(draw, [z, generator, fake, discriminator, score])
    draw.arrow(real, discriminator)
    draw.arrow(score, of_generator, dashed=True)
    draw.arrow(score, of_discriminator, dashed=True)
    draw.note(60, 150, "noise")
    draw.note(330, 262, "a real image")
    draw.note(600, 268, "D learns from the lower loss only, G from the upper one only")
    return draw


def denoising_chain() -> Diagram:
    """Image to noise by a formula, and back by a network that is asked many times."""
    draw = Diagram(860, 265, "Diffusion: a formula destroys the image, a network rebuilds it")
    places = [70, 270, 470, 670]
    names = ["x₀", "xₛ", "xₜ", "x_T"]
    images = [draw.image(x, 95, name) for x, name in zip(places, names)]
    for nearer, farther in zip(images, images[1:]):
        draw.arrow(nearer, farther, bend=-26)
        draw.arrow(farther, nearer, bend=26)
    draw.note(370, 42, "forward: mix in noise ε, nothing is learned")
    draw.note(255, 148, "backward: one step of the sampler per arrow")

    network = draw.box(470, 215, "denoiser\n(xₜ, t) → ε̂", kind="network", width=130, height=50)
    draw.arrow(images[2], network)
    loss = draw.box(650, 215, "‖ε − ε̂‖²", kind="loss", width=110, height=40)
    noise = draw.circle(800, 215, "ε", kind="noise")
    draw.arrow(network, loss, dashed=True)
    draw.arrow(noise, loss, dashed=True)
    return draw


def small_u_net() -> Diagram:
    """Down to half the resolution and back, with a bridge that keeps what is fine."""
    draw = Diagram(860, 240, "A small U-Net: down, up, and a bridge past the middle")
    noisy = draw.image(60, 90, "xₜ, t")
    enter = draw.box(190, 90, "enter\n8×8", kind="network", width=90)
    down = draw.box(320, 185, "down\n4×4", kind="network", width=90)
    middle = draw.box(445, 185, "middle\n4×4", kind="network", width=90)
    up = draw.box(570, 185, "up\n8×8", kind="network", width=90)
    join = draw.box(645, 90, "join\n8×8", kind="network", width=90)
    answer = draw.image(790, 90, "ε̂")
    chain(draw, [noisy, enter, down, middle, up, join])
    draw.arrow(enter, join, "the bridge")
    draw.arrow(join, answer, "leave")
    return draw


def autoencoder() -> Diagram:
    """Image, code, image; and the error that compares both images."""
    draw = Diagram(860, 210, "The autoencoder: an image, a few numbers, an image again")
    x = draw.image(70, 90, "x")
    encoder = draw.encoder(240, 90, "encoder f")
    z = draw.circle(420, 90, "z")
    decoder = draw.decoder(600, 90, "decoder g")
    copy = draw.image(780, 90, "x̂")
    chain(draw, [x, encoder, z, decoder, copy])
    draw.note(420, 135, "d numbers")

    error = draw.box(420, 180, "‖x − x̂‖²", kind="loss", width=130, height=36)
    draw.arrow(x, error, dashed=True, bend=20)
    draw.arrow(copy, error, dashed=True, bend=20)
    return draw


def conditional_vae() -> Diagram:
    """The VAE with a class that is given to encoder and decoder, and to no prior."""
    draw = Diagram(
        860, 290, "The conditional VAE: encoder and decoder are both told the class c"
    )
    x = draw.image(60, 150, "x")
    encoder = draw.encoder(195, 150, "encoder")
    posterior = draw.box(345, 150, "μ(x, c)\nlog σ²(x, c)", kind="latent", width=112, height=56)
    z = draw.circle(480, 150, "z")
    decoder = draw.decoder(615, 150, "decoder")
    copy = draw.image(765, 150, "x̂")
    chain(draw, [x, encoder, posterior])
    draw.arrow(posterior, z, "draw")
    chain(draw, [z, decoder, copy])

    for network, place in ((encoder, 195), (decoder, 615)):
        c = draw.box(place, 62, "class c, one-hot", width=140, height=36)
        draw.arrow(c, network)

    kl = draw.box(345, 250, "KL(q(z | x, c) ‖ p(z))", kind="loss", width=180, height=36)
    draw.arrow(posterior, kl, dashed=True)
    error = draw.box(765, 250, "−log p(x | z, c)", kind="loss", width=140, height=36)
    draw.arrow(copy, error, dashed=True)
    return draw


def judging() -> Diagram:
    """What each score of a generator looks at: two sets, a pair, or one image and a density."""
    draw = Diagram(
        860, 390, "What a score looks at: two sets of images, a pair, or a probability"
    )
    noise = draw.circle(60, 90, "z", kind="noise")
    generator = draw.decoder(190, 90, "generator")
    sample = draw.image(320, 90, "samples", size=76)
    judge = draw.box(475, 90, "feature network\n(fixed)", kind="frozen", width=136, height=50)
    fake = draw.box(630, 90, "features", kind="latent", width=86)
    chain(draw, [noise, generator, sample, judge, fake])

    real = draw.image(320, 190, "real", size=76)
    same = draw.box(475, 190, "feature network\n(fixed)", kind="frozen", width=136, height=50)
    found = draw.box(630, 190, "features", kind="latent", width=86)
    chain(draw, [real, same, found])
    sets = draw.box(775, 140, "FID, KID,\nprecision,\nrecall", kind="loss", width=110, height=74)
    draw.arrow(fake, sets, dashed=True)
    draw.arrow(found, sets, dashed=True)

    x = draw.image(60, 315, "x")
    copy = draw.image(190, 315, "x̂")
    draw.arrow(x, copy)
    pair = draw.box(320, 315, "SSIM", kind="loss", width=84)
    draw.arrow(copy, pair, dashed=True)
    draw.arrow(x, pair, dashed=True, bend=-95)
    draw.note(190, 367, "a pair: x and its copy")

    new = draw.image(475, 315, "new x")
    model = draw.box(630, 315, "model", kind="network", width=100)
    density = draw.box(775, 315, "NLL,\n−log p(x)", kind="loss", width=110)
    draw.arrow(new, model)
    draw.arrow(model, density, dashed=True)
    draw.note(630, 367, "only models with a density")
    return draw
