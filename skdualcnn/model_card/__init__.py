"""What a fitted decider is, how good it is and for whom, on one page."""

from skdualcnn.model_card._card import make_model_card, write_model_card

__all__ = ["make_model_card", "write_model_card"]
