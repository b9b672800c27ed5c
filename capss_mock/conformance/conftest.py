"""Makes the suite usable with pytest: it wants to know what is judged."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the half that is not asked for; a usage error if neither is."""
    ours = [each for each in items if each.path.is_relative_to(_HERE)]
    if ours and not config.getoption("--capss-command") and not config.getoption("--capss-target"):
        raise pytest.UsageError('name what is judged: --capss-command "./upload.sh {file}", or --capss-target URL')
    items[:] = [each for each in items if each not in ours or "NOTSET" not in each.name]
