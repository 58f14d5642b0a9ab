"""One rig at work: shows a target, asks its module, brings a module back that fell silent, keeps what was judged."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dermis.core import errors, vocabulary

from dermis_host import answers
from dermis_host.access.keyring import Keyring
from dermis_host.access.sealed import Secrets
from dermis_host.errors import HostError, LinkError, ModuleReset, RequestFailed, RequestTimeout, UsageError
from dermis_host.evaluation import said as sayings
from dermis_host.evaluation import sessions
from dermis_host.evaluation.judging import Judge
from dermis_host.evaluation.plan import NONE, Plan
from dermis_host.evaluation.presented import HASH_DIGITS
from dermis_host.evaluation.rig_plan import Attempt
from dermis_host.evaluation.source import Presentation, Verdict
from dermis_host.module import Module, Stepped
from dermis_host.recording import TWIN_BOARD, Recording

if TYPE_CHECKING:
    from dermis_host.rig import Rig

BENCH_STATE = "bench"  # the module's state in which whoever holds the port may fetch frames
SHORT_DIGITS = 8  # of hashes, in a table of modules
BUSY_S = 10.0  # longer than the longest profile takes for a verdict that nobody waits for any more
AGAIN_S = 0.5
NONCE_BYTES = 16
MOST_BEGUN = 3  # of a verification that the module gave up between two bursts, as where a session was opened anew
BACK_S = 20.0  # until a module that fell silent or was reset answers again by itself

# What came of an attempt that got no verdict, in place of the module's reasons.
SILENT, RESET, NO_ANSWER, POWER_CYCLED = "silent", "reset", "no_answer", "power_cycled"
SAME = ("serial", "board", "firmware", "model_hash", "calibration", "profile", "imager", "swir_head")


@dataclass
class Stand:
    """rig: open, with targets. keyring: for frames of a module in the field. tell: takes a sentence for people.

    `begin` opens the module and must come first.
    """

    rig: Rig
    plan: Plan
    keyring: Keyring | None
    tell: Callable[[str], None]
    judge: Judge = field(init=False)
    identity: answers.Identity = field(init=False)
    _module: Module | None = field(default=None, init=False)
    _record: bytes | None = field(default=None, init=False)
    _standing: str = field(default="", init=False)
    _klux: float | None = field(default=None, init=False)
    _cycles: int = field(default=0, init=False)
    _broken: HostError | None = field(default=None, init=False)
    _stopped: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        return self.rig.name

    @property
    def virtual(self) -> bool:
        """Whether its module is simulated: also a twin behind a port that a file calls a board's."""
        return self.rig.virtual or self.identity.board == TWIN_BOARD

    # Before the run

    def begin(self) -> Stand:
        """Opens the module and looks whether the plan can be run with it. Raises UsageError, HostError."""
        self.judge = Judge.of(self.plan)
        if self.rig.targets is None:
            why = self.rig.capabilities().get("scene") or "it has no [targets]"
            raise UsageError(f"The rig {self.name} can show nothing ({why.rstrip('.')}): declare its [targets].")
        self._module = self.rig.module(**self._with_keyring())
        self.identity = self._module.identity()
        if self.rig.virtual:
            self._make_ready(self._module)
        self._check_module()
        if self.plan.keep != NONE:
            self._check_frames(self._module)
        return self

    def _with_keyring(self) -> dict[str, Any]:
        """What opens the module beside what the rig gives: the rig's own keyring comes first."""
        return {} if self.keyring is None or self.rig.keyring is not None else {"keyring": self.keyring}

    def _make_ready(self, module: Module) -> None:
        """A twin that the rig started gets the plan's profile and, once, a calibration with its own fixture; its folder
        keeps both."""
        from dermis_host.calibration import at_once
        from dermis_host.calibration.operators import TwinOperator

        assert self.rig.targets is not None
        if self.identity.profile != self.plan.profile.name:
            module.setting_write("profile", self.plan.profile.name.encode())
            module.settings_save()
        if not self.identity.calibrated:
            self.tell(f"{self.name}: this twin has no calibration yet and gets one, half a minute or so.")
            at_once.calibrate(module, TwinOperator(self.rig.targets.show), name="dermis evaluate")
        self.identity = module.identity()

    def _check_module(self) -> None:
        identity, plan = self.identity, self.plan
        wanted = plan.model_sha256[:HASH_DIGITS]
        if identity.model_hash != wanted:
            raise UsageError(
                f"The module {identity.serial} of {self.name} carries the model {identity.model_hash or 'none'}, and "
                f"{plan.name} is about {plan.model.name} ({wanted}): name the module's with --model, or install this "
                "one."
            )
        if identity.profile != plan.profile.name:
            raise UsageError(
                f"The module {identity.serial} of {self.name} has the profile {identity.profile}, and {plan.name} asks "
                f"for {plan.profile.name}: change the plan's, or the module's setting `profile`."
            )
        if not identity.calibrated:
            raise UsageError(
                f"The module {identity.serial} of {self.name} has no calibration and would decide nothing: calibrate "
                "it first (`dermis calibrate`)."
            )

    def _check_frames(self, module: Module) -> None:
        if self.identity.state == BENCH_STATE:
            return
        if module.keyring is None:
            raise UsageError(
                f'The plan keeps recordings (keep = "{self.plan.keep}"), and {self.identity.serial} gives frames only '
                "in a session: name its fleet's keyring with --keyring or in the rig's file, or keep none."
            )
        self._secrets(module).check(self.identity.serial)
        module.capture(frames=(vocabulary.DARK,))  # what is refused is refused before anybody stands there

    @property
    def keyring_path(self) -> Path | None:
        """Of the keyring that opens this module's sessions and recordings."""
        return self.rig.keyring or (self.keyring.path if self.keyring else None)

    def _secrets(self, module: Module) -> Secrets:
        return Secrets(module.keyring)

    def description(self) -> dict[str, Any]:
        """Rig and module, as a run's record has them."""
        module = {name: getattr(self.identity, name) for name in SAME}
        return {"rig": self.name, "virtual": self.virtual, "module": module}

    @property
    def label(self) -> str:
        """The module in a row: serial number, firmware, model, calibration."""
        identity = self.identity
        hashes = (identity.model_hash[:SHORT_DIGITS], identity.calibration[:SHORT_DIGITS])
        return " ".join((identity.serial, identity.firmware, *hashes))

    def can_show(self, attempt: Attempt) -> bool:
        """Whether the rig has the target, and the light where one is asked for."""
        return not self.why_not(attempt)

    def why_not(self, attempt: Attempt) -> str:
        """Why it cannot, one sentence; "" when it can."""
        assert self.rig.targets is not None
        shown = attempt.shown_name
        if shown is not None and shown not in self.rig.targets.names():
            listed = ", ".join(self.rig.targets.names()) or "nothing"
            return f"The rig {self.name} cannot show {shown}; it has {listed}."
        if attempt.klux is not None and self.rig.light is None:
            return f"The rig {self.name} has no [light], for which {attempt.target_name} asks: declare one."
        return ""

    # The run

    def stop(self) -> None:
        """Makes no further attempt."""
        self._stopped = True

    def present(self, attempts: Sequence[Attempt]) -> Generator[Presentation]:
        """Each attempt with its verdict. A target that cannot be shown is left out for this time, as nothing was
        presented. Raises HostError when the module or another one does not come back; what it was asked is told before.
        """
        left_out: set[str] = set()
        for attempt in attempts:
            if self._stopped:
                return
            if attempt.target_name in left_out:
                continue
            try:
                self._put_there(attempt)
            except HostError as problem:
                left_out.add(attempt.target_name)
                self._standing, self._klux = "", None
                self.tell(f"{attempt.target_name} is left out for now, {self.name} cannot show it: {problem}")
                continue
            yield self._presented(attempt)
            if self._broken is not None:
                raise self._broken

    def _put_there(self, attempt: Attempt) -> None:
        """Shows what is not there yet. Raises HostError."""
        assert self.rig.targets is not None
        if self._standing != attempt.target_name:
            self._standing, self._klux = "", None
            self.rig.targets.show(attempt.target.show)
            self._standing = attempt.target_name
        if attempt.klux is not None and attempt.klux != self._klux:
            assert self.rig.light is not None
            self.rig.light.set(attempt.klux)
            self._klux = attempt.klux

    def _presented(self, attempt: Attempt) -> Presentation:
        module, asked = self._opened(), None
        try:
            asked = self._asked(attempt, module)
        except (ModuleReset, LinkError) as problem:
            said = self._without_answer(attempt, problem)
        else:
            said = _verdict(asked.verdict, self.plan.threshold)
            self._check_same(asked.verdict)
        target = attempt.target
        bursts: list[Recording] = []
        if asked is not None and self.plan.keeps(said.verdict, target.species):
            bursts = self._kept(attempt, module, asked)
        return Presentation(
            attempt=attempt.name,
            subject=target.subject,
            species=target.species,
            tone=target.tone,
            condition=attempt.condition,
            purpose=target.purpose,
            module=self.label,
            bursts=bursts,
            verdict=said,
            under=self._secrets(module) if bursts and self.identity.state != BENCH_STATE else None,
        )

    def _asked(self, attempt: Attempt, module: Module) -> Stepped:
        """A verdict, with its bursts where some may be kept; one that was under way when a cable came loose or a run
        was stopped is waited for first, and by the nonce never taken for this one. Raises as `Module.verify_stepped`
        does."""
        begun, busy_since = 1, None
        while True:
            nonce = secrets.token_bytes(NONCE_BYTES)
            try:
                asked = self._ask(module, nonce)
                if asked.verdict.nonce == nonce:
                    return asked
                problem: HostError = RequestTimeout("The module gave the verdict of a question before this one.")
            except RequestFailed as refused:
                if refused.code == errors.RC_NO_ENTRY and begun < MOST_BEGUN:
                    begun, busy_since = begun + 1, None
                    self.tell(f"{attempt.name}, {self.name}: begun anew before there was a verdict, {refused}")
                    continue
                if refused.code == errors.RC_NOT_SUPPORTED:
                    raise HostError(
                        f"The firmware {self.identity.firmware} of {self.identity.serial} gives no bursts that it "
                        'judged: update it, or keep no recordings (keep = "none").'
                    ) from None
                if refused.code != errors.RC_BUSY:
                    raise
                problem = refused
            busy_since = busy_since or time.monotonic()
            if time.monotonic() >= busy_since + BUSY_S:
                raise problem
            time.sleep(AGAIN_S)

    def _ask(self, module: Module, nonce: bytes) -> Stepped:
        if self.plan.keep == NONE:
            return Stepped(module.verify(nonce=nonce), [], None)
        if self._record is None:
            self._record = module.calibration_record()
        return module.verify_stepped(self.identity, self._record, nonce)

    def _check_same(self, answer: answers.Verdict) -> None:
        for name in ("firmware", "model_hash", "calibration", "profile"):
            now, before = getattr(answer, name), getattr(self.identity, name)
            if now != before:
                raise HostError(
                    f"The {name} of {self.identity.serial} changed in the middle of the run ({before} -> {now}): put "
                    "it back as it was, or begin again in another folder."
                )

    # A module that goes away

    def _opened(self) -> Module:
        """The module; brought back where it is gone, by its power if it does not come by itself. Raises HostError when
        it does not come back, or another one does."""
        if self._module is None:
            try:
                self.rig.wait_for_module(BACK_S)
            except LinkError:
                if self.rig.power is None:
                    raise
                self._power_cycle()
            module = self.rig.module(**self._with_keyring())
            try:
                self._check_unchanged(module.identity())
            except BaseException:
                module.close()
                raise
            self._module = module
        return self._module

    def _check_unchanged(self, now: answers.Identity) -> None:
        changed = [name for name in SAME if getattr(now, name) != getattr(self.identity, name)]
        if changed:
            raise HostError(
                f"The module of {self.name} is not the one that began this run ({', '.join(changed)} differ): put "
                f"{self.identity.serial} back as it was, or begin again in another folder."
            )

    def close(self) -> None:
        """Gives the module's port back; the next attempt opens it anew."""
        module, self._module, self._record = self._module, None, None
        if module is not None:
            with suppress(HostError, OSError):  # it is gone; that is why it is closed
                module.close()

    def _power_cycle(self) -> None:
        self._cycles += 1
        self.rig.power_cycle()

    def _without_answer(self, attempt: Attempt, problem: HostError) -> Verdict:
        """What is written down of an attempt that got no verdict: never a decision, and of an attack no score, with
        which it would count as refused. The module is brought back; where it does not come by itself, by its power,
        once."""
        stuck = isinstance(problem, RequestTimeout)  # it answers, but not this
        what = [RESET if isinstance(problem, ModuleReset) else NO_ANSWER if stuck else SILENT]
        self.tell(f"{attempt.name}, {self.name}: {problem}")
        cycles = self._cycles
        self.close()
        try:
            if stuck and self.rig.power is not None:
                self._power_cycle()
            module = self._opened()
            if stuck and self.rig.power is None:
                module.reset()
        except HostError as still:
            self._broken = still
        what += [POWER_CYCLED] * (self._cycles > cycles)
        return Verdict(vocabulary.NO_DECISION, tuple(what), math.nan, 0)

    # Recordings

    def _kept(self, attempt: Attempt, module: Module, asked: Stepped) -> list[Recording]:
        """The bursts that were judged; none where the last one cannot be had any more, as the verdict stands without
        them."""
        bursts = list(asked.fetched)
        if asked.held is not None:
            try:
                bursts.append(module.fetch(asked.held, self.identity, calibration=self._record or b""))
            except HostError as problem:
                self.tell(f"{attempt.name}, {self.name}: no recordings are kept, {problem}")
                if isinstance(problem, LinkError | ModuleReset):
                    self.close()
                return []
        said = sayings.kept(asked.verdict)
        for number, burst in enumerate(bursts):
            burst.truth = self._truth(attempt, said, number)
        if sayings.judged_these(said):
            self._check_replay(attempt, said, bursts)
        return bursts

    def _check_replay(self, attempt: Attempt, said: dict[str, Any], bursts: Sequence[Recording]) -> None:
        """Tells where the bursts that were judged replay to something else than the module said."""
        try:
            results = self.judge.results(bursts)
        except HostError as problem:
            self.tell(f"{attempt.name}, {self.name}: its recordings were kept and not replayed, {problem}")
            return
        again, _, _ = sessions.verdict(results, self.plan.profile, self.plan.threshold, sessions.UNTIMED)
        if differs := sayings.difference(said, again):
            self.tell(
                f"{attempt.name}, {self.name}: the bursts that were judged replay to something else on this computer "
                f"({differs}): that is a defect, unless module and tools are of two versions; report it with the "
                "recordings."
            )

    def _truth(self, attempt: Attempt, said: dict[str, Any], number: int) -> dict[str, Any]:
        target = attempt.target
        return {
            "kind": "attack" if target.species else "bona_fide",
            "species": target.species,
            "subject": target.subject,
            "presentation": attempt.name,
            "burst": number,
            "target": target.name,
            "tone": target.tone,
            "condition": attempt.condition,
            "purpose": target.purpose,
            "said": said,
        }


def _verdict(answer: answers.Verdict, threshold: int) -> Verdict:
    """The module's answer as a row has it. The score is such that "accepted when score >= threshold" holds for the
    whole decision at the module's own threshold: -inf where it was a gate that refused, or nothing was decided."""
    if answer.verdict == vocabulary.BONA_FIDE:
        score: float = max(answer.score, threshold)
    elif answer.verdict == vocabulary.ATTACK and answer.reasons == [vocabulary.MODEL]:
        score = min(answer.score, threshold - 1)
    else:
        score = sessions.NEVER
    ms = sum(answer.stages_us.values()) / 1000 if answer.stages_us else None
    return Verdict(answer.verdict, tuple(answer.reasons), score, answer.bursts, ms and round(ms, 1))
