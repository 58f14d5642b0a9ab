"""The names that `posture` answers with: closed lists, so that a host has words for each. docs/access.md has them."""

# What is open or locked. The first are open always; the others are rights of the table of messages, and the prompt.
VERDICTS, SELF_TEST, UPLOAD, AUDIT = "verdicts", "self_test", "upload", "audit"
SETUP, FRAMES, UPDATE, PROVISION, SERVICE = "setup", "frames", "update", "provision", "service"
PROMPT = "prompt"
ALWAYS_OPEN = (VERDICTS, SELF_TEST, UPLOAD, AUDIT)
BY_RIGHT = (SETUP, FRAMES, UPDATE, PROVISION, SERVICE)
OPENABLE = ALWAYS_OPEN + BY_RIGHT + (PROMPT,)

# What is still as everybody knows it.
ROLE_KEYS, VERDICT_KEY, STATION_KEY = "role_keys", "verdict_key", "station_key"
UPDATE_KEYS, OSDP_KEY = "update_keys", "osdp_key"
DEFAULTS = (ROLE_KEYS, VERDICT_KEY, STATION_KEY, UPDATE_KEYS, OSDP_KEY)

# What the module cannot vouch for.
RUNTIME, FLASH, REQUESTS = "runtime", "flash", "requests"
RANDOM, CLOCK, STATE, KEYS, SEED = "random", "clock", "state", "keys", "seed"
WIEGAND, RELAY = "wiegand", "relay"
# Boards whose own random numbers somebody could work out: the twin's come from its seed, and those of an ESP32-S3 are
# pseudo-random while its radio is off, which it is here for good. The stored seed stands beside them (app.entropy).
PSEUDO_RANDOM = ("twin", "esp32s3")
UNVERIFIABLE = (RUNTIME, FLASH, REQUESTS, RANDOM, CLOCK, STATE, KEYS, SEED, WIEGAND, RELAY)
