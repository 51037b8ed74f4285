"""All schemes by name: a new one costs a file here and a line below."""

from __future__ import annotations

from captchalab.synth.scheme import Scheme
from captchalab.synth.schemes import cage, easycaptcha, jcaptcha, kaptcha, patchca, simplecaptcha
from captchalab.synth.schemes.java_samples import ICAPTCHA, IMAGERANDOM, SKEWPASSIMAGE
from captchalab.synth.schemes.lepture import LEPTURE
from captchalab.synth.schemes.pycapt import PYCAPT
from captchalab.synth.schemes.tangle import TANGLE

SCHEMES: dict[str, Scheme] = {
    "cage-g": cage.G,
    "cage-y": cage.Y,
    "easycaptcha-arith": easycaptcha.ARITH,
    "easycaptcha-chinese": easycaptcha.CHINESE,
    "easycaptcha-gif": easycaptcha.GIF,
    "easycaptcha-spec": easycaptcha.SPEC,
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
    "patchca-default": patchca.DEFAULT,
    "patchca-marble": patchca.MARBLE,
    "patchca-wobble": patchca.WOBBLE,
    "pycapt": PYCAPT,
    "simplecaptcha-servlet": simplecaptcha.SERVLET,
    "simplecaptcha-sticky": simplecaptcha.STICKY,
    "skewpassimage": SKEWPASSIMAGE,
    "tangle": TANGLE,
}
