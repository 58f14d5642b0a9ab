from dermis.app.server_limits import LARGEST_IN_FLIGHT
from dermis.core import smp


async def handle(_module, _request):
    return {"buf_size": smp.BUFFER_SIZE, "buf_count": LARGEST_IN_FLIGHT}
