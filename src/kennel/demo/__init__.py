"""The main job from beginning to end, by boto3 alone: `kennel demo`.

It is a client and nothing more: whatever it does, anybody's boto3 code can do (docs/by-hand.md).

    dataset     a folder of labelled photos          upload       its way into a bucket
    roles       who the job, the function may be     requests     what is asked of SageMaker
    tuning      trials, as they go                   training     the best one, trained for good
    endpoint    the model behind an endpoint         function     a function that asks it
    lambda_function   that function's own code       timing       where a call's time went
    outputs     what the training job wrote          plots        PNG files
    screen      what a person sees meanwhile         report       what is left at the end
    flow        the steps in their order
"""

from __future__ import annotations

__all__: list[str] = []
