"""``capss-mock openapi``: the API as OpenAPI 3.1."""

import json

import click

from capss_mock import __version__


@click.command()
@click.option("--control", is_flag=True, help="The mock's own API (/__capss/…) instead of CAPSS's.")
def openapi(control: bool) -> None:
    """Print the CAPSS API as an OpenAPI 3.1 document, made from the kit's rules; no public one exists.

    What is known and what is assumed stands beside each operation and member, as x-capss-grade.

    \b
    Examples:
      capss-mock openapi > capss.openapi.json
      capss-mock openapi --control
    """
    if control:
        from capss_mock.contract.controls import document as control_document

        click.echo(json.dumps(control_document(__version__), indent=2, ensure_ascii=False))
        return
    from capss_mock.openapi import document

    click.echo(json.dumps(document(), indent=2, ensure_ascii=False))
