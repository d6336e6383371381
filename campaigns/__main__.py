"""`python -m campaigns NAME`: run a campaign and keep its evidence in docs/evidence."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from campaigns import corpus, drift, fuzz, learning, rates, replay, retention, year
from campaigns.evidence import Campaign
from campaigns.running import run

CAMPAIGNS: Final[dict[str, Campaign]] = {
    one.name: one
    for one in (
        corpus.CAMPAIGN,
        rates.CAMPAIGN,
        fuzz.CAMPAIGN,
        retention.CAMPAIGN,
        year.CAMPAIGN,
        drift.CAMPAIGN,
        replay.CAMPAIGN,
        learning.CAMPAIGN,
    )
}


def main(arguments: list[str] | None = None) -> int:
    """Run the campaign that is named; return 0 when it passed."""
    parser = argparse.ArgumentParser(prog="python -m campaigns", description=__doc__)
    subjects = parser.add_subparsers(dest="name", metavar="NAME", required=True)
    for campaign in CAMPAIGNS.values():
        subject = subjects.add_parser(campaign.name, help=campaign.about)
        subject.add_argument(
            "--only", action="append", default=[], metavar="PART", help="run this part, keep none"
        )
        subject.add_argument("--fresh", action="store_true", help="do not go on with a run")
        campaign.options(subject)
    options = parser.parse_args(arguments)
    return run(CAMPAIGNS[options.name], options)


if __name__ == "__main__":
    sys.exit(main())
