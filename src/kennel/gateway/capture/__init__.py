"""The plane as an HTTPS proxy that answers for AWS.

One port does everything: a request of an AWS client, a proxy's `CONNECT` for a host of AWS's
(whose TLS ends here, by a certificate authority of the plane's own, and whose requests go to the
gateway), and a proxy's request for any other host, which is passed on untouched.
"""

from kennel.gateway.capture.authority import CertificateAuthority
from kennel.gateway.capture.front_door import Capture, FrontDoor

__all__ = ["Capture", "CertificateAuthority", "FrontDoor"]
