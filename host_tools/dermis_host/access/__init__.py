"""Access to modules: the keyring of a fleet, sessions, provisioning, posture in words, sealed recordings."""
