"""Where `analysis.statistics.replication` was."""

from analysis.statistics.replication import Estimate as Estimate
from analysis.statistics.replication import Gap as Gap
from analysis.statistics.replication import bands as bands
from analysis.statistics.replication import compare as compare
from analysis.statistics.replication import share as share
