"""Shapes that stand before the module: a parametric head, what imitates one, and mesh files."""

from dermis_hw.geometry.mesh import Mesh

__all__ = ["Mesh"]
