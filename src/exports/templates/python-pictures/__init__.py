"""A model of pictures as a dependency: ``predict(pictures)``, with the answers of the server it was exported from."""

from .about import ABOUT, RecordInvalid
from .intake import PictureRefused
from .predictor import ModelDamaged, Prediction, load, predict

__all__ = ["ABOUT", "ModelDamaged", "PictureRefused", "Prediction", "RecordInvalid", "load", "predict"]
