"""All situations that the mock can produce, by id."""

from capss_mock.contract.model import by_id
from capss_mock.contract.scenarios import saved, undecided, unsaved

SCENARIOS = by_id((*saved.SCENARIOS, *unsaved.SCENARIOS, *undecided.SCENARIOS))
DEFAULT_SCENARIO = "happy"
SCENARIO_MARK = "--"  # before the scenario that a client id or a file name asks for: apitest--slow, day--slow.xml
