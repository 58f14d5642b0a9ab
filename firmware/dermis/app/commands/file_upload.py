from dermis.app import files


async def handle(module, request):
    if module.upload is None:
        module.upload = files.Upload(module.storage)
    name, total = request["name"], request["len"]
    try:
        held, stored = module.upload.receive(name, request["off"], request["data"], total)
    except OSError as error:
        raise files.failed(name, error)
    if stored:
        module.audit.note("file_stored" if held else "file_removed", name=name, size=held)
    return {"off": held}
