"""All schemes by name: a new one costs a file here and a line below."""

from __future__ import annotations

from captchalab.synth.scheme import Scheme
from captchalab.synth.schemes.java_samples import ICAPTCHA, IMAGERANDOM, SKEWPASSIMAGE
from captchalab.synth.schemes.lepture import LEPTURE
from captchalab.synth.schemes.pycapt import PYCAPT
from captchalab.synth.schemes.tangle import TANGLE

SCHEMES: dict[str, Scheme] = {
    "icaptcha": ICAPTCHA,
    "imagerandom": IMAGERANDOM,
    "lepture": LEPTURE,
    "pycapt": PYCAPT,
    "skewpassimage": SKEWPASSIMAGE,
    "tangle": TANGLE,
}
