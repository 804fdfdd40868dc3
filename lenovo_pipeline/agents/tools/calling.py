"""What a tool is given when it is called, what it gives back, and whether arguments fit.

Belongs here: the means that all tools share. Does not belong here: any tool, and time, output and budget limits (toolbox.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from lenovo_pipeline.agents.tools.interface import Actor, Effect, ErrorKind, Parameter, ToolSpec
from lenovo_pipeline.agents.tools.sandbox import Sandbox
from lenovo_pipeline.agents.tools.stores import Stores

_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}
_LONGEST_ARGUMENT = 2_000


class ToolError(Exception):
    """A call that cannot be carried out, in words that help whoever called: `kind` says which sort of error it is."""

    def __init__(self, kind: ErrorKind, text: str) -> None:
        self.kind = kind
        super().__init__(text)


@dataclass(frozen=True)
class Told:
    """What a tool gives back: JSON, the same in words, and the rows that it wrote."""

    value: Any
    text: str
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Call:
    """The surroundings of one call. `wanted` turns false once the call was given up: nothing is written then."""

    stores: Stores
    sandbox: Sandbox
    actor: Actor
    today: date
    request_id: str
    wanted: Callable[[], bool] = field(default=lambda: True)

    def found(self, kind: str, said: str) -> str:
        """The id that a name stands for. Raises ToolError (not_found)."""
        identity = self.stores.find(kind, said)
        if identity is None:
            raise ToolError("not_found", f"missing: there is no {kind} {said}")
        return identity

    def may_see(self, customer_id: str, said: str) -> None:
        """Raises ToolError (forbidden) for a customer whom the actor may not see."""
        if not self.actor.may_see(customer_id):
            raise ToolError("forbidden", f"forbidden: you may not see customer {said}")


def fitted(spec: ToolSpec, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the tool takes them. Raises ToolError (bad_arguments) listing everything that does not fit.

    A whole number given as a text is taken as the number; nothing else is put right.
    """
    problems: list[str] = []
    known = {parameter.name: parameter for parameter in spec.parameters}
    problems += [f"there is no argument {str(name)[:40]}" for name in arguments if name not in known]
    made: dict[str, Any] = {}
    for name, parameter in known.items():
        if arguments.get(name) is None:
            if parameter.required:
                problems.append(f"{name} is missing")
            continue
        value = _number(parameter, arguments[name])
        problem = _problem(parameter, value)
        if problem:
            problems.append(problem)
        made[name] = value
    if problems:
        raise ToolError("bad_arguments", f"{spec.name} was called wrongly: {'; '.join(problems)}")
    return made


def _number(parameter: Parameter, value: Any) -> Any:
    if parameter.type == "integer" and isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    return value


def _problem(parameter: Parameter, value: Any) -> str | None:
    wrong = not isinstance(value, _TYPES[parameter.type]) or (isinstance(value, bool) and parameter.type != "boolean")
    if wrong:
        return f"{parameter.name} is no {parameter.type}"
    if isinstance(value, str):
        if not value.strip() or len(value) > _LONGEST_ARGUMENT:
            return f"{parameter.name} has {len(value.strip())} characters, expected 1 to {_LONGEST_ARGUMENT}"
        if parameter.choices and value not in parameter.choices:
            return f"{parameter.name} must be one of {', '.join(parameter.choices)}"
    return None


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """The choice that a text names, whatever its case. Raises ToolError (bad_arguments) listing them if it names none.

    For arguments whose values are not listed to the model, since whoever asks names them.
    """
    for choice in choices:
        if choice == value.strip().casefold():
            return choice
    raise ToolError("bad_arguments", f"{name} must be one of {', '.join(choices)}")
