"""Templates compiled once, kept beside the byte code of modules, and not anew at each start."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket


class CompiledTemplates(jinja2.FileSystemBytecodeCache):
    """As Python does with modules: kept where those of `module` are, made anew when a source has
    changed, and done without where nothing can be written or `PYTHONDONTWRITEBYTECODE` says so.

    What a template compiles to also depends on its environment: `module` is the file that makes
    it, and what a filter makes of a constant is in the language of the environment."""

    def __init__(self, module: str, language: str) -> None:
        made_by = hashlib.sha256(jinja2.__version__.encode() + Path(module).read_bytes())
        folder = Path(importlib.util.cache_from_source(module)).parent
        super().__init__(str(folder), f"templates-{language}-{made_by.hexdigest()[:16]}-%s.cache")

    def load_bytecode(self, bucket: Bucket) -> None:
        """What is kept, unless it is damaged."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # what damaged bytes raise when they are read is not told
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled, where that can be done."""
        if not sys.dont_write_bytecode:
            with contextlib.suppress(OSError):
                super().dump_bytecode(bucket)
