"""The edge: runs one command line, and turns whatever goes wrong into one line, one hint and an exit code.

The only place that knows typer's errors, and one of two with a broad except. A traceback is shown only at `-v=9`. Exit
codes: 0 fine, 1 failed or found a failure, 2 wrong usage, 4 timed out, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence

from kubectl_prism.cli import options as flags
from kubectl_prism.cli.commands import PROGRAM, VERBS
from kubectl_prism.cli.options import Options
from kubectl_prism.cli.output import hang_up
from kubectl_prism.errors import PrismError, UsageError
from kubectl_prism.model.suggest import close

INTERRUPTED = 130


def run(words: Sequence[str]) -> int:
    """Run the command line `words` and return the exit code; everything that goes wrong is said on stderr."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr] # a test's stream has none
    options, rest = Options(verbosity=_verbosity(words)), list(words)
    try:
        options, rest = flags.hoist(words)
        code = _dispatch(options, rest)
        sys.stdout.flush()
        return code
    except PrismError as error:
        return _failed(rest, _say(error, options))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        hang_up()  # the reader of stdout had enough, so nothing failed
        return 0
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _failed(rest, _say(PrismError(f"{place}{error.strerror or error}"), options, cause=error))
    except Exception as error:  # noqa: BLE001 (the edge: whatever comes is one line for a person)
        return _failed(rest, _say(_internal(error), options, cause=error))


def _failed(words: Sequence[str], code: int) -> int:
    """Return the exit code of a failed command; in `diff`, as in kubectl's, 1 means differences and nothing else."""
    return 2 if code == 1 and words[:1] == ["diff"] else code


def _dispatch(options: Options, words: list[str]) -> int:
    words = words or ["--help"]
    if words[0] == "help":
        words = [*words[1:], "--help"]
    if words == ["--version"]:
        words = ["version", "--client"]
    verb = words[0]
    if not verb.startswith("-") and verb not in VERBS:
        raise _unknown_verb(verb)
    if options.verbosity >= 6:
        _log_requests(options.verbosity)

    from typer import Abort, TyperException

    from kubectl_prism.cli.commands import tree

    try:
        result = tree(verb).main(words, prog_name=PROGRAM, standalone_mode=False, obj=options)
    except Abort:
        return INTERRUPTED
    except TyperException as error:
        raise _usage(error, verb) from error
    return result if isinstance(result, int) else 0


def _usage(error: Exception, verb: str) -> UsageError:
    """Say in our words what typer found wrong with the command line."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else f"{PROGRAM} {verb}"
    name = getattr(error, "option_name", None)
    hint = f"`{path} --help` shows how it is used"
    if name is not None and hasattr(error, "possibilities"):
        known = [sign for parameter in context.command.params for sign in parameter.opts] if context else []
        near = flags.nearest(name, known) if name.startswith("--") else None
        return UsageError(f"unknown flag {name}", hint=f"did you mean {near}?" if near else hint)
    if name is not None:
        return UsageError(f"flag {name} needs a value", hint=hint)
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    text = " ".join(text.split()).rstrip(".")
    return UsageError(text[:1].lower() + text[1:], hint=hint)


def _unknown_verb(verb: str) -> UsageError:
    near = close(verb, VERBS)
    hint = f"did you mean `{PROGRAM} {near}`?" if near else f"`{PROGRAM} --help` lists the commands"
    return UsageError(f"unknown command {verb}", hint=hint)


def _internal(error: Exception) -> PrismError:
    text = " ".join(str(error).split())
    message = f"internal: {type(error).__name__}: {text}" if text else f"internal: {type(error).__name__}"
    return PrismError(message, hint="this is a fault of kubectl prism; -v=9 shows where it happened")


def _say(error: PrismError, options: Options, *, cause: BaseException | None = None) -> int:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    if options.verbosity >= 9:
        import traceback

        traceback.print_exception(cause or error, file=sys.stderr)
    sys.stderr.write(f"error: {' '.join(error.message.split())}\n")
    if error.hint:
        sys.stderr.write(f"hint: {error.hint}\n")
    return error.exit_code


def _verbosity(words: Sequence[str]) -> int:
    """Tell whether tracebacks are wanted, before the flags are known to be right."""
    return 9 if any(word in ("-v=9", "-v9", "--v=9") for word in words) else 0


def _log_requests(verbosity: int) -> None:
    import logging

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname).1s %(name)s: %(message)s")
    logging.getLogger("kubectl_prism").setLevel(logging.DEBUG if verbosity >= 8 else logging.INFO)
    logging.getLogger("kubectl_prism.kube.requests").setLevel(logging.DEBUG)
