"""Write protocol/examples/recorded-1.1.json anew, as an export writes it; for when the models have got a field more.

Run by hand: ``python -m tests.support.golden``. What is in it stays; look at the difference before it is committed.
"""

import asyncio
import tempfile
from pathlib import Path

from fixtrail.delivery.json_export import export_json

from tests.support.traces import EXAMPLES, example, write_trace


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        trace = await write_trace(Path(folder), example())
        await export_json(trace, EXAMPLES / "recorded-1.1.json")


if __name__ == "__main__":
    asyncio.run(main())
