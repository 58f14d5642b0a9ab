"""The table of commands. One command, one module of the same name with `add_arguments(parser)` and
`run(arguments, output) -> int`."""

COMMANDS = {
    "twin": "Run a virtual module, or talk to the one that runs.",
    "demo": "Show a virtual module every built-in scene and report its verdicts.",
    "devices": "List the ports and say who is a Dermis module.",
    "info": "What a module is and what runs on it.",
    "provision": "Give a module its keys, once, and put it into the field.",
    "selftest": "Have a module check itself.",
    "verify": "One verdict: living skin on a real head, or an instrument?",
    "audit": "Fetch a module's audit log, check it, export it.",
    "watch": "Verdicts as they come, until Ctrl-C.",
    "capture": "Save a burst as a recording.",
    "replay": "Give recordings to the device's code and print its verdicts.",
    "depth": "Depth from two images by the device's code.",
    "infer": "Run a .tflite model on arrays by the device's code.",
    "build": "Make the signed image of a module from the sources.",
    "simulate": "Simulate presentations by plan, as recordings or features, here or on a cluster.",
    "calibrate": "Calibrate a module: plan, run, commit, verify, diff, roll back.",
    "flash": "Put a runtime and an image on modules, several at once.",
    "update": "Bring a signed image onto a module: upload, try, keep or go back.",
    "station": "The end-of-line station: units one after the other, and the report of a lot.",
    "evaluate": "Present by plan, let the device's code judge, and report the error rates.",
    "rig": "What a rig can do: targets, power, lamp, lock; and whether it does.",
    "report": "Error rates of anybody's scores, in the terms of ISO/IEC 30107-3.",
}
