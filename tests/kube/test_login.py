"""Logging in: what a request carries, how it is renewed in a run of many hours, and what failure says."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from kubectl_prism.errors import PrismError
from kubectl_prism.kube import config
from kubectl_prism.kube.client import Client
from kubectl_prism.kube.config import Cluster, Connection, load
from kubectl_prism.kube.errors import Unauthorized
from kubectl_prism.kube.login import Credentials
from tests.certificate import self_signed
from tests.kube.fake import FakeServer, answer, status
from tests.kube.test_config import written


def one(tmp_path: Path, user: dict[str, Any], *, server: str = "https://x.test", **options: Any) -> Cluster:  # noqa: ANN401
    """Return the cluster of a kubeconfig with one user."""
    body = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **options.pop("cluster_fields", {})}}],
        "users": [{"name": "u", "user": user}],
    }
    return load(Connection(**options), written(tmp_path / "config", body))


def plugin(tmp_path: Path, script: str, **more: object) -> dict[str, Any]:
    """Return a user that logs in by a program, here a shell script."""
    program = tmp_path / "login-plugin"
    program.write_text(f"#!/bin/sh\necho run >> {tmp_path}/runs\n{script}\n")
    program.chmod(0o755)
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": str(program), "interactiveMode": "Never", **more}}


def credential(fields: str) -> str:
    """Return a shell line that answers with a credential."""
    return (
        "cat <<END\n"
        f'{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{{fields}}}}}\nEND'
    )


def runs(tmp_path: Path) -> int:
    file = tmp_path / "runs"
    return len(file.read_text().splitlines()) if file.exists() else 0


def authorization(credentials: Credentials) -> str | None:
    return credentials.headers.get("Authorization")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A client certificate and its key."""
    return self_signed(tmp_path)


