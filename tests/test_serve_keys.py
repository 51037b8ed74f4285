"""API keys, their scopes and rates; and what a server refuses to do without them."""

from __future__ import annotations

import base64
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pictures import png
from serving import Server

from captchalab.cli.app import run
from captchalab.errors import UsageError
from captchalab.serving.guard import WRONG_KEYS_PER_MINUTE
from captchalab.serving.keys import Keyring, add_key, key_of_secret, new_key, read_keys
from captchalab.serving.rates import Rates
from captchalab.serving.settings import make_settings

PICTURE = png("7x")


def test_keys_are_asked_for_and_bound_to_their_scopes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keys"
    sent = {}
    for name in ("read", "metrics", "admin"):
        assert run(["key", name, "--file", str(file), "--scope", name]) == 0
        sent[name] = capsys.readouterr().out.strip()
    assert file.stat().st_mode & 0o077 == 0
    assert not any(secret.partition(".")[2] in file.read_text() for secret in sent.values())
    with Server(settings={"keys_file": file, "log_requests": "true"}) as server:
        assert server.read(PICTURE).status == 401
        assert server.ask("GET", "/v1/models").headers["www-authenticate"].startswith("Bearer")
        browser = server.ask("GET", "/v1/models", Accept="text/html,*/*")
        assert browser.headers["www-authenticate"].startswith("Basic")
        basic = base64.b64encode(f"anyone:{sent['read']}".encode()).decode()
        for headers in (
            {"X_API_Key": sent["read"]},
            {"Authorization": f"Bearer {sent['read']}"},
            {"Authorization": f"Basic {basic}"},
            {"X_API_Key": sent["admin"]},
        ):
            assert server.read(PICTURE, **headers).status == 200
        for wrong in (sent["read"][:-1], "read.", "nobody.secret", "x" * 600, "read." + "é", "Basic ***"):
            assert (
                server.read(PICTURE, Authorization=f"Bearer {wrong}".encode().decode("latin-1")).status == 401
            )
        assert server.read(PICTURE, X_API_Key=sent["metrics"]).status == 403
        assert server.ask("GET", "/metrics", X_API_Key=sent["read"]).status == 403
        assert server.ask("GET", "/metrics", X_API_Key=sent["metrics"]).status == 200
        assert server.ask("POST", "/v1/models/reload", X_API_Key=sent["read"]).status == 403
        assert server.ask("POST", "/v1/models/reload", X_API_Key=sent["admin"]).status == 200
        assert server.ask("GET", "/healthz").status == 200
        tries = [server.read(PICTURE, X_API_Key=f"read.guess{number}").status for number in range(40)]
        assert tries[-1] == 429
        assert server.read(PICTURE, X_API_Key=sent["read"]).status == 200
        server.stop()
        log = "".join(server.log)
        assert '"client": "read"' in log
        assert not any(secret.partition(".")[2] in log for secret in sent.values())


def test_a_key_is_revoked_while_serving(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    sent = add_key(file, "one", ["read"]), add_key(file, "two", ["read"])
    more = [add_key(file, f"more{number}", ["read"]) for number in range(WRONG_KEYS_PER_MINUTE)]
    with Server(settings={"keys_file": file, "look_seconds": 0.05}) as server:

        def answers() -> list[int]:
            return [server.read(PICTURE, X_API_Key=key).status for key in sent]

        assert answers() == [200, 200]
        # Right keys are no tries, however many come from one address, as they do behind a proxy.
        assert {server.read(PICTURE, X_API_Key=key).status for key in more} == {200}
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("no line of keys\n")
        while "keys not read" not in "".join(server.log):
            time.sleep(0.02)
        assert answers() == [200, 200]
        file.write_text(lines[1])
        while "keys read again" not in "".join(server.log):
            time.sleep(0.02)
        assert answers() == [401, 200]
        file.write_text("")
        while "".join(server.log).count("keys read again") < 2:
            time.sleep(0.02)
        assert answers() == [401, 401], "without any key left, the server is open to nobody"
        assert server.ask("GET", "/metrics").status == 401


def test_a_rate_holds_across_worker_processes() -> None:
    key = "correct-horse-battery"
    with Server(settings={"api_key": key, "rate_per_minute": 30, "workers": 2}) as server:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: server.read(PICTURE, X_API_Key=key), range(60)))
        statuses = [answer.status for answer in answers]
        assert set(statuses) == {200, 429}
        assert 30 <= statuses.count(200) <= 36  # some come back while it runs
        refused = next(answer for answer in answers if answer.status == 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_wide_addresses_need_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--host", "0.0.0.0", "--port", "0"]) == 2
    assert "API key" in capsys.readouterr().err


def test_wrong_settings_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["serve", "--port", "70000"]) == 2
    assert "CAPTCHALAB_PORT" in capsys.readouterr().err
    assert run(["serve", str(tmp_path / "none.onnx")]) == 2
    assert "no model" in capsys.readouterr().err
    assert run(["serve", "--api-key", "short"]) == 2
    assert "16" in capsys.readouterr().err
    for name, value, told in (
        ("QUEUE_PICTURES", "many", "CAPTCHALAB_QUEUE_PICTURES"),
        (
            "ALLOWED_HOSTS",
            "captcha.example.org",
            r'CAPTCHALAB_ALLOWED_HOSTS is a JSON list: \["one", "two"\]',
        ),
        ("RATE_PER_MINUT", "5", "CAPTCHALAB_RATE_PER_MINUTE is one"),
    ):
        monkeypatch.setenv(f"CAPTCHALAB_{name}", value)
        with pytest.raises(UsageError, match=told):
            make_settings({})
        monkeypatch.delenv(f"CAPTCHALAB_{name}")


