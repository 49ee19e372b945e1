from pathlib import Path

import pytest
from reliability.report import table, write_section


def test_a_table_is_aligned_markdown() -> None:
    assert table([("fault", "runs"), ("reset", 12)]) == (
        "| fault | runs |\n|-------|------|\n| reset | 12   |"
    )


def test_a_section_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text("above\n<!-- one -->\nold\n<!-- /one -->\nbelow\n")

    write_section("one", "new \\1", document)

    assert document.read_text() == "above\n<!-- one -->\nnew \\1\n<!-- /one -->\nbelow\n"


def test_a_section_that_is_not_there_is_told(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text("")

    with pytest.raises(ValueError, match=r"document.md has no section 'one'"):
        write_section("one", "new", document)
