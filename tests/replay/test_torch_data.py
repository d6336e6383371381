"""Draws as tensors: the same memory as the arrays, and priorities set from what was learned."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.gymnasium_recorder import Recorder
from cryptoscalp.replay.memory_protocol import Memory
from cryptoscalp.replay.replay_types import ActionKind, Batch, Sampling, Shape
from tests.replay.libraries import loaded
from tests.replay.walks import MemoryFactory, Walk


@pytest.fixture
def torch() -> Any:
    """PyTorch."""
    return loaded("torch", "torch")


@pytest.fixture
def torch_data(torch: Any) -> Any:
    """The module under test."""
    return loaded("cryptoscalp.replay.torch_data", "torch")


@pytest.fixture
def memory(torch: Any, memory_factory: MemoryFactory) -> Memory:
    """One with 30 steps."""
    made = memory_factory(Shape(2, ActionKind.DISCRETE), Sampling(alpha=1.0))
    with Recorder(Walk(goal=99), made) as env:
        env.reset()
        for at in range(30):
            env.step(at % 4)
    return made


def test_a_tensor_is_the_same_memory_as_its_array(torch_data: Any, memory: Memory) -> None:
    batch = memory.sample(8)
    found = torch_data.tensors(batch)
    assert list(found) == [one.name for one in fields(Batch)]
    for name, tensor in found.items():
        array = getattr(batch, name)
        assert np.shares_memory(tensor.numpy(), array)
        assert (tensor.numpy().dtype, tuple(tensor.shape)) == (array.dtype, array.shape)
        assert tensor.is_contiguous()


def test_a_loader_gives_as_many_batches_as_were_asked_for(
    torch: Any, torch_data: Any, memory: Memory
) -> None:
    draws = torch_data.Draws(memory, 8, count=3, beta=0.5)
    loader = torch.utils.data.DataLoader(draws, batch_size=None)
    for _ in range(2):
        found = list(loader)
        assert [tuple(one["states"].shape) for one in found] == [(8, 2)] * 3


def test_without_a_count_it_does_not_end(torch_data: Any, memory: Memory) -> None:
    batches = iter(torch_data.Draws(memory, 4))
    assert len([next(batches) for _ in range(50)]) == 50


def test_what_was_learned_changes_what_is_drawn(
    torch: Any, torch_data: Any, memory: Memory
) -> None:
    draws = torch_data.Draws(memory, 64, count=40)
    surprising = set(memory.sample(1).memory_ids.tolist())
    for one in draws:
        # TD errors as they come out of a network: a column, with a gradient.
        chosen = torch.isin(one["memory_ids"], torch.tensor(sorted(surprising)))
        errors = torch.where(chosen, 1_000.0, 0.001).reshape(-1, 1).requires_grad_()
        draws.update(errors)
    drawn = memory.sample(64).memory_ids
    assert np.isin(drawn, sorted(surprising)).mean() > 0.9


def test_a_worker_of_a_loader_is_refused(torch: Any, torch_data: Any, memory: Memory) -> None:
    draws = torch_data.Draws(memory, 8, count=1)
    loader = torch.utils.data.DataLoader(draws, batch_size=None, num_workers=1)
    with pytest.raises(InputError, match="num_workers=0"):
        list(loader)


def test_errors_belong_to_a_batch(torch_data: Any, memory: Memory) -> None:
    draws = torch_data.Draws(memory, 8)
    with pytest.raises(InputError, match="no batch was drawn yet"):
        draws.update([1.0] * 8)
    next(iter(draws))
    with pytest.raises(InputError, match="7 TD errors were given for a batch of 8"):
        draws.update([1.0] * 7)
    draws.update([1.0] * 8)


@pytest.mark.parametrize(("size", "count"), [(0, None), (8, -1)])
def test_sizes_are_checked(torch_data: Any, memory: Memory, size: int, count: int | None) -> None:
    with pytest.raises(InputError, match=r"must be . or more"):
        torch_data.Draws(memory, size, count=count)
