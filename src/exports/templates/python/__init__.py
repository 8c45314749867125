"""A model as a dependency: ``predict(records)``, with the answers of the server it was exported from."""

from .about import ABOUT, RecordInvalid
from .predictor import ModelDamaged, Prediction, load, predict

__all__ = ["ABOUT", "ModelDamaged", "Prediction", "RecordInvalid", "load", "predict"]
