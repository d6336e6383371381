"""Batches of a replay memory as PyTorch tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.extras import needed
from cryptoscalp.replay.memory_protocol import Memory
from cryptoscalp.replay.replay_types import Batch

with needed("torch", "torch"):
    import torch
    from torch.utils.data import IterableDataset, get_worker_info


def tensors(batch: Batch) -> dict[str, torch.Tensor]:
    """Each array of a batch, by its name, as a tensor of the CPU with the same dtype and shape.

    Nothing is copied: tensor and array are the same memory, and a change of one is one of both.
    """
    return {one.name: torch.from_numpy(getattr(batch, one.name)) for one in fields(batch)}


class Draws(IterableDataset[dict[str, torch.Tensor]]):
    """Batches of `size` experiences, as `tensors` gives them: `count` of them, or without end.

    Give it to a DataLoader with batch_size=None, as batches are made here, and num_workers=0: a
    memory belongs to one process, so that iterating in a worker raises InputError. Priorities are
    set with `update`, right after the batch was taken.
    """

    def __init__(
        self, memory: Memory, size: int, *, count: int | None = None, beta: float | None = None
    ) -> None:
        if size < 1:
            raise InputError(f"size {size} must be 1 or more experiences a batch")
        if count is not None and count < 0:
            raise InputError(f"count {count} must be 0 or more batches")
        super().__init__()
        self.memory, self.size, self.count, self.beta = memory, size, count, beta
        #: The batch that was yielded last.
        self.last_batch: Batch | None = None

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        if get_worker_info() is not None:
            raise InputError(
                "a replay memory cannot be drawn from in a worker of a DataLoader; give the loader"
                " num_workers=0"
            )
        drawn = 0
        while self.count is None or drawn < self.count:
            self.last_batch = self.memory.sample(self.size, self.beta)
            yield tensors(self.last_batch)
            drawn += 1

    def update(self, td_errors: Any) -> None:
        """Set the TD errors of the batch yielded last: n numbers, a tensor of any device or array.

        Raises InputError where none was yielded, or for another number of them.
        """
        update_last(self.memory, self.last_batch, td_errors)


def update_last(memory: Memory, batch: Batch | None, td_errors: Any) -> None:
    """Set the TD errors of a batch; (n,) or (n, 1), on any device, with a gradient or without."""
    if batch is None:
        raise InputError("no batch was drawn yet that TD errors could belong to")
    found = torch.as_tensor(td_errors).detach().cpu().numpy().astype(np.float64).reshape(-1)
    if len(found) != len(batch):
        raise InputError(f"{len(found)} TD errors were given for a batch of {len(batch)}")
    memory.update(batch, found)