def test_what_cannot_be_served_is_told_before_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no model")
    assert run(["serve", str(bad), "--port", "0"]) == 2
    assert "not a captchalab model" in capsys.readouterr().err
    assert run(["serve", "--runs", str(tmp_path / "none"), "--port", "0"]) == 2
    assert "no folder of runs" in capsys.readouterr().err
    monkeypatch.setenv("CAPTCHALAB_UPLOADS", str(bad / "kept"))
    assert run(["serve", "--port", "0"]) == 2
    assert "cannot create the folder" in capsys.readouterr().err


def test_every_setting_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--settings"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert ["CAPTCHALAB_PORT", "8000", "Port; 0 takes a free one."] in rows
    assert all(len(row) == 3 and row[2].endswith(".") for row in rows)


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with Server() as server:
        assert run(["serve", "--port", str(server.port)]) == 2
    assert f"cannot listen on 127.0.0.1:{server.port}" in capsys.readouterr().err


def test_files_of_keys(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    sent = add_key(file, "a", ["read", "metrics"])
    (key,) = read_keys(file)
    assert (key.name, key.scopes) == ("a", frozenset({"read", "metrics"}))
    file.write_text(f"# whose it is\n{key.line()}")
    add_key(file, "b", ["read"])
    assert file.read_text().startswith(f"# whose it is\n{key.line()}\nb read scrypt$")
    file.write_text(f"{key.line()}\n{key.line()}\n")
    with pytest.raises(UsageError, match="line 2: a second key 'a'"):
        read_keys(file)
    file.write_text(key.line())
    with pytest.raises(UsageError, match="already"):
        add_key(file, "a", ["read"])
    for name, scopes in (
        ("a.b", ["read"]),
        ("", ["read"]),
        ("c", ["write"]),
        ("c", []),
        ("default", ["read"]),
    ):
        with pytest.raises(UsageError):
            new_key(name, scopes)
    for line in ("a read", "a read md5$aa$bb", "a write scrypt$aa$bb", "a read scrypt$a$b"):
        file.write_text(f"# keys\n\n{line}\n")
        with pytest.raises(UsageError, match="line 3"):
            read_keys(file)
    ring = Keyring([key, key_of_secret("a-secret-of-its-own")], required=True)
    assert ring.known(sent) is None
    assert ring.verify(sent) == ring.known(sent) == key
    assert ring.verify("a-secret-of-its-own") is not None
    for wrong in ("", "a.", "b." + sent.partition(".")[2], sent + "x"):
        assert ring.verify(wrong) is None
        assert ring.known(wrong) is None


def test_rates_are_kept_for_each_client(tmp_path: Path) -> None:
    first, second = Rates(3, tmp_path / "rates"), Rates(3, tmp_path / "rates")
    assert [first.wait("a"), second.wait("a"), first.wait("a")] == [0, 0, 0]
    assert 1 <= second.wait("a") <= 20
    assert [first.wait("b", count=False) for _ in range(5)] == [0] * 5
    assert first.wait("b") == 0
    first.close()
    second.close()


def test_a_request_that_cannot_be_counted_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rates = Rates(1, tmp_path / "rates")
    other = sqlite3.connect(tmp_path / "rates", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert [rates.wait("a"), rates.wait("a")] == [0, 0]
    assert "request not counted" in caplog.text
    other.execute("COMMIT")
    other.close()
    assert rates.wait("a") == 0 < rates.wait("a")
    rates.close()
