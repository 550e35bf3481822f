"""Fits 8 weights to 32 rows in 20 steps; where there are several processes, each takes its part of
every batch and DistributedDataParallel averages their gradients."""

import argparse
import os

import torch
import torch.distributed as dist

parser = argparse.ArgumentParser()
parser.add_argument("--batch-size", type=int)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
args = parser.parse_args()

world = int(os.environ.get("WORLD_SIZE", "1"))
rank = int(os.environ.get("RANK", "0"))
torch.manual_seed(0)
rows, target = torch.randn(32, 8), torch.randn(32, 1)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
net = model
if world > 1:
    dist.init_process_group("gloo")
    net = torch.nn.parallel.DistributedDataParallel(model)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(20):
    size = args.batch_size * world
    batch = torch.arange(step * size, (step + 1) * size) % 32
    mine = batch[rank * args.batch_size : (rank + 1) * args.batch_size]
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(net(rows[mine]), target[mine]).backward()
    optimizer.step()
with torch.no_grad():
    loss = torch.nn.functional.mse_loss(model(rows), target).item()
print(f"rank {rank} of {world} final loss: {loss:.7f};")
if rank == 0:
    torch.save(model.state_dict(), args.model_dir + "/model.pth")
if world > 1:
    dist.barrier()  # gloo aborts a process whose peer is gone before it
    dist.destroy_process_group()
