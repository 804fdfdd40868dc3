"""Parts that patterns of the train split share, and patterns with their parts put in.

Belongs here: `@name` in a pattern stands for one of `_PARTS`. Does not belong here: patterns themselves (train_english_*.py,
train_chinese.py), and sentences from them (train_wordings.py).
"""

import re

_PARTS = dict(
    line.strip().split(" ", 1)
    for line in """
    ask [What is|What's|Tell me|Give me|I need|I would like|Show me|Please tell me|Do you know|Please give me|I must know|Say]
    get [Check|Look up|Find|Get|State|Please find|Please check|Quickly look up|Kindly find|You should look up|Try to find]
    who [A customer|A user|My colleague|Someone|The client|My boss|A partner|The shop|Our team|A caller]
    wants [asks for|asks about|wants to know|is asking for|wrote to ask for|needs|would like to have]
    the [the |a |our |this |that |my |their ||||]
    of [of|for|on|of|with]
    end [.|?|!||, please.|, thanks.| please]
    here [I have|There is|It is about|My question is about|I am looking at|This concerns|Someone brought|I am calling about|Let \
us take]
    open [Open|Create|Make|Raise|Log|Start|Please open|Please create|Kindly raise|You must open|I need you to open|Set up|Enter]
    ticket [a ticket|a support ticket|a case|one ticket|a new ticket|the ticket]
    about [about|on|for|because of|regarding|concerning|with]
    priority [priority {priority}|{priority} priority|priority: {priority}|urgency {priority}|it is {priority}|with priority \
{priority}]
    problem [problem {problem}|{problem} problem|problem: {problem}|{problem}|a problem of {problem}|something with {problem}]
    so [.|,|;| -|:|. Please|. Then| and]
    may [May I ask|Could someone say|Would you know|I wonder|I was asked|I have to find out|We are unsure|Nobody here knows|Can \
you say|Any idea|Let me know|It is unclear to us|Help me find out|I forgot|The question is]
    could [Could you|Can you|Would you|Could you please|Can somebody|I'd like you to|We want you to|It would help to|Be so kind \
as to|Somebody should|Do me a favour and|I'd ask you to|It is time to]
    person [A customer|The client|A caller|Our dealer|A school|A reseller|The site manager|A colleague|Somebody in the office|\
The user|Their admin|My manager|An account manager|A technician]
    quoth [a dealer asks|a customer wrote|says the caller|my boss wonders|the client asks|they asked|somebody asked|was the \
question|I was asked|is what they wrote|reads the mail]
    sep [;|,|.| /| -]
    lack [, please|, if you have it| is what I need| is missing here| is not in my list| would help| is all I ask| is unknown to \
me|]
    trouble [trouble with {problem}|{problem} trouble|problems with {problem}|{problem} faults|difficulties with {problem}|\
{problem} issues|{problem} complaints|failures of {problem}|errors in {problem}]
    fails [shows {problem} faults|has {problem} trouble|has problems with {problem}|gives us {problem} trouble|suffers from \
{problem} problems|has got difficulties with {problem}|fails in {problem}|has {problem} down|makes {problem} trouble]
    grade [as {priority}|at {priority} priority|with {priority} priority|rated {priority}|marked {priority}|classed as \
{priority}|graded {priority}|on level {priority}|set to {priority}|of {priority} urgency|with {priority} as its priority]
    rated [The priority is {priority}|Priority is {priority}|We rate it {priority}|It counts as {priority}|Treat it as \
{priority}|I'd call it {priority}|Set the priority to {priority}|Its urgency is {priority}|That makes it {priority}|Priority, \
I'd say, {priority}|Rank it {priority}|Make it {priority}]
    log [file|log|register|book|record|put in|enter|write up|submit|start|raise|create|open|set up]
    logged [filed|logged|registered|recorded|entered|opened|raised|created|written|started]
    case [a ticket|a case|a support ticket|a support case|a service ticket|a trouble ticket|a new case|one ticket]
    pass [hand|pass|route|forward|assign|give|move|send|transfer|direct|refer|deliver]
    passed [handed|passed|routed|forwarded|assigned|given|moved|sent|transferred|referred]
    crew [the {team} team|{team}|the {team} group|the {team} people|team {team}|our {team} team|the {team} desk|the {team} crew|\
the {team} department|the {team} colleagues]
    sees [looks after|is responsible for|takes care of|deals with|handles|owns|is in charge of|sees to|works on]
    item [the ticket |ticket |case |the case |number |ticket number |||]
    pieces [of |x |pieces of |units of |times |||]
    error [the error |error |the code |code |incident |the incident |fault |||]
    doc [article |the article |document |the document |text |entry |||]
    file [the file |file |the document |document |the text |the note |||]
    crewed [sent|dispatched|ordered|asked to go]
    visit [a visit|a service visit|an appointment|an on-site visit|a service call|an on-site appointment|a technician's visit|a \
repair visit]
    someone [someone|a technician|an engineer|a field engineer|a service engineer|somebody|one of our people|a mechanic]
    process [the process |process |the workflow |||]
    """.strip("\n").splitlines()
    if line.strip()
)
_PARTS["asked"] = _PARTS["ask"].replace("Tell me|", "")


def patterns(text: str) -> tuple[str, ...]:
    """One a line, the parts put in."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return tuple(re.sub(r"@([a-z]+)", lambda found: _PARTS[found[1]], line) for line in lines)
