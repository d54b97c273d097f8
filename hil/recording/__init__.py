"""What passed between host and device, with times, in a file: recorded in a run, replayed without a device."""

from hil.recording.file import Recording, RecordingDamaged, read_recording
from hil.recording.recorded import RecordedDevice
from hil.recording.replayed import ReplayDevice, ReplayDiverged

__all__ = [
    "RecordedDevice",
    "Recording",
    "RecordingDamaged",
    "ReplayDevice",
    "ReplayDiverged",
    "read_recording",
]
