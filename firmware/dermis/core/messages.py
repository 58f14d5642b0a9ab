"""The table of messages: the only place where a group, an identifier or a field is written down.

SMP (MCUmgr) addresses a message by (group, identifier, operation). The device's server and the host's
client both read this table; `docs/formats/messages.md` is printed from it (`make docs`) and a test
compares the two. A retired number is never used again: it goes to `RETIRED`.

Kinds: `int`, `bool`, `str`, `bytes`, `map`, `list`. A field whose default is `REQUIRED` must be present.
"""

from collections import namedtuple

VERSION = 1

READ, WRITE = 0, 2
REQUIRED = "required"

# What a request needs. `NONE` needs nothing; the others are granted by the module's state: in the bench
# state `BENCH` is open to whoever holds the port.
NONE, BENCH, INSTALLER, SERVICE = "none", "bench", "installer", "service"

GROUP_OS = 0
GROUP_PAD = 64
GROUP_CALIBRATION = 65
GROUP_AUDIT = 66  # reserved: issue F

Field = namedtuple("Field", ("name", "kind", "unit", "default", "meaning"))
Message = namedtuple("Message", ("name", "group", "id", "op", "right", "request", "response", "meaning"))


def _f(name: str, kind: str, unit: str = "", default: object = REQUIRED, meaning: str = ""):
    return Field(name, kind, unit, default, meaning)


