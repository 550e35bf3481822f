"""The model server of an endpoint: `python -P -m kennel.runtimes.serving.zygote --control SOCKET`.

Three kinds of process:

    zygote      answers on the control socket, starts the others, writes down their ends; imports
                nothing of the user's and is never busy
    template    forked from the zygote; loads the model once, then forks instances
    instance    forked from the template; answers /ping and /invocations on its own socket

A template may be forked with the model in it ("forks_from": "model") if the user's code has
started no threads and no CUDA and has left no connection and no file open (`fork_safety`). Else
the loaded template is thrown away, and another takes its place which has only imported the same
big libraries ("forks_from": "interpreter"); its instances load the model for themselves.

The environment is that of AWS's PyTorch inference toolkit: SM_MODEL_DIR, SAGEMAKER_PROGRAM,
SAGEMAKER_SUBMIT_DIRECTORY, SAGEMAKER_CONTAINER_LOG_LEVEL, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT.
So are the handlers (`handlers`) and their defaults (`defaults`).

## Control protocol

A Unix stream socket; one JSON object a line each way. Any number of clients may come and go.
Replies carry the request's "id", if it had one, and "ok". A refusal is {"ok": false, "error": …}.

    {"op": "status"} → {"state": "loading" | "ready" | "failed" | "stopping", "error": …,
        "forks_from": "model" | "interpreter" | null, "threads": N,
        "instances": [{"name", "pid", "start_time", "socket"}, …]}

`threads` is what the template has after loading, its main one included. `start_time` is in clock
ticks since the boot, as in field 22 of /proc/PID/stat.

    {"op": "fork", "name": NAME, "folder": DIR, "environment": {…}, "cgroup_procs": [PATH, …]}
        → {"pid", "start_time", "socket"}

answered when the instance listens on DIR/socket (one that still loads its model answers /ping
with 503 until it has). DIR must exist. It gets `log`, `process.json` before the answer, and
`exit.json` at the instance's end. A socket's path may be longer than the 107 bytes that the system
takes: connect to /proc/self/fd/N/socket then, where N is a descriptor of the folder.

    {"op": "signal", "name": NAME, "signal": "TERM" | "KILL"} → {}

reaches the right process whatever has become of its pid: TERM drains, as `stop` does.

    {"op": "stop"} → {}

and then what SIGTERM to the zygote does: SIGTERM to every instance, which answers what it has been
asked and ends; SIGKILL after 30 seconds; the zygote ends with 0. Instances never outlive the
zygote.
"""

from __future__ import annotations

__all__: list[str] = []
