"""The numbers of the reference module DM1, in one place. Every other file takes them from here.

Sources: `docs/hardware.md` names where each figure comes from; those marked "design" are our choice.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Band:
    """An LED as it is, not as it is labelled.

    label_nm: what the bag says. peak_nm: effective peak at 25 degrees Celsius. fwhm_nm: full width at half maximum.
    drift_nm_per_k: shift of the peak. output_per_k: relative change of the output.
    """

    label_nm: int
    peak_nm: float
    fwhm_nm: float
    drift_nm_per_k: float
    output_per_k: float


# LEDs peak below their label: measured 937 for 940, 1043 for 1050, 1188, 1283, 1453, 1521 for the SWIR set.
NIR_BANDS = {
    "850": Band(850, 847.0, 30.0, 0.25, -0.004),
    "970": Band(970, 966.0, 40.0, 0.30, -0.004),
    "1050": Band(1050, 1043.0, 45.0, 0.35, -0.005),
}
SWIR_BANDS = {
    1050: Band(1050, 1043.0, 45.0, 0.35, -0.005),
    1200: Band(1200, 1188.0, 60.0, 0.40, -0.005),
    1300: Band(1300, 1283.0, 75.0, 0.50, -0.006),
    1450: Band(1450, 1453.0, 100.0, 0.60, -0.007),
    1550: Band(1550, 1521.0, 110.0, 0.70, -0.008),
}
DOTS = Band(940, 940.0, 2.0, 0.07, -0.004)  # a VCSEL is narrow


@dataclass(frozen=True)
class Optics:
    """DM1's geometry and radiometry. Positions are (x, y) in mm from the lens, x along the baseline."""

    width: int = 320
    height: int = 240
    focal_px: float = 330.0
    centre_u: float = 159.5
    centre_v: float = 119.5
    baseline_mm: float = 40.0
    z_ref_mm: float = 450.0
    z_near_mm: float = 250.0
    z_far_mm: float = 700.0
    # Opposed pairs around the lens (design): their shading cancels.
    led_positions_mm: dict[str, tuple[tuple[float, float], ...]] = field(
        default_factory=lambda: {
            "850": ((0.0, 12.0), (0.0, -12.0)),
            "970": ((4.0, 12.0), (-4.0, -12.0)),
            "1050": ((-4.0, 12.0), (4.0, -12.0)),
        }
    )
    # The SWIR head's spot: a Gaussian cone along the axis (design).
    swir_position_mm: tuple[float, float] = (-14.0, 0.0)
    swir_fwhm_mrad: float = 130.0
    dot_count: int = 4800
    dot_seed: int = 1
    dot_fwhm_px: float = 1.6  # of a dot on a white plane at z_ref, in imager pixels

    # Imager. Electrons a microsecond at a pixel that sees value 1.0 of a light field at nominal level.
    full_well_e: float = 12000.0
    read_noise_e: float = 18.0
    gamma: float = 2.2
    black_code: int = 4
    prnu: float = 0.008
    row_time_us: float = 140.0
    frame_period_us: int = 40000  # two buffers; twice as long with one
    latency_us: tuple[int, int] = (20000, 90000)
    drop_probability: float = 0.01
    repeat_probability: float = 0.01
    exposure_us: int = 6000
    electrons_per_us: dict[str, float] = field(
        default_factory=lambda: {"850": 0.72, "970": 0.72, "1050": 0.60, "dots": 0.28, "ambient": 0.05}
    )
    # Silicon's efficiency rises with temperature, most where it is poorest: +6/+11/+17% for +20 K.
    efficiency_per_k: dict[str, float] = field(
        default_factory=lambda: {"850": 0.003, "970": 0.0055, "1050": 0.0085, "dots": 0.005}
    )
    # The monitor tab: a grey strip along the frame's edge, so that every row tells what lit it.
    monitor_columns: tuple[int, int] = (0, 6)
    # What the tab gives, as a part of full well at nominal level and exposure. So far apart that LEDs off by 20 % stay
    # apart by a quarter, and low enough that the brightest of them leaves room for sunlight and longer exposures.
    monitor_level: dict[str, float] = field(
        default_factory=lambda: {"850": 0.60, "970": 0.32, "1050": 0.15, "dots": 0.065}
    )
    monitor_ambient_per_klux: float = 0.004

    # Photodiode and ADC of the SWIR head: counts a sample at value 1.0 (white plane at z_ref).
    swir_full_scale: int = 65535
    swir_counts: float = 9000.0
    swir_offset_counts: float = 700.0
    swir_tab_counts: float = 400.0  # with an LED on and the cap before the window: the tab and the window send it back
    swir_ambient_counts_per_klux: float = 250.0
    swir_noise_counts: float = 12.0
    swir_sample_us: int = 100

    # The hardware one-shot: the longest pulse that a channel can be asked for, and the part of any window
    # that it may burn (design: the longest look at one light, and cool junctions). `eye_safety` computes
    # what the standards allow; a test holds these below it.
    longest_pulse_us: int = 200_000
    duty_limit: float = 0.5
    duty_window_us: int = 10_000_000

    # What the emitters radiate at nominal level (design figures, to be measured on the first board).
    led_intensity_w_sr: float = 0.25  # of one LED on its axis, behind its lens
    led_source_mm: float = 3.0  # apparent diameter of one LED: its lens
    swir_intensity_w_sr: float = 0.02
    dots_power_w: float = 0.12  # of the whole pattern behind the diffractive element
    dots_zero_order: float = 0.003  # part of it that stays in the undiffracted beam


DM1 = Optics()
