"""Fair choices from the platform's random bytes."""


def below(count, random):
    """A number of 0..count-1 (count at most 256), each as likely; `random(n)` gives n random bytes."""
    limit = 256 - 256 % count
    while True:
        byte = random(1)[0]
        if byte < limit:  # what is above would favour the small numbers
            return byte % count


def shuffle(items, random):
    """The items in a random order, each order as likely (Fisher-Yates)."""
    out = list(items)
    for last in range(len(out) - 1, 0, -1):
        other = below(last + 1, random)
        out[last], out[other] = out[other], out[last]
    return out
