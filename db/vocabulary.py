"""Closed vocabularies stored in columns. Standard library only: may be imported anywhere."""

from __future__ import annotations

from enum import StrEnum


class CaseStatus(StrEnum):
    """Where a case stands in the reading queue (IHE AIW-I work item states)."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in progress"
    COMPLETED = "completed"


class Verdict(StrEnum):
    """A reviewer's judgement of the model's segmentation."""

    ACCEPTABLE = "acceptable"
    MINOR_EDIT = "minor edit"
    MAJOR_EDIT = "major edit"
    REJECT = "reject"
    NOT_ASSESSABLE = "not assessable"


class ReviewReason(StrEnum):
    """Why a verdict was given."""

    NONE = "none given"
    LUMEN_WRONG = "lumen border wrong"
    THROMBUS_MISSED = "thrombus missed"
    WALL_WRONG = "outer wall wrong"
    NEIGHBOUR_INCLUDED = "neighbouring organ included"
    SLICES_MISSING = "slices missing"
    IMAGE_QUALITY = "image quality"
    OTHER = "other"


class FlagReason(StrEnum):
    """Why a case asks for a second look."""

    EMPTY_MASK = "empty mask"
    FRAGMENTS = "fragments"
    CUT_AT_EDGE = "cut at the image edge"
    GAP = "slices without mask"
    DISAGREEMENT = "disagreement"
    DECISION = "decision in doubt"
    GROWTH = "rapid growth"
    UNCERTAIN = "uncertain"
    CENTRELINE = "centreline"
    SPACING = "spacing"
    INTENSITY = "intensity"
    CONTRAST = "contrast"
    AUDIT = "drawn at random"
    """Says nothing about the case."""


class LayerKind(StrEnum):
    """What the voxels of a stored layer mean."""

    LABELS = "labels"
    PROBABILITY = "probability"
    SOFT_LABEL = "soft label"
    ALEATORIC = "aleatoric"
    EPISTEMIC = "epistemic"
    TOTAL = "total"
    ATTRIBUTION = "attribution"
    INFLUENCE = "influence"
    """How far each part of a wall moves the largest diameter, in mm."""
    ERROR = "error"
    CONSENSUS = "consensus"
    """A label map made of those of several readers: nobody drew it."""
    DISAGREEMENT = "disagreement"
    """Which share of the readers says otherwise than a model about the outer wall."""


class LabelSource(StrEnum):
    """Who or what the voxels come from. SYNTHETIC is said on every screen."""

    EXPERT = "expert"
    CONSENSUS = "consensus"
    SOFTWARE = "software"
    SYNTHETIC = "synthetic"


class AuthorKind(StrEnum):
    """A layer was made by a model or by a reader."""

    MODEL = "model"
    READER = "reader"


class Agreement(StrEnum):
    """Names of stored figures that say how far a model's outer wall overlaps with what others drew: Dice, 0 to 1."""

    WITH_ONE = "dice_outer_wall"
    """With one other author."""
    WITH_READERS = "dice_outer_wall_readers"
    """The median over all drawings of readers."""


class ReadersFigure(StrEnum):
    """Names of stored figures about the outer walls that the readers of one case drew, among each other and a model."""

    DICE = "readers_dice"
    """Of two authors, 0 to 1."""
    DISTANCE = "readers_mean_distance"
    """Of two authors' surfaces, mm."""
    HD95 = "readers_hd95"
    SENSITIVITY = "reader_sensitivity"
    SPECIFICITY = "reader_specificity"
    BIAS = "reader_bias"
    """Of one author against the readers' consensus, a reader's without his own drawing; mm, positive outwards."""
    KAPPA = "fleiss_kappa"
    ALPHA = "krippendorff_alpha"
    DISPUTED = "readers_disputed"
    """mL that some readers drew and others did not."""
    GED = "generalised_energy_distance"
    TO_READERS = "distance_to_readers"
    AMONG_READERS = "distance_among_readers"
    EXCESS = "distance_excess"
    CONSENSUS_DICE = "consensus_dice"
    """Of one consensus method's outer wall with an author's, or another method's."""
    CONSENSUS_VOLUME = "consensus_volume"


class Sex(StrEnum):
    """Patient's sex as in DICOM (0010,0040)."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "O"


class Role(StrEnum):
    """What a signed-in person may do."""

    VIEWER = "viewer"
    READER = "reader"
    RESEARCHER = "researcher"
    ADMIN = "admin"


class JobState(StrEnum):
    """State of a background job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Taken(StrEnum):
    """What an intake made of one series, file or mask."""

    ACCEPTED = "accepted"
    MENDED = "mended"
    REFUSED = "refused"


class Outcome(StrEnum):
    """What storing did with one case."""

    NEW = "new"
    EXTENDED = "extended"
    UNCHANGED = "unchanged"


class AuditAction(StrEnum):
    """What the audit trail records."""

    INGESTED = "ingested"
    ANALYSED = "analysed"
    MEASURED = "measured"
    READERS_COMPARED = "readers compared"
    UPLOADED = "uploaded"
    CANCELLED = "cancelled"
    FORGOTTEN = "forgotten"
    COLLECTED = "collected"
    BACKED_UP = "backed up"
    REIDENTIFIED = "reidentified"
    REVIEWED = "reviewed"
    CORRECTED = "corrected"
    SIMULATED = "simulated"
    """Dates and verdicts of a generated case, for the demonstration."""
    SIGNED_IN = "signed in"
    OPENED = "opened"
    VIEW_SAVED = "view saved"
    MODEL_ADDED = "model added"
    MODEL_REMOVED = "model removed"


class ReidentificationReason(StrEnum):
    """Why somebody asks who a pseudonym stands for. No free text: it might name the patient."""

    CLINICAL_FINDING = "clinical finding"
    RETURN_OF_RESULTS = "return of results"
    REQUEST_OF_THE_PATIENT = "request of the patient"
    WITHDRAWAL_OF_CONSENT = "withdrawal of consent"
    CORRECTION_OF_DATA = "correction of data"
