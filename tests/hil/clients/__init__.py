"""Tools that others made, unmodified, driven as a person drives them: from a rig's port, as processes where they are
commands."""
