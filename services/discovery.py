"""What lies at a path: cases with their images, and the results of readers and programs that belong to each.

The folder of a case:

    ct/*.dcm  or  ct.nii.gz                            the image (any DICOM files, or one NIfTI image)
    readers/<name>[@<reading>].nii.gz                  a reader's label map; a folder of that name: one mask a structure
    models/<name>[@<version>].nii.gz                   a model's label map; a folder: nnU-Net's or TotalSegmentator's
    models/<name>[@<version>].probability.nii.gz       its probability of the outer wall
    case.toml, labels.toml                             optional: what the names do not say

Also the folders of other programs as they are: nnU-Net's imagesTs with result folders beside it, MONAI Label's studies.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from db.vocabulary import LabelSource
from services.errors import InputRefused
from services.imaging import nifti
from services.imaging.folders import closed_folders, dicom_among, dicom_below, may_be_dicom
from services.imaging.foreign import mask_folder, monailabel, naming, nnunet
from services.imaging.foreign.ensemble import NnunetResult
from services.imaging.foreign.mask_folder import MaskFolder
from services.manifest import Manifest, read_manifest
from services.prepared import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.imaging.foreign.nnunet import Model
    from services.imaging.layers import Author, Result

IMAGE_STEMS = ("ct", "image", "volume", "ct_cropped")
PARTS = ("models", "readers")
MANIFEST = "case.toml"


@dataclass(frozen=True)
class IntakeOptions:
    """What the user says beside the path."""

    label_source: LabelSource | None = None
    """Who made the masks that lie beside an image without a named author; None: leave them out."""
    manifest: Path | None = None
    """A case.toml that lies elsewhere, for a folder that cannot be written to."""
    allow_burned_in: bool = False
    """Take images that say that text is burned into their pixels; somebody has looked at them."""


@dataclass(frozen=True)
class CaseFolder:
    """What lies in one place: images, and results about them."""

    dicom: tuple[Path, ...] = ()
    image: Path | None = None
    predictions: tuple[Result, ...] = ()
    manifest: Manifest = field(default_factory=Manifest)
    skipped: tuple[Skipped, ...] = ()


def discover(path: Path, options: IntakeOptions) -> list[CaseFolder]:
    """Every case at `path`: one file, one folder, or a folder of such. Raises InputRefused when there is none."""
    if path.is_file():
        return [CaseFolder(image=path) if nifti.is_nifti(path) else CaseFolder(dicom=(path,))]
    if not path.is_dir():
        raise InputRefused("The path must name a file or folder.", "nothing there.", "Check the path.")
    if monailabel.is_studies(path):
        return _studies(path)
    models, skipped = nnunet.find(path)
    found = _Found(path, options, tuple(models))
    cases = found.cases()
    if not cases and skipped:
        raise InputRefused(skipped[0].must, skipped[0].found, skipped[0].todo)
    left = found.unclaimed(cases)
    return [replace(cases[0], skipped=cases[0].skipped + tuple(skipped) + left), *cases[1:]]


@dataclass(frozen=True)
class _Found:
    """The cases below one folder, and the nnU-Net results there that are about them."""

    root: Path
    options: IntakeOptions
    models: tuple[Model, ...]

    def cases(self) -> list[CaseFolder]:
        """By nnU-Net's image names, else the folder itself, else the folders in it, else all DICOM below it."""
        channels = sorted(image for image in self.root.rglob("*_0000.nii*") if nnunet.case_of(image))
        if channels and not self._is_case_by_name(self.root):
            return [self._channel_case(image) for image in channels]
        if self._is_case(self.root):
            return [self._case_folder(self.root)]
        cases = self._cases_below()
        if not cases:
            what = "results of nnU-Net without their images." if self.models else "none."
            raise InputRefused(
                "The folder must hold DICOM images or a NIfTI image, or folders that do.", what, "Check the path."
            )
        return cases

    def _cases_below(self) -> list[CaseFolder]:
        """Every folder at any depth that is said to be a case, then all DICOM files elsewhere together."""
        cases: list[CaseFolder] = []
        loose: list[Path] = []
        closed: list[OSError] = []
        for name, folders, files in os.walk(self.root, onerror=closed.append):
            folder = Path(name)
            folders[:] = sorted(inside for inside in folders if not inside.startswith("."))
            if self._is_results(folder):
                folders.clear()
            elif self._is_said_to_be_a_case(folder):
                folders.clear()
                cases.append(self._case_or_refusal(folder))
            else:
                loose += dicom_among(folder / file for file in files)
        if loose or closed:
            cases.append(CaseFolder(dicom=tuple(loose), skipped=closed_folders(len(closed))))
        return cases

    def _case_or_refusal(self, path: Path) -> CaseFolder:
        try:
            return self._case_folder(path)
        except InputRefused as refusal:
            return CaseFolder(skipped=(Skipped.because("a case's folder", refusal),))

    def unclaimed(self, cases: Sequence[CaseFolder]) -> tuple[Skipped, ...]:
        """The predictions whose image is not here."""
        claimed = {one.members for case in cases for one in case.predictions if isinstance(one, NnunetResult)}
        left = sum(members not in claimed for model in self.models for members in model.cases.values())
        if not left:
            return ()
        return (
            Skipped(
                f"{left} nnU-Net result{'' if left == 1 else 's'}",
                "A result must lie beside its image: <case>_0000.nii.gz, or a case's folder of that name.",
                "no such image.",
                "Put the images there, or each result into the folder of its case, under models/.",
            ),
        )

    def _is_case_by_name(self, path: Path) -> bool:
        return self.options.manifest is not None or any((path / name).exists() for name in (MANIFEST, *PARTS))

    def _is_case(self, path: Path) -> bool:
        """A folder that is named is one case also where it holds nothing but DICOM files."""
        if self._is_results(path):
            return False
        return self._is_said_to_be_a_case(path) or any(map(may_be_dicom, _files_in(path)))

    def _is_said_to_be_a_case(self, path: Path) -> bool:
        """By more than DICOM files: one series may lie in many folders, and many series in one.

        That is a manifest, readers' and models' folders, a NIfTI image, or results beside DICOM files or one folder.
        """
        if self._is_case_by_name(path) or any(map(nifti.is_nifti, _files_in(path))):
            return True
        children = _folders(path)
        results = [child for child in children if self._is_results(child)]
        others = [child for child in children if child not in results]
        if not results or any(child.name in model.cases for model in self.models for child in others):
            return False
        return len(others) == 1 or any(map(may_be_dicom, _files_in(path)))

    def _is_results(self, path: Path) -> bool:
        return path in nnunet.occupied(list(self.models)) or mask_folder.is_totalsegmentator(path)

    def _manifest(self, path: Path) -> Manifest:
        there = self.options.manifest or path / MANIFEST
        manifest = read_manifest(there, path) if there.exists() else Manifest()
        return replace(manifest, naming=manifest.naming.over(naming.told(path, self.root)))

    def _channel_case(self, image: Path) -> CaseFolder:
        manifest = self._manifest(self.root)
        results = self._nnunet(nnunet.case_of(image) or "", self.root, manifest)
        return CaseFolder(image=image, predictions=tuple(results), manifest=manifest)

    def _case_folder(self, path: Path) -> CaseFolder:
        manifest = self._manifest(path)
        loose = [child for child in sorted(path.iterdir()) if child.is_file() and nifti.is_nifti(child)]
        image = manifest.image or next(
            (file for name in IMAGE_STEMS for file in loose if nifti.stem(file) == name), None
        )
        others = [file for file in loose if file != image]
        if image is None and len(others) == 1 and not nifti.label_table(others[0]):
            image, others = others[0], []
        files, unnamed = _files(path, others, manifest, self.options)
        folders = self._results(path, manifest)
        names = [path.name, *((nifti.stem(image), nnunet.case_of(image)) if image else ())]
        models = [one for name in dict.fromkeys(filter(None, names)) for one in self._nnunet(name, path, manifest)]
        models = models or list(self._single(path, manifest))
        dicom, closed = ((), ()) if image else dicom_below(path)
        return CaseFolder(dicom, image, (*files, *models, *folders), manifest, (*unnamed, *closed))

    def _results(self, path: Path, manifest: Manifest) -> Iterator[Result]:
        """Folders of masks within a case: under readers/ and models/ by their names, elsewhere TotalSegmentator's."""
        taken = nnunet.occupied(list(self.models))
        for folder in sorted(child for child in path.rglob("*") if child.is_dir() and child not in taken):
            author = manifest.author_of(folder, path)
            if author is not None and mask_folder.masks_in(folder):
                yield MaskFolder(folder, author, manifest.naming)
            elif author is None and folder.name not in PARTS and mask_folder.is_totalsegmentator(folder):
                yield MaskFolder(
                    folder, _said(mask_folder.PROGRAM, manifest), manifest.naming, "TotalSegmentator result"
                )

    def _nnunet(self, name: str, case: Path, manifest: Manifest) -> Iterator[NnunetResult]:
        for model in self.models:
            if name in model.cases:
                yield self._result(model, name, case, manifest)

    def _single(self, case: Path, manifest: Manifest) -> Iterator[NnunetResult]:
        """Results of one case only, in the folder of a case: they need not be named like it."""
        for model in self.models:
            if len(model.cases) == 1 and model.folder.is_relative_to(case):
                yield self._result(model, next(iter(model.cases)), case, manifest)

    def _result(self, model: Model, name: str, case: Path, manifest: Manifest) -> NnunetResult:
        within = model.folder.is_relative_to(case)
        author = manifest.author_of(model.folder, case) if within else None
        names = manifest.naming.over(naming.preset())
        return NnunetResult(model, model.cases[name], author or _said(model.author(), manifest), names)


