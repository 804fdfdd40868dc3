"""Names, variants, misspellings, generations, titles, amounts and months in a question lead to the records they mean."""

import pytest

from lenovo_pipeline.retrieval.interface import Filters
from lenovo_pipeline.retrieval.linking import Linker, Name
from lenovo_pipeline.retrieval.quantities import amounts, generations, months
from lenovo_pipeline.retrieval.reading import read
from lenovo_pipeline.retrieval.register import Device, Record, Register
from lenovo_pipeline.retrieval.words import kinds_asked, plain, relations_asked

NAMES = [
    Name("device", "T14-4", "ThinkPad T14 Gen 4"),
    Name("device", "T14-5", "ThinkPad T14 Gen 5"),
    Name("device", "T14-5", "T14 Gen 5"),
    Name("device", "T14s-5", "ThinkPad T14s Gen 5"),
    Name("device", "SR650", "ThinkSystem SR650"),
    Name("device", "razr-2026", "razr 2026"),
    Name("series", "ThinkPad T14", "ThinkPad T14"),
    Name("series", "ThinkSystem SR650", "ThinkSystem SR650"),
    Name("customer", "C-1", "Aster Digital"),
    Name("process", "P-1", "Service Quote, Japan"),
    Name("incident", "I-1", "CON-C43F"),
    Name("document", "D-1", "Price list: ThinkPad T14 Gen 5"),
    Name("document", "D-2", "Price list: ThinkPad T14 Gen 5"),
]


@pytest.fixture(scope="module")
def register() -> Register:
    linker = Linker(NAMES, fuzzy=("device", "series", "customer", "process"), titles=("document",))
    devices = {
        "T14-4": Device("ThinkPad T14 Gen 4", "ThinkPad T14", "ThinkPad", 4, 2023),
        "T14-5": Device("ThinkPad T14 Gen 5", "ThinkPad T14", "ThinkPad", 5, 2024),
        "SR650": Device("ThinkSystem SR650", "ThinkSystem SR650", "ThinkSystem", 1, 2017),
        "SR650-2": Device("ThinkSystem SR650 V2", "ThinkSystem SR650", "ThinkSystem", 2, 2021),
    }
    records = {
        "D-1": Record("documents", "en", (), (), version=1, superseded_by="D-2"),
        "D-2": Record("documents", "en", (), (), version=2),
    }
    return Register(records, {}, devices, {("T14-5", "1.24"): "FW-1"}, linker)


@pytest.mark.parametrize(
    ("question", "devices"),
    [
        ("How heavy is the ThinkPad T14 Gen 5?", ("T14-5",)),
        ("how heavy is the thinkpad-t14 GEN5", ("T14-5",)),
        ("T14 Gen 5 battery", ("T14-5",)),
        ("Weight of the ThinkPda T14 Gen 5", ("T14-5",)),
        ("Weight of the Thinkpd T14s Gen 5", ("T14s-5",)),
        ("ThinkPad T14s Gen 5", ("T14s-5",)),
        ("ThinkPad T14 Gen 7", ()),
        ("the razr 2026+ is none of ours", ()),
        ("请问ThinkPad T14 Gen 4有多重？", ("T14-4",)),
        ("Is the ThinkPad T14 Gen 4 or the ThinkPad T14 Gen 5 lighter?", ("T14-4", "T14-5")),
        ("the fourth-generation ThinkPad T14", ("T14-4",)),
        ("第5代ThinkPad T14的重量", ("T14-5",)),
        ("the ThinkPad T14 launched in 2024", ("T14-5",)),
        ("2023年上市的ThinkPad T14", ("T14-4",)),
        ("the second-generation ThinkSystem SR650", ("SR650-2",)),
        ("the ThinkSystem SR650", ("SR650",)),
        ("the ninth-generation ThinkPad T14", ()),
    ],
)
def test_a_device_is_found_however_it_is_called(register: Register, question: str, devices: tuple[str, ...]) -> None:
    assert read(question, register).devices == devices


def test_a_misspelt_name_never_becomes_one_with_other_digits(register: Register) -> None:
    assert read("Weight of the ThinkPda T14 Gen 6", register).devices == ()


def test_a_series_is_meant_where_the_words_around_it_say_so(register: Register) -> None:
    assert read("models of the ThinkSystem SR650 series", register).series == ("ThinkSystem SR650",)
    assert read("models of the ThinkSystem SR650 series", register).devices == ()
    assert read("ThinkSystem SR650系列有几款机型", register).series == ("ThinkSystem SR650",)


def test_customers_processes_and_codes_are_found_misspelt_or_not(register: Register) -> None:
    reading = read("Did Astor Digital see con-c43f?", register)
    assert reading.incidents == ("I-1",)
    assert read("What did Asrer Digital order?", register).customers == ("C-1",)
    assert read("Who runs the Service Quote, Japan process?", register).processes == ("P-1",)


def test_a_name_of_a_record_is_no_word_of_the_question(register: Register) -> None:
    """Otherwise the process Service Quote would be taken for a question about quotes."""
    assert read("Who runs the Service Quote, Japan process?", register).kinds == {"processes"}


def test_a_title_is_found_with_the_newest_version_first_and_not_taken_for_the_device_in_it(register: Register) -> None:
    reading = read("What does “Price list: ThinkPad T14 Gen 5” say today?", register)
    assert reading.documents == ("D-2", "D-1")
    assert reading.devices == ()
    assert "latest" in reading.relations
    assert read("What did version 1 of “Price list: ThinkPad T14 Gen 5” say?", register).documents == ("D-1", "D-2")


def test_firmware_is_found_by_device_and_version(register: Register) -> None:
    assert read("What broke under firmware 1.24 of the ThinkPad T14 Gen 5?", register).firmware == ("FW-1",)


def test_the_context_stands_in_only_where_the_question_names_nothing(register: Register) -> None:
    mine = Filters(context_device="T14-4", context_customer="C-1")
    assert read("How heavy is my laptop?", register, mine).devices == ("T14-4",)
    assert read("How heavy is the ThinkPad T14 Gen 5?", register, mine).devices == ("T14-5",)
    assert read("What did the customer buy?", register, mine).customers == ("C-1",)


def test_months_amounts_and_generations_are_read_in_both_languages() -> None:
    assert months(plain("began in June 2026, then 2025年4月, then 2024-11-03")) == ((2026, 6), (2025, 4), (2024, 11))
    assert generations(plain("the twelfth-generation, the 3rd-generation, 第十代, 第2代")) == (12, 3, 10, 2)
    found = [
        (a.relation, a.value, a.unit) for a in amounts(plain("less than 560 GB, the 1,548-unit order worth 71518.09 USD, 2 TB"))
    ]
    assert found == [("<", 560.0, "GB"), ("=", 1548.0, "units"), ("=", 71518.09, "USD"), ("=", 2048.0, "GB")]
    assert [(a.relation, a.value, a.unit) for a in amounts(plain("超過13台，192小時"))] == [
        (">", 13.0, "units"),
        ("=", 192.0, "h"),
    ]


def test_words_of_both_scripts_say_what_is_asked_for() -> None:
    assert kinds_asked(plain("各次採購過程")) == kinds_asked(plain("各次采购过程")) == {"journeys"}
    assert relations_asked(plain("the direct successor of it")) == {"successor"}
    assert relations_asked(plain("它的後繼機型")) == {"successor"}
