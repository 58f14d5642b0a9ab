"""Gives recorded bursts to the device's code and tells what each stage of it made: `micropython stages.py JOB_DIR`.

As `dermis.tools.replay`, whose job it reads, with `stages` in each result: stage -> {what: its value, or the SHA-256 of
its bytes}, in the order of `STAGES`. It runs on MicroPython and on CPython, and imports the device's code alone.
"""

import binascii
import hashlib
import sys

from dermis.core import decision, gates, vocabulary
from dermis.core.burst import FRAME_BYTES
from dermis.core.fixed import zeros
from dermis.core.reflectance import CELLS, dot_image
from dermis.tools import replay

# As data flow: what a stage makes, the later ones read.
WITHOUT_MODEL = ("linearised", "depth", "face", "shape", "reflectance", "swir", "features", "gates")
WITH_MODEL = ("model", "decision")
STAGES = WITHOUT_MODEL + WITH_MODEL

# Which stage an evidence's field belongs to, by the beginning of its name; the first that fits.
EVIDENCE = (
    ("temperature_cc", "linearised"),
    ("exposure_us", "linearised"),
    ("ambient_", "linearised"),
    ("monitor_", "linearised"),
    ("distance_mm", "face"),
    ("face_saturated_permille", "reflectance"),
    ("face_", "face"),
    ("valid_depth_", "face"),
    ("plane_", "shape"),
    ("cylinder_", "shape"),
    ("relief_", "shape"),
    ("cliffs_", "shape"),
    ("head_width_", "shape"),
    ("motion_", "reflectance"),
    ("usable_", "reflectance"),
    ("level_", "reflectance"),
    ("reflectance_", "reflectance"),
    ("slope_", "reflectance"),
    ("water_index_", "reflectance"),
    ("patches_", "reflectance"),
    ("spot_", "swir"),
    ("swir", "swir"),
    ("behind_", "gates"),
    ("dark_levels", "gates"),
)
OF_GATES = ("gates", "gate_margins")  # told as one map


def stage_of(field):
    """The stage of an evidence's field. Raises ValueError for one that has none yet."""
    for beginning, stage in EVIDENCE:
        if field.startswith(beginning):
            return stage
    raise ValueError(
        "the evidence's field " + field + " has no stage: add it to EVIDENCE in tests/recordings/stages.py"
    )


def digest(*buffers):
    """SHA-256 of some buffers, one after the other, as hex."""
    sha = hashlib.sha256()
    for buffer in buffers:
        sha.update(buffer)
    return str(binascii.hexlify(sha.digest()), "ascii")


class Heard:
    """A model of an interpreter that keeps its last output (an int8)."""

    def __init__(self, model):
        self._model = model
        self.output = None

    def invoke(self, inputs):
        outputs = self._model.invoke(inputs)
        value = outputs[0][0]
        self.output = value - 256 if value > 127 else value
        return outputs


class Staged(replay.Replay):
    """The same job, with `stages` in each result."""

    def __init__(self, folder):
        super().__init__(folder)
        self._dots = bytearray(FRAME_BYTES)
        self._values = zeros("i", CELLS)
        self._heard = None
        if self._model:
            self._heard = self._model._model = Heard(self._model._model)

    def _result(self, burst, record):
        burst.spare = self._dots
        self._forget()
        out = super()._result(burst, record)
        stages = out["stages"] = {name: {} for name in STAGES}
        for field, value in out["evidence"].items():
            if field not in OF_GATES:
                stages[stage_of(field)][field] = value
        if record is not None:
            self._linearised(burst, record, stages["linearised"])
        self._seen(out["evidence"], stages)
        self._judged(out, stages)
        return out

    def _forget(self):
        """An analysis that ends early leaves what the burst before has made."""
        analyser = self._pipeline.analyser
        self._forget_cells()
        for cell in range(CELLS):
            analyser.mapper.disparity[cell] = 0
            analyser.mapper.confidence[cell] = 0

    def _linearised(self, burst, record, out):
        frames, reflectance = burst.frames, self._pipeline.analyser.reflectance
        for name in vocabulary.FRAMES:
            if name not in frames:
                return
        out["frame_levels"] = [reflectance.level(frames[name])[0] for name in vocabulary.FRAMES]
        out["tab_levels"] = [reflectance.monitor_level(frames[name], True) for name in vocabulary.FRAMES]
        dot_image(frames["dots"], frames["dark"], record.linear, self._dots)
        out["dots_sha256"] = digest(self._dots)

    def _seen(self, evidence, stages):
        """Maps are told where they hold what they say (docstrings of `core.reflectance` and `core.face`)."""
        analyser = self._pipeline.analyser
        mapper, face, reflectance, result = analyser.mapper, analyser.face, analyser.reflectance, analyser.result
        stages["depth"]["disparity_sha256"] = digest(mapper.disparity, mapper.confidence)
        stages["depth"]["depth_sha256"] = digest(analyser.depth)
        stages["face"]["mask_sha256"] = digest(face.mask)
        if face.measured:
            stages["face"]["depth_sha256"] = digest(self._of_face(face.depth))
            sums = [self._of_face(reflectance.sums[band]) for band in vocabulary.NIR_BANDS]
            stages["reflectance"]["sums_sha256"] = digest(*sums)
        if "water_index_q14" in evidence:
            logarithms = [self._of_face(reflectance.ln_r[band]) for band in vocabulary.NIR_BANDS]
            stages["reflectance"]["logarithms_sha256"] = digest(*logarithms)
            stages["reflectance"]["index_sha256"] = digest(self._of_face(reflectance.index))
        stages["features"]["maps_sha256"] = digest(result.maps)
        stages["features"]["spectra_sha256"] = digest(result.spectra)
        stages["features"]["usable"] = result.usable

    def _of_face(self, values):
        """Their bytes, of the face's cells."""
        reflectance, own = self._pipeline.analyser.reflectance, self._values
        for at in range(reflectance.count):
            own[at] = values[reflectance.cells[at]]
        return bytes(memoryview(own)[: reflectance.count])

    def _judged(self, out, stages):
        evidence = out["evidence"]
        names, margins = [evidence.get(field, ()) for field in OF_GATES]
        stages["gates"]["margins"] = {name: margins[at] for at, name in enumerate(names)}
        stages["gates"]["findings"] = out["findings"]
        # What moves with the evidence is told with its limit.
        stages["gates"]["moved_limits"] = {
            gate.name: gates.moved(gate, evidence).high
            for gate in gates.GATES
            if gate.name in names and gate.name in gates.MOVED
        }
        asked = self._pipeline.score is not None
        stages["model"]["output"] = self._heard.output if self._heard and asked else None
        stages["model"]["score"] = self._pipeline.score
        stages["decision"]["threshold"] = self._threshold()
        for field in ("verdict", "reasons", "score"):
            stages["decision"][field] = out[field]

    def _threshold(self):
        own = self._model.threshold(self._profile) if self._model else None
        return decision.Session(self._profile, 0, *(() if own is None else (own,))).threshold


if __name__ == "__main__":
    replay.Replay = Staged
    sys.exit(replay.main(sys.argv[1:]))
