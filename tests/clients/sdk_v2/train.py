"""A script of the kind that people write for SageMaker's PyTorch containers."""

import argparse
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float)
parser.add_argument("--epochs", type=int)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("--training", default=os.environ["SM_CHANNEL_TRAINING"])
arguments = parser.parse_args()

with open(os.path.join(arguments.training, "numbers.json")) as file:
    numbers = json.load(file)
for epoch in range(arguments.epochs):
    loss = abs(arguments.learning_rate - 0.01) + sum(numbers) / (epoch + 1)
    print(f"Epoch {epoch}: Testing Loss: {loss:.4f}", flush=True)
with open(os.path.join(arguments.model_dir, "model.json"), "w") as file:
    json.dump({"factor": sum(numbers)}, file)
