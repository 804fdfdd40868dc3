"""What the nodes of a roster review do: a planner, workers and a critic, in the pattern that the definition's edges lay down.

Belongs here: roles over entries of the roster. Does not belong here: which entries there are (whoever runs the review).

An entry is a JSON object with `entry` (its name), `verdict` and `figures`: lines `rule: figure` that it was judged by. A review
is supported if every number of it stands in them, which code checks; the critic's own word stands beside it.
"""

import re
from collections.abc import Mapping
from typing import Any

from lenovo_pipeline.agents.running.nodes import Did, Doer
from lenovo_pipeline.agents.running.work import Work, ending_of
from lenovo_pipeline.agents.workflows.definition import Node

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MOST_ENTRIES = 8
_SENTENCE_TOKENS = 48


def plan(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """Choose the entries (code: those nearest to the front, as they come), group them by verdict, and ask what comes first."""
    entries = [dict(entry) for entry in work.running.entries][:_MOST_ENTRIES]
    verdicts = list(dict.fromkeys(str(entry["verdict"]) for entry in entries))
    teams = [{"verdict": each, "entries": [entry for entry in entries if entry["verdict"] == each]} for each in verdicts]
    if not entries:
        reason = "the roster has no entries yet; run the pipeline to the roster first"
        return Did({"entries": [], "teams": [], "ended": {"ending": "handed_over", "reason": reason}}, reason)
    names = ", ".join(f"{entry['entry']} ({entry['verdict']})" for entry in entries)
    said, ended = _sentence(work, "planner", f"{state['request']}\nEntries: {names}", node)
    update = {"entries": entries, "teams": teams, "plan": said, "ended": ended}
    return Did(update, f"{len(entries)} entries in {len(teams)} teams", "model")


def review(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """One worker reviews one entry: a branch of its own."""
    entry = state.get("item")
    if not entry:
        return Did({}, "nothing to review")
    return Did({"reviews": [_reviewed(entry, state, node, work)]}, f"reviews {entry['entry']}", "model")


def review_all(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """One worker reviews all entries in turn, and knows what it said of those before."""
    reviews: list[dict[str, Any]] = []
    for entry in state.get("entries", ()):
        if work.over():
            break
        before = " ".join(each["review"] for each in reviews[-2:])
        reviews.append(_reviewed(entry, {**state, "plan": before or state.get("plan", "")}, node, work))
    return Did({"reviews": reviews}, f"reviews {len(reviews)} entries in turn", "model")


def lead(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """A team lead: workers review the team's entries, a critic checks each, and one that does not hold is asked for once more."""
    team = state.get("item")
    if not team:
        return Did({}, "no team")
    reviews = []
    for entry in team["entries"]:
        if work.over():
            break
        made = _reviewed(entry, state, node, work)
        objection = _criticised(made, entry, node, work)
        if objection["unsupported"] and not work.over():
            made = {**_reviewed(entry, {**state, "plan": objection["says"]}, node, work), "revised": True}
            objection = _criticised(made, entry, node, work)
        reviews.append({**made, "unsupported": objection["unsupported"], "critic": objection["critic"], "team": team["verdict"]})
    return Did({"reviews": reviews}, f"team {team['verdict']} reviews {len(reviews)} entries", "model")


def criticise(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """Hold each review against the figures of its entry; objections name what stands nowhere."""
    by_name = {entry["entry"]: entry for entry in state.get("entries", ())}
    objections = []
    for made in state.get("reviews", ()):
        if work.over():
            break
        found = _criticised(made, by_name[made["entry"]], node, work)
        objections.append(found)
    wrong = sum(bool(each["unsupported"]) for each in objections)
    return Did({"objections": objections}, f"{wrong} of {len(objections)} reviews do not hold", "model")


def report(state: Mapping[str, Any], node: Node, work: Work) -> Did:
    """The reviews with what the critic found, as one text."""
    objections = {each["entry"]: each for each in state.get("objections", ())}
    lines = []
    for made in state.get("reviews", ()):
        found = {**made, **objections.get(made["entry"], {})}
        doubt = f" [does not stand in the figures: {', '.join(found['unsupported'])}]" if found.get("unsupported") else ""
        lines.append(f"{made['entry']} ({made['verdict']}): {made['review']}{doubt}")
    over = work.over()
    ended = state.get("ended")
    if not ended and over:
        ended = {"ending": over[0], "reason": over[1]}
    if not ended:
        ended = {"ending": "answered", "reason": "every turn has an answer"}
    return Did({"answers": ["\n".join(lines)], "ended": ended}, f"reports {len(lines)} reviews")


ROLES: Mapping[str, Doer] = {each.__name__: each for each in (plan, review, review_all, lead, criticise, report)}


def _reviewed(entry: Mapping[str, Any], state: Mapping[str, Any], node: Node, work: Work) -> dict[str, Any]:
    figures = "\n".join(f"- {line}" for line in entry["figures"])
    asked = f"# {entry['entry']}\n\n- verdict: {entry['verdict']}\n{figures}\n\nPlan: {state.get('plan', '')}"
    said, ended = _sentence(work, "worker", asked, node)
    return {
        "entry": entry["entry"],
        "verdict": entry["verdict"],
        "review": said or f"(nothing: {(ended or {}).get('reason', '')})",
    }


def _criticised(made: Mapping[str, Any], entry: Mapping[str, Any], node: Node, work: Work) -> dict[str, Any]:
    figures = "\n".join(entry["figures"])
    known = set(_NUMBER.findall(f"{figures} {entry['entry']}"))
    unsupported = [each for each in dict.fromkeys(_NUMBER.findall(made["review"])) if each not in known]
    said, _ = _sentence(work, "critic", f"Figures:\n{figures}\n\nReview: {made['review']}", node)
    says = f"These numbers stand in no figure: {', '.join(unsupported)}." if unsupported else ""
    return {"entry": made["entry"], "unsupported": unsupported, "critic": said, "says": says}


def _sentence(work: Work, use: str, asked: str, node: Node) -> tuple[str, dict[str, str] | None]:
    """What the model says in one sentence, and why nothing, where it says nothing."""
    over = work.over()
    if over:
        return "", {"ending": over[0], "reason": over[1]}
    messages = [{"role": "system", "content": work.running.prompt(use)}, {"role": "user", "content": asked}]
    said = work.ask(messages, retries=node.retries, max_tokens=min(_SENTENCE_TOKENS, work.running.workflow.model.max_tokens))
    ending = ending_of(said)
    if ending:
        return "", {"ending": ending[0], "reason": ending[1]}
    return " ".join(said.text.split())[:400], None
