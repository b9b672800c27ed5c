"""The contract is whole: ids, grades, citations and references fit together."""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date

import pytest

from capss_mock.contract import responses
from capss_mock.contract.checks import CHECKS
from capss_mock.contract.fields import FORMS, Field, profile_on
from capss_mock.contract.model import Choice, Grade, Level, Option, Switch, by_id
from capss_mock.contract.operations import OPERATIONS, STATUS_OF, served
from capss_mock.contract.rules import RULES
from capss_mock.contract.scenarios import SCENARIOS
from capss_mock.contract.sources import SOURCES
from capss_mock.contract.switches import DIALECTS, SWITCHES

PERSONAL = {
    "custLastName", "custFirstName", "custMiddleName", "race", "phoneNumber", "nonUSAddress", "gender", "hairColor",
    "eyeColor", "height", "weight", "dateOfBirth", "dateOfBirthText", "streetAddress", "city", "state", "postalCode",
    "id", "noFinger", "noFingerText", "signature", "fingerprint", "thumbprint", "employeeName",
    "description", "inscription", "ownerAppliedNumber",
}  # fmt: skip


def _citations() -> list[tuple[str, str]]:
    rows = [*RULES.values(), *OPERATIONS.values(), *SWITCHES.values(), *SCENARIOS.values(), *CHECKS.values()]
    return [(row.id, each.source) for row in rows for each in row.citations]


def test_every_row_cites_a_source_that_exists_and_every_source_is_used() -> None:
    cited = _citations()
    assert {row for row, _ in cited} == {*RULES, *OPERATIONS, *SWITCHES, *SCENARIOS, *CHECKS}
    # the unread document is listed because it exists, not because anything is known from it
    assert {source for _, source in cited} == set(SOURCES) - {"doj-pdf"}


def test_the_unread_document_is_recorded_as_unread() -> None:
    assert SOURCES["doj-pdf"].read == "exists, unread"
    assert SOURCES["doj-pdf"].read_on is None
    assert [source.id for source in SOURCES.values() if source.read_on is None] == ["doj-pdf"]


def test_rule_ids_have_the_form_of_their_area() -> None:
    assert [rule for rule in RULES if not re.fullmatch(r"(TOK|BEA|UPL|STA|UPD|WEB|DOC|DUP)(-[A-Z]+)+", rule)] == []


def test_a_refusal_has_an_answer_and_a_hint() -> None:
    for rule in RULES.values():
        assert (rule.answer is not None) == (rule.level is Level.REFUSAL), rule.id
        assert rule.hint or rule.level is Level.BEHAVIOUR, rule.id


def test_switches_named_by_rules_exist_and_every_switch_is_named_by_a_rule_or_is_the_kits_own() -> None:
    named = {rule.switch for rule in RULES.values() if rule.switch}
    assert named <= set(SWITCHES)
    assert set(SWITCHES) - named == {
        "document-profile", "on-error-default", "signing-key", "size-limit",
        "update-container", "update-document", "update-key", "update-root",
    }  # fmt: skip


def test_defaults_and_dialects_can_be_read() -> None:
    for switch in SWITCHES.values():
        switch.read(switch.default)
    for dialect in DIALECTS.values():
        for name, setting in dialect.settings.items():
            assert str(SWITCHES[name].read(setting)) != SWITCHES[name].default


def test_what_only_our_choice_supports_is_graded_assumed() -> None:
    for rule in RULES.values():
        if {each.source for each in rule.citations} == {"kit"}:
            assert rule.grade is Grade.ASSUMED, rule.id


def test_what_the_doj_documents_cites_the_sheet_a_law_or_a_standard() -> None:
    for rule in RULES.values():
        if rule.grade is Grade.DOCUMENTED:
            assert {each.source for each in rule.citations} & {
                "sheet",
                "xml10",
                "rfc6749",
                "xmlschema",
                "sb1317",
                "bpc",
            }, rule.id


def test_shapes_name_rules_and_refuse_wrong_members() -> None:
    shapes = [value for value in vars(responses).values() if isinstance(value, responses.Shape)]
    assert {shape.rule for shape in shapes} <= set(RULES)
    with pytest.raises(ValueError, match="WEB-ERROR-BODY: members"):
        responses.ERROR.fill({"status": 404})


def below(field: Field) -> Iterator[Field]:
    for each in field.fields:
        yield each
        yield from below(each)


def test_no_personal_element_is_kept_and_each_is_marked() -> None:
    for form in FORMS.values():
        assert not {field.name for field in form.item.fields if field.kept} & PERSONAL
        assert not {field.name for field in below(form.record) if field.kept and field.personal}
    customer = next(field for field in FORMS["upload"].record.fields if field.name == "customer")
    assert {field.name for field in below(customer) if not field.personal} == {"id"}


@pytest.mark.parametrize(
    ("day", "profile"),
    [
        ("2017-05-01", "2018"),
        ("2019-12-31", "2018"),
        ("2020-01-01", "2020"),
        ("2022-12-31", "2020"),
        ("2023-01-01", "sb1317"),
        ("2026-01-31", "sb1317"),
        ("2026-02-01", "2026"),
        ("2030-01-01", "2026"),
    ],
)
def test_a_day_has_a_profile(day: str, profile: str) -> None:
    assert profile_on(date.fromisoformat(day)).id == profile


def test_the_generations_have_their_own_paths_and_every_upload_has_a_status() -> None:
    new, old = {op.path for op in served("new")}, {op.path for op in served("old")}
    assert new & old == {
        "/oauth2/jwks",
        "/oauth2/introspect",
        "/oauth2/revoke",
        "/.well-known/oauth-authorization-server",
    }
    assert {op.path for op in served("both")} == new | old
    uploads = {op.id for op in OPERATIONS.values() if op.kind in ("upload", "update")}
    assert set(STATUS_OF) == uploads
    assert set(STATUS_OF.values()) <= set(OPERATIONS)


def test_grades_have_letters() -> None:
    assert [grade.letter for grade in Grade] == ["D", "O", "I", "A"]
    assert [grade.unverified for grade in Grade] == [False, False, True, True]


def test_an_id_cannot_be_used_twice() -> None:
    rule = next(iter(RULES.values()))
    assert "id" in {field.name for field in fields(rule)}
    with pytest.raises(ValueError, match="used twice"):
        by_id([rule, rule])


SWITCH = Switch(
    "s", "?", (Option("a", "A"), Option("n", "N", argument="N"), Option("r", "R", argument="S", whole=False)), "a"
)


@pytest.mark.parametrize(
    ("text", "choice"),
    [("a", Choice("a")), ("n:3", Choice("n", 3.0)), (" n:03 ", Choice("n", 3.0)), ("r:0.5", Choice("r", 0.5))],
)
def test_a_switch_reads_its_options(text: str, choice: Choice) -> None:
    assert SWITCH.read(text) == choice


@pytest.mark.parametrize("text", ["", "b", "a:1", "n", "n:", "n:-1", "n:1.5", "n:x", "r:1e3", "r:nan", "n:٣"])
def test_a_switch_refuses_anything_else_and_says_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="allowed are a, n:N, r:S"):
        SWITCH.read(text)


@pytest.mark.parametrize("text", ["a", "n:3", "n:104857600", "r:0.25"])
def test_a_choice_writes_what_its_switch_reads(text: str) -> None:
    assert str(SWITCH.read(text)) == text
