"""What can go wrong in the lab, each as one exception that says what to do about it."""


class LabError(Exception):
    """Base of every error a user of the lab can cause or meet; its text is shown as it is."""


class InvalidTopologyError(LabError):
    """A topology or scenario file breaks a rule; the text lists every breach."""


class MissingProgramError(LabError):
    """A real part (Envoy, Redis, libfaketime) is not installed."""


class PortsBusyError(LabError):
    """No free block of loopback ports could be reserved."""


class ProcessDiedError(LabError):
    """A process of the lab ended before it was asked to."""


class InvalidRecordingError(LabError):
    """A directory is not a whole recording."""


class StoppedError(LabError):
    """The user stopped the lab, and it has ended every process it had started."""


class InvalidManifestError(LabError):
    """A file of manifests cannot be read, or holds something else."""


class InvalidPredictionError(LabError):
    """A file of predictions breaks a rule, or does not prove what it should."""


class PriorityRefusedError(LabError):
    """Real-time priority is wanted and the system does not allow it."""
