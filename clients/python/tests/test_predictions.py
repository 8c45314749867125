from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

import orrery

ENDPOINT = "leaving-soon"


def questions(rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"c{row % 400:04d}" for row in range(rows)],
            "contract": np.where(np.arange(rows) % 2 == 0, "monthly", "yearly"),
            "asked_at": pd.Timestamp.now(tz="UTC"),
        }
    )


def test_a_frame_of_any_length_is_answered_in_order_and_under_the_callers_ids() -> None:
    asked = questions(12_345)
    ids = [f"frame {row}" for row in range(len(asked))]
    answers = orrery.predict(ENDPOINT, asked, ids=ids)
    assert answers.model == ENDPOINT
    assert [one.id for one in answers] == ids
    assert all(0 <= one.value <= 1 and one.label in ("yes", "no") for one in answers)
    first = answers[0]
    assert first.probabilities is not None and first.probabilities["yes"] == pytest.approx(first.value)
    # Asked again under the same ids, and as dictionaries: the same answers, from the log.
    rows = [{**row, "asked_at": datetime.datetime.now()} for row in asked.head(3).to_dict("records")]
    again = orrery.predict(ENDPOINT, rows, ids=ids[:3])
    assert list(again) == list(answers[:3])
    frame = answers.to_pandas()
    assert list(frame.columns) == ["id", "value", "label", "version"] and len(frame) == len(asked)


def test_the_truth_is_told_as_a_dictionary_labels_or_a_frame() -> None:
    ids = [one.id for one in orrery.predict(ENDPOINT, questions(6))]
    told = orrery.feedback({ids[0]: "yes", ids[1]: "no", "nobody's": "no"})
    assert (told.joined, told.unknown, told.refused) == (2, ["nobody's"], {})
    now = datetime.datetime.now(datetime.timezone.utc)
    told = orrery.feedback([orrery.Label(ids[0], "yes"), orrery.Label(ids[1], "yes", now), orrery.Label(ids[2], "maybe")])
    assert (told.repeated, told.corrected) == (1, 1)
    assert list(told.refused) == [ids[2]]
    frame = pd.DataFrame({"id": ids[3:], "label": ["no", "yes", "no"], "time": now, "other": [1, 2, 3]})
    assert orrery.feedback(frame).joined == 3


def test_what_cannot_be_sent_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="1 ids for 2 records"):
        orrery.predict(ENDPOINT, questions(2), ids=["one"])
    with pytest.raises(TypeError, match="is no cell"):
        orrery.predict(ENDPOINT, [{"customer_id": object()}])
    with pytest.raises(ValueError, match="has no id"):
        orrery.feedback([{"label": "yes"}])
    with pytest.raises(orrery.NotFoundError):
        orrery.predict("nobody", questions(1))


def test_what_people_say_is_told_once_and_read_back() -> None:
    answers = orrery.predict(ENDPOINT, questions(2))
    other = "no" if answers[0].label == "yes" else "yes"
    said = [
        orrery.Feedback(prediction=answers[0].id, value=other, person="Ann", tags=["asked", "twice"]),
        orrery.Feedback(prediction=answers[0].id, rating="down", comment="she left last week"),
        orrery.Feedback(prediction="to come", rating=4, time=datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)),
    ]
    told = orrery.give_feedback(said)
    assert (told.kept, told.waiting, told.refused) == (3, ["to come"], {})
    assert orrery.give_feedback(said).repeated == 3
    kept = {str(one["person"]): one for one in orrery.feedback_of(answers[0].id)}
    assert kept["Ann"]["agrees"] is False and kept["Ann"]["tags"] == ["asked", "twice"]
    assert kept["None"]["rating"] == 1 and kept["None"]["comment"] == "she left last week"
    frame = pd.DataFrame({"prediction": [answers[1].id, answers[1].id], "rating": [2.0, None], "value": ["maybe", "yes"]})
    told = orrery.give_feedback(frame)
    assert told.kept == 1 and list(told.refused) == [0] and "none of the classes" in told.refused[0]
    summary = orrery.feedback_summary(ENDPOINT)
    assert summary["count"] == 3 and summary["people"] == 1 and summary["comments"] == 1
    with pytest.raises(ValueError, match="is about nothing"):
        orrery.give_feedback([orrery.Feedback(rating=1)])
