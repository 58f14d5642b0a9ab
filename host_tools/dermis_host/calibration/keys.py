"""The key that a station signs records with, until issue F gives each station its own."""

from __future__ import annotations

# Equal to the firmware's (`dermis.app.rights.DEVELOPMENT_KEY`; a test holds it): whoever reads this can sign with it.
DEVELOPMENT_KEY = b"dermis development key, not safe"
