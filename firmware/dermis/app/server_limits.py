"""What the server takes at once; `parameters` tells it to clients."""

# Requests under way; each holds a task and its answer. A client waits for its answers, so this is plenty.
LARGEST_IN_FLIGHT = 4
# Bytes of a frame or a record in one answer: with header and field names it fits a packet (core.smp).
PIECE_BYTES = 3968