MESSAGES = (
    Message(
        "echo",
        GROUP_OS,
        0,
        WRITE,
        NONE,
        (_f("d", "str", "", "", "text to send back"),),
        (_f("r", "str", "", REQUIRED, "the same text"),),
        "Sends the text back.",
    ),
    Message(
        "datetime_read",
        GROUP_OS,
        4,
        READ,
        NONE,
        (),
        (_f("datetime", "str", "", REQUIRED, "UTC, yyyy-MM-dd'T'HH:mm:ss"),),
        "The module's clock.",
    ),
    Message(
        "datetime_write",
        GROUP_OS,
        4,
        WRITE,
        BENCH,
        (_f("datetime", "str", "", REQUIRED, "UTC, yyyy-MM-dd'T'HH:mm:ss, anything after it is ignored"),),
        (),
        "Sets the module's clock.",
    ),
    Message(
        "reset",
        GROUP_OS,
        5,
        WRITE,
        BENCH,
        (_f("force", "int", "", 0, "accepted for compatibility, has no effect"),),
        (),
        "Answers, then restarts the module.",
    ),
    Message(
        "parameters",
        GROUP_OS,
        6,
        READ,
        NONE,
        (),
        (
            _f("buf_size", "int", "bytes", REQUIRED, "largest SMP packet taken"),
            _f("buf_count", "int", "", REQUIRED, "requests held at once"),
        ),
        "MCUmgr parameters.",
    ),
    Message(
        "os_info",
        GROUP_OS,
        7,
        READ,
        NONE,
        (_f("format", "str", "", "s", "letters as of uname: s n r v b m p i o, or a for all"),),
        (_f("output", "str", "", REQUIRED, "the parts asked for, in the order of uname"),),
        "OS/application info.",
    ),
    Message(
        "identity",
        GROUP_PAD,
        0,
        READ,
        NONE,
        (),
        (
            _f("serial", "str", "", REQUIRED, "the module's serial number"),
            _f("board", "str", "", REQUIRED, "twin, esp32s3 or coral"),
            _f("firmware", "str", "", REQUIRED, "version of the firmware"),
            _f("runtime", "str", "", REQUIRED, "the Python that runs it"),
            _f("messages", "int", "", REQUIRED, "version of this table"),
            _f("model", "str", "", REQUIRED, "name of the spoof model"),
            _f("model_hash", "str", "", REQUIRED, "SHA-256 of the .tflite, hex, first 16 digits"),
            _f("profile", "str", "", REQUIRED, "deployment profile in force"),
            _f("calibrated", "bool", "", REQUIRED, "a calibration record is in force"),
            _f("calibration", "str", "", REQUIRED, "hash of that record, hex, first 16 digits; or empty"),
            _f("state", "str", "", REQUIRED, "bench, field or service"),
            _f("swir", "bool", "", REQUIRED, "the SWIR head is fitted"),
            _f("imager", "str", "", REQUIRED, "identity of the imager"),
            _f("swir_head", "str", "", REQUIRED, "identity of the SWIR head; empty without one"),
            _f("uptime_ms", "int", "ms", REQUIRED, "since the start of the firmware"),
        ),
        "What this module is and what runs on it.",
    ),
    Message(
        "verify",
        GROUP_PAD,
        1,
        WRITE,
        NONE,
        (
            _f(
                "time_limit_ms",
                "int",
                "ms",
                0,
                "0: the profile's; a longer one than the profile's is cut to it",
            ),
            _f("nonce", "bytes", "", b"", "sent back in the verdict, at most 32 bytes"),
        ),
        (
            _f("verdict", "str", "", REQUIRED, "bona_fide, attack or no_decision"),
            _f("reasons", "list", "", REQUIRED, "names from the table of reasons, the weightiest first"),
            _f("score", "int", "1/10000", REQUIRED, "PAD score, higher is more likely bona fide"),
            _f("bursts", "int", "", REQUIRED, "bursts taken"),
            _f("evidence", "map", "", REQUIRED, "of the last burst: see docs/formats/evidence.md"),
            _f("stages_us", "map", "us", REQUIRED, "time of each stage, summed over the bursts"),
            _f("profile", "str", "", REQUIRED, "profile in force"),
            _f("nonce", "bytes", "", REQUIRED, "as sent"),
            _f("firmware", "str", "", REQUIRED, "version of the firmware"),
            _f("model_hash", "str", "", REQUIRED, "as in identity"),
            _f("calibration", "str", "", REQUIRED, "as in identity"),
        ),
        "Takes bursts until there is a verdict or the time is up.",
    ),
    Message(
        "burst",
        GROUP_PAD,
        2,
        WRITE,
        BENCH,
        (
            _f("lights", "list", "", [], "states to take, by name; empty: the whole burst"),
            _f("exposure_us", "int", "us", 0, "of the imager, 200 to 20000; 0: the board's"),
        ),
        (
            _f("id", "int", "", REQUIRED, "number of this burst since the start"),
            _f("frames", "list", "", REQUIRED, "names of the frames, as they can be fetched"),
            _f("meta", "map", "", REQUIRED, "the burst's header: see docs/formats/recording.md"),
        ),
        "Takes one burst and keeps it in memory for `burst_part`, until the next one.",
    ),
    Message(
        "burst_part",
        GROUP_PAD,
        3,
        READ,
        BENCH,
        (
            _f("id", "int", "", REQUIRED, "of the burst"),
            _f("frame", "str", "", REQUIRED, "name of the frame"),
            _f("off", "int", "bytes", 0, "where to start"),
        ),
        (
            _f("off", "int", "bytes", REQUIRED, "where this piece starts"),
            _f("len", "int", "bytes", REQUIRED, "length of the whole frame"),
            _f("data", "bytes", "", REQUIRED, "pixels, row by row"),
        ),
        "A piece of a frame of the burst held.",
    ),
    Message(
        "selftest",
        GROUP_PAD,
        4,
        WRITE,
        NONE,
        (),
        (
            _f("ok", "bool", "", REQUIRED, "every check passed"),
            _f(
                "checks",
                "list",
                "",
                REQUIRED,
                "maps of name, ok, value, unit, low, high, what to do when it fails",
            ),
        ),
        "Checks imager, lights, SWIR head, thermometer, storage, model and calibration.",
    ),
    Message(
        "watch",
        GROUP_PAD,
        5,
        WRITE,
        NONE,
        (
            _f("on", "bool", "", REQUIRED, "start or stop"),
            _f("period_ms", "int", "ms", 200, "pause between two looks"),
        ),
        (_f("on", "bool", "", REQUIRED, "as it now is"),),
        "Verdicts without being asked: one JSON object a line, between the frames of the link.",
    ),
    Message(
        "evidence",
        GROUP_PAD,
        6,
        READ,
        NONE,
        (),
        (_f("evidence", "map", "", REQUIRED, "of the last burst analysed; empty before the first"),),
        "The evidence of the last verdict.",
    ),
    Message(
        "calibration_state",
        GROUP_CALIBRATION,
        0,
        READ,
        NONE,
        (),
        (
            _f("calibrated", "bool", "", REQUIRED, "a record is in force"),
            _f("hash", "str", "", REQUIRED, "hex, first 16 digits; or empty"),
            _f("created", "str", "", REQUIRED, "UTC, when the record was made"),
            _f("in_force", "str", "", REQUIRED, "slot of the record in force: user, previous or factory; or empty"),
            _f("records", "list", "", REQUIRED, "maps of slot, hash, created, fixture (id), operator, size (bytes)"),
            _f("fault", "str", "", REQUIRED, "why there is no record in force, or not the chosen one; or empty"),
        ),
        "Which calibration record is in force, and which others the module holds.",
    ),
    Message(
        "calibration_read",
        GROUP_CALIBRATION,
        1,
        READ,
        BENCH,
        (
            _f("off", "int", "bytes", 0, "where to start"),
            _f("slot", "str", "", "", "user, previous or factory; empty: the record in force"),
        ),
        (
            _f("off", "int", "bytes", REQUIRED, "where this piece starts"),
            _f("len", "int", "bytes", REQUIRED, "length of the whole record"),
            _f("data", "bytes", "", REQUIRED, "a piece of the record: see docs/formats/calibration.md"),
        ),
        "A record that the module holds.",
    ),
    Message(
        "calibration_write",
        GROUP_CALIBRATION,
        2,
        WRITE,
        BENCH,
        (
            _f("off", "int", "bytes", REQUIRED, "where this piece belongs; 0 starts anew"),
            _f("len", "int", "bytes", REQUIRED, "length of the whole record"),
            _f("data", "bytes", "", REQUIRED, "the piece"),
            _f("slot", "str", "", "user", "user, or factory, which is written once"),
        ),
        (
            _f(
                "off",
                "int",
                "bytes",
                REQUIRED,
                "bytes held so far; at `len` the record has been checked and stored",
            ),
        ),
        "Hands over a calibration record. A user record is in force when the last piece has been checked and stored; "
        "the one before is then the previous one.",
    ),
    Message(
        "monitor_baseline",
        GROUP_CALIBRATION,
        3,
        READ,
        BENCH,
        (),
        (_f("levels", "map", "linear counts", REQUIRED, "level of the monitor tab by state, raw"),),
        "Measures the monitor tab under each light without a record (the first step of a calibration).",
    ),
    Message(
        "calibration_select",
        GROUP_CALIBRATION,
        4,
        WRITE,
        BENCH,
        (
            _f(
                "slot",
                "str",
                "",
                REQUIRED,
                "factory or user: that record is in force; previous: it becomes the user record, and that one previous",
            ),
        ),
        (
            _f("calibrated", "bool", "", REQUIRED, "as in calibration_state, like the others"),
            _f("hash", "str", "", REQUIRED, "of the record now in force"),
            _f("created", "str", "", REQUIRED, "when it was made"),
            _f("in_force", "str", "", REQUIRED, "its slot"),
            _f("records", "list", "", REQUIRED, "what the module holds"),
            _f("fault", "str", "", REQUIRED, "as in calibration_state"),
        ),
        "Puts another record in force that the module holds.",
    ),
)

RETIRED = ()  # (group, id, op) of messages that once were


def by_name(name):
    """The message of that name. Raises KeyError."""
    for message in MESSAGES:
        if message.name == name:
            return message
    raise KeyError(name)


def by_address(group, identifier, op):
    """The message at that address, or None."""
    for message in MESSAGES:
        if message.id == identifier and message.group == group and message.op == op:
            return message
    return None
