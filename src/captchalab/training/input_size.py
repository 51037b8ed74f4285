"""How large the network's input is, where the recipe leaves it open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from captchalab.errors import ImageError, UsageError
from captchalab.networks import NETWORKS, Network
from captchalab.reading.inputspec import InputSpec
from captchalab.samples.sample import Source
from captchalab.training.recipe import Recipe

MOST_SIZES = 16
"""Sizes of pictures that a model remembers."""


def choose_spec(recipe: Recipe, sources: Sequence[Source], longest: int) -> InputSpec:
    """The network's input: as the recipe says, or from the pictures' size and the longest text."""
    sizes = [size for source in sources for size in _sizes(source)]
    fit = recipe.fit or ("stretch" if len(set(sizes)) == 1 else "pad")
    network = NETWORKS.get(recipe.network, Network)  # an unknown name is refused when it is built
    height = recipe.height or network.usual_height(recipe.options)
    if recipe.width:
        return InputSpec(height, recipe.width, recipe.channels, fit)
    aspect = max(width / high for high, width in sizes)
    # Enough columns for the texts; very wide pictures are squeezed, since width costs time.
    needed = network.columns_a_step(recipe.options) * max(2 * longest + 2, 8)
    width = max(min(round(height * aspect / 8) * 8, 320), needed)
    return InputSpec(height, width, recipe.channels, fit)


def picture_sizes(sources: Sequence[Source]) -> list[tuple[int, int]]:
    """Widths and heights of the sources' first pictures, each once, the commonest first."""
    sizes = Counter((width, height) for source in sources for height, width in _sizes(source))
    return [size for size, _ in sizes.most_common(MOST_SIZES)]


def _sizes(source: Source) -> list[tuple[int, int]]:
    """Heights and widths of its first pictures; unreadable ones are passed over."""
    sizes: list[tuple[int, int]] = []
    for index in range(source.size or 1000):
        with suppress(ImageError):
            sizes.append(source.sample(index).image.shape[:2])
        if len(sizes) == 24:
            break
    if not sizes:
        raise UsageError(f"no picture of {source.name} can be read: captchalab check says why")
    return sizes
