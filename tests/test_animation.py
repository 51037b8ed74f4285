"""Animations: frames that show the text only together."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from captchalab.errors import UsageError
from captchalab.reading.image import load_image
from captchalab.synth.animation import Animation
from captchalab.synth.colours import Palette
from captchalab.synth.declaration import scheme_of, table_of
from captchalab.synth.drawing import draw, draw_frames, text_of
from captchalab.synth.row_lettering import RowLettering
from captchalab.synth.scheme import Scheme, step
from captchalab.synth.schemes import SCHEMES

PLAIN = Scheme(
    name="mine",
    summary="a test",
    lettering=RowLettering(fonts=("DejaVuSans",), place="spread", size=0.5),
    palette=Palette(background="#ffffff", ink="#000000"),
    lengths=(5, 5),
    width=200,
    animation=Animation(),
)


def rooms(frame: np.ndarray) -> list[int]:
    """The darkest ink in the room of each of five characters, 0 to 255."""
    return [int(255 - part.min()) for part in np.array_split(frame, 5, axis=1)]


def test_each_frame_hides_another_character() -> None:
    frames, text = draw_frames(PLAIN, 1, 2)
    assert len(frames) == len(text) == 5 and text == text_of(PLAIN, 1, 2)
    for i, frame in enumerate(frames):
        inks = rooms(frame)
        assert inks.index(0) == (5 - i) % 5, "one is hidden"
        assert inks.index(255) == (4 - i) % 5, "one is fully there"
        assert sorted(inks) == pytest.approx([0, 64, 128, 191, 255], abs=2)


def test_fused_frames_show_all() -> None:
    still, _ = draw(replace(PLAIN, animation=None), 1, 2)
    fused, text = draw(PLAIN, 1, 2)
    assert text == text_of(PLAIN, 1, 2)
    assert np.abs(still.astype(int) - fused).max() <= 2, "nothing moves between frames"
    frames, _ = draw_frames(PLAIN, 1, 2)
    pictures = [Image.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=100)
    assert np.abs(load_image(file.getvalue(), frames="fuse").astype(int) - fused).max() <= 2


@pytest.mark.parametrize(("hiding", "shown"), [("one", 4), ("others", 1)])
def test_ways_of_hiding(hiding: str, shown: int) -> None:
    frames, _ = draw_frames(replace(PLAIN, animation=Animation(hiding=hiding)), 1, 2)
    counts = np.array([[ink == 255 for ink in rooms(frame)] for frame in frames])
    assert (counts.sum(axis=1) == shown).all() and (counts.sum(axis=0) == shown).all()


def test_fewer_frames_than_characters_show_all_of_them_too() -> None:
    for hiding in ("fade", "one", "others"):
        shown = np.array(Animation(frames=3, hiding=hiding).opacities("ab cde"))
        assert shown.shape == (3, 6)
        assert (shown.max(axis=0) == 1).all() and (shown.min(axis=1) == 0).all()
    assert np.array(Animation(frames=2, faintest=0.3).opacities("abcd")).min() == pytest.approx(0.3)
    assert len(Animation().opacities("a")) == 2


def test_only_what_is_named_is_drawn_anew() -> None:
    scheme = replace(PLAIN, over=(step("arc"), step("dots")))
    without = replace(scheme, animation=Animation(faintest=1.0))
    assert len({frame.tobytes() for frame in draw_frames(without, 4, 0)[0]}) == 1
    anew = replace(scheme, animation=Animation(faintest=1.0, anew=("dots",)))
    frames, _ = draw_frames(anew, 4, 0)
    assert len({frame.tobytes() for frame in frames}) == 5
    again, _ = draw_frames(anew, 4, 0)
    assert all(np.array_equal(one, other) for one, other in zip(frames, again, strict=True))


def test_every_lettering_can_hide_characters() -> None:
    scheme = replace(SCHEMES["lepture"], over=(), animation=Animation(hiding="others"))
    frames, _ = draw_frames(scheme, 1, 2)
    still, _ = draw(replace(scheme, animation=None), 1, 2)
    inks = [(frame != still[0, 0]).any(axis=2).sum() for frame in frames]
    whole = (still != still[0, 0]).any(axis=2).sum()
    assert len(frames) == 4 and min(inks) > 0
    assert sum(inks) == pytest.approx(whole, rel=0.1)


def test_layers_can_be_animated() -> None:
    scheme = replace(PLAIN, on_text=(step("ripple"),))
    frames, _ = draw_frames(scheme, 1, 2)
    fused, _ = draw(scheme, 1, 2)
    still, _ = draw(replace(scheme, animation=None), 1, 2)
    assert len(frames) == 5
    assert np.abs(still.astype(int) - fused).mean() < 1


def test_animations_are_declared() -> None:
    scheme = replace(PLAIN, animation=Animation(frames=4, hiding="one"))
    assert scheme_of(table_of(scheme), "mine") == scheme
    assert scheme_of(table_of(replace(PLAIN, animation=None)), "mine").animation is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"hiding": "some"}, "unknown hiding"),
        ({"frames": 1}, "frames = 1"),
        ({"faintest": 1.5}, "faintest = 1.5"),
        ({"milliseconds": 0}, "milliseconds = 0"),
    ],
)
def test_wrong_animations_are_one_line(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Animation(**fields)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_what_is_drawn_anew_is_an_effect_of_the_scheme() -> None:
    with pytest.raises(UsageError, match="'dots'"):
        replace(PLAIN, over=(step("dots"),), animation=Animation(anew=("dot",)))
