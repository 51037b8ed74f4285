"""How large the network's input is, where the recipe leaves it open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from captchalab.errors import ImageError, UsageError
from captchalab.reading.inputspec import InputSpec
from captchalab.samples.sample import Source
from captchalab.training.recipe import Recipe

HEIGHTS = {"crnn": 32, "crnn-gru": 64, "backbone": 64}
"""Heights of the input that suit a network, where 48 does not."""
MOST_SIZES = 16
"""Sizes of pictures that a model remembers."""


def choose_spec(recipe: Recipe, sources: Sequence[Source], longest: int) -> InputSpec:
    """The network's input: as the recipe says, or from the pictures' size and the longest text."""
    sizes = [size for source in sources for size in _sizes(source)]
    fit = recipe.fit or ("stretch" if len(set(sizes)) == 1 else "pad")
    height = recipe.height or _usual_height(recipe)
    if recipe.width:
        return InputSpec(height, recipe.width, recipe.channels, fit)
    aspect = max(width / high for high, width in sizes)
    # Enough columns for the texts; very wide pictures are squeezed, since width costs time.
    needed = _columns(recipe) * max(2 * longest + 2, 8)
    width = max(min(round(height * aspect / 8) * 8, 320), needed)
    return InputSpec(height, width, recipe.channels, fit)


def picture_sizes(sources: Sequence[Source]) -> list[tuple[int, int]]:
    """Widths and heights of the sources' first pictures, each once, the commonest first."""
    sizes = Counter((width, height) for source in sources for height, width in _sizes(source))
    return [size for size, _ in sizes.most_common(MOST_SIZES)]


def _usual_height(recipe: Recipe) -> int:
    if recipe.options.get("size") in ("tiny", "small"):
        return 32
    return HEIGHTS.get(recipe.network, 48)


def _columns(recipe: Recipe) -> int:
    """Columns of the input for one step of the sequence."""
    halved = recipe.network == "crnn-gru" or recipe.options.get("size") == "fine"
    return 8 if halved or recipe.options.get("head") == "ctc" else 4


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
