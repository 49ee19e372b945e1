"""What the copies over a network say of themselves."""

import shutil

import pytest
from benchmarks import copy_over_network
from benchmarks.copiers import Copier
from benchmarks.runs import Run

SECONDS = {"this": 2.0, "skopeo": 4.0, "oras": 1.0}


def test_the_fastest_peer_of_each_image_is_what_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copiers = [Copier(name=name, command=lambda a, b: [a, b], idle=["true"]) for name in SECONDS]

    def runs_of(_made: object, given: list[Copier], _options: object) -> list[list[Run]]:
        return [[Run(wall=SECONDS[one.name], cpu=1.0, memory=1.0, requests=1)] * 3 for one in given]

    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(copy_over_network, "ours", lambda _: copiers[0])
    monkeypatch.setattr(copy_over_network, "peers", lambda _: copiers[1:])
    monkeypatch.setattr(copy_over_network, "_runs", runs_of)
    monkeypatch.setattr(copy_over_network, "_plain_gets", lambda: "no GET")
    assert copy_over_network.main(["--only", "5 x"]) == 0
    printed = capsys.readouterr().out
    assert "geometric mean beside skopeo: wall 0.50" in printed
    assert "beside the fastest of them in each image: 2.00;\ngeometric mean 2.00" in printed
