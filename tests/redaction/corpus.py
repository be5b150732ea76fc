"""Made-up secrets of many kinds in many places, and as many things that only look like secrets.

Everything is generated from a fixed seed, and put together at run time: no string that looks like somebody's key
stands in this repository.
"""

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

SEED = 20261124
EACH = 8
"""Secrets of each kind."""
LETTERS = string.ascii_letters
DIGITS = string.digits
BASE62 = LETTERS + DIGITS
URLSAFE = BASE62 + "-_"
HEX = "0123456789abcdef"


class Planted(NamedTuple):
    """A text, and the secret in it; of a look-alike the secret is empty."""

    kind: str
    place: str
    text: str
    secret: str


def _some(rng: random.Random, alphabet: str, count: int) -> str:
    return "".join(rng.choices(alphabet, k=count))


def _mixed(rng: random.Random, count: int) -> str:
    """Base 62 with some of each kind, as real keys have."""
    body = [rng.choice(string.ascii_lowercase), rng.choice(string.ascii_uppercase), *rng.choices(DIGITS, k=3)]
    body += rng.choices(BASE62, k=count - len(body))
    rng.shuffle(body)
    return "".join(body)


def _b64(rng: random.Random, count: int) -> str:
    return base64.b64encode(rng.randbytes(count)).decode()


