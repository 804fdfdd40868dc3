"""A function as Dagster must see it when another one stands around it: its parameters, and the resources that all need."""

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any


def presented(
    compute: Callable[..., Any],
    function: Callable[..., Any],
    needed: Mapping[str, Any],
    *,
    without: Collection[str] = (),
    returns: Any = inspect.Signature.empty,
) -> Callable[..., Any]:
    """A function that calls `compute` with a mapping of all that it is given by Dagster.

    Its parameters are those of `needed` (name -> annotation) and of `function`, those in `without` left out.
    """
    own = {name: each.annotation for name, each in inspect.signature(function).parameters.items() if name not in without}
    annotations = {**own, **needed}
    # Dagster takes the context by position, and only the first parameter for it.
    names = sorted(annotations, key=lambda name: name != "context")

    def wrapper(*positional: Any, **arguments: Any) -> Any:
        return compute(dict(zip(names, positional, strict=False)) | arguments)

    wrapper.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotations[name]) for name in names],
        return_annotation=returns,
    )
    wrapper.__annotations__ = annotations | ({} if returns is inspect.Signature.empty else {"return": returns})
    wrapper.__name__ = function.__name__
    wrapper.__doc__ = function.__doc__
    wrapper.__module__ = function.__module__
    return wrapper
