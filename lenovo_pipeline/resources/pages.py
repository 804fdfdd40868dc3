"""Pages of HTML that need nothing else and run no script, from templates of jinja.

Belongs here: what all pages share (templates/base.html: head, style, and the policy that forbids scripts). What stands on a page
belongs to whoever writes it.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

_SHARED = Path(__file__).parent / "templates"


@cache
def page_templates(folder: Path) -> "Environment":
    """The templates in `folder`, which may extend `base.html`; values are escaped, and one that is not given is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader([folder, _SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
