"""The fluent face: one declaration gives the blocking and the awaitable call, both typed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar, overload

from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.db.flow import Flow, Operation

P = ParamSpec("P")
T = TypeVar("T")
D_co = TypeVar("D_co", bound=SyncDriver | AsyncDriver, covariant=True)


class Face(Generic[D_co]):
    """The operations of one subject, bound to a driver."""

    __slots__ = ("driver",)

    def __init__(self, driver: D_co) -> None:
        self.driver: D_co = driver


class _Bound(partial[Any]):
    """An operation of a face, ready to be called; signature and docstring are the flow's."""

    @property
    def __signature__(self) -> inspect.Signature:
        told = inspect.signature(self.args[0].flow)
        result = str(told.return_annotation).removeprefix("Flow[").removesuffix("]")
        return told.replace(return_annotation=result)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        doc: str | None = self.args[0].flow.__doc__
        return doc


class operation(Generic[P, T]):  # noqa: N801 - reads as a decorator-like declaration
    """A flow as an attribute of a face.

    On `Face[SyncDriver]` it is `Callable[P, T]`, on `Face[AsyncDriver]` a function of the same
    parameters whose awaited result is T.
    """

    def __init__(
        self, flow: Callable[P, Flow[T]], *, transaction: bool = False, retry: bool = False
    ) -> None:
        self.plan = Operation(flow, transaction, retry)
        self.__doc__ = flow.__doc__
        self.__wrapped__ = flow

    @overload
    def __get__(self, face: Face[SyncDriver], owner: object) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, face: Face[AsyncDriver], owner: object
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, face: None, owner: object) -> operation[P, T]: ...
    def __get__(self, face: Face[Any] | None, owner: object) -> Any:
        if face is None:
            return self
        return _Bound(face.driver.run, self.plan)
