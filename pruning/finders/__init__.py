"""Finders: the procedures round a criterion, a file each with a `Finder` in it.

`pruning.procedure.FINDERS` finds them by name: a recipe knows what a finder says of itself, a finder knows recipes.
"""
