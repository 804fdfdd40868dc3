"""Modelfiles, as Ollama's own documentation writes them."""

from typing import Any

import pytest

from lenovo_pipeline.failures import PermanentFailure
from lenovo_pipeline.resources.inference.modelfile import read_modelfile

WHOLE = '''# A model that is brief
FROM llama3.2:3b
parameter temperature 1
PARAMETER top_p .5
PARAMETER num_ctx 4096
PARAMETER penalize_newline false
PARAMETER stop "<|eot_id|>"
PARAMETER stop User:

TEMPLATE """{{ if .System }}<|system|>
{{ .System }}{{ end }}
# not a comment
"""
SYSTEM """Be "brief"."""
MESSAGE user Is Toronto in Canada?
MESSAGE assistant """yes,
it is"""
LICENSE """
Apache-2.0
"""
'''


def test_every_instruction_is_read() -> None:
    found = read_modelfile(WHOLE)
    assert found.source == "llama3.2:3b"
    assert found.fields() == {
        "template": "{{ if .System }}<|system|>\n{{ .System }}{{ end }}\n# not a comment\n",
        "system": 'Be "brief".',
        "parameters": {
            "temperature": 1,
            "top_p": 0.5,
            "num_ctx": 4096,
            "penalize_newline": False,
            "stop": ["<|eot_id|>", "User:"],
        },
        "license": ["\nApache-2.0\n"],
        "messages": [
            {"role": "user", "content": "Is Toronto in Canada?"},
            {"role": "assistant", "content": "yes,\nit is"},
        ],
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no FROM"),
        ("FROM a\nFROM b", "line 2: there is a second FROM"),
        ("FROM a\n\nINSTALL b", "line 3: 'INSTALL b' is no instruction"),
        ("FROM a\nSYSTEM", "line 2: 'SYSTEM' is no instruction"),
        ('FROM a\nSYSTEM """begun', "line 2: the text that begins"),
        ("FROM a\nPARAMETER stop", "line 2: PARAMETER takes a name and a value"),
        ('FROM a\nSYSTEM """x\ny"""\nMESSAGE robot hi', "line 4: MESSAGE takes one of"),
    ],
)
def test_a_wrong_line_is_named(text: str, sentence: str) -> None:
    with pytest.raises(PermanentFailure, match=sentence):
        read_modelfile(text)


@pytest.mark.parametrize("value", [5, -1, 0.25, True, "q4_K_M"])
def test_parameters_keep_their_types(value: Any) -> None:
    assert read_modelfile(f"FROM a\nPARAMETER x {str(value).lower() if value is True else value}").parameters == {"x": value}
