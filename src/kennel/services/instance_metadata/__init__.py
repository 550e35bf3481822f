"""What an instance can learn of itself, as AWS's instance metadata service tells it.

The service that runs an instance says its facts; this package makes AWS's categories of them and
keeps the sessions of IMDSv2. The gateway speaks the HTTP. Source: "Instance metadata and user
data" in the Amazon EC2 User Guide.
"""

from kennel.services.instance_metadata.categories import look_up
from kennel.services.instance_metadata.facts import InstanceDirectory, InstanceFacts
from kennel.services.instance_metadata.tokens import LONGEST_TTL, SessionTokens

__all__ = ["LONGEST_TTL", "InstanceDirectory", "InstanceFacts", "SessionTokens", "look_up"]
