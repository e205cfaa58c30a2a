"""The command line: arguments in, one command run, results on stdout, errors as plain sentences on stderr.

Exit codes: 0 done, 1 the design or check failed, 2 bad usage or input, 130 interrupted. Nothing heavy is
imported before a command needs it.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from io import TextIOWrapper

from accelgen.cli import boards, build, campaign, completion, doctor, estimate, explore, report, verify
from accelgen.cli.arguments import Command, Group, make_parser, named
from accelgen.cli.results import RESULTS
from accelgen.cli.surrogate import SURROGATE
from accelgen.console import printable
from accelgen.errors import AccelgenError

COMMANDS: Mapping[str, Command | Group] = {
    "estimate": estimate,
    "explore": explore,
    "build": build,
    "verify": verify,
    "report": report,
    "results": RESULTS,
    "campaign": campaign,
    "surrogate": SURROGATE,
    "boards": boards,
    "doctor": doctor,
    "completion": completion,
}
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    # threads gain nothing on products as small as these, and on a busy machine they wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given = sys.argv[1:] if arguments is None else arguments
    options = make_parser(COMMANDS).parse_args(named(COMMANDS, given))
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # a layer's name may not fit the terminal's encoding
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except AccelgenError as error:
        return _fail(" ".join(str(error).split()), error.exit_code, options.debug)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED, options.debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to flush goes nowhere
        return 1
    except MemoryError as error:
        return _fail(f"there is not enough memory: {' '.join(str(error).split())}", 1, options.debug)
    except Exception as error:  # the last resort: a user never sees a traceback unasked
        text = f"unexpected {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return _fail(f"{text}; please report this with the output of --debug", 1, options.debug)


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"accelgen: error: {printable(message)}\n")
    return code
