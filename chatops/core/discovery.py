"""Finds the handlers: all modules below the ``handlers`` packages of our apps are imported."""

import importlib
import pkgutil

from django.apps import apps

from chatops.core.features import registry


def load_handlers() -> list[str]:
    """Import them all, once; returns the modules' names."""
    found: list[str] = []
    for config in apps.get_app_configs():
        if not config.name.startswith("chatops."):
            continue
        try:
            package = importlib.import_module(f"{config.name}.handlers")
        except ModuleNotFoundError as error:
            if error.name != f"{config.name}.handlers":
                raise
            continue
        found.append(package.__name__)
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
            found.append(module.name)
    while registry.completions:
        registry.completions.pop()()
    return found
