"""English patterns of the train split for tasks that look something up, compare, read an article or search for one.

Belongs here: one pattern a line, written as train_wordings.py says. Does not belong here: what the graph and
figures are asked for (train_english_relations.py), what writes (train_english_writing.py), and shared parts (train_parts.py).
"""

from lenovo_pipeline.agents.tasks.train_parts import patterns

READING = {
    name: patterns(text)
    for name, text in {
        "look_up": """
            @ask [the|its] {attribute} @of @the{device}@end
            @get [the|] {attribute} @of @the{device}@end
            @who @wants the {attribute} @of @the{device}@end
            [What|Which] {attribute} [does|did|would|will] @the{device} [have|offer|use|get|show|come with]@end
            @here @the{device}@so [what is|tell me|give me|I want|I need|which is] [its|the] {attribute}@end
            {device}[:|,| -|] [its|the|] {attribute}[.|?|!|]
            {attribute}[:|,| -|?] {device}[.|?|!|]
            [Is there|Do we have|Do you have] a {attribute} [listed|stated|noted|known] for @the{device}@end
            About @the{device}: [which|what] {attribute}@end
            @may [what|which] {attribute} @the{device} [has|comes with|is sold with|ships with|is listed with]@end
            @may what the {attribute} @of @the{device} [is|would be|was at launch|should be]@end
            @could [check|look up|find out|say|dig out|work out|note down] what the {attribute} @of @the{device} is@end
            [A customer is on the phone|I am writing an offer|We fill in a form|I stand in the shop|There is a meeting soon|The \
datasheet is gone|A buyer is here|We make a price list|I am updating our list][.|:|;| -| and] [what is|I need|I lack|send me|\
read me|what about] the {attribute} @of @the{device}@end
            The {attribute} @of @the{device}@lack[.|?|!]
            [Device|Model|Product|Machine]: {device}@sep [wanted|asked|question|attribute|needed|looking for]: {attribute}[.|]
            [Question|Request|Asked|Wanted|Needed|Attribute]: {attribute}@sep [device|model|product|machine]: {device}[.|]
            [If|In case|When] [someone|a customer|a buyer|the client] asks for the {attribute} @of @the{device}, what [do I say|\
should I answer|is right|do I tell them]?
            "[What|Which] {attribute} does @the{device} have?" @quoth[.|!]
            "The {attribute}, please!" @quoth[,|; it is] about @the{device}.
            @person is [after|interested in|unsure about|curious about|asking after] the {attribute} @of @the{device}[.|; can \
you help?|. What is it?|. What do we say?|, what is it?]
            [How|What] about @the{device} and its {attribute}?
            @the{device}: its {attribute} is not [known|clear|written down|listed] [to me|here|in my notes][, please check.|. \
What is it?|; tell me.|.]
            [I bought|We bought|We own|They ordered|He sells|I was offered|We consider|They returned] @the{device}[.|;| and| \
but] [I must know|I cannot see|nobody told us|we were not told|I am unsure of] [the|its] {attribute}@end
            [Because|Since|As] [a customer asked|I have no datasheet|the label is gone|we are quoting], [I need|please give me|\
tell me|look up] the {attribute} @of @the{device}@end
            With @the{device}, [what|which] {attribute} [do I get|do you get|is there|can I expect|comes in the box]?
            Has [anybody|anyone|somebody] [noted|stored|written down|looked up|found] the {attribute} @of @the{device}?
        """,
        "compare": """
            [Which|Which one|What] [has|comes with|shows|gets] [more|the higher|the larger|the greater] {attribute}[:|,|;| -] \
@the{first} or @the{second}@end
            [Compare|Weigh|Set|Hold|Please compare|Kindly compare] @the{first} [with|and|against|to] @the{second}[ by| on| in| \
for|:|,] {attribute}@end
            [Has|Does] @the{first} [have |]more {attribute} than @the{second}@end
            @the{first} [or|versus|vs.|against] @the{second}[:|,| -] [more|higher|who has more|which has more] {attribute}@end
            @here @the{first} and @the{second}@so [which|which one] [has|leads in|is better in|is ahead in] [|the ]{attribute}@end
            [In terms of|Regarding|As to|When it comes to|Looking at] {attribute}, [is|take|choose|does] @the{first} or \
@the{second} [ahead|better|more|win]@end
            [Who|Which of them|Which device|Which product|Which model] [wins|leads|is ahead|comes first|is stronger|scores \
better|does better|is on top] [on|in|by] {attribute} [if|when|once] you [put|hold|set|weigh] @the{first} against @the{second}@end
            [Does|Can|Will|Might] @the{first} [beat|top|outrank|outdo|exceed|surpass|outscore|win against|get past] @the{second} \
[in|on|by|for|as to] {attribute}@end
            [Does|Would|Can|Will] @the{first} [offer|give|have|bring|show|provide] [more|a higher|a greater|a larger] \
{attribute} than @the{second}@end
            Is @the{first} [stronger|better|further ahead|higher] [in|on|for] {attribute} [than|compared to|next to] \
@the{second}@end
            [I am|We are|They are|A customer is|My boss is|The school is] [undecided|hesitating|torn|choosing|deciding|in doubt|\
wavering] between @the{first} and @the{second}[. Which one|; which|: which| - who|. Who] [has more|is higher in|leads in|is \
ahead in|wins on|comes out better in|is stronger on] {attribute}@end
            [Undecided|Hesitating|Torn|Choosing|Still deciding] between @the{first} and @the{second}[;|,| -|:] {attribute} \
[decides|matters|counts|is the point|tips the scales][.|, so which one?|; who is ahead?|; which do we take?|, who wins?]
            [Since|As|Because] {attribute} [matters|counts|decides] [to us|here|most|for them], [which is better|which should we \
take|who is ahead|which one leads|which one wins][:|,] @the{first} or @the{second}?
            [If|When|Where] {attribute} is [what counts|all that matters|the point|what we look at|decisive], [do I take|should \
we buy|do you choose|would you pick|is it|does one go for] @the{first} or @the{second}?
            [Between|Of|Out of] @the{first} and @the{second}, [which|which one|which device|who] [has|offers|shows|carries|\
brings] [more|the greater|the larger|the higher|the top] {attribute}@end
            {attribute}[:|,| -|?] @the{first} [or|vs|versus|against|/] @the{second}[?|.|, who wins?|, which is ahead?|]
            [Comparison|Compare|Contest|Duel][:|,| -] {first}[,|;| and| /| vs] {second}[,|;|:| /| -| by| on] {attribute}[.|?|]
            [First|One|Device 1|Model A]: {first}@sep [second|other|device 2|model B]: {second}@sep [compare|wanted|compare by|\
criterion]: {attribute}[.|]
            [Criterion|Compare by|Decisive]: {attribute}@sep [candidates|devices|models|choice]: {first}[,| and| or|;| /] \
{second}[.|]
            @person [compares|is comparing|has to choose between|cannot choose between|weighs|looks at] @the{first} and \
@the{second}[. Which one|; which|, which] [has more|leads in|is ahead in|is better on|wins in|scores higher in] {attribute}@end
            @may [which|which one|who] [has more|leads in|is ahead in|is stronger on|wins on|comes first in] {attribute}[,|:] \
@the{first} or @the{second}@end
            @may [whether|if] @the{first} [beats|tops|outranks|is ahead of|surpasses|is above|outdoes|wins against] @the{second} \
[in|on|by|as to] {attribute}@end
            [People say|I heard|They claim|The advert says|I believe|He thinks] @the{first} [beats|outranks|is ahead of|is \
better than|wins over|is above] @the{second} [in|on|by] {attribute}[. True|, true|. Is that so|. Is that right|; correct|, is it \
true|. Or the other way round]?
            The {attribute} of @the{first} [next to|beside|and] that of @the{second}[: which is greater|, which is more|: who \
leads|: which is higher|; which one is ahead]@end
            Put @the{first} [next to|beside|up against|against] @the{second} and [say|tell me|report|name] [who has|which has|\
which one has] more {attribute}@end
            How [do|would|should|will] @the{first} and @the{second} [compare|rank|stand|do] [in|on|by|as to] {attribute}[?|, and \
who is ahead?|: which leads?]
            [Rank|Order|Sort|Judge] @the{first} and @the{second} [by|on] {attribute}[, who is first?|, the top one, please.| and \
name the first.|; which wins?|.]
            [Who offers|Who gives you|Where do I get|Who carries] more {attribute}[,|:| -] @the{first} or @the{second}@end
            [I could take|We could buy|They may get|I can have] @the{first} or @the{second}[.|;| -|, but] [more|the higher|the \
greater] {attribute} [is what I want|wins|is what they ask for|should decide|is needed][: which|, so which|; which] is it?
            [Take|Suppose|Imagine] @the{first} [and|on one side,] @the{second} [on the table|side by side|here][: who|; which \
one|, which] [leads in|has more|is better in|wins on] {attribute}@end
        """,
        "read": """
            @ask the {field} [in|of|from|stated in|given in] [article |the article |document ||]{article}@end
            [Read|Open|Look up|Check|See|Please read|Please open|Kindly read] [article |the article |document ||]{article}@so \
[what is|tell me|give me|I need|report] [its|the] {field}@end
            [What|Which] {field} [does|is given in|is in|is stated in|do you find in] [article |the article |document ||\
]{article}[ have| give| state|]@end
            {article}[:|,| -|] [its|the|] {field}[.|?|!|]
            @here [article |the article |document ||]{article}@so [what is|tell me|give me|I need] [its|the] {field}@end
            @who @wants the {field} [in|of|from] [article |document ||]{article}@end
            [Take|Get|Copy|Fetch] the {field} [from|out of|in] [article |the article |document ||]{article}@end
            @could [open|read|look into|check|consult] @doc{article} and [tell me|report|copy out|send me|note|quote] the \
{field}@end
            @may [what|which] {field} @doc{article} [gives|states|names|has|reports|mentions]@end
            [According to|As stated in|Going by|In|As per] @doc{article}, [what is the|which is the|what's the] {field}@end
            [A colleague|Someone|The help desk|A caller|The vendor] [sent me|pointed me to|quoted|mentioned|gave me] \
@doc{article}[. What|; what|, what|: what] [is the {field}|{field} does it give|{field} is in it|does it say on {field}]@end
            [I cannot|We cannot|He cannot|They could not] [open|read|load|get at] @doc{article}[. What|; what|, so what] is the \
{field} [in it|there|that it gives]@end
            [I need|We need|They ask for|The report needs|I lack] the {field}[; it is in|, it stands in|, which stands in|. It \
should be in|, as given in|, see] @doc{article}[.|; please read it.|, please open it.|]
            {field}[:|,| -|?] @doc{article}[.|?|!|]
            [Article|Document|Source|Text|Entry]: {article}@sep [wanted|asked|field|needed|looking for]: {field}[.|]
            [Wanted|Field|Needed|Asked|Question]: {field}@sep [article|document|source|text]: {article}[.|]
            The {field} [given|stated|named|noted|recorded|written] in @doc{article}@lack[.|?|!]
            What does @doc{article} [say|state|tell us|give|record] [when it comes to|in the line on|under the heading of|by way \
of|where it speaks of] {field}@end
            How does @doc{article} [describe|state|put|word|name] the {field}@end
            [Going through|Reading|Looking at|Opening] @doc{article}, [what|which] {field} [do you find|do you see|comes up|is \
named]?
            [If|When|Once] you [open|read|look at] @doc{article}, [what|which] {field} [do you find|is there|does it show]?
            [Before I answer|For my report|For the customer|For the record|For the summary], [I need|please give me|tell me|look \
up] the {field} [of|in|from] @doc{article}@end
            {article} [has|contains|gives|states|holds] a {field}[. Which|; which|, which|: which] one[ is it| exactly|]?
            "What is the {field}?" @quoth[, about|; it is about|, on] @doc{article}.
            "Read {article} and [tell me|say|send me] the {field}," @quoth.
            [Since|As|Because] [my screen is small|I am on the road|the link is dead|I have no access], [please read|open|look \
at] @doc{article} [for me|for us|] and [tell me|give me|read out] the {field}@end
            @person [is waiting for|needs|wants|asked for] the {field} [written in|noted in|out of|that stands in] \
@doc{article}[.|, please read it.|; can you look?|. What is it?]
            [There is|We have|I found|Here is] @doc{article}[;|,| and| -] the {field} [in it|it gives|there] [is wanted|is what \
I need|interests me|is to be told|is asked for]@end
            @doc{article} [was|has been] [written|filed|uploaded|stored] [yesterday|by a colleague|last week|for us][. What|; \
what| -  what] {field} [does it give|is in it|does it state]?
            [Does|Would] @doc{article} [give|name|state|contain] the {field}[, and what is it|? What is it|; which one]?
            [Nothing but|Only|Just] the {field} [of|in|from] @doc{article}@end
        """,
        "search": """
            [Search|Find|Look|Please search|Please look|Kindly search] [for|for the error|for error|for the code] {code}@so \
[what is|tell me|give me|I need|report] the {field} [of the article|it gives|that is given|there]@end
            [Is there|Do we have|There may be|We should have] [an article|something written|something] [on|about] {code}@so \
[what is|tell me|give me|I need] [its|the] {field}@end
            [Find|Look for|Search for] [an article|the article|what we know] [on|about|for] {code} and [report|tell me|give me|\
say] [its|the] {field}@end
            [What|Which] {field} does the article [on|about|for] [error |code |]{code} [give|have|state]? [Search|Look] for it \
first.
            @could [search|look|hunt|dig] for [an article|a text|anything written|something] [on|about] @error{code} and [tell \
me|report|copy out|note] [the|its] {field}@end
            [Somewhere|In our knowledge base|In the archive|Among our articles] [there is|there must be|we have|there should be] \
[an article|something written|a text] [on|about] @error{code}[. Find it and tell me|; find it, then give me|, find it and say| - \
search it and report] [the|its] {field}@end
            [I do not know|Nobody knows|We forgot|I lost] [the number of the article|which article it is|where it is written|the \
article's number][; it is about|, it treats|. It deals with|, only the error] {code}[. Search|; search|, so search] [it |]and \
[tell me|give me|report] the {field}@end
            @may [what|which] {field} [the article|our article|the knowledge base|the text we have] [gives|states|has|names] \
[for|on|about] @error{code}[; search for it.|, please search.|. Look for it.|, you must search it.]
            [A search|One search|A quick search] [for|on] @error{code} [should give|will show|ought to turn up|leads to] [an \
article|the article|a text][. What|; what| - what] is its {field}@end
            [Search|Find|Seek] [the knowledge base|our articles|the archive|what we have written] for @error{code}[, and|; then| \
and|. Then] [tell me|report|give me|read out] the {field}@end
            [We got|There was|A user has|I see|They report] @error{code}[. Search|; search|, so search|: find] [the article|an \
article|what is written] [on it|about it|for it] and [say|tell me|give me|report] the {field}@end
            [Search|Find|Look up]: {code}@sep [wanted|then tell|field|needed]: {field}[ of the article|][.|]
            [Wanted|Field|Needed]: {field}[ of the article|]@sep [search|search for|find an article on|article about]: {code}[.|]
            [The|What is the|I need the|Give me the] {field} of [whatever article|the article that|any article that|the text \
that] [treats|deals with|is about|explains|covers] @error{code}[; search it.|, please search.|. Find it.|, find it.]
            [If|When] you search for @error{code}[, what|, which] {field} does the article [you find|that comes up|found] [give|\
state|name|have]?
            [Which|What] article [treats|deals with|is about|explains|covers] @error{code}[, and what is its {field}|? Find it \
and tell me the {field}|; what {field} does it give]@end
            "[Find|Search] the article on {code}," @quoth[; they want|, to know|; needed is] the {field}.
            @person [is looking for|needs|asks for|would like] [an article|the article|what we wrote] [on|about] @error{code}[, \
and its|; above all the|, mainly the|. Search it and name the] {field}@end
            [Since|As|Because] @error{code} [is back|came up|was reported], [search|look for|find] [the article|what we know|\
something written] [on it|about it] and [tell me|give me|name] the {field}@end
            Has [anyone|somebody|a colleague|one of us] [written|noted something|put something down] [about|on] @error{code}? \
[Search for it|Find it|Look for it][ and tell me the|; I need the|, and give me its] {field}@end
            [Do|Run|Start|Try] a search [on|for] @error{code}[, open|; open|, read| and open] [the article|what you find|the \
hit][, and| and|, then] [report|tell me|note] the {field}@end
            [There must be|I remember|We once had|I have seen] [an article|a text|a note] [on|about] @error{code}[;|,| -| and] \
[its|the] {field} is [wanted|what I need|to be found|what they ask for][, search for it|; please search|, so look for it]@end
        """,
        "successor_attribute": """
            @asked the {attribute} of the successor [of|to] @the{device}@end
            @get the successor [of|to] @the{device}[, and| and then|, then|;] [tell me |give me |say ||]its {attribute}@end
            @here @the{device}@so [what {attribute} does its successor have|I need the {attribute} of its successor]@end
            [What|Which] {attribute} does the successor [of|to] @the{device} [have|offer|use|come with]@end
            @get the {attribute} of [what comes after|the device that succeeds] @the{device}@end
            {device}[:|,| -|] [its successor's|the successor's] {attribute}[.|?|!|]
            @may [what|which] {attribute} the successor [of|to] @the{device} [has|offers|comes with|is sold with]@end
            @may what the {attribute} of the [device|model|product] [after|that follows|that replaces|succeeding] @the{device} \
[is|would be]@end
            @could [find|look up|look for] the successor [of|to] @the{device} and [tell me|check|note|read out] its \
{attribute}@end
            @the{device} is [no longer sold|out of stock|discontinued|getting old][. What|; what|, so what] {attribute} does \
[its successor|the one after it|what replaces it] have@end
            [If|When] @the{device} is replaced by its successor, [what|which] {attribute} [do we get|do I get|is that|will there \
be]?
            The {attribute} of the [successor of|successor to|device after|model replacing] @the{device}@lack[.|?|!]
            [Device|Model]: {device}@sep [wanted|asked|needed]: {attribute} of [its|the] successor[.|]
            [Wanted|Asked|Needed|Question]: {attribute} of the successor@sep [device|model]: {device}[.|]
            @person [has|owns|uses|returns] @the{device} and [asks|wonders|wants to know] [what|which] {attribute} [its \
successor|the one after it|the next model] has@end
            "[What|Which] {attribute} does the successor of @the{device} have?" @quoth[.|!]
            How [about|is] the {attribute} of [what replaces|what follows|the successor of|the one after] @the{device}?
            [Since|As|Because] @the{device} is [sold out|discontinued|too old], [I need|tell me|we want] the {attribute} of [its \
successor|what replaces it|the model after it]@end
            [We want to replace|They will replace|I am to replace] @the{device} [by|with] its successor[. What|; what|, so what] \
{attribute} [does that have|will that be|does that one offer]?
        """,
    }.items()
}
"""By kind of task."""
