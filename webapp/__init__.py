"""The web application: ``create_app(settings)`` is what a WSGI server runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from webapp.services import Services
    from webapp.settings import Settings


def create_app(settings: Settings, services: Services | None = None) -> Flask:
    """The application over the current release of ``settings.data``; later releases are taken up as they come."""
    from webapp.application import build
    from webapp.services import Services

    return build(settings, services or Services(settings))
