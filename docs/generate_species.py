"""Prints docs/species.md from the tables of species and conditions.

python docs/generate_species.py > docs/species.md
"""

from __future__ import annotations

from dermis_hw import species
from dermis_hw.species import BARS, Species

HEAD = """# PAI species and bona fide conditions
Printed from `species.toml` and `conditions.toml` in `hw/dermis_hw` by `docs/generate_species.py`; a test compares them.
Each has a scene file (`dermis twin --scene NAME`) and a draw with wide parameters
(`dermis_models.presentations.draw(NAME, seed)`; conditions as `bona_fide_NAME`). **All of them are simulated.** What
the module answers to them is measured by `dermis evaluate`.

- **Attack potential**: low, a layman in an hour; moderate, skill or a workshop and days; high, an expert, made for one
  target or after this module's weakness. Our judgement in the words of ISO/IEC 30107-3; no laboratory has rated them.
- **Cost**: order of magnitude of one instrument, in euro, for who knows how. Where no source stands it is an estimate.
- **Aim**: impostor, to be taken for somebody; concealer, not to be recognised. Most could do either; the reports keep
  the two apart by what stands here.
- **Bar**: the most APCER at BPCER 1 % that the release is held to. A species of the first row that training
  never saw may have {unseen:.0%}.
"""
LIMITS = """
## What is in the draws
Thickness, scatterer, pigment and paint of every modelled body, the paper or cloth beneath a print, the size and place
of what is worn, head (adults and children), pose, distance, light (none, LED, incandescent, sun up to 4 klux), a wall
behind or none, temperature of the module, R700 of the skin from .20 to .70. The figures are in
`models/dermis_models/halves.py`; those of the test half in `models/dermis_evaluation/half.py`. No measured spectrum is
in both halves.

The part of the face that a patch covers is computed from its geometry: the area that it shows to the front as a part
of what the head shows from the chin to the hairline and in front of the ears
(`dermis_hw.geometry.patches.covered_part`). Whoever draws `partial_nose_over` gets {quarter:.0%} or more.

## What simulation leaves out
- Nobody's measured mask: no spectrum of silicone, latex, resin, make-up or paint was found. Scatterers and pigments are
  ours, varied widely (docs/materials.md).
- Edges that thin out to nothing, wrinkles, seams, painted veins, hair punched into silicone, a mask that moves with the
  face beneath. Thickness is the same everywhere.
- A film on a screen: nothing of it reaches the near infrared, so `screen_video` is a screen that moves.
- Clear lenses of spectacles and their reflections; veils and medical masks, which hide too much for a verdict.
- An answering lamp lights as the 850 nm LEDs do, from where they are; it answers at once.
- Motion and a lamp's flicker between the SWIR head's readings: it sees the scene as it stood with the dots.
- Sweat in drops, smeared make-up, a beard's strands, make-up on lips and lids.
- Instruments with something over them: but for the elderly man's hat and printed spectacles, none comes with
  what bona fide presentations wear (spectacles, headscarf, hat, beard, foundation, sunscreen, water), and none stands
  before a module below 8 degrees. A model may take what it only ever saw on people for a sign of them; no figure here
  says whether it does.
- A hand laid flat on a mask may pass, whatever the mask's thickness: the SWIR spot sees the hand (README).
"""


def _known(each: Species) -> str:
    parts = []
    if each.measured:
        parts.append(f"measured: {', '.join(each.measured)}")
    if each.modelled:
        parts.append(f"modelled: {', '.join(each.modelled)}")
    return "; ".join(parts)


def page() -> str:
    """The whole page."""
    out = [HEAD.format(unseen=species.FIRST_ROW_UNSEEN)]
    out += ["| species | title | potential | cost, EUR | aim | bar | scene |", "|---|---|---|---|---|---|---|"]
    table = species.all_species().values()
    for each in table:
        cells = [f"`{each.name}`", each.title, each.potential, f"{each.cost_eur:,}", each.aim, BARS[each.bar].text]
        out.append("| " + " | ".join([*cells, f"`{each.scene}`"]) + " |")
    out += ["", "## Where the ideas and costs come from", "| species | idea | cost | materials |", "|---|---|---|---|"]
    out += [f"| `{each.name}` | {each.idea} | {each.cost_source} | {_known(each)} |" for each in table]
    out += ["", "## Bona fide conditions", "| condition | title | scene | modelled |", "|---|---|---|---|"]
    for each in species.conditions().values():
        out.append(f"| `{each.name}` | {each.title} | `{each.scene}` | {', '.join(each.modelled)} |")
    return "\n".join(out) + "\n" + LIMITS.format(quarter=species.QUARTER)


if __name__ == "__main__":
    print(page(), end="")
