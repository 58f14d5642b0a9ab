from dermis.core import audit_chain
from dermis.core.errors import RC_INVALID, RC_UNKNOWN, DermisError, WireError


async def handle(module, request):
    nonce = request["nonce"]
    if len(nonce) > audit_chain.LONGEST_NONCE:
        raise WireError(RC_INVALID, "the nonce has %d bytes; at most %d" % (len(nonce), audit_chain.LONGEST_NONCE))
    module.audit.flush()  # so that the log tells of the verdicts until now
    try:
        head = module.audit.head(module.clock.unix_time())
    except OSError:
        raise WireError(RC_UNKNOWN, "the audit log cannot be read from storage; run the self-test")
    try:
        mac = audit_chain.head_mac(module.verdict_key(), module.system.serial(), nonce, head)
    except DermisError:  # the keys are damaged, as posture says: the log is still worth reading
        mac = b""
    return {
        "first": head.first,
        "next": head.next,
        "before": head.before,
        "hash": head.hash,
        "time": head.time,
        "lost": module.audit.lost,
        "mac": mac,
    }
