"""Imports only point down: the house's order, read from the sources."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = [
    {"contract"},
    {"coverage", "samples"},
    {"clock", "settings", "shipped", "openapi"},
    {"domain", "strategies"},
    {"store"},
    {"usecases"},
    {"web"},
    {"app"},
    {"run"},
    {"serving", "steering", "transports"},
    {"server", "remote"},
    {"conformance"},
    {"pytest_support"},
    {"cli", "pytest_plugin"},
    {"__main__"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FOREIGN = {
    "contract": set(),
    "domain": {"lxml", "joserfc", "cryptography", "holidays"},
    "store": {"sqlalchemy"},
    "usecases": set(),
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not used here"
            yield node.module or ""


def place(path: Path) -> str:
    return path.relative_to(ROOT / "capss_mock").parts[0].removesuffix(".py")


def violations(path: Path, names: Iterator[str]) -> Iterator[str]:
    here = place(path)
    for name in names:
        steps = name.split(".")
        if steps[0] == "capss_client":
            yield f"{path.relative_to(ROOT)} knows the client"
        if steps[0] != "capss_mock" or len(steps) < 2 or here == "__init__":
            continue
        if RANK[steps[1]] > RANK[here]:
            yield f"{path.relative_to(ROOT)} looks up into {steps[1]}"


def test_every_module_of_the_mock_has_a_place_in_the_order() -> None:
    assert {place(path) for path in modules("capss_mock")} - {"__init__"} == set(RANK)


@pytest.mark.parametrize("path", modules("capss_mock"), ids=str)
def test_imports_point_down(path: Path) -> None:
    assert list(violations(path, imports(path))) == []


def test_a_look_up_is_noticed() -> None:
    path = ROOT / "capss_mock/domain/tokens.py"
    assert list(violations(path, iter(["capss_mock.web.api"]))) == ["capss_mock/domain/tokens.py looks up into web"]


@pytest.mark.parametrize(
    ("layer", "path"), [(layer, path) for layer in FOREIGN for path in modules(f"capss_mock/{layer}")], ids=str
)
def test_the_lower_layers_see_only_their_own_libraries(layer: str, path: Path) -> None:
    known = {*sys.stdlib_module_names, "capss_mock", *FOREIGN[layer]}
    assert {name.split(".")[0] for name in imports(path)} <= known


@pytest.mark.parametrize("path", modules("capss_mock/conformance"), ids=str)
def test_the_judge_goes_by_what_everybody_can_see(path: Path) -> None:
    seen = {name.split(".")[1] for name in imports(path) if name.startswith("capss_mock.")}
    assert seen & {"domain", "store", "usecases", "web"} == set()


def test_the_program_that_the_judge_is_tried_on_knows_nothing_of_the_kit() -> None:
    seen = {name.split(".")[0] for name in imports(ROOT / "capss_mock/conformance/programs/reference.py")}
    assert seen <= set(sys.stdlib_module_names)


def test_the_client_does_not_know_the_mock() -> None:
    seen = {name.split(".")[0] for path in modules("capss_client") for name in imports(path)}
    assert "capss_mock" not in seen


def test_no_module_is_longer_than_400_lines() -> None:
    paths = [*modules("capss_mock"), *modules("capss_client")]
    long = {str(path): len(path.read_text("utf-8").splitlines()) for path in paths}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}
