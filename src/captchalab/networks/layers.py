"""The parts that networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from captchalab.errors import UsageError

Size = int | tuple[int, int]


def standardise(image: Tensor) -> Tensor:
    """``(N, H, W, C)`` uint8 -> ``(N, C, H, W)`` float32, mean 0 and about unit contrast per picture.

    It lives in the network, so that the exported file takes raw pixels. The constant keeps an
    empty picture from being divided by zero.
    """
    # In place and in the order of the memory: new arrays of this size cost more than the sums.
    pixels = image.flatten(1).float()
    pixels -= pixels.mean(dim=1, keepdim=True)
    pixels /= pixels.pow(2).mean(dim=1, keepdim=True).sqrt() + 8.0
    return pixels.reshape(image.shape).permute(0, 3, 1, 2)


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


class ChannelAttention(nn.Module):
    """Weighs channels by what their average and their maximum say, through one shared bottleneck
    (Woo et al., 2018, the channel half); shape in = shape out."""

    def __init__(self, channels: int, ratio: int = 8) -> None:
        super().__init__()
        self.shared = nn.Sequential(
            nn.Conv2d(channels, max(1, channels // ratio), 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(max(1, channels // ratio), channels, 1, bias=False),
        )

    def forward(self, features: Tensor) -> Tensor:
        average = features.mean(dim=(2, 3), keepdim=True)
        highest = features.amax(dim=(2, 3), keepdim=True)
        return features * torch.sigmoid(self.shared(average) + self.shared(highest))


class DualPool(nn.Module):
    """Average and maximum of each channel side by side, then brought to ``outputs`` channels:
    ``(N, C, H, W)`` -> ``(N, outputs, 1, 1)``, or ``by_column`` ``(N, outputs, 1, W)``."""

    def __init__(self, channels: int, outputs: int, by_column: bool = False) -> None:
        super().__init__()
        self.sides = (2,) if by_column else (2, 3)
        self.reduce = conv_block(2 * channels, outputs, kernel=1, padding=0)

    def forward(self, features: Tensor) -> Tensor:
        average = features.mean(dim=self.sides, keepdim=True)
        highest = features.amax(dim=self.sides, keepdim=True)
        reduced: Tensor = self.reduce(torch.cat((average, highest), dim=1))
        return reduced


class InstanceBatchNorm(nn.Module):
    """Half the channels normalised by picture, half by batch (IBN-a; Pan et al., 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = channels // 2
        self.instance = nn.InstanceNorm2d(self.first, affine=True)
        self.batch = nn.BatchNorm2d(channels - self.first)

    def forward(self, features: Tensor) -> Tensor:
        by_picture, by_batch = features[:, : self.first], features[:, self.first :]
        return torch.cat((self.instance(by_picture), self.batch(by_batch)), dim=1)


def with_ibn(backbone: nn.Module) -> None:
    """Put ``InstanceBatchNorm`` behind the first convolution of each block of the first three stages.

    Raises ``UsageError`` for a backbone that has no such stages.
    """
    stages = [getattr(backbone, f"layer{number}", None) for number in (1, 2, 3)]
    blocks = [block for stage in stages if stage is not None for block in stage]
    if not all(stages) or not all(isinstance(getattr(b, "bn1", None), nn.BatchNorm2d) for b in blocks):
        raise UsageError("ibn needs a ResNet-like backbone with layer1 to layer3, such as resnet18")
    for block in blocks:
        norm = InstanceBatchNorm(block.bn1.num_features)
        # timm's normalisation layers bring their activation along.
        block.bn1 = nn.Sequential(norm, block.bn1.act) if hasattr(block.bn1, "act") else norm


class BNNeck(nn.Module):
    """Batch normalisation without shift, then features of one length (Luo et al., 2019); ``(N, F)``.

    The length is the same in training and in reading, so that a confidence means the same in both.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features)
        self.norm.bias.requires_grad_(False)
        self.length = features**0.5

    def forward(self, features: Tensor) -> Tensor:
        straight: Tensor = self.length * functional.normalize(self.norm(features), dim=1)
        return straight
