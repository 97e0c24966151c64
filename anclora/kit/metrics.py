"""The one Prometheus registry of the process; features declare their instruments in their own `metrics.py`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()


def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
    """A counter named `anclora_<name>`."""
    return Counter(f"anclora_{name}", text, labels, registry=REGISTRY)


def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
    """A gauge named `anclora_<name>`."""
    return Gauge(f"anclora_{name}", text, labels, registry=REGISTRY)


def histogram(name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()) -> Histogram:
    """A histogram named `anclora_<name>`; buckets in the unit the name ends with."""
    return Histogram(f"anclora_{name}", text, labels, buckets=buckets, registry=REGISTRY)


def exposition() -> bytes:
    """Everything, in the Prometheus text format."""
    return generate_latest(REGISTRY)
