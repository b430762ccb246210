"""Data sets: a simulated ward, and loaders of public ones from their authors' files."""

from skdualcnn.datasets._icu_security import load_icu_security
from skdualcnn.datasets._nsl_kdd import load_nsl_kdd
from skdualcnn.datasets._physionet2012 import load_physionet2012
from skdualcnn.datasets._ward import make_ward
from skdualcnn.datasets._wustl_ehms import load_wustl_ehms

__all__ = [
    "load_icu_security",
    "load_nsl_kdd",
    "load_physionet2012",
    "load_wustl_ehms",
    "make_ward",
]
