"""What known secrets look like. Patterns are RE2's; the first group is the secret, without one all that matches.

The forms are those the issuers document; where a form has no fixed mark, the name before it has to say what it is.
"""

from typing import NamedTuple


class Rule(NamedTuple):
    """A kind of secret."""

    name: str
    pattern: str
    judged: bool = True
    """A match that looks like a placeholder is none."""
    worded: bool = True
    """A plain word may be the secret."""


_END = r"(?:$|[^A-Za-z0-9_-])"

RULES: tuple[Rule, ...] = (
    Rule("aws-access-key", r"\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b"),
    Rule("aws-secret-key", r"(?i)aws.{0,20}(?:secret|sk).{0,20}?[\"'=:\s]([A-Za-z0-9/+]{40})(?:$|[^A-Za-z0-9/+=])"),
    Rule("gcp-api-key", r"\b(AIza[0-9A-Za-z_-]{35})" + _END),
    Rule("google-oauth", r"\b(ya29\.[0-9A-Za-z_-]{20,})"),
    Rule("google-oauth-secret", r"\b(GOCSPX-[0-9A-Za-z_-]{28})"),
    Rule("azure-storage-key", r"(?i)AccountKey=([A-Za-z0-9+/]{86}==)"),
    Rule("azure-sas", r"[?&]sig=([A-Za-z0-9%]{40,})"),
    Rule("azure-client-secret", r"\b([A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{34})"),
    Rule("github-token", r"\b(gh[pousr]_[A-Za-z0-9]{36,})"),
    Rule("github-token", r"\b(github_pat_[A-Za-z0-9_]{40,})"),
    Rule("gitlab-token", r"\b(gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent)-[A-Za-z0-9_.-]{20,})"),
    Rule("slack-token", r"\b(xox[abeoprs]-[A-Za-z0-9-]{10,})"),
    Rule("slack-token", r"\b(xapp-\d-[A-Za-z0-9-]{20,})"),
    Rule("slack-webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{20,})"),
    Rule("discord-webhook", r"discord(?:app)?\.com/api/webhooks/\d+/([A-Za-z0-9_-]{40,})"),
    Rule("discord-token", r"\b([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})"),
    Rule("stripe-key", r"\b((?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,})"),
    Rule("stripe-webhook", r"\b(whsec_[A-Za-z0-9+/=]{24,})"),
    Rule("twilio-key", r"\b(SK[0-9a-f]{32})\b"),
    Rule("sendgrid-key", r"\b(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64})"),
    Rule("mailgun-key", r"\b(key-[0-9a-f]{32})\b"),
    Rule("mailchimp-key", r"\b([0-9a-f]{32}-us\d{1,2})\b"),
    Rule("npm-token", r"\b(npm_[A-Za-z0-9]{36})"),
    Rule("npm-token", r"_authToken\s*=\s*([A-Za-z0-9_=-]{20,})"),
    Rule("pypi-token", r"\b(pypi-[A-Za-z0-9_-]{50,})"),
    Rule("docker-token", r"\b(dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,})"),
    Rule("huggingface-token", r"\b(hf_[A-Za-z0-9]{30,})"),
    Rule("anthropic-key", r"\b(sk-ant-[A-Za-z0-9_-]{20,})"),
    Rule("openai-key", r"\b(sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{20,})"),
    Rule("groq-key", r"\b(gsk_[A-Za-z0-9]{40,})"),
    Rule("replicate-token", r"\b(r8_[A-Za-z0-9]{36,})"),
    Rule("digitalocean-token", r"\b(do[opr]_v1_[0-9a-f]{64})"),
    Rule("databricks-token", r"\b(dapi[0-9a-f]{32}(?:-\d)?)\b"),
    Rule("new-relic-key", r"\b(NR(?:AK|JS|II|RA)-[A-Z0-9]{20,})"),
    Rule("grafana-token", r"\b(gl(?:sa|c)_[A-Za-z0-9+/=_-]{32,})"),
    Rule("sentry-dsn", r"https?://([0-9a-f]{32})(?::[0-9a-f]{32})?@[^\s/]*(?:sentry|ingest)[^\s]*/\d+"),
    Rule("sentry-token", r"\b(sntr(?:y|u)s_[A-Za-z0-9+/=_-]{40,})"),
    Rule("shopify-token", r"\b(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})"),
    Rule("square-token", r"\b((?:EAAA|sq0(?:atp|csp|idp)-)[A-Za-z0-9_-]{22,})"),
    Rule("telegram-token", r"\b(\d{8,10}:AA[A-Za-z0-9_-]{32,34})"),
    Rule("vault-token", r"\b(hv[sbr]\.[A-Za-z0-9_-]{24,})"),
    Rule("terraform-token", r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,})"),
    Rule("fly-token", r"\b(fm[12][ar]?_[A-Za-z0-9+/=_-]{40,}|FlyV1 [A-Za-z0-9+/=_,-]{40,})"),
    Rule("doppler-token", r"\b(dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,})"),
    Rule("linear-key", r"\b(lin_(?:api|oauth)_[A-Za-z0-9]{32,})"),
    Rule("notion-token", r"\b((?:secret_|ntn_)[A-Za-z0-9]{40,})"),
    Rule("postman-key", r"\b(PMAK-[0-9a-f]{24}-[0-9a-f]{34})"),
    Rule("airtable-token", r"\b(pat[A-Za-z0-9]{14}\.[0-9a-f]{64})"),
    Rule("atlassian-token", r"\b(AT(?:ATT|BB|CTT)[A-Za-z0-9_=+/-]{20,})"),
    Rule("cloudflare-key", r"\b(v1\.0-[0-9a-f]{24}-[0-9a-f]{100,})"),
    Rule("heroku-key", r"\b(HRKU-[A-Za-z0-9_-]{30,})"),
    Rule("supabase-key", r"\b(sb(?:p|_secret)_[A-Za-z0-9_]{20,})"),
    Rule("planetscale-token", r"\b(pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,})"),
    Rule("age-key", r"\b(AGE-SECRET-KEY-1[0-9A-Z]{58})"),
    Rule("jwt", r"\b(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"),
    Rule("private-key", r"-----BEGIN (?:[A-Z0-9 ]+ )?PRIVATE KEY(?: BLOCK)?-----([^-]{16,}?)-----END"),
    Rule("url-credentials", r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@\"'<>]*:([^\s@/\"'<>]{2,})@"),
    Rule("url-token", r"\bhttps?://([A-Za-z0-9_-]{20,})@"),
    Rule(
        "authorization",
        r"(?i)authorization[\"']?\]?\s*[:=,]\s*[fr]?[\"']?(?:bearer|basic|token|digest|apikey)\s+([A-Za-z0-9._~+/=-]{6,})",
    ),
    Rule("bearer", r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{16,})"),
    Rule("basic-auth", r"\bBasic\s+([A-Za-z0-9+/]{12,}={0,2})" + _END, worded=False),
    Rule(
        "session-cookie", r"(?i)\b(?:session(?:id)?|sid|csrftoken|connect\.sid|phpsessid|jsessionid)=([^;\s\"']{16,})"
    ),
    Rule("curl-user", r"(?:\s-u|\s--user)[=\s]\s*[\"']?[^\s:\"']+:([^\s\"']{3,})"),
    Rule("netrc", r"\blogin\s+\S+\s+password\s+(\S+)"),
    Rule("connection-string", r"(?i);\s*(?:password|pwd|accountkey|sharedaccesskey)=([^;\s\"'&()\[\]]{4,})"),
    Rule("connection-string", r"(?i)\b(?:password|pwd|sharedaccesskey)=([^;\s\"'&()\[\]]{4,});"),
)
