"""Tool requests: invented tools as JSON schemas, requests with their arguments, and the calls that fulfil them.

Belongs here: the procedural text that teaches choosing a tool, filling its arguments as JSON, and reading its result.
"""

from random import Random
from typing import Any

from lenovo_pipeline.measures.reading import question_messages
from lenovo_pipeline.models.pretraining import forms, loosely, phrasings, strange, words
from lenovo_pipeline.models.pretraining.chat import tool_call
from lenovo_pipeline.models.pretraining.questions import Asked
from lenovo_pipeline.models.pretraining.scenes import Conversation, Reading, reading
from lenovo_pipeline.models.pretraining.values import Invention

_VERBS = words.split_words(
    """
    get find create update delete search list send open close count book cancel compare plan start stop read add move show
    convert check
    """
)
_SYSTEMS = (
    "Use a tool where one fits.",
    "You are an assistant with tools.",
    "Answer with a tool call.",
    "Choose the right tool and fill in its arguments.",
)
_ASKING = (
    (
        "{v} the {n}: {p}.",
        "Please {v} the {n} with {p}.",
        "{v} {n}, {p}.",
        "I want to {v} the {n}. {p}.",
        "Can you {v} the {n} for me? {p}",
        "{p}: {v} the {n}.",
        "We have to {v} the {n} ({p}).",
    ),
    ("Would you {v} the {n}, using {p}?", "It is time to {v} the {n}; take {p}.", "My wish: {v} the {n}, {p}."),
)
_ARGUMENT = ("{a} {v}", "{a} {v}", "{a}: {v}", "{a} is {v}", "{v} as {a}", "the {a} {v}", "{a} = {v}")
NO_TOOL = "No tool fits."


def _parameter(invention: Invention) -> tuple[str, dict[str, Any]]:
    random = invention.random
    name = random.choice(random.choice(words.ATTRIBUTES).labels) if random.random() < 0.5 else random.choice(words.NOUNS)
    if random.random() < 0.3:
        name = random.choice(
            ("name", "query", "text", "id", "title", "day", "limit", "question", "topic", "key", "value", "model")
        )
    if invention.unlisted(0.6):
        name = strange.term(random, 1, 2)
    form = random.random()
    schema: dict[str, Any] = {"type": "string"}
    if form < 0.2:
        schema = {"type": "integer"}
    elif form < 0.27:
        schema = {"type": "number"}
    elif form < 0.33:
        schema = {"type": "boolean"}
    elif form < 0.45:
        kind = random.choice(tuple(kind for kind in words.CHOICES if kind != "flag"))
        schema = {"type": "string", "enum": random.sample(words.CHOICES[kind], 3)}
    return name.lower().replace(" ", "_"), schema


def draw_tools(invention: Invention, count: int) -> list[dict[str, Any]]:
    """Tools with different names and up to three arguments each, as JSON schemas."""
    random = invention.random
    tools: dict[str, dict[str, Any]] = {}
    while len(tools) < count:
        verb = random.choice(_VERBS)
        noun = (
            random.choice(words.NOUNS)
            if random.random() < 0.7
            else f"{random.choice(words.ADJECTIVES)} {random.choice(words.NOUNS)}"
        )
        if invention.unlisted():
            verb = random.choice((verb, strange.word(random, capital=0.0)))
            noun = random.choice((noun, strange.term(random, 1, 2).lower()))
        name = f"{verb}_{noun.replace(' ', '_')}"
        properties = dict(_parameter(invention) for _ in range(random.randint(1, 3)))
        required = [key for key in properties if random.random() < 0.75]
        description = random.choice(
            (
                f"{verb} the {noun}",
                f"{verb} a {noun} by {next(iter(properties))}",
                f"{verb.capitalize()} the {noun}.",
                f"to {verb} one {noun}",
            )
        )
        if invention.unlisted():
            description = f"{description.rstrip('.')}{random.choice((', ', ' ', '; '))}{strange.phrase(random, 1, 8)}"
        function = {
            "name": name,
            "description": description,
            "parameters": {"type": "object", "properties": properties, "required": required},
        }
        tools[name] = {"type": "function", "function": function}
    return list(tools.values())


def _argument(invention: Invention, schema: dict[str, Any]) -> tuple[Any, str]:
    random = invention.random
    if "enum" in schema:
        chosen = random.choice(schema["enum"])
        return chosen, chosen
    if schema["type"] == "integer":
        number = invention.number()
        return number, str(number)
    if schema["type"] == "number":
        decimal = round(random.randint(1, 999) + random.randint(1, 99) / 100, 2)
        return decimal, str(decimal)
    if schema["type"] == "boolean":
        flag = random.random() < 0.5
        return flag, "yes" if flag else "no"
    text = (
        invention.entity()
        if random.random() < 0.5
        else invention.value(random.choice(("person", "place", "code", "date", "phrase", "company", "model", "name")))
    )
    return text, text


def _loosely(random: Random, verb: str, noun: str, shown: list[str]) -> str:
    """Action and arguments among random common words, in either order."""
    action = f"{verb} {random.choice(('the', 'the', 'a', 'this', 'our'))} {noun}"
    arguments = random.choice((", ", ", ", " and ", "; ")).join(shown) or "now"
    first, second = (action, arguments) if random.random() < 0.75 else (arguments, action)
    before, between, after = (" ".join(random.choices(phrasings.FILLERS, k=random.randint(low, 4))) for low in (0, 0, 0))
    middle = random.choice((", ", ": ", " ", "; ", " - ", ". ")) + (f"{between} " if between else "")
    return f"{before} {first}{middle}{second} {after if random.random() < 0.3 else ''}".strip() + random.choice("?..!")


