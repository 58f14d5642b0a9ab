"""The station page: OpenHTF's own, on this computer only, with the station's records and the lot beside it."""

from __future__ import annotations

import asyncio
import mimetypes
import re
import socket
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sockjs.tornado
import tornado.httputil
import tornado.netutil
import tornado.routing
import tornado.web
from openhtf.output.servers import station_server, web_gui_server

from dermis_host.errors import HostError, UsageError
from dermis_host.station import lot, lot_report, unit_record
from dermis_host.station.settings import Settings
from dermis_host.station.unit_pass import UnitPass

LOOPBACK = "127.0.0.1"
SHOWN_UNITS = 100
FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")  # as `unit_pass` names them
START_S = 10.0
# What a page of ours may do: nothing but show itself. A report is data, and data may be hostile.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; "
POLICY += "frame-ancestors 'self'"


class StationPage(web_gui_server.WebGuiServer):
    """A context manager; `url` is where it is. Raises HostError when the port is taken.

    OpenHTF's own server listens on every network interface, announces itself by multicast and lets any web page of the
    browser speak to it. This one listens on the loopback and answers only what its own pages ask.
    """

    def __init__(self, settings: Settings, stop: threading.Event):
        try:
            sockets = tornado.netutil.bind_sockets(settings.page_port, LOOPBACK, socket.AF_INET)
        except OSError as problem:
            raise HostError(
                f"The page's port {settings.page_port} cannot be had ({problem.strerror or problem}): is another "
                "station running here? Name another page_port."
            ) from None
        port = sockets[0].getsockname()[1]
        station_server.StationWatcher(station_server.StationPubSub.publish_update).start()
        given = {"settings": settings, "stop": stop, "last": _Last()}
        dashboard = sockjs.tornado.SockJSRouter(station_server.DashboardPubSub.for_port(port), "/sub/dashboard")
        station = sockjs.tornado.SockJSRouter(station_server.StationPubSub, "/sub/station")
        test = r"/tests/(?P<test_uid>[\w\d:]+)"
        super().__init__(
            [
                *dashboard.urls,
                *station.urls,
                (rf"{test}/phases", station_server.PhasesHandler),
                (rf"{test}/plugs/(?P<plug_name>.+)", station_server.PlugsHandler),
                (
                    rf"{test}/phases/(?P<phase_descriptor_id>\d+)/attachments/(?P<attachment_name>.+)",
                    station_server.AttachmentsHandler,
                ),
                (r"/bar", _Bar, given),
                (r"/stop", _Stop, given),
                (r"/units", _Units, given),
                (r"/units/(?P<name>[^/]+)", _Unit, given),
                (r"/units/(?P<name>[^/]+)/(?P<file>[^/]+)", _File, given),
                (r"/lot", _Lot, given),
            ],
            port,
            sockets=sockets,
        )
        self.daemon = True
        self.url = f"http://localhost:{port}/"
        self._last = given["last"]
        self._tell_title(settings)
        self.application: Any = _OwnPagesOnly(self.application, port)

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.join(START_S)

    def show_end(self, record: Any) -> None:
        """An OpenHTF output callback."""
        station_server.StationPubSub.publish_test_record(record)

    def finished(self, unit: UnitPass) -> None:
        """The record that the bar links to."""
        self._last.folder, self._last.record = unit.folder.name, unit.record

    def _get_config(self) -> dict[str, str]:
        return {"server_type": station_server.STATION_SERVER_TYPE}

    def _tell_title(self, settings: Settings) -> None:
        """OpenHTF's page, under a bar of the station's."""
        index = Path(web_gui_server.STATIC_FILES_ROOT) / web_gui_server.INDEX_TEMPLATE
        template = tornado.template.Template(index.read_text())
        config = {"server_type": station_server.STATION_SERVER_TYPE}
        page = template.generate(json_encode=tornado.escape.json_encode, config=config).decode()
        bar = '<iframe src="/bar" title="station" style="border:0;width:100%;height:3.4rem;display:block"></iframe>'
        page = page.replace("<title>OpenHTF</title>", f"<title>{tornado.escape.xhtml_escape(settings.name)}</title>")
        self.application.add_handlers(r".*", [(r"/", _Index, {"page": page.replace("<body>", f"<body>{bar}", 1)})])


class _Last:
    """The last unit's record."""

    folder: str = ""
    record: unit_record.UnitRecord | None = None


