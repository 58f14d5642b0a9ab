from dermis.app import free_resets, rights
from dermis.core import messages


async def handle(module, _request):
    if not rights.granted(module.state, messages.UPDATE, module.session):
        free_resets.take(module.storage, module.uptime_ms())
    module.end_session("reset")
    module.reset_asked = True  # the server restarts when the answer has left
    return {}
