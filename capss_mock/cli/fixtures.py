"""``capss-mock fixtures``: the documents and replies that come with the kit, written out."""

import shutil
from pathlib import Path

import click

from capss_mock.shipped import fixtures as shipped


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option("--force", is_flag=True, help="Write over files that are there already.")
def fixtures(directory: Path, force: bool) -> None:
    """Write sample documents and the DOJ's example replies into DIR, for your own tests.

    uploads/valid is clean under the form of today, uploads/valid/<profile> under that of its time, but for being old
    (validate --set report-dates=off); the name of a file in uploads/broken begins with the rule it breaks. Every person
    and item is invented.

    \b
    Example:
      capss-mock fixtures tests/capss
    """
    source = shipped()
    if source is None:
        raise click.ClickException("this installation came without its fixtures: install the wheel, or use a clone")
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    if not force and (there := next((path for path in files if (directory / path).exists()), None)):
        raise click.ClickException(f"{directory / there} is there already: --force writes over it")
    try:
        for path in files:
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, directory / path)
    except OSError as error:
        raise click.ClickException(f"cannot write {error.filename}: {error.strerror}") from None
    click.echo(f"{len(files)} files in {directory}")
