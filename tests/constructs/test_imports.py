"""Modules that are in one file, as the function imports them."""

import importlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_lightsail_containers._handler.imports import START, import_from

MODULES = {
    "shop/__init__.py": "",
    "shop/prices/__init__.py": "from .tax import RATE\n",
    "shop/prices/tax.py": 'RATE = 2\n\ndef divide() -> None:\n    RATE / 0  # "é"\n',
}


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "modules.txt"
    text = "".join(f"{START}{path}\n{source}" for path, source in MODULES.items())
    file.write_text(text, "utf-8")
    finders = list(sys.meta_path)
    import_from(file)
    yield file
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


def test_imports_packages_and_their_modules(file: Path) -> None:
    prices = importlib.import_module("shop.prices")

    assert prices.RATE == 2
    assert prices.__file__ == str(file.parent / "shop" / "prices" / "__init__.py")
    assert sys.modules["shop.prices.tax"].__package__ == "shop.prices"


def test_does_not_find_what_is_not_there(file: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'shop\.orders'"):
        importlib.import_module("shop.orders")


def test_shows_the_line_that_failed(file: Path) -> None:
    tax = importlib.import_module("shop.prices.tax")

    with pytest.raises(ZeroDivisionError) as failed:
        tax.divide()

    *_, last = traceback.extract_tb(failed.tb)
    assert (last.filename, last.lineno) == (str(file.parent / "shop" / "prices" / "tax.py"), 4)
    assert last.line == 'RATE / 0  # "é"'


def test_writes_nothing_beside_the_file(file: Path) -> None:
    importlib.import_module("shop.prices")

    assert list(file.parent.iterdir()) == [file]
