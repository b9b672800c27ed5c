"""The documents and replies that come with the kit: in the wheel, or in a checkout."""

from pathlib import Path


def fixtures() -> Path | None:
    """Their directory; None where the kit was installed without them."""
    for directory in (Path(__file__).parent / "_fixtures", Path(__file__).parents[1] / "fixtures"):
        if directory.is_dir():
            return directory
    return None
