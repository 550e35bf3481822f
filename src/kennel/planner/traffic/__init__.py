"""When requests come: a description, its rate over time, and reproducible arrivals.

`parse_traffic("poisson:20/s")` reads what people write; `Traffic` is what everything else asks.
Nothing here needs numpy but `Traffic.arrivals`, which gives large numbers of times in arrays.
"""

from kennel.planner.traffic.interface import DAY, Traffic
from kennel.planner.traffic.profile import Piece, Profile
from kennel.planner.traffic.recorded import Recorded
from kennel.planner.traffic.text import TRAFFIC_HELP, parse_traffic, traffic_from_table
from kennel.planner.traffic.trace import from_counts, read_cloudwatch

__all__ = [
    "DAY",
    "TRAFFIC_HELP",
    "Piece",
    "Profile",
    "Recorded",
    "Traffic",
    "from_counts",
    "parse_traffic",
    "read_cloudwatch",
    "traffic_from_table",
]
