"""Invented documents: clean under their profile, or broken in one way; judged by the checker, and by lxml alone."""

import re
from collections import Counter
from datetime import datetime
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from capss_mock import strategies
from capss_mock.contract.fields import FORMS, PROFILES, Profile
from capss_mock.contract.model import Level
from capss_mock.contract.rules import RULES
from capss_mock.domain.brief import Brief
from capss_mock.domain.checking import Report, check_document
from capss_mock.domain.values import Checks
from capss_mock.samples import NEEDS, Sample, breakable, update_document, write, write_broken

NEXT_DAY = datetime.fromisoformat("2025-12-16T12:00:00")
SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


def check(document: bytes, profile: Profile) -> Report:
    return check_document(lambda: [document], Brief(checks=Checks(profile), now=NEXT_DAY), license_id="000000300")


def found(report: Report, *, errors: bool = False) -> set[str]:
    return {each.finding.rule for each in report.findings if each.finding.is_error or not errors}


def valid(seed: int, profile: Profile, transactions: int = 3) -> bytes:
    return b"".join(write(Random(seed), Sample(transactions, profile)))


@pytest.mark.proof
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_two_thousand_valid_documents_are_clean(profile: Profile) -> None:
    for seed in range(2000):
        random = Random(seed)
        document = b"".join(write(random, Sample(random.randint(1, 7), profile)))
        assert found(check(document, profile)) == set(), f"seed {seed}"


@pytest.mark.proof
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_broken_documents_are_found_with_that_rule_and_no_other_error(profile: Profile) -> None:
    for rule in breakable(profile):
        for seed in range(100):
            assert_broken(rule, b"".join(write_broken(Random(seed), Sample(1 + seed % 4, profile), rule)), profile)


def assert_broken(rule: str, document: bytes, profile: Profile) -> None:
    report = check(document, profile)
    assert rule in found(report)
    assert found(report, errors=True) == ({rule} if RULES[rule].level is Level.ERROR else set())


@SLOW
@given(st.data(), st.sampled_from(list(PROFILES)))
def test_the_strategy_for_valid_documents_gives_clean_ones(data: st.DataObject, profile: str) -> None:
    document = data.draw(strategies.documents(profile))
    assert found(check(document, PROFILES[profile])) == set()
    root = etree.fromstring(document)  # by lxml alone: the shape that the contract tells
    assert 1 <= len(root.findall("bulkUploadData/propertyTransaction")) <= 3
    assert root.find("bulkUploadData").get("licenseNumber") == "000000300"


@SLOW
@given(st.data(), st.sampled_from(list(PROFILES)))
def test_the_strategy_for_broken_documents_breaks_the_rule_that_it_names(data: st.DataObject, profile: str) -> None:
    broken = data.draw(strategies.broken_documents(profile))
    assert_broken(broken.rule, broken.document, PROFILES[profile])


@settings(max_examples=5)
@given(strategies.broken_documents(rule="DOC-VALUE"))
def test_one_rule_can_be_asked_for(broken: strategies.Broken) -> None:
    assert broken.rule == "DOC-VALUE"
    assert found(check(broken.document, PROFILES["2026"])) == {"DOC-VALUE"}


def test_a_rule_that_cannot_be_broken_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="'DOC-NONE' cannot be broken under profile 2026: known are DOC-AMOUNT"):
        strategies.broken_documents(rule="DOC-NONE")
    with pytest.raises(ValueError, match="'DOC-PERSON-DATA' cannot be broken under profile 2020"):
        strategies.broken_documents("2020", rule="DOC-PERSON-DATA")


def test_every_rule_about_documents_can_be_broken_but_one() -> None:
    documents = {rule.id for rule in RULES.values() if rule.level in (Level.ERROR, Level.WARNING)}
    assert documents - set(breakable(PROFILES["2026"])) == {"DOC-XSD", "DOC-KEY"}  # of a schema, of updates
    assert set(NEEDS) == {"DOC-LICENCE-MISMATCH"}


def test_a_rule_that_a_profile_does_not_know_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="DOC-REFERENCE cannot be broken under profile 2020: referenceId is expected"):
        write_broken(Random(1), Sample(1, PROFILES["2020"]), "DOC-REFERENCE")
    with pytest.raises(ValueError, match="no sample can break DOC-XSD: known are DOC-AMOUNT-FORMAT"):
        write_broken(Random(1), Sample(), "DOC-XSD")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_element_and_form_that_the_contract_knows_comes_up(profile: Profile) -> None:
    documents = [etree.fromstring(valid(seed, profile)) for seed in range(150)]
    names = Counter(element.tag for root in documents for element in root.iter() if isinstance(element.tag, str))
    known = {field.name for group in _groups() for field in group.fields}
    absent = known - names.keys()
    assert absent == (set() if profile.old_names else {"thumbprint"})
    texts = " ".join(document.decode() for document in (valid(seed, profile) for seed in range(150)))
    assert 'xsi:nil="true"' in texts
    assert 'xsi:nil="1"' in texts
    assert bool(re.search("<dateOfBirth>[0-9]", texts)) is not profile.on_file
    assert bool(re.search("<custLastName>on file", texts))
    assert bool(re.search("<weight unit=", texts))
    orders = {tuple(child.tag for child in item) for root in documents for item in root.iter("item") if len(item) == 15}
    assert len(orders) > 3


def _groups() -> list:
    groups = [FORMS["upload"].record]
    for group in groups:
        groups += [field for field in group.fields if field.fields]
    return groups


def test_no_text_in_a_sample_can_be_taken_for_a_persons() -> None:
    people = {"custLastName", "custFirstName", "custMiddleName", "streetAddress", "nonUSAddress", "employeeName"}
    for seed in range(100):
        for element in etree.fromstring(valid(seed, PROFILES["2018"])).iter(*people):
            assert re.search("Invent|Nowhere|on file|^I$", element.text or ""), element.tag


def test_a_seed_gives_the_same_document_and_another_one_another() -> None:
    assert valid(1, PROFILES["2026"]) == valid(1, PROFILES["2026"])
    assert valid(1, PROFILES["2026"]) != valid(2, PROFILES["2026"])


def test_an_update_names_the_items_it_is_for() -> None:
    document = update_document(Random(1), ["INV-1", "INV-2"])
    report = check_document(lambda: [document], Brief("update"))
    assert (report.items, report.findings) == (2, [])
    assert [each.text for each in etree.fromstring(document).iter("referenceId")] == ["INV-1", "INV-2"]
