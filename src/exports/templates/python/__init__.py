"""A model as a dependency: ``predict(records)``, with the answers of the server it was exported from."""

from .predictor import ABOUT, ModelDamaged, Prediction, RecordInvalid, load, predict

__all__ = ["ABOUT", "ModelDamaged", "Prediction", "RecordInvalid", "load", "predict"]
