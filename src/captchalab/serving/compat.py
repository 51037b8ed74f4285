"""Endpoints of other servers, so that their clients need no more than another address."""

from __future__ import annotations

from time import perf_counter, time

from fastapi import APIRouter, Request
from fastapi.responses import Response

from captchalab.errors import CaptchalabError
from captchalab.reading.reader import Reading
from captchalab.serving.answers import as_json
from captchalab.serving.asking import ask
from captchalab.serving.body import decode_base64, read_upload
from captchalab.serving.parameters import Parameters, merged, parameters_of
from captchalab.serving.problems import Problem, problem_of
from captchalab.serving.schema import OCR, UPLOAD_B

router = APIRouter(tags=["compatible"])
_FLAGS = ("probability", "png_fix", "charsets")


@router.post("/b", summary="As cnn_captcha's server answers", openapi_extra=UPLOAD_B)
async def b(request: Request) -> Response:
    """Form field ``image_file``; the text as ``value``. A query ``?model=`` names another model."""
    began = perf_counter()
    upload = await read_upload(request, request.app.state.settings.max_body_bytes, ("image_file",), 1)
    if not upload.images:
        raise Problem(
            422, "no-picture", "there is no picture in the request: the form's field is 'image_file'"
        )
    reading = await _one(request, upload.images[0], parameters_of(dict(request.query_params)))
    return as_json(
        {
            "time": str(round(time(), 6)),
            "value": reading.text,
            "speed_time(ms)": int(1000 * (perf_counter() - began)),
        }
    )


@router.post("/ocr", summary="As ddddocr's usual HTTP wrappers answer", openapi_extra=OCR)
async def ocr(request: Request) -> Response:
    """Form field ``file``, or ``image`` as base64 (form or JSON); ``{"code", "message", "data"}``.

    A refused picture has the HTTP status of its problem, and that as ``code`` too.
    """
    upload = await read_upload(request, request.app.state.settings.max_body_bytes, ("file",), 1)
    text = upload.parameters.pop("image", None)
    if not upload.images and isinstance(text, str) and text:
        upload.images = [decode_base64(text)]
    for flag in _FLAGS:  # of the wrapped library; they change nothing here
        upload.parameters.pop(flag, None)
    if not upload.images:
        raise Problem(422, "no-picture", "there is no picture in the request: 'file', or 'image' as base64")
    wanted = parameters_of(merged(request.query_params.multi_items(), upload.parameters))
    try:
        reading = await _one(request, upload.images[0], wanted)
    except Problem as problem:
        if problem.status not in (415, 422):
            raise
        return as_json({"code": problem.status, "message": problem.detail, "data": None}, problem.status)
    return as_json({"code": 200, "message": "Success", "data": reading.text})


async def _one(request: Request, image: bytes, wanted: Parameters) -> Reading:
    outcome = (await ask(request, [image], wanted)).outcomes[0]
    if isinstance(outcome, CaptchalabError):
        raise problem_of(outcome)
    return outcome
