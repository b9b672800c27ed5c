"""The conformance suite: does a program, or a server, do what it should?

``capss-mock judge -- COMMAND`` runs a program through the scenarios (``client/``), ``capss-mock verify URL`` asks a
server (``server/``); both make the same reports (``report/``). What they are held to is data: ``contract/checks``.
"""
