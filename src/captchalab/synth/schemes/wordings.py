"""Schemes of our own for what is written rather than how: words of a list, sums in Chinese words."""

from __future__ import annotations

from dataclasses import replace

from captchalab.synth.schemes import easycaptcha
from captchalab.synth.schemes.lepture import LEPTURE
from captchalab.synth.sums import Sums
from captchalab.synth.words import Words

WORDS = replace(
    LEPTURE,
    name="words",
    summary="English words of a list, drawn as lepture draws its characters",
    texts=Words(),
    alphabet="lower",
    lengths=(4, 8),
    width=240,
)

CHINESE_SUMS = replace(
    easycaptcha.CHINESE,
    name="sums-chinese",
    summary="sums in Chinese words, such as 三加五等于？, in many colours, a thin curve and three rings",
    texts=Sums(
        forms=("0-20 加 0-20", "1-20 减 1-20", "1-9 乘 1-9"),
        negative=False,
        numerals="chinese",
        suffix="等于？",
    ),
    width=240,
)
