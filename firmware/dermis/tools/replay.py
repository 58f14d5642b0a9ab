"""Gives recorded bursts to the device's code: `micropython -m dermis.tools.replay JOB_DIR` (or python).

JOB_DIR/job.json: {"bursts": [{"meta": {...}, "frames": {name: file}, "calibration": file}, ...], "board": file,
"model": file or null, "features_only": bool, "inference": what runs the model (dermis.drivers.inference), the
interpreter when it is left out}; file names are relative to JOB_DIR, `meta` is a recording's
(docs/formats/recording.md), a frame is 76,800 bytes. Writes JOB_DIR/results.jsonl, one object a burst in the same
order: verdict, reasons and score of that burst alone, evidence, findings, stages_us; with `features_only` also
`usable`, `maps` and `spectra` (hex) and no verdict; with `"cells": true` also `cells`, what was measured a cell: rows,
columns, step (px), and in hex, row by row, little-endian: depth (u16, 1/16 mm, 0 unknown), face (u8, 0 outside), index
(i32, water index in Q14, good inside the face where the evidence has `water_index_q14`). A burst that cannot be read
gives {"error": sentence} and the others go on. Exit status 0, 1 when any burst failed, 2 for a job that cannot be run.
"""

from __future__ import annotations

import binascii
import json
import sys
import time

from dermis.app import heap
from dermis.app.pipeline import Pipeline
from dermis.app.spoof_model import load
from dermis.core import burst as bursts
from dermis.core import calibration, decision, profiles, vocabulary
from dermis.core.burst import FRAME_BYTES
from dermis.core.errors import BadInput, NotCalibrated
from dermis.core.reflectance import COLUMNS, ROWS, STEP
from dermis.drivers import inference

ONE_FAILED, NO_JOB = 1, 2

if hasattr(time, "ticks_us"):
    _ticks_us = time.ticks_us  # type: ignore[attr-defined]
else:

    def _ticks_us():
        return time.perf_counter_ns() // 1000  # type: ignore[attr-defined]


def read_json(path):
    """Raises BadInput with one sentence."""
    try:
        with open(path) as file:
            return json.load(file)
    except OSError:
        raise BadInput("%s cannot be read; name a folder that holds a job" % path)
    except ValueError:
        raise BadInput("%s is no JSON; write it again" % path)


class Replay:
    """One job: analyser, model and frame buffers are made once and serve every burst."""

    def __init__(self, folder):
        heap.load()  # what compiling the sources left behind
        heap.serve()
        self._folder = folder
        self.job = read_json(folder + "/job.json")
        if not isinstance(self.job, dict) or "bursts" not in self.job or "board" not in self.job:
            raise BadInput("%s/job.json needs `bursts` and `board`" % folder)
        self._features_only = bool(self.job.get("features_only"))
        self._with_cells = bool(self.job.get("cells"))
        self._buffers = {name: bytearray(FRAME_BYTES) for name in vocabulary.FRAMES}
        self._calibration_name = ""
        self._calibration = None
        board = read_json(folder + "/" + self.job["board"])
        self._profile = profiles.by_name(board["profile"])
        model = None
        model_class = inference.model_class(self.job.get("inference", inference.INTERPRETER))
        if self.job.get("model"):
            try:
                model = load(folder + "/" + self.job["model"], model_class)
            except OSError:
                raise BadInput("the model %s cannot be read; name one that is there" % self.job["model"])
        self._model = model
        self._pipeline = Pipeline(board, model, _ticks_us)

    def results(self):
        """One map a burst, in order."""
        for entry in self.job["bursts"]:
            try:
                yield self._result(self._burst(entry), self._record(entry))
            except BadInput as error:
                yield {"error": str(error)}

    def _burst(self, entry):
        try:
            burst = bursts.from_header(entry["meta"])
            files = entry["frames"]
        except KeyError as missing:
            raise BadInput("a burst of the job lacks %s; write it as a recording's meta" % missing.args[0])
        for name in files:
            if name not in self._buffers:
                raise BadInput("there is no frame %r; there are: %s" % (name, ", ".join(vocabulary.FRAMES)))
            self._read_frame(files[name], self._buffers[name])
            burst.frames[name] = self._buffers[name]
        return burst

    def _read_frame(self, name, pixels):
        try:
            with open(self._folder + "/" + name, "rb") as file:
                count = file.readinto(pixels)
                more = file.read(1)
        except OSError:
            raise BadInput("the frame %s cannot be read; write it again" % name)
        if count != FRAME_BYTES or more:
            raise BadInput("the frame %s has not %d bytes; write it again" % (name, FRAME_BYTES))

    def _record(self, entry):
        """The calibration record; kept while the next burst names the same file. None when there is none."""
        name = entry.get("calibration")
        if not name:
            return None
        if name != self._calibration_name:
            self._calibration, self._calibration_name = None, ""  # its room is needed for the next one
            try:
                data = heap.read_whole(self._folder + "/" + name)
            except OSError:
                raise BadInput("the calibration record %s cannot be read; write it again" % name)
            try:
                self._calibration = calibration.decode(data)
            except NotCalibrated:
                self._calibration = None  # an empty file: the module had none
            self._calibration_name = name
        return self._calibration

    def _result(self, burst, record):
        pipeline = self._pipeline
        if self._with_cells:
            self._forget_cells()
        pipeline.run(burst, record)
        analysis = pipeline.analysis
        out = {
            "evidence": analysis.evidence,
            "findings": [list(finding) for finding in analysis.findings],
            "score": pipeline.score,
            "stages_us": pipeline.stages_us,
        }
        if self._with_cells:
            out["cells"] = self._cells()
        if self._features_only:
            out["usable"] = analysis.usable
            out["maps"] = _hex(analysis.maps)
            out["spectra"] = _hex(analysis.spectra)
            return out
        verdict, reasons, score = self._decide(analysis)
        out["verdict"], out["reasons"], out["score"] = verdict, list(reasons), score
        return out

    def _forget_cells(self):
        """An analysis that ends early leaves the maps of the burst before."""
        analyser = self._pipeline.analyser
        for cell in range(ROWS * COLUMNS):
            analyser.depth[cell] = 0
        analyser.face.clear()

    def _cells(self):
        analyser = self._pipeline.analyser
        return {
            "rows": ROWS,
            "columns": COLUMNS,
            "step": STEP,
            "depth": _hex(analyser.depth),
            "face": _hex(analyser.face.mask),
            "index": _hex(analyser.reflectance.index),
        }

    def _decide(self, analysis):
        """The verdict of this burst alone: a profile that wants one burst, otherwise the board's."""
        own = self._profile
        profile = profiles.Profile(own.name, own.threshold_offset, 1, 1, own.time_limit_ms, own.needs_swir)
        threshold = self._model.threshold(own) if self._model else None
        arguments = () if threshold is None else (threshold,)
        session = decision.Session(profile, 0, *arguments)
        session.add(analysis, self._pipeline.score, 0)
        return session.result()


def _hex(data):
    return str(binascii.hexlify(data), "ascii")


def main(arguments):
    """The exit status."""
    if len(arguments) != 1:
        print("usage: python -m dermis.tools.replay JOB_DIR", file=sys.stderr)
        return NO_JOB
    try:
        replay = Replay(arguments[0])
    except BadInput as error:
        print(error, file=sys.stderr)
        return NO_JOB
    failed = False
    with open(arguments[0] + "/results.jsonl", "w") as file:
        for result in replay.results():
            failed = failed or "error" in result
            file.write(json.dumps(result) + "\n")
    return ONE_FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
