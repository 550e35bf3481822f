"""A script of the kind that people write for SageMaker's containers: `numbers.json` in, a factor
out. With `--seconds` it takes its time."""

import argparse
import json
import os
import time

parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--seconds", type=float, default=0)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("--training", default=os.environ["SM_CHANNEL_TRAINING"])
arguments = parser.parse_args()

print("Host", os.environ["SM_CURRENT_HOST"], "of", os.environ["SM_HOSTS"])
print("Files", sorted(os.listdir(arguments.training)))
time.sleep(arguments.seconds)
numbers = []
for name in sorted(os.listdir(arguments.training)):
    with open(os.path.join(arguments.training, name)) as file:
        numbers += json.load(file)
for epoch in range(arguments.epochs):
    loss = abs(arguments.learning_rate - 0.01) + sum(numbers) / (epoch + 1)
    print(f"Epoch {epoch}: Testing Loss: {loss:.4f}", flush=True)
with open(os.path.join(arguments.model_dir, "model.json"), "w") as file:
    json.dump({"factor": sum(numbers)}, file)
