"""Torch modules and nothing else: a picture batch in, scores ``(N, T, C)`` out.

A new network is one file and one line in ``NETWORKS``. Its constructor takes the input, the number of classes
and the longest text, then its options, which it checks.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

from captchalab.errors import UsageError, suggest
from captchalab.networks.backbone import Backbone
from captchalab.networks.cnn import CaptchaNet, Cnn
from captchalab.networks.compact import Compact
from captchalab.networks.crnn import Crnn, CrnnGru
from captchalab.networks.heads import Network
from captchalab.reading.inputspec import InputSpec

__all__ = ["NETWORKS", "Network", "build"]

NETWORKS: dict[str, type[Network]] = {
    "compact": Compact,
    "cnn": Cnn,
    "captchanet": CaptchaNet,
    "backbone": Backbone,
    "crnn": Crnn,
    "crnn-gru": CrnnGru,
}


def build(name: str, spec: InputSpec, classes: int, length: int, options: dict[str, Any]) -> Network:
    """The network ``name`` for inputs of ``spec`` and texts of up to ``length`` characters.

    ``classes`` counts the blank. Raises ``UsageError`` for an unknown name or option, and
    for a wrong value.
    """
    if name not in NETWORKS:
        raise UsageError(
            f"{suggest(name, list(NETWORKS), 'network')}. Models of timm: --set network=backbone --set "
            "options.model=resnet18; in a recipe network = 'backbone', options = {model = 'resnet18'}"
        )
    _spec, _classes, _length, *known = signature(NETWORKS[name]).parameters
    for option in options:
        if option not in known:
            raise suggest(option, known, f"option of the network {name}")
    return NETWORKS[name](spec, classes, length, **options)
