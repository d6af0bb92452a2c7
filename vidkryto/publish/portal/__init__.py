"""The portal: a small protocol, CKAN behind it, and the only requests to a portal in this library."""

from vidkryto.publish.portal.ckan import CkanPortal
from vidkryto.publish.portal.protocol import Portal
from vidkryto.publish.portal.transport import Absent, AnswerLost, NotAllowed, Patience, Refused, Unreachable

__all__ = ["Absent", "AnswerLost", "CkanPortal", "NotAllowed", "Patience", "Portal", "Refused", "Unreachable"]
