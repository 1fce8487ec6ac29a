"""Recognises networks that were trained elsewhere: which architecture, which tensor is which, which normalisation."""

from pruning.recognition.known_networks import SeveralFit, recognise
from pruning.recognition.matching import Match, match, refuse_negative_variances
from pruning.recognition.normalisation import Normalisation, choose_normalisation
from pruning.recognition.origin import report

__all__ = [
    "Match",
    "Normalisation",
    "SeveralFit",
    "choose_normalisation",
    "match",
    "recognise",
    "refuse_negative_variances",
    "report",
]