def encrypted(key: Path) -> Path:
    locked = key.with_name("locked.key")
    command = ["openssl", "pkey", "-aes256", "-passout", "pass:secret", "-in", str(key), "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    return locked


async def test_a_token_is_sent(tmp_path: Path) -> None:
    """The plainest login."""
    assert authorization(await one(tmp_path, {"token": "abc"}).login.credentials()) == "Bearer abc"


async def test_a_password_is_sent(tmp_path: Path) -> None:
    """Basic authentication still exists in front of some clusters."""
    found = authorization(await one(tmp_path, {"username": "u", "password": "p"}).login.credentials())
    assert found == "Basic " + base64.b64encode(b"u:p").decode()


async def test_a_token_flag_silences_every_other_login(tmp_path: Path) -> None:
    """--token means that token, whatever plugin the kubeconfig names."""
    user = plugin(tmp_path, "exit 1")
    assert authorization(await one(tmp_path, user, token="flag").login.credentials()) == "Bearer flag"


async def test_a_token_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mounted tokens are rotated under a running process; relative paths stand beside the kubeconfig."""
    (tmp_path / "token").write_text("first\n")
    login = one(tmp_path, {"tokenFile": "token", "token": "stale"}).login
    assert authorization(await login.credentials()) == "Bearer first"
    (tmp_path / "token").write_text("second\n")
    assert authorization(await login.credentials()) == "Bearer first"
    now = time.time()
    monkeypatch.setattr("kubectl_prism.kube.login.time.time", lambda: now + 61)
    assert authorization(await login.credentials()) == "Bearer second"


async def test_a_client_certificate_is_used_from_file_and_from_data(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    """Both forms give a TLS context, and the same one as long as the files are the same."""
    certificate, key = pair
    by_file = one(tmp_path, {"client-certificate": "tls.crt", "client-key": "tls.key"}).login
    first = await by_file.credentials()
    assert first.tls is not None
    assert first.tls.verify_mode is ssl.CERT_REQUIRED
    data = {
        "client-certificate-data": base64.b64encode(certificate.read_bytes()).decode(),
        "client-key-data": base64.b64encode(key.read_bytes()).decode(),
    }
    assert (await one(tmp_path, data).login.credentials()).tls is not None


async def test_tls_flags_are_honoured(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    """--insecure-skip-tls-verify and --tls-server-name do what they say."""
    login = one(tmp_path, {"token": "t"}, insecure_skip_tls_verify=True, tls_server_name="inner").login
    found = await login.credentials()
    assert found.tls is not None
    assert found.tls.verify_mode is ssl.CERT_NONE
    assert found.server_name == "inner"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"certificate_authority": "/missing"}, "/missing"),
        ({"client_certificate": "/missing", "client_key": "/missing"}, "/missing"),
        ({"cluster_fields": {"certificate-authority-data": "%%%"}}, "certificate-authority-data cannot be used"),
    ],
)
async def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, options: dict[str, Any], says: str) -> None:
    """The file or the field stands in the error, and no key does."""
    with pytest.raises(PrismError, match=says):
        await one(tmp_path, {"token": "t"}, **options).login.credentials()


async def test_an_encrypted_key_does_not_ask_on_the_terminal(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    """OpenSSL's own prompt would hang a command that nobody watches."""
    certificate, key = pair
    options = {"client_certificate": str(certificate), "client_key": str(encrypted(key))}
    with pytest.raises(PrismError, match=r"client-certificate .* cannot be used"):
        await one(tmp_path, {}, **options).login.credentials()


async def test_impersonation_is_sent_with_every_group(server: FakeServer, tmp_path: Path) -> None:
    """--as, each --as-group and --as-uid become headers."""
    server.play(answer({"gitVersion": "v1"}))
    options = {"as_user": "jane", "as_groups": ("a", "b"), "as_uid": "7"}
    async with Client(one(tmp_path, {"token": "t"}, server=server.url, **options)) as client:
        await client.version()
    sent = [(name, value) for name, value in server.headers[0] if name.startswith("Impersonate")]
    assert sent == [
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Uid", "7"),
    ]


async def test_a_plugin_runs_once_until_its_token_ends(tmp_path: Path) -> None:
    """Fifty requests at once start one program."""
    login = one(
        tmp_path, plugin(tmp_path, credential('"token":"abc","expirationTimestamp":"2999-01-01T00:00:00Z"'))
    ).login
    found = await asyncio.gather(*(login.credentials() for _ in range(50)))
    assert {authorization(credentials) for credentials in found} == {"Bearer abc"}
    assert runs(tmp_path) == 1


async def test_an_expired_plugin_token_is_renewed(tmp_path: Path) -> None:
    """`up` runs for hours: a token past its expirationTimestamp is never sent."""
    user = plugin(tmp_path, credential('"token":"t$$","expirationTimestamp":"2020-01-01T00:00:00Z"'))
    login = one(tmp_path, user).login
    await login.credentials()
    await login.credentials()
    assert runs(tmp_path) == 2


async def test_a_plugin_may_give_a_certificate(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    """Client certificates from a plugin reach the TLS context."""
    certificate, key = (path.read_text().replace("\n", "\\\\n") for path in pair)
    user = plugin(tmp_path, credential(f'"clientCertificateData":"{certificate}","clientKeyData":"{key}"'))
    found = await one(tmp_path, user).login.credentials()
    assert found.tls is not None
    assert authorization(found) is None


async def test_a_plugin_learns_of_its_cluster(tmp_path: Path) -> None:
    """ProvideClusterInfo hands the server and the authority's data to the plugin."""
    (tmp_path / "ca.crt").write_text("pem")
    script = f'printf %s "$KUBERNETES_EXEC_INFO" > {tmp_path}/info\n' + credential('"token":"t"')
    fields = {"certificate-authority": "ca.crt"}
    login = one(tmp_path, plugin(tmp_path, script, provideClusterInfo=True), cluster_fields=fields).login
    with pytest.raises(PrismError, match=r"ca\.crt cannot be used"):
        await login.credentials()
    info = (tmp_path / "info").read_text()
    assert "https://x.test" in info
    assert base64.b64encode(b"pem").decode() in info


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'you are logged out' >&2; exit 3", "you are logged out"),
        ("echo not json", "failed to decode"),
        (credential('"other":1'), "neither a token nor a client certificate"),
    ],
)
async def test_a_plugin_that_fails_is_named_with_its_words(tmp_path: Path, script: str, says: str) -> None:
    """The error names the program, what it said, and the kubeconfig's own hint."""
    user = plugin(tmp_path, script, installHint="run cloud login\nmore")
    with pytest.raises(PrismError, match=says) as caught:
        await one(tmp_path, user).login.credentials()
    assert "login-plugin" in caught.value.message
    assert caught.value.hint == "run cloud login"


async def test_a_plugin_that_is_not_installed_says_so(tmp_path: Path) -> None:
    """The commonest fault of all gets its own words."""
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-login"}}
    with pytest.raises(PrismError, match="no-such-login failed: it is not installed"):
        await one(tmp_path, user).login.credentials()


@pytest.mark.parametrize(
    ("preferences", "runs_it"),
    [
        ("credentialPluginPolicy: AllowAll", True),
        ("credentialPluginPolicy: DenyAll", False),
        ("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{name: PROGRAM}]", True),
        ("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{name: other}]", False),
        ("credentialPluginPolicy: Surprise", False),
        ("defaults: []", True),
    ],
)
async def test_kuberc_decides_which_plugins_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preferences: str, runs_it: bool
) -> None:
    """What a person forbade kubectl to run is not run here either."""
    user = plugin(tmp_path, credential('"token":"t"'))
    kuberc = tmp_path / "kuberc"
    kuberc.write_text(f"kind: Preference\n{preferences.replace('PROGRAM', user['exec']['command'])}\n")
    monkeypatch.setenv("KUBERC", str(kuberc))
    login = one(tmp_path, user).login
    if runs_it:
        await login.credentials()
    else:
        with pytest.raises(PrismError, match="not allowed to run"):
            await login.credentials()
    assert runs(tmp_path) == int(runs_it)


