"""`kennel load`: sends requests to an endpoint or a function at a rate, and measures.

command    options, the run, its exit code
order      what is asked for, checked
target     which endpoint or function; service (whose clients: the plane's or AWS's)
requests   the bytes of a signed request, as botocore sends it
connection one keep-alive connection; pool: all of them
arrivals   when requests are to go; pacer: a thread that keeps those times
driver     open loop and closed loop
outcome    what a reply means; record: counts, histogram, timeline, samples.csv
capacity   how many instances or environments there are, polled
screen     the live line; report, picture, table: what is told in the end
"""

__all__: list[str] = []
