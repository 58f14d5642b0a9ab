"""The steps of a calibration, in their order: one file each."""

from dermis_host.calibration.steps import check, dark, linearity, planes, spectral, swir, temperature, white
from dermis_host.calibration.steps.state import CannotMeasure, State, Subject
from dermis_host.calibration.steps.step import Shoot, Step, StepData, load

STEPS = tuple(each.STEP for each in (dark, linearity, white, swir, spectral, planes, temperature, check))

__all__ = ["STEPS", "CannotMeasure", "Shoot", "State", "Step", "StepData", "Subject", "load"]
