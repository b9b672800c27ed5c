"""Where the knowledge comes from, when it was read and how far."""

from capss_mock.contract.model import Source, by_id

SOURCES = by_id(
    (
        Source(
            id="sheet",
            title="Instructions for CAPSS API Users",
            publisher="California Department of Justice",
            address=None,
            read="whole",
            read_on="2026-11-24",
            note="Twelve steps of curl commands with one example reply each: the only primary source on the wire.",
        ),
        Source(
            id="doj-pdf",
            title="CAPSS API client documentation: URL endpoints, request parameters and status codes",
            publisher="California Department of Justice",
            address="https://oag.ca.gov/sites/all/files/agweb/pdfs/secondhand/capss/api-client-doj-capps-bulk-upload.pdf",
            read="exists, unread",
            read_on=None,
            note="Step 12 of the sheet names its address; we could not read it. It may settle open questions.",
        ),
        Source(
            id="client-a",
            title="Public CAPSS client A (Python, a music store chain, Nov 2025 to Feb 2026)",
            publisher="an integrator",
            address=None,
            read="through our notes on its source",
            read_on="2026-11-24",
            note="Proof of what is sent or relied on, not of what the server does.",
        ),
        Source(
            id="client-b",
            title="Public CAPSS client B (PHP, a buyer with 12 stores, 2018 to 2020)",
            publisher="an integrator",
            address=None,
            read="through our notes on its source",
            read_on="2026-11-24",
            note="An older document generator; agrees with A on the order of transactions and customers.",
        ),
        Source(
            id="spring",
            title="Spring Boot, Spring Security, Spring Authorization Server, Jackson and Tomcat: documented defaults",
            publisher="the Spring, FasterXML and Apache projects",
            address=None,
            read="the behaviours named, through our notes",
            read_on="2026-11-24",
            note="The shape of the token, its reply and completedAt reveal this stack.",
        ),
        Source(
            id="rfc6749",
            title="RFC 6749: The OAuth 2.0 Authorization Framework",
            publisher="IETF",
            address="https://www.rfc-editor.org/rfc/rfc6749",
            read="sections 2.3.1, 4.4, 5.1, 5.2, through our notes",
            read_on="2026-11-24",
        ),
        Source(
            id="rfc6750",
            title="RFC 6750: The OAuth 2.0 Authorization Framework: Bearer Token Usage",
            publisher="IETF",
            address="https://www.rfc-editor.org/rfc/rfc6750",
            read="sections 2.1, 3, 3.1, through our notes",
            read_on="2026-11-24",
        ),
        Source(
            id="rfc7517",
            title="RFC 7517: JSON Web Key (JWK)",
            publisher="IETF",
            address="https://www.rfc-editor.org/rfc/rfc7517",
            read="section 5, through our notes",
            read_on="2026-11-24",
        ),
        Source(
            id="xml10",
            title="Extensible Markup Language (XML) 1.0, Fifth Edition",
            publisher="W3C",
            address="https://www.w3.org/TR/xml/",
            read="the definition of well-formedness, through our notes",
            read_on="2026-11-24",
        ),
        Source(
            id="kit",
            title="This project's own choice",
            publisher="capss-kit",
            address=None,
            read="whole",
            read_on="2026-11-24",
            note="Nothing is known; the choice is written down so that it can be replaced.",
        ),
    )
)
