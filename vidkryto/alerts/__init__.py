"""Alerts: a person is told once of each cause, in his own language, with the place to look and the next step."""

from vidkryto.alerts.cause import KINDS, Cause
from vidkryto.alerts.causes import causes
from vidkryto.alerts.configuration import Configuration, load_configuration
from vidkryto.alerts.send import Delivery, send_alerts

__all__ = ["KINDS", "Cause", "Configuration", "Delivery", "causes", "load_configuration", "send_alerts"]
