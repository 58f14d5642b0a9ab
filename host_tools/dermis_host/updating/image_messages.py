"""The image group of `Module`, and `update_state`: one method a message, named as in `dermis.core.messages`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from dermis.core import errors, smp

from dermis_host import wire
from dermis_host.answers import ImageStates, UpdateState, Uploaded
from dermis_host.client import Client
from dermis_host.errors import LinkError, RequestFailed, RequestTimeout

MARK_S = 60.0  # the module checks a signature and writes to its storage before it answers
FIRST_PIECE_S = 40.0  # as smpclient waits: a slot may have to be erased
PIECE_S = 15.0
LAST_PIECE_S = 60.0  # what was stored is compared with its SHA-256 before the answer
AHEAD = 2  # pieces under way at once: the module never waits for the host, and holds no more than it says it can
LEAST_PIECE = 64
MOST_STALLS = 5  # answers in a row that bring nothing
NEEDS_UPDATE = "image_erase"  # a message with the right that confirming needs, and that lifts the limits of uploads


def _ignore(count: int) -> None:
    """The default: nobody counts."""


class ImageMessages(Client):
    """What is done with the images in the slots."""

    def image_state(self) -> ImageStates:
        """The images in the slots; none on a module that was not started from its flash."""
        return self._ask("image_state", MARK_S)

    def image_mark(self, hash: bytes = b"", confirm: bool = False) -> ImageStates:
        """Marks the image of that hash to be tried at the next start, or with `confirm` keeps what runs.

        Confirming needs a session in the field: with a keyring, it is opened.
        """
        given: dict[str, Any] = {"hash": hash} if hash else {}
        given |= {"confirm": True} if confirm else {}
        return self._with_update("image_mark", MARK_S, errors.RC_ACCESS_DENIED, given)

    def image_upload(
        self, off: int, data: bytes, *, image: int = 0, len: int = -1, sha: bytes = b"", upgrade: bool = False
    ) -> Uploaded:
        """Hands over a piece of an image; returns how much the module holds."""
        first: dict[str, Any] = {"len": len} if len >= 0 else {}
        first |= {"sha": sha} if sha else {}
        first |= {"image": image} if image else {}
        first |= {"upgrade": True} if upgrade else {}
        time_out_s = FIRST_PIECE_S if off == 0 else LAST_PIECE_S
        # Beyond the rate of uploads without a session, the module says that it is busy for the next hour.
        return self._with_update("image_upload", time_out_s, errors.RC_BUSY, {"off": off, "data": data, **first})

    def image_erase(self, slot: int = -1) -> None:
        """Takes the image out of the slot that is not in use."""
        self._ask("image_erase", MARK_S, **({"slot": slot} if slot >= 0 else {}))

    def update_state(self) -> UpdateState:
        """How the last update stands; waits for an image that is being checked."""
        return self._ask("update_state", MARK_S)

    def upload_image(
        self,
        image: bytes,
        sha: bytes,
        buf_size: int,
        on_held: Callable[[int], None] = _ignore,
        on_sent: Callable[[int], None] = _ignore,
    ) -> None:
        """A whole image, from where the module holds it.

        sha: SHA-256 of the file, by which the module knows an upload again. buf_size: of its `parameters`. on_held:
        hears how much the module holds; on_sent: how many bytes of the image each piece took along.

        Raises RequestFailed when the module refuses it, LinkError (which may be answered by calling this again: the
        upload goes on) and ModuleReset, LinkError too when what the module says cannot be.
        """
        largest = buf_size - smp.FRAME_OVERHEAD
        first = image[: _room("image_upload", largest, off=0, len=len(image), sha=sha)]
        answer = self.image_upload(0, first, len=len(image), sha=sha)
        on_sent(len(first))
        held = self._sound(answer.off, answer.match, image)
        room = _room("image_upload", largest, off=len(image))
        under_way: deque[tuple[int, wire.SmpRequest]] = deque()  # end of each piece, oldest first
        ahead = held  # where the next piece begins
        stalls = 0
        while held < len(image):
            on_held(held)
            while len(under_way) < AHEAD and ahead < len(image):
                piece = image[ahead : ahead + room]
                ahead += len(piece)
                on_sent(len(piece))
                fields = {"off": ahead - len(piece), "data": piece}
                under_way.append((ahead, self._post("image_upload", fields)))
            end, request = under_way.popleft()
            before, held = held, self._piece_held(request, end == len(image), image)
            stalls = stalls + 1 if held <= before else 0
            if stalls > MOST_STALLS:
                raise LinkError(f"The module on {self.port} takes no more of the image: reset it and try again.")
            if held != end:
                # It wants another piece than the one it got: what is under way is of no use to it.
                while under_way:
                    held = self._piece_held(under_way.popleft()[1], False, image)
                ahead = held
        on_held(held)

    def _piece_held(self, request: wire.SmpRequest, last: bool, image: bytes) -> int:
        answer = self._answer("image_upload", request, LAST_PIECE_S if last else PIECE_S)
        if answer is None:
            raise RequestTimeout(f"The module on {self.port} did not answer to a piece of the image: try again.")
        return self._sound(answer["off"], answer["match"], image)

    def _sound(self, held: int, match: bool, image: bytes) -> int:
        if not 0 <= held <= len(image):
            raise LinkError(
                f"The module on {self.port} says that it holds {held} of {len(image)} bytes, which cannot be: reset it "
                "and try again."
            )
        if held == len(image) and not match:
            raise RequestFailed("image_upload", errors.RC_INVALID, "what was stored does not agree with the file")
        return held

    def _with_update(self, name: str, time_out_s: float, code: int, fields: dict[str, Any]) -> Any:
        """Asks; when refused with that code and there is a keyring, asks again in a session that may update."""
        try:
            return self._ask(name, time_out_s, **fields)
        except RequestFailed as refused:
            if refused.code != code or self.keyring is None or self._sessions.role:
                raise
        self._sessions.open_for(NEEDS_UPDATE)
        return self._ask(name, time_out_s, **fields)


def _room(name: str, largest: int, **fields: Any) -> int:
    """Bytes of `data` that fit a packet of that size beside the other fields."""
    empty = len(wire.request(name, **fields, data=b"").BYTES)
    longer_head = 2  # of a byte string of more than 255 bytes, as CBOR has it
    return max(LEAST_PIECE, largest - empty - longer_head)
