"""A third provider, as small as one can be: what a new one takes is this folder, and a bench in `benches.py`.

`adapter` is the provider, `server` the sandbox it is tested against.
"""

from toy.adapter import ToyProvider
from toy.server import running_toy

__all__ = ["ToyProvider", "running_toy"]