class _OwnPagesOnly(tornado.routing.Router):
    """Answers only requests for this computer by name and, where the browser says who asks, by pages from here: no
    other web page can answer a prompt, and no name that points here can be used to read."""

    def __init__(self, application: tornado.web.Application, port: int):
        self._application = application
        self._hosts = {f"{name}:{port}" for name in ("localhost", LOOPBACK)}

    def find_handler(self, request: tornado.httputil.HTTPServerRequest, **kwargs: Any) -> Any:
        told = request.headers.get
        origin = told("Origin")
        known = origin is None or urlsplit(origin).netloc in self._hosts
        # Scripts, pictures and frames of another page come without an Origin; a link that somebody follows may.
        ours = told("Sec-Fetch-Site", "none") in ("none", "same-origin")
        followed = request.method == "GET" and told("Sec-Fetch-Dest") == "document"
        if told("Host") in self._hosts and known and (ours or followed):
            return self._application.find_handler(request, **kwargs)
        return None  # tornado answers 404


class _Index(tornado.web.RequestHandler):
    def initialize(self, page: str) -> None:
        self._page = page

    def get(self) -> None:
        self.set_header("Content-Security-Policy", "frame-ancestors 'self'")
        self.finish(self._page)


class _Ours(tornado.web.RequestHandler):
    """A page of ours: rendered off the server's loop, so that prompts go on meanwhile."""

    def initialize(self, settings: Settings, stop: threading.Event, last: _Last) -> None:
        self.station, self.stop, self.last = settings, stop, last

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")

    async def rendered(self, template: str, **context: Any) -> None:
        page = lot_report.environment().get_template(template)
        self.finish(await asyncio.get_running_loop().run_in_executor(None, lambda: page.render(context)))

    def record(self, name: str) -> tuple[Path, unit_record.UnitRecord]:
        """Raises HTTPError 404 for what is no unit's folder."""
        folder = self.station.output / name
        if not FOLDER.fullmatch(name) or not folder.is_dir():
            raise tornado.web.HTTPError(404)
        try:
            return folder, unit_record.read(folder / unit_record.FILE)
        except unit_record.UnitRecordError as problem:
            raise tornado.web.HTTPError(404, str(problem)) from None


class _Bar(_Ours):
    async def get(self) -> None:
        await self.rendered("bar.html.j2", station=self.station, last=self.last)


class _Stop(_Ours):
    """The button of the bar."""

    def post(self) -> None:
        self.stop.set()
        self.redirect("/bar")


class _Units(_Ours):
    async def get(self) -> None:
        loop = asyncio.get_running_loop()
        rows = await loop.run_in_executor(None, _recent, self.station.output)
        await self.rendered("units.html.j2", station=self.station, rows=rows)


def _recent(output: Path) -> list[tuple[str, unit_record.UnitRecord | None]]:
    """The newest folders with their records, the newest first; None where the record cannot be read."""
    folders = [path for path in output.glob(f"*/{unit_record.FILE}") if FOLDER.fullmatch(path.parent.name)]
    folders.sort(key=lambda path: path.parent.name.rpartition("-")[2], reverse=True)
    rows = []
    for path in folders[:SHOWN_UNITS]:
        try:
            rows.append((path.parent.name, unit_record.read(path)))
        except unit_record.UnitRecordError:
            rows.append((path.parent.name, None))
    return rows


class _Unit(_Ours):
    async def get(self, name: str) -> None:
        _, record = self.record(name)
        await self.rendered("unit.html.j2", station=self.station, name=name, record=record, plots=lot_report.plots)


class _File(_Ours):
    """unit.json and what it names, nothing else."""

    def get(self, name: str, file: str) -> None:
        folder, record = self.record(name)
        if file not in {unit_record.FILE, *(attachment.file for attachment in record.attachments)} or "/" in file:
            raise tornado.web.HTTPError(404)
        path = folder / file
        if path.is_symlink() or not path.is_file():
            raise tornado.web.HTTPError(404)
        self.set_header("Content-Type", mimetypes.guess_type(file)[0] or "application/octet-stream")
        self.finish(path.read_bytes())


class _Lot(_Ours):
    async def get(self) -> None:
        made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")

        def page() -> str:
            return lot_report.render(lot.gather(self.station.output), made)

        try:
            self.finish(await asyncio.get_running_loop().run_in_executor(None, page))
        except UsageError as problem:
            await self.rendered("nothing.html.j2", station=self.station, sentence=str(problem))
