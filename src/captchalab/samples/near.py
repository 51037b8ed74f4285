"""Near duplicates: the same picture recompressed, brightened or moved by a pixel, among many that look alike.

All pictures of a scheme resemble each other, so a fixed perceptual hash finds far too many. Here the
hash adapts to the set: thumbnails are whitened by the set's own principal components, which leaves what
tells its pictures apart, and the signs of random rotations of that (locality-sensitive hashing: Charikar,
"Similarity estimation techniques from rounding algorithms", 2002) give the keys of several tables.
Candidates that share a key are confirmed pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

COMPONENTS = 24
"""Principal components by which candidates are compared; the hash uses the first ``HASHED`` of them."""
HASHED = 16
TABLES = 16
FITTED = 4000
"""Thumbnails from which the components are learned, spread over the set."""
SIMILAR = 0.75
"""Cosine in the whitened space from which a candidate is looked at pixel by pixel."""
BUCKET = 32
"""Neighbours within a table's bucket that a picture is compared with: keeps the work linear."""
LOCAL_DIFFERENCE = 0.5
"""Largest mean difference on a patch of 5 x 5 pixels, in standard deviations of the picture. Chosen on the
train parts of 33 real schemes: no two pictures of different texts came below 0.8, and most copies (JPEG
quality 75, brightness +20, a pixel's shift) stay below 0.5. Missed: JPEG 50 of faint text, clipped
highlights."""
PATCH = 5


def find_near(
    thumbs: Sequence[NDArray[np.uint8]],
    sizes: Sequence[tuple[int, int]],
    grey: Callable[[int], NDArray[np.uint8]],
) -> list[tuple[int, int]]:
    """Pairs ``(i, j)``, ``i < j``, of near duplicates of the same size; time grows about linearly.

    ``thumbs`` are flat uint8 thumbnails, ``sizes`` the pictures' (height, width), and ``grey(i)`` gives
    picture ``i`` as uint8 (height, width); it is called for candidates only.
    """
    count = len(thumbs)
    if count < 2:
        return []
    features = _whiten(np.stack(thumbs))
    pairs = _candidates(features, sizes)
    # The best first, and no more than about one a picture: sets without any contrast have countless.
    return sorted(pair for pair in pairs[: count + 2000] if same_look(grey(pair[0]), grey(pair[1])))


def _whiten(thumbs: NDArray[np.uint8]) -> Floats:
    """(N, pixels) -> (N, COMPONENTS): brightness and contrast taken out, every component of equal weight."""
    rows = thumbs.astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= rows.std(axis=1, keepdims=True) + 1
    sample = rows[:: max(1, len(rows) // FITTED)]
    mean = sample.mean(axis=0)
    weights, vectors = np.linalg.eigh(np.cov(sample - mean, rowvar=False))
    kept = np.argsort(weights)[::-1][:COMPONENTS]
    # A set of a handful of pictures has fewer components than that; the floor keeps noise from counting.
    scale = np.sqrt(np.maximum(weights[kept], max(1e-4 * weights.max(), 1e-9)))
    features = (rows - mean) @ (vectors[:, kept] / scale)
    features /= np.linalg.norm(features, axis=1, keepdims=True) + 1e-9
    return np.asarray(features, np.float32)


def _candidates(features: Floats, sizes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs of one size that share a key in some table, the most similar first."""
    count = len(features)
    # About one picture in eight shares its key with another by chance, whatever the number of pictures.
    bits = int(np.clip(np.ceil(np.log2(count)) + 3, 4, 40))
    shapes = np.unique(np.asarray(sizes), axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    rng = np.random.default_rng(0)
    found: dict[tuple[int, int], float] = {}
    for _ in range(TABLES):
        planes = rng.normal(size=(HASHED, bits)).astype(np.float32)
        keys = ((features[:, :HASHED] @ planes) > 0) @ (1 << np.arange(bits, dtype=np.int64))
        order = np.lexsort((keys, shapes))
        for step in range(1, min(BUCKET, count - 1) + 1):
            left, right = order[:-step], order[step:]
            same = (keys[left] == keys[right]) & (shapes[left] == shapes[right])
            if not same.any():
                break
            left, right = left[same], right[same]
            likeness = np.einsum("nc,nc->n", features[left], features[right])
            for i, j, value in zip(left, right, likeness, strict=True):
                if value >= SIMILAR:
                    found[min(int(i), int(j)), max(int(i), int(j))] = float(value)
    return sorted(found, key=lambda pair: -found[pair])


def same_look(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    """Whether two grey pictures are one, up to brightness, contrast, compression and a shift of one pixel.

    What counts is the worst patch, not the whole: pictures of two texts can differ in one glyph only.
    """
    if first.shape != second.shape or min(first.shape) < 2 * PATCH:
        return False
    a, b = first.astype(np.float32), second.astype(np.float32)
    shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    rows = slice(None, None, 3)
    rough = [float(np.abs(_residual(*_overlap(a, b, *shift), rows)[0]).mean()) for shift in shifts]
    residual, deviation = _residual(*_overlap(a, b, *shifts[int(np.argmin(rough))]), slice(None))
    return bool(_patch_means(np.abs(residual)).max() <= LOCAL_DIFFERENCE * deviation)


def _overlap(a: Floats, b: Floats, down: int, right: int) -> tuple[Floats, Floats]:
    height, width = a.shape
    ours = a[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
    theirs = b[max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)]
    return ours, theirs


def _residual(a: Floats, b: Floats, rows: slice) -> tuple[Floats, float]:
    """What of ``a`` is left when ``b``, scaled to fit, is taken away; and the deviation of ``a``."""
    a, b = a[rows] - a[rows].mean(), b[rows] - b[rows].mean()
    gain = float((a * b).sum() / max(float((b * b).sum()), 1e-6))
    return a - np.float32(gain) * b, max(float(a.std()), 4.0)


def _patch_means(picture: Floats) -> Floats:
    sums = np.pad(picture.astype(np.float64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    patches = sums[PATCH:, PATCH:] - sums[:-PATCH, PATCH:] - sums[PATCH:, :-PATCH] + sums[:-PATCH, :-PATCH]
    return np.asarray(patches / PATCH**2, np.float32)
