"""What the fuzzer has found worth keeping, given to its targets again."""

from pathlib import Path

import pytest
from reliability.fuzz.command import CORPUS, main
from reliability.fuzz.wire_targets import ALL


@pytest.mark.parametrize("name", sorted(ALL))
def test_each_target_holds_for_its_corpus(name: str) -> None:
    inputs = list((CORPUS / name).iterdir())

    for path in inputs:
        ALL[name](path.read_bytes())

    assert len(inputs) > 5
    assert sum(path.stat().st_size for path in inputs) < 100_000


def test_has_no_inputs_of_a_target_that_is_gone() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(ALL)


def test_a_finding_is_repeated_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def target(data: bytes) -> None:
        assert data != b"found"

    monkeypatch.setitem(ALL, "reference", target)
    found = tmp_path / "found"
    found.write_bytes(b"found")

    with pytest.raises(AssertionError):
        main(["reference", "--repeat", str(found)])


def test_a_target_that_does_not_exist_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])

    assert "there is no target 'nothing'" in capsys.readouterr().err
