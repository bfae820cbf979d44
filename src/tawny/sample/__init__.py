"""A simulated care centre: believable events of every type, streamed in time order.

Same request, same bytes, on every machine; memory does not grow with the length of the range.
"""

from tawny.sample.centre import sample_blocks
from tawny.sample.request import SampleRequest

__all__ = ["SampleRequest", "sample_blocks"]
