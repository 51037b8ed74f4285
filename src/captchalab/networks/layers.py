"""The parts that networks share."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

Size = int | tuple[int, int]


def standardise(image: Tensor) -> Tensor:
    """``(N, H, W, C)`` uint8 -> ``(N, C, H, W)`` float32, mean 0 and about unit contrast per picture.

    It lives in the network, so that the exported file takes raw pixels. The constant keeps an
    empty picture from being divided by zero.
    """
    pixels = image.permute(0, 3, 1, 2).float()
    centred = pixels - pixels.mean(dim=(1, 2, 3), keepdim=True)
    return centred / (centred.pow(2).mean(dim=(1, 2, 3), keepdim=True).sqrt() + 8.0)


def conv_block(
    inputs: int, outputs: int, kernel: Size = 3, stride: Size = 1, padding: Size = 1
) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions around a shortcut (He et al., 2016); shape in = shape out."""

    def __init__(self, channels: int, kernel: Size = 3, padding: Size = 1) -> None:
        super().__init__()
        self.first = conv_block(channels, channels, kernel, 1, padding)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, kernel, 1, padding, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(features + self.second(self.first(features)))
