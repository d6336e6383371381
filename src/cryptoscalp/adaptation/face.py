"""`db.adaptation`: drift detectors, market regimes, adaptations and the events for trainers."""

from __future__ import annotations

from cryptoscalp.adaptation.adaptations import (
    abandon_adaptation,
    adaptations,
    finish_adaptation,
    start_adaptation,
)
from cryptoscalp.adaptation.drift import (
    check_drift,
    detectors,
    drift_events,
    drift_status,
    stop_detector,
    stop_drift,
    watch_drift,
)
from cryptoscalp.adaptation.events import (
    acknowledge,
    adaptation_events,
    announce,
    announce_performance,
    pending_events,
)
from cryptoscalp.adaptation.regime_updates import update_regimes
from cryptoscalp.adaptation.regimes import (
    regime_at,
    regime_states,
    regimes,
    unwatch_regimes,
    watch_regimes,
)
from cryptoscalp.adaptation.subscription import subscription
from cryptoscalp.infra.db.face import D_co, Face, operation


class Adaptation(Face[D_co]):
    """Drift, regimes, and what was done about them."""

    __slots__ = ()

    watch_drift = operation(watch_drift, transaction=True, retry=True)
    stop_drift = operation(stop_drift, transaction=True, retry=True)
    stop_detector = operation(stop_detector, retry=True)
    detectors = operation(detectors, retry=True)
    drift_status = operation(drift_status, retry=True)
    drift_events = operation(drift_events, retry=True)
    check_drift = operation(check_drift, retry=True)

    # Without an event that it answers, one more call would be one more adaptation.
    start_adaptation = operation(start_adaptation, retry=False)
    finish_adaptation = operation(finish_adaptation, retry=True)
    abandon_adaptation = operation(abandon_adaptation, retry=True)
    adaptations = operation(adaptations, retry=True)

    events = subscription()
    announce = operation(announce, retry=False)
    announce_performance = operation(announce_performance, retry=True)
    adaptation_events = operation(adaptation_events, retry=True)
    pending_events = operation(pending_events, retry=True)
    acknowledge = operation(acknowledge, retry=True)
    watch_regimes = operation(watch_regimes, transaction=True, retry=True)
    unwatch_regimes = operation(unwatch_regimes, transaction=True, retry=True)
    update_regimes = operation(update_regimes, retry=True)
    regime_at = operation(regime_at, retry=True)
    regimes = operation(regimes, retry=True)
    regime_states = operation(regime_states, retry=True)
