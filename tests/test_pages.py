"""The pages, in a real browser against a real server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import require
from pictures import png
from serving import Server

from captchalab import Reader
from captchalab.measuring.evaluate import evaluate
from captchalab.measuring.report import write_report
from captchalab.serving.reports import find_report
from captchalab.serving.run_folders import Run, find_runs
from captchalab.serving.texts import TEXTS, language_of
from captchalab.sources import open_source

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

HOSTILE = "<img src=x onerror=document.title='owned'>"
HEADER = (
    "step,pictures,seconds,loss,learning_rate,pictures_per_second,train_sequence_accuracy,"
    "train_character_accuracy,validation_loss,validation_sequence_accuracy,validation_character_accuracy\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was evaluated, and runs without an end, one of them with a hostile name."""
    runs = tmp_path_factory.mktemp("runs")
    done = runs / "done"
    done.mkdir()
    model = Path(__file__).parent.parent / "src/captchalab/reading/models/small.onnx"
    shutil.copy(model, done / "model.onnx")
    (done / "metrics.csv").write_text(HEADER + "5,640,1.5,2.25,0.001,420,0.25,0.5,1.5,0.375,0.75\n")
    (done / "recipe.toml").write_text("steps = 5\n")
    (done / "report.md").write_text("# done\n")
    (runs / "going").mkdir()
    (runs / "going" / "metrics.csv").write_text(HEADER)
    (runs / "going" / "recipe.toml").write_text("steps = 400\n")
    (runs / HOSTILE).mkdir()
    (runs / HOSTILE / "metrics.csv").write_text(f"{HOSTILE}\n")
    source = open_source("scheme:lepture?alphabet=alnum&length=8")  # longer than it was trained on
    (runs / "broken.onnx").write_bytes(b"no model")
    write_report(evaluate(Reader.open(done), source, limit=16), done / "evaluation", title="t")
    return runs


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    models = (str(folder / "done"), "small", str(folder / "broken.onnx"))
    with Server((*models, "--runs", str(folder))) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    require(chromium is not None, "there is no chromium to test the pages in")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page that must ask nobody else, and at whose end the console must be clean."""
    base = f"http://{server.host}:{server.port}"
    context = browser.new_context(base_url=base, locale="en-GB", viewport={"width": 390, "height": 844})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text) if _is_fault(message) else None)
    opened.on("response", lambda r: faults.append(r.url) if r.status in (404, 500) else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "request", lambda r: None if r.url.startswith((base, "blob:")) else faults.append(f"asked {r.url}")
    )
    opened.set_default_timeout(10_000)
    yield opened
    context.close()
    assert faults == []


def _is_fault(message: ConsoleMessage) -> bool:
    """A refused picture is told as an error too; what the policy blocks, or a script throws, is meant."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def give(page: Page, picture: bytes) -> None:
    """Choose a file, and wait until all of its reading is shown."""
    page.set_input_files("#file", {"name": "it.png", "mimeType": "image/png", "buffer": picture})
    settled(page)


def settled(page: Page) -> None:
    page.wait_for_selector("#try:not([aria-busy])")
    page.wait_for_selector("#strip svg")


def test_a_chosen_picture_is_read_and_explained(page: Page) -> None:
    picture = png("3k9")
    reading = Reader.open().read(picture)
    page.goto("/")
    give(page, picture)
    assert page.inner_text("#text") == reading.text
    boxes = page.locator("#boxes .box")
    assert boxes.all_inner_texts() == list(reading.text)
    whole = page.locator("#picture").bounding_box()
    first = boxes.first.bounding_box()
    assert whole is not None and first is not None
    assert (first["x"] - whole["x"]) / whole["width"] == pytest.approx(reading.characters[0].left, abs=0.01)
    assert page.locator("#characters li").count() == len(reading.text)
    rows = page.locator("#strip .names span").all_inner_texts()
    assert set(reading.text) < set(rows) and rows[-1] == "∅"
    assert float(page.inner_text("#time-total")) >= float(page.inner_text("#time-server")) > 0
    page.click("#raw summary")
    assert json.loads(page.inner_text("#json"))["text"] == reading.text


