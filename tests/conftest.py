"""What all tests share: how random input is drawn, and one thread for each small query."""

import os

from hypothesis import HealthCheck, settings

from effort import SOAK, examples

# The tests run side by side; a query over some dozen events gains nothing from more threads.
os.environ.setdefault("TAWNY_ENGINE_THREADS", "1")

# The same examples in every ordinary run, so that a change that fails is the change's fault; a
# soak run draws new ones each time.
settings.register_profile(
    "ordinary", derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile(
    "soak",
    max_examples=examples(100),
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("soak" if SOAK else "ordinary")
