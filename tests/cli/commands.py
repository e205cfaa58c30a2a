"""Commands run within the tests' own process."""

import json

from accelgen import cli


def run(capsys, *arguments):
    """Exit code, stdout and stderr of one command."""
    try:
        code = cli.main([str(argument) for argument in arguments])
    except SystemExit as leave:
        code = leave.code
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def run_json(capsys, *arguments):
    code, out, err = run(capsys, *arguments, "--json")
    assert err == ""
    return code, json.loads(out)
