"""Every statement about CAPSS that the mock acts on, by area; ids are stable and never reused."""

from capss_mock.contract.model import Rule, by_id
from capss_mock.contract.rules import bearer, documents, submissions, token, web

RULES: dict[str, Rule] = by_id((*token.RULES, *bearer.RULES, *submissions.RULES, *web.RULES, *documents.RULES))
