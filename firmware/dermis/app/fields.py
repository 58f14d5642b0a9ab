"""A message's fields against the table: what is missing, what is of the wrong kind, what takes its default."""

from dermis.core import messages
from dermis.core.errors import RC_INVALID, WireError

_KINDS = {"int": int, "str": str, "bytes": bytes, "map": dict, "list": list, "bool": bool}


def is_kind(value, kind):
    """Whether a value is what the table calls `kind`; a bool is no int."""
    if isinstance(value, bool):
        return kind == "bool"
    return isinstance(value, _KINDS[kind])


def taken(message, request):
    """The request's fields as the handler gets them, defaults filled in.

    Fields that the table does not have are left out, as MCUmgr does. Raises WireError (invalid).
    """
    if not isinstance(request, dict):
        raise WireError(RC_INVALID, "the body of %s must be a map" % message.name)
    out = {}
    for field in message.request:
        if field.name in request:
            value = request[field.name]
            if not is_kind(value, field.kind):
                raise WireError(
                    RC_INVALID,
                    "%s of %s must be of kind %s: %s" % (field.name, message.name, field.kind, field.meaning),
                )
        elif field.default is messages.REQUIRED:
            raise WireError(RC_INVALID, "%s needs %s: %s" % (message.name, field.name, field.meaning))
        else:
            value = field.default
        out[field.name] = value
    return out