def test_constraints_are_controls_and_stand_in_the_snippets(page: Page) -> None:
    picture = png("WXYZ")
    reading = Reader.open().read(picture, alphabet="digits", pattern="[0-9]{3}'?")
    page.goto("/")
    give(page, picture)
    page.fill("[name=alphabet]", "digits")
    page.fill("[name=pattern]", "[0-9]{3}")
    page.wait_for_function("text => document.getElementById('text').textContent === text", arg=reading.text)
    assert len(reading.text) == 3 and reading.text.isdecimal()
    curl = page.inner_text("#curl")
    assert "-F file=@it.png --form-string alphabet=digits --form-string 'pattern=[0-9]{3}'" in curl
    assert '"alphabet": "digits"' in page.inner_text("#python")
    page.fill("[name=length]", "5")
    page.wait_for_selector("#problem:not([hidden])")
    assert "length" in page.inner_text("#problem") and page.is_hidden("#result")
    page.click("button[type=reset]")
    page.wait_for_selector("#result:not([hidden])")
    settled(page)
    assert page.inner_text("#text") == Reader.open().read(picture).text


def test_the_automatic_choice_is_told_with_its_confidence(page: Page) -> None:
    page.goto("/")
    give(page, png("3k9"))
    assert page.is_hidden("#choice")
    page.select_option("[name=model]", "auto")
    page.wait_for_selector("#choice:not([hidden])")
    assert page.inner_text("#choice-value") == "50.00%"  # of two that are the same


def test_a_call_is_copied_also_where_the_browser_lends_no_clipboard(page: Page) -> None:
    """Browsers lend it to pages of this machine and over TLS; not to a server's plain address."""
    page.goto("/")
    page.evaluate("delete Navigator.prototype.clipboard")
    page.click(".copy[data-of=curl]")
    page.wait_for_function("document.querySelector('.copy[data-of=curl]').textContent === 'Copied'")
    page.focus("[name=pattern]")
    page.keyboard.press("Control+V")
    assert page.input_value("[name=pattern]") == page.inner_text("#curl")


def test_files_that_are_refused_are_named_with_the_reason(page: Page) -> None:
    page.goto("/models")
    assert "broken" in page.inner_text("dl") and "not a captchalab model" in page.inner_text("dl")


def test_pasted_dropped_and_drawn_pictures_are_read(page: Page) -> None:
    page.goto("/")
    transfer = """(bytes, kind) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "x.png", {type: "image/png"}));
        return data;
    }"""
    expected = []
    for kind, made in (("paste", "ClipboardEvent"), ("drop", "DragEvent")):
        picture = png({"paste": "0042", "drop": "a7"}[kind])
        member = {"paste": "clipboardData", "drop": "dataTransfer"}[kind]
        page.evaluate(
            f"bytes => document.body.dispatchEvent(new {made}('{kind}', "
            f"{{bubbles: true, cancelable: true, {member}: ({transfer})(bytes)}}))",
            list(picture),
        )
        expected.append(Reader.open().read(picture).text)
        page.wait_for_function(
            "text => document.getElementById('text').textContent === text", arg=expected[-1]
        )
        settled(page)
    assert expected[0] != expected[1]
    page.click("#draw")
    page.wait_for_function("text => document.getElementById('text').textContent !== text", arg=expected[-1])
    settled(page)
    assert page.inner_text("#text").isalnum()


def test_a_broken_picture_is_refused_in_words(page: Page) -> None:
    page.goto("/")
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n"})
    page.wait_for_selector("#problem:not([hidden])")
    assert "PNG" in page.inner_text("#problem") and page.is_hidden("#result")


def test_the_keyboard_reaches_everything(page: Page) -> None:
    page.goto("/")
    seen = []
    for _ in range(24):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.name || ''"))
    for wanted in ("file", "draw", "model", "alphabet", "length", "pattern", "fold_case", "answer", "curl"):
        assert wanted in seen
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input,select')].filter(e => !e.labels.length).length"
    )
    assert unnamed == 0


def test_both_languages_and_every_page_fit_a_phone(page: Page) -> None:
    for path in ("/", "/models", "/models/done", "/runs", "/runs/done", "/docs"):
        for language, shown in (("zh", "模型"), ("en", "Models")):
            page.goto(f"{path}?lang={language}")
            assert shown in page.inner_text("nav")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("[hreflang=zh]")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    page.goto("/models")  # remembered
    assert page.inner_text("h1") == "模型"


def test_the_page_of_a_model_shows_its_figures_confusions_and_mistakes(page: Page, folder: Path) -> None:
    report = json.loads((folder / "done/evaluation/report.json").read_text())
    page.goto("/models")
    page.click("text=done")
    main = page.inner_text("main")
    assert f"{report['sequence_accuracy']:.2%}" in main and report["source"] in main
    pair = report["confusion"][0]
    cells = page.locator(".scroll tbody tr").first.locator("td").all_inner_texts()
    assert cells[:3] == [pair["true"], pair["read"], str(pair["count"])]
    gallery = page.locator(".gallery img")
    assert gallery.count() == len(report["mistakes"]) > 0
    gallery.first.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.gallery img').naturalWidth > 0")


