"""``capss-mock sample``: an invented upload document of any length, valid or broken in one way."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random, SystemRandom
from typing import IO

import click

from capss_mock.clock import SystemClock
from capss_mock.contract.fields import DEFAULT_PROFILE, PROFILES
from capss_mock.domain.times import pacific
from capss_mock.samples import NEEDS, Sample, breakable, write, write_broken
from capss_mock.samples.documents import LICENCE

_LONG = 3000  # transactions that take more than a second


@click.command()
@click.option("--transactions", type=click.IntRange(1, 10_000_000), default=3, show_default=True, metavar="N")
@click.option("--profile", type=click.Choice(list(PROFILES)), default=DEFAULT_PROFILE, show_default=True)
@click.option("--seed", type=int, help="The same seed and options give the same document; without it, each is new.")
@click.option("--break", "rule", metavar="RULE-ID", help="Break this rule, and no other one that is an error.")
@click.option("--license", "licence", default=LICENCE, show_default=True, help="Its licenseNumber.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="When everything was sold (default: yesterday).")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write here, not to stdout.")
def sample(
    transactions: int,
    profile: str,
    seed: int | None,
    rule: str | None,
    licence: str,
    day: datetime | None,
    output: Path | None,
) -> None:
    """Write an upload document in which everything is invented: clean, or with one rule broken.

    It takes every form that the known programs write: orders of an item's elements, fillers, nil and Text forms.

    \b
    Examples:
      capss-mock sample > day.xml
      capss-mock sample --transactions 20000 --seed 7 -o long.xml
      capss-mock sample --break DOC-AMOUNT-FORMAT | capss-mock validate -
    """
    if not (licence.isascii() and licence.isdigit()):
        raise click.UsageError(f"--license {licence!r} is not digits only; --break DOC-LICENCE-FORMAT writes such")
    chosen = PROFILES[profile]
    rule = rule.upper() if rule else None
    random = Random(seed) if seed is not None else SystemRandom()  # noqa: S311 - invented data
    wanted = Sample(transactions, chosen, day.date() if day else _yesterday(), licence)
    if rule is None:
        pieces = write(random, wanted)
    elif rule in breakable(chosen):
        pieces = write_broken(random, wanted, rule)
    else:
        raise click.UsageError(f"{rule} cannot be broken under profile {profile}: {', '.join(breakable(chosen))} can")
    with _opened(output) as file, _progress(pieces, transactions, output) as shown:
        for piece in shown:
            file.write(piece)
    if rule in NEEDS and sys.stderr.isatty():
        click.echo(f"{rule} is seen with {NEEDS[rule]}", err=True)


def _yesterday() -> date:
    return pacific(SystemClock().now_ns()).date() - timedelta(days=1)


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with output.open("wb") as file:
            yield file
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from None


@contextmanager
def _progress(pieces: Iterator[bytes], transactions: int, output: Path | None) -> Iterator[Iterator[bytes]]:
    if transactions < _LONG or not sys.stderr.isatty() or (output is None and sys.stdout.isatty()):
        yield pieces
        return
    with click.progressbar(pieces, length=transactions, label="writing", file=sys.stderr) as bar:
        yield iter(bar)
