"""Recognises networks that were trained elsewhere: which architecture, which tensor is which, which normalisation."""

from pruning.recognition.matching import Match, match, report
from pruning.recognition.normalisation import Normalisation, choose_normalisation
from pruning.recognition.search import SeveralFit, candidates, recognise

__all__ = ["Match", "Normalisation", "SeveralFit", "candidates", "choose_normalisation", "match", "recognise", "report"]
