"""The recordings the sandbox is held to: one folder for everybody; a named one that is unfit is an error, no pass."""

from pathlib import Path

import pytest
import recordings
import sandbox_report


def test_unset_means_the_committed_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(recordings.SETTING, raising=False)
    assert len(sandbox_report.recordings()) == len(recordings.files()) > 500


@pytest.mark.parametrize("named", ["", "nowhere", "empty"])
def test_an_empty_or_missing_folder_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv(recordings.SETTING, named and str(tmp_path / named))
    with pytest.raises(FileNotFoundError):
        sandbox_report.recordings()
