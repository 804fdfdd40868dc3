"""More wordings of the train split, as patterns: `[one|other|]` is one of these, whatever the draw gives, `{slot}` stays a slot.

Belongs here: all patterns by language, what stands around them, sentences from them, and which a long training is measured on.
Does not belong here: patterns of one kind (train_english_*.py, train_chinese.py, train_refusals.py), and wordings of validation
and test (phrasings.py), which no pattern may give: a check holds them against each other.

A few patterns give some thousand sentences, and a small model that has seen them reads sentences that none of them gives. It does
so only if they differ in how they are built, not in words alone: what is known comes before the request or after it, the request
is a question, a noun, a form or what somebody else said, and each thing named stands in each place.
"""

import hashlib
import re
from random import Random

from lenovo_pipeline.agents.tasks.train_chinese import CHINESE
from lenovo_pipeline.agents.tasks.train_english_chains import CHAINS
from lenovo_pipeline.agents.tasks.train_english_reading import READING
from lenovo_pipeline.agents.tasks.train_english_relations import RELATIONS
from lenovo_pipeline.agents.tasks.train_english_writing import WRITING
from lenovo_pipeline.agents.tasks.train_parts import patterns
from lenovo_pipeline.agents.tasks.train_refusals import CONFLICTS, INJECTIONS

__all__ = ["AROUND", "CHINESE", "CONFLICTS", "ENGLISH", "INJECTIONS", "gives", "held_back", "spoken"]

ENGLISH = READING | RELATIONS | WRITING | CHAINS

AROUND = patterns("""
    [Hello|Hi|Hey there|Good day|Good evening|Dear team|Hi all|Hello there][.|,|!| -] {}
    [Please help|I need help|A question|One thing|Quick one|Urgent|Listen|Look|OK|Well|So|Hm|Excuse me|Sorry|Yes|Hiya|Greetings|\
Colleagues|Support|Team|To whom it may concern|Sir or Madam][.|:|!|,] {}
    {} [Thanks|Thanks a lot|Many thanks|Thank you|Regards|Cheers|Best wishes][.|!|]
    [Hello|Hi|Good day][.|,|!] {} [Thanks|Thank you|Regards][.|!]
    {} [It is urgent|No hurry|I am in a meeting|I wait|The customer waits|As soon as you can][.|!]
    [Dear colleagues|Dear support|Dear all|Dear Sir or Madam|Good evening, everyone|Hello support desk|Hi folks|Hey team|Salut|\
Ahoy][,|!|.| -|:] {}
    [I hope you are well|I am new here|I write from my phone|It is me again|Sorry to trouble you|I tried to call you|You helped \
me last week|I come straight to the point|My line is bad|I am on the road|Today I have only this|I have a favour to ask|We spoke \
on the phone][.|:|;|,| -] {}
    [Dear team|Hello|Hi all|Dear support|Good evening][,|!|.] [I hope you are well|it is me again|sorry to trouble you|one more \
thing|a short one|I write from my phone|we spoke on the phone][.|:|;] {} [Regards|Kind wishes|Thanks|Many thanks|Yours|Bye|Have \
a nice day][.|!|]
    {} [Have a nice day|Bye for now|Talk to you later|Yours sincerely|With kind wishes|Much obliged|I owe you one|Appreciated|\
All the best|Greetings from the road|Until later][.|!|]
    {} [I need it for a call|They are waiting|Tell me when it is done|I shall be back at noon|Nobody else could help|That is all \
for today|I ask for the second time|This comes from above|You would help me a lot|Sorry for the short notice|My shift ends \
soon][.|!|]
    [Re|Subject|Fwd|From the road|From the shop|From my inbox|Message|Note|Chat|Voice note]: {}
    [Request|Call|Mail] [of today|from the shop|from a customer|number two|of this morning][:|,| -] {} [Thanks|End of message|\
Over|That is it|Regards][.|!|]
    [Right|Now then|Anyway|Next|By the way|Again|Once more|Fine|Ah|Oh|Alright|Actually|Fyi|Pls|Hm, well|Ok so|Um][,|:|.|;|...] {}
    {} [- sent from my phone|(urgent)|(no hurry)|(second request)|- thx|- ty|thx|ok?|right?|- the shop|- sent in a hurry]
    {}
    {}
    {}
    {}
    {}
""")
"""What stands around an English sentence."""

_HELD_BACK = 8
"""One pattern in so many is held back from a long training."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")


def spoken(pattern: str, random: Random) -> str:
    """A sentence of the pattern, its slots left as they are, without doubled blanks and with a capital at its beginning."""
    text = _CHOICE.sub(lambda found: random.choice(found[1].split("|")), pattern)
    text = re.sub(r" {2,}", " ", text).strip()
    return text[:1].upper() + text[1:]


def held_back(pattern: str) -> bool:
    """Whether a long training is measured on this pattern instead of learning from it: what it is worth shows in requests that
    are built as none it has seen, and the few wordings of the validation split cannot show that.
    """
    return int(hashlib.sha256(pattern.encode()).hexdigest(), 16) % _HELD_BACK == 0


def gives(pattern: str, sentence: str) -> bool:
    """Whether a pattern gives this sentence, up to case and blanks."""
    parts = _CHOICE.split(pattern)
    made = "".join(
        _plain(part) if place % 2 == 0 else f"(?:{'|'.join(_plain(one) for one in part.split('|'))})"
        for place, part in enumerate(parts)
    )
    return re.fullmatch(made, sentence.replace(" ", "").casefold()) is not None


def _plain(text: str) -> str:
    return re.escape(text.replace(" ", "").casefold())
