"""Inception: what is missing is named, the weights are checked, images become colour bytes."""
import socket
import sys
from urllib.error import URLError

import pytest
import torch
from torch import nn

from vaekit import metrics
from vaekit.errors import UserError
from vaekit.metrics.inception import AnyImage


def test_without_its_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(UserError, match="pip install torch-fidelity.*features='fashion'"):
        metrics.load_features("inception")


@pytest.fixture
def torch_fidelity(tmp_path, monkeypatch):
    """The package is there (a stand-in will do until the weights are read), the weights are not."""
    # before the stand-in: torchmetrics looks for the package as it is imported
    pytest.importorskip("torchmetrics.image.fid")
    monkeypatch.setitem(sys.modules, "torch_fidelity", sys)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    return tmp_path / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"


def test_without_a_network_it_says_where_to_put_the_file(torch_fidelity, monkeypatch):
    def no_network(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    words = (
        r"could not be downloaded \(.*no route.*Download https.* put it there, "
        "or use features='fashion'"
    )
    with pytest.raises(UserError, match=words):
        metrics.load_features("inception")


def test_a_silent_network_is_given_up_and_the_time_out_restored(torch_fidelity, monkeypatch):
    during = []

    def silent(*args, **kwargs):
        during.append(socket.getdefaulttimeout())
        raise TimeoutError("timed out")

    monkeypatch.setattr(torch.hub, "download_url_to_file", silent)
    before = socket.getdefaulttimeout()
    with pytest.raises(UserError, match=r"could not be downloaded \(timed out\)"):
        metrics.load_features("inception")
    assert during == [20]
    assert socket.getdefaulttimeout() == before


def test_weights_are_checked_before_the_pickle_is_read(torch_fidelity):
    torch_fidelity.parent.mkdir()
    torch_fidelity.write_bytes(b"half a download")
    words = "not the recorded weight file of Inception: .*delete it, and it is downloaded again"
    with pytest.raises(UserError, match=words):
        metrics.load_features("inception", device="cpu")


def test_a_folder_in_place_of_the_weights_is_named(torch_fidelity):
    torch_fidelity.mkdir(parents=True)
    with pytest.raises(UserError, match=r"6726825d.pth is no regular file"):
        metrics.load_features("inception", device="cpu")


class Recorder(nn.Module):
    """Keeps what it is given."""

    def forward(self, images):
        self.images = images
        return images.flatten(1).float()


def test_grey_images_of_any_size_are_read_as_colour_bytes():
    levels = torch.arange(256)
    recorder = Recorder()
    AnyImage(recorder)(levels.reshape(1, 1, 16, 16) / 255)
    assert recorder.images.dtype == torch.uint8
    assert recorder.images.shape == (1, 3, 16, 16)
    red, _, blue = recorder.images[0]
    assert torch.equal(red.flatten(), levels.byte())
    assert torch.equal(red, blue)


def test_pixels_are_rounded_not_truncated():
    recorder = Recorder()
    AnyImage(recorder)(torch.full((1, 3, 2, 2), 0.999))
    assert (recorder.images == 255).all()


def test_other_numbers_of_channels_are_refused():
    with pytest.raises(UserError, match="1 or 3 channels, got 2"):
        AnyImage(Recorder())(torch.rand(1, 2, 8, 8))
