"""A verification in steps over a real port: what ends it, and that what came is what was judged."""

from __future__ import annotations

import pytest
from dermis.core import errors, profiles
from dermis_host import Module, RequestFailed, replaying
from dermis_host.evaluation import plan, said, sessions
from dermis_hw.twin import Twin
from dermis_hw.twin.module_process import released_model

from tests.twin.quick_record import quick_record


def test_steps_and_what_ends_them(tmp_path):
    model = released_model()
    assert model
    provider = "dermis_hw.twin.synthetic:face"
    with Twin(tmp_path, provider=provider, virtual_time=True) as twin, Module(twin.url) as module:
        module.store_calibration(quick_record(module.identity()))
        identity, record = module.identity(), module.calibration_record()

        def goes_on(step):
            with pytest.raises(RequestFailed) as refused:
                module.verify_step(after=step.id)
            assert refused.value.code == errors.RC_NO_ENTRY, refused.value
            return refused.value.sentence

        def counted():
            return sum(module.statistics("verdicts").values())

        asked = module.verify_stepped(identity, record, nonce=b"12345678")
        assert asked.held is not None and asked.verdict.nonce == b"12345678" and asked.verdict.bound == {}
        bursts = [*asked.fetched, module.fetch(asked.held, identity, calibration=record)]
        profile = profiles.by_name(identity.profile)
        results = replaying.replay(bursts, model, features_only=True)
        again, _, _ = sessions.verdict(results, profile, plan.threshold_of(model, profile), sessions.UNTIMED)
        assert said.difference(said.kept(asked.verdict), again) == "" and len(bursts) == asked.verdict.bursts >= 2
        assert results[-1]["evidence"] == asked.verdict.evidence == module.evidence()

        before = counted()
        step = module.verify_step()
        module.verify()
        assert counted() == before + 1 and "used by somebody else" in goes_on(step)
        step = module.verify_step()
        module.store_calibration(quick_record(identity, "2026-01-02T00:00:00"))
        goes_on(step)
        step = module.verify_step()
        module.setting_write("profile", b"turnstile")
        assert "profile" in goes_on(step) and module.verify_step().done  # one burst decides there
        module.setting_write("profile", b"border")
        step = module.verify_step()
        module.reset()
        goes_on(step)
