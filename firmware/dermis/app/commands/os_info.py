from dermis.app import module as modules
from dermis.app import settings
from dermis.core.errors import RC_INVALID, WireError

LETTERS = "snrvbmpio"  # in the order of uname
UNKNOWN = "unknown"  # what a part is that nothing on the module can tell


async def handle(module, request):
    wanted = request["format"]
    if "a" in wanted:
        wanted = LETTERS
    for letter in wanted:
        if letter not in LETTERS:
            raise WireError(RC_INVALID, "format has no letter %r; use %s, or a for all" % (letter, LETTERS))
    name, _, release = modules.runtime().partition(" ")
    parts = {
        "s": name,
        "n": module.settings.get(settings.NAME) or module.system.serial(),
        "r": release,
        "v": "dermis-%s" % modules.FIRMWARE_VERSION,
        "b": UNKNOWN,
        "m": module.system.board,
        "p": UNKNOWN,
        "i": module.board["board"],
        "o": "Dermis",
    }
    return {"output": " ".join([parts[letter] for letter in LETTERS if letter in wanted])}
