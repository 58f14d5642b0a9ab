"""Materials: measured and modelled reflectances, layers of them, and what a band makes of them.

`python -m dermis_hw.materials` prints them all; `docs/materials.md` says where they come from.
"""

from dermis_hw.materials.bands import band_value, figures, water_index
from dermis_hw.materials.instruments import silicone
from dermis_hw.materials.material import Material, MaterialError, Specular
from dermis_hw.materials.names import development, held_out, names, resolve
from dermis_hw.materials.skin import draw_skin

__all__ = [
    "Material",
    "MaterialError",
    "Specular",
    "band_value",
    "development",
    "draw_skin",
    "figures",
    "held_out",
    "names",
    "resolve",
    "silicone",
    "water_index",
]
