"""Importance weights: what makes updates unbiased although draws are not uniform."""

from __future__ import annotations

import numpy as np

from cryptoscalp.replay.replay_types import Floats, Sampling


def beta_of(sampling: Sampling, batches: int) -> float:
    """The exponent for the next batch after `batches` of them have been drawn.

    It grows linearly (Schaul et al. 2016, section 3.4) from `beta` to `beta_final`.
    """
    if sampling.beta_draws is None:
        return sampling.beta
    passed = min(1.0, batches / sampling.beta_draws)
    return sampling.beta + (sampling.beta_final - sampling.beta) * passed


def weights(probabilities: Floats, least: float, beta: float) -> Floats:
    """(least / P) ** beta, `least` being the smallest P of the whole buffer: 0 < w <= 1.

    It equals (N P) ** -beta over the greatest such value of the buffer, N being the number of
    experiences (Schaul et al. 2016, section 3.4), without the N, which would only round.
    """
    # The smallest may come out a rounding error greater than the P of the leaf it was made of.
    found: Floats = np.minimum(least / probabilities, 1.0) ** beta
    return found
