"""`db.risk`: risk: exposure, value at risk, stress tests, limits and the kill switch."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.risk.stress.library import scenarios
from cryptoscalp.risk.stress.reversing import reverse_stress
from cryptoscalp.risk.stress.running import run_stress
from cryptoscalp.risk.stress.storing import stress_results


class Risk(Face[D_co]):
    """Risk: exposure, value at risk, stress tests, limits and the kill switch."""

    __slots__ = ()

    scenarios = operation(scenarios, retry=True)
    # Once more would be one more row of each scenario.
    run_stress = operation(run_stress, retry=False)
    stress_results = operation(stress_results, retry=True)
    reverse_stress = operation(reverse_stress, retry=True)
