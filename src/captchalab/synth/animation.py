"""Animations: several frames, none of which shows the whole text."""

from __future__ import annotations

from dataclasses import dataclass

from captchalab.errors import UsageError, suggest

HIDING = ("fade", "one", "others")
MOST_FRAMES = 64


@dataclass(frozen=True)
class Animation:
    """Which characters a frame hides; they take turns, so that each is fully there in one frame.

    Raises ``UsageError`` for a word or number that is not allowed.
    """

    frames: int = 0
    """How many; 0 is one for each character."""
    hiding: str = "fade"
    """``fade``: from frame to frame a character comes out more, then is hidden; ``one``: a frame hides one
    character; ``others``: it hides all but one. With fewer frames than characters, several share a turn."""
    faintest: float = 0.0
    """How opaque a hidden character still is, 0 to 1."""
    anew: tuple[str, ...] = ()
    """Effects that are drawn anew in every frame; all else stays where it is."""
    milliseconds: int = 100
    """How long a frame is shown."""

    def __post_init__(self) -> None:
        if self.hiding not in HIDING:
            raise suggest(self.hiding, HIDING, "hiding")
        if self.frames != 0 and not 2 <= self.frames <= MOST_FRAMES:
            raise UsageError(f"frames = {self.frames}: 0 (one for each character), or 2 to {MOST_FRAMES}")
        if not 0 <= self.faintest <= 1:
            raise UsageError(f"faintest = {self.faintest}: a number from 0 to 1")
        if not 10 <= self.milliseconds <= 60_000:
            raise UsageError(f"milliseconds = {self.milliseconds}: a number from 10 to 60000")

    def opacities(self, text: str) -> list[list[float]]:
        """For every frame, how opaque each character is, 0 to 1; blanks take no turn."""
        inked = len("".join(text.split()))
        frames = self.frames or min(max(inked, 2), MOST_FRAMES)
        turns, turn = [], 0
        for character in text:
            turns.append(turn)
            turn += not character.isspace()
        return [[self._opacity((turn + frame) % frames, frames) for turn in turns] for frame in range(frames)]

    def _opacity(self, step: int, frames: int) -> float:
        if self.hiding == "fade":
            shown = step / (frames - 1)
        else:
            shown = float((step == 0) == (self.hiding == "others"))
        return self.faintest + (1 - self.faintest) * shown
