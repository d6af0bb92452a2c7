"""Observe: what an operator looks at: metrics for Prometheus, and the doctor that says what to mend."""
