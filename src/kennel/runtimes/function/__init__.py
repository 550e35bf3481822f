"""What runs in a function's environment: a client of AWS's Runtime API.

`python -u -P -m kennel.runtimes.function` loads the handler that `_HANDLER` names from
`LAMBDA_TASK_ROOT`, then asks `AWS_LAMBDA_RUNTIME_API` for one invocation after the other. Names,
shapes and messages are those of AWS's own client for Python, `awslambdaric`.
"""

__all__: list[str] = []
