from dermis.app import statistics
from dermis.core.errors import RC_NO_ENTRY, RC_UNKNOWN, WireError


async def handle(module, request):
    name = request["name"]
    if name not in statistics.GROUPS:
        raise WireError(RC_NO_ENTRY, "there are no statistics %r; there are: %s" % (name, ", ".join(statistics.GROUPS)))
    if name == statistics.HEAP:
        from dermis.app import heap_figures  # seldom asked

        return {"name": name, "fields": await heap_figures.figures()}
    try:
        return {"name": name, "fields": module.statistics.fields(name, module)}
    except OSError:
        raise WireError(RC_UNKNOWN, "storage cannot be read; run the self-test")