def _files(
    path: Path, loose: Sequence[Path], manifest: Manifest, options: IntakeOptions
) -> tuple[tuple[Result, ...], tuple[Skipped, ...]]:
    """The masks and maps of a case that are single files, and those whose author nobody named."""
    found = list(manifest.predictions)
    told = {prediction.path for prediction in found}
    for part in PARTS:
        files = sorted((path / part).glob("*.nii*")) if (path / part).is_dir() else []
        found += [manifest.prediction_in(part, file) for file in files if file not in told]
    unnamed = [file for file in loose if file not in told]
    if options.label_source is not None:
        found += [manifest.mask_beside(file, options.label_source) for file in unnamed]
        unnamed = []
    own = [file for file in unnamed if nifti.label_table(file)]
    found += [
        replace(manifest.prediction_in("models", file), author=mask_folder.PROGRAM.name, version="") for file in own
    ]
    unnamed = [file for file in unnamed if file not in own]
    skipped = [
        Skipped(
            f"mask {number} of {len(unnamed)} beside the image",
            "Every mask must have an author.",
            "none named.",
            "Put it under readers/ or models/, name it in case.toml, or say --label-source.",
        )
        for number in range(1, len(unnamed) + 1)
    ]
    return tuple(found), tuple(skipped)


def _studies(path: Path) -> list[CaseFolder]:
    manifest = replace(Manifest(), naming=naming.told(path))
    found = monailabel.studies(path, manifest.naming)
    if not found:
        raise InputRefused(
            "A studies folder of MONAI Label must hold its images as NIfTI.", "none.", "Copy the images along."
        )
    return [CaseFolder(image=study.image, predictions=study.labels, manifest=manifest) for study in found]


def _said(author: Author, manifest: Manifest) -> Author:
    return replace(author, source=LabelSource.SYNTHETIC) if manifest.synthetic else author


def _files_in(path: Path) -> Iterator[Path]:
    return (child for child in path.iterdir() if child.is_file())


def _folders(path: Path) -> list[Path]:
    return sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))
