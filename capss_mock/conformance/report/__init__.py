"""Writes reports: text for people, JSON, JUnit XML, one HTML file, Markdown. Every line shows the grades."""

from capss_mock.conformance.report.html import as_html
from capss_mock.conformance.report.json import as_json
from capss_mock.conformance.report.junit import as_junit
from capss_mock.conformance.report.markdown import as_markdown
from capss_mock.conformance.report.text import as_text

__all__ = ["as_html", "as_json", "as_junit", "as_markdown", "as_text"]
