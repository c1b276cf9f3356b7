"""What moves under the hand: sliders over latents, over rows of models, over diffusion."""
from .sliders import Along, Denoise, Walk, png

__all__ = ["Along", "Denoise", "Walk", "png"]
