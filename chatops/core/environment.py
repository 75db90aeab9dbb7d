"""The environment's variables, as the settings read them."""

import os

from django.core.exceptions import ImproperlyConfigured


def env(name: str, default: str) -> str:
    return os.environ.get(name, default)


def env_int(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    try:
        return int(text) if text else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.") from error


def env_seconds(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        seconds = float(text) if text else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number, not {text!r}.") from error
    if not 0 < seconds < float("inf"):
        raise ImproperlyConfigured(f"{name} must be more than 0, not {text!r}.")
    return seconds


def env_choice(name: str, *choices: str) -> str:
    """One of the choices; the first is the default."""
    text = os.environ.get(name) or choices[0]
    if text not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {text!r}.")
    return text


def env_on(name: str, *, default: bool) -> bool:
    return env_choice(name, *(("on", "off") if default else ("off", "on"))) == "on"
