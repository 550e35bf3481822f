"""The image-classification recipe: an ordinary SageMaker training script and inference script.

It imports nothing of the plane. The package runs in two shapes: here as `kennel.vision`, and inside
a job's or an endpoint's source archive as the folder `vision/` beside two small files, train.py and
inference.py (see `archive`). Its modules therefore import each other relatively.

    training      train.py: arguments, the steps, what it prints
    inference     inference.py: model_fn, input_fn, predict_fn, output_fn
    archive       the source archive of both, for whoever starts a job

    pictures      bytes of a photo -> pixels     views          the fixed crops of augmentation
    backbones     pretrained networks            preparation    their ONNX files, fp32 and int8
    features      photos -> features, kept by    cache          bounded files on disk
    head          the layer that is trained      model          the folder that is served
    links         fetching a photo by its link   addresses      which hosts may be asked

`drawing` makes pictures of dogs, labelled, where there is no data set.
"""

from __future__ import annotations

__all__: list[str] = []
