"""kubectl's connection flags mean what they mean in kubectl and may stand anywhere."""

from __future__ import annotations

import pytest

from kubectl_prism.cli.connect import connection
from kubectl_prism.cli.options import FLAGS, Options, duration, hoist, listing, nearest
from kubectl_prism.errors import UsageError


@pytest.mark.parametrize(
    "words",
    [
        "-n shop status demo",
        "status -n shop demo",
        "status demo -nshop",
        "status demo -n=shop",
        "--namespace shop status demo",
        "status --namespace=shop demo",
        "status demo --namespace first --namespace shop",
    ],
)
def test_a_flag_may_stand_anywhere_and_be_written_in_every_way(words: str) -> None:
    """Before and after the verb, with `=`, a space or nothing; the last one wins."""
    assert hoist(words.split()) == (Options(namespace="shop"), ["status", "demo"])


@pytest.mark.parametrize(
    ("words", "namespace", "rest"),
    [
        ("-A status", None, "status -A"),
        ("-o json -l a=b status demo", None, "status demo -o json -l a=b"),
        ("status -wAn shop", "shop", "status -wA"),
        ("status -o -n -n shop", "shop", "status -o -n"),
        ("render -f -", None, "render -f -"),
        ("up -f - -n shop", "shop", "up -f -"),
        ("-h status", None, "status -h"),
        ("init -- -n shop", None, "init -- -n shop"),
        ("-A status -- -n x", None, "status -A -- -n x"),
        ("status -xn shop", None, "status -xn shop"),
    ],
)
def test_other_words_keep_their_order_behind_the_verb(words: str, namespace: str | None, rest: str) -> None:
    """Flags of the verb move behind it; what follows `--`, and the values of other flags, are let alone."""
    assert hoist(words.split()) == (Options(namespace=namespace), rest.split())


def test_every_flag_reaches_the_connection() -> None:
    """Each connection flag ends up in the field of `Connection` that means it."""
    special = {"as-group": ["a", "b"], "request-timeout": ["1m30s"], "v": ["7"], "color": ["never"]}
    words = [
        f"--{flag.name}={value}"
        for flag in FLAGS
        if flag.value
        for value in special.get(flag.name, [f"the {flag.name}"])
    ]
    options, rest = hoist([*words, "--insecure-skip-tls-verify"])
    assert (rest, options.verbosity, options.color) == ([], 7, "never")
    made = connection(options)
    assert (made.as_user, made.as_groups, made.as_uid) == ("the as", ("a", "b"), "the as-uid")
    assert (made.request_timeout, made.insecure_skip_tls_verify) == (90.0, True)
    assert (made.tls_server_name, made.client_key, made.token) == ("the tls-server-name", "the client-key", "the token")
    assert "the token" not in repr(options)


def test_a_token_does_not_show() -> None:
    """Options may be logged; the token in them is not."""
    assert "s3cret" not in repr(hoist(["--token", "s3cret"])[0])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["status", "-n"], "flag -n needs a value"),
        (["--context"], "flag --context needs a value"),
        (["--request-timeout=soon"], "--request-timeout soon is not a time"),
        (["-v=loud"], "-v=loud is not a number"),
        (["--color=pink"], "--color=pink is not known"),
        (["--insecure-skip-tls-verify=maybe"], "is neither true nor false"),
    ],
)
def test_a_wrong_value_is_wrong_usage(words: list[str], message: str) -> None:
    """Each is one sentence."""
    with pytest.raises(UsageError, match=message):
        hoist(words)


def test_durations() -> None:
    """Times are written as in kubectl; 0 is no limit."""
    assert [duration(text) for text in ("30", "30s", "1m30s", "500ms", "2h", "soon", "")] == [
        30, 30, 90, 0.5, 7200, None, None,
    ]  # fmt: skip
    assert hoist(["--request-timeout=0"])[0].request_timeout is None


def test_the_listing_names_every_flag() -> None:
    """`kubectl prism options` leaves none out."""
    assert all(f"--{flag.name}" in listing() and flag.help in listing() for flag in FLAGS)
    assert nearest("--namspace") == "--namespace"
    assert nearest("--nothing-like-it") is None
