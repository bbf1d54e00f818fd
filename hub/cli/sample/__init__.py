"""Made-up observations of water: places, measures, datasets, and rows without end.

Nothing here was measured. The waters and the organizations do not exist, and the polygons of
regions are rough, drawn by a few corners each. The tables stand in ``data``.
"""
