"""Reading what hospitals and programs send: DICOM, NIfTI, masks and maps; and taking the identifiers off."""
