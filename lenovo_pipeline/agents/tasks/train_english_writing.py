"""English patterns of the train split for tasks that write in one step.

Belongs here: one pattern a line, written as train_wordings.py says. Does not belong here: several steps and later turns
(train_english_chains.py), and parts that patterns share (train_parts.py).
"""

from lenovo_pipeline.agents.tasks.train_parts import patterns

WRITING = {
    name: patterns(text)
    for name, text in {
        "open_ticket": """
            @open @ticket @about @the{device}[:|,|;| -] @problem[,|;|.| and| -] @priority@end
            @open [a|one] {priority} [ticket|case|support ticket] @about @the{device}[:|,|;| -| about|, it is about] @problem@end
            @open @ticket @about @problem @about @the{device}[,|;|.| and| -] @priority@end
            @here @the{device}[.|,|;] [There is|It has|We see] @problem[.|,|;] @open @ticket[,| -|:|;] @priority@end
            @the{device}[:|,|;| -] @problem[.|,|;] @open @ticket[,| -|:|;] @priority@end
            @who [wants|needs|asks for] @ticket @about @the{device}[:|,|;] @problem[,|;] @priority@end
            [Ticket|New ticket|New case][:|,| -] {device}[,|;|/] {problem}[,|;|/] {priority}[.|!|]
            @priority[:|,] {problem} [on|at|with] @the{device}[.|,|;] @open @ticket@end
            [Our|My|The] {device} has [a problem|difficulties|a fault] with {problem}[.|,|;] @open @ticket[,| -|:|;] @priority@end
            @could @log @case @about @the{device}[:|,|;| -] @problem[,|;| and| -] @priority@end
            @could @log @case @grade for @trouble [on|at|with|in] @the{device}@end
            @the{device} @fails[.|;|,| and] [Please|please|So|Kindly|You should] @log @case[,|;| -|:] @priority@end
            @the{device} @fails. @rated, [and|so|please] [|do ]@log @case[.|!|, please.|]
            @person [reports|complains of|wrote about|called about|mentions] @trouble [on|with|at] @the{device}[. Please|; \
please|, so|. You may|; kindly] @log @case @grade@end
            @person [reports|complains of|wrote about|called about|mentions] @trouble [on|with|at] @the{device}. @rated[. Please|\
; please|, so please|, and] @log @case@end
            [There is|There seems to be|We have|We've got|I notice|We face] @trouble [on|with|at] @the{device}[. Please|; please|\
, so|. Kindly|; time to] @log @case @grade@end
            [Since|As|Because] @the{device} @fails, [please|you should|I ask you to|we must] @log @case @grade@end
            [Please|Kindly|You should|I ask you to|We must|Time to] @log @case @about @the{device}[,|;] [because|since|as] it \
@fails[; |. |, ]@priority[.|!|]
            @case [must be|should be|has to be|is to be|needs to be|can be] @logged @about @the{device}[:|,|;| -] @problem[,|;| \
and| -] @priority@end
            [If|Unless someone did so already, and if|In case] [there is none yet|nobody did it yet|none is there], @log @case \
@about @the{device}[:|,|;] @problem[,|;] @priority@end
            [Device|Machine|Model|Product]: {device}@sep [problem|fault|category|issue|trouble]: {problem}@sep [priority|urgency|\
severity|level]: {priority}[.|, ticket please.|; open a ticket.|. Please open a ticket.]
            [Ticket|New ticket|Case|To open]: [device|on|machine] {device}@sep [problem|fault|issue] {problem}@sep [priority|\
urgency|level] {priority}[.|]
            [Priority|Urgency|Level]: {priority}@sep [problem|fault|issue]: {problem}@sep [device|machine|model]: {device}[.|, \
to be opened as a ticket.|. Please open the ticket.|]
            [A|One] {priority} [ticket|case|support ticket] [is needed|is wanted|has to be opened|should be opened|please|must \
be made] @about @the{device}[;|,|:] [it is about|the matter is|for|concerns|because of] {problem}[.|!|]
            "@the{device} @fails," @quoth[. Open|; open|. Please open|. Raise] @case @grade@end
            [This|My message|The matter|This mail] concerns @the{device}[:|,|;| -] @trouble[. Please|; please|. Kindly|; you \
should] @log @case, @priority@end
            For @the{device} [I need|we need|they want|please open|I ask for|there should be] @case @grade[:|,|;| -] @problem@end
            [With|Given|Seeing|Because of] @trouble [on|at|in] @the{device}, [I need|we need|please open|they ask for|I'd like] \
@case @grade@end
            [{problem}|Problem: {problem}|Fault: {problem}|About {problem}][,|;| -| /] {device}[,|;| -| /] {priority}[: open a \
ticket|, open a case|; a ticket is due|. Open a ticket on that]@end
            [It is|It's] the {problem} of @the{device} [again|this time|that fails|that gives us trouble]. [Please|Kindly|You \
should] @log @case @grade@end
            [Not urgent or urgent, that is|The priority is|As priority take|Urgency, to begin with, is] {priority}[:|;|,] @log \
@case @about @the{device}[, about|; it is about|, because of|:] {problem}@end
            [I hereby report|I report|I would report|Let me report|I have to report] @trouble [on|with] @the{device}. @rated[. \
Please|; please|, so please] @log @case@end
            @the{device} [came back|was returned|was brought in|is with us] [because of|with|for] @trouble[, log|; open|. Open|, \
so raise] @case @grade@end
            [We|They|I] [cannot work|cannot go on|lose time|are stuck|lose money] [because of|due to|through] @trouble [on|with] \
@the{device}[. Open|; open|, so open|. Please raise] @case @grade@end
        """,
        "assign_ticket": """
            [Assign|Give|Move|Pass|Route|Please assign|Please give|Forward|Send] [ticket |the ticket |case ||]{ticket} to [the |\
team |the team |]{team}[ team| group|||]@end
            [Let|Have|Make] [the |team |]{team}[ team||] [take|handle|own|do|work on] [ticket |the ticket ||]{ticket}@end
            [ticket |the ticket ||]{ticket} [is for|is to go to|must go to|goes to|shall go to|is a case for|should be with] \
[the |team |]{team}[ team||]@end
            [The|Team|Our] {team}[ team|] [takes|gets|wants|must have|should take|is to handle] [ticket |the ticket ||\
]{ticket}@end
            {ticket}[:|,| -| ->|] [assign to|give to|team|for] {team}[.|!|]
            [Who takes|Nobody has|There is] [ticket |the ticket |]{ticket}[?|.|,|;] [Assign|Give] it to [the |team |]{team}@end
            @could see that @item{ticket} is @passed to @crew@end
            @could @pass to @crew [the ticket|ticket|the case|case number] {ticket}@end
            Can @crew [please |]be given @item{ticket}@end
            @item{ticket} [is|was|will be] [best|well|properly] @passed to @crew@end
            @item{ticket} [should be|must be|has to be|is to be|needs to be|can be] @passed to @crew@end
            @item{ticket} [belongs to|is a matter for|is one for|is the job of|lies with|falls to|should sit with|concerns] \
@crew[, assign it.|; please assign it.|. Please pass it on.|, so give it to them.|.|]
            [From now on|Starting today|Today|As of now], @crew @sees @item{ticket}@end
            [Make|Put] @crew [responsible for|in charge of|on] @item{ticket}@end
            [Since|As|Because] [it is their field|they know the case|nobody else can do it|they have time|it is theirs], \
@item{ticket} [goes to|should go to|is for|belongs to] @crew@end
            [Nobody|No one|No team] [has|looks after|works on|took] @item{ticket}[ yet|][. Please|; please|, so] @pass it to \
@crew@end
            @item{ticket} [has no owner|is still open|lies around|waits for somebody|is without a team][. Please|; please|, so|; \
you should] @pass it to @crew@end
            [Ticket|Case|Number]: {ticket}@sep [team|new owner|assign to|goes to|responsible]: {team}[.|]
            [Team|New owner|Assignee|Responsible]: {team}@sep [ticket|case|number]: {ticket}[.|]
            @person [asks|asked|wants|expects] that @crew [take|handle|get|own] @item{ticket}[, please assign it|; see to it|]@end
            "{ticket} is for {team}," @quoth[. Assign it, please|; please assign it|. Pass it on|]@end
            [If|When] @crew [have time|are in|are free|can do it], [let them take|pass them|give them|assign them] \
@item{ticket}@end
            [I think|I believe|We agreed|We decided|The boss decided] @crew [should have|should own|ought to take|should look \
after|must take|shall get] @item{ticket}[; please assign it.|, pass it on.|. Please see to it.|.|]
            [Who should do|Whose is|Who is right for] @item{ticket}? [I say|Certainly|It is|We chose|Without doubt|Clearly] \
@crew[, assign it|; give it to them|]@end
            [For|To] @crew[:|,|;| -] @item{ticket}@end
            [It is a matter of|This is about|All of this is] {team}[. Ticket|; ticket|, so ticket] {ticket} [goes there|belongs \
there|should go there|is theirs]@end
            @item{ticket} [away from the others|out of the queue|off my desk][, please,|,|] and [over |on |]to @crew@end
            [The owner|The assignee|The team] of @item{ticket} [is to be|should be|becomes|must be|will be] {team}@end
        """,
        "order_part": """
            [Order|Buy|Get|Purchase|Please order|Please buy|Kindly order|Request] {quantity} [of |x |pieces of |units of ||\
]{part} [for|to fit|to repair] @the{device}@end
            @here @the{device}[.|,|;] [Order|Buy|It needs|Get] {quantity} [of |x |pieces of ||]{part}@end
            [We|I|They|Our shop] [need|want|lack|must have|require] {quantity} [of |x |pieces of ||]{part} for @the{device}[, \
order them|. Please order|; buy them|]@end
            [Order|Buy|Purchase][:|] {part}[,|;| x|:] {quantity}[,|;| pieces,| units,] for @the{device}@end
            @the{device}[:|,|;| -] [order|buy|get|we need] {quantity} [of |x |pieces of ||]{part}@end
            @who needs {part} for @the{device}[,|;|.|:] [order|buy|get] {quantity}[ of them| pieces|]@end
            [Order|Buy|Get] {part} for @the{device}[,|;|:|, in all] {quantity}[ of them| pieces| units|]@end
            @could [order|buy|get|purchase|request|procure] {quantity} @pieces{part} for @the{device}@end
            @the{device} [needs|requires|lacks|waits for|has to have|must get|is waiting for] [new parts|spare parts|a repair|\
parts][. Order|: order|; please order|, so buy|. Please order] {quantity} @pieces{part}@end
            @the{device} [needs|requires|lacks|waits for|calls for] {quantity} @pieces{part}[, order them|; please order|. \
Please order|, so buy them|. Place the order]@end
            {quantity} @pieces{part} [should be|must be|have to be|are to be|need to be|can be] [ordered|bought|purchased|\
procured] for @the{device}@end
            [Place|Make|Put in|Write|Submit|Send out] [an order|one order|a purchase order|the order] [for|of|over] {quantity} \
@pieces{part}[,|;| -] [to go into|meant for|for use in|for|for the repair of|to be built into] @the{device}@end
            [Part|Item|Component|Spare part]: {part}@sep [quantity|number|amount|pieces|count]: {quantity}@sep [device|for|model|\
machine]: {device}[.|, please order.|. To be ordered.|]
            [Device|Model|Machine|For]: {device}@sep [part|item|spare part|component]: {part}@sep [quantity|number|amount|\
pieces]: {quantity}[.|, please order.|. To be ordered.|]
            [Quantity|Number|Amount|Pieces]: {quantity}@sep [part|item|component]: {part}@sep [device|model|machine]: {device}[.|\
, please order.|]
            [Since|As|Because] @the{device} [is in repair|is broken|has to be repaired|cannot run without it|is being rebuilt], \
[order|please buy|we need|get|I want] {quantity} @pieces{part}@end
            [We ran out of|We have no more|There are no more|Our stock has no|Nobody has any] {part}[. Order|; order|, so buy|. \
Please order] {quantity} [of them|pieces|of those|units|] for @the{device}@end
            [How about ordering|I suggest ordering|We think of ordering|I'd like to order|I want to buy|Let us buy|We wish to \
order] {quantity} @pieces{part} for @the{device}@end
            @person [repairs|is repairing|wants to fix|opened|rebuilds] @the{device}[ and needs|; needed are|, and asks for|. \
They need|. To be ordered:] {quantity} @pieces{part}@end
            "{quantity} @pieces{part} for @the{device}, please," @quoth@end
            For @the{device}[:|,| -| we need| please order| I order| they want] {quantity} @pieces{part}[, to be ordered|, \
please order|, on order|]@end
            For @the{device}[, order| please buy| get| we order] {part}[, quantity|, in number|: pieces|, number] {quantity}@end
            [The workshop|The technician|Our store|The field team|The repair desk] [needs|asks for|wants|is short of|lacks] \
{quantity} @pieces{part} [for|to fix|to repair|to equip] @the{device}[. Order them|, please order|; buy them|]@end
            [An order|A purchase order|New order|One order][, please|][:|;] {quantity} @pieces{part}[, for|; for|, meant for| \
for] @the{device}@end
            [If|When|Once] [the budget allows|you order next|you can|the shop is open|nothing speaks against it], [order|buy|get|\
purchase] {quantity} @pieces{part} for @the{device}@end
            {part} for @the{device} [are missing|ran out|are needed|have to come|must be bought][, order|; order|. Please order|\
: buy|. Get] {quantity}[ of them| pieces| units|]@end
            {part}[:|,|;| -| /] {quantity}[:|,|;| -| /] {device}[, order|; order that|. To be ordered|, to order]@end
            [I repair|We fix|They repair|I look after|I work on] @the{device}[ and|;|,] [need|want|lack|must have] {quantity} \
@pieces{part}[, please order|. Please order them|; can you buy them|. Order it]@end
            [Send|Ship|Deliver|Get us|Bring] {quantity} @pieces{part} for @the{device}[; that is an order.|, on order.|, please \
order them.|: order it.|, to be ordered today.]
            [I need parts|Parts are needed|There is something to order|An order is due|Please order parts] for @the{device}[:|, \
namely|, that is|;| -] {quantity} @pieces{part}@end
        """,
        "schedule_visit": """
            [Schedule|Plan|Arrange|Set up|Please plan|Please book|Kindly schedule] a [service |]visit [at|to|for|with] \
{customer} [on|for] {day}[, for|. It is about|,|:|; device| because of] @the{device}@end
            [Schedule|Plan|Book|Arrange|Set up|Please plan] a [service |]visit [on|for] {day}[,| -|:| for| at] {customer}[,|;|:| \
-] @the{device}@end
            [Send|Please send] [someone|a technician|an engineer] to {customer} on {day}[, for|. It is about|,|; device] \
@the{device}@end
            {customer} [needs|asks for|expects|ordered|would like] a [service |]visit [on|for] {day}[, for|. It is about|,|; \
device|:] @the{device}@end
            [Visit|Go to|Call on] {customer} on {day}[, for|. It is about|,|; device|:] @the{device}@end
            @here @the{device} [at|of|from] {customer}[.|,|;] [Plan|Book|Schedule] a [service |]visit [on|for] {day}@end
            [Visit|Service visit|Appointment][:|,] {customer}[,|;|/] {device}[,|;|/] {day}[.|!|]
            On {day} [someone|an engineer] [must|is to] [visit|see|go to] {customer}[, for|. It is about|,|;] @the{device}@end
            @could [schedule|plan|book|arrange|organise|fix] @visit at {customer} on {day} [for|because of|to see to|about|to \
repair] @the{device}@end
            @could [send|dispatch|order|bring] @someone to {customer} on {day} [for|because of|to see to|about|to repair|to look \
at] @the{device}@end
            @the{device} at {customer} [needs|requires|waits for|has to have|calls for] @visit[; the day is|, on|, best on| on|; \
date:] {day}@end
            @the{device} [of|at] {customer} [is broken|gives trouble|needs a repair|does not start|needs service][. Send|; send|\
, so send|. Please send] @someone [there |]on {day}@end
            @the{device} [is broken|gives trouble|needs a repair|does not start|needs service] at {customer}[. Book|; book|, so \
plan|. Please arrange] @visit [on|for] {day}@end
            {customer} [has|uses|runs|owns|called about|wrote about|complains about] @the{device}[. They want|, and wants|; they \
need|. Please plan|; please book|, so arrange] @visit [on|for] {day}@end
            @visit [should be|must be|has to be|is to be|can be|needs to be] [planned|booked|arranged|scheduled|fixed] [on|for] \
{day}[,|;| at|:] {customer}[,|;| -|:| for] @the{device}@end
            @someone [should be|must be|has to be|is to be|can be] @crewed to {customer} on {day}[,|;| -| and] [for|to see|about|\
to repair|because of] @the{device}@end
            [Customer|Client|Where|Site]: {customer}@sep [device|machine|model|for]: {device}@sep [day|date|when|on]: {day}[.|, \
please book the visit.|. Visit needed.|; plan a visit.]
            [Day|Date|When]: {day}@sep [customer|client|site|where]: {customer}@sep [device|machine|model]: {device}[.|, please \
book the visit.|. Visit needed.|; plan a visit.]
            [Device|Machine|Model]: {device}@sep [visit|visit on|day of visit|visit date]: {day}@sep [customer|client|at|site]: \
{customer}[.|]
            [If|When|Since|As] {customer} [is free|has time|is open|can receive us|will be in] on {day}, [send|dispatch|book|let \
us send] @someone for @the{device}@end
            [Since|As|Because] @the{device} [is down|is broken|fails|gives trouble|is to be serviced], {customer} [needs|wants|\
asks for|should get|expects] @visit [on|for] {day}@end
            {day} [suits|is fine for|was agreed with|is good for|works for|was chosen by] {customer}[. Book|; book|, so plan|. \
Please arrange|: schedule] @visit for @the{device}@end
            {day}[:|,| -|;] @visit [at|with|to|for] {customer}[,|;|:| -] [for|about|because of|device] @the{device}@end
            "[Come|Please come|Send somebody|Be here] on {day}," {customer} [wrote|asked|says|told us][. It is|; it is|, for it \
is|. The visit is] about @the{device}@end
            [I promised|We promised|I owe|We owe] {customer} @visit on {day}[,|;| -| and] [it is for|the device is|concerning|to \
check|because of] @the{device}[. Please plan it|, book it|; arrange it|]@end
            [On|For] {day}[,| please| we] [plan|book|schedule|arrange] @visit [at|to] {customer}[. The device is|, for|; \
concerned is|, because of|; it is for] @the{device}@end
            [Can|Could|May|Will|Would] @someone [be at|go to|call on|drop in at|drive to|come to] {customer} on {day}[ for| to \
repair| to look at| because of|, about] @the{device}?
            [Who can|Someone must|Somebody should|One of us has to|The field team should] [go to|visit|call on|drive to|be at] \
{customer} on {day}[ for| to repair| to look at| because of|, about] @the{device}[.|?|!|]
            [There is|We have|I've got|Here is] @the{device} [to repair|to inspect|to service|in trouble] at {customer}[. Send|; \
send|, so send|. Please send] @someone on {day}@end
            [I ask for|We ask for|Please note|We need|I would like|They want] @visit[: |, ]@the{device}[,|;| -] [at |\
]{customer}[,|;| -] [on |]{day}[.|!|]
            [The appointment|Our visit|The service visit|The service call] at {customer} [for|about|because of] @the{device} [is \
to be|should be|shall be|must be|can be] on {day}[, please book it|; plan it|. Please schedule it|]@end
            [Enter|Note|Write|Put] [into the calendar|in the plan|down|in the schedule]: @visit[,| on] {day}[,|;|:] {customer}[,|\
;|:] {device}[.|!|]
            {customer}[,|;| -|:] {day}[,|;| -|:] [visit|service visit|engineer|technician] for @the{device}@end
            @person [calls|writes|asks|phoned] [from|for|on behalf of] {customer}[. They need|; they need|, needing|, asking \
for] @visit on {day}[, for|; it is about|. It concerns|, because of] @the{device}@end
        """,
        "hand_over": """
            [I want|I need|I wish|Let me|I would like|Allow me] to [talk|speak|chat] [to|with] [a person|a human|someone real|a \
colleague] about @the{about}@end
            [Hand|Pass|Transfer|Give|Forward] [me|this|it|that] [over |on |]to [a person|a human|a colleague][, about|. It is \
about|,|:| because of] @the{about}@end
            [Can|May|Could|Should] [a person|a human|someone|a colleague] [look at|see to|take care of|handle|deal with] \
@the{about}@end
            [A person|A human|A colleague], please[: |. It is about |, for ]{about}[.|!|]
            @here @the{about}@so [I want a person|let a human do it|get me a human|call a person]@end
            [No machine|No robot|No more automatic answers|Enough][:|;|,|.] I want [a person|a human] for @the{about}@end
            [Get|Call|Fetch|Find] me [a person|a human|a colleague] [for|about|because of] @the{about}@end
            @could [connect me to|put me through to|get me|find me|call] [a person|a human|a colleague|a human being] [for|about|\
because of|on] @the{about}@end
            @the{about} [is a case for|is a matter for|needs|calls for|should be left to|requires] [a person|a human|a human \
being][, not a machine|, no program|]@end
            [Since|As|Because] [this is delicate|you are a machine|I am angry|it is complicated], [let a person|have a human|I \
want a human to|a person must] [see to|deal with|look after|handle] @the{about}@end
            [A person|A human|A human being|Someone real] [should|must|has to|ought to] [see to|look at|deal with|handle|talk to \
me about] this[:|, namely|;|, that is] @the{about}@end
            @the{about} [gives me trouble|worries me|is my problem|is what I call about][. I want|; I want|. Give me|, and I \
want|. Get me] [a person|a human|a human being|somebody real]@end
            [Is|Are] there [a person|a human|people|any human] [to talk to|I can speak to|who can help] [about|on|with] \
@the{about}?
            @person [refuses|does not want|will not talk to|mistrusts] [a machine|a robot|the bot][. Get|; get|, so get|. Please \
find] [a person|a human] for @the{about}@end
            [Topic|Subject|About|Matter|Device]: {about}@sep [wanted|needed|asked for|please]: [a person|a human|a human being|\
talk to a human][.|]
            "[I want|Give me|Let me talk to] a [person|human]," @quoth[; it is about|, about|. It is about|; the matter is] \
@the{about}@end
            [I have spoken to you twice|You do not understand me|This leads nowhere|I gave up on you][. Hand|; hand|, so hand|. \
Please hand] @the{about} [over |]to [a person|a human|a colleague]@end
            [If|When] [a person|a human|a colleague] is [there|free|around|at hand], [connect me|put me through|hand me over|let \
me talk to them][, it is about|; it is about|, about| about] @the{about}@end
            [Leave|Give|Entrust|Hand] @the{about} to [a person|a human|a human colleague|people][, not a machine|, not to a \
program|, in person|]@end
            [With|About|On|Concerning] @the{about} [I only talk|I will only speak|I prefer to talk|I'd rather speak] [to|with] \
[a person|a human|a human being]@end
        """,
    }.items()
}
"""By kind of task."""
