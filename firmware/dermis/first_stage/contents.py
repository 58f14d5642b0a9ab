"""What the boot partition holds besides `hardware.json`, by dotted names. For the build: no device loads it."""

MODULES = (
    "dermis",
    "dermis.boot",
    "dermis.core",
    "dermis.core.boot_state",
    "dermis.core.cbor",
    "dermis.core.errors",
    "dermis.core.handover",
    "dermis.core.mcuboot",
    "dermis.core.partitions",
    "dermis.core.slot",
    "dermis.drivers",
    "dermis.drivers.first_parts",
    "dermis.drivers.flash",
    "dermis.drivers.flash.partitioned",
    "dermis.drivers.storage",
    "dermis.drivers.storage.little",
    "dermis.drivers.system",
    "dermis.first_stage",
    "dermis.first_stage.hardware",
    "dermis.first_stage.launch",
    "dermis.first_stage.start",
    "typing",
    "__future__",
)
BY_BOARD = {
    "twin": (
        "dermis.core.twin_wire",
        "dermis.drivers.flash.twin",
        "dermis.drivers.storage.twin",
        "dermis.drivers.system.twin",
        "dermis.drivers.twin_channel",
        "dermis.drivers.twin_first",
    ),
    "esp32s3": (
        "dermis.drivers.clock",
        "dermis.drivers.clock.esp32s3",
        "dermis.drivers.esp32s3_first",
        "dermis.drivers.flash.esp32s3",
        "dermis.drivers.storage.esp32s3",
        "dermis.drivers.system.esp32s3",
    ),
}
# At the root of the partition, as sources: what MicroPython runs by itself after a reset.
AT_ROOT = {"boot": "dermis.first_stage.boot", "main": "dermis.first_stage.main"}
