"""Confidence against truth: how far a reader's confidence can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BINS = 10
THRESHOLDS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999)


@dataclass
class Bin:
    """Readings of about one confidence, or of at least one: how many, how many right, confidence summed."""

    total: int = 0
    right: int = 0
    confidence: float = 0.0

    def add(self, confidence: float, right: bool) -> None:
        self.total += 1
        self.right += right
        self.confidence += confidence

    @property
    def accuracy(self) -> float:
        return self.right / self.total if self.total else 0.0

    @property
    def mean_confidence(self) -> float:
        return self.confidence / self.total if self.total else 0.0


@dataclass
class Calibration:
    """Ten bins of equal width, and what is left when readings below a confidence are refused.

    Only pictures that could be read count here: an unreadable one has no confidence.
    """

    bins: list[Bin] = field(default_factory=lambda: [Bin() for _ in range(BINS)])
    kept: list[Bin] = field(default_factory=lambda: [Bin() for _ in THRESHOLDS])

    def add(self, confidence: float, right: bool) -> None:
        """Count one reading; a confidence outside 0 to 1 (a foreign reader's) counts as the nearer end."""
        confidence = min(1.0, max(0.0, confidence))
        self.bins[min(BINS - 1, int(confidence * BINS))].add(confidence, right)
        for threshold, kept in zip(THRESHOLDS, self.kept, strict=True):
            if confidence >= threshold:
                kept.add(confidence, right)

    @property
    def total(self) -> int:
        return sum(each.total for each in self.bins)

    @property
    def expected_calibration_error(self) -> float:
        """Mean distance of confidence and accuracy over the bins, weighted by their readings.

        Guo et al., "On calibration of modern neural networks", 2017, section 2.
        """
        gaps = sum(abs(each.confidence - each.right) for each in self.bins)
        return gaps / self.total if self.total else 0.0

    def to_json(self) -> dict[str, Any]:
        """The bins from unsure to sure, and per threshold the share answered and its accuracy."""
        return {
            "expected_calibration_error": self.expected_calibration_error,
            "bins": [
                {
                    "low": number / BINS,
                    "high": (number + 1) / BINS,
                    "count": each.total,
                    "confidence": each.mean_confidence,
                    "accuracy": each.accuracy,
                }
                for number, each in enumerate(self.bins)
            ],
            "rejection": [
                {
                    "min_confidence": threshold,
                    "count": kept.total,
                    "answered": kept.total / self.total if self.total else 0.0,
                    "accuracy": kept.accuracy,
                }
                for threshold, kept in zip(THRESHOLDS, self.kept, strict=True)
            ],
        }
