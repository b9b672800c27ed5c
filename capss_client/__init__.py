"""The CAPSS client: its place in the distribution. It offers nothing yet.

The package is here so that what a base install holds (the client, never the mock) and its import rule (it does
not know ``capss_mock``; a test guards that) are fixed from the first release. See CHANGELOG.md for what has landed.
"""

__all__: list[str] = []
