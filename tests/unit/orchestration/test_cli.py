"""The command line: help that helps at once, and messages instead of tracebacks."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from orchestration.cli import main

COMMANDS = [
    "analyst",
    "demo",
    "dev",
    "explain",
    "land",
    "land-export",
    "land-list",
    "reprice",
    "run",
    "screen",
    "simulate",
    "status",
]


def invoke(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


def test_the_commands_are_these():
    assert sorted(main.commands) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does(command):
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) >= 5


def test_help_shows_what_to_type():
    assert "ai-finops land aws_cur" in invoke("land", "--help").output
    assert "ai-finops explain request" in invoke("explain", "--help").output


def test_help_needs_no_heavy_library():
    """Dagster, dbt and Great Expectations cost seconds each; help is asked for often."""
    program = "import sys, orchestration.cli; print(sorted({'dagster', 'dbt', 'great_expectations', 'pyiceberg', 'duckdb'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("command", [("screen",), ("explain", "team", "x")])
def test_before_the_first_publication_it_says_so(tmp_path, command):
    result = invoke("--home", str(tmp_path), *command)
    assert result.exit_code == 1
    assert "nothing is published" in result.output


def test_an_unknown_source_is_a_message(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    result = invoke("--home", str(tmp_path), "land", "nonsense", str(file))
    assert result.exit_code == 1
    assert "nonsense" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "command",
    [
        ("run", "--as-of", "tonight"),
        ("explain", "team", "x", "--month", "September"),
        ("explain", "team", "x", "--month", "2026-13"),
    ],
)
def test_a_time_that_is_none_is_a_message(tmp_path, command):
    result = invoke("--home", str(tmp_path), *command)
    assert result.exit_code == 2
    assert "such as 2026-" in result.output


def test_landing_names_the_sources():
    assert "aws_cur, azure, bedrock, " in invoke("land", "--help").output


def test_the_list_of_commands_is_not_cut_off():
    assert "..." not in invoke("--help").output.split("Commands:")[1]


def test_a_mapping_needs_both_sides(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    result = invoke("--home", str(tmp_path), "land", "request_log", str(file), "--map", "model")
    assert result.exit_code == 2
    assert "column=header" in result.output
