"""Data parallel on PyTorch: ``KERAS_BACKEND=torch python docs/distribution/torch_parallel.py --processes 2``.

Each process trains on its part of every batch. On GPUs take "nccl" for "gloo" and ``torch.cuda.set_device(rank)``.
"""

import argparse
import os
import tempfile

import problem
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


def work(rank: int, processes: int, meeting: str) -> None:
    """Train in one of the processes; the first one reports."""
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=processes)
    network = problem.model()
    trained = DistributedDataParallel(network)
    optimizer = torch.optim.SGD(trained.parameters(), problem.RATE)
    x, y = (torch.tensor(each) for each in problem.data())
    losses = []
    for _ in range(problem.EPOCHS):
        means = []
        for start in range(0, len(x), problem.BATCH):
            part = slice(start + rank, start + problem.BATCH, processes)
            optimizer.zero_grad()
            loss = torch.nn.functional.nll_loss(torch.log(trained(x[part])), y[part])
            loss.backward()
            optimizer.step()
            dist.all_reduce(mean := loss.detach() / processes)
            means.append(float(mean))
        losses.append(sum(means) / len(means))
    if rank == 0:
        problem.report(losses, problem.learned(network), devices=processes)
    dist.destroy_process_group()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(work, (chosen.processes, os.path.join(folder, "meeting")), chosen.processes)
