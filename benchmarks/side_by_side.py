"""Their pictures beside ours, to look at while a scheme is being written.

    python benchmarks/side_by_side.py --schemes DIR [NAME ...] --out FOLDER

DIR holds one NAME.tar a scheme; only its `train` part is opened. For each NAME a PNG is drawn: on the left
pictures from all over the archive, on the right ours of the same texts, by the scheme of that name. Without
names: every archive that has such a scheme; the others are listed. NAME=FILE.toml draws by a file.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from recording import run_main, say

from captchalab.errors import UsageError
from captchalab.samples.sample import Source
from captchalab.sources import open_source
from captchalab.synth.declaration import load_scheme
from captchalab.synth.drawing import paint
from captchalab.synth.randomness import random_for
from captchalab.synth.scheme import Scheme
from captchalab.synth.schemes import SCHEMES

SCALE = 2
GAP = 12
PAPER, INK = (250, 250, 248), (40, 44, 52)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="schemes, or NAME=FILE.toml (default: all)")
    parser.add_argument("--schemes", required=True, metavar="DIR", help="the folder of archives")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="where the sheets go")
    parser.add_argument("--rows", type=int, default=12, help="pictures of each on a sheet")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="other numbers show other pictures")
    return parser.parse_args()


def chosen(names: list[str], folder: Path) -> Iterator[tuple[str, Scheme]]:
    """Each archive's name and the scheme that is to look like it."""
    for name in names or sorted(path.stem for path in folder.glob("*.tar")):
        archive, equals, file = name.partition("=")
        if equals:
            yield archive, load_scheme(Path(file))
        elif archive in SCHEMES:
            yield archive, SCHEMES[archive]
        elif names:
            raise UsageError(f"there is no scheme {archive!r}; known: {', '.join(SCHEMES)}")
        else:
            say(f"{archive}: no scheme of this name yet")


def sheet(theirs: Source, scheme: Scheme, indices: list[int]) -> Image.Image:
    """Rows of two pictures, twice their size."""
    samples = [theirs.sample(index) for index in indices]
    pairs = [
        (Image.fromarray(sample.image), Image.fromarray(paint(scheme, random_for(0, index), sample.text)))
        for index, sample in zip(indices, samples, strict=True)
    ]
    widths = [SCALE * max(pair[side].width for pair in pairs) for side in (0, 1)]
    heights = [SCALE * max(pair[0].height, pair[1].height) for pair in pairs]
    page = Image.new("RGB", (sum(widths) + 3 * GAP, sum(heights) + GAP * (len(pairs) + 2) + GAP), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    pen.text((GAP, GAP), "theirs", INK, font, "lm")
    pen.text((widths[0] + 2 * GAP, GAP), f"ours: {scheme.name}", INK, font, "lm")
    top = 2 * GAP
    for (left, right), height in zip(pairs, heights, strict=True):
        for picture, x in ((left, GAP), (right, widths[0] + 2 * GAP)):
            large = picture.resize((picture.width * SCALE, picture.height * SCALE), Image.Resampling.NEAREST)
            page.paste(large, (x, top))
        top += height + GAP
    return page


def main() -> None:
    """One sheet a scheme."""
    settings = parse()
    folder, out = Path(settings.schemes), Path(settings.out)
    out.mkdir(parents=True, exist_ok=True)
    for name, scheme in chosen(settings.names, folder):
        theirs = open_source(f"{folder / name}.tar?part=train", frames="fuse")
        assert theirs.size is not None
        # They lie in the order of their texts.
        indices = [
            (settings.first + theirs.size * row // settings.rows) % theirs.size
            for row in range(settings.rows)
        ]
        file = out / f"{name}.png"
        sheet(theirs, scheme, indices).save(file)
        say(f"{file}")


if __name__ == "__main__":
    run_main(main)
