"""All schemes by name: a new one costs a file here and a line below."""

from __future__ import annotations

from captchalab.synth.any_lettering import AnyLettering
from captchalab.synth.fonts import GROUPS
from captchalab.synth.random_scheme import RandomScheme
from captchalab.synth.scheme import Scheme
from captchalab.synth.schemes import (
    base64captcha,
    cage,
    easycaptcha,
    hutool,
    jcaptcha,
    kaptcha,
    mews,
    patchca,
    simplecaptcha,
)
from captchalab.synth.schemes.captcha_v2 import CAPTCHA_V2
from captchalab.synth.schemes.gregwar import GREGWAR
from captchalab.synth.schemes.java_samples import ICAPTCHA, IMAGERANDOM, SKEWPASSIMAGE
from captchalab.synth.schemes.lepture import LEPTURE
from captchalab.synth.schemes.pycapt import PYCAPT
from captchalab.synth.schemes.tangle import TANGLE
from captchalab.synth.schemes.wordings import CHINESE_SUMS, WORDS

SCHEMES: dict[str, Scheme] = {
    "base64captcha-digit": base64captcha.DIGIT,
    "base64captcha-math": base64captcha.MATH,
    "base64captcha-string": base64captcha.STRING,
    "cage-g": cage.G,
    "cage-y": cage.Y,
    "captcha_v2": CAPTCHA_V2,
    "easycaptcha-arith": easycaptcha.ARITH,
    "easycaptcha-chinese": easycaptcha.CHINESE,
    "easycaptcha-gif": easycaptcha.GIF,
    "easycaptcha-spec": easycaptcha.SPEC,
    "gregwar": GREGWAR,
    "hutool-circle": hutool.CIRCLE,
    "hutool-line": hutool.LINE,
    "hutool-shear": hutool.SHEAR,
    "hutool-shear-math": hutool.SHEAR_MATH,
    "icaptcha": ICAPTCHA,
    "imagerandom": IMAGERANDOM,
    "jcaptcha-basiclist": jcaptcha.BASIC_LIST,
    "jcaptcha-default": jcaptcha.DEFAULT,
    "jcaptcha-nonlinear": jcaptcha.NON_LINEAR,
    "kaptcha-fisheye": kaptcha.FISH_EYE,
    "kaptcha-ruoyi-char": kaptcha.RUOYI_CHAR,
    "kaptcha-ruoyi-math": kaptcha.RUOYI_MATH,
    "kaptcha-shadow": kaptcha.WITH_SHADOW,
    "kaptcha-waterripple": kaptcha.WATER_RIPPLE,
    "lepture": LEPTURE,
    "mews-default": mews.DEFAULT,
    "mews-flat": mews.FLAT,
    "mews-inverse": mews.INVERSE,
    "patchca-default": patchca.DEFAULT,
    "patchca-marble": patchca.MARBLE,
    "patchca-wobble": patchca.WOBBLE,
    "pycapt": PYCAPT,
    "simplecaptcha-servlet": simplecaptcha.SERVLET,
    "simplecaptcha-sticky": simplecaptcha.STICKY,
    "skewpassimage": SKEWPASSIMAGE,
    "sums-chinese": CHINESE_SUMS,
    "tangle": TANGLE,
    "words": WORDS,
}

SCHEMES["random"] = RandomScheme(
    name="random",
    summary="another look for every picture, from wide ranges of everything: for pretraining",
    lettering=AnyLettering(tuple(group for group in GROUPS if group != "chinese")),
    alphabet="alnum",
    lengths=(4, 6),
    looks=tuple(SCHEMES.values()),
)
