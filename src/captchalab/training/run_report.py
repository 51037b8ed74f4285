"""A run in words and figures: its report.md."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from captchalab.training.plan import Plan
from captchalab.training.state import State
from captchalab.training.tradeoff import Tradeoff
from captchalab.training.validate import Validation

SHEETS = ("curves", "samples", "predictions", "mistakes")


def write_report(
    model: Path, plan: Plan, state: State, validation: Validation, tradeoff: Tradeoff | None
) -> str:
    """The run in words and figures, in Markdown."""
    figures, recipe = validation.tally.to_json(), plan.recipe
    run, size = model.parent, model.stat().st_size
    rows = [
        ("sequence accuracy", f"{figures['sequence_accuracy']:.2%}"),
        (
            "95% interval",
            f"{figures['sequence_accuracy_low']:.2%} to {figures['sequence_accuracy_high']:.2%}",
        ),
        ("character accuracy", f"{figures['character_accuracy']:.2%}"),
        ("validation pictures", f"{figures['images']:,}"),
        ("steps", f"{state.step:,} of {recipe.steps:,} (best: {state.figures['step']:,})"),
        ("training time", f"{state.seconds:.0f} s, of the processor {state.processor_seconds:.0f} s"),
        (
            "network",
            f"{recipe.network}, {sum(each.numel() for each in state.network.parameters()):,} parameters",
        ),
        ("input", f"{plan.spec.width}x{plan.spec.height}, {'grey' if plan.spec.channels == 1 else 'colour'}"),
        ("alphabet", f"{len(plan.alphabet)} characters"),
        ("model file", f"{size / 1e6:.2f} MB"),
    ]
    lines = [
        f"# {run.resolve().name}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in rows),
    ]
    if tradeoff is not None:
        lines += ["", "## Beside its teacher", "", "| | teacher | this model |", "|---|---:|---:|"]
        lines += [f"| {name.strip()} | {before} | {after} |" for name, before, after in tradeoff.rows]
        lines += ["", f"On the validation pictures: {tradeoff.advice}."]
    sources = "".join(f"- `{source}`\n" for source in recipe.sources)
    pairs = "".join(
        f"- {each['true']} read as {each['read']}: {each['count']}\n" for each in figures["confusion"][:10]
    )
    lines += ["", "## Sources", "", sources, "## Most frequent mistakes", "", pairs or "None.\n"]
    lines += [
        "## Pictures",
        "",
        *(f"![{name}]({name}.png)\n" for name in SHEETS),
        "## Next",
        "",
        "```sh",
        f"captchalab evaluate {quote(str(run))} SOURCE --report {quote(str(run / 'evaluation'))}",
        f"captchalab read PICTURE -m {quote(str(run))}",
        f"captchalab train MORE_PICTURES --from {quote(str(run))} --out runs/better",
        "```",
        "",
    ]
    return "\n".join(lines)
