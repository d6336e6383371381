"""Gymnasium's spaces as the states and actions of a buffer."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.extras import needed
from cryptoscalp.replay.replay_types import ActionKind, Float32s, Shape

with needed("gymnasium", "gymnasium"):
    from gymnasium import spaces

#: Takes n observations, stacked; gives float32 (n, state_width).
States: TypeAlias = Callable[[Any], Float32s]
#: Takes n actions, stacked; gives int64 (n,) or float32 (n, action_width).
Actions: TypeAlias = Callable[[Any], npt.NDArray[Any]]
#: Whole numbers up to this are float32 as they are.
_EXACT = 2**24


def states_of(space: spaces.Space[Any], shape: Shape, *, one_hot: bool = True) -> States:
    """How observations of a space are written as states of a buffer.

    A Box is flattened, row by row. A Discrete becomes its number where a state is one number wide,
    and with `one_hot` a 1 among zeros (`gymnasium.spaces.flatten`) where it is n wide. Raises
    InputError, with both widths, where the space does not fit.
    """
    width = shape.state_width
    if isinstance(space, spaces.Box):
        found = prod(space.shape)
        if found != width:
            raise InputError(
                f"an observation of {space} has {found} numbers, a state of the buffer {width};"
                " they must be equally many"
            )
        return lambda seen: np.asarray(seen, np.float32).reshape(-1, width)
    if isinstance(space, spaces.Discrete):
        first, last = int(space.start), int(space.start + space.n - 1)
        if width == 1 and max(abs(first), abs(last)) <= _EXACT:
            return lambda seen: np.asarray(seen, np.float32).reshape(-1, 1)
        if one_hot and width == space.n:
            rows = np.eye(width, dtype=np.float32)
            return lambda seen: rows[np.asarray(seen).reshape(-1) - first]
        wide = f"1 or {space.n}" if one_hot else "1"
        raise InputError(
            f"an observation of {space} is {wide} numbers wide, a state of the buffer {width}"
        )
    raise InputError(
        f"observations of {type(space).__name__} cannot be states of a buffer; wrap the environment"
        " in gymnasium.wrappers.FlattenObservation"
    )


def actions_of(space: spaces.Space[Any], shape: Shape) -> Actions:
    """How actions of a space are written as actions of a buffer.

    A Discrete's are a buffer's of DISCRETE actions, a Box's, flattened, of CONTINUOUS ones.
    Raises InputError where the space does not fit.
    """
    if isinstance(space, spaces.Discrete) and shape.action_kind is ActionKind.DISCRETE:
        return lambda taken: np.asarray(taken, np.int64).reshape(-1)
    if isinstance(space, spaces.Box) and shape.action_kind is ActionKind.CONTINUOUS:
        found, width = prod(space.shape), shape.action_width
        if found != width:
            raise InputError(
                f"an action of {space} has {found} numbers, one of the buffer {width}; they must"
                " be equally many"
            )
        return lambda taken: np.asarray(taken, np.float32).reshape(-1, width)
    raise InputError(
        f"actions of {space} do not fit a buffer of {shape.action_kind} actions; Discrete is"
        " DISCRETE, Box is CONTINUOUS, and there is no other"
    )
