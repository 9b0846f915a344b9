"""The power is cut right after 200 acknowledgements and more: whatever the disk may hold then, nothing is missing."""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from power_cut import CHANCES
from test_power_cut import check, record


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--connections", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calls, heard, _ = record(folder, arguments.messages, arguments.connections)
        syncs = sum(call.name in ("fsync", "fdatasync") for call in calls)
        print(f"{len(heard)} acknowledged; {len(calls)} calls on the store's files, {syncs} of them syncs")
        images = check(calls, heard, folder, arguments.points)
        print(f"{images // len(CHANCES)} cuts, {images} images: 0 lost, 0 torn")


if __name__ == "__main__":
    main()
