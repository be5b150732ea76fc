"""The judge's key and the collector's token: from the environment, else from the keyring of the system, never a file.

The keyring is asked only when a key is about to be used, and in a thread: a locked one may ask its user first.
"""

import logging
import threading
from typing import Literal, get_args

from pydantic import SecretStr

from fixtrail.errors import UnavailableError
from fixtrail.settings import Settings

SERVICE = "fixtrail"
"""Under this name the keyring has our keys; the user name is the key's."""
ASK_SECONDS = 10.0
"""A keyring that is locked and has nobody to ask may wait for ever."""

KeyName = Literal["judge", "upload"]
KEY_NAMES: tuple[KeyName, ...] = get_args(KeyName)

_log = logging.getLogger(__name__)


def store_key(name: KeyName, key: str) -> None:
    """Put a key into the keyring.

    Raises
    ------
    UnavailableError
        ``keys/no-keyring``: there is none, or it refused.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, name, key)
    except KeyringError as error:
        raise _no_keyring(error) from None


def remove_key(name: KeyName) -> bool:
    """Take a key out of the keyring; return whether there was one.

    Raises
    ------
    UnavailableError
        ``keys/no-keyring``.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        if keyring.get_password(SERVICE, name) is None:
            return False
        keyring.delete_password(SERVICE, name)
    except KeyringError as error:
        raise _no_keyring(error) from None
    return True


def stored_key(name: KeyName) -> SecretStr | None:
    """Return a key of the keyring; None: it has none, there is no keyring, or it did not answer in time. Blocks."""
    found: list[str | None] = []

    def ask() -> None:
        import keyring

        try:
            found.append(keyring.get_password(SERVICE, name))
        except Exception as error:  # noqa: BLE001  a keyring is any of a dozen programs
            _log.info("keyring not read key=%s error=%s", name, type(error).__name__)

    asking = threading.Thread(target=ask, name="fixtrail-keyring", daemon=True)
    asking.start()
    asking.join(ASK_SECONDS)
    return SecretStr(found[0]) if found and found[0] else None


def with_judge_key(settings: Settings) -> Settings:
    """Return the settings with the judge's key from the keyring, where the environment has none. Blocks."""
    if settings.judge.api_key is not None or (key := stored_key("judge")) is None:
        return settings
    return settings.model_copy(update={"judge": settings.judge.model_copy(update={"api_key": key})})


def with_upload_token(settings: Settings) -> Settings:
    """Return the settings with the collector's token from the keyring, where the environment has none. Blocks."""
    if settings.upload.token is not None or (key := stored_key("upload")) is None:
        return settings
    return settings.model_copy(update={"upload": settings.upload.model_copy(update={"token": key})})


def _no_keyring(error: Exception) -> UnavailableError:
    return UnavailableError(
        "keys/no-keyring",
        f"The system has no keyring that can be used ({type(error).__name__}).",
        "Set OPENAI_API_KEY or FIXTRAIL_UPLOAD_TOKEN in the environment instead.",
    )
