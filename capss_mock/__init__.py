"""An offline mock of CAPSS, the California DOJ's Pawn and Secondhand Dealer System. Unofficial.

Importing the package imports nothing else: doors (``capss_mock.cli``, ``capss_mock.server``, ``capss_mock.app``)
load what they need when they need it.
"""

__version__ = "0.1.0"
