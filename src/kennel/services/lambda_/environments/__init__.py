"""Function environments: a process with a handler in it, one invocation at a time.

fleet       every environment of the plane: routes by function, the machine's bound, idle ends
pool        the environments of one version's deployment that are made on demand
provisioning, provisioned_pool  those that are made beforehand
ledger      who has reserved what and what runs; admits invocations
seat        an invocation's environment, and whose capacity it is
environment one environment on the event loop: init, invocations, time-outs, resets
sandbox     its process and files, for threads: start, freeze, end, the log
runtime_api the Runtime API as AWS documents it, on a port of the environment's own
"""

from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.environment import Answer, Request
from kennel.services.lambda_.environments.fleet import Fleet, NotPublished
from kennel.services.lambda_.environments.pool import CapReached
from kennel.services.lambda_.environments.provisioned_pool import Allocation
from kennel.services.lambda_.environments.seat import Seat

__all__ = [
    "Allocation",
    "Answer",
    "CapReached",
    "Deployment",
    "Fleet",
    "NotPublished",
    "Request",
    "Seat",
]
