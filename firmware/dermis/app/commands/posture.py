from dermis.app import rights, settings
from dermis.app.lock import key
from dermis.app.utc import days_since
from dermis.core import posture, release


async def handle(module, _request):
    keys = module.keys
    opened = list(posture.ALWAYS_OPEN)
    opened += [name for name in posture.BY_RIGHT if rights.granted(module.state, name)]
    if module.prompt_allowed():
        opened.append(posture.PROMPT)
    sessions = module.sessions()
    return {
        "state": module.state,
        "provisioned": keys.provisioned,
        "fleet": keys.fleet(),
        "open": opened,
        "locked": [name for name in posture.OPENABLE if name not in opened],
        "defaults": _defaults(module),
        "unverifiable": _unverifiable(module),
        "faults": [fault for fault in (keys.fault, module.state_fault, module.entropy_fault()) if fault],
        "release": {
            "version": release.VERSION,
            "released": release.RELEASED,
            "age_days": days_since(release.RELEASED, module.clock.unix_time()),
        },
        "sessions": sessions.facts(),
    }


def _defaults(module):
    keys = module.keys
    if keys.fault:
        return []  # none of them is in force
    names = [] if keys.provisioned else [name for name in posture.DEFAULTS if name != posture.OSDP_KEY]
    if not key.base_key(module.storage, module.system.serial(), keys):
        names.append(posture.OSDP_KEY)
    return names


def _wires(module):
    """Those of the lock's side that carry what a verdict says, and whose own word nobody can check."""
    names = []
    if module.settings.any_set(settings.LOCK_PREFIX):
        if module.settings.get("lock_wiegand") != "off":
            names.append(posture.WIEGAND)
        if module.settings.get("lock_start") != "off" and module.settings.get("lock_relay_ms"):
            names.append(posture.RELAY)
    return names


def _unverifiable(module):
    # Stock MicroPython knows nothing of secure boot, so these hold on every board.
    names = [posture.RUNTIME, posture.FLASH, posture.REQUESTS]
    if module.system.board in posture.PSEUDO_RANDOM:
        names.append(posture.RANDOM)
    if not module.clock.unix_time():
        names.append(posture.CLOCK)
    if module.state_fault:
        names.append(posture.STATE)
    if module.keys.fault:
        names.append(posture.KEYS)
    if module.entropy_fault():
        names.append(posture.SEED)
    return names + _wires(module)
