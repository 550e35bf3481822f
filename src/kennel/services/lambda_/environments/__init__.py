"""Function environments: a process with a handler in it, one invocation at a time.

fleet       every environment of the plane: routes by function, the machine's bound, idle ends
pool        the environments of one version's deployment, under a cap of its own
environment one environment on the event loop: init, invocations, time-outs, resets
sandbox     its process and files, for threads: start, freeze, end, the log
runtime_api the Runtime API as AWS documents it, on a port of the environment's own
"""

from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.environment import Answer, Request
from kennel.services.lambda_.environments.fleet import ACCOUNT_CONCURRENCY, Fleet, NotPublished
from kennel.services.lambda_.environments.pool import CapReached

__all__ = [
    "ACCOUNT_CONCURRENCY",
    "Answer",
    "CapReached",
    "Deployment",
    "Fleet",
    "NotPublished",
    "Request",
]
