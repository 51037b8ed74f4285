"""Every limit and switch of the server, with its default and its help text."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from captchalab.errors import UsageError
from captchalab.reading.image import DEFAULT_LIMITS, ImageLimits

PREFIX = "CAPTCHALAB_"


class Settings(BaseSettings):
    """Read from the environment as ``CAPTCHALAB_NAME``; options of the command line go first."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on; wider than loopback needs an API key.")
    port: NonNegativeInt = Field(8000, le=65535, description="Port; 0 takes a free one.")
    workers: PositiveInt = Field(1, description="Worker processes; one for each core that may be used.")
    models: tuple[str, ...] = Field(
        (), description="Model files, run folders, bundled names, or folders of models."
    )

    api_key: SecretStr | None = Field(None, description="A key that every request must bear.")
    keys_file: Path | None = Field(None, description="File of hashed keys (see `captchalab key`).")
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Host names that are answered beside those of loopback; none: only those, or any "
        "where it listens wider.",
    )
    rate_per_minute: NonNegativeInt = Field(
        0, description="Requests a minute for each key (without keys: each address); 0: any number."
    )
    log_requests: bool = Field(True, description="One line on standard error for each request.")
    runs: Path | None = Field(None, description="Folder of runs whose curves the page /runs shows.")
    practice: bool = Field(True, description="Draw captchas to practise on at /practice/captcha.")
    uploads: Path | None = Field(
        None, description="Folder for pictures whose senders consent; none: keep none."
    )
    max_uploads: PositiveInt = Field(10_000, description="Most pictures that are kept.")
    max_models: PositiveInt = Field(64, description="Most models that are served.")
    max_model_bytes: PositiveInt = Field(64 * 1024 * 1024, description="Longest model file sent over HTTP.")
    look_seconds: PositiveFloat = Field(0.5, description="Interval of looking at the folders of models.")

    max_body_bytes: PositiveInt = Field(2 * 1024 * 1024, description="Longest body of one picture, in bytes.")
    max_batch_bytes: PositiveInt = Field(32 * 1024 * 1024, description="Longest body of a batch, in bytes.")
    max_batch_pictures: PositiveInt = Field(256, description="Most pictures of a batch.")
    max_pixels: PositiveInt = Field(DEFAULT_LIMITS.max_pixels, description="Most pixels of a picture.")
    max_side: PositiveInt = Field(
        DEFAULT_LIMITS.max_side, description="Longest side of a picture, in pixels."
    )
    max_frames: PositiveInt = Field(DEFAULT_LIMITS.max_frames, description="Most frames of an animation.")

    header_seconds: PositiveFloat = Field(5.0, description="Time for a request's header to arrive.")
    body_seconds: PositiveFloat = Field(10.0, description="Time for a request's body to arrive.")
    deadline_seconds: PositiveFloat = Field(5.0, description="Time from a body's arrival to its answer.")
    queue_pictures: PositiveInt = Field(
        64, description="Pictures that may wait in one worker process; more are refused with 503."
    )
    held_bytes: PositiveInt = Field(
        256 * 1024 * 1024, description="Bytes of bodies that one worker process holds at a time."
    )
    connections: PositiveInt = Field(512, description="Connections of one worker process; more wait.")
    drain_seconds: PositiveInt = Field(30, description="Time for running requests to end after SIGTERM.")
    threads: PositiveInt = Field(1, description="Threads that read, in each worker process.")
    micro_batch: PositiveInt = Field(16, description="Most waiting pictures that are read at once.")

    @property
    def image_limits(self) -> ImageLimits:
        """What one picture may cost."""
        return ImageLimits(self.max_body_bytes, self.max_pixels, self.max_side, self.max_frames)


def make_settings(given: dict[str, Any]) -> Settings:
    """``given`` over the environment over the defaults. Raises ``UsageError``, naming the setting."""
    _refuse_misspelt()
    try:
        return Settings(**given)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = str(fault["loc"][0]) if fault["loc"] else "?"
        raise UsageError(f"the setting {name} ({PREFIX}{name.upper()}): {fault['msg']}") from None
    except SettingsError as error:  # names the field in quotes; the text of the variable is no JSON
        name = str(error).partition('"')[2].partition('"')[0]
        raise UsageError(f'{PREFIX}{name.upper()} is a JSON list: ["one", "two"]') from None


def _refuse_misspelt() -> None:
    """A limit whose name is misspelt would silently not hold. Variables that resemble none are others'."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in os.environ:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            for near in get_close_matches(name.upper(), known, 1, cutoff=0.9):
                raise UsageError(f"{name} is no setting; {near} is one (captchalab serve --settings)")


def listed() -> list[tuple[str, str, str]]:
    """Every setting: its variable, its default, what it is for."""
    return [
        (
            f"{PREFIX}{name.upper()}",
            "" if field.default is None else str(field.default),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]
