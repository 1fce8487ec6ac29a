"""Tests of the corruptions, each against something independent: scipy, Pillow, colorsys, or arithmetic by hand."""
