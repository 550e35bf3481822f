"""`kennel iam audit`: what is granted that should not be.

command    options, and how the findings are shown; sarif: as SARIF
account    what an audit looks at; reading: asks the plane for it
rules      all rules, each a function from the account to findings
granting, trusting, exposing, unused   the rules by subject; probes: what policies would answer
finding    one finding, its severity, the command that mends it
"""

__all__: list[str] = []