def _said(random: Random, verb: str, noun: str, shown: list[str], text: str) -> str:
    """A request as people write it in several sentences, as a list, in a mail, after other talk, or without naming its
    arguments; `text` is what it is as one sentence.
    """
    action = f"{verb} {random.choice(('the', 'the', 'a', 'this', 'our', 'one', ''))} {noun}".replace("  ", " ")
    form = random.random()
    if form < 0.3:
        listed = [f"{random.choice(('-', '*', '>', ''))} {one}".strip() for one in shown]
        text = f"{loosely.among(random, [action], end=':.')}\n" + "\n".join(listed)
    elif form < 0.6:
        pieces = [loosely.among(random, [one], before=2, end=".") for one in shown]
        pieces.insert(random.choice((0, 0, len(pieces))), loosely.among(random, [action], end=".?"))
        text = " ".join(pieces)
    elif form < 0.8:
        text = loosely.among(random, [action, *shown], between=2)
    if random.random() < 0.3:
        text = f"{forms.sentence(random)} {text}"
    if random.random() < 0.2:
        text = f"{text} {forms.sentence(random)}"
    if random.random() < 0.1:
        text = f"{random.choice(('Hello', 'Hi', 'Dear'))} {strange.word(random, capital=1.0)},\n{text}\nThanks"
    return text


def _request(invention: Invention, tool: dict[str, Any], *, held_out: bool, loose: float = 0.0, wide: float = 0.0) -> Asked:
    random = invention.random
    function = tool["function"]
    properties, required = function["parameters"]["properties"], function["parameters"]["required"]
    arguments: dict[str, Any] = {}
    shown = []
    for name, schema in properties.items():
        if name not in required and random.random() < 0.4 and len(properties) > 1:
            continue
        arguments[name], text = _argument(invention, schema)
        if wide and len(properties) == 1 and random.random() < 0.5:
            shown.append(text)
            continue
        shown.append(random.choice(_ARGUMENT).format(a=name.replace("_", " "), v=text))
    verb, _, noun = function["name"].partition("_")
    random.shuffle(shown)
    if loose and random.random() < loose:
        question = _loosely(random, verb, noun.replace("_", " "), shown)
    else:
        question = random.choice(_ASKING[held_out]).format(v=verb, n=noun.replace("_", " "), p=", ".join(shown) or "now")
    if wide and random.random() < wide:
        question = _said(random, verb, noun.replace("_", " "), shown, question)
    call = tool_call(function["name"], arguments)
    return Asked("tool_call", question[:1].upper() + question[1:], call, call)


def tool_requests(
    random: Random,
    turns: tuple[int, int] = (3, 6),
    count: tuple[int, int] = (2, 5),
    *,
    held_out: bool = False,
    loose: float = 0.0,
    wide: float = 0.0,
) -> Conversation:
    """A list of tools and several requests, each answered by one call, or by saying that no tool fits.

    `loose` is the share of requests that are worded without a pattern, `wide` that of requests in further forms, with words
    that stand in no list.
    """
    invention = Invention(random, held_out=held_out, strange=0.5 * wide)
    tools = draw_tools(invention, random.randint(*count) + 1)
    hidden = tools.pop(random.randrange(len(tools)))
    messages: list[dict[str, str]] = [{"role": "system", "content": random.choice(_SYSTEMS)}] if random.random() < 0.8 else []
    asked = []
    for _ in range(random.randint(*turns)):
        one = _request(invention, random.choice(tools), held_out=held_out, loose=loose, wide=wide)
        if random.random() < 0.08:
            unserved = _request(invention, hidden, held_out=held_out, loose=loose, wide=wide)
            one = Asked("no_tool", unserved.question, NO_TOOL, NO_TOOL)
        asked.append(one)
        messages += [{"role": "user", "content": one.question}, {"role": "assistant", "content": one.completion}]
    return Conversation(messages, asked, tools)


def tool_results(random: Random, plan: Reading, *, held_out: bool = False) -> Conversation:
    """A question, the search that looks for it, the passages it finds, and the answer read from them."""
    invention = Invention(random, held_out=held_out, strange=plan.strange)
    found = reading(
        random,
        Reading(
            passages=plan.passages,
            facts=plan.facts,
            turns=(1, 1),
            questions=plan.questions,
            loose=plan.loose,
            free=plan.free,
            strange=plan.strange,
            varied=plan.varied,
        ),
        held_out=held_out,
    )
    passages, _, _ = found.messages[1]["content"].rpartition("\n\nQuestion: ")
    tools = draw_tools(invention, random.randint(0, 2))
    name = f"{random.choice(('search', 'find', 'look_up', 'read'))}_{random.choice(words.NOUNS)}"
    key = random.choice(("query", "question", "text", "topic"))
    schema = {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]}
    search = {
        "type": "function",
        "function": {"name": name, "description": "find passages that answer a question", "parameters": schema},
    }
    tools.insert(random.randint(0, len(tools)), search)
    question, answer = found.asked[0].question, found.asked[0]
    system, user = question_messages(question, ["-"])
    call = tool_call(name, {key: question})
    messages = [
        {"role": "system", "content": system["content"]},
        {"role": "user", "content": user["content"].removeprefix("[1] -\n\n")},
        {"role": "assistant", "content": call},
        {"role": "tool", "content": passages},
        {"role": "assistant", "content": answer.completion},
    ]
    return Conversation(messages, [Asked("search_call", question, call, call), answer], tools)
