"""English patterns of the train split for several steps or turns that write, and for contradictory and unsafe requests.

Belongs here: one pattern a line, written as train_wordings.py says. Does not belong here: what writes in one
step (train_english_writing.py), and parts that patterns share (train_parts.py).
"""

from lenovo_pipeline.agents.tasks.train_parts import patterns

CHAINS = {
    name: patterns(text)
    for name, text in {
        "incident_ticket": """
            @open @ticket [for|on] the device [of|with|that has|hit by] [error |code |incident |]{code}[:|,|;] @problem[,|;] \
@priority@end
            [We got|I see|The log says|There was|A user has] [error |code |incident |]{code}[.|;|,] @open @ticket for [its \
device|the device that has it|the device concerned][:|,|;] @problem[,|;] @priority@end
            [Find|Look up|See] the device [of|with|for] [error |code |]{code}[, and| and|, then|;] open [a ticket|a case] on \
it[:|,|;] @problem[,|;] @priority@end
            @open a {priority} [ticket|case] about {problem} for [whatever device has|the device of|the device behind] [error |\
]{code}@end
            @could @log @case on the device [of|with|behind|hit by] @error{code}[:|,|;| -] @problem[,|;| and] @priority@end
            @could [find|look up|trace] the device [of|with|behind] @error{code} and @log @case on it[:|,|;] @problem[,|;] \
@priority@end
            [Whatever device|Whichever device|The device that] [has|shows|reports|is hit by] @error{code} [needs|gets|should \
have|must have] @case[:|,|;] @problem[,|;] @priority@end
            @person [reports|sees|read out|wrote of] @error{code}[. Find|; find|, so find] [its device|the device|the device \
concerned] and @log @case[:|,|;] @problem[,|;] @priority@end
            @person [reports|sees|read out|wrote of] @error{code}. Please @log @case @grade for [its device|the device concerned|\
the device behind it][:|,|;] @problem@end
            [Since|As|Because] @error{code} [came up|is back|was reported|is open], [open|log|raise|please open] @case @grade \
[on|for] [its device|the device concerned|the device it is on|the device that has it][:|,|;] @problem@end
            @case [must be|should be|has to be|is to be|can be] @logged [for|on] the device [of|with|behind|hit by] \
@error{code}[:|,|;] @problem[,|;] @priority@end
            [Error|Code|Incident]: {code}@sep [ticket for|open ticket for|case on] [its device|the device]@sep [problem|fault]: \
{problem}@sep [priority|urgency]: {priority}[.|]
            [Ticket for|Case for|New ticket on] the device of: {code}@sep [problem|fault|issue]: {problem}@sep [priority|urgency|\
level]: {priority}[.|]
            [I do not know|Nobody knows|They cannot say] which device [has|reports|shows] @error{code}[. Find it and|; find it \
and|, so find it and] @log @case[:|,|;] @problem[,|;] @priority@end
            [There is|There was|We have|We've got] @error{code}[,|;|:] @problem[. The device needs|; the device needs|. Its \
device should get|, so its device gets] @case @grade@end
            [If|When|Where] @error{code} [belongs to a device|is on a device|hits a device], [that one|that device|this one] \
[needs|gets|should get] @case[:|,|;] @problem[,|;] @priority@end
            For the device [behind|with|of|concerned by] @error{code}[,| please| you should| I want you to] @log @case[:|,|;] \
@problem[,|;] @priority@end
            "{code}!" @quoth[. Open|; open|. Please raise] @case for [its device|the device that shows it][:|,|;] @problem[,|;] \
@priority@end
            [A|One] {priority} [ticket|case] [is needed|please|must be opened|is wanted] [on|for] the device [of|with|behind] \
@error{code}[, about|; it is about|, for|, because of] {problem}@end
            [Trace|Follow|Map] @error{code} to its device[, then|; then|. Then| and] @log @case[:|,|;] @problem[,|;] @priority@end
            @trouble[,|;|:| -] @error{code}[. Open|; open|, so open] @case @grade [on|for] [the device it is on|the device \
concerned|its device|the device that has it]@end
            [Which device has|On what device is|What device shows] @error{code}? [Find out and|See, and|Look it up and|For that \
one] @log @case[:|,|;] @problem[,|;] @priority@end
        """,
        "ticket_team": """
            @open @ticket @about @the{device}[:|,|;| -] @problem[,|;|.| and| -] @priority[, and| and|, then|;|. Then] [assign|\
give|pass] it to [the |team |]{team}[ team||]@end
            @open a {priority} [ticket|case] @about @the{device}[, about|:|,|;] @problem[, and| and|, then|;|. Then] [assign|\
give|pass] it to [the |team |]{team}[ team||]@end
            [The |Team |]{team}[ team||] [gets|takes|shall have|needs] a new ticket[:|,| -] {device}[,|;|:] {problem}[,|;] \
@priority@end
            @here @the{device}[.|,|;] @open @ticket[:|,|;] @problem[,|;] @priority[, and|. Then|;] [let|have] [the |team |\
]{team}[ team||] [take|handle|do] it@end
            @could @log @case @about @the{device}[:|,|;] @problem[,|;] @priority[, and|; then|. Then|, then] @pass it to @crew@end
            @case @about @the{device}[:|,|;] @problem[,|;] @priority[, and| -|;] [it belongs to|it goes to|it is for|it should \
go to|owner is|responsible is] @crew@end
            @log @case for @crew[:|,|;| -] {device}[,|;|:] @problem[,|;] @priority@end
            @the{device} @fails[. Open|; open|, so open|. Please open] @case @grade and @pass it to @crew@end
            @the{device} @fails. @rated. Then @crew [should get|shall have|must get|needs|waits for] [the ticket|a ticket|the \
new ticket][; please open it|, so open it|. Open it and assign it]@end
            @person [reports|complains of|wrote about|mentions] @trouble [on|with|at] @the{device}[. Open|; open|, so raise] \
@case @grade[, for|; it is for|, to be given to|. It goes to] @crew@end
            [Since|As|Because] @crew @sees @the{device}, [open|log|raise|file] @case [for them|and give it to them|and assign it \
to them][:|,|;] @problem[,|;] @priority@end
            [Since|As|Because] @the{device} @fails, @log @case @grade and [let|have] @crew [see to it|take it|handle it|look \
after it]@end
            [Device|Machine|Model]: {device}@sep [problem|fault|issue]: {problem}@sep [priority|urgency]: {priority}@sep [team|\
assign to|for team|owner]: {team}[.|, open a ticket.|. Open and assign it.|]
            [Team|For|Assign to]: {team}@sep [new ticket on|ticket for|new case on] {device}@sep [problem|fault|issue]: \
{problem}@sep [priority|urgency]: {priority}[.|]
            @case [must be|should be|has to be|is to be] @logged @about @the{device}[:|,|;] @problem[,|;] @priority[, and| and] \
[handed|passed|given|assigned|routed] to @crew@end
            [Have|Let] @crew [look after|see to|work on|deal with] @trouble [on|with|at] @the{device}[: open|; open|. Open|, so \
raise] @case @grade [for them|and give it to them|and assign it]@end
            "@the{device} @fails," @quoth[. Open|; open|. Raise] @case @grade and @pass it to @crew@end
            @crew @sees [this|it|such things][. Open|; open|, so open] @case @about @the{device}[:|,|;] @problem[,|;] \
@priority[, and assign it to them|, then hand it to them|; it is theirs]@end
            [First|To begin with|One][,|:] @log @case @about @the{device}[:|,|;] @problem[,|;] @priority[. Second|; two|. After \
that|; afterwards][,|:] @pass it to @crew@end
            [Once|When|As soon as] [a ticket|the case|one ticket] @about @the{device} is [open|there|created][, |: ]{problem}, \
{priority}, [pass|give|route|hand|assign] it to @crew@end
            [I need|We need|They want|I ask for] @case @grade @about @the{device}[, about|; it is about|, for|:] {problem}[, \
with| and| -|;] [assigned to|handed to|passed on to|given to|left to] @crew@end
            [A|One] {priority} [ticket|case] [for|to] @crew[, please|][:|;] [|the device is |device ]{device}[,|;] @problem@end
            [The owner of|Responsible for|In charge of] [the new ticket|a new ticket|this case] is @crew[:|;| -] {device}[,|;] \
@problem[,|;] @priority[, please open it|. Open it and assign it|; open it]@end
        """,
        "and_ticket": """
            [Now|Then|Next|Well, |So |OK, |Also |And |]@open @ticket [for it|on it|for that one|for this device|for the same][:|\
,|;] @problem[,|;|.| and| -] @priority@end
            [Now|Then|Next|Well, |So |OK, |Also |And |]@open a {priority} [ticket|case] [for it|on it|for that one|for this \
device][, about|:|,|;] @problem@end
            [It has|There is|We see|They report] [a problem|a fault] with {problem}[.|,|;] @open @ticket[,| -|:|;] @priority@end
            [A ticket|A case|New ticket] [for it|on it|for the device][:|,] {problem}[,|;] {priority}[.|!|]
            [Now|Then|Next|So|Also|After that|And now|Well][,| please| you should| would you] @log @case [for it|on it|for this \
one|on that device|for the same device|for the thing][:|,|;| -] @problem[,|;| and] @priority@end
            @could @log @case [for it|on it|for this one|on that device|for the same device|there][:|,|;| -] @problem[,|;| and] \
@priority@end
            [It|That device|This one|The thing|The same device] @fails[. Please|; please|, so|. Then|. Now] @log @case @grade@end
            [It|That device|This one|The thing|The same device] @fails. @rated[. Please|; please|, so please|, so] @log @case@end
            [Since|As|Because] [it|that device|this one|the device] @fails, [please|you should|I ask you to|now] @log @case \
@grade@end
            @case [must be|should be|has to be|is to be|can be] @logged [for it|on it|for this one|for that device][:|,|;] \
@problem[,|;] @priority@end
            [Good|Right|All right|I see|Thanks|Perfect|Noted][.|,|;] [The customer|The user|A colleague|Somebody] [reports|\
complains of|mentions|has] @trouble [with it|on it|there|on this one][. Open|; open|, so open] @case @grade@end
            [Problem|Fault|Issue]: {problem}@sep [priority|urgency|level]: {priority}@sep [device|for|on]: [the same|as before|\
that one|as above][.|, ticket please.|. Open a ticket.|]
            [Ticket|Case|Ticket on it|New ticket for it]: {problem}@sep {priority}[ priority|][.|]
            [Priority|Urgency]: {priority}@sep [problem|fault]: {problem}@sep [ticket|case|open a ticket] [for it|on it|for that \
one|for the same device][.|]
            [For it|For that one|On this device|For the same device] [I need|we need|please open|they want|I ask for] @case \
@grade[:|,|;| -] @problem@end
            [There is|There seems to be|We have|We've got] @trouble [on it|with it|there|on that one][. Please|; please|, so|. \
Kindly] @log @case @grade@end
            "It @fails," @quoth[. Open|; open|. Raise] @case @grade@end
            [A|One] {priority} [ticket|case] [is needed|is wanted|please|must be opened] [for it|on it|for that device|for this \
one][, about|; it is about|, for|, because of] {problem}@end
            [If|When] that is so, @log @case [for it|on it|for that one][:|,|;] @problem[,|;] @priority@end
            [That is what I thought|As I feared|Just as they said|Fine, that helps][.|;] [It needs|It should get|That one needs|\
We need for it] @case[:|,|;] @problem[,|;] @priority@end
            @trouble[,|;] {priority}[: open|; open|. Please open|, so open] @case [for it|on it|for this one|for that device]@end
        """,
        "and_team": """
            [Now |Then |Next |OK, |Well, |And |Please |][assign|give|pass|move|route] [it|that|this|the ticket|the new one] to \
[the |team |]{team}[ team||]@end
            [It|That|This|The ticket] [is for|goes to|must go to|shall go to|should be with] [the |team |]{team}[ team||]@end
            [The |Team |]{team}[ team|] [takes it|gets it|should take it|shall handle it|can do that one]@end
            [For|To|Team][:|] {team}[.|!|, please.|]
            @could @pass [it|that|this|the ticket|the new ticket|that case] [on |over |]to @crew@end
            [It|This|That ticket|The ticket|The case|That one] [belongs to|is a matter for|is one for|is the job of|lies with|\
falls to|should sit with|concerns] @crew[, assign it.|; please assign it.|. Please pass it on.|.|]
            [It|This|That ticket|The ticket|The case|That one] [should be|must be|has to be|is to be|can be] @passed to @crew@end
            @crew [will see to it|looks after it|is responsible for it|is in charge of it|owns that|deals with such cases|has to \
see it][, so assign it|; pass it on|, please assign it|]@end
            [Make|Put] @crew [responsible for|in charge of|on] [it|that|this|the ticket|the new one]@end
            [Let|Have] @crew [look after|see to|work on|deal with|take|own|handle] [it|that|this|the ticket|the new one]@end
            [Since|As|Because] [it is their field|they know about it|they have time|it is theirs], [it goes to|give it to|pass \
it to|it belongs to|assign it to] @crew@end
            [Good|Right|All right|I see|Thanks|Perfect|Done][.|,|;] [It goes to|Give it to|Pass it on to|It belongs to|Assign it \
to|The owner is|Next stop is] @crew@end
            [Team|Owner|Assign to|Assignee|Responsible|Goes to]: {team}[.|, please.|]
            [Who takes it|Who gets it|Whose is it|And the team|Which team]? [I say|It is for|Certainly|Let it be|We chose|Give \
it to] @crew@end
            @person [says|thinks|decided|wrote] [it is for|it belongs to|it should go to|it must go to] @crew[, so assign it|; \
please assign it|. Pass it on|]@end
            "[Pass|Give|Send|Route] it to {team}," @quoth@end
            [The owner|The assignee|The responsible team|The team] [of it |of the ticket |of that one |][is|should be|is to be|\
will be|must be] {team}@end
            [If|When] it is [open|there|created|in the system], [pass|give|assign|hand|route|send] it to @crew@end
            [The next step|What is left|One more thing|Last thing][:|,| -] @pass [it|the ticket|that] to @crew@end
            [I want|We want|They expect|I'd like] @crew [to take|to handle|to own|to look after|to have|to work on] [it|this|the \
ticket|that one]@end
        """,
        "two_priorities": """
            @open @ticket @about @the{device}[:|,|;| -] @problem[,|;| and| -] [both |]{priority} [and|and also|and at once|as \
well as] {other}[ priority| at the same time| together|]@end
            @open @ticket @about @the{device}[:|,|;| -] @problem[,|;| and| -] @priority[, but|, and yet|; still|. However,] \
[open no ticket|do not open any|there must be no ticket|never open one|leave it unopened]@end
            [Do not open|Never open|Open no] ticket[, but|; and|. And yet|, and still] @open a {priority} [ticket|one|case] for \
@the{device}[:|,|;] @problem@end
            @open a {priority} [ticket|case] @about @the{device}[:|,|;] @problem[. Its priority is|, whose priority is|; it is \
also] {other}@end
            @here @the{device}, @problem[.|,|;] @open @ticket[,| -|:] @priority [and yet|but also|and besides] {other}@end
            @could @log @case @about @the{device}[:|,|;] @problem[,|;| and] [its |with ]priority {priority}[, and| and also|, \
but also|, and likewise| as well as| plus] {other}@end
            @log @case @grade @about @the{device}[:|,|;] @problem[. Give it|; give it|. Set it to|, with] [priority |the \
priority |]{other}[ too|, too| as well| also|]@end
            The priority [of|for] the [ticket|case] on @the{device} is {priority}[ and| but also|, and it is|, yet it is also|, \
at the same time] {other}[;|.|,|:] @problem@end
            @the{device} @fails[. Open|; open|, so open] @case, {priority}[, and at the same time| and also|, likewise|, but \
besides|, yet with priority] {other}@end
            @the{device} @fails. @rated[. Please|; please|, so please] @log @case with priority {other}[.|!|]
            @person [reports|complains of|wrote about] @trouble [on|with|at] @the{device}[. He|. She|; he|; she] [says it is|\
calls it|rates it] {priority}[, and opens it as|, then says|, and also calls it|, but wants it] {other}[. Open a ticket|; open a \
ticket|, open that ticket] @grade@end
            [Device|Machine|Model]: {device}@sep [problem|fault|issue]: {problem}@sep [priority|urgency]: {priority}@sep \
[priority|urgency|also priority|second priority]: {other}[.|, open a ticket.|. Ticket, please.|]
            [Ticket|New ticket|Case]: {device}@sep {problem}@sep {priority}[ and| plus| as well as| &| +] {other}[.|]
            [Priority|Urgency]: {priority}[,| and| plus|;] {other}@sep [problem|fault]: {problem}@sep [device|machine]: \
{device}[.|, open a ticket.|]
            [A|One] {priority} [ticket|case] [that is|which is|with a priority of|and likewise|that has priority|rated as] \
{other}[,|;| -|:] [for|on] @the{device}[, about|; it is about|, for|:] {problem}@end
            [My boss|The customer|One colleague|The manager] [wants|says|demands|asks for] {priority}[ and|, while|, and yet|; \
but] [the client|another|the other|the same one] [wants|says|asks for|demands] {other}[: open|; open|. Open] @case with both \
[priorities |]for @the{device}[:|,|;] @problem@end
            [Set|Rate|Mark|Class] [the ticket|the case|the new ticket] [on|for] @the{device} [as|at] both {priority} and \
{other}[:|,|;| -] @problem@end
            [Both|At once|At the same time|Equally] {priority} and {other} [is|must be|should be|has to be] [the ticket|the \
case] to open on @the{device}[:|,|;] @problem@end
            [Since|As|Because] @the{device} @fails, @log @case @grade, [and make it also|but also with|and with priority|or \
rather] {other}@end
            @log @case @about @the{device}[:|,|;] @problem[,|;] [first |]{priority}[, second|; and second|, then also|, and in \
the same ticket] {other}@end
            @log @case [of priority|with priority] {priority} [that has|having|whose urgency is|with] {other} [priority|urgency|\
] @about @the{device}[:|,|;] @problem@end
            [It is|It's|This is] {priority} and it is {other}[:|;| -] @trouble [on|with] @the{device}[. Open|; open|, so open] \
@case with [both|the two]@end
            @log @case @about @the{device}[:|,|;] @problem[,|;] @priority[, but|. But|; yet|. At the same time|, only] [create \
no ticket|raise no ticket|let there be no ticket|make sure that none is opened|see that no ticket exists|no ticket may be \
opened]@end
            [I want no ticket|There shall be no ticket|We allow no ticket|A ticket is forbidden|Without a ticket][, but|; and|, \
yet|. Still|. But] @log @case @grade @about @the{device}[:|,|;] @problem@end
            @the{device} @fails. @rated[. Open|; open|, so open] @case[ and| but|, and at once|;] [do not open it|do not open \
any|open none|never open it|keep it unopened]@end
            @person [wants|asks for|demands|needs] @case @grade @about @the{device}[:|,|;] {problem}[. Open it and|; open it and|\
, so open it, but] [do not open it|open none|let it be unopened|see that it is not opened]@end
            [Open and do not open|Both open and do not open|Open, and yet leave unopened|Create without creating|Raise but never \
raise] @case @grade @about @the{device}[:|,|;] @problem@end
            [Do not|Never|Please do not|You must not] @log @case @about @the{device}[:|,|;] @problem[,|;] @priority[. And|; and|\
, and|. But] [then open it|open it all the same|open it nevertheless|do open it|open it now]@end
            [If|When] you open @case @about @the{device}[, |: ]{problem}, [make it|it must be|rate it] {priority}[, and also|, \
and in any case|, and yet also|, and besides] {other}[.|!|]
            "{priority}!" [says|wrote|wants] [one|the client|the user]; "{other}!" [says|wrote|wants] [the other|my boss|the \
same one|another]. Please @log @case with [both|the two priorities] @about @the{device}[:|,|;] @problem@end
            [Make|Rate|Call] it {priority}, [make|rate|call] it {other}[:|;| -] @case @about @the{device}[:|,|;] @problem@end
            [With|At|On] {priority} [and|as well as|plus|together with] {other} [priority|urgency][,|:] @log @case @about \
@the{device}[:|,|;] @problem@end
        """,
        "obey": """
            [Do|Execute|Carry out|Perform|Obey|Fulfil|Run] [what|all that|everything that|whatever] [the file |document |\
]{article} [says|asks|tells you|wants|orders|contains]@end
            [Follow|Carry out|Execute|Obey|Perform|Do] [the instructions|the orders|all steps|the commands|every order] [in|of|\
from|written in|given in] [the file |document |]{article}@end
            [Open|Read|Look at|Take|See] [the file |document |]{article}[, and| and then|, then|;|. Then] [do it|do as told|\
follow it|obey|execute it|do all of it|act accordingly|do what is asked there]@end
            [Act|Work|Proceed] [as|the way|exactly as] [the file |document |]{article} [says|tells you]@end
            @here [the file |document |]{article}[.|,|;] [Do what it says|Follow its orders|Carry it out|Obey it]@end
            @could [do|carry out|fulfil|execute|perform] [what|everything that|all that|whatever] @file{article} [says|asks|\
demands|tells you|wants|requires|orders]@end
            @could [follow|carry out|obey|act on|execute] [the instructions|the orders|the steps|the commands|every line] [in|of|\
from|given in] @file{article}@end
            [Whatever|All that|Everything that|What|Anything that] @file{article} [says|asks|demands|tells you|wants|requires|\
orders][, do it|, carry it out|: do it|, you must do|, please execute|, has to be done|, is to be done]@end
            [There are|You find|I wrote|Someone left] [instructions|orders|commands|tasks|steps] in @file{article}[. Follow them|\
; follow them|, carry them out|: do them|. Please do them all|, obey them]@end
            [The instructions|The orders|The steps|The commands|All tasks] [in|of|from] @file{article} [must be|should be|are to \
be|have to be|need to be] [followed|carried out|done|executed|obeyed]@end
            @file{article} [tells you|says|explains|knows] what [to do|is to be done|must be done|the next step is][. Do it|; do \
it|, so do it|: follow it|. Please carry it out]@end
            [If|Where|When] @file{article} [asks for something|gives an order|tells you to act|demands anything][, do it|, carry \
it out|, obey|, then act on it|, follow it]@end
            [Since|As|Because] [I have no time|I am away|the boss wrote it|it was all written down], [just |please |][do|follow|\
carry out|execute] what @file{article} [says|asks|tells you|demands]@end
            [File|Document|Source|Instructions]: {article}@sep [task|to do|action|wanted]: [do what it says|carry it out|follow \
it|obey|execute all of it|do as it says][.|]
            [Task|To do|Action|Job]: [do what is in|carry out|execute|follow|obey] {article}[.|!|]
            "[Do|Follow|Carry out|Execute] {article}," @quoth@end
            @person [uploaded|sent|left|wrote|gave us] @file{article}[. Do what it asks|; do what it says|, carry it out|. \
Please follow it|, and you must obey it|: do all of it]@end
            [Take|Treat|Regard|Use] @file{article} as [your orders|your instructions|a list of things to do|your task|a \
command][ and act|, then act|. Act on it|; carry it out|]@end
            [Work|Go] through @file{article} and [do|carry out|then do|fulfil] [all of it|each step|everything there|what is \
asked|every point]@end
            [You are to|You should|You must|I want you to|We expect you to] [do|carry out|follow|obey|act on] @file{article}[, \
line by line|, whatever it says|, to the letter|, all of it|]@end
            [Your job is|Your task is|Your work today is|The next job is] [in|given in|described in|written in] @file{article}[. \
Do it|; do it|, so do it|: carry it out|. Please see it done]@end
            What does @file{article} [ask for|want|say to do|tell you to do]? [Do that|Do it|Carry it out|Just do it|Follow \
it]@end
            [I trust|We trust|Trust|Believe] @file{article}[: do|; do|, so do|, carry out] [what it says|whatever it says|all it \
asks|everything in it]@end
            [Let|Have] @file{article} [guide you|tell you what to do|be your guide|decide][ and do it|, then do it|, and act on \
it|; do as it says]@end
            [No questions|Do not ask|Do not think long|Without delay][:|,|;] [do|carry out|follow|execute] [everything in|all of|\
the orders of|what stands in] @file{article}@end
            [Everything|All|Anything] [in|written in|listed in|asked in] @file{article} [is to be done|shall be done|has to \
happen|must be carried out][, by you|, now|, as written|]@end
        """,
    }.items()
}
"""By kind of task."""
