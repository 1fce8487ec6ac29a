"""Results without weights: what a network that stays elsewhere makes of a study's test images, as a ticket.

from analysis import record
record("studies/mine", "TP-L1 30 %", network, loader, metrics={"latency in ms": 3.2})
"""

from analysis.recording.recorder import Recorded, record

__all__ = ["Recorded", "record"]
