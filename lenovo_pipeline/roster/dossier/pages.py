"""The pages of dossiers: what stands where, escaped by jinja, on pages that need nothing else and run no script.

Belongs here: wording and order. Does not belong here: facts (gathering.py), files (writing.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lenovo_pipeline.resources.pages import page_templates

_TEMPLATES = Path(__file__).parent / "templates"
_UNKNOWN = "not known"


@dataclass(frozen=True)
class Part:
    """A section: a note, a table of `rows` under `heads` or a text; `folded`: shown only when its title is opened."""

    name: str
    note: str = ""
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    text: str = ""
    folded: str = ""
    links: Mapping[str, str] = field(default_factory=dict)


def page(dossier: Mapping[str, Any], files: Sequence[str]) -> str:
    """The page of one entry."""
    model, data, decision = dossier["model"], dossier["datasets"], dossier["decision"]
    parts = [
        Part("Model card", dossier["description"], ("what", "value"), _facts(model)),
        Part(
            "Figures",
            "With 95 % intervals, where there are any.",
            ("evaluation", "figure", "of", "value", "interval", "scored"),
            [_figure(each) for each in model["figures"]],
        ),
        Part(
            "Cost",
            "By what was measured; what is not known is said.",
            ("what", "value"),
            [(name, _text(value)) for name, value in model["cost"].items()],
        ),
        Part(
            "Not for",
            "Use cases and environments for which it is not promoted.",
            ("use case", "environment", "verdict", "because"),
            [(each["use_case"], each["environment"], each["verdict"], each["reason"]) for each in model["not_for"]],
        ),
        Part(
            "Dataset card",
            data["origin"],
            ("category", "language", "questions"),
            [(each["category"], each["language"], each["questions"]) for each in data["judged_by"]["strata"]],
        ),
        Part("Splits of the gold questions", "", ("split", "questions"), [tuple(each.values()) for each in data["gold_splits"]]),
        Part(
            "Training sets",
            "What builds learn from; never from questions of the test split.",
            ("version", "domain", "split", "task", "examples"),
            [tuple(each.values()) for each in data["training"]],
        ),
        Part("Data versions", "SHA-256 over the rows.", ("table", "version"), list(data["versions"].items())),
        Part("Licences", "Of the model, the data and the packages.", ("of", "licence"), _licences(dossier["licences"])),
        Part(
            "Evidence",
            f"{decision['decision_id']} of {decision['decided_at']}: {decision['verdict']}, because {decision['reason']}.",
            ("rule", "verdict", "figure", "interval", "bound", "limit", "note"),
            [_rule(each) for each in decision["rules"]],
        ),
        Part(
            "What made the scores",
            "",
            ("header", "candidate", "questions", "of", "seed", "packages"),
            [_header(each) for each in dossier["scores"]],
        ),
        Part(
            "What ran here",
            "Every change of this use case in production.",
            ("number", "at", "what", "entry", "instead of", "by", "because", "decision"),
            [tuple(each.values()) for each in dossier["deployments"]],
        ),
        Part("Lineage", "What it was made from, down to the records.", text="\n".join(dossier["lineage"]["made_from"])),
        Part(
            "Assets upstream",
            "",
            ("asset", "code version"),
            list(dossier["lineage"]["assets"].items()),
            folded=f"{len(dossier['lineage']['assets'])} assets",
        ),
        Part(
            "Packages",
            "",
            ("package", "version", "licence"),
            dossier["packages"],
            folded=f"{len(dossier['packages'])} packages",
        ),
    ]
    headline = f"In production for {dossier['use_case']} since {dossier['since'][:16].replace('T', ' ')}."
    return _render(title=dossier["entry"], headline=headline, files=files, parts=parts, back="../index.html")


def index(found: Sequence[Mapping[str, Any]], empty: Sequence[Mapping[str, Any]], links: Mapping[str, str]) -> str:
    """The page of all dossiers, and why there is none for the other use cases (`empty`: see gathering.not_running)."""
    runs = Part(
        "In production",
        "" if found else "Nothing runs in production, so that there is no dossier. What stands against each candidate is below.",
        ("use case", "entry", "since") if found else (),
        [(each["use_case"], each["entry"], each["since"][:16].replace("T", " ")) for each in found],
        links=links,
    )
    rows = [(each["use_case"], near["entry"], near["verdict"], near["reason"]) for each in empty for near in each["nearest"]]
    held = Part("Nothing runs", "The entries that come nearest, and what stands against them.", _HELD if rows else (), rows)
    headline = f"{len(found)} of {len(found) + len(empty)} use cases have an entry in production."
    return _render(title="Dossiers", headline=headline, files=(), parts=[runs, *([held] if rows else [])], back="")


_HELD = ("use case", "entry", "verdict", "because")


def _facts(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    shown = {
        "built as": model["kind"],
        "base model": model["base"] or "none: this project's own code",
        "title": model["title"],
        "provider": model["provider"],
        "made for": model["made_for"],
        "languages": model["languages"],
        "context, tokens": model["context_length"],
        "parameters, billion": model["parameters_billion"],
        "size, MB": model["size_mb"],
        "targets": model["targets"],
        "of them measured": model["measured_targets"],
        "revision of the weights": model["revision"],
        "tokenizer, chat template": f"{model['tokenizer_hash'] or '–'}, {model['template_hash'] or '–'}",
        "files of the build": model["artifact"],
        "prompt": model["prompt_version"],
        "generation": model["generation"],
        "licence": f"{model['licence']} ({model['licence_class']})",
        "headers of its scores": model["headers"],
    }
    return [(name, _text(value)) for name, value in shown.items()]


def _figure(row: Mapping[str, Any]) -> tuple[str, ...]:
    interval = "" if row["lower"] is None else f"{row['lower']:.3g} to {row['upper']:.3g}"
    value = _UNKNOWN if row["value"] is None else f"{row['value']:.3g}"
    return row["evaluation"], row["metric"], row["slice"], value, interval, str(row["scored"])


def _rule(row: Mapping[str, Any]) -> tuple[str, ...]:
    numbers = ["" if row[name] is None else f"{row[name]:.3g}" for name in ("figure", "bound", "limit")]
    interval = "" if row["lower"] is None else f"{row['lower']:.3g} to {row['upper']:.3g}"
    return row["text"], row["verdict"], numbers[0], interval, numbers[1], numbers[2], row["note"]


def _header(row: Mapping[str, Any]) -> tuple[str, ...]:
    packages = ", ".join(f"{name} {version}" for name, version in sorted(row.get("packages", {}).items()))
    return (*(str(row.get(name, "")) for name in ("header", "candidate", "items", "items_hash", "seed")), packages)


def _licences(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    model = found["model"]
    rights = [
        f"{name.replace('_', ' ')}: {model[name]}"
        for name in ("commercial_use", "redistribution", "modification")
        if name in model
    ]
    told = "; ".join([f"{model['licence']} ({model['licence_class']})", *rights, *model["conditions"]])
    data = [(name, _text(value)) for name, value in found["data"].items()]
    return [("the model", told), *data, *((f"{count} packages", licence) for licence, count in found["packages"].items())]


def _text(value: Any) -> str:
    if value is None or value == [] or value == {} or value == "":
        return _UNKNOWN
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(each)}" for name, each in value.items())
    return ", ".join(map(_text, value)) if isinstance(value, list | tuple) else str(value)


def _render(**values: Any) -> str:
    return page_templates(_TEMPLATES).get_template("dossier.html").render(**values)
