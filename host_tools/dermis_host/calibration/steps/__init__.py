"""The steps of a calibration, in their order: one file each."""

from dermis_host.calibration.steps.step import Step, StepData, load

__all__ = ["Step", "StepData", "load"]
