"""The loop: a request a line in, an answer a line out, until the input ends."""

from __future__ import annotations

import json
import sys
import traceback

from kennel.runtimes.tuner.proposal import propose


def main() -> None:
    """Ends with its input: a plane that is killed takes this process with it."""
    for line in sys.stdin:
        try:
            answer: dict[str, object] = {"parameters": propose(json.loads(line))}
        except Exception as error:  # the process's boundary: the next request may be answered
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
