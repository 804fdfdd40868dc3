"""The English patterns of questions, by kind: (train, validation, test). No pattern stands in two splits.

Belongs here: patterns. {noun}, {more}, {verb} and {members} are filled with fixed words and belong to the phrasing family;
the other slots name records and values.
"""

Patterns = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

PATTERNS: dict[str, Patterns] = {
    "value": (
        ("What is the {noun} of {e}?", "Please state the {noun} of {e}.", "Look up the {noun} of {e}."),
        ("Can you tell me the {noun} of {e}?",),
        (
            "For {e}, what is recorded as the {noun}?",
            "Which {noun} do our records give for {e}?",
            "I would like to know the {noun} of {e}.",
        ),
    ),
    "number": (
        ("What is the {noun} of {e}?", "How much is the {noun} of {e}?", "State the {noun} of {e} with its unit."),
        ("Can you give me the {noun} of {e}?",),
        (
            "For {e}, what value is recorded as the {noun}?",
            "Which figure do our records give as the {noun} of {e}?",
            "I need the {noun} of {e} as a figure.",
        ),
    ),
    "day": (
        ("What is the {noun} of {e}?", "What date is the {noun} of {e}?"),
        ("Can you give me the date of the {noun} of {e}?",),
        ("For {e}, which day is recorded as the {noun}?", "Which day do our records give as the {noun} of {e}?"),
    ),
    "parameter_value": (
        ("What is the value of {p} in {e}?", "To what is {p} set, going by {e}?"),
        ("Can you tell me the setting of {p} from {e}?",),
        ("Going by {e}, how is {p} configured?", "Which setting does {e} give for {p}?"),
    ),
    "parameter_minimum": (
        ("What is the smallest value allowed for {p} in {e}?", "How low may {p} go, going by {e}?"),
        ("Can you tell me the lower bound of {p} from {e}?",),
        ("Going by {e}, below which value must {p} not fall?", "Which least setting does {e} accept for {p}?"),
    ),
    "parameter_maximum": (
        ("What is the largest value allowed for {p} in {e}?", "How high may {p} go, going by {e}?"),
        ("Can you tell me the upper bound of {p} from {e}?",),
        ("Going by {e}, above which value must {p} not rise?", "Which greatest setting does {e} accept for {p}?"),
    ),
    "first_step": (
        ("What is the first step of {e}?", "How does {e} begin?"),
        ("Can you tell me what comes first in {e}?",),
        ("Following {e}, what has to be done before anything else?", "With which step does one start in {e}?"),
    ),
    "last_step": (
        ("What is the last step of {e}?", "How does {e} end?"),
        ("Can you tell me what comes last in {e}?",),
        ("Following {e}, what has to be done at the very end?", "With which step does one finish in {e}?"),
    ),
    "next_step": (
        ('In {e}, which step comes right after "{s}"?', 'What follows "{s}" in {e}?'),
        ('Can you tell me what to do after "{s}" in {e}?',),
        ('Following {e}: "{s}" is done; what is next?', 'Once "{s}" is complete, how does {e} go on?'),
    ),
    "count_devices": (
        ("How many models does {s} have?", "Count the devices of {s}."),
        ("Can you tell me how many devices belong to {s}?",),
        ("Of how many models does {s} consist in our catalogue?", "How many different devices has Lenovo listed in {s}?"),
    ),
    "count_processes": (
        ("How many processes does {s} have?", "Count the processes in {s}."),
        ("Can you tell me how many processes belong to {s}?",),
        ("Of how many processes does {s} consist?", "How many different processes are grouped under {s}?"),
    ),
    "count_incidents": (
        ("How many incidents were recorded on {s}?", "Count the incidents of {s}."),
        ("Can you tell me how many incidents hit {s}?",),
        ("How many times was an incident recorded for {s}?", "How many incidents do our records hold about {s}?"),
    ),
    "count_journeys": (
        ("How many purchase journeys has {s} begun?", "Count the purchase journeys of {s}."),
        ("Can you tell me how many purchase journeys {s} has?",),
        ("How many times did {s} enter a purchase journey with us?", "How many purchase journeys do our records hold for {s}?"),
    ),
    "sum_of": (
        ("What is the total {noun} of {members}?", "Add up the {noun} of {members}."),
        ("Can you sum the {noun} over {members}?",),
        (
            "Taking {members} together, what does the {noun} come to?",
            "If the {noun} is summed over {members}, what is the result?",
        ),
    ),
    "mean_of": (
        ("What is the average {noun} of {members}?", "Compute the mean {noun} of {members}."),
        ("Can you average the {noun} over {members}?",),
        (
            "Taking {members} together, what is the {noun} on average?",
            "If the {noun} is averaged over {members}, what is the result?",
        ),
    ),
    "max_of": (
        ("What is the highest {noun} among {members}?", "Find the maximum {noun} of {members}."),
        ("Can you tell me the largest {noun} over {members}?",),
        ("Looking at {members}, how far up does the {noun} go?", "Which {noun} is the greatest of all {members}?"),
    ),
    "min_of": (
        ("What is the lowest {noun} among {members}?", "Find the minimum {noun} of {members}."),
        ("Can you tell me the smallest {noun} over {members}?",),
        ("Looking at {members}, how far down does the {noun} go?", "Which {noun} is the least of all {members}?"),
    ),
    "range_of": (
        (
            "What is the difference between the highest and the lowest {noun} among {members}?",
            "Find the range of the {noun} of {members}.",
        ),
        ("Can you tell me how far apart the extremes of the {noun} are over {members}?",),
        (
            "Looking at {members}, by how much do the top and bottom {noun} differ?",
            "How wide is the spread of the {noun} over {members}?",
        ),
    ),
    "compare_which": (
        ("Which {verb} {more}: {a} or {b}?", "Compare {a} with {b}: which one {verb} {more}?"),
        ("Can you tell me whether {a} or {b} {verb} {more}?",),
        ("Of {a} and {b}, name the one that {verb} {more}.", "Between {a} and {b}, which one {verb} {more}?"),
    ),
    "compare_whether": (
        ("Is it true that {a} {verb} {more} compared to {b}?", "Compared to {b}, is it so that {a} {verb} {more}?"),
        ("Can you confirm that {a}, set against {b}, {verb} {more}?",),
        (
            "Set beside {b}: can one say that {a} {verb} {more}?",
            "Would it be right to claim that of the two, {a} and {b}, the former {verb} {more}?",
        ),
    ),
    "compare_difference": (
        ("By how much do {a} and {b} differ in {noun}?", "What is the difference in {noun} between {a} and {b}?"),
        ("Can you tell me how far apart {a} and {b} are in {noun}?",),
        ("Set {a} beside {b}: how large is the gap in {noun}?", "How big is the distance in {noun} from {a} to {b}?"),
    ),
    "constrained_devices": (
        ("Which {base} device {c}?", "Find the {base} device that {c}."),
        ("Can you name the {base} device that {c}?",),
        ("There is one {base} device that {c}: which is it?", "I am looking for a {base} device that {c}. What is it called?"),
    ),
    "constrained_processes": (
        ("Which process of the family {base} {c}?", "Find the process of the family {base} that {c}."),
        ("Can you name the process of the family {base} that {c}?",),
        (
            "One process of the family {base} {c}: what is its name?",
            "I am looking for a process in {base} that {c}. What is it called?",
        ),
    ),
    "constrained_incidents": (
        (
            "Which error code belongs to the incident on the {base} that {c}?",
            "Find the error code of the {base} incident that {c}.",
        ),
        ("Can you give me the code of the incident on the {base} that {c}?",),
        (
            "One incident on the {base} {c}: which code did users see?",
            "I am looking for an incident of the {base} that {c}. Which error code goes with it?",
        ),
    ),
    "constrained_journeys": (
        (
            "What was the order value of the purchase journey of {base} that {c}?",
            "Find the order value of the journey of {base} that {c}.",
        ),
        ("Can you give me the value of the order in the journey of {base} that {c}?",),
        (
            "One purchase journey of {base} {c}: how much was ordered in it, in dollars?",
            "I am looking for a journey of {base} that {c}. What was the order worth?",
        ),
    ),
    "lacks_port": (
        ("Does {e} come without any {p}?", "Is {p} missing on {e}?"),
        ("Can you confirm that {e} has no {p}?",),
        ("Would somebody who needs {p} be out of luck with {e}?", "Is it right that no {p} is found on {e}?"),
    ),
    "not_bought": (
        ("Which quoted devices were not bought in {e}?", "What was offered but never ordered in {e}?"),
        ("Can you tell me what was quoted without being bought in {e}?",),
        (
            "In {e}, what did the customer leave out of the order although it had been quoted?",
            "Which part of our quotation was turned down in {e}?",
        ),
    ),
    "others_devices": (
        (
            "Which models of {s} are those of which it is not said that the device {c}?",
            "Name the models of {s} for which it does not hold that the device {c}.",
        ),
        ("Can you list the models of {s} except those for which the device {c}?",),
        (
            "Leaving out every model that {c}, what remains of {s}?",
            "Which models of {s} are left once those are struck off for which it holds that the device {c}?",
        ),
    ),
    "others_processes": (
        (
            "Which processes of {s} are not among those where the process {c}?",
            "Name the processes of {s} for which it does not hold that the process {c}.",
        ),
        ("Can you list the processes of {s} except those for which the process {c}?",),
        (
            "Leaving out every process that {c}, what remains of {s}?",
            "Which processes of {s} are left once those are struck off for which it holds that the process {c}?",
        ),
    ),
    "others_incidents": (
        (
            "Which error codes of {s} belong to incidents other than those of which it is said that the incident {c}?",
            "Name the error codes of {s} whose incident is none that {c}.",
        ),
        ("Can you list the error codes of {s} except where the incident {c}?",),
        (
            "Leaving out every incident that {c}, which error codes remain for {s}?",
            "Which error codes of {s} are left once those are struck off whose incident {c}?",
        ),
    ),
    "others_journeys": (
        (
            "How many purchase journeys of {s} are not among those where the journey {c}?",
            "Count the purchase journeys of {s} for which it does not hold that the journey {c}.",
        ),
        ("Can you count the purchase journeys of {s} except those where the journey {c}?",),
        (
            "Leaving out every journey that {c}, how many purchase journeys of {s} remain?",
            "How many purchase journeys of {s} are left once those are struck off where the journey {c}?",
        ),
    ),
    "last_devices_release_date": (
        ("Which is the newest model of the {s}?", "Name the most recently released device of the {s}."),
        ("Can you tell me the latest model of the {s}?",),
        ("What is the youngest device in the {s}?", "Of all models in the {s}, which came out last?"),
    ),
    "first_devices_release_date": (
        ("Which is the oldest model of the {s}?", "Name the first released device of the {s}."),
        ("Can you tell me the earliest model of the {s}?",),
        ("With which device did the {s} start in our catalogue?", "Of all models in the {s}, which came out first?"),
    ),
    "last_devices_end_of_support": (
        ("Which model of the {s} is supported longest?", "Name the device of the {s} whose support ends last."),
        ("Can you tell me which model of the {s} keeps its support for the longest time?",),
        (
            "What device of the {s} will be the last one to drop out of support?",
            "Of all models in the {s}, which has the latest support deadline?",
        ),
    ),
    "first_devices_end_of_support": (
        ("Which model of the {s} loses support first?", "Name the device of the {s} whose support ends earliest."),
        ("Can you tell me which model of the {s} runs out of support before the others?",),
        (
            "What device of the {s} is the first one to drop out of support?",
            "Of all models in the {s}, which has the earliest support deadline?",
        ),
    ),
    "last_incidents_started_at": (
        (
            "What is the error code of the most recent incident on the {s}?",
            "Name the error code of the last incident that began on the {s}.",
        ),
        ("Can you tell me the code of the newest incident on the {s}?",),
        (
            "When the {s} last had an incident, which error code appeared?",
            "Which error code marks the latest trouble with the {s}?",
        ),
    ),
    "first_incidents_started_at": (
        (
            "What is the error code of the earliest incident on the {s}?",
            "Name the error code of the first incident that began on the {s}.",
        ),
        ("Can you tell me the code of the oldest incident on the {s}?",),
        (
            "When the {s} had its first incident, which error code appeared?",
            "Which error code marks the very first trouble with the {s}?",
        ),
    ),
    "last_processes_established_on": (
        ("Which process of the {s} was introduced last?", "Name the youngest process of the {s}."),
        ("Can you tell me the newest process of the {s}?",),
        (
            "What is the most recent addition to the {s} of processes?",
            "Of all processes in the {s}, which has existed for the shortest time?",
        ),
    ),
    "first_processes_established_on": (
        ("Which process of the {s} was introduced first?", "Name the oldest process of the {s}."),
        ("Can you tell me the earliest process of the {s}?",),
        ("With what process did the {s} start?", "Of all processes in the {s}, which has existed for the longest time?"),
    ),
    "latest_version": (
        ('What is the number of the version of "{e}" that is in force?', 'Which version of "{e}" is the latest?'),
        ('Can you tell me the current version number of "{e}"?',),
        (
            'How many versions has "{e}" gone through up to today, going by its version number?',
            'Which version number does the newest issue of "{e}" carry?',
        ),
    ),
    "latest_published": (
        ('When was the version of "{e}" that is in force published?', 'On what day did the latest version of "{e}" appear?'),
        ('Can you tell me since when the current version of "{e}" exists?',),
        ('From what day is the newest issue of "{e}"?', 'Which day of publication does the present issue of "{e}" bear?'),
    ),
    "latest_fact": (
        ('What is the {noun} in the latest version of "{e}"?', 'As of the newest version of "{e}", what is the {noun}?'),
        ('Can you tell me the {noun} from the most recent version of "{e}"?',),
        ('Going by the newest issue of "{e}", what is the {noun} today?', 'Which {noun} applies at present under "{e}"?'),
    ),
    "days_between": (
        (
            "How many days after its predecessor was {e} released?",
            "Count the days from the release of the predecessor to that of {e}.",
        ),
        ("Can you tell me how many days lie between the release of {e} and that of its predecessor?",),
        (
            "How many days did buyers of the previous model have to wait until {e} came out?",
            "How many days separate the launch of {e} from the launch of the model it replaced?",
        ),
    ),
    "earlier_incidents": (
        (
            "Which error code came up first: that of {a} or that of {b}?",
            "Compare {a} and {b}: give the error code of the one that began earlier.",
        ),
        ("Can you tell me the error code of whichever began first, {a} or {b}?",),
        (
            "Putting {a} and {b} in order of time, which error code stands first?",
            "Of {a} and {b}, which had begun before the other? Give its error code.",
        ),
    ),
    "earlier_devices": (
        ("Which runs out of support first: {a} or {b}?", "Compare {a} and {b}: which one loses support earlier?"),
        ("Can you tell me whether support ends first for {a} or for {b}?",),
        (
            "Putting {a} and {b} in order of their support deadlines, which stands first?",
            "Of {a} and {b}, which has to do without support before the other?",
        ),
    ),
    "earlier_customers": (
        ("Which became our customer first: {a} or {b}?", "Compare {a} and {b}: which has been a customer for longer?"),
        ("Can you tell me whether {a} or {b} signed with us first?",),
        (
            "Putting {a} and {b} in order of their first contracts, which stands first?",
            "Of {a} and {b}, which has the longer history with us?",
        ),
    ),
    "latest_journey_value_usd": (
        (
            "What was the order value of the most recent purchase journey of {c}?",
            "How much did {c} order in its latest journey, in dollars?",
        ),
        ("Can you tell me the value of the latest order of {c}?",),
        (
            "When {c} last entered a purchase journey, what was the order worth?",
            "Going by the newest purchase journey of {c}, how much money was committed?",
        ),
    ),
    "latest_journey_units": (
        (
            "How many units were bought in the most recent purchase journey of {c}?",
            "How many devices did {c} order in its latest journey?",
        ),
        ("Can you tell me the size of the latest order of {c}, in units?",),
        (
            "When {c} last entered a purchase journey, how many units were ordered?",
            "Going by the newest purchase journey of {c}, how many pieces were taken?",
        ),
    ),
    "latest_journey_quoted": (
        ("Which device was quoted in the most recent purchase journey of {c}?", "What was offered to {c} in its latest journey?"),
        ("Can you tell me the device in the latest quotation for {c}?",),
        (
            "When {c} last entered a purchase journey, which device did we quote?",
            "Going by the newest purchase journey of {c}, what was on offer?",
        ),
    ),
    "conflict_current": (
        (
            'One copy of "{e}" gives {old} as the {noun}. What is the {noun} in the version in force?',
            'An older "{e}" says {old}: what is the {noun} now?',
        ),
        ('A printout of "{e}" names {old} as the {noun}. Can you tell me the value that holds today?',),
        (
            'Somebody quotes {old} as the {noun} from an outdated "{e}". What should it be today?',
            'I found {old} as the {noun} in a superseded issue of "{e}". Which value replaced it?',
        ),
    ),
    "conflict_still": (
        ('Does the {noun} of {old} in "{e}" hold under the version in force?', 'Is {old} the current {noun} in "{e}"?'),
        ('Can I rely on {old} as the {noun} in "{e}" today?',),
        (
            'A colleague works with {old} as the {noun} from "{e}". Is that up to date?',
            'Going by the newest issue of "{e}", is {old} right for the {noun}?',
        ),
    ),
    "conflict_change": (
        (
            'By how much does the {noun} in the latest version of "{e}" differ from the version before?',
            'How far did the last revision of "{e}" move the {noun}?',
        ),
        ('Can you tell me the difference in the {noun} between the last two versions of "{e}"?',),
        (
            'Set the newest issue of "{e}" beside the one it replaced: how large is the gap in the {noun}?',
            'How much did the {noun} shift when "{e}" was last reissued?',
        ),
    ),
    "conflict_since": (
        (
            'When did the {noun} in "{e}" change from {old} to {new}?',
            'On what day was the {noun} of {old} in "{e}" replaced by {new}?',
        ),
        ('Can you tell me since when "{e}" has {new} instead of {old} as the {noun}?',),
        (
            'From what day on does "{e}" give {new}, and no longer {old}, as the {noun}?',
            'Which day of publication made {new} out of {old} for the {noun} in "{e}"?',
        ),
    ),
}
