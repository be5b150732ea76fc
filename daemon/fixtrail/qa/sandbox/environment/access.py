"""How this machine reaches package indexes: its CA bundle, proxies and pip's and npm's own settings.

All of it goes into a build as files on a volume that is thrown away, never into the image. Only where packages come
from is handed on. What a developer's settings say on what to install (constraints, binary or not) is theirs, and
passwords kept elsewhere (.netrc, a keyring, npm's tokens) stay there.
"""

import ast
import contextlib
import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ACCESS = "/fixtrail/access"
"""Where the files lie in a build."""
_CA_FILE = f"{ACCESS}/ca.pem"
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_CA_IN_BUILD = (*_CA_VARIABLES, "PIP_CERT", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_PASSED = re.compile(r"GOPROXY|GOSUMDB|GONOSUMDB|GOPRIVATE|GONOPROXY|CARGO_HTTP_(?!CAINFO)\w+|CARGO_NET_\w+")
_PIP_URLS = frozenset({"index-url", "extra-index-url", "find-links"})
_PIP_VALUES = frozenset({"trusted-host", "proxy", "timeout", "default-timeout", "retries", "no-index"})
_NPM_VALUES = frozenset({"registry", "proxy", "https-proxy", "noproxy", "strict-ssl"})
_TOOL_SECONDS = 20
_MAX_CA_BYTES = 8 * 1024**2


@dataclass(frozen=True)
class Access:
    """What a build is told.

    Attributes
    ----------
    files
        Contents by name, for :data:`ACCESS`.
    private
        Hosts, with user and password if there are any, that must not be seen outside.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    private: tuple[str, ...] = ()

    def mask(self, text: str) -> str:
        """Return ``text`` without the names of this machine's indexes and proxies."""
        for each in self.private:
            text = text.replace(each, "[index]")
        return text


def read_access(*, npm: bool = False, environ: Mapping[str, str] = os.environ) -> Access:
    """Collect what this machine's tools say; takes as long as ``pip config list`` does.

    Parameters
    ----------
    npm
        npm's settings are wanted too.
    """
    exported = {name: value for name, value in environ.items() if _PASSED.fullmatch(name)}
    exported |= {name: value for name, value in environ.items() if name.lower() in _PROXIES and value}
    pip = _pip_settings(environ)
    files: dict[str, bytes] = {}
    private = list(exported.values())
    if (bundle := _ca_bundle(environ, pip)) is not None:
        files["ca.pem"] = bundle
        exported |= dict.fromkeys(_CA_IN_BUILD, _CA_FILE)
    lines = [f"{key} = {_indented(value)}" for key, value in sorted(pip.items()) if _pip_value_passes(key)]
    lines = [line for line in lines if not line.endswith("= ")]
    files["pip.conf"] = ("[global]\n" + "".join(f"{line}\n" for line in lines)).encode()
    exported["PIP_CONFIG_FILE"] = f"{ACCESS}/pip.conf"
    private += [value for key, value in pip.items() if _pip_value_passes(key)]
    if npm:
        settings = _npm_settings(environ)
        files["npmrc"] = "".join(f"{key}={value}\n" for key, value in sorted(settings.items())).encode()
        exported["npm_config_userconfig"] = f"{ACCESS}/npmrc"
        private += settings.values()
    files["environment"] = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in exported.items()).encode()
    return Access(files, tuple(sorted({host for value in private for host in _hosts(value)}, key=len, reverse=True)))


def _hosts(value: str) -> list[str]:
    found = []
    for word in value.split():
        url = urlsplit(word) if "://" in word else None
        if url is not None and url.hostname and url.hostname not in _PUBLIC:
            credentials, _, place = url.netloc.rpartition("@")
            found += [url.netloc, place, url.hostname]
            if credentials:  # as they are written, and as pip writes them
                user, _, password = credentials.partition(":")
                found += [f"{user}:****@{place}", *([password] if password else [])]
    return found


_PUBLIC = frozenset({"pypi.org", "registry.npmjs.org", "proxy.golang.org", "sum.golang.org"})
"""Everybody's, so nothing is learnt from their names."""


def _pip_value_passes(key: str) -> bool:
    return key in _PIP_URLS or key in _PIP_VALUES


def _indented(value: str) -> str:
    """Write a list of words as pip's files have it; of URLs only those that a container can reach."""
    words = [word for word in value.split() if not word.startswith(("file:", "/", "~", "."))]
    return "\n    ".join(words)


def _pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what ``pip config list`` tells, the files' and the environment's, the stronger last."""
    commands = [[sys.executable, "-m", "pip"], *([path] for name in ("pip3", "pip") if (path := shutil.which(name)))]
    found: dict[str, str] = {}
    for command in commands:
        output = _output([*command, "--disable-pip-version-check", "config", "list"], environ)
        if output is None:
            continue
        lines = [line.partition("=") for line in output.splitlines()]
        for section in ("global.", "install.", ":env:."):  # the strongest last, as pip reads them
            for name, _, value in lines:
                if name.startswith(section):
                    with contextlib.suppress(ValueError, SyntaxError):
                        found[name.removeprefix(section)] = str(ast.literal_eval(value))
        return found
    # No pip on this machine: what its users set in the environment counts all the same.
    for name, value in environ.items():
        if name.startswith("PIP_"):
            found[name[4:].lower().replace("_", "-")] = value
    return found


def _npm_settings(environ: Mapping[str, str]) -> dict[str, str]:
    npm = shutil.which("npm")
    output = _output([npm, "config", "list", "--json"], environ) if npm else None
    try:
        listed = json.loads(output or "{}")
    except ValueError:
        return {}
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in listed.items()
        if (key in _NPM_VALUES or key.endswith(":registry")) and value not in (None, "", [""])
    }


def _output(command: list[str], environ: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TOOL_SECONDS, env=dict(environ), stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _ca_bundle(environ: Mapping[str, str], pip: Mapping[str, str]) -> bytes | None:
    """Return the certificates this machine trusts; None: they are in no file, and the image's own have to do."""
    candidates = [pip.get("cert"), *(environ.get(name) for name in _CA_VARIABLES)]
    candidates.append(ssl.get_default_verify_paths().cafile)
    for candidate in candidates:
        if candidate:
            try:
                with Path(candidate).open("rb") as file:
                    if bundle := file.read(_MAX_CA_BYTES):
                        return bundle
            except OSError:
                continue
    return None
