"""How questions are put, in two parts each: what training draws from, and what the evaluation of skills keeps to itself.

Belongs here: phrasings. `{a}` is a name of the attribute, `{e}` the entity, `{k}` its kind, `{v}` a value, `{l}` a relation,
`{n}` a number, `{x}` and `{y}` entities.
"""

from lenovo_pipeline.models.pretraining.words import split_words

LOOKUPS = (
    (
        "What is the {a} of {e}?",
        "What is the {a} of {e}?",
        "Which {a} does {e} have?",
        "Give the {a} of {e}.",
        "Name the {a} of {e}.",
        "What {a} does {e} have?",
        "Tell me the {a} of {e}.",
        "What is given as the {a} of {e}?",
        "For {e}, what is the {a}?",
        "{e}: what is the {a}?",
        "{e}: {a}?",
        "I need the {a} of {e}.",
        "Look up the {a} of {e}.",
        "What does the file on {e} say about the {a}?",
        "What do we know about the {a} of {e}?",
        "Please find the {a} for {e}.",
        "Could you give me the {a} of {e}?",
        "What is the {a} of the {k} {e}?",
        "What was the {a} of {e}?",
        "Which {a} is noted for {e}?",
        "Do you have the {a} of {e}?",
        "About {e}: which {a} applies?",
        "What {a} is listed under {e}?",
        "How do the notes give the {a} of {e}?",
        "Someone asks about {e}; what is its {a}?",
        "What is {e}'s {a}?",
        "Read me the {a} for {e}, please.",
        "The {a} of {e} is what?",
        "What {a} was recorded for {e}?",
        "Quote the {a} of {e}.",
        "Which value does {e} have for the {a}?",
        "Show the {a} of the {k} {e}.",
        "In the case of {e}, how does the {a} read?",
        "Find out which {a} {e} has.",
        "What figure or name stands for the {a} of {e}?",
        "May I know the {a} of {e}?",
    ),
    (
        "State the {a} belonging to {e}.",
        "With regard to {e}, tell us its {a}.",
        "What should I write down as the {a} of {e}?",
        "Kindly report the {a} for the {k} {e}.",
        "Is there a {a} for {e}, and what is it?",
        "I am looking for {e} and its {a}.",
        "How is the {a} of {e} given?",
        "Which {a} goes with {e}?",
    ),
)
INVERSE = (
    (
        "Which {k} has the {a} {v}?",
        "What has the {a} {v}?",
        "For which {k} is the {a} {v}?",
        "Name the {k} whose {a} is {v}.",
        "Whose {a} is {v}?",
        "{v} is the {a} of which {k}?",
    ),
    (
        "Where do we find {v} as the {a}?",
        "Tell me the {k} that shows {v} for the {a}.",
    ),
)
CHAINS = (
    (
        "What is the {a} of the {l} of {e}?",
        "Give the {a} of the {l} of {e}.",
        "{e} has a {l}; what is the {a} of it?",
        "For the {l} of {e}, what is the {a}?",
        "Name the {a} of the {l} that {e} has.",
    ),
    (
        "Starting from {e}, find the {a} of its {l}.",
        "Which {a} does the {l} of {e} have?",
    ),
)
MORE = (
    (
        "Which has the higher {a}, {x} or {y}?",
        "Does {x} or {y} have the larger {a}?",
        "Of {x} and {y}, which has more {a}?",
        "Compare {x} and {y}: whose {a} is greater?",
    ),
    (
        "Between {x} and {y}, who leads in {a}?",
        "{x} or {y}: which one shows the bigger {a}?",
    ),
)
LESS = (
    (
        "Which has the lower {a}, {x} or {y}?",
        "Does {x} or {y} have the smaller {a}?",
        "Of {x} and {y}, which has less {a}?",
        "Compare {x} and {y}: whose {a} is smaller?",
    ),
    (
        "Between {x} and {y}, who is behind in {a}?",
        "{x} or {y}: which one shows the lesser {a}?",
    ),
)
YES_NO = (
    (
        "Is the {a} of {e} {v}?",
        "Is {v} the {a} of {e}?",
        "Does {e} have the {a} {v}?",
        "Can you confirm that the {a} of {e} is {v}?",
        "Is it right that {e} has {v} as its {a}?",
    ),
    (
        "They say that the {a} of {e} is {v}; is that so?",
        "True or not: {e} has the {a} {v}?",
    ),
)
STEPS = (
    (
        "What is step {n} of {e}?",
        "What does step {n} of {e} say?",
        "Give step {n} for {e}.",
        "In {e}, what is step {n}?",
        "Which action is step {n} of {e}?",
    ),
    (
        "Read out number {n} of the steps of {e}.",
        "What is to be done in step {n} of {e}?",
    ),
)
COUNTS = (
    (
        "How many steps does {e} have?",
        "How many steps are there for {e}?",
        "Count the steps of {e}.",
        "What is the number of steps of {e}?",
    ),
    (
        "Into how many steps is {e} divided?",
        "Tell me how many steps {e} takes.",
    ),
)
LISTS = (
    (
        "List all {k} records shown.",
        "Which names do the passages deal with?",
        "Name everything the passages are about.",
    ),
    ("What are the passages about? Name each.",),
)
CHINESE_LOOKUPS = (
    (
        "{e}的{a}是什么？",
        "{e}的{a}是多少？",
        "请问{e}的{a}是什么？",
        "请说出{e}的{a}。",
        "{e}的{a}？",
        "我想知道{e}的{a}。",
        "查一下{e}的{a}。",
        "{e}有什么样的{a}？",
        "关于{e}，{a}是什么？",
    ),
    (
        "能告诉我{e}的{a}吗？",
        "请给出{e}的{a}。",
        "{e}的{a}为何？",
    ),
)

# Words around attribute and entity in questions that follow no pattern: what is asked for must be found by what the passages say.
FILLERS = split_words(
    """
    please the kindly we need to know about with regard find what is for me tell now must report out that one entry look up
    in file given by of and its this which how who when where could you would like it do does did has have was are there any
    can I my our your their on at from as write down say state note stated noted listed recorded known read check ask asking
    asked want wants looking belongs belonging goes going show shown here so then just only also today again next first last
    same other some someone else let us see get give put take made make back over under under into
    """
)