async def test_a_refused_token_is_renewed_and_the_request_repeated(server: FakeServer, tmp_path: Path) -> None:
    """A 401 in the middle of a run costs one run of the plugin and no error."""
    user = plugin(tmp_path, credential(f'"token":"t$(wc -l < {tmp_path}/runs)"'))
    server.play(status(401, "Unauthorized"), answer({"gitVersion": "v9"}))
    async with Client(one(tmp_path, user, server=server.url)) as client:
        assert await client.version() == "v9"
    assert [request.headers["Authorization"] for request in server.seen] == ["Bearer t1", "Bearer t2"]


async def test_a_login_that_stays_refused_does_not_run_the_plugin_for_ever(server: FakeServer, tmp_path: Path) -> None:
    """Ten refused requests in a row run the program twice, not twenty times."""
    user = plugin(tmp_path, credential('"token":"same"'))
    server.play(*[status(401, "Unauthorized")] * 20)
    async with Client(one(tmp_path, user, server=server.url)) as client:
        for _ in range(10):
            with pytest.raises(Unauthorized) as caught:
                await client.version()
    assert caught.value.hint is not None
    assert runs(tmp_path) == 2


@pytest.mark.parametrize(
    ("server", "environment", "proxy"),
    [
        ("https://x.test", {}, None),
        ("https://x.test", {"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ("https://x.test", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".test"}, None),
        ("https://10.1.2.3", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": "http://proxy:3128"}, None),
    ],
)
async def test_the_environment_names_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, environment: dict[str, str], proxy: str | None
) -> None:
    """HTTPS_PROXY and NO_PROXY mean what they mean for kubectl; this machine itself is never asked through a proxy."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (await one(tmp_path, {"token": "t"}, server=server).login.credentials()).proxy == proxy


async def test_proxy_url_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster's own proxy-url counts, and a kind that we cannot speak is refused in words."""
    monkeypatch.setenv("HTTPS_PROXY", "http://other:1")
    found = await one(tmp_path, {}, cluster_fields={"proxy-url": "http://mine:3128"}).login.credentials()
    assert found.proxy == "http://mine:3128"
    with pytest.raises(PrismError, match="socks5:// are not supported"):
        await one(tmp_path, {}, cluster_fields={"proxy-url": "socks5://mine"}).login.credentials()


def test_plain_logins_do_without_the_official_client(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    """Certificates and tokens are what most commands log in with, and its import is what they would wait for."""
    certificate, key = pair
    body = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://x.test"}}],
        "users": [{"name": "u", "user": {"client-certificate": str(certificate), "client-key": str(key)}}],
    }
    written(tmp_path / "config", body)
    program = (
        "import asyncio, sys\n"
        "from kubectl_prism.kube.config import Connection, load\n"
        "cluster = load(Connection(kubeconfig=sys.argv[1]))\n"
        "assert asyncio.run(cluster.login.credentials()).tls\n"
        "print('kubernetes' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program, tmp_path / "config"], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("False\n", "")


async def test_no_key_stays_on_the_disk(
    tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL reads certificates from files only: that of a kubeconfig's own key is gone once it was read."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder := tmp_path / "temporary"))
    folder.mkdir()
    certificate, key = (base64.b64encode(path.read_bytes()).decode() for path in pair)
    login = one(tmp_path, {"client-certificate-data": certificate, "client-key-data": key}).login
    assert (await login.credentials()).tls is not None
    assert list(folder.iterdir()) == []


async def test_an_empty_token_file_is_named(tmp_path: Path) -> None:
    """A token that is not there yet is no anonymous request."""
    (tmp_path / "token").write_text("\n")
    with pytest.raises(PrismError, match=r"the token file .*token is empty"):
        await one(tmp_path, {"tokenFile": "token"}).login.credentials()


async def test_a_pod_logs_in_with_what_is_mounted(
    tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token that the kubelet rotates, and the cluster's authority; flags win over them."""
    monkeypatch.setattr(config, "SERVICE_ACCOUNT", tmp_path)
    pair[0].rename(tmp_path / "ca.crt")
    (tmp_path / "token").write_text("mounted\n")
    environment = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    found = await load(Connection(), environment).login.credentials()
    assert (authorization(found), found.expires < time.time() + 61) == ("Bearer mounted", True)
    assert found.tls is not None
    assert len(found.tls.get_ca_certs()) == 1
    found = await load(Connection(token="flag", tls_server_name="inner"), environment).login.credentials()
    assert (authorization(found), found.server_name) == ("Bearer flag", "inner")