def test_the_curves_of_a_run_grow_while_it_trains(page: Page, folder: Path) -> None:
    (folder / "going/metrics.csv").touch()  # however long the tests before took
    page.goto("/runs/going")
    assert "training" in page.inner_text(".state")
    with (folder / "going/metrics.csv").open("a") as file:
        file.write("100,12800,20,3.5,0.001,640,0.125,0.5,,,\n")
        file.write("200,25600,40,0.5,0.001,640,0.875,0.9,0.25,0.9375,0.98\n")
    page.wait_for_selector("text=step 200 of 400")
    assert "93.75%" in page.inner_text(".cards") and "0:40" in page.inner_text("#live")
    assert page.locator(".chart").first.locator("path.line.series_training").count() == 1


def test_names_and_files_of_others_are_shown_and_never_run(page: Page) -> None:
    page.goto("/runs")
    assert HOSTILE in page.inner_text("main")
    page.click(f"text={HOSTILE}")
    assert HOSTILE in page.inner_text("h1") and "metrics.csv" in page.inner_text("#live")
    assert page.title() != "owned" and page.locator("main img").count() == 0


def test_the_policy_forbids_inline_script(browser: Browser, server: Server) -> None:
    policy = server.ask("GET", "/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    context = browser.new_context(base_url=f"http://{server.host}:{server.port}")
    page = context.new_page()
    page.goto("/")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.owned = 1'}))"
    )
    assert page.evaluate("window.owned") is None
    context.close()


def test_only_files_of_the_report_can_be_had(server: Server, folder: Path) -> None:
    report = find_report(folder / "done/model.onnx", Reader.open(folder / "done").sha256)
    assert report is not None and len(report.pictures) > 1
    for name in report.pictures:
        assert server.ask("GET", f"/models/done/picture/{name}").body.startswith(b"\x89PNG")
    for path in (
        "/models/done/picture/report.html",
        "/models/done/picture/..%2F..%2Fmodel.onnx",
        "/models/small/picture/confusion.png",
        "/runs/done/picture/model.onnx",
        "/runs/..%2Fdone",
        "/static/..%2Fpages.py",
    ):
        assert server.ask("GET", path).status == 404
    assert find_report(folder / "done/model.onnx", "0" * 64) is not None, "the training's report stays"
    assert find_report(folder / "done/model.onnx", "0" * 64).figures == {}  # type: ignore[union-attr]


def test_steps_are_those_of_the_scores(server: Server) -> None:
    picture = png("Qq1")
    told = server.ask("POST", "/v1/steps", picture, "image/png").json()
    ((reading, scores),) = Reader.open("small").read_scored([picture])
    assert scores is not None
    assert len(told["best"]) == len(scores)
    best = [told["rows"][row]["character"] for row in told["best"]]
    collapsed = [c for c, before in zip(best, ["", *best], strict=False) if c and c != before]
    assert "".join(collapsed) == reading.text
    assert server.ask("POST", "/v1/steps?model=auto", picture, "image/png").status == 422
    assert server.ask("POST", "/v1/steps", b"nothing", "image/png").status == 415


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("fr,en;q=0.5,zh;q=0.4", "en"), ("zh;q=x", "en")],
)
def test_the_language_of_a_browser(accepted: str, language: str) -> None:
    assert language_of({}, {}, accepted) == language
    assert language_of({"lang": "zh"}, {"lang": "en"}, accepted) == "zh"
    assert language_of({"lang": "xx"}, {"lang": "zh"}, accepted) == "zh"


def test_every_text_fills_the_same_places_in_both_languages() -> None:
    for english, chinese in TEXTS.values():
        places = [{part.partition("}")[0] for part in text.split("{")[1:]} for text in (english, chinese)]
        # The pattern's example holds braces of its own.
        assert places[0] == places[1] and english and chinese


def test_runs_are_found_once_and_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    names = [run.name for run in find_runs(folder, [folder / "done/model.onnx"])]
    assert sorted(names) == sorted(["done", "going", HOSTILE])
    (tmp_path / "link").symlink_to(folder)
    assert find_runs(tmp_path, []) == []
    assert [run.name for run in find_runs(None, [folder / "done/model.onnx"])] == ["done"]
    assert Run("done", folder / "done").state == "done"
