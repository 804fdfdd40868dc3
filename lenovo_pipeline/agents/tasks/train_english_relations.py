"""English patterns of the train split for relations of the graph and for figures of reports.

Belongs here: one pattern a line, written as train_wordings.py says. Does not belong here: other reading
(train_english_reading.py), and parts that patterns share (train_parts.py).
"""

from lenovo_pipeline.agents.tasks.train_parts import patterns

RELATIONS = {
    name: patterns(text)
    for name, text in {
        "successor": """
            @asked [the|a] successor [of|to|for] @the{device}@end
            @get [the|a|] successor [of|to|for] @the{device}@end
            [What|Which device|Which product|Which one] [succeeds|replaces|follows|comes after] @the{device}@end
            @here @the{device}@so [what is|tell me|I need|give me] its successor@end
            @who @wants the successor [of|to|for] @the{device}@end
            {device}[:|,| -|] [its|the|] successor[.|?|!|]
            Is there [a|any] successor [of|to|for] @the{device}@end
            @may [what|which device|which model] [follows|replaces|succeeds|takes over from|is the successor of|comes after] \
@the{device}@end
            @could [find|name|look up|tell me|check|dig out|look for] the successor [of|to] @the{device}@end
            [What|Which device|Which product|Which model] [took over from|has replaced|took the place of|was made to replace|is \
next after|came out after|supersedes] @the{device}@end
            By [what|which device|which model|which product] [was|is] @the{device} [replaced|succeeded|followed|superseded]@end
            @the{device} [is|was|has been] [replaced|succeeded|followed|superseded] by [what|which device|which one|which model]?
            @the{device} is [no longer sold|out of stock|getting old|discontinued|at its end|gone from the shop][. What|; what|, \
so what] [replaces it|comes after it|is its successor|follows it|do we offer in its place]@end
            [Since|As|Because] @the{device} is [old|discontinued|no longer made|sold out], [I need|we want|they ask for|tell me|\
please name] its successor@end
            If @the{device} [is sold out|is gone|ends|is no longer made], [what|which device|which model] [succeeds it|replaces \
it|comes next|follows]?
            [The next|The newer|The following] [device|model|generation|product] after @the{device}@end
            [We use|I own|They have|The customer has|We sold them] @the{device}[ and|,|;] [want|look for|ask for|need] [its \
successor|the one after it|the model that follows|what replaces it]@end
            [Device|Model|Product]: {device}@sep [wanted|asked|needed|relation|looking for]: [its |]successor[.|]
            [Wanted|Relation|Asked|Question|Needed]: successor@sep [device|model|product]: {device}[.|]
            "What [replaces|comes after|follows|succeeds] @the{device}?" @quoth[.|!]
            The successor [of|to] @the{device}@lack[.|?|!]
            Has @the{device} [got|found|been given|ever had] [a|some] successor[, and which|; which one|? Which is it|, and what \
is it called]?
            @person [asks|wonders|wants to know] what [comes after|replaces|succeeds|follows] @the{device}[.|, can you say?|; \
please check.]
            After @the{device}[, what|, which device|, which model|: what] [came next|comes next|was brought out|is sold|do we \
have]?
        """,
        "predecessor": """
            @asked [the|a] predecessor [of|to|for] @the{device}@end
            @get [the|a|] predecessor [of|to|for] @the{device}@end
            [What|Which device|Which product|Which one] [preceded|came before|was before|was replaced by] @the{device}@end
            @here @the{device}@so [what is|tell me|I need|give me] its predecessor@end
            @who @wants the predecessor [of|to|for] @the{device}@end
            {device}[:|,| -|] [its|the|] predecessor[.|?|!|]
            Is there [a|any] predecessor [of|to|for] @the{device}@end
            @may [what|which device|which model] [preceded|came before|was replaced by|is the predecessor of|was there before] \
@the{device}@end
            @could [find|name|look up|tell me|check|dig out|look for] the predecessor [of|to] @the{device}@end
            [What|Which device|Which product|Which model] did @the{device} [replace|succeed|follow|supersede|take over from|take \
the place of]@end
            [What|Which device|Which product|Which model] [made way for|was superseded by|was followed by|was succeeded by|gave \
way to] @the{device}@end
            @the{device} [replaced|succeeded|followed|superseded|took over from] [what|which device|which one|which model]?
            @the{device} is [new|just out|the latest one|the current one|fresh in the shop][. What|; what|, so what] [was there \
before it|came before it|is its predecessor|preceded it|did it replace|did we sell before]@end
            [Since|As|Because] @the{device} is [new|the new one|just released|still unknown], [I need|we want|they ask for|tell \
me|please name] its predecessor@end
            Before @the{device}[, what|, which device|, which model|: what] [was there|was sold|did we sell|came|did we have]?
            [The previous|The older|The former|The preceding] [device|model|generation|product] before @the{device}@end
            [We use|I own|They have|The customer has|We sell] @the{device}[ and|,|;] [want|look for|ask for|need] [its \
predecessor|the one before it|the model it replaced|what was before it]@end
            [Device|Model|Product]: {device}@sep [wanted|asked|needed|relation|looking for]: [its |]predecessor[.|]
            [Wanted|Relation|Asked|Question|Needed]: predecessor@sep [device|model|product]: {device}[.|]
            "What [came before|preceded|was replaced by] @the{device}?" @quoth[.|!]
            The predecessor [of|to] @the{device}@lack[.|?|!]
            Has @the{device} [got|found|been given|ever had] [a|some] predecessor[, and which|; which one|? Which is it|, and \
what is it called]?
            @person [asks|wonders|wants to know] what [came before|preceded|was sold before|was there before] @the{device}[.|, \
can you say?|; please check.]
        """,
        "device_of_incident": """
            @ask the device [of|with|for|hit by|behind the error] [the error |incident |code ||]{code}@end
            @get the device [of|with|for|hit by] [the error |incident |code ||]{code}@end
            [Which|What] device [has|had|got|is hit by|suffers from|reports|is affected by] [the error |the incident |code ||\
]{code}@end
            [We got|I see|The log says|It shows|There was|A user has] [the error |the code |error ||]{code}@so [on which device|\
what device is it|tell me the device|name the device]@end
            {code}[:|,| -|] [which|what|the|its] device[.|?|!|]
            @who @wants the device [of|with|for] [error |code ||]{code}@end
            @may [which|what] device [shows|reports|has|throws|raised|logged|is meant by|is hit by] @error{code}@end
            @may [on|at] [which|what] device @error{code} [occurred|showed up|came up|was seen|happened]@end
            [On|At|With] [which|what] device [did|does] @error{code} [occur|show up|appear|come up|happen|arise]@end
            To [which|what] device does @error{code} [belong|refer|point]@end
            [Incident|Error|Code|Fault] {code} [was reported|was logged|came in|is open|keeps coming back|showed up] [today|\
again|this morning|last night|yesterday][. Which device is it|; which device is affected|, but on which device|: what device \
does it concern|. What device has it][?|]
            The device [affected by|behind|with|that shows|that reported|concerned by] @error{code}@lack[.|?|!]
            [Since|As|Because] @error{code} [came up|was reported|is open|is back], [I need|we need|tell us|name|I must find] \
the device [it is on|it belongs to|that has it|concerned]@end
            If [a user sees|a customer reports|the screen shows|somebody gets] @error{code}, [which|what] device [is that|is it|\
do they have|is meant]?
            @error{code} [is|was] [seen|reported|found|logged|recorded] on [which|what] device?
            [Code|Error|Incident]: {code}@sep [wanted|asked|needed|looking for]: [the |]device[.|]
            [Wanted|Asked|Question|Needed]: [the |]device@sep [error|incident|code]: {code}[.|]
            @person [read out|reports|sees|quotes|sent me] @error{code}[. Which|, which|; what] device [has it|is that|is \
affected|shows that]@end
            "{code}" is [all|what] [the user|the caller|the log|the display] [says|tells us|gives us]. [What|Which] device [is \
it|is affected|has that]?
            "{code}, [what device|which device] is that?" @quoth[.|!]
            @could [find|look up|name|trace|identify|work out] the device [behind|with|that has|hit by|of] @error{code}@end
            [We know|I know|They only know|I have only] the code[,|:] {code}[. What|; what|, but which| - which] [device is it|\
is the device|device has it]?
            [Trace|Follow|Link|Map] @error{code} [back |]to [its|the|a] device@end
            [Is there|Do we have|Do we know] a device [with|behind|hit by|that has] @error{code}[, and which|? Which one|; which \
one]?
        """,
        "part_of_incident": """
            @asked the part [of|behind the error|for|that caused] [the error |incident |code ||]{code}@end
            @get the part [of|behind|for|that caused] [the error |incident |code ||]{code}@end
            [Which|What] part [causes|broke in|is at fault in|is behind|is responsible for|fails in] [the error |the incident |\
code ||]{code}@end
            [We got|I see|The log says|It shows|There was|A user has] [the error |the code |error ||]{code}@so [which part is it|\
what part failed|tell me the part|name the part]@end
            {code}[:|,| -|] [which|what|the|its] part[.|?|!|]
            @who @wants the part [of|behind|for] [error |code ||]{code}@end
            @may [which|what] [part|component] [caused|broke in|failed in|is behind|is to blame for|is at fault in] \
@error{code}@end
            @could [find|look up|name|trace|identify|work out] the [part|component] [behind|that caused|to blame for|at fault in|\
of] @error{code}@end
            [Which|What] [part|component] is [to blame for|defective in|broken in|the cause of|the reason for|guilty of|blamed \
for] @error{code}@end
            [From|By] [which|what] part [does|did] @error{code} come@end
            To [which|what] part [does|can] @error{code} [go back|lead|point]@end
            [Incident|Error|Code|Fault] {code} [was reported|was logged|came in|is open|keeps coming back|showed up] [today|\
again|this morning|last night|yesterday][. Which part is it|; which part failed|, but from which part|: what part causes it|. \
What part is broken][?|]
            The [part|component] [behind|that causes|to blame for|at fault in|broken in|responsible for] @error{code}@lack[.|?|!]
            [Since|As|Because] @error{code} [came up|was reported|is open|is back], [I need|we need|tell us|name|I must find] \
the part [behind it|that causes it|at fault|that broke]@end
            If [a user sees|a customer reports|the screen shows|somebody gets] @error{code}, [which|what] part [is broken|is it|\
has failed|is to blame]?
            @error{code} [is|was] [caused|brought about|triggered|produced] by [which|what] [part|component]?
            [Code|Error|Incident]: {code}@sep [wanted|asked|needed|looking for]: [the |faulty |]part[.|]
            [Wanted|Asked|Question|Needed]: [the |faulty |]part@sep [error|incident|code]: {code}[.|]
            @person [read out|reports|sees|quotes|sent me] @error{code}[. Which|, which|; what] part [causes it|is that|failed|\
is broken]@end
            "{code}" is [all|what] [the user|the caller|the log|the display] [says|tells us|gives us]. [What|Which] part [is it|\
is broken|causes that]?
            "{code}, [what part|which part] is that?" @quoth[.|!]
            [We want to repair|I am to fix|They want to get rid of|We are to cure] @error{code}[. Which|; which|, so which] part \
[is at fault|has failed|is it|is the guilty one]?
            [Trace|Follow|Link|Map] @error{code} [back |]to [its|the|a] [part|component]@end
            [Behind|At the root of] @error{code} [is|stands|must be] [which|what] [part|component]?
        """,
        "department_of_process": """
            @asked the department [of|for|in charge of|that runs|that owns] [the process |process ||]{process}@end
            @get the department [of|for|in charge of|responsible for] [the process |process ||]{process}@end
            [Which|What] department [is in charge of|is responsible for|handles|has|owns|looks after] [the process |process ||\
]{process}@end
            {process}[:|,| -|] [which|what|the|its] department[.|?|!|]
            @here {process}@so [which department is it|what is its department|tell me the department]@end
            @who @wants the department [of|for|behind the process] {process}@end
            @may [which|what] department [runs|owns|handles|looks after|is responsible for|is in charge of] @process{process}@end
            @could [find|look up|name|check|work out] the department [behind|responsible for|in charge of|that handles|of] \
@process{process}@end
            Under [which|what] department does @process{process} [fall|run|come]@end
            To [which|what] department does @process{process} [belong|report]@end
            @process{process} [is|gets] [run|handled|owned|carried out|looked after|managed] by [which|what] department?
            @process{process} belongs to [which|what] department?
            [If|When] I have a question on @process{process}, [which|what] department [do I call|do I ask|is right|should I \
write to|is responsible]?
            The department [behind|responsible for|that looks after|in charge of|that owns|that handles] \
@process{process}@lack[.|?|!]
            [Someone complained about|We want to change|There is a delay in|I have a question on|We review] @process{process}[. \
Which|; which|, so which] department [is responsible|runs it|owns it|should I ask|is in charge|do I write to]?
            [Since|As|Because] @process{process} [is late|needs a change|was criticised|is under review], [I need|tell me|we \
look for|name] the department [behind it|that owns it|responsible|in charge]@end
            [Process]: {process}@sep [wanted|asked|needed|looking for]: [the |]department[.|]
            [Wanted|Asked|Question|Needed]: [the |]department@sep process: {process}[.|]
            @person [asks|wonders|wants to know|wrote to ask] [who runs|which department runs|which department has|what \
department owns] @process{process}[, I mean the department.|; name the department.|. Which department is it?]
            "Which department [runs|has|does|owns] {process}?" @quoth[.|!]
            Who [runs|owns|is responsible for|looks after|is in charge of] @process{process}[: which department|, which \
department|; what department]?
            [In|At|With] [which|what] department [is|sits|lies] @process{process}@end
        """,
        "incident_count": """
            @ask [the|] [number|count|total] of incidents [of|for|on|with] @the{subject}@end
            @get [the number of incidents|how many incidents there are|the incidents count] [of|for|on|with] @the{subject}@end
            How many incidents [are there|were there|have been reported|do we know|happened] [of|for|on|with] @the{subject}@end
            @here @the{subject}@so how many incidents [are known|were there|has it had|did it have]@end
            {subject}[:|,| -|] [number of|count of|total|all] incidents[.|?|!|]
            @who wants to know how many incidents @the{subject} [had|has|has had]@end
            @may how [many|often] incidents @the{subject} [had|has had|has seen|was part of|went through]@end
            @could [count|add up|look up|find out|total] the incidents [of|with|on|for] @the{subject}@end
            How [often|many times] [was|has] @the{subject} [been |]hit by incidents@end
            The [number|count|total|sum] of incidents [of|with|on|for|recorded for] @the{subject}@lack[.|?|!]
            [Device|Model|Product]: {subject}@sep [wanted|asked|needed|figure]: [number of |count of |]incidents[.|]
            [Wanted|Figure|Asked|Needed]: [number of |count of |]incidents@sep [device|model|product]: {subject}[.|]
            @person [complains about|is unhappy with|doubts|thinks ill of|reviews] @the{subject}[. How|; how|, so how] many \
incidents [were there|has it had|do we count|are on record]?
            [Incidents|All incidents|Every incident] [with|of|on|for] @the{subject}[: how many|, how many|; what is the count|: \
give the total]@end
            "How many incidents has @the{subject} had?" @quoth[.|!]
            [For my report|For the review|Before we buy more|Because we decide on it soon], [I need|tell me|give me|count] the \
incidents of @the{subject}[, in all|, the number|, just the count|]@end
            [If|When] you count [all|the] incidents [of|with|on] @the{subject}, [how many|what total|what number] do you get?
        """,
        "affected_users": """
            @ask [the|] [number|count|total] of affected users [of|for|on|with] @the{subject}@end
            @get [the number of affected users|how many users were affected] [of|for|on|with] @the{subject}@end
            How many users [are|were|have been] [affected|hit|troubled] by @the{subject}@end
            @here @the{subject}@so how many users [were affected|are affected|did it affect]@end
            {subject}[:|,| -|] [number of|count of|total|all] affected users[.|?|!|]
            @who wants to know how many users @the{subject} [affected|has affected]@end
            @may how many users @the{subject} [has affected|has hit|troubled|has let down]@end
            @may how many users [were|are|have been] affected by [incidents of |incidents with |]@the{subject}@end
            @could [count|add up|look up|find out|total] the users affected by @the{subject}@end
            [To|For] how many users did @the{subject} [cause trouble|make trouble|bring incidents]@end
            The [number|count|total|sum] of users affected by [incidents of |]@the{subject}@lack[.|?|!]
            [Device|Model|Product]: {subject}@sep [wanted|asked|needed|figure]: [number of |count of |]affected users[.|]
            [Wanted|Figure|Asked|Needed]: [number of |count of |]affected users@sep [device|model|product]: {subject}[.|]
            @person [complains about|is unhappy with|doubts|reviews] @the{subject}[. How|; how|, so how] many users [were \
affected|has it affected|did it hit|have suffered]?
            [Users|People|All users] affected by @the{subject}[: how many|, how many|; what is the count|: give the total]@end
            "How many users [were affected by|suffered from|were hit by] @the{subject}?" @quoth[.|!]
            [For my report|For the review|Because the board asks|For the customer], [I need|tell me|give me|count] the users \
affected by @the{subject}[, in all|, the number|, just the count|]@end
            How many users [suffered|lost work|had trouble|were let down] [because of|due to|through] @the{subject}@end
        """,
        "completed_cases": """
            @ask [the|] [number|count|total] of [completed|finished] cases [of|for|in] [the process |]{subject}@end
            @get [the number of completed cases|how many cases were completed] [of|for|in] [the process |]{subject}@end
            How many [completed |]cases [has|had|did] [the process |]{subject} [completed|complete|finished]@end
            {subject}[:|,| -|] [number of|count of|total|all] completed cases[.|?|!|]
            @here {subject}@so how many cases [were completed|did it complete|are completed]@end
            @may how many cases [of |in ]{subject} [were completed|are done|came to an end|were finished]@end
            @may how many cases @process{subject} [completed|has completed|finished|closed]@end
            @could [count|add up|look up|find out|total] the completed cases [of|in|for] @process{subject}@end
            The [number|count|total|sum] of [completed|finished] cases [of|in|for] @process{subject}@lack[.|?|!]
            Process: {subject}@sep [wanted|asked|needed|figure]: [number of |count of |]completed cases[.|]
            [Wanted|Figure|Asked|Needed]: [number of |count of |]completed cases@sep process: {subject}[.|]
            [In|Within|Through|For] @process{subject}[, how many| how many] cases [were completed|have been completed|were \
brought to an end|got done]?
            @person [looks at|reviews|asks after|audits] @process{subject}[. How|; how|, so how] many cases [were completed|has \
it completed|are completed]?
            "How many cases [of|in] {subject} were completed?" @quoth[.|!]
            [For my report|For the review|Because the board asks|For the audit], [I need|tell me|give me|count] the completed \
cases of @process{subject}[, in all|, the number|, just the count|]@end
            [All|The|Any] completed cases of @process{subject}[: how many|, how many|; what is the count|: give the total]@end
        """,
        "breached_cases": """
            @ask [the|] [number|count|total] of [breached|late] cases [of|for|in] [the process |]{subject}@end
            @get [the number of breached cases|how many cases were breached] [of|for|in] [the process |]{subject}@end
            How many [breached |]cases [has|had|did] [the process |]{subject} [breached|breach]@end
            {subject}[:|,| -|] [number of|count of|total|all] breached cases[.|?|!|]
            @here {subject}@so how many cases [were breached|did it breach|are breached]@end
            @may how many cases [of |in ]{subject} [were breached|were late|missed their deadline|breached]@end
            @may how many cases @process{subject} [breached|has breached|was late with]@end
            @could [count|add up|look up|find out|total] the breached cases [of|in|for] @process{subject}@end
            The [number|count|total|sum] of [breached|late] cases [of|in|for] @process{subject}@lack[.|?|!]
            Process: {subject}@sep [wanted|asked|needed|figure]: [number of |count of |]breached cases[.|]
            [Wanted|Figure|Asked|Needed]: [number of |count of |]breached cases@sep process: {subject}[.|]
            [In|Within|Through|For] @process{subject}[, how many| how many] cases [were breached|have been breached|missed the \
deadline|came too late]?
            @person [looks at|reviews|complains about|audits] @process{subject}[. How|; how|, so how] many cases [were breached|\
has it breached|are breached]?
            "How many cases [of|in] {subject} were breached?" @quoth[.|!]
            [For my report|For the review|Because the board asks|For the audit], [I need|tell me|give me|count] the breached \
cases of @process{subject}[, in all|, the number|, just the count|]@end
            [All|The|Any] breached cases of @process{subject}[: how many|, how many|; what is the count|: give the total]@end
        """,
        "units_ordered": """
            @ask [the|] [number|count|total] of units [of|ordered by|bought by|for] [the customer |]{subject}@end
            @get [the number of units|how many units] [of|ordered by|for|bought by] [the customer |]{subject}@end
            How many units [were ordered by|were bought by|went to|have gone to] [the customer |]{subject}@end
            {subject}[:|,| -|] [number of|count of|total|all] units ordered[.|?|!|]
            @here {subject}@so how many units [did they order|have they ordered|were ordered]@end
            @may how many units [the customer |]{subject} [ordered|has ordered|bought|has bought|took|has taken]@end
            @may how many units were [sold|shipped|delivered] to [the customer |]{subject}@end
            @could [count|add up|look up|find out|total] the units [ordered by|bought by|of|for] [the customer |]{subject}@end
            How many units [has|had] [the customer |]{subject} [ordered|bought|taken|received] [from us|in all|so far|up to \
now]@end
            The [number|count|total|sum] of units [ordered by|bought by|for|of] [the customer |]{subject}@lack[.|?|!]
            [Customer|Account|Client]: {subject}@sep [wanted|asked|needed|figure]: [number of |count of |]units[ ordered|][.|]
            [Wanted|Figure|Asked|Needed]: [number of |count of |]units[ ordered|]@sep [customer|account|client]: {subject}[.|]
            I [meet|call|visit|see|write to] {subject} [tomorrow|soon|today|next week][. How|; how|, so how] many units [did \
they order|have they ordered|have they bought|were ordered]?
            [Units|All units] [ordered by|bought by|of|for] {subject}[: how many|, how many|; what is the count|: give the \
number]@end
            "How many units [did|have] {subject} [order|ordered|bought]?" @quoth[.|!]
            [For my report|For the review|Before the talk|Because the board asks], [I need|tell me|give me|count] the units \
[ordered by|of] {subject}[, in all|, the number|, just the count|]@end
            [In units|Counted in units], how much [did|has] {subject} [order|ordered|bought]?
        """,
        "order_value": """
            @ask [the|] [total |]order value [of|for|with] [the customer |]{subject}@end
            @get [the total order value|the order value|the value of all orders] [of|for|with] [the customer |]{subject}@end
            How [high|large|big] is the order value [of|for|with] [the customer |]{subject}@end
            {subject}[:|,| -|] [total|the|their] order value[.|?|!|]
            @here {subject}@so what is their [total |]order value@end
            @may [what|how high] the [total |]order value [of|for|with] [the customer |]{subject} [is|was|comes to]@end
            @may [what|how much] the orders [of|from] [the customer |]{subject} [are worth|come to|add up to|amount to]@end
            @could [add up|look up|find out|total|check] the [total |]order value [of|for] [the customer |]{subject}@end
            [What|How much] [are|were] [the|all] orders [of|from|by] [the customer |]{subject} worth[ in all| together|]@end
            [What|How much] do [the|all] orders [of|from|by] [the customer |]{subject} [add up to|come to|amount to|make]@end
            The [total |]order value [of|for|with] [the customer |]{subject}@lack[.|?|!]
            [Customer|Account|Client]: {subject}@sep [wanted|asked|needed|figure]: [total |]order value[.|]
            [Wanted|Figure|Asked|Needed]: [total |]order value@sep [customer|account|client]: {subject}[.|]
            I [meet|call|visit|see|write to] {subject} [tomorrow|soon|today|next week][. What|; what|, so what] is [the|their] \
[total |]order value?
            [Order value|Value of all orders|Total value of orders] [of|for|by] {subject}[: how much|, how much|; what is it|: \
give the sum]@end
            "What [is|was] the order value of {subject}?" @quoth[.|!]
            [For how much money|For what sum|For what value] [did|has] {subject} [order|ordered|bought]@end
            [For my report|For the review|Before the talk|Because the board asks], [I need|tell me|give me|add up] the order \
value of {subject}[, in all|, the total|]@end
        """,
    }.items()
}
"""By kind of task."""
