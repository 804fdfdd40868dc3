"""Commands whose reader has gone end without a word; those that lost a server do not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lenovo_pipeline.command_line import READER_GONE, exit_with

COMMANDS = [
    "agents sessions",
    "agents.adapter --help",
    "commands.forget --help",
    "commands.graph --help",
    "commands.rehearsal --help",
    "commands.run --help",
    "commands.store --help",
    "evaluation --help",
    "evaluation.replay --help",
    "models.pretrain --help",
    "models.registry --help",
    "models.tuning.reading --help",
    "retrieval --help",
    "roster --help",
    "roster blast-radius roster/policy --help",
    "roster.monitoring status",
    "roster.replay --help",
]
"""The others print nothing but help before there is a store with a finished run."""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_reader_has_gone_ends_without_a_word(command: str, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", *f"lenovo_pipeline.{command}".split()],
            # Buffered, as at a terminal: written at once, argparse would keep to itself that nobody reads its help.
            env={**os.environ, "LENOVO_STORE": str(tmp_path), "PYTHONUNBUFFERED": ""},
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (READER_GONE, "")


@pytest.mark.parametrize(
    "command",
    [
        "agents sessions",
        "commands.run",
        "evaluation compare a b",
        "evaluation.replay",
        "roster status",
        "roster.monitoring status",
    ],
)
def test_wrong_settings_are_one_line_that_names_the_variables_and_not_what_they_hold(command: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *f"lenovo_pipeline.{command}".split()],
        env={**os.environ, "LENOVO_STORE": str(tmp_path), "LENOVO_SEED": "s3cret", "LENOVO_PROFILE": "s3cret"},
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert line.startswith("error: the settings are wrong: ") and line.endswith("or leave it out.")
    assert "LENOVO_SEED: Input should be a valid integer" in line and "LENOVO_PROFILE: Input should be" in line
    assert "s3cret" not in line


def test_every_command_ends_in_the_shared_way() -> None:
    root = Path(__file__).parents[1] / "lenovo_pipeline"
    named = {command.split()[0] for command in COMMANDS}
    for path in root.rglob("*.py"):
        if path.name != "command_line.py" and "exit_with(" in path.read_text(encoding="utf-8"):
            assert ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__main__") in named, path


def test_a_server_that_has_gone_is_not_taken_for_the_reader(capfd: pytest.CaptureFixture[str]) -> None:
    def lost() -> int:
        raise BrokenPipeError("the server has gone")

    with capfd.disabled(), pytest.raises(BrokenPipeError, match="the server"):
        exit_with(lost)
