"""Invented documents, made from the contract's fields: valid ones, and ones that break a rule.

Everything in them comes from a ``random.Random`` that the caller gives, so that a seed, or hypothesis, decides.
"""

from capss_mock.samples.breaking import NEEDS, breakable
from capss_mock.samples.documents import Sample, update_document, write, write_broken

__all__ = ["NEEDS", "Sample", "breakable", "update_document", "write", "write_broken"]
