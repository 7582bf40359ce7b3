"""The door: help, unknown commands, exit statuses, what is imported, and what the system may refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from cli.terminal import NETS, Run
from click.testing import CliRunner

from cnngraph.cli.main import NOT_COMMANDS, cli, main

FOLDER = Path(__file__).parents[2] / "cnngraph" / "cli"
COMMANDS = sorted(f.stem for f in FOLDER.glob("*.py") if f.stem not in {*NOT_COMMANDS, "__init__"})
HEAVY = {"numpy", "networkx", "lark", "PIL", "rich", "graphviz", "safetensors"}


def process(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_help_names_every_command(run: Run) -> None:
    out = run("--help").done().out
    assert len(COMMANDS) >= 8
    for name in COMMANDS:
        assert f"\n  {name} " in out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.help
    result = CliRunner().invoke(cli, [name, "-h"])
    assert result.exit_code == 0
    assert command.help[:40] in result.output


def test_without_a_command_help_is_shown(run: Run) -> None:
    assert "Commands:" in run().refused(code=2).err


def test_unknown_command_and_option(run: Run) -> None:
    run("chek").refused("no command 'chek'", "check, compile", code=2)
    run("check", "--nope", "tiny.cnn").refused("--nope", code=2)
    run("check").refused("FILES", code=2)


def test_version(run: Run) -> None:
    run("--version").done("version")


def test_help_imports_nothing_heavy() -> None:
    program = "import sys; from cnngraph.cli.main import main; main(); print(*sys.modules)"
    done = process("-c", program, "--help")
    assert done.returncode == 0
    loaded = {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_the_package_imports_nothing_heavy() -> None:
    done = process("-c", "import sys, cnngraph; print(*sys.modules)")
    assert {name.split(".")[0] for name in done.stdout.split()} & (HEAVY | {"click"}) == set()


def test_as_a_module() -> None:
    right = process("-m", "cnngraph", "check", str(NETS / "lenet5.cnn"))
    assert (right.returncode, right.stderr) == (0, "")
    assert "61,706 parameters" in right.stdout
    wrong = process("-m", "cnngraph", "check", "nowhere.cnn")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == (
        "error[E0501]: there is no file nowhere.cnn\n\nfor more about this error: cnngraph explain E0501\n"
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    file = str(NETS / "resnet50.cnn")
    command = [sys.executable, "-m", "cnngraph", "compile", "--print", "--gradient", file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "graph resnet50\n"
        child.stdout.close()
        assert child.stderr.read() == ""
        assert child.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_said_in_words() -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "cnngraph", "summary", str(NETS / "lenet5.cnn")]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode != 0
    assert "No space left" in done.stderr
    assert 'File "' not in done.stderr.partition("Exception ignored")[0]


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (MemoryError("954 GiB"), 1, "memory of this machine is too small: 954 GiB"),
        (OSError(5, "Input/output error"), 1, "Input/output error"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_what_the_system_refuses(
    failure: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise failure

    monkeypatch.setattr(cli, "main", fail)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == code
    assert said in capsys.readouterr().err


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "main", fail)
    with pytest.raises(ZeroDivisionError):
        main()