def _jwt(rng: random.Random) -> str:
    def part(data: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return ".".join((part({"alg": "HS256"}), part({"sub": _some(rng, DIGITS, 8)}), _some(rng, URLSAFE, 43)))


Make = Callable[[random.Random], str]
KINDS: dict[str, Make] = {
    "aws-id": lambda r: "AKIA" + _some(r, string.ascii_uppercase + "234567", 16),
    "gcp": lambda r: "AIza" + _some(r, URLSAFE, 35),
    "google-oauth": lambda r: "ya29." + _some(r, URLSAFE, 60),
    "google-secret": lambda r: "GOCSPX-" + _some(r, URLSAFE, 28),
    "github-classic": lambda r: "ghp_" + _some(r, BASE62, 36),
    "github-app": lambda r: "ghs_" + _some(r, BASE62, 36),
    "github-fine": lambda r: "github_pat_" + _some(r, BASE62, 22) + "_" + _some(r, BASE62, 59),
    "gitlab": lambda r: "glpat-" + _some(r, URLSAFE, 20),
    "slack": lambda r: "xoxb-" + "-".join((_some(r, DIGITS, 12), _some(r, DIGITS, 12), _some(r, BASE62, 24))),
    "slack-app": lambda r: "xapp-1-" + _some(r, string.ascii_uppercase, 11) + "-" + _some(r, HEX, 40),
    "stripe": lambda r: "sk_live_" + _some(r, BASE62, 24),
    "stripe-hook": lambda r: "whsec_" + _some(r, BASE62, 32),
    "twilio": lambda r: "SK" + _some(r, HEX, 32),
    "sendgrid": lambda r: "SG." + _some(r, URLSAFE, 22) + "." + _some(r, URLSAFE, 43),
    "mailgun": lambda r: "key-" + _some(r, HEX, 32),
    "npm": lambda r: "npm_" + _some(r, BASE62, 36),
    "pypi": lambda r: "pypi-AgEIcHlwaS5vcmc" + _some(r, URLSAFE, 70),
    "docker": lambda r: "dckr_pat_" + _some(r, URLSAFE, 27),
    "huggingface": lambda r: "hf_" + _some(r, LETTERS, 34),
    "openai": lambda r: "sk-proj-" + _some(r, URLSAFE, 64),
    "anthropic": lambda r: "sk-ant-api03-" + _some(r, URLSAFE, 93) + "AA",
    "groq": lambda r: "gsk_" + _some(r, BASE62, 52),
    "digitalocean": lambda r: "dop_v1_" + _some(r, HEX, 64),
    "databricks": lambda r: "dapi" + _some(r, HEX, 32),
    "new-relic": lambda r: "NRAK-" + _some(r, string.ascii_uppercase + DIGITS, 27),
    "grafana": lambda r: "glsa_" + _some(r, BASE62, 32) + "_" + _some(r, HEX, 8),
    "shopify": lambda r: "shpat_" + _some(r, HEX, 32),
    "square": lambda r: "sq0atp-" + _some(r, URLSAFE, 22),
    "telegram": lambda r: _some(r, DIGITS, 10) + ":AA" + _some(r, URLSAFE, 33),
    "vault": lambda r: "hvs." + _some(r, URLSAFE, 90),
    "terraform": lambda r: _some(r, BASE62, 14) + ".atlasv1." + _some(r, BASE62, 67),
    "doppler": lambda r: "dp.pt." + _some(r, BASE62, 43),
    "linear": lambda r: "lin_api_" + _some(r, BASE62, 40),
    "notion": lambda r: "ntn_" + _some(r, BASE62, 46),
    "postman": lambda r: "PMAK-" + _some(r, HEX, 24) + "-" + _some(r, HEX, 34),
    "airtable": lambda r: "pat" + _some(r, BASE62, 14) + "." + _some(r, HEX, 64),
    "atlassian": lambda r: "ATATT3x" + _some(r, URLSAFE, 180),
    "age": lambda r: "AGE-SECRET-KEY-1" + _some(r, string.ascii_uppercase + DIGITS, 58),
    "jwt": _jwt,
    "azure-storage": lambda r: _b64(r, 64),
    "password": lambda r: _some(r, string.ascii_lowercase, 7) + _some(r, DIGITS, 3) + r.choice("!$%+"),
    "passphrase": lambda r: _mixed(r, 14),
    "hex-key": lambda r: _some(r, HEX, 48),
    "random-key": lambda r: _mixed(r, 40),
}
MARKED = frozenset(KINDS) - {"azure-storage", "password", "passphrase", "hex-key", "random-key"}
"""Kinds that are told by their form alone; the others need a name, or to be random enough."""

PLACES: dict[str, str] = {
    "terminal": "$ deploy --env prod\nusing token={s}\ndone in 3.2s",
    "shell": "export SERVICE_API_KEY={s}",
    "env": 'DB_PASSWORD="{s}"',
    "json": '{{"name": "ci", "api_key": "{s}", "retries": 3}}',
    "yaml": "database:\n  host: db\n  password: {s}\n  port: 5432",
    "python": 'client = Client(token="{s}", timeout=30)',
    "javascript": "const apiKey = '{s}';",
    "diff": '@@ -1,2 +1,2 @@\n-API_TOKEN = "old"\n+API_TOKEN = "{s}"\n unchanged',
    "log": "2026-11-24T10:00:00Z WARN retrying with Authorization: Bearer {s}",
    "curl": "curl -H 'Authorization: Bearer {s}' https://api.internal/v1",
    "url": "git clone https://deploy:{s}@git.internal/team/app.git",
    "flag": "mysqldump --password={s} shop",
    "dockerfile": "ENV AUTH_TOKEN={s}",
    "properties": "spring.datasource.password={s}",
    "toml": 'secret_key = "{s}"',
    "traceback": "ValueError: bad credentials for client_secret='{s}'",
}
HARD: dict[str, str] = {
    "xml": "<connection><user>app</user><password>{s}</password></connection>",
    "sql": "CREATE USER app IDENTIFIED BY '{s}';",
    "ini": "[smtp]\nuser = app\npass = {s}",
    "powershell": '$env:SERVICE_TOKEN = "{s}"',
    "windows": "set DEPLOY_SECRET={s}",
    "query": "GET /v1/items?access_token={s}&page=2 200",
    "sshpass": "sshpass -p {s} ssh app@host",
    "csharp": "Server=db;Database=shop;User Id=app;Password={s};Encrypt=true",
    "java": 'props.setProperty("db.password", "{s}");',
    "plist": "<key>ApiToken</key><string>{s}</string>",
    "tuple": 'requests.get(url, auth=("app", "{s}"))',
    "kubernetes": "apiVersion: v1\nkind: Secret\nstringData:\n  smtp-password: {s}",
    "header": "x-api-key: {s}",
    "escaped": '{{\\"token\\": \\"{s}\\"}}',
    "yaml-quoted": "  - name: DB_PASSWORD\n    value: '{s}'",
    "repr": "Config(user='app', password='{s}', host='db')",
}
"""Places that no rule was written with in mind at first."""
BARE: dict[str, str] = {
    "printed": "the value was {s} and it worked",
    "list": '    "{s}",',
    "message": "> paste this into the field: {s}",
}
"""Nothing around it says what it is."""


def planted() -> Iterator[Planted]:
    """Yield texts with a secret each."""
    rng = random.Random(SEED)
    places = list(PLACES.items())
    bare = list(BARE.items())
    for number, (kind, make) in enumerate(KINDS.items()):
        for turn in range(EACH):
            secret = make(rng)
            if kind in MARKED and turn >= EACH - 2:
                name, pattern = bare[(number + turn) % len(bare)]
            else:
                name, pattern = places[(number * 5 + turn * 3) % len(places)]
            if name in ("url", "query"):
                secret = secret.replace("/", "_").replace("+", "-")
            yield Planted(kind, name, pattern.format(s=secret), secret)
    for number, (name, pattern) in enumerate(HARD.items()):
        for turn in range(4):
            kind = ("password", "passphrase", "random-key", "hex-key")[(number + turn) % 4]
            secret = KINDS[kind](rng)
            yield Planted(kind, name, pattern.format(s=secret), secret)
    for _ in range(EACH):
        lines = [_b64(rng, 48) for _ in range(6)]
        key = "\n".join(("-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"))
        yield Planted("private-key", "file", key, lines[3])
        diff = "@@ -0,0 +1,8 @@\n" + "\n".join("+" + line for line in key.split("\n"))
        yield Planted("private-key", "diff", diff, lines[2])


def lookalikes() -> Iterator[Planted]:
    """Yield texts without a secret, in which a careless engine finds one."""
    rng = random.Random(SEED + 1)

    def words(count: int) -> str:
        return "_".join(
            rng.choices(("parse", "token", "value", "count", "secret", "handler", "index", "auth"), k=count)
        )

    made: dict[str, Callable[[], str]] = {
        "commit": lambda: f"commit {_some(rng, HEX, 40)}",
        "blob": lambda: f"index {_some(rng, HEX, 7)}..{_some(rng, HEX, 7)} 100644",
        "uuid": lambda: f"request {uuid.UUID(int=rng.getrandbits(128))} took 3 ms",
        "sha256": lambda: f"sha256:{_some(rng, HEX, 64)}",
        "integrity": lambda: f'"integrity": "sha512-{_b64(rng, 64)}",',
        "pip-hash": lambda: f"    --hash=sha256:{_some(rng, HEX, 64)}",
        "data-uri": lambda: f'<img src="data:image/png;base64,{_b64(rng, 120)}">',
        "ssh-public": lambda: f"ssh-ed25519 AAAA{_some(rng, BASE62, 60)} ada@host",
        "colour": lambda: f"  --accent: #{_some(rng, HEX, 6)};",
        "version": lambda: f"package-name=={rng.randint(0, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 9)}rc1",
        "camel": lambda: (
            f"new Abstract{rng.choice(('Token', 'Secret'))}AuthenticatorFactoryBeanProvider{rng.randint(1, 9)}()"
        ),
        "snake": lambda: f"def test_{words(5)}_{rng.randint(1, 99)}(): pass",
        "path": lambda: f"/usr/lib/python3.11/site-packages/{words(3)}/Module{rng.randint(1, 99)}Test/__init__.py",
        "url": lambda: f"https://example.org/api/v{rng.randint(1, 9)}/tokens?page={rng.randint(1, 99)}",
        "placeholder": lambda: f'API_KEY="your-{rng.choice(("api", "secret", "auth"))}-key-here"',
        "stars": lambda: f"password: {'*' * rng.randint(6, 12)}",
        "exes": lambda: f"token={'x' * rng.randint(6, 40)}",
        "variable": lambda: f"password=${{{rng.choice(('DB', 'API', 'APP'))}_PASSWORD}}",
        "lookup": lambda: f'token = os.environ["{rng.choice(("CI", "GH", "API"))}_TOKEN"]',
        "annotation": lambda: (
            f"def login(user: str, password: str = '', {words(2)}: int = {rng.randint(1, 9)}) -> None:"
        ),
        "call": lambda: f"secret = get_secret({rng.randint(1, 99)}, name)",
        "member": lambda: f"api_key=self.settings.{words(2)},",
        "count": lambda: f'"max_tokens": {rng.randint(100, 9000)}, "token_count": {rng.randint(1, 99)}',
        "kind": lambda: f'"token_type": "{rng.choice(("bearer", "refresh", "access"))}"',
        "sentence": lambda: f"# The token is read {rng.randint(2, 9)} times before the secret is compared.",
        "lexer": lambda: (
            f'Token(kind="{rng.choice(("NAME", "COMMA", "LPAREN"))}", value="{rng.choice(("if", "else", ","))}")'
        ),
        "compare": lambda: f"if token == {rng.choice(('None', 'other_token', 'expected'))}: return {rng.randint(0, 9)}",
        "minified": lambda: (
            f"function e(t,n){{return t.{_some(rng, string.ascii_lowercase, 2)}(n)}}var r=e(1,{rng.randint(1, 99)});"
        ),
        "time": lambda: (
            f"2026-11-{rng.randint(10, 28)}T10:{rng.randint(10, 59)}:00.{_some(rng, DIGITS, 6)}Z INFO auth ok"
        ),
        "table": lambda: f"| password | string | yes | at least {rng.randint(8, 20)} characters |",
        "import": lambda: f"from app.auth.tokens import {words(3)} as auth_{rng.randint(1, 9)}",
        "mime": lambda: f"Content-Type: multipart/form-data; boundary=----WebKitFormBoundary{rng.randint(1, 9)}",
        "object-id": lambda: f"ObjectId('{_some(rng, HEX, 24)}')",
        "etag": lambda: f'ETag: W/"{_some(rng, HEX, 32)}"',
        "fixture": lambda: (
            f'assert response.json()["token"] == "{rng.choice(("abc", "test", "dummy-token", "fake-token"))}"'
        ),
        "html": lambda: f'<input type="password" name="password" id="id_password{rng.randint(1, 9)}">',
        "select": lambda: f"SELECT token, secret FROM auth_tokens WHERE id = {rng.randint(1, 999)}",
        "basic-words": lambda: f"Sends it using HTTP Basic authentication, {rng.randint(1, 9)} times.",
        "names": lambda: f"fields = ('user', 'password', 'host', 'port', 'path{rng.randint(1, 9)}')",
        "keyword": lambda: f"return connect(user=user, password=password, retries={rng.randint(1, 9)})",
        "constructor": lambda: f"auth = _SigV{rng.randint(2, 9)}Auth(config=config)",
        "encoded": lambda: f"token = b64encode(user_pass{rng.randint(1, 9)}).decode()",
        "union": lambda: f"auth: _BearerAuth | _SigV{rng.randint(2, 9)}Auth | None = None",
        "none": lambda: f"{{'username': None, 'password': None, 'host': 'h{rng.randint(1, 9)}.org'}}",
        "example-aws": lambda: "aws_access_key_id = AKIA" + "IOSFODNN7EXAMPLE",
    }
    for _ in range(EACH):
        for kind, make in made.items():
            yield Planted(kind, "look-alike", make(), "")
