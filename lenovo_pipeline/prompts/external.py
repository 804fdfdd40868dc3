"""Public prompt collections that a user put into data/prompts/external: CSV and JSONL, named in manifest.yaml.

Belongs here: reading them so that every row is accounted for. What a prompt says is data: it is flagged, never obeyed.

    collections:
      - file: awesome.csv
        source: https://…
        licence: CC0-1.0
        language: en
        columns: {text: prompt, title: act}
"""

import csv
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lenovo_pipeline.prompts.tables import EXTERNAL
from lenovo_pipeline.provenance import short_hash
from lenovo_pipeline.resources.yaml_files import load_yaml
from lenovo_pipeline.uploads.encodings import BAD_BYTE, detect
from lenovo_pipeline.uploads.records import FileProblem

MANIFEST = "manifest.yaml"
MASK = "[secret removed]"
EMPTY = "There is no collection: put CSV or JSONL files into data/prompts/external and name them in manifest.yaml there."
LONGEST_PROMPT = 100_000
VERY_LONG = 20_000
_SUFFIXES = (".csv", ".jsonl")

_SECRETS = re.compile(
    r"""-----BEGIN[A-Z\s]*PRIVATE\sKEY-----.*?(?:-----END[A-Z\s]*PRIVATE\sKEY-----|\Z)
      | \b(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_])?[A-Za-z0-9_-]{16,}
      | \bgh[pousr]_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,} | \bhf_[A-Za-z0-9]{20,} | \bxox[abprs]-[A-Za-z0-9-]{10,}
      | \bAKIA[0-9A-Z]{16}\b | \bAIza[0-9A-Za-z_-]{30,}
      | \beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}
      | \b(?:password|passwd|api[_-]?key|secret|token)\s*[:=]\s*["']?(?=[^\s"']*\d)[^\s"'{}<>\[\]]{8,}""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_INJECTION = re.compile(
    r"""(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}?(?:previous|prior|above|earlier|preceding|all)\s+(?:\w+\s+){0,2}?
        (?:instruction|direction|order|prompt|rule|message)s?
      | (?:reveal|print|repeat|show|output)\s+(?:me\s+)?(?:your|the)\s+(?:\w+\s+){0,2}?(?:system\s+prompt|instructions)
      | \b(?:jailbreak|do\s+anything\s+now|developer\s+mode)\b | <\|im_start\|> | \[/?INST\] | <<SYS>>
      | (?:忽略|无视|無視|忘记|忘記)(?:以上|之前|上述|前面|所有)""",
    re.VERBOSE | re.IGNORECASE,
)


class Collection(BaseModel):
    """One file as the manifest describes it. `columns` says which field holds the text, and which the title."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(min_length=1)
    source: str = Field(min_length=3)
    licence: str = Field(min_length=2)
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")
    columns: dict[str, str]

    @field_validator("file")
    @classmethod
    def _beside_the_manifest(cls, name: str) -> str:
        if Path(name).name != name or not name.endswith(_SUFFIXES):
            raise ValueError(f"a file beside the manifest that ends with {' or '.join(_SUFFIXES)}")
        return name

    @field_validator("columns")
    @classmethod
    def _known(cls, columns: dict[str, str]) -> dict[str, str]:
        if "text" not in columns or set(columns) - {"text", "title"}:
            raise ValueError("a mapping of text, and title if there is one, to names of fields")
        return columns


@dataclass(frozen=True)
class Found:
    """One row of a file: its text and title, or what is wrong with it."""

    row: int
    text: Any = None
    title: Any = None
    problem: str | None = None


def import_collections(folder: Path, redact: Callable[[str], str] = str) -> pd.DataFrame:
    """Every row of every collection with what became of it (contract EXTERNAL); empty if the folder holds none.

    `redact` takes erased people out of a text. Never raises for what a file holds: a file that cannot be read, or that the
    manifest does not name with a licence, is one rejected row, numbered 0.
    """
    rows: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    collections, problems = _manifest(folder)
    rows += [_row(file, 0, "rejected", reason=problem) for file, problem in problems]
    for collection in collections:
        path = folder / collection.file
        known = {"licence": collection.licence, "source": collection.source, "language": collection.language}
        try:
            known["file_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            read = _read_csv if path.suffix == ".csv" else _read_jsonl
            rows += [_judged(collection.file, found, known, seen, redact) for found in read(path, collection)]
        except (FileProblem, OSError) as error:
            reason = error.found if isinstance(error, FileProblem) else f"the file cannot be read ({error.strerror})"
            rows.append(_row(collection.file, 0, "rejected", reason=reason, **known))
    return pd.DataFrame(rows, columns=list(EXTERNAL.column_names))


def without_licence(imported: pd.DataFrame) -> list[str]:
    """Accepted prompts of which nobody says where they come from and under which licence."""
    accepted = imported[imported["status"] == "accepted"]
    bad = accepted[accepted["licence"].isna() | accepted["source"].isna()]
    return [f"{row.collection} row {row.row}: no licence or source" for row in bad.itertuples()]


def unmasked(imported: pd.DataFrame) -> list[str]:
    """Stored texts that hold what looks like a secret, and flagged or not what looks like an injection."""
    found = []
    for row in imported[imported["text"].notna()].to_dict("records"):
        place = f"{row['collection']} row {row['row']}"
        if _SECRETS.search(row["text"]):
            found.append(f"{place}: what looks like a secret stands in the text")
        if _INJECTION.search(row["text"]) and "injection" not in row["flags"]:
            found.append(f"{place}: what looks like an injection is not flagged")
    return found


def unaccounted(imported: pd.DataFrame) -> list[str]:
    """Rows that are neither a prompt nor have a reason why not, and prompts that are accepted twice."""
    found = []
    for row in imported.to_dict("records"):
        accepted = row["status"] == "accepted"
        if accepted != (row["reason"] is None) or (accepted and not row["text"]):
            found.append(f"{row['collection']} row {row['row']}: {row['status']} with reason {row['reason']!r}")
    twice = imported.loc[imported["status"] == "accepted", "prompt_id"]
    return found + [f"{prompt_id} is accepted twice" for prompt_id in twice[twice.duplicated()].unique()]


def _manifest(folder: Path) -> tuple[list[Collection], list[tuple[str, str]]]:
    """The collections, and what is wrong with which file."""
    files = {path.name for path in folder.glob("*") if path.suffix in _SUFFIXES} if folder.is_dir() else set()
    path = folder / MANIFEST
    problems: list[tuple[str, str]] = []
    entries: Any = []
    if path.exists():
        try:
            read = load_yaml(path.read_text(encoding="utf-8"))
            entries = read.get("collections") if isinstance(read, Mapping) else None
            if not isinstance(entries, list):
                entries, problems = [], [(MANIFEST, "it holds no list `collections`")]
        except (OSError, ValueError, yaml.YAMLError) as error:
            problems.append((MANIFEST, f"it cannot be read as YAML ({' '.join(str(error).split())[:200]})"))
    collections: list[Collection] = []
    for number, entry in enumerate(entries, start=1):
        try:
            collection = Collection.model_validate(entry)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'entry'}: {each['msg']}" for each in error.errors())
            problems.append((f"{MANIFEST}, entry {number}", wrong))
        else:
            if collection.file in {known.file for known in collections}:
                problems.append((f"{MANIFEST}, entry {number}", f"{collection.file} is named twice"))
            else:
                collections.append(collection)
    named = {collection.file for collection in collections}
    problems += [
        (name, f"{MANIFEST} does not name it, so its licence and source are not known; add it there")
        for name in sorted(files - named)
    ]
    return collections, problems


def _read_csv(path: Path, collection: Collection) -> Iterator[Found]:
    limit = csv.field_size_limit(LONGEST_PROMPT * 4)
    try:
        with detect(path).open(path) as handle:
            reader = csv.reader(handle, strict=True)
            names = next(reader, [])
            missing = [name for name in collection.columns.values() if name not in names]
            if missing:
                raise FileProblem(
                    f"it has no column {', '.join(missing)}; it has {', '.join(names) or 'none'}", remedy="Correct the manifest."
                )
            places = {part: names.index(name) for part, name in collection.columns.items()}
            number = 0
            while True:
                number += 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Found(number, problem=f"it is no CSV record ({error})")
                    continue
                if not cells:
                    continue
                if len(cells) != len(names):
                    yield Found(number, problem=f"it has {len(cells)} cells, the head has {len(names)}")
                else:
                    yield Found(number, **{part: cells[place] for part, place in places.items()})
    finally:
        csv.field_size_limit(limit)


def _read_jsonl(path: Path, collection: Collection) -> Iterator[Found]:
    with detect(path).open(path) as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Found(number, problem=f"it is no JSON ({error})")
                continue
            if not isinstance(values, dict):
                yield Found(number, problem=f"it is a JSON {type(values).__name__}, no object")
                continue
            yield Found(number, **{part: values.get(name) for part, name in collection.columns.items()})


def _judged(
    file: str, found: Found, known: Mapping[str, Any], seen: dict[str, str], redact: Callable[[str], str]
) -> dict[str, Any]:
    problem = found.problem or _problem(found.text)
    if problem:
        return _row(file, found.row, "rejected", reason=problem, **known)
    text = redact(str(found.text).strip())
    flags = [
        name
        for name, flagged in (
            ("secret", _SECRETS.search(text)),
            ("injection", _INJECTION.search(text)),
            ("very_long", len(text) > VERY_LONG),
        )
        if flagged
    ]
    text = _SECRETS.sub(MASK, text)
    content = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    title = found.title if isinstance(found.title, str) and found.title.strip() and not BAD_BYTE.search(found.title) else None
    values = {
        **known,
        "prompt_id": f"XP-{short_hash(content)}",
        "title": _SECRETS.sub(MASK, redact(title.strip())) if title else None,
        "text": text,
        "flags": flags,
    }
    first = seen.setdefault(content, f"{file} row {found.row}")
    if first != f"{file} row {found.row}":
        return _row(file, found.row, "duplicate", reason=f"the same prompt as {first}", **values)
    return _row(file, found.row, "accepted", **values)


def _problem(text: Any) -> str | None:
    if text is None or (isinstance(text, str) and not text.strip()):
        return "it has no text"
    if not isinstance(text, str):
        return f"its text is a {type(text).__name__}"
    if len(text) > LONGEST_PROMPT:
        return f"its text has {len(text)} characters, at most {LONGEST_PROMPT} are read"
    if BAD_BYTE.search(text) or "\0" in text:
        return "its text holds bytes that are no text"
    return None


def _row(file: str, row: int, status: str, **values: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(EXTERNAL.column_names)
    return {**empty, "collection": file, "row": row, "status": status, "flags": [], **values}
