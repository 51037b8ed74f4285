"""Endpoints of other servers, so that their clients need no more than another address."""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter, time
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from captchalab.errors import CaptchalabError
from captchalab.reading.containers import sniff_format
from captchalab.serving.answers import as_json, row_of
from captchalab.serving.asking import ask
from captchalab.serving.body import Upload, decode_base64, parse, read_body, read_upload
from captchalab.serving.compat_schema import OCR, UPLOAD_B, upload_ocr
from captchalab.serving.parameters import Parameters, merged, parameters_of
from captchalab.serving.problems import Problem, problem_of

router = APIRouter(tags=["compatible"])
_FLAGS = ("probability", "png_fix", "charsets")
_FORM = "application/x-www-form-urlencoded"
_OF_THE_PICTURE = (413, 415, 422)
BY_PATH = tuple(f"/ocr/{form}{answer}" for form in ("file", "b64") for answer in ("", "/text", "/json"))
"""Paths of ``ocr_by_path``: how the picture comes, and how the text goes."""


@router.post("/b", summary="As cnn_captcha's server answers", openapi_extra=UPLOAD_B)
async def b(request: Request) -> Response:
    """Form field ``image_file``; the text as ``value``. A query ``?model=`` names another model."""
    began = perf_counter()
    upload = await read_upload(request, request.app.state.settings.max_body_bytes, ("image_file",), 1)
    if not upload.images:
        raise Problem(
            422, "no-picture", "there is no picture in the request: the form's field is 'image_file'"
        )
    text = await _text(request, upload.images[0], parameters_of(dict(request.query_params)))
    return as_json(
        {
            "time": str(round(time(), 6)),
            "value": text,
            "speed_time(ms)": int(1000 * (perf_counter() - began)),
        }
    )


@router.post("/ocr", summary="As ddddocr's HTTP wrappers of today answer", openapi_extra=OCR)
async def ocr(request: Request) -> Response:
    """Form field ``file``, or ``image`` as base64 (form or JSON); ``{"code", "message", "data"}``.

    A refused picture has the HTTP status of its problem, and that as ``code`` too.
    """
    upload = await _upload(request)
    for flag in _FLAGS:  # of the wrapped library; they change nothing here
        upload.parameters.pop(flag, None)
    wanted = parameters_of(merged(request.query_params.multi_items(), upload.parameters))
    try:
        text = await _text(request, upload.images[0], wanted)
    except Problem as problem:
        if problem.status not in _OF_THE_PICTURE:
            raise
        return as_json({"code": problem.status, "message": problem.detail, "data": None}, problem.status)
    return as_json({"code": 200, "message": "Success", "data": text})


async def ocr_by_path(request: Request) -> Response:
    """``/ocr/file``: the form field ``image``; ``/ocr/b64``: base64 as the body, or as ``image`` in JSON.

    The text alone, or behind ``/json`` as ``{"status", "result", "msg"}``; a query ``?model=`` names another
    model. A refused picture has the HTTP status of its problem, and an empty text.
    """
    as_text = not request.scope["path"].endswith("/json")
    wanted = parameters_of(dict(request.query_params))
    try:
        upload = await _upload(request)
        status, text, message = 200, await _text(request, upload.images[0], wanted), ""
    except Problem as problem:
        if problem.status not in _OF_THE_PICTURE:
            raise
        status, text, message = problem.status, "", problem.detail
    if as_text:
        return PlainTextResponse(text, status)
    return as_json({"status": status, "result": text, "msg": message}, status)


for path in BY_PATH:
    router.post(path, summary="As ddddocr's ocr_api_server answers", openapi_extra=upload_ocr(path))(
        ocr_by_path
    )


async def _upload(request: Request) -> Upload:
    """The one picture, in whichever form those clients send it. Raises ``Problem`` 422 without one."""
    settings = request.app.state.settings
    body = await read_body(request, settings.max_body_bytes, settings.body_seconds)
    kind = request.headers.get("content-type", "")
    if "/b64" in request.scope["path"] and not body.lstrip().startswith(b"{"):
        return Upload([decode_base64(body.decode("latin-1"))])  # whatever type the client's library names
    if kind.partition(";")[0].strip().lower() == _FORM:
        fields = parse_qs(body.decode("latin-1"), keep_blank_values=True, max_num_fields=32)
        upload = Upload([], {name: values[-1] for name, values in fields.items()})
    else:
        kind = "application/json" if body.lstrip().startswith(b"{") else kind
        upload = parse(kind, body, ("file", "image"), 1)
        upload.images = [_picture(each) for each in upload.images]
    text = upload.parameters.pop("image", None)
    if not upload.images and isinstance(text, str) and text:
        upload.images = [decode_base64(text)]
    if not upload.images:
        raise Problem(422, "no-picture", "there is no picture in the request: 'file', or 'image' as base64")
    return upload


def _picture(part: bytes) -> bytes:
    """A part of a form: a picture, or the base64 of one."""
    if sniff_format(part) is None and part.isascii():
        with suppress(Problem):
            return decode_base64(part.decode("ascii"))
    return part


async def _text(request: Request, image: bytes, wanted: Parameters) -> str:
    """The text, or the result of the sum where that was asked for. Raises ``Problem`` where there is none."""
    if wanted.keep:
        raise Problem(422, "wrong-parameter", "pictures are kept by /v1/read only; leave out 'keep'")
    outcome = (await ask(request, [image], wanted)).outcomes[0]
    if isinstance(outcome, CaptchalabError):
        raise problem_of(outcome)
    row = row_of(outcome, wanted.min_confidence)
    if error := row.get("error"):
        raise Problem(error["status"], error["type"].rpartition(":")[2], error["detail"])
    return outcome.answer if outcome.answer is not None else outcome.text
