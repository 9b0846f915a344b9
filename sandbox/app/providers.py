"""Finds the providers that the settings name, by their folders."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module

import sandbox.providers
from sandbox.wire.provider import Provider


def provider_names() -> list[str]:
    """Every provider there is, by name."""
    return sorted(module.name for module in pkgutil.iter_modules(sandbox.providers.__path__) if module.ispkg)


def load_providers(names: Sequence[str]) -> list[Provider]:
    """The providers with these names; `ValueError` names the one that doesn't exist and those that do."""
    known = provider_names()
    for name in names:
        if name not in known:
            raise ValueError(f"there is no provider {name!r}: choose from {', '.join(known)}")
    return [_load(name) for name in names]


def _load(name: str) -> Provider:
    provider = import_module(f"sandbox.providers.{name}").PROVIDER
    assert isinstance(provider, Provider)
    return provider
