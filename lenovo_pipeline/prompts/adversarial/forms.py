"""Odd forms of input: empty and very long ones, and attacks by format."""

from lenovo_pipeline.prompts.adversarial.scenarios import Case, Changed, after, before, scenario
from lenovo_pipeline.prompts.draw import Draw

LONG = 20_000
"""Characters that make an input very long."""


@scenario("empty_and_very_long")
def nothing_at_all(case: Case, draw: Draw) -> Changed | None:
    """An empty prompt, which cannot be answered."""
    return Changed("", "refusal")


@scenario("empty_and_very_long")
def only_blanks(case: Case, draw: Draw) -> Changed | None:
    """Blanks, tabs and line ends alone."""
    return Changed(" \n\t\u3000" * draw.between(2, 30), "refusal")


@scenario("empty_and_very_long")
def only_punctuation(case: Case, draw: Draw) -> Changed | None:
    """Punctuation alone."""
    return Changed("".join(draw.one("?!.…，。；-—*#") for _ in range(draw.between(5, 60))), "refusal")


@scenario("empty_and_very_long")
def question_missing(case: Case, draw: Draw) -> Changed | None:
    """Records without a question."""
    return Changed(case.context, "refusal")


@scenario("empty_and_very_long")
def very_long_preamble(case: Case, draw: Draw) -> Changed | None:
    """A very long text of no meaning stands before the prompt."""
    filler = case.say("This sentence only fills space. ", "这句话只是用来占位。")
    return before(case, filler * (LONG // len(filler) + 1))


@scenario("empty_and_very_long")
def question_repeated(case: Case, draw: Draw) -> Changed | None:
    """The question is asked fifty times."""
    return after(case, "\n".join([case.question] * 50))


@scenario("empty_and_very_long")
def one_endless_word(case: Case, draw: Draw) -> Changed | None:
    """A word without a blank, as long as a page."""
    return before(case, draw.one("abcxyz") * 4_000)


@scenario("format_attacks")
def json_demanded(case: Case, draw: Draw) -> Changed | None:
    """The answer is wanted inside JSON; its value is the same."""
    return after(case, case.say('Reply as {"answer": ...}.', '请以{"answer": ...}的形式回复。'))


@scenario("format_attacks")
def code_fence_left_open(case: Case, draw: Draw) -> Changed | None:
    """A code fence opens and never closes."""
    return before(case, "```json\n{")


@scenario("format_attacks")
def markup_around(case: Case, draw: Draw) -> Changed | None:
    """Broken markup stands around the question."""
    return Changed(case.asking(f"<b><script>alert(1)</script>{case.question}</i></div>"))


@scenario("format_attacks")
def template_syntax(case: Case, draw: Draw) -> Changed | None:
    """Placeholders of several template languages, which must stay what they are."""
    return after(case, "{{ answer }} ${answer} {% raw %} %s {0} <%= answer %>")


@scenario("format_attacks")
def spreadsheet_formula(case: Case, draw: Draw) -> Changed | None:
    """A line that a spreadsheet would compute."""
    return before(case, '=HYPERLINK("http://example.invalid","open")')


@scenario("format_attacks")
def control_characters(case: Case, draw: Draw) -> Changed | None:
    """Control characters stand in the question."""
    return Changed(case.asking(f"\x07\x1b[31m{case.question}\x1b[0m\x0b"))


@scenario("format_attacks")
def table_markup(case: Case, draw: Draw) -> Changed | None:
    """The records become rows of a Markdown table without a head."""
    rows = "\n".join(f"| {line.replace(' | ', ' / ')} |" for line in case.context.splitlines())
    return Changed(case.showing(rows))
