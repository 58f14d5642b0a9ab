"""A setting's change as a session asks for it: checked, kept, in force, and in the audit log."""

from __future__ import annotations

from dermis.app import settings
from dermis.core import profiles
from dermis.core.errors import RC_BUSY, RC_INVALID, RC_NO_ENTRY, RC_NO_MEMORY, RC_UNKNOWN, BadInput, WireError
from dermis.drivers.storage import ENOSPC


def found(name):
    """The setting of that name. Raises WireError (no entry)."""
    try:
        return settings.by_name(name)
    except BadInput as error:
        raise WireError(RC_NO_ENTRY, str(error))


def change(module, setting, value):
    """Put a value in force; None: the default. Raises WireError."""
    if module.busy and setting.name == settings.PROFILE:
        raise WireError(RC_BUSY, "the module is busy with %s; change its profile afterwards" % module.busy)
    if setting.name.startswith(settings.LOCK_PREFIX):
        _must_fit(module, setting, value)
    before = module.settings.get(setting.name)
    try:
        module.settings.change(setting.name, value)
    except OSError as error:
        full = error.errno == ENOSPC
        raise WireError(
            RC_NO_MEMORY if full else RC_UNKNOWN,
            "%s stays %s, because storage %s; run the self-test"
            % (setting.name, before, "is full" if full else "does not take it"),
        )
    now = module.settings.get(setting.name)
    if setting.name == settings.PROFILE:
        module.profile = profiles.by_name(now)
    if now == before:
        return
    fields = {"name": setting.name, "before": before, "now": now}
    if setting.name == settings.PROFILE:
        fields["laxer"] = profiles.laxer(now, before)
    module.audit.note("setting_changed", **fields)


def _must_fit(module, setting, value):
    """Facility, card and format of a Wiegand frame must go together."""
    from dermis.app.lock import settings as lock_settings  # only for these few settings

    try:
        lock_settings.frame(module.settings, setting.name, setting.default if value is None else value)
    except BadInput as error:
        raise WireError(RC_INVALID, str(error))
