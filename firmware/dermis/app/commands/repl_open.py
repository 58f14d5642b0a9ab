from dermis.app import rights


async def handle(module, _request):
    if module.state != rights.BENCH_STATE:
        module.sessions().allow_repl()
    module.note("repl_opened", state=module.state)
    return {"open": True}
