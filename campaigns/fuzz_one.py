"""`python -m campaigns.fuzz_one FORMAT FOLDER SECONDS`: coverage-guided fuzzing of one parser.

The folder gets `corpus`, `crashes` and `work`. Its process ends with libFuzzer's exit code.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# Only what is imported in here reports its coverage.
with atheris.instrument_imports(include=["cryptoscalp"], enable_loader_override=False):
    from campaigns.fuzz_check import check
    from campaigns.fuzz_samples import of
    from cryptoscalp.capture.formats import registry

#: No input this large finds what a small one does not; an input that takes longer is a hang.
_LARGEST_BYTES = 8_192
_HANG_S = 20
_MEMORY_MB = 4_096


def main() -> None:
    """Fuzz until the time is over or something breaks; does not return."""
    format, folder, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    assert registry.named(format) is not None
    samples = of(format)
    corpus, crashes, work = (folder / name for name in ("corpus", "crashes", "work"))
    for one in (corpus, crashes, work):
        one.mkdir(parents=True, exist_ok=True)
    for place, sample in enumerate(samples):
        (corpus / f"sample-{place}").write_bytes(bytes([place]) + sample.content)
        (corpus / f"stored-{place}").write_bytes(
            bytes([place + len(samples)]) + sample.pack(sample.content)
        )

    def one_input(data: bytes) -> None:
        # The first byte says which sample it is, and whether the rest is packed already.
        place = data[0] % (2 * len(samples)) if data else 0
        sample, content = samples[place % len(samples)], data[1:]
        stored = content if place >= len(samples) else sample.pack(content)
        check(sample.write(work, stored), sample.format, sample.options)

    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-artifact_prefix={crashes}/",
            f"-max_total_time={seconds}",
            f"-max_len={_LARGEST_BYTES}",
            f"-timeout={_HANG_S}",
            f"-rss_limit_mb={_MEMORY_MB}",
            "-print_final_stats=1",
            "-verbosity=1",
        ],
        one_input,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
