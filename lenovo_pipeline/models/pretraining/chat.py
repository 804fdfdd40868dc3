"""The chat format of `lenovo-nano`: the template, the same rendering in plain Python, and token ids with the mask of what the
model is to say.

Belongs here: how a conversation becomes text and tokens. A test holds the template and the rendering to the same text.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lenovo_pipeline.resources.inference.tool_grammar import CALL, CALL_END

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|pad|>"
SPECIAL_TOKENS = (PAD, START, END, CALL, CALL_END)

TOOL_LEAD = "Tools:"
TOOL_HINT = 'To use a tool, write <tool_call>{"name": ..., "arguments": {...}}</tool_call>'

# Tools are rendered one per line: name(argument: type, optional?: type): description
CHAT_TEMPLATE = """\
{%- macro call(one) %}{%- set function = one.function if one.function is defined else one %}<tool_call>{"name": "\
{{ function.name }}", "arguments": \
{{ function.arguments if function.arguments is string else function.arguments | tojson }}}</tool_call>{%- endmacro %}
{%- macro kind(schema) %}{%- if schema.enum is defined %}{{ schema.enum | join('|') }}\
{%- elif schema.type is defined and schema.type is string %}{{ schema.type }}\
{%- else %}any{%- endif %}{%- endmacro %}
{%- macro listing() %}
{{- 'Tools:' }}
{%- for tool in tools %}
{%- set function = tool.function if tool.function is defined else tool %}
{%- set required = function.parameters.required if function.parameters.required is defined else [] %}
{{- '\\n- ' + function.name + '(' }}
{%- for name in function.parameters.properties %}
{{- name }}{% if name not in required %}?{% endif %}: {{ kind(function.parameters.properties[name]) }}
{%- if not loop.last %}{{ ', ' }}{%- endif %}
{%- endfor %}
{{- '): ' + function.description }}
{%- endfor %}
{{- '\\nTo use a tool, write <tool_call>{"name": ..., "arguments": {...}}</tool_call>' }}
{%- endmacro %}
{%- set ns = namespace(listed=false) %}
{%- if tools and (not messages or messages[0].role != 'system') %}
{{- '<|im_start|>system\\n' }}{{ listing() }}{{ '<|im_end|>\\n' }}
{%- set ns.listed = true %}
{%- endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.content is string %}{{ message.content }}{%- elif message.content %}{%- for part in message.content %}\
{{ part.text }}{%- endfor %}{%- endif %}
{%- if message.role == 'system' and tools and not ns.listed %}{{ '\\n' }}{{ listing() }}{%- set ns.listed = true %}\
{%- endif %}
{%- if message.tool_calls is defined and message.tool_calls %}{%- for one in message.tool_calls %}{{ call(one) }}\
{%- endfor %}{%- endif %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}
"""


def tool_line(tool: Mapping[str, Any]) -> str:
    """One tool as the template shows it."""
    function = tool.get("function", tool)
    required = function["parameters"].get("required", [])
    arguments = []
    for name, schema in function["parameters"]["properties"].items():
        kind = "|".join(map(str, schema["enum"])) if "enum" in schema else schema.get("type", "any")
        arguments.append(f"{name}{'' if name in required else '?'}: {kind}")
    return f"- {function['name']}({', '.join(arguments)}): {function['description']}"


def tool_call(name: str, arguments: Mapping[str, Any]) -> str:
    """A tool call as the model writes it."""
    return f'{CALL}{{"name": "{name}", "arguments": {json.dumps(arguments, ensure_ascii=False)}}}{CALL_END}'


def settled_call(text: str) -> str:
    """A text that is one whole tool call with its arguments by name, because an object of JSON has no order (RFC 8259); any
    other text as it is, also a call in which an argument stands twice.
    """
    inner = text.strip()
    if not (inner.startswith(CALL) and inner.endswith(CALL_END)):
        return text
    try:
        said = json.loads(inner[len(CALL) : -len(CALL_END)], object_pairs_hook=_by_name)
    except ValueError:
        return text
    if not (isinstance(said, dict) and said.keys() == {"name", "arguments"} and isinstance(said["name"], str)):
        return text
    return tool_call(said["name"], said["arguments"])


def _by_name(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"named twice: {names}")
    return dict(sorted(pairs))


def render(messages: Sequence[Mapping[str, str]], tools: Sequence[Mapping[str, Any]] = ()) -> list[tuple[str, bool]]:
    """Pieces of text with whether the model is to say them; joined, they are what the chat template renders.

    Messages have `role` and `content` (a tool call stands in the content as text); tools are shown at the end of the system
    message.
    """
    pieces: list[tuple[str, bool]] = []
    listing = "\n".join((TOOL_LEAD, *map(tool_line, tools), TOOL_HINT)) if tools else ""
    if tools and messages[0]["role"] != "system":
        pieces.append((f"{START}system\n{listing}{END}\n", False))
    for number, message in enumerate(messages):
        shown = f"\n{listing}" if tools and number == 0 and message["role"] == "system" else ""
        if message["role"] == "assistant":
            pieces += [(f"{START}assistant\n", False), (f"{message['content']}{END}", True), ("\n", False)]
        else:
            pieces.append((f"{START}{message['role']}\n{message['content']}{shown}{END}\n", False))
    return pieces
