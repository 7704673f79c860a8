"""The errors that Second Look raises on purpose. Each says what must hold, what was found, what to do.

SecondLookError
├── InputRefused        the user's file or folder cannot be taken as it is
├── GeometryMismatch    a mask or map does not lie on its image's grid
├── NotFound            no such case, layer, blob or view
├── StoreUnsound        the store is damaged or of another version
├── AssistantLost       the process that answers clicks ended, or took too long
├── AccessDenied        not signed in, expired or wrong token
├── JobCancelled        somebody asked the running job to end
└── JobGivenBack        the worker must stop; the job waits for the next one
"""

from __future__ import annotations


class SecondLookError(Exception):
    """Base of all errors raised on purpose: what must hold, what was found, what to do next."""

    def __init__(self, must: str, found: str, todo: str) -> None:
        """Join the three parts to one message without patient identifiers."""
        super().__init__(f"{must} Found: {found} {todo}")
        self.must = must
        self.found = found
        self.todo = todo


class InputRefused(SecondLookError):
    """The user's file or folder cannot be taken as it is."""


class GeometryMismatch(InputRefused):
    """A mask or map does not lie on its image's grid."""


class NotFound(SecondLookError):
    """No such case, layer, blob or view."""


class StoreUnsound(SecondLookError):
    """The store is damaged or of another version."""


class AssistantLost(SecondLookError):
    """The process that answers clicks ended, or took too long."""


class AccessDenied(SecondLookError):
    """Not signed in, expired or wrong token."""


class JobCancelled(SecondLookError):
    """Somebody asked the running job to end, or it was given to another process."""


class JobGivenBack(SecondLookError):
    """The worker must stop; the job waits for the next one."""
