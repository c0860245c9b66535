"""A directory has one owner, and it is said who."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracetune.errors import Conflict, InvalidSettings
from tracetune.stores.owner import Owner

HOLD = """
import sys
from pathlib import Path
from tracetune.stores.owner import Owner
owner = Owner(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_second_owner_is_told_the_process_that_holds_the_directory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:  # noqa: S603 - ours
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(Conflict, match=f"{tmp_path} is in use by process {holder.pid}$") as caught:
            Owner(tmp_path)

        holder.communicate()
    assert caught.value.hint


def test_directory_of_a_dead_process_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:  # noqa: S603 - ours
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()

    owner = Owner(tmp_path)
    owner.release()

    assert (tmp_path / "owner").read_text() == f"{os.getpid()}\n"


def test_directory_is_made_with_its_parents(tmp_path: Path) -> None:
    Owner(tmp_path / "a" / "b").release()

    assert (tmp_path / "a" / "b").is_dir()


def test_path_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(InvalidSettings, match=f"{file}/store cannot be used: Not a directory"):
        Owner(file / "store")


def test_an_owner_that_can_be_asked_says_where(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    owner.say("http://127.0.0.1:8787")

    with pytest.raises(Conflict, match=f"process {os.getpid()}, which serves http://127.0.0.1:8787$") as caught:
        Owner(tmp_path)

    owner.release()
    assert caught.value.hint.startswith("ask it by --url http://127.0.0.1:8787,")
