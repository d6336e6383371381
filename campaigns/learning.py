"""Campaign: does an agent of Stable-Baselines3 learn as well from our buffer as from its own?"""

from __future__ import annotations

import math
import statistics
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from campaigns.evidence import Campaign, Result, heading, table
from campaigns.learning_runs import CAPACITY, ENVIRONMENT, EPISODES, EVERY, PARAMETERS, beside, run

OWN: Final = "SB3"
OURS: Final = ("UNIFORM", "PRIORITIZED")
#: Standard errors of the difference of two means by which ours may be below SB3's.
_ERRORS: Final = 2
#: A return that is learned, whatever SB3's own agents do: CartPole-v0 counted as solved there.
_LEARNED: Final = 195
_BESIDE: Final = "batches beside SB3's"
_FIGURES: Final = {"final": "return at the end", "area": "mean return while learning"}


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="1 to N (3)")
    parser.add_argument("--steps", type=int, default=50_000, metavar="N", help="a run (50,000)")


def _parts(options: Namespace) -> Mapping[str, Callable[[], Result]]:
    parts: dict[str, Callable[[], Result]] = {_BESIDE: beside}
    for seed in range(1, options.seeds + 1):
        for variant in (OWN, *OURS):
            parts[f"{variant}, seed {seed}"] = partial(_run, variant, seed, options.steps)
    return parts


def _run(variant: str, seed: int, steps: int) -> Result:
    return {**run(variant, seed, steps), "variant": variant, "seed": seed}


def verdicts(parts: Iterable[Result]) -> list[dict[str, Any]]:
    """Means over the seeds of each of our variants beside SB3's, and whether the rule holds.

    Nothing is judged of fewer than two seeds.
    """
    runs = [part for part in parts if "variant" in part]
    found = []
    for variant in OURS:
        for figure in _FIGURES:
            ours, own = (
                [float(one[figure]) for one in runs if one["variant"] == name]
                for name in (variant, OWN)
            )
            if min(len(ours), len(own)) < 2:
                continue
            error = math.sqrt(sum(statistics.variance(some) / len(some) for some in (ours, own)))
            means = statistics.mean(ours), statistics.mean(own)
            found.append({
                "variant": variant, "figure": figure, "ours": means[0], "own": means[1],
                "error": error, "least": means[1] - _ERRORS * error,
                "passed": means[0] >= means[1] - _ERRORS * error,
            })  # fmt: skip
    return found


def learned(parts: Iterable[Result]) -> bool:
    """Whether each agent of ours came to _LEARNED in one of its evaluations."""
    ours = [part for part in parts if part.get("variant") in OURS]
    return all(max(*part["curve"], part["final"]) >= _LEARNED for part in ours)


def _rule(parts: Mapping[str, Result]) -> bool:
    return learned(parts.values()) and all(one["passed"] for one in verdicts(parts.values()))


def _page(found: Mapping[str, Any]) -> str:
    parts = list(found["parts"].values())
    runs = [part for part in parts if "variant" in part]
    settings = ", ".join(
        f"{name} {value}" for name, value in PARAMETERS.items() if name != "policy_kwargs"
    )
    lines = [
        "# An agent of Stable-Baselines3 on our buffer, beside its own", "", *heading(found),
        *[f"- learning: {', '.join(f'{name} {value}' for name, value in one.items())}"
          for one in [part["versions"] for part in runs[:1]]], "",
        f"DQN learns {ENVIRONMENT}, with the same seeds and settings: `SB3` from its own",
        "ReplayBuffer; `UNIFORM` and `PRIORITIZED` from a DurableReplayBuffer of that mode, its",
        f"memory in a PostgreSQL of its own, durable by default. Both hold {CAPACITY:,}; ours in",
        "one tier where the oldest leave first. Under PRIORITIZED the loss is weighed and TD",
        "errors go back as priorities (`campaigns/learning_agents.py`; alpha 0.6, beta from 0.4",
        "to 1): SB3's DQN does neither by itself.", "",
        f"Settings: {settings}, {PARAMETERS['policy_kwargs']}.", "",
        f"Every {EVERY:,} steps, and at the end, an agent plays {EPISODES} episodes without",
        "chance, always from the same first states; 500 is the most there is.", "",
        "**The rule**, set before any run of all seeds: for each of our modes, the mean over the",
        "seeds of the return at the end, and that of the mean return while learning, are no more",
        f"than {_ERRORS} standard errors of the difference below SB3's; every agent of ours comes",
        f"to {_LEARNED} in one evaluation at least; memory and PostgreSQL are equal after each",
        "run; and batches beside SB3's buffer do not differ. With so few seeds the standard error",
        "is large: the rule finds a buffer that hinders learning, not one that is a little worse.",
        "",
        "UNIFORM is not SB3's run repeated, though what is drawn has the same distribution: ours",
        "draws stratified, from a generator of its own, while SB3 draws with NumPy's global one,",
        "which the exploration uses, too. From the first gradient step on they are two runs.", "",
    ]  # fmt: skip
    for part in parts:
        if "variant" not in part:
            lines += [
                "So a run over our buffer is also compared with SB3's buffer batch by batch, given",
                "the same experiences to look up: observations, actions, next observations, ends",
                f"and rewards bit for bit. Of {part['batches']:,} batches, over {part['steps']:,}",
                f"steps with a capacity of {part['capacity']:,}, {part['differ']:,} differ.", "",
            ]  # fmt: skip
    judged = [
        (one["variant"], _FIGURES[one["figure"]], one["ours"], one["own"], one["error"],
         one["least"], "yes" if one["passed"] else "NO")
        for one in verdicts(parts)
    ]  # fmt: skip
    header = ("mode", "mean over the seeds", "ours", "SB3", "standard error", "at least", "holds")
    lines += [*table(header, judged), ""]
    rows = [
        (part["seed"], part["variant"], part["final"], part["area"], max(part["curve"]),
         part["seconds"], "–" if part["variant"] == OWN else "equal" if part["passed"] else "NOT")
        for part in runs
    ]  # fmt: skip
    each = ("seed", "buffer", *_FIGURES.values(), "best evaluation", "seconds of learning",
            "memory and PostgreSQL")  # fmt: skip
    lines += table(each, rows)
    return "\n".join(lines) + "\n"


CAMPAIGN: Final = Campaign(
    name="learning",
    about="an agent of Stable-Baselines3 on our replay buffer beside its own (make torch)",
    vouches_for=(
        "src/cryptoscalp/replay/sb3.py",
        "src/cryptoscalp/replay/space_fit.py",
        "campaigns/learning*.py",
    ),
    parts=_parts,
    page=_page,
    options=_options,
    rule=_rule,
)
