"""What deploys the server says of it what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from prometheus_client.metrics import MetricWrapperBase
from pydantic_core import PydanticUndefined

from captchalab.serving import measures
from captchalab.serving.settings import PREFIX, Settings

FILES = ("Dockerfile", "compose.yaml", "deploy/captchalab.service", "docs/deploy.md")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows() -> Iterator[str]:
    """The table of settings, as docs/deploy.md must have it."""
    for name, field in Settings.model_fields.items():
        assert field.description and field.default is not PydanticUndefined
        default = "" if field.default in (None, ()) else str(field.default).lower()
        yield f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |"


def test_every_setting_is_told() -> None:
    told = text("docs/deploy.md").partition("<!-- begin settings -->\n")[2].partition("<!-- end settings")[0]
    expected = "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows()])
    assert told.strip() == expected, f"the table must be:\n{expected}"


@pytest.mark.parametrize("name", FILES)
def test_settings_that_are_named_are_there(name: str) -> None:
    named = set(re.findall(rf"\b{PREFIX}([A-Z_]+[A-Z])\b", text(name)))
    assert named and named <= {each.upper() for each in Settings.model_fields}


@pytest.mark.parametrize("name", ["deploy/alerts.yml", "docs/deploy.md"])
def test_metrics_that_are_named_are_there(name: str) -> None:
    made = {each._name for each in vars(measures).values() if isinstance(each, MetricWrapperBase)}
    named = re.findall(r"\b(captchalab_[a-z_]+?)(?:_total|_bucket)?(?=[^a-z_])", text(name))
    assert len(named) > 4 and set(named) - {"captchalab_key"} <= made


def test_compose_gives_the_server_little() -> None:
    services: dict[str, Any] = yaml.safe_load(text("compose.yaml"))["services"]
    assert set(services) == {"captchalab", "prometheus", "postgres"}
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert service["mem_limit"] and "no-new-privileges:true" in service["security_opt"]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("./deploy/"):
                assert (ROOT / source).is_file()
    own = services["captchalab"]
    assert own["read_only"] and own["cap_drop"] == ["ALL"]
    assert int(own["stop_grace_period"].rstrip("s")) > Settings.model_fields["drain_seconds"].default


def test_onnx_runtime_may_ask_what_the_processor_can_do() -> None:
    """It reads /proc/cpuinfo, and takes slower ways where there is none."""
    lines = text("deploy/captchalab.service").splitlines()
    assert "ProtectProc=invisible" in lines and "ProcSubset=pid" not in lines


def test_a_kubernetes_service_of_our_name_sets_no_settings() -> None:
    """Kubernetes would set CAPTCHALAB_PORT=tcp://... in every pod."""
    (told,) = re.findall(r"```yaml\n(apiVersion.*?)```", text("docs/deploy.md"), re.S)
    pod = yaml.safe_load(told)["spec"]["template"]["spec"]
    assert pod["enableServiceLinks"] is False
    drained = Settings.model_fields["drain_seconds"].default + 5  # after the preStop
    assert pod["terminationGracePeriodSeconds"] > drained


def test_the_image_holds_what_it_is_built_from() -> None:
    """`.dockerignore` lets everything through that the Dockerfile copies."""
    copied = [
        word
        for line in text("Dockerfile").splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    let_through = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    assert set(copied) == let_through
    assert all(Path(ROOT / name).exists() for name in copied)
    assert re.search(r"^USER \d+:\d+$", text("Dockerfile"), re.M)
