async def handle(module, _request):
    if module.upload is not None:
        module.upload.forget()
    return {}
