"""Where the data directory and the user's settings file are: cheap to ask, for what must not slow others down."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import platformdirs


def user_settings_path() -> Path:
    """Return where the user's own settings file is looked for."""
    return platformdirs.user_config_path("fixtrail") / "settings.toml"


def default_home() -> Path:
    """Return the data directory of a user who has not named one."""
    return platformdirs.user_data_path("fixtrail")


def find_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data directory as :func:`fixtrail.settings.load_settings` would, reading no more than that.

    A settings file that cannot be read counts as none: whoever needs the settings says what is wrong with it.
    """
    if named := environ.get("FIXTRAIL_HOME"):
        return Path(named)
    try:
        named = tomllib.loads(user_settings_path().read_text(encoding="utf-8")).get("home")
    except (OSError, ValueError):
        named = None
    return Path(named) if isinstance(named, str) else default_home()
