"""Spectra. Oracles: single waves, Parseval, white noise, a Gaussian blur's transfer function."""
import math

import pytest
import torch
from support.scores import check_interval_around

from vaekit import metrics
from vaekit.device import seeded
from vaekit.errors import UserError

HEIGHT, WIDTH = 64, 48


def wave(down, right, channels=3):
    """A wave of amplitude 0.2, `down` cycles per height and `right` cycles per width."""
    rows = torch.arange(HEIGHT)[:, None] / HEIGHT
    columns = torch.arange(WIDTH) / WIDTH
    image = 0.5 + 0.2 * torch.sin(2 * math.pi * (down * rows + right * columns))
    return image.expand(1, channels, -1, -1)


def noise(n=60, channels=1, seed=0):
    return torch.rand(n, channels, HEIGHT, WIDTH, generator=seeded(seed))


def blurred(x, sigma):
    """A Gaussian blur that wraps around, by its transfer function exp(−2 π² σ² f²)."""
    down = torch.fft.fftfreq(HEIGHT)[:, None]
    right = torch.fft.fftfreq(WIDTH)
    transfer = torch.exp(-2 * math.pi**2 * sigma**2 * (down**2 + right**2))
    return torch.fft.ifft2(torch.fft.fft2(x.double()) * transfer).real.clamp(0, 1)


@pytest.mark.parametrize("down, right, frequency", [(5, 0, 5), (0, 6, 8), (3, 3, 5), (20, 0, 20)])
def test_a_wave_has_its_power_at_its_frequency(down, right, frequency):
    found = metrics.power_spectrum(wave(down, right), window=False)
    total = found.power * found.components
    # a wave of amplitude a has the variance a² / 2
    assert total.sum().item() == pytest.approx(0.2**2 / 2, rel=1e-4)
    assert total[found.frequency == frequency].item() == pytest.approx(0.2**2 / 2, rel=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_power_sums_to_the_variance_of_the_luminance(channels):
    x = noise(channels=channels)
    found = metrics.power_spectrum(x, window=False)
    weights = torch.tensor([1.0] if channels == 1 else [0.299, 0.587, 0.114])
    luminance = (x * weights[:, None, None]).sum(1).double()
    variance = luminance.var((1, 2), correction=0).mean().item()
    assert (found.power * found.components).sum().item() == pytest.approx(variance, rel=1e-5)


@pytest.mark.parametrize("window", [True, False])
def test_noise_has_the_same_power_at_every_frequency(window):
    found = metrics.power_spectrum(noise(300), window=window)
    # of uniform numbers, over H · W components
    expected = 1 / 12 / (HEIGHT * WIDTH)
    inside = (found.frequency >= 4) & (found.frequency <= 32)
    assert found.power[inside].mean().item() == pytest.approx(expected, rel=0.02)
    assert (found.power[inside] / expected - 1).abs().max() < 0.2


def test_the_window_keeps_opposite_edges_from_looking_like_detail():
    ramp = torch.linspace(0, 1, HEIGHT)[:, None].expand(1, 1, HEIGHT, WIDTH)
    with_window = metrics.power_spectrum(ramp)
    without = metrics.power_spectrum(ramp, window=False)
    fine = with_window.frequency > 16
    assert with_window.power[fine].sum() < 1e-3 * without.power[fine].sum()


def test_every_component_but_the_mean_is_in_a_ring():
    found = metrics.power_spectrum(noise(2))
    assert int(found.components.sum()) == HEIGHT * WIDTH - 1
    assert found.frequency[0] == 1


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_a_gaussian_blur_keeps_what_its_transfer_function_says(sigma):
    x = noise(200)
    bands = [4.0, 4.1, 8.0, 8.1, 16.0, 16.1]
    kept = metrics.lost_frequencies(x, blurred(x, sigma), bands=bands, window=False)
    for frequency in (4, 8, 16):
        score = kept[f"{frequency}–{frequency}.1 cycles"]
        # squared, for power
        expected = math.exp(-4 * math.pi**2 * sigma**2 * (frequency / HEIGHT) ** 2)
        assert score.value == pytest.approx(expected, abs=0.01)


def test_the_same_images_keep_everything():
    x = noise()
    for score in metrics.lost_frequencies(x, x).values():
        assert score.value == 1
        assert score.low == 1
        assert score.high == 1


def test_halved_contrast_keeps_a_quarter_in_every_band():
    x = noise()
    kept = metrics.lost_frequencies(x, 0.25 + 0.5 * x)
    assert list(kept) == ["1–2 cycles", "2–4 cycles", "4–8 cycles", "8–16 cycles", "16–32 cycles"]
    for score in kept.values():
        assert score.value == pytest.approx(0.25, rel=1e-5)


def test_the_interval_is_one_over_images():
    x = noise()
    # half of the images keep all, half keep nothing
    y = x.clone()
    y[::2] = 0.5
    for score in metrics.lost_frequencies(x, y).values():
        check_interval_around(score)
        assert score.value == pytest.approx(0.5, abs=0.1)
        half = 1.96 * math.sqrt(0.25 / len(x))
        assert score.high - score.low == pytest.approx(2 * half, rel=0.3)


def test_bands_beyond_half_the_height_are_left_out():
    x = torch.rand(3, 1, 28, 28, generator=seeded(0))
    assert list(metrics.lost_frequencies(x, x)) == [
        "1–2 cycles", "2–4 cycles", "4–8 cycles", "8–14 cycles"
    ]


def test_many_images_are_measured_in_parts():
    x = torch.rand(1100, 1, 8, 8, generator=seeded(0))
    whole = metrics.power_spectrum(x).power
    halves = [metrics.power_spectrum(part).power for part in (x[:550], x[550:])]
    torch.testing.assert_close(whole, (halves[0] + halves[1]) / 2)


X = noise(4)
FLAT = torch.full((4, 1, 8, 8), 0.5)


@pytest.mark.parametrize("call, words", [
    (lambda: metrics.power_spectrum(X.expand(-1, 2, -1, -1)), "images must be grey or in colour"),
    (lambda: metrics.lost_frequencies(X, X[:3]), "must be the same images, of one shape"),
    (lambda: metrics.lost_frequencies(X[:1], X[:1]), "number of images in real must be ≥ 2"),
    (lambda: metrics.lost_frequencies(X, X, bands=[4, 2]), "bands must be two edges or more that"),
    (lambda: metrics.lost_frequencies(X, X, bands=[40, 80]), "bands must hold frequencies of"),
    (lambda: metrics.lost_frequencies(X, X, bands=[4.1, 4.11]), "got none in .'4.1–4.11 cycles'"),
    (lambda: metrics.lost_frequencies(FLAT, FLAT), "real must have detail at 1–2 cycles"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
