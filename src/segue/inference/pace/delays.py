"""How long things took, as a distribution in constant memory."""

_BIN_S = 0.001
_BINS = 10_000


class Delays:
    """Counts delays by the millisecond, up to ten seconds; longer ones count as the longest."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._longest: float | None = None

    def add(self, seconds: float) -> None:
        """One delay."""
        place = min(int(seconds / _BIN_S), _BINS)
        self._counts[place] = self._counts.get(place, 0) + 1
        self._longest = seconds if self._longest is None else max(self._longest, seconds)

    @property
    def max_ms(self) -> float | None:
        """The longest in milliseconds; None before the first."""
        return None if self._longest is None else round(self._longest * 1e3, 1)

    @property
    def median_ms(self) -> float | None:
        """The median in milliseconds, to one of them; None before the first."""
        half, seen = sum(self._counts.values()) / 2, 0
        for place in sorted(self._counts):
            seen += self._counts[place]
            if seen >= half:
                return float(place)
        return None
