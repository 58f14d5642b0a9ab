"""A screen as the target: a monitor, a tablet or a telephone before the module, whose browser shows a page of ours.

The page asks for the picture that is wanted, paints it, and says so two frames later, when it is on the glass (as far
as a browser can know: that the screen is lit, it cannot). A screen is an instrument of attack: in the near infrared it
is dark, and what it must bring is a verdict that is no bona fide.
"""

from __future__ import annotations

import hmac
import json
import mimetypes
import re
import secrets
import sys
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from dermis_host.rig.contract import RigError, Targets
from dermis_host.rig.keys import Keys

HIGHEST_PORT = 65535
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg")
FIRST_NUMBERS = 1 << 40  # a browser counts exactly to 2^53
LONGEST_POLL_S = 5.0  # that a page waits for another picture before it asks anew
KEY = re.compile(r"[\w-]{8,64}", re.ASCII)
TOKEN = "key"  # the page's, so that nobody else in the network can say that a picture is shown

PAGE = """<!doctype html><meta charset="utf-8"><title>Dermis target</title>
<style>html,body{margin:0;height:100%;background:#000;overflow:hidden;cursor:none}
img{width:100%;height:100%;object-fit:contain}p{color:#888;font:2em sans-serif;text-align:center}</style>
<p id="said">waiting for a target (F11: full screen)</p><img id="shown" hidden alt="">
<script>
const key = new URLSearchParams(location.search).get("key"), img = document.getElementById("shown");
const said = document.getElementById("said");
let at = 0;
const post = (text) => fetch(`shown?key=${key}&number=${at}&problem=${encodeURIComponent(text)}`, {method: "POST"});
const frame = () => new Promise(requestAnimationFrame);
async function turn() {
  const wanted = await (await fetch(`wanted?key=${key}&after=${at}`)).json();
  if (wanted.number === at) return;
  at = wanted.number;
  img.src = `picture?key=${key}&number=${at}`;
  try { await img.decode(); } catch (problem) { await post(String(problem)); return; }
  img.hidden = false; said.hidden = true;
  await frame(); await frame();
  await post("");
}
(async () => { for (;;) { try { await turn(); } catch (problem) { await new Promise(r => setTimeout(r, 500)); } } })();
</script>"""


class _State:
    """What page and rig say to each other."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        # Of the picture that is wanted. A page may still be open from a run before: its number is none of ours.
        self.number = secrets.randbelow(FIRST_NUMBERS)
        self.picture: Path | None = None
        self.shown = 0
        self.has_page = False  # whether one has ever asked
        self.problem = ""
        self.closing = False


class ScreenTargets(Targets):
    """Keys: folder (of pictures, each a target named as its file without the suffix), listen (the address; 127.0.0.1
    for a browser on this computer), http_port, key (of the page's address, so that it may stay open from run to run;
    another one each time where none is given), patience_s (for the page to show a picture, or to be opened)."""

    def __init__(self, pictures: dict[str, Path], listen: str, http_port: int, key: str, patience_s: float):
        self._pictures, self._patience_s = pictures, patience_s
        self._state = _State()
        self._key = key or secrets.token_urlsafe(16)
        try:
            self._server = ThreadingHTTPServer((listen, http_port), _handler(self._state, self._key))
        except (OSError, OverflowError) as problem:
            reason = getattr(problem, "strerror", None) or problem
            raise RigError(
                f"The screen's page cannot listen on {listen}:{http_port} ({reason}): name another."
            ) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    @classmethod
    def read(cls, keys: Keys) -> Callable[[], ScreenTargets]:
        folder = keys.path("folder")
        assert folder is not None
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        pictures = {path.stem: path for path in found if path.suffix.lower() in SUFFIXES}
        if not pictures:
            raise keys.wrong("folder", f"holds no picture ({folder}; {', '.join(SUFFIXES)})")
        listen, http_port = keys.text("listen", "127.0.0.1"), keys.whole("http_port", 0, HIGHEST_PORT, 8097)
        patience_s, key = keys.number("patience_s", 0.1, 3600.0, 60.0), keys.text("key", "")
        if key and not KEY.fullmatch(key):
            raise keys.wrong("key", "must be 8 to 64 letters, digits, dashes or underscores")
        return lambda: cls(pictures, listen, http_port, key, patience_s)

    @property
    def url(self) -> str:
        """What the screen's browser opens."""
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}/?{TOKEN}={self._key}"

    def identity(self) -> str:
        return f"the screen that shows {self.url}"

    def names(self) -> Sequence[str]:
        return list(self._pictures)

    def show(self, target: str | Path) -> None:
        picture = self._pictures.get(str(target))
        if picture is None:
            raise RigError(f"The screen has no picture {target}: there are {', '.join(self._pictures)}.")
        state = self._state
        if not state.has_page:
            print(f"Open {self.url} on the screen before the module.", file=sys.stderr, flush=True)
        with state.changed:
            state.number += 1
            state.picture, state.problem = picture, ""
            wanted = state.number
            state.changed.notify_all()
            if not state.changed.wait_for(lambda: state.shown >= wanted or state.problem, self._patience_s):
                raise RigError(f"No page showed {target} within {self._patience_s:g} s: open {self.url} on the screen.")
            if state.problem:
                raise RigError(f"The screen's browser cannot show {picture} ({state.problem}): give another file.")

    def close(self) -> None:
        with self._state.changed:
            self._state.closing = True
            self._state.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()


def _handler(state: _State, key: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 2 * LONGEST_POLL_S  # of a browser that says nothing

        def do_GET(self) -> None:
            path, given = self._asked()
            if not self._known(given):
                return
            if path == "/":
                self._send(PAGE.encode(), "text/html; charset=utf-8")
            elif path == "/wanted":
                self._send(json.dumps({"number": self._next(given.get("after", ""))}).encode(), "application/json")
            elif path == "/picture" and state.picture is not None:
                self._send_picture(state.picture)
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def do_POST(self) -> None:
            path, given = self._asked()
            if not self._known(given):
                return
            if path != "/shown" or not given.get("number", "").isdecimal():
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            with state.changed:
                if int(given["number"]) == state.number:  # what it says of one before says nothing any more
                    state.problem = given.get("problem", "")
                    state.shown = state.shown if state.problem else state.number
                    state.changed.notify_all()
            self._send(b"{}", "application/json")

        def _next(self, after: str) -> int:
            """The number of the picture wanted, as soon as it is another than `after`; that one when none comes."""
            shown = int(after) if after.isdecimal() else 0

            def is_new() -> bool:
                return state.picture is not None and state.number != shown

            with state.changed:
                state.has_page = True
                state.changed.wait_for(lambda: is_new() or state.closing, LONGEST_POLL_S)
                return state.number if is_new() else shown

        def _asked(self) -> tuple[str, dict[str, str]]:
            parts = urlsplit(self.path)
            return parts.path, dict(parse_qsl(parts.query))

        def _known(self, given: dict[str, str]) -> bool:
            if hmac.compare_digest(given.get(TOKEN, "").encode(), key.encode()):
                return True
            self.send_error(HTTPStatus.FORBIDDEN)
            return False

        def _send_picture(self, path: Path) -> None:
            try:
                data = path.read_bytes()
            except OSError:
                self.send_error(HTTPStatus.NOT_FOUND)  # the page says that it cannot show it
                return
            self._send(data, mimetypes.guess_type(path.name)[0] or "application/octet-stream")

        def _send(self, data: bytes, kind: str) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """The terminal is the command's."""

    return Handler
