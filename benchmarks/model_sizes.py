"""Write what `segue models NAME` says of each shipped model: parameters, operations, settings.

$ python benchmarks/model_sizes.py
"""

import json

from segue.app.model_sizes import FILE, SIZE_HW, measure_sizes
from segue.models.catalog import MODELS
from segue.nn.weights import ships


def main() -> None:
    """Build one model after the other."""
    sizes = {
        name: measure_sizes(
            name, weights=None, settings={} if ships(name) else entry.unweighted, size_hw=SIZE_HW
        )
        for name, entry in MODELS.items()
    }
    FILE.write_text(json.dumps(sizes, indent=1) + "\n", encoding="utf-8")
    print(f"{len(sizes)} models -> {FILE}")


if __name__ == "__main__":
    main()
