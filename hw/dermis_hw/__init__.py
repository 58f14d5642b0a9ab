"""What the hardware is: optics, materials, eye safety, boards; and the twin, the same hardware simulated."""
